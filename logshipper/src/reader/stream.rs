//! One stream, from its oldest segment to the end of its live file, while writers write and a logshipper renames, compresses
//! and removes.
//!
//! A [`Reader`] holds at most one file open. It knows the segments from one listing of the directory and lists it again only
//! when it has read them all. A segment that is removed before it was read, and a live file that is truncated, are errors: what
//! can't be printed is reported.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use flate2::read::MultiGzDecoder;
use handoff::{FileName, Form, Segment, Stream};

use crate::archive::Object;
use crate::dir::{Dir, Meta};
use crate::gzip::index::Index;
use crate::gzip::read::ReadAt;
use crate::in_place;
use crate::line;
use crate::reader::filter::Filter;
use crate::reader::members::{BUFFER, FETCH, Gz};
use crate::reader::piece::{Piece, Plain, Source, named};
use crate::survey::RolledFile;

/// Bytes of a line that are held in memory; the rest of a longer one is streamed or counted.
pub const LINE: usize = 64 << 10;
/// The difference between clocks that a segment's name is trusted with.
const CLOCK: TimeDelta = TimeDelta::days(1);
/// Time in which a renamed file may still get lines: a writer checks the name at least once per second.
const LETTING_GO: Duration = Duration::from_millis(1500);

/// The position in a stream.
#[allow(clippy::struct_excessive_bools)]
pub struct Reader<'a> {
    root: &'a Dir,
    pod: OsString,
    stream: Stream,
    filter: &'a Filter,
    follow: bool,
    letting_go: Duration,
    /// Segments to read.
    queue: VecDeque<Queued>,
    /// All segments that have been seen.
    known: BTreeSet<Segment>,
    /// The number of the segment read or passed over last.
    last: Option<u64>,
    piece: Option<Piece>,
    /// The beginning of a line whose end hasn't been written yet.
    partial: Vec<u8>,
    /// The line returned last is longer than [`LINE`], and its rest hasn't been read.
    in_line: bool,
    /// The last event of a time range may go on in the next segment.
    in_event: bool,
    /// The latest time that was passed over since the last line.
    skipped: Option<i64>,
    /// An error to return before the next line.
    gap: Option<io::Error>,
    /// The live file was read to its end, or can't be read.
    ended: bool,
    /// Files that were read, and that their program has closed: their segments are still to come.
    read: Vec<Plain>,
    /// Plain bytes at the beginning of the next segment that were read from the live file before it was rotated in place.
    resume: Option<u64>,
}

enum Queued {
    Here(Segment),
    Archived(Segment, Object),
}

/// The next thing in a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line without its end, or the first [`LINE`] bytes of one: then `is_cut`, and [`Reader::rest`] has the others.
    Line {
        /// The bytes.
        bytes: Vec<u8>,
        /// There are more.
        is_cut: bool,
    },
    /// Nothing yet; there may be more later.
    Nothing,
    /// The stream's end.
    End,
}

