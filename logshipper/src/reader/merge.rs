//! Lines of one or many streams as one, in the order of their times.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashSet, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use handoff::Stream;
use runtime::logging::escape;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::dir::Dir;
use crate::reader::filter::{Context, Filter};
use crate::reader::pods::{PodLogs, Selection, find};
use crate::reader::print::{Label, Printer};
use crate::reader::stream::{Next, Reader};

/// Interval at which a waiting reader checks for more lines.
const POLL: Duration = Duration::from_millis(200);
/// Interval at which it checks for more pods and streams.
const DISCOVERY: Duration = Duration::from_secs(1);
/// Open files in addition to those of the streams.
const OTHER_FILES: u64 = 24;

/// The lines to read.
#[derive(Debug)]
pub struct Request<'a> {
    /// The pods and streams.
    pub selection: Selection<'a>,
    /// The lines that are wanted.
    pub filter: &'a Filter,
    /// The number of the last lines to print; all without it.
    pub last: Option<usize>,
    /// Keep printing new lines.
    pub follow: bool,
}

/// Writes the lines to `out` and returns whether all of them could be read. What can't be read is named on standard error.
pub fn read(root: &Dir, request: &Request<'_>, printer: &Printer, out: &mut impl Write) -> anyhow::Result<bool> {
    let max_files = raise_file_limit();
    let mut found = find(root, &request.selection)?;
    if !request.follow {
        found = found.ensure_any(&request.selection)?;
    }
    let streams =
        || found.pods.iter().flat_map(|pod| pod.streams(request.selection.stream).into_iter().map(move |stream| (pod, stream)));
    let count = streams().count();
    if count == 0 && found.errors.is_empty() {
        if !request.follow {
            bail!("no such stream; there is none");
        }
        let _ = writeln!(io::stderr(), "no such stream yet: waiting for it");
    }
    // A live file that is followed stays open anyway.
    let is_lazy = !request.follow && count as u64 > max_files.saturating_sub(OTHER_FILES);
    let most = streams().map(|(pod, stream)| pod.segments(&stream).len()).max().unwrap_or(0);
    let mut merge = Merge::new(root, request, is_lazy);
    merge.report(found.errors);
    let Some(last) = request.last else {
        found.pods.iter().for_each(|pod| merge.add(pod, most));
        return merge.run(printer, out);
    };
    // The last lines are most often in the last files: more of them are opened until there are enough lines.
    let mut segments = 0;
    loop {
        found.pods.iter().for_each(|pod| merge.add(pod, segments));
        let mut kept = VecDeque::with_capacity(last.min(1024));
        merge.read_available(&mut |source, line| {
            let more = source.count_rest(&line)?;
            kept.push_back((source.label.clone(), line.bytes, more));
            if kept.len() > last {
                kept.pop_front();
            }
            Ok(())
        })?;
        if kept.len() >= last || segments >= most {
            for (label, line, more) in kept {
                printer.line(out, &label, &line, more)?;
            }
            return merge.run(printer, out);
        }
        segments = (segments * 2).max(1);
        merge.clear();
    }
}

/// Lets the process open as many files as it may, and returns that number.
fn raise_file_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Where it can't be raised, what is open stays below what is allowed.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    if raised { maximum } else { current }.unwrap_or(u64::MAX)
}

/// The beginning of a line; the rest is in its source if it is cut.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    bytes: Vec<u8>,
    is_cut: bool,
}

struct Source<'a> {
    label: Label,
    /// `None` at the stream's end.
    reader: Option<Reader<'a>>,
    context: Context,
}

impl Source<'_> {
    /// The number of bytes behind the line's beginning, which are passed over.
    fn count_rest(&mut self, line: &Line) -> io::Result<u64> {
        self.copy_rest(line, &mut io::sink())
    }

    fn copy_rest(&mut self, line: &Line, out: &mut dyn Write) -> io::Result<u64> {
        self.reader.as_mut().filter(|_| line.is_cut).map_or(Ok(0), |reader| reader.rest(out))
    }
}

/// A line's time, its source's number, and the line; none of a source that isn't opened yet.
type Head = (Option<i64>, usize, Option<Line>);
type Sink<'s> = &'s mut dyn FnMut(&mut Source<'_>, Line) -> anyhow::Result<()>;

/// Lines of many streams, the earliest first.
struct Merge<'a> {
    root: &'a Dir,
    request: &'a Request<'a>,
    /// Streams are opened when the time of their first line has come.
    is_lazy: bool,
    sources: Vec<Source<'a>>,
    names: HashSet<(String, Stream)>,
    /// The next line of each source that has one, by time; a line without a time comes at once.
    heads: BinaryHeap<Reverse<Head>>,
    /// Sources without a next line that may get one.
    waiting: Vec<usize>,
    /// Directories that can't be read, each reported once.
    unreadable: BTreeSet<String>,
    /// Errors that were reported, while files may be read more than once.
    reported: Option<HashSet<String>>,
    complete: bool,
}

impl<'a> Merge<'a> {
    fn new(root: &'a Dir, request: &'a Request<'a>, is_lazy: bool) -> Self {
        Self {
            root,
            request,
            is_lazy,
            sources: Vec::new(),
            names: HashSet::new(),
            heads: BinaryHeap::new(),
            waiting: Vec::new(),
            unreadable: BTreeSet::new(),
            reported: Some(HashSet::new()),
            complete: true,
        }
    }

