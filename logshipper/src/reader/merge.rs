//! `cat` and `tail`: the lines of one or many streams as one, in the order of their times.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use handoff::Stream;

use crate::archive::Archive;
use crate::dir::Dir;
use crate::reader::filter::{Context, Filter};
use crate::reader::pods::{PodLogs, pods, streams};
use crate::reader::print::{Label, Show};
use crate::reader::stream::{Next, Reader};

/// How often whoever follows looks for more.
const FOLLOW: Duration = Duration::from_millis(200);

/// What to read, and how much of it.
#[derive(Debug)]
pub struct Request<'a> {
    /// One pod, or all.
    pub pod: Option<&'a str>,
    /// One stream, or all.
    pub stream: Option<&'a Stream>,
    /// The lines that are wanted.
    pub filter: &'a Filter,
    /// So many of the last lines, or all.
    pub last: Option<usize>,
    /// With the segments in this archive.
    pub archive: Option<&'a Archive>,
    /// Wait for more at the end.
    pub follow: bool,
}

/// Writes the lines to `out`, and says whether all could be read. What can't be read is named on standard error.
pub fn read(root: &Dir, request: &Request<'_>, show: Show, out: &mut impl Write) -> anyhow::Result<bool> {
    let pods = pods(root, request.pod, request.archive)?;
    let most = pods.iter().map(|pod| pod.segments().len()).max().unwrap_or(0);
    // The last lines are most often in the last files: more of them are opened until there are enough lines.
    let mut segments = if request.last.is_some() { 0 } else { most };
    loop {
        let mut merge = Merge::new(&pods, request, segments);
        if merge.sources.is_empty() {
            bail!("no such stream; `logshipper ls` shows which there are");
        }
        let Some(last) = request.last else { return merge.run(request.follow, show, out) };
        let mut kept = VecDeque::with_capacity(last.min(1024));
        merge.poll();
        while let Some(line) = merge.next_now() {
            kept.push_back(line);
            if kept.len() > last {
                kept.pop_front();
            }
        }
        if kept.len() >= last || segments >= most {
            for (source, line) in kept {
                show.line(out, &merge.sources[source].label, &line)?;
            }
            return merge.run(request.follow, show, out);
        }
        segments = (segments * 2).max(1);
    }
}

struct Source {
    label: Label,
    reader: Reader,
    context: Context,
}

/// A line's time, its source's number, and the line.
type Head = (Option<i64>, usize, Vec<u8>);

/// Lines of many streams, the earliest first.
struct Merge<'a> {
    filter: &'a Filter,
    sources: Vec<Source>,
    /// The next line of each source that has one, by time; what has no time comes at once.
    heads: BinaryHeap<Reverse<Head>>,
    /// Sources without a next line that may get one.
    waiting: Vec<usize>,
    complete: bool,
}

impl<'a> Merge<'a> {
    /// Reads at most so many of each stream's last segments.
    fn new(pods: &[PodLogs], request: &Request<'a>, segments: usize) -> Self {
        let source = |pod: &PodLogs, stream: Stream| {
            let mut of_stream = pod.segments().into_iter().rev().filter(|segment| segment.stream == stream);
            let done = of_stream.nth(segments).map_or(0, |segment| segment.sequence);
            let label = Label { pod: pod.name.clone(), stream: stream.to_string() };
            let archived = pod.archived_alone(&stream);
            let reader = Reader::new((pod.dir.clone(), archived), stream, request.filter.clone(), done, request.follow);
            Source { label, reader, context: Context::default() }
        };
        let of_pod = |pod| streams(pod, request.stream).into_iter().map(move |stream| source(pod, stream));
        let sources: Vec<_> = pods.iter().flat_map(of_pod).collect();
        let waiting = (0..sources.len()).collect();
        Self { filter: request.filter, sources, heads: BinaryHeap::new(), waiting, complete: true }
    }

    fn run(mut self, follow: bool, show: Show, out: &mut impl Write) -> anyhow::Result<bool> {
        loop {
            self.poll();
            while let Some((source, line)) = self.next_now() {
                show.line(out, &self.sources[source].label, &line)?;
            }
            out.flush()?;
            if !follow {
                return Ok(self.complete);
            }
            thread::sleep(FOLLOW);
        }
    }

    /// Asks the sources that have no next line.
    fn poll(&mut self) {
        for source in std::mem::take(&mut self.waiting) {
            self.advance(source);
        }
    }

    /// The earliest line that is there.
    fn next_now(&mut self) -> Option<(usize, Vec<u8>)> {
        let Reverse((_, source, line)) = self.heads.pop()?;
        self.advance(source);
        Some((source, line))
    }

    /// Puts the next wanted line of a source among the heads.
    fn advance(&mut self, number: usize) {
        let source = &mut self.sources[number];
        loop {
            match source.reader.read_line() {
                Ok(Next::Line(line)) if self.filter.wants(&line, &mut source.context) => {
                    return self.heads.push(Reverse((source.context.time, number, line)));
                }
                Ok(Next::Line(_)) => {}
                Ok(Next::Nothing) => return self.waiting.push(number),
                Ok(Next::End) => return,
                Err(error) => {
                    self.complete = false;
                    let _ = writeln!(io::stderr(), "{}/{}", source.label.pod, error);
                }
            }
        }
    }
}