impl<'a> Reader<'a> {
    /// A reader of the stream's segments `here` and `archived`, and its live file, that passes over segments up to number
    /// `done` and, where an index tells, over members outside the filter's time range. `follow` waits for more at the end.
    pub fn new(
        (root, pod): (&'a Dir, &str),
        stream: Stream,
        (here, archived): (&BTreeSet<Segment>, BTreeMap<Segment, Object>),
        filter: &'a Filter,
        done: u64,
        follow: bool,
    ) -> Self {
        let known: BTreeSet<_> = here.iter().chain(archived.keys()).cloned().collect();
        let here = here.iter().map(|segment| (segment.clone(), Queued::Here(segment.clone())));
        let archived =
            in_time(archived, filter).into_iter().map(|(segment, object)| (segment.clone(), Queued::Archived(segment, object)));
        let queue: BTreeMap<_, _> = here.chain(archived).filter(|(segment, _)| segment.sequence > done).collect();
        Self {
            root,
            pod: OsString::from(pod),
            stream,
            filter,
            follow,
            letting_go: LETTING_GO,
            queue: queue.into_values().collect(),
            known,
            last: (done > 0).then_some(done),
            piece: None,
            partial: Vec::new(),
            in_line: false,
            in_event: false,
            skipped: None,
            gap: None,
            ended: false,
            read: Vec::new(),
            resume: None,
        }
    }

    /// Sets how long a renamed file may still get lines.
    #[cfg(test)]
    pub(crate) fn set_letting_go(&mut self, letting_go: Duration) {
        self.letting_go = letting_go;
    }

    /// A time that no line of the stream precedes, as far as its first file tells; so that it needn't be opened earlier.
    pub fn lower_bound(&self) -> Option<i64> {
        let dir = self.dir().ok()?;
        let of_plain = |name: &str| {
            let (file, _) = dir.open_file(OsStr::new(name)).ok()?;
            let mut head = [0; 4 << 10];
            let count = ReadAt::read_at(&file, &mut head, 0).ok()?;
            line::head(head[..count].split(|byte| *byte == b'\n').next()?, &self.filter.fields()).time
        };
        match self.queue.front() {
            Some(Queued::Here(segment)) => of_plain(&segment.name(Form::Plain)).or_else(|| {
                let (file, _) = dir.open_file(OsStr::new(&segment.name(Form::Gz))).ok()?;
                Index::read(&file).ok()??.members.first()?.span.map(|span| span.first)
            }),
            Some(Queued::Archived(..)) => None,
            None => of_plain(&self.stream.live_name()),
        }
    }

    /// The latest time of the lines that were passed over before the line returned last.
    pub fn take_skipped(&mut self) -> Option<i64> {
        self.skipped.take()
    }

    /// The next line.
    ///
    /// # Errors
    /// Lines that can't be read, with the name of their file and why; the next call goes on with what follows them.
    pub fn read_line(&mut self) -> io::Result<Next> {
        if let Some(gap) = self.gap.take() {
            return Err(gap);
        }
        if self.in_line {
            self.rest(&mut io::sink())?;
        }
        loop {
            if let Some(next) = self.after_waiting()? {
                return Ok(next);
            }
            if self.piece.is_none() {
                if self.ended {
                    return Ok(Next::End);
                }
                self.piece = self.open_next()?;
            }
            let Some(piece) = &mut self.piece else {
                if !self.follow {
                    self.ended = true;
                }
                return Ok(if self.ended { Next::End } else { Next::Nothing });
            };
            let at_start = self.partial.is_empty();
            let line_start = piece.live_position().map(|position| position - self.partial.len() as u64);
            let read = piece.fill(LINE - self.partial.len(), &mut self.partial, &mut self.skipped);
            let Some(filled) = self.named(read)? else {
                if let Some(next) = self.at_end()? {
                    return Ok(next);
                }
                continue;
            };
            if let Some(line_start) = line_start.filter(|_| self.partial.contains(&0))
                && self.leave_taken(line_start)?
            {
                continue;
            }
            if let Some(Piece { source: Source::Gz(gz), .. }) = &mut self.piece {
                if at_start
                    && gz.left == 0
                    && self.filter.uses_index()
                    && line::head(&self.partial, &self.filter.fields()).time.is_some()
                {
                    // Another event, in a member that isn't wanted.
                    self.partial.clear();
                    gz.decoder = None;
                    continue;
                }
                gz.left = gz.left.saturating_sub(filled as u64);
            }
            if self.partial.pop_if(|last| *last == b'\n').is_some() {
                return Ok(Next::Line { bytes: std::mem::take(&mut self.partial), is_cut: false });
            }
            if self.partial.len() >= LINE {
                self.in_line = true;
                return Ok(Next::Line { bytes: std::mem::take(&mut self.partial), is_cut: true });
            }
        }
    }

    /// Takes back the buffer of the line returned last, for the next one.
    pub fn reuse(&mut self, mut bytes: Vec<u8>) {
        bytes.clear();
        self.partial = bytes;
    }

    /// Copies what follows the beginning of a line that was cut, without the line's end; returns its length.
    pub fn rest(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        let mut count = 0;
        let mut buffer = Vec::with_capacity(LINE);
        self.in_line = false;
        while let Some(piece) = &mut self.piece {
            buffer.clear();
            let read = piece.fill(LINE, &mut buffer, &mut self.skipped);
            let Some(filled) = self.named(read)? else { break };
            if let Some(Piece { source: Source::Gz(gz), .. }) = &mut self.piece {
                gz.left = gz.left.saturating_sub(filled as u64);
            }
            let ended = buffer.pop_if(|last| *last == b'\n').is_some();
            out.write_all(&buffer)?;
            count += buffer.len() as u64;
            if ended {
                break;
            }
        }
        Ok(count)
    }

    /// Gives an error the name of the file that is open, and closes it.
    fn named<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let piece = self.piece.take();
            self.partial.clear();
            let name = piece.as_ref().map_or_else(String::new, |piece| piece.name.clone());
            if piece.is_some_and(|piece| piece.is_live()) {
                self.ended = true;
            }
            named(&name, &error)
        })
    }

    /// Decides at the end of the file that is open: to wait, to start again, or to continue with the next one.
    fn at_end(&mut self) -> io::Result<Option<Next>> {
        let letting_go = self.letting_go;
        let torn = |partial: &mut Vec<u8>| Some(std::mem::take(partial)).filter(|torn| !torn.is_empty());
        let is_at_name = self.is_at_name();
        let is_at_name = self.named(is_at_name)?;
        let is_last = is_at_name && self.is_last()?;
        let Some(Piece { source: Source::Plain(plain), .. }) = &mut self.piece else {
            // A compressed segment ends a line that a killed writer has torn.
            self.piece = None;
            return Ok(torn(&mut self.partial).map(|bytes| Next::Line { bytes, is_cut: false }));
        };
        if is_last {
            plain.waited = true;
            if let Some(next) = self.after_waiting()? {
                return Ok(Some(next));
            }
            if self.follow {
                if let Some(Piece { source: Source::Plain(plain), .. }) = &mut self.piece {
                    plain.waited = true;
                }
                return Ok(Some(Next::Nothing));
            }
        } else if !is_at_name && !plain.is_final && (self.follow || !plain.is_live) {
            if !plain.is_settled(letting_go)? {
                return Ok(Some(Next::Nothing));
            }
            // What the writer wrote before it let go is read first.
            plain.is_final = true;
            return Ok(None);
        }
        if let Some(Piece { source: Source::Plain(plain), name }) = self.piece.take().filter(Piece::is_live) {
            self.ended = is_last || (!is_at_name && !self.follow && name == self.stream.live_name());
            if is_at_name || self.rolled()?.iter().any(|file| file.identity == plain.identity) {
                self.read.push(plain);
            } else if !self.ended {
                self.pass_renamed(&plain)?;
            }
        }
        Ok(torn(&mut self.partial).map(|bytes| Next::Line { bytes, is_cut: false }))
    }

    /// Starts a live file again that was truncated since its end was reached.
    fn after_waiting(&mut self) -> io::Result<Option<Next>> {
        let Some(Piece { source: Source::Plain(plain), .. }) = &mut self.piece else { return Ok(None) };
        if !std::mem::take(&mut plain.waited) {
            return Ok(None);
        }
        let Some(read) = plain.truncated_at()? else { return Ok(None) };
        // A file that its program has closed is emptied once its lines are in a segment.
        if self.leave_taken(read - self.partial.len() as u64)? {
            return Ok(None);
        }
        let Some(Piece { source: Source::Plain(plain), name }) = &mut self.piece else { return Ok(None) };
        if !self.partial.is_empty() {
            plain.waited = true;
            return Ok(Some(Next::Line { bytes: std::mem::take(&mut self.partial), is_cut: false }));
        }
        plain.restart()?;
        Err(io::Error::other(format!("{name}: truncated after {read} bytes were read; lines may be missing")))
    }

    /// Returns true if the live file that is open still has its name.
    fn is_at_name(&self) -> io::Result<bool> {
        let Some(Piece { source: Source::Plain(Plain { is_live: true, identity, .. }), name }) = &self.piece else {
            return Ok(false);
        };
        match self.dir() {
            Ok(dir) => Ok(dir.meta(OsStr::new(name))?.is_some_and(|meta| meta.identity == *identity)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Leaves the live file at `line_start` if its lines from there on were taken into segments, in place, before they were read.
    fn leave_taken(&mut self, line_start: u64) -> io::Result<bool> {
        let Some(Piece { source: Source::Plain(Plain { identity: (_, inode), .. }), .. }) = &self.piece else { return Ok(false) };
        let taken = self.parts_of(*inode, line_start)?;
        let is_taken = !taken.is_empty();
        for (segment, start) in taken {
            self.resume = self.resume.or(Some(line_start.saturating_sub(start)));
            self.queue.push_back(Queued::Here(segment));
        }
        if is_taken {
            self.partial.clear();
            self.piece = None;
        }
        Ok(is_taken)
    }

    /// Notes the new segments that are parts of a live file, and returns those that end behind `read`, with their starts.
    fn parts_of(&mut self, inode: u64, read: u64) -> io::Result<Vec<(Segment, u64)>> {
        let dir = self.dir()?;
        let mut unread = Vec::new();
        for segment in self.list()?.into_iter().filter(|segment| !self.known.contains(segment)).collect::<Vec<_>>() {
            let Some((origin, end)) = in_place::part(&dir, &segment)?.filter(|(origin, _)| origin.inode == inode) else { break };
            self.known.insert(segment.clone());
            if end > read {
                unread.push((segment, origin.start));
            } else {
                self.last = Some(segment.sequence);
            }
        }
        Ok(unread)
    }

    /// Notes which segment a renamed live file has become, so that it isn't read again.
    fn pass_renamed(&mut self, renamed: &Plain) -> io::Result<()> {
        let (dir, before) = (self.dir()?, self.last);
        self.parts_of(renamed.identity.1, renamed.position)?;
        // What is left of a file that was rotated in place doesn't begin as it did.
        let is_rest = |segment: &Segment| self.last != before && self.last.is_some_and(|last| segment.sequence == last + 1);
        let is_it = |segment: &Segment| {
            let plain = dir.meta(OsStr::new(&segment.name(Form::Plain))).ok().flatten();
            plain.map_or_else(
                || is_rest(segment) || begins_with(&dir, segment, &renamed.fingerprint),
                |meta| meta.identity == renamed.identity,
            )
        };
        let it = self.list()?.into_iter().filter(|segment| !self.known.contains(segment)).find(is_it);
        if let Some(it) = it {
            self.gap = self.missing_before(it.sequence);
            self.last = Some(it.sequence);
            self.known.insert(it);
        } else {
            // Removed already; it had the next number.
            self.last = Some(self.last.unwrap_or(0) + 1);
        }
        Ok(())
    }

    fn dir(&self) -> io::Result<Dir> {
        self.root.open_dir(&self.pod)
    }

    /// The stream's segments that are in the directory; none if it is gone.
    fn list(&self) -> io::Result<BTreeSet<Segment>> {
        let names = match self.dir().and_then(|dir| dir.paths()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            names => names?,
        };
        let segments = names.iter().filter_map(|name| match FileName::parse(name.to_str()?)? {
            FileName::Segment(segment, _) => Some(segment),
            FileName::Live(_) | FileName::Rolled(_) => None,
        });
        Ok(segments.filter(|segment| segment.stream == self.stream).collect())
    }

    /// Puts segments that are new into the queue.
    fn refill(&mut self) -> io::Result<BTreeSet<Segment>> {
        let all = self.list()?;
        for segment in &all {
            if self.known.insert(segment.clone()) {
                if self.was_read(segment)? {
                    self.last = Some(segment.sequence);
                } else {
                    self.queue.push_back(Queued::Here(segment.clone()));
                }
            }
        }
        Ok(all)
    }

    /// Returns true if a segment was made of a file that was read under its program's name.
    fn was_read(&self, segment: &Segment) -> io::Result<bool> {
        if self.read.is_empty() {
            return Ok(false);
        }
        let dir = self.dir()?;
        if let Some((origin, end)) = in_place::part(&dir, segment)? {
            return Ok(self.read.iter().any(|read| read.identity.1 == origin.inode && end <= read.position + 1));
        }
        let plain = dir.meta(OsStr::new(&segment.name(Form::Plain)))?.map(|meta| meta.identity);
        let is_it =
            |read: &Plain| plain.map_or_else(|| begins_with(&dir, segment, &read.fingerprint), |plain| plain == read.identity);
        Ok(self.read.iter().any(is_it))
    }

    /// The files with lines that a program which rotates by itself has closed, or is writing, in their order.
    fn rolled(&self) -> io::Result<Vec<RolledFile>> {
        let dir = match self.dir() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            dir => dir?,
        };
        let mut rolled = Vec::new();
        for name in dir.paths()? {
            let Some(FileName::Rolled(kind)) = name.to_str().and_then(FileName::parse) else { continue };
            if kind.stream == self.stream
                && kind.form == Form::Plain
                && let Some(meta) = dir.meta(&name)?.filter(|meta| meta.is_plain_file() && meta.bytes > 0)
            {
                let name = name.to_string_lossy().into_owned();
                rolled.push(RolledFile::new(name, kind, &meta));
            }
        }
        rolled.sort_by(RolledFile::cmp_by_lines);
        Ok(rolled)
    }

    /// The next file, behind the segments and before the live file, that its program has closed, or is writing.
    fn next_rolled(&self) -> io::Result<Option<RolledFile>> {
        let open = self.piece.as_ref().and_then(|piece| match &piece.source {
            Source::Plain(plain) => Some(plain.identity),
            Source::Gz(_) => None,
        });
        let is_read =
            |file: &RolledFile| open == Some(file.identity) || self.read.iter().any(|read| read.identity == file.identity);
        Ok(self.rolled()?.into_iter().find(|file| !is_read(file)))
    }

    /// Returns true if the file that is open is the last one with lines: the live file, or the newest one of a program without one.
    fn is_last(&self) -> io::Result<bool> {
        let live = self.stream.live_name();
        if self.piece.as_ref().is_some_and(|piece| piece.name == live) {
            return Ok(true);
        }
        Ok(self.next_rolled()?.is_none() && self.dir()?.meta(OsStr::new(&live))?.is_none())
    }

    /// Opens the next segment, or the live file behind the last one.
    fn open_next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            if self.queue.is_empty() {
                self.refill().inspect_err(|_| self.ended = true)?;
            }
            if let Some(queued) = self.queue.front() {
                let number = queued.segment().sequence;
                if let Some(gap) = self.missing_before(number) {
                    self.last = Some(number - 1);
                    return Err(gap);
                }
                let Some(queued) = self.queue.pop_front() else { continue };
                self.last = Some(number);
                return self.open_segment(queued).map(Some);
            }
            let rolled = self.next_rolled()?;
            let name = rolled.as_ref().map_or_else(|| self.stream.live_name(), |file| file.name.clone());
            let opened = self.dir().and_then(|dir| dir.open_file(OsStr::new(&name)));
            let opened = match opened {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                opened => Some(opened.map_err(|error| {
                    self.ended = true;
                    named(&name, &error)
                })?),
            };
            // Rotated between the listing and the open: then its segment comes first, and perhaps others.
            let all = self.refill().inspect_err(|_| self.ended = true)?;
            if self.queue.is_empty() {
                let is_it = |meta: &Meta| rolled.as_ref().is_none_or(|rolled| rolled.identity == meta.identity);
                let Some((file, meta)) = opened.filter(|(_, meta)| is_it(meta)) else {
                    // Its program has renamed it.
                    if rolled.is_some() {
                        continue;
                    }
                    return Ok(None);
                };
                self.last = self.last.max(all.last().map(|segment| segment.sequence));
                let plain = self.plain(file, &meta, true, &all).inspect_err(|_| self.ended = true)?;
                let source = Source::Plain(plain);
                return Ok(Some(Piece { name, source }));
            }
        }
    }

    /// The lines of a file that aren't in segments, among `segments`, that were made of it in place.
    fn plain(&self, file: File, meta: &Meta, is_live: bool, segments: &BTreeSet<Segment>) -> io::Result<Plain> {
        let of_stream = segments.iter().rev().filter(|segment| segment.stream == self.stream);
        let start = in_place::position(&self.dir()?, of_stream, &file, meta)?;
        let mut plain = Plain::new(file, meta, is_live);
        plain.file.seek(SeekFrom::Start(start))?;
        (plain.start, plain.position) = (start, start);
        Ok(plain)
    }

    /// An error if segments between the last one and this number are missing.
    fn missing_before(&self, number: u64) -> Option<io::Error> {
        let last = self.last?;
        // Where numbers began again, they began at 1.
        let from = if number <= last { 1 } else { last + 1 };
        let known: BTreeSet<_> =
            self.known.iter().map(|segment| segment.sequence).filter(|known| (from..number).contains(known)).collect();
        let is_complete = if number <= last { from == number || !known.is_empty() } else { known.len() as u64 == number - from };
        let text =
            || format!("{}: segments {from} to {} are missing: removed before they could be read", self.stream, number - 1);
        (!is_complete).then(|| io::Error::other(text()))
    }

    fn open_segment(&mut self, queued: Queued) -> io::Result<Piece> {
        match queued {
            Queued::Archived(_, object) => {
                let name = object.to_string();
                let source = self.compressed(object, FETCH).map_err(|error| named(&name, &error))?;
                Ok(Piece { name, source })
            }
            Queued::Here(segment) => {
                for form in [Form::Plain, Form::Gz] {
                    let name = segment.name(form);
                    let opened = match self.dir().and_then(|dir| dir.open_file(OsStr::new(&name))) {
                        // Compressed or removed in the meantime.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        opened => opened.map_err(|error| named(&name, &error))?,
                    };
                    let source = match (form, opened) {
                        (Form::Plain, (file, meta)) => {
                            self.in_event = true;
                            let before = self.known.range(..&segment).cloned().collect();
                            let mut plain = self.plain(file, &meta, false, &before)?;
                            plain.is_final = (Utc::now() - meta.changed).to_std().is_ok_and(|age| age >= self.letting_go);
                            Source::Plain(plain)
                        }
                        (Form::Gz, (file, _)) => self.compressed(file, BUFFER).map_err(|error| named(&name, &error))?,
                    };
                    return Ok(Piece { name, source });
                }
                Err(io::Error::other(format!("{}: removed before it could be read", segment.name(Form::Gz))))
            }
        }
    }

    /// The members of a compressed segment that may be wanted.
    fn compressed(&mut self, file: impl ReadAt + 'static, fetch: usize) -> io::Result<Source> {
        let skip = self.resume.take();
        Ok(Source::Gz(Box::new(Gz::open(file, fetch, skip, self.filter, &mut self.in_event)?)))
    }
}

