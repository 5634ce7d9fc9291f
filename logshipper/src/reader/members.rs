//! The members of a compressed segment that may hold wanted lines, found by its index and read one run after another.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;

use crate::gzip::index::Index;
use crate::gzip::read::ReadAt;
use crate::line::Span;
use crate::reader::filter::Filter;

pub(super) const BUFFER: usize = 64 << 10;
/// The part of an archived segment that is fetched at once.
pub(crate) const FETCH: usize = 1 << 20;
/// The part of a member that is fetched to see how it begins.
const BEGINNING: usize = 16 << 10;

/// The wanted members of a compressed segment.
pub(super) struct Gz {
    file: Rc<dyn ReadAt>,
    /// The runs of members to read, in their order.
    runs: VecDeque<Run>,
    pub(super) decoder: Option<Box<dyn BufRead>>,
    /// Plain bytes at the beginning that were read from the live file.
    skip: u64,
    /// Plain bytes of wanted members that are left in this run. In one without any, the first time ends a wanted event.
    pub(super) left: u64,
    fetch: usize,
}

/// Adjacent members.
#[derive(Debug, Default)]
struct Run {
    begin: u64,
    end: u64,
    /// Their plain bytes; 0 if they aren't wanted but may begin with the end of a wanted event.
    plain: u64,
    /// The latest time of the members before it that are passed over.
    skipped: Option<i64>,
}

impl Gz {
    /// The wanted members of `file`, fetched in parts of `fetch` bytes; all of them if `skip` plain bytes at the beginning were
    /// read from the live file.
    pub(super) fn open(
        file: impl ReadAt + 'static,
        fetch: usize,
        skip: Option<u64>,
        filter: &Filter,
        in_event: &mut bool,
    ) -> io::Result<Self> {
        let index = if skip.is_none() && filter.uses_index() { Index::read(&file)? } else { None };
        let length = file.length()?;
        if length == 0 {
            return Err(io::Error::other("empty: its lines are lost"));
        }
        let runs = match index {
            Some(index) => runs(&index, filter, in_event),
            None => VecDeque::from([Run { end: length, plain: u64::MAX, ..Run::default() }]),
        };
        Ok(Self { file: Rc::new(file), runs, decoder: None, skip: skip.unwrap_or(0), left: 0, fetch })
    }

    /// Appends bytes to `line`, at most `most`, up to and with the end of a line; `None` behind the last run.
    pub(super) fn fill(&mut self, most: usize, line: &mut Vec<u8>, skipped: &mut Option<i64>) -> io::Result<Option<usize>> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                io::copy(&mut decoder.take(std::mem::take(&mut self.skip)), &mut io::sink())?;
                let filled = take_line(decoder, most, line)?;
                if filled > 0 {
                    return Ok(Some(filled));
                }
            }
            let Some(run) = self.runs.pop_front() else { return Ok(None) };
            *skipped = run.skipped.max(*skipped);
            self.left = run.plain;
            // A run without members says only what was passed over at the end.
            self.decoder = (run.begin < run.end).then(|| {
                let members = Members { file: Rc::clone(&self.file), begin: run.begin, end: run.end };
                let fetch = if run.plain == 0 { BEGINNING } else { self.fetch };
                let decoder = MultiGzDecoder::new(BufReader::with_capacity(fetch, members));
                Box::new(BufReader::with_capacity(BUFFER, decoder)) as _
            });
        }
    }
}

/// The runs of members to read; `in_event` says whether an event of the time range may go on in the first member, and
/// afterwards in the next segment.
fn runs(index: &Index, filter: &Filter, in_event: &mut bool) -> VecDeque<Run> {
    let mut runs: VecDeque<Run> = VecDeque::new();
    let (mut begin, mut skipped) = (0, None);
    for member in &index.members {
        let end = begin + u64::from(member.compressed);
        // A member none of whose lines has a time goes on with what is before it.
        let is_wanted = member.span.is_none_or(|span| filter.overlaps(span));
        match runs.back_mut().filter(|last| *in_event && is_wanted && last.end == begin) {
            Some(last) => {
                last.end = end;
                last.plain += u64::from(member.plain);
            }
            None if is_wanted => runs.push_back(Run { begin, end, plain: member.plain.into(), skipped }),
            // Its first lines may belong to the last event of the time range.
            None if *in_event => runs.push_back(Run { begin, end, plain: 0, skipped: None }),
            None => {}
        }
        if !is_wanted {
            skipped = member.span.map(|span: Span| span.last);
        }
        *in_event = is_wanted;
        begin = end;
    }
    if let Some(skipped) = skipped.filter(|_| !*in_event) {
        runs.push_back(Run { begin, end: begin, plain: 0, skipped: Some(skipped) });
    }
    runs
}

/// Appends bytes to `line`, at most `most`, up to and with the end of a line.
pub(super) fn take_line(reader: &mut impl BufRead, most: usize, line: &mut Vec<u8>) -> io::Result<usize> {
    reader.take(most as u64).read_until(b'\n', line)
}

/// The compressed bytes of some members.
pub(crate) struct Members<R> {
    file: R,
    begin: u64,
    end: u64,
}

impl<R: ReadAt> Members<R> {
    /// The whole file.
    pub(crate) fn all(file: R) -> io::Result<Self> {
        let end = file.length()?;
        Ok(Self { file, begin: 0, end })
    }
}

impl<R: ReadAt> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.end - self.begin).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..wanted], self.begin)?;
        if count == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.begin += count as u64;
        Ok(count)
    }
}
