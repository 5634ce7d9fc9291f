//! Peers that send a few bytes at a time, as those do that only want to hold connections.
//!
//! To be woken for each byte costs more than the byte. Such a peer is heard once it has sent enough, or every few seconds.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use runtime::descriptor::set_receive_low_water;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::app::limits::Settings;

/// Fewer bytes than this in one read are few.
const ENOUGH: u16 = 64;
/// Nothing but reads of few bytes for so long, and at least [`READS`] of them, is a trickle: what a peer writes at once may come
/// in parts.
const PERIOD: Duration = Duration::from_secs(1);
const READS: u32 = 3;
/// How long bytes of a trickle may lie unread at most: the answer to its last ones is late by as much.
const PAUSE: Duration = Duration::from_secs(5);

/// How a connection's bytes come.
pub(super) struct Trickle {
    /// Reads of few bytes since.
    few: u32,
    since: Instant,
    /// Shorter than what a request may take, which may end within one.
    pause: Duration,
    /// While it lasts, the kernel doesn't tell of few bytes; of the peer's end it does.
    rest: Option<Pin<Box<Sleep>>>,
}

impl Trickle {
    pub(super) fn new(limits: &Settings) -> Self {
        let pause = PAUSE.min(limits.header_timeout.min(limits.body_timeout) / 4);
        Self { few: 0, since: Instant::now(), pause, rest: None }
    }

    /// So many bytes were read.
    pub(super) fn read(&mut self, tcp: &TcpStream, bytes: usize) -> io::Result<()> {
        if bytes >= usize::from(ENOUGH) {
            return self.ends(tcp);
        }
        if self.few == 0 {
            self.since = Instant::now();
        }
        self.few = self.few.saturating_add(1);
        if self.few >= READS && self.rest.is_none() && self.since.elapsed() >= PERIOD {
            self.rest = Some(Box::pin(sleep(self.pause)));
            set_receive_low_water(tcp, ENOUGH)?;
        }
        Ok(())
    }

    /// Nothing more can be read; `tcp` wakes the task when that changes.
    pub(super) fn wait(&mut self, tcp: &TcpStream, cx: &mut Context<'_>) -> io::Result<()> {
        let over = self.rest.as_mut().is_some_and(|rest| rest.as_mut().poll(cx).is_ready());
        if over { self.listens(tcp) } else { Ok(()) }
    }

    /// Enough was read, or the request is answered.
    pub(super) fn ends(&mut self, tcp: &TcpStream) -> io::Result<()> {
        self.few = 0;
        self.listens(tcp)
    }

    /// From here on the kernel tells of every byte, at once of those that lie there.
    fn listens(&mut self, tcp: &TcpStream) -> io::Result<()> {
        match self.rest.take() {
            Some(_) => set_receive_low_water(tcp, 1),
            None => Ok(()),
        }
    }
}
