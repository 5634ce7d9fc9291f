//! Peers that send a few bytes at a time, as those do that only want to hold connections.
//!
//! To be woken for each byte costs more than the byte. Such a peer is heard once it has sent enough, or paused for long.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use process::descriptor::set_receive_low_water;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Fewer bytes than this in one read are few.
const ENOUGH: u16 = 64;
/// As many reads of few bytes in a row, within a request, make a trickle: what a peer writes at once may come in two parts.
const READS: u8 = 3;
/// How long bytes of a trickle may lie unread: the answer to its last ones is late by as much.
const PAUSE: Duration = Duration::from_secs(5);

/// How a connection's bytes come.
#[derive(Default)]
pub(super) struct Trickle {
    reads: u8,
    /// While it lasts, the kernel doesn't tell of few bytes; of the peer's end it does.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Trickle {
    /// So many bytes were read.
    pub(super) fn read(&mut self, tcp: &TcpStream, bytes: usize) -> io::Result<()> {
        if bytes >= usize::from(ENOUGH) {
            return self.ends(tcp);
        }
        self.reads = READS.min(self.reads + 1);
        if self.reads == READS && self.pause.is_none() {
            self.pause = Some(Box::pin(sleep(PAUSE)));
            set_receive_low_water(tcp, ENOUGH)?;
        }
        Ok(())
    }

    /// Nothing more can be read; `tcp` wakes the task when that changes.
    pub(super) fn wait(&mut self, tcp: &TcpStream, cx: &mut Context<'_>) -> io::Result<()> {
        let over = self.pause.as_mut().is_some_and(|pause| pause.as_mut().poll(cx).is_ready());
        if over { self.listens(tcp) } else { Ok(()) }
    }

    /// Enough was read, or the request is answered.
    pub(super) fn ends(&mut self, tcp: &TcpStream) -> io::Result<()> {
        self.reads = 0;
        self.listens(tcp)
    }

    /// From here on the kernel tells of every byte, at once of those that lie there.
    fn listens(&mut self, tcp: &TcpStream) -> io::Result<()> {
        match self.pause.take() {
            Some(_) => set_receive_low_water(tcp, 1),
            None => Ok(()),
        }
    }
}
