//! Work on closed segments: compression, retention and leftovers of earlier runs, one file at a time.

use std::ffi::OsStr;
use std::io;
use std::time::Instant;

use handoff::{Form, Segment};

use crate::compress::{Tick, compress};
use crate::handover::{Handover, Handovers};
use crate::plan::{self, Policy, Work};
use crate::pod::{Ages, Now, Pod, list};
use crate::trouble::Troubles;

/// Does the work that waits in a pod's directory.
#[derive(Debug, Default)]
pub struct Worker {
    handovers: Handovers,
    troubles: Troubles,
}

/// How a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Held,
}

/// What a pass left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rest {
    /// Segments that a writer still holds.
    pub held: usize,
    /// Pieces of work that failed.
    pub failed: usize,
}

impl Worker {
    /// Does all the work that waits, and says what it had to leave. What fails is reported and left for the next pass.
    ///
    /// # Errors
    /// The directory can't be read, or `tick` ended the work.
    pub fn pass(&mut self, pod: &Pod, policy: &Policy, tick: Tick<'_>) -> io::Result<Rest> {
        let listing = list(&pod.dir, &mut Ages::default(), Now::read())?;
        let mut rest = Rest::default();
        for work in plan::work(&listing, policy) {
            tick()?;
            let done = self.work(pod, policy, &work, tick);
            // Ended by the tick: nothing went wrong.
            tick()?;
            self.troubles.settle(work.operation(), &work.subject(), &done);
            match done {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Held) => rest.held += 1,
                Err(_) => rest.failed += 1,
            }
        }
        Ok(rest)
    }

    fn work(&mut self, pod: &Pod, policy: &Policy, work: &Work, tick: Tick<'_>) -> io::Result<Outcome> {
        match work {
            Work::Sweep(name) | Work::RemoveAside(name) => {
                pod.dir.remove(OsStr::new(name))?;
                tracing::info!(file = %name, "leftover removed");
                Ok(Outcome::Done)
            }
            Work::Remove(segment) => self.remove(pod, segment),
            Work::Compress(segment) => self.compress(pod, policy, segment, tick),
        }
    }

    fn compress(&mut self, pod: &Pod, policy: &Policy, segment: &Segment, tick: Tick<'_>) -> io::Result<Outcome> {
        let started = Instant::now();
        let name = segment.name(Form::Plain);
        let (file, meta) = match self.handovers.ask(&pod.dir, OsStr::new(&name), started)? {
            Handover::Granted(file, meta) => (file, meta),
            Handover::Held(_) => return Ok(Outcome::Held),
        };
        let done = compress(&pod.dir, segment, &file, &meta, policy.compress_level, tick)?;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(segment = %name, bytes = done.plain, compressed_bytes = done.gz, milliseconds, "segment compressed");
        Ok(Outcome::Done)
    }

    /// Removes both forms, the plain one only once nobody writes to it: lines that are still coming in are not old.
    fn remove(&mut self, pod: &Pod, segment: &Segment) -> io::Result<Outcome> {
        let (plain, gz) = (segment.name(Form::Plain), segment.name(Form::Gz));
        if pod.dir.meta(OsStr::new(&plain))?.is_some() {
            let Handover::Granted(_locked, _) = self.handovers.ask(&pod.dir, OsStr::new(&plain), Instant::now())? else {
                return Ok(Outcome::Held);
            };
            pod.dir.remove(OsStr::new(&plain))?;
        }
        pod.dir.remove(OsStr::new(&gz))?;
        tracing::info!(segment = %plain, "segment removed: more than are kept");
        Ok(Outcome::Done)
    }
}

impl Work {
    fn operation(&self) -> &'static str {
        match self {
            Self::Sweep(_) | Self::RemoveAside(_) | Self::Remove(_) => "remove",
            Self::Compress(_) => "compress",
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Sweep(name) | Self::RemoveAside(name) => name.clone(),
            Self::Remove(segment) | Self::Compress(segment) => segment.to_string(),
        }
    }
}
