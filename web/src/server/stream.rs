//! A connection's bytes on their way to hyper.
//!
//! hyper takes its buffers as soon as a connection is there. Here the first head stays until it is whole: until then a
//! connection takes 1.5 KiB, and not 17.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::clock::{Clock, Phase};
use super::trickle::Trickle;
use crate::app::limits::Settings;

/// As many fields as hyper reads in a head; more are for it to refuse.
const FIELDS: usize = 100;

/// A connection whose peer has only so much time for each head.
pub(super) struct Stream {
    tcp: TcpStream,
    /// Read already, and not given to hyper yet.
    ahead: BytesMut,
    clock: Clock,
    trickle: Trickle,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, limits: &Settings) -> Self {
        Self { tcp, ahead: BytesMut::new(), clock: Clock::new(limits), trickle: Trickle::new(limits) }
    }

    /// What a connection is at, as who answers its requests knows it.
    pub(super) fn phase(&self) -> Phase {
        self.clock.phase()
    }

    /// Whether nothing came yet.
    pub(super) fn is_unused(&self) -> bool {
        self.ahead.is_empty()
    }

    /// Waits for the first head, or for bytes that are none, which hyper refuses as it should; at most for `most` bytes.
    /// Gives whether there is something for hyper: the peer may go, or stay silent for too long.
    pub(super) async fn first_head(&mut self, most: usize) -> io::Result<bool> {
        while self.ahead.len() < most && is_partial(&self.ahead) {
            if poll_fn(|cx| self.poll_ahead(cx)).await? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [0; 2048];
        let mut read = ReadBuf::new(&mut bytes);
        ready!(self.poll_tcp(cx, &mut read))?;
        self.ahead.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }

    /// Reads; where the time is up, the end of a connection that is idle, and an error within a head.
    fn poll_tcp(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if Pin::new(&mut self.tcp).poll_read(cx, buffer)?.is_pending() {
            self.trickle.wait(&self.tcp, cx)?;
            return self.clock.poll_end(cx);
        }
        self.trickle.read(&self.tcp, buffer.filled().len() - before)?;
        self.clock.read();
        Poll::Ready(Ok(()))
    }

    /// What is written from here on is an answer.
    fn begins_answer(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.clock.write(cx);
        self.trickle.ends(&self.tcp)
    }
}

fn is_partial(bytes: &[u8]) -> bool {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    httparse::Request::new(&mut fields).parse(bytes).is_ok_and(|status| status.is_partial())
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return self.poll_tcp(cx, buffer);
        }
        let length = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.begins_answer(cx)?;
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.begins_answer(cx)?;
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
