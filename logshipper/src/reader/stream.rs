//! Reading one stream from its oldest segment to the end of its live file, while writers write and a logshipper renames,
//! compresses and removes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use flate2::read::MultiGzDecoder;
use handoff::{Form, Segment, Stream};

use crate::archive::Object;
use crate::dir::{Dir, meta_of};
use crate::gzip::index::Index;
use crate::gzip::read::ReadAt;
use crate::plan::{Forms, Listing};
use crate::pod::{Ages, Now, list};
use crate::reader::filter::Filter;

const BUFFER: usize = 64 << 10;
/// What an archived segment is fetched in: some members at once.
pub(crate) const FETCH: usize = 1 << 20;
/// How far a clock may be set within the life of a segment, so that its name still tells the times of its lines.
const CLOCK: TimeDelta = TimeDelta::days(1);
/// How long a renamed file may still get lines: a writer looks at least once a second.
const LETTING_GO: Duration = Duration::from_millis(1500);

/// A place in a stream.
pub struct Reader {
    dir: Option<Arc<Dir>>,
    /// Archived segments; those that the directory has too are read from there.
    archived: BTreeMap<Segment, Object>,
    stream: Stream,
    filter: Filter,
    follow: bool,
    /// The highest sequence number that has been opened here, or passed over.
    done: u64,
    piece: Option<Piece>,
    /// The live file was read to its end, or can't be read.
    ended: bool,
}

/// One file of a stream, open.
struct Piece {
    source: Source,
    /// A line whose end hasn't been written yet.
    partial: Vec<u8>,
    name: String,
}

enum Source {
    Segment(Box<dyn BufRead>),
    Live { file: BufReader<File>, identity: (u64, u64), renamed: Option<Instant> },
}

/// What comes next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Nothing yet: whoever follows asks again.
    Nothing,
    /// The stream's end.
    End,
}

impl Reader {
    /// A reader of `stream` in a directory and among its archived segments, which passes over segments up to number `done`
    /// and, where the index tells, over what the filter's times leave out. `follow` waits for more at the end of the live
    /// file.
    pub fn new(
        (dir, archived): (Option<Arc<Dir>>, BTreeMap<Segment, Object>),
        stream: Stream,
        filter: Filter,
        done: u64,
        follow: bool,
    ) -> Self {
        let mut archived = in_time(archived, &filter);
        archived.retain(|segment, _| segment.sequence > done);
        Self { dir, archived, stream, filter, follow, done, piece: None, ended: false }
    }

    /// The next line, whatever it says.
    ///
    /// # Errors
    /// A file that can't be read further, with its name; the next call goes on with the one after it.
    pub fn read_line(&mut self) -> io::Result<Next> {
        loop {
            if self.piece.is_none() && !self.ended {
                self.piece = self.open_next()?;
            }
            let Some(piece) = &mut self.piece else {
                return Ok(if self.follow && !self.ended { Next::Nothing } else { Next::End });
            };
            let read = match &mut piece.source {
                Source::Segment(reader) => reader.read_until(b'\n', &mut piece.partial),
                Source::Live { file, .. } => file.read_until(b'\n', &mut piece.partial),
            };
            if let Err(error) = read {
                let name = std::mem::take(&mut piece.name);
                self.ended = self.leave();
                return Err(named(&name, &error));
            }
            if piece.partial.pop_if(|last| *last == b'\n').is_some() {
                return Ok(Next::Line(std::mem::take(&mut piece.partial)));
            }
            if self.follow && matches!(piece.source, Source::Live { .. }) {
                match self.is_renamed() {
                    Ok(true) => {}
                    Ok(false) => return Ok(Next::Nothing),
                    Err(error) => {
                        self.ended = self.leave();
                        return Err(error);
                    }
                }
            }
            let torn = self.piece.as_mut().map(|piece| std::mem::take(&mut piece.partial)).filter(|torn| !torn.is_empty());
            let was_live = self.leave();
            self.ended = was_live && !self.follow;
            if let Some(torn) = torn {
                return Ok(Next::Line(torn));
            }
        }
    }

    /// Whether the live file that is open was renamed, and long enough ago for its last line to be in it.
    fn is_renamed(&mut self) -> io::Result<bool> {
        let Some(dir) = &self.dir else { return Ok(false) };
        let now = dir.meta(OsStr::new(&self.stream.live_name()))?.map(|meta| meta.identity);
        let Some(Piece { source: Source::Live { identity, renamed, .. }, .. }) = &mut self.piece else { return Ok(false) };
        if now == Some(*identity) {
            return Ok(false);
        }
        Ok(renamed.get_or_insert_with(Instant::now).elapsed() >= LETTING_GO)
    }

    /// Closes the file that is open, and says whether it was the live one.
    fn leave(&mut self) -> bool {
        match self.piece.take().map(|piece| piece.source) {
            Some(Source::Live { .. }) => {
                // When it was opened there was no segment behind `done`: it has become the first one there is now.
                let became = self.segments().ok().and_then(|segments| segments.first().map(|(segment, _)| segment.sequence));
                self.done = became.unwrap_or(self.done);
                true
            }
            Some(Source::Segment(_)) | None => false,
        }
    }