    /// Adds the wanted streams of a pod that aren't here yet, at most so many of each one's last segments.
    fn add(&mut self, pod: &PodLogs, segments: usize) {
        let none = BTreeSet::new();
        for stream in pod.streams(self.request.selection.stream) {
            if !self.names.insert((pod.name.clone(), stream.clone())) {
                continue;
            }
            let done = pod.segments(&stream).iter().rev().nth(segments).map_or(0, |segment| segment.sequence);
            let files = (pod.streams.get(&stream).unwrap_or(&none), pod.archived_only(&stream));
            let label = Label::new(&pod.name, &stream);
            let follow = self.request.follow && pod.is_here;
            let reader = Reader::new((self.root, &pod.name), stream, files, self.request.filter, done, follow);
            let bound = if self.is_lazy { reader.lower_bound() } else { None };
            self.heads.push(Reverse((bound, self.sources.len(), None)));
            self.sources.push(Source { label, reader: Some(reader), context: Context::default() });
        }
    }

    /// Forgets all streams.
    fn clear(&mut self) {
        self.sources.clear();
        self.names.clear();
        self.heads.clear();
        self.waiting.clear();
    }

    fn run(mut self, printer: &Printer, out: &mut impl Write) -> anyhow::Result<bool> {
        self.reported = None;
        let stop = Arc::new(AtomicBool::new(false));
        if self.request.follow {
            for signal in [SIGINT, SIGTERM] {
                signal_hook::flag::register(signal, Arc::clone(&stop))?;
            }
        }
        let mut discovered = Instant::now();
        loop {
            self.read_available(&mut |source, line| {
                if printer.is_raw() {
                    out.write_all(&line.bytes)?;
                    source.copy_rest(&line, out)?;
                    out.write_all(b"\n")?;
                } else {
                    let more = source.count_rest(&line)?;
                    printer.line(out, &source.label, &line.bytes, more)?;
                }
                Ok(())
            })?;
            out.flush()?;
            if !self.request.follow || stop.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(POLL);
            if discovered.elapsed() >= DISCOVERY {
                self.discover()?;
                discovered = Instant::now();
            }
        }
        self.report_not_understood();
        Ok(self.complete && self.unreadable.is_empty())
    }

    /// Adds pods and streams that are new.
    fn discover(&mut self) -> anyhow::Result<()> {
        let found = find(self.root, &Selection { archive: None, ..self.request.selection })?;
        self.report(found.errors);
        found.pods.iter().for_each(|pod| self.add(pod, usize::MAX));
        Ok(())
    }

    /// Hands over all lines that are there; where nothing is followed, all lines.
    fn read_available(&mut self, sink: Sink<'_>) -> anyhow::Result<()> {
        loop {
            for source in std::mem::take(&mut self.waiting) {
                self.advance(source)?;
            }
            while let Some(Reverse((_, number, line))) = self.heads.pop() {
                if let Some(line) = line {
                    sink(&mut self.sources[number], line)?;
                }
                self.advance(number)?;
            }
            if self.request.follow || self.waiting.is_empty() {
                return Ok(());
            }
            // A file that was rotated just now may get a last line.
            thread::sleep(POLL);
        }
    }

    /// Puts the next wanted line of a source among the heads.
    fn advance(&mut self, number: usize) -> anyhow::Result<()> {
        let filter = self.request.filter;
        let reads_heads = self.sources.len() > 1 || filter.has_range() || filter.level.is_some();
        let Source { label, reader: slot, context } = &mut self.sources[number];
        let Some(reader) = slot else { return Ok(()) };
        loop {
            match reader.read_line() {
                Ok(Next::Line { bytes, is_cut }) => {
                    context.time = reader.take_skipped().or(context.time);
                    if reads_heads {
                        context.read(&bytes, &filter.fields());
                    }
                    if filter.wants(&bytes, context) {
                        self.heads.push(Reverse((context.time, number, Some(Line { bytes, is_cut }))));
                        return Ok(());
                    }
                    context.searched_partly += u64::from(is_cut && filter.grep.is_some());
                    reader.reuse(bytes);
                }
                Ok(Next::Nothing) => {
                    self.waiting.push(number);
                    return Ok(());
                }
                Ok(Next::End) => {
                    *slot = None;
                    return Ok(());
                }
                Err(error) if error.raw_os_error().is_some_and(|code| code == libc::EMFILE || code == libc::ENFILE) => {
                    bail!(
                        "{}/{}: {error}: `ulimit -n` must be above the number of streams",
                        escape(&label.directory),
                        label.stream
                    )
                }
                Err(error) => {
                    self.complete = false;
                    let text = format!("{}/{error}", escape(&label.directory));
                    if self.reported.as_mut().is_none_or(|reported| reported.insert(text.clone())) {
                        let _ = writeln!(io::stderr(), "{text}");
                    }
                }
            }
        }
    }

    fn report(&mut self, unreadable: Vec<String>) {
        for error in unreadable {
            if !self.unreadable.contains(&error) {
                let _ = writeln!(io::stderr(), "{error}");
                self.unreadable.insert(error);
            }
        }
    }

    /// Says how many lines were printed, or not, for want of knowledge.
    fn report_not_understood(&self) {
        for Source { label, context, .. } in &self.sources {
            for (count, text) in [
                (context.without_time, "lines without a known time were printed in spite of the time range; see --time-field"),
                (context.without_level, "lines without a known level were printed in spite of --level; see --level-field"),
                (context.searched_partly, "lines are longer than 64 KiB and were searched only so far"),
            ] {
                if count > 0 {
                    let _ = writeln!(io::stderr(), "{}/{}: {count} {text}", escape(&label.directory), label.stream);
                }
            }
        }
    }
}
