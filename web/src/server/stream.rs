//! A connection's bytes on their way to hyper, and the time that they may take.
//!
//! hyper has one clock for all that comes before the end of a head, and takes its buffers as soon as a connection is there.
//! Here the wait for a request (`IDLE_TIMEOUT`) and for the rest of its head (`HEADER_TIMEOUT`, from its first byte) are two,
//! and the first head stays here until it is whole: until then a connection takes 1.5 KiB, and not 17.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::Settings;

/// As many fields as hyper reads in a head; more are for it to refuse.
const FIELDS: usize = 100;

/// A connection whose peer has only so much time for each head.
pub(super) struct Stream {
    tcp: TcpStream,
    /// Read already, and not given to hyper yet.
    ahead: BytesMut,
    clock: Clock,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, limits: &Settings) -> Self {
        Self { tcp, ahead: BytesMut::new(), clock: Clock::new(limits) }
    }

    /// What a connection is at, as who answers its requests knows it.
    pub(super) fn phase(&self) -> Phase {
        self.clock.phase.clone()
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
        let read = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        if read.is_pending() {
            return self.clock.poll_end(cx);
        }
        self.clock.read();
        read
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
        self.clock.write(cx);
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.clock.write(cx);
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

/// What a connection is at. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    const WAITS: u8 = 0;
    const ANSWERS: u8 = 1;
    const LATE: u8 = 2;

    /// A request has come: the connection's clock stands still until it is answered.
    pub(super) fn answers(&self) {
        self.0.store(Self::ANSWERS, Ordering::Relaxed);
    }

    /// The request is answered.
    pub(super) fn waits(&self) {
        self.0.store(Self::WAITS, Ordering::Relaxed);
    }

    /// Whether the connection ended because a head took too long.
    pub(super) fn is_late(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::LATE
    }
}

/// The time until the next request, and until its head is whole.
struct Clock {
    phase: Phase,
    in_head: bool,
    /// The head's first byte, or the last write before it.
    since: Instant,
    idle_timeout: Duration,
    header_timeout: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    fn new(limits: &Settings) -> Self {
        Self {
            phase: Phase::default(),
            in_head: false,
            since: Instant::now(),
            idle_timeout: limits.idle_timeout,
            header_timeout: limits.header_timeout,
            alarm: None,
        }
    }

    fn read(&mut self) {
        if !self.in_head && !self.answers() {
            (self.in_head, self.since) = (true, Instant::now());
        }
    }

    /// What is written is an answer: the head before it was whole. hyper may not read after it before something comes, so
    /// the alarm is set here.
    fn write(&mut self, cx: &mut Context<'_>) {
        (self.in_head, self.since) = (false, Instant::now());
        let _ = self.poll_end(cx);
    }

    fn answers(&self) -> bool {
        self.phase.0.load(Ordering::Relaxed) == Phase::ANSWERS
    }

    /// Ready when the time is up.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.answers() {
            return Poll::Pending;
        }
        let deadline = self.since + if self.in_head { self.header_timeout } else { self.idle_timeout };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            // An alarm that is too early is put off only when it goes off: most connections are used again before that.
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= deadline {
                break;
            }
            alarm.as_mut().reset(deadline);
        }
        if !self.in_head {
            return Poll::Ready(Ok(()));
        }
        self.phase.0.store(Phase::LATE, Ordering::Relaxed);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head took too long")))
    }
}