    fn open_next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            // Where the directory can't be listed any more, the stream is at its end.
            let here = self.segments().inspect_err(|_| self.ended = true)?.into_iter().next();
            if let Some(object) = self.take_archived(here.as_ref().map(|(segment, _)| segment)) {
                let name = object.to_string();
                let reader = self.decoder(object, FETCH).map_err(|error| named(&name, &error))?;
                return Ok(Some(Piece { source: Source::Segment(reader), partial: Vec::new(), name }));
            }
            let Some(dir) = &self.dir else { return Ok(None) };
            if let Some((segment, forms)) = here {
                let form = if forms.plain.is_some() { Form::Plain } else { Form::Gz };
                let name = segment.name(form);
                let opened = dir.open_file(OsStr::new(&name));
                if opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                    // Compressed or removed meanwhile.
                    continue;
                }
                self.done = segment.sequence;
                self.archived.remove(&segment);
                let reader = opened.and_then(|(file, _)| self.reader(file, form)).map_err(|error| named(&name, &error))?;
                return Ok(Some(Piece { source: Source::Segment(reader), partial: Vec::new(), name }));
            }
            let name = self.stream.live_name();
            let live = match dir.open_file(OsStr::new(&name)) {
                Ok((file, _)) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    self.ended = true;
                    return Err(named(&name, &error));
                }
            };
            // Rotated between the listing and the open: then its segment comes first, and perhaps others.
            if self.segments()?.is_empty() {
                let Some(file) = live else { return Ok(None) };
                let identity = meta_of(&file)?.identity;
                let source = Source::Live { file: BufReader::with_capacity(BUFFER, file), identity, renamed: None };
                return Ok(Some(Piece { source, partial: Vec::new(), name }));
            }
        }
    }

    /// Takes the next archived segment, if it comes before the next one that is here. Where numbers began anew, as they do
    /// after the quota took all segments, each is still read once.
    fn take_archived(&mut self, here: Option<&Segment>) -> Option<Object> {
        let (first, _) = self.archived.first_key_value()?;
        if here.is_some_and(|here| here.sequence <= first.sequence) {
            return None;
        }
        self.archived.pop_first().map(|(_, object)| object)
    }

    /// The segments that are here and haven't been read yet.
    fn segments(&self) -> io::Result<Vec<(Segment, Forms)>> {
        let Some(dir) = &self.dir else { return Ok(Vec::new()) };
        let Listing { segments, .. } = list(dir, &mut Ages::default(), Now::read())?;
        let wanted = |segment: &Segment| segment.stream == self.stream && segment.sequence > self.done;
        Ok(segments.into_iter().filter(|(segment, _)| wanted(segment)).collect())
    }

    fn reader(&self, file: File, form: Form) -> io::Result<Box<dyn BufRead>> {
        if form == Form::Plain {
            return Ok(Box::new(BufReader::with_capacity(BUFFER, file)));
        }
        self.decoder(file, BUFFER)
    }

    /// Reads the wanted members of a compressed segment, so many bytes at a time.
    fn decoder(&self, file: impl ReadAt + 'static, fetch: usize) -> io::Result<Box<dyn BufRead>> {
        let members = match Index::read(&file)? {
            Some(index) => Members::new(file, &index, &self.filter),
            None => Members::all(file)?,
        };
        if members.stretches.is_empty() {
            // No member is no gzip file to the decoder.
            return Ok(Box::new(io::empty()));
        }
        let members = BufReader::with_capacity(fetch, members);
        Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(members))))
    }
}

fn named(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

/// The archived segments that may hold wanted times, told by when they and the ones before them were closed: an index
/// costs a request, and there may be thousands.
fn in_time<T>(archived: BTreeMap<Segment, T>, filter: &Filter) -> BTreeMap<Segment, T> {
    let mut before = None;
    let wanted = |(segment, _): &(Segment, T)| {
        let from = before.replace(segment.time);
        filter.since.is_none_or(|since| segment.time + CLOCK >= since)
            && filter.until.zip(from).is_none_or(|(until, from)| from - CLOCK <= until)
    };
    archived.into_iter().filter(wanted).collect()
}

/// The compressed bytes of the members that a filter may want.
pub(crate) struct Members<R> {
    file: R,
    /// Begin and end of each stretch, the last one first.
    stretches: Vec<(u64, u64)>,
}

impl<R: ReadAt> Members<R> {
    /// The whole file.
    pub(crate) fn all(file: R) -> io::Result<Self> {
        let length = file.length()?;
        Ok(Self { file, stretches: Vec::from_iter((length > 0).then_some((0, length))) })
    }

    fn new(file: R, index: &Index, filter: &Filter) -> Self {
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        let mut begin = 0;
        for member in &index.members {
            let end = begin + u64::from(member.compressed);
            // A member none of whose lines has a time goes with what is before it, which may be wanted.
            if member.span.is_none_or(|span| filter.overlaps(span)) {
                match stretches.last_mut() {
                    Some(last) if last.1 == begin => last.1 = end,
                    _ => stretches.push((begin, end)),
                }
            }
            begin = end;
        }
        stretches.reverse();
        Self { file, stretches }
    }
}

impl<R: ReadAt> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((begin, end)) = self.stretches.last_mut() else { return Ok(0) };
        let wanted = usize::try_from(*end - *begin).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..wanted], *begin)?;
        if count == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *begin += count as u64;
        if begin == end {
            self.stretches.pop();
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn archived_segments_are_told_by_their_names_with_a_day_for_clocks() {
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
