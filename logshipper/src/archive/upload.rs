//! Uploading: each closed and compressed segment goes to the archive once, of the program's own pod and of dead ones. While
//! the store is away segments wait, and the pauses between tries grow.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, BufReader};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use handoff::{Form, Segment};

use crate::archive::Archive;
use crate::archive::error::ArchiveError;
use crate::archive::state::ArchiveState;
use crate::dir::Dir;
use crate::error_log::ErrorLog;
use crate::gzip::index::Index;
use crate::gzip::read::digest;
use crate::log_files::LogFiles;
use crate::metrics::{Metrics, gauge};
use crate::plan;
use crate::pod::{OpenError, Pod};
use crate::shutdown::Shutdown;
use crate::survey::Survey;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Interval at which an upload checks for the shutdown.
const CHECK: Duration = Duration::from_millis(50);

/// Uploads what waits.
#[derive(Debug)]
pub struct Uploader {
    archive: Archive,
    archive_state: Arc<ArchiveState>,
    metrics: Arc<Metrics>,
    errors: ErrorLog,
    pause: Duration,
}

/// Backlog of some directories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Closed segments that aren't archived.
    pub segments: usize,
    /// Time at which the oldest of them was closed.
    pub oldest: Option<DateTime<Utc>>,
}

impl Waiting {
    fn of(survey: &Survey) -> Self {
        Self { segments: survey.unarchived.len(), oldest: survey.unarchived.iter().map(|segment| segment.time).min() }
    }

    fn add(&mut self, other: Self) {
        self.segments += other.segments;
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
    }
}

impl Uploader {
    /// An uploader for the configured archive; `None` without one.
    pub fn new(archive_state: &Arc<ArchiveState>, metrics: &Arc<Metrics>) -> Option<Self> {
        let archive = archive_state.archive()?.clone();
        let errors = ErrorLog::new(Arc::clone(metrics));
        Some(Self { archive, archive_state: Arc::clone(archive_state), metrics: Arc::clone(metrics), errors, pause: FIRST_PAUSE })
    }

    /// Uploads what waits in the directory of the own pod, then in those of dead ones. Returns what is left, and for how
    /// long the store is to be left alone.
    pub fn pass(&mut self, root: &Dir, own: (&OsStr, &Dir), shutdown: &Shutdown) -> (Waiting, Option<Duration>) {
        let (mut left, mut done) = self.directory(own.0, own.1, shutdown);
        for pod in self.archive_state.take_queue() {
            // One that is taken has come back, or another logshipper reaps it: who needs it submits it again.
            match Pod::open(root, &pod) {
                Ok(opened) if done.is_ok() => {
                    let (waiting, uploaded) = self.directory(&pod, &opened.dir, shutdown);
                    left.add(waiting);
                    done = uploaded;
                }
                Ok(opened) => left.add(Waiting::of(&self.survey(&pod, &opened.dir))),
                Err(OpenError::Taken | OpenError::Io(_)) => {}
            }
        }
        self.metrics.archive_pending.set(gauge(left.segments));
        let lag = left.oldest.map_or(0, |oldest| (Utc::now() - oldest).num_seconds().max(0));
        self.metrics.archive_lag.set(lag);
        if matches!(done, Err(ArchiveError::Stopped)) {
            return (left, None);
        }
        if let Err(failure) = &done {
            self.metrics.archive_failed(failure.kind());
        }
        let pause = if self.errors.record_by("archive", self.archive.url(), &done, |failure| failure.kind().to_owned()) {
            self.pause = FIRST_PAUSE;
            None
        } else {
            // Between half of it and all: many shippers that lost the same store don't come back at once.
            let pause = self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            Some(pause)
        };
        (left, pause)
    }

    /// Surveys a directory. One that can't be read has nothing to upload: the compactor reports it.
    fn survey(&self, pod: &OsStr, dir: &Dir) -> Survey {
        Survey::of(pod, dir, &self.archive_state, &LogFiles::ANY).unwrap_or_default()
    }

    /// Asks the archive for the highest sequence numbers of a pod whose directory has no record of them.
    pub fn fetch_numbers(&self, pod: &OsStr) {
        let numbers = self.archive.last_numbers(pod).unwrap_or_else(|error| {
            tracing::warn!(%error, "archive can't be listed; sequence numbers go on from the files here");
            BTreeMap::new()
        });
        self.archive_state.set_numbers(numbers);
    }

    /// Uploads what waits in one directory. What is wrong with a file is reported and left; what is wrong with the store
    /// ends the work.
    fn directory(&mut self, pod: &OsStr, dir: &Dir, shutdown: &Shutdown) -> (Waiting, Result<(), ArchiveError>) {
        let mut survey = self.survey(pod, dir);
        let mut done = Ok(());
        for segment in plan::uploads(&survey) {
            let uploaded = self.upload(pod, dir, &segment, shutdown);
            match uploaded {
                // Removed since.
                Err(ArchiveError::File(ref error)) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(()) | Err(ArchiveError::File(_)) => {
                    if let Err(failure) = &uploaded {
                        self.metrics.archive_failed(failure.kind());
                    } else {
                        survey.unarchived.remove(&segment);
                    }
                    self.errors.record("archive", &segment.to_string(), &uploaded);
                }
                Err(_) => {
                    done = uploaded;
                    break;
                }
            }
        }
        (Waiting::of(&survey), done)
    }

    fn upload(&self, pod: &OsStr, dir: &Dir, segment: &Segment, shutdown: &Shutdown) -> Result<(), ArchiveError> {
        let started = Instant::now();
        let name = segment.name(Form::Gz);
        let (file, meta) = dir.open_file(OsStr::new(&name))?;
        let (crc, span) = match Index::read(&file)? {
            Some(index) => (index.crc, index.span()),
            None => (digest(BufReader::new(&file))?.0, None),
        };
        let first = span.and_then(|span| DateTime::from_timestamp_micros(span.first)).unwrap_or(segment.time);
        let key = self.archive.key(pod, segment, first, crc);
        let put = async {
            tokio::select! {
                put = self.archive.put(&key, &file, meta.bytes) => put,
                () = expiry(shutdown) => Err(ArchiveError::Stopped),
            }
        };
        let uploaded = self.archive.block_on(put)?;
        self.archive_state.mark(pod, segment, &file, &self.archive.address(&key));
        if uploaded {
            self.metrics.archived.inc();
            self.metrics.archived_bytes.inc_by(meta.bytes);
        }
        let milliseconds = runtime::milliseconds(started.elapsed());
        tracing::info!(segment = %name, key = %key, bytes = meta.bytes, uploaded, milliseconds, "segment archived");
        Ok(())
    }
}

async fn expiry(shutdown: &Shutdown) {
    while !shutdown.is_expired() {
        tokio::time::sleep(CHECK).await;
    }
}