impl Queued {
    fn segment(&self) -> &Segment {
        match self {
            Self::Here(segment) | Self::Archived(segment, _) => segment,
        }
    }
}

/// Checks whether a compressed segment begins with these bytes, and that there are any.
fn begins_with(dir: &Dir, segment: &Segment, fingerprint: &[u8]) -> bool {
    let mut found = vec![0; fingerprint.len()];
    let opened = dir.open_file(OsStr::new(&segment.name(Form::Gz)));
    let read = opened.and_then(|(file, _)| MultiGzDecoder::new(file).read_exact(&mut found));
    !fingerprint.is_empty() && read.is_ok() && found == fingerprint
}

/// The archived segments that may hold wanted times, by when they and the ones before them were closed: an index costs a
/// request, and there may be thousands.
fn in_time<T>(archived: BTreeMap<Segment, T>, filter: &Filter) -> BTreeMap<Segment, T> {
    let clock = filter.clock.unwrap_or(CLOCK);
    let mut before = None;
    let wanted = |(segment, _): &(Segment, T)| {
        let from = before.replace(segment.time);
        filter.since.is_none_or(|since| segment.time + clock >= since)
            && filter.until.zip(from).is_none_or(|(until, from)| from - clock <= until)
    };
    archived.into_iter().filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn archived_segments_are_selected_by_close_time() {
        let closed = |day: u64| Segment::new("a".parse().unwrap(), day, format!("2026-07-{day:02}T12:00:00Z").parse().unwrap());
        let all: BTreeMap<_, _> = (1..=20).map(|day| (closed(day), day)).collect();
        let days = |since: Option<&str>, until: Option<&str>| -> Vec<u64> {
            let time = |text: &str| text.parse().unwrap();
            let filter = Filter { since: since.map(time), until: until.map(time), ..Filter::default() };
            in_time(all.clone(), &filter).into_values().collect()
        };
        assert_eq!(days(None, None).len(), 20);
        // Lines of the 10th may be in the segments closed on the 10th and the 11th, and in one more on either side.
        assert_eq!(days(Some("2026-07-10T00:00:00Z"), Some("2026-07-11T00:00:00Z")), [9, 10, 11, 12]);
        assert_eq!(days(Some("2026-07-19T12:00:00Z"), None), [18, 19, 20]);
        assert_eq!(days(None, Some("2026-07-02T00:00:00Z")), [1, 2, 3]);
    }
}
