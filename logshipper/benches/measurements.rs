//! Cost and effect of logshipper compared with other tools, as one table: medians of several interleaved runs.
//! `cargo bench -p logshipper --bench measurements -- [MEGABYTES] [SECONDS]`: size of the log that is compressed (300) and read (three times
//! as much), and length of each writing run (30).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use handoff::{Form, Segment, Writer};
use logshipper::compress::compress;
use logshipper::dir::Dir;

const RUNS: usize = 5;
/// The default of `COMPRESS_LEVEL`.
const LEVEL: u32 = 5;
const SEGMENT: usize = 10 << 20;
/// About the length of an access line.
const LINE: u64 = 460;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (megabytes, seconds) = (numbers.next().unwrap_or(300), numbers.next().unwrap_or(30));
    let root = tempfile::tempdir().unwrap();
    println!("medians of {RUNS} runs, interleaved; lines of web's access log; {} cores", cores());
    println!("{:<66} {:>12} {:>12} {:>8} {:>8}", "", "this", "other", "ratio", "goal");
    compression(root.path(), megabytes);
    let day = Day::new(root.path(), megabytes * 3);
    window(root.path(), &day);
    search(root.path(), &day);
    fs::remove_dir_all(day.dir).unwrap();
    throughput(root.path(), Duration::from_secs(seconds));
    idle(root.path());
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn row(what: &str, this: f64, other: f64, unit: &str, goal: &str) {
    let (ratio, this, other) = (this / other, format!("{this:.2} {unit}"), format!("{other:.2} {unit}"));
    println!("{what:<66} {this:>12} {other:>12} {ratio:>8.3} {goal:>8}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Lines of an access log as web writes them, of so many bytes in all, spread over `span` from `start`.
struct AccessLog {
    time: DateTime<Utc>,
    step: TimeDelta,
    state: u64,
}

impl AccessLog {
    fn new(start: DateTime<Utc>, span: TimeDelta, bytes: u64) -> Self {
        Self { time: start, step: span / i32::try_from(bytes / LINE).unwrap().max(1), state: 1 }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    /// A line of `access`, field by field as web writes it; half of the pages are those of one owner in a million.
    fn line(&mut self, out: &mut impl Write) {
        self.time += self.step;
        let time = self.time.format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let owner = self.random(1_000_000);
        let path = match self.random(4) {
            0 => format!("/owners/{owner}"),
            1 => format!("/owners?lastName=Da&page={}", self.random(500)),
            2 => String::from("/vets.html"),
            _ => format!("/owners/{owner}/pets/{}/visits/new", self.random(2_000_000)),
        };
        let (bytes, micros) = (self.random(20_000), self.random(9_000));
        let (high, low, port) = (self.random(256), self.random(256), 32_768 + self.random(28_000));
        let chrome = 120 + self.random(8);
        let (trace, rest, span) = (self.random(u64::MAX), self.random(u64::MAX), self.random(u64::MAX));
        writeln!(
            out,
            "{{\"timestamp\":\"{time}\",\"level\":\"INFO\",\"message\":\"request\",\"method\":\"GET\",\"path\":\"{path}\",\"status\":200,\
             \"bytes\":{bytes},\"micros\":{micros},\"peer\":\"10.0.{high}.{low}:{port}\",\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) \
             AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36\",\"target\":\"access\",\"request_id\":\
             \"{trace:016x}{rest:016x}\",\"trace_id\":\"{trace:016x}{rest:016x}\",\"span_id\":\"{span:016x}\"}}"
        )
        .unwrap();
    }
}

fn compression(root: &Path, megabytes: u64) {
    let dir = root.join("compression");
    fs::create_dir(&dir).unwrap();
    let start: DateTime<Utc> = "2026-07-23T00:00:00Z".parse().unwrap();
    let mut log = AccessLog::new(start, TimeDelta::days(1), megabytes << 20);
    let plain = root.join("plain");
    let mut out = BufWriter::new(File::create(&plain).unwrap());
    (0..(megabytes << 20) / LINE).for_each(|_| log.line(&mut out));
    out.into_inner().unwrap().sync_all().unwrap();
    let bytes = fs::metadata(&plain).unwrap().len();

    let (mut this, mut other) = (Vec::new(), Vec::new());
    let (mut this_size, mut other_size) = (0, 0);
    let segment = Segment::new("access".parse().unwrap(), 1, start);
    for _ in 0..RUNS {
        let name = segment.name(Form::Plain);
        fs::copy(&plain, dir.join(&name)).unwrap();
        let open = Dir::open(&dir).unwrap();
        let (file, meta) = open.open_file(OsStr::new(&name)).unwrap();
        this.push(timed(|| this_size = compress(&open, &segment, (&file, &meta), 0, LEVEL, &mut || Ok(())).unwrap().gz));
        fs::remove_file(dir.join(segment.name(Form::Gz))).unwrap();
        let gz = File::create(dir.join("other.gz")).unwrap();
        other.push(timed(|| assert!(Command::new("gzip").args(["-6", "-c"]).arg(&plain).stdout(gz).status().unwrap().success())));
        other_size = fs::metadata(dir.join("other.gz")).unwrap().len();
    }
    let speed = |seconds| bytes as f64 / 1e6 / median(seconds);
    row(
        &format!("{megabytes} MiB access log to gzip, synced and read back; gzip -6"),
        speed(this),
        speed(other),
        "MB/s",
        ">= 2.5",
    );
    row("its size", this_size as f64 / 1e6, other_size as f64 / 1e6, "MB", "<= 1.0");
    fs::remove_file(plain).unwrap();
    fs::remove_dir_all(dir).unwrap();
}

/// The daemon on the pod `name`, stopped and waited for in the end.
struct Daemon(Child);

impl Daemon {
    fn start(root: &Path, name: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
        command.env_clear().arg("--log-root").arg(root).args([
            "--pod-name",
            name,
            "--admin-addr",
            "127.0.0.1:0",
            "--keep-segments",
            "100000",
        ]);
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    fn stat(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

fn plain_segments(dir: &Path) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| matches!(handoff::FileName::parse(name), Some(handoff::FileName::Segment(_, Form::Plain)))).count()
}

fn wait_for_compression(dir: &Path) {
    while plain_segments(dir) > 0 {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The compressed segments of a day, and a text that only the line in their middle has.
struct Day {
    dir: PathBuf,
    megabytes: u64,
    id: String,
}

impl Day {
    fn new(root: &Path, megabytes: u64) -> Self {
        let dir = root.join("day");
        fs::create_dir(&dir).unwrap();
        let start: DateTime<Utc> = "2026-07-23T00:00:00Z".parse().unwrap();
        let mut log = AccessLog::new(start, TimeDelta::days(1), megabytes << 20);
        let mut segment = Vec::with_capacity(SEGMENT + 1024);
        let segments = (megabytes << 20) / SEGMENT as u64;
        let mut id = String::new();
        for number in 1..=segments {
            segment.clear();
            while segment.len() < SEGMENT {
                log.line(&mut segment);
            }
            fs::write(dir.join(Segment::new("access".parse().unwrap(), number, start).name(Form::Plain)), &segment).unwrap();
            if number == segments.div_ceil(2) {
                let line = segment[..segment.len() / 2].rsplit(|byte| *byte == b'\n').nth(1).unwrap();
                let line: serde_json::Value = serde_json::from_slice(line).unwrap();
                line["span_id"].as_str().unwrap().clone_into(&mut id);
            }
        }
        drop((Daemon::start(root, "day"), wait_for_compression(&dir)).0);
        Self { dir, megabytes, id }
    }
}

/// `logshipper cat`, of the day.
fn cat(root: &Path, arguments: &[&str]) -> Command {
    let mut cat = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    cat.env_clear().arg("--log-root").arg(root).args(["cat", "day", "access"]).args(arguments);
    cat
}

fn window(root: &Path, day: &Day) {
    let (mut this, mut other) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut lines = [0, 0];
        let mut cat = cat(root, &["--since", "2026-07-23T14:00", "--until", "2026-07-23T14:05"]);
        this.push(timed(|| lines[0] = count(&mut cat)));
        let mut grep = Command::new("sh");
        grep.args(["-c", "zcat *.gz | grep '^{\"timestamp\":\"2026-07-23T14:0[0-4]:'"]).current_dir(&day.dir);
        other.push(timed(|| lines[1] = count(&mut grep)));
        assert!(lines[0] == lines[1] && lines[0] > 0, "{lines:?}");
    }
    let what = format!("5 minutes of a day of {} MiB; zcat | grep", day.megabytes);
    row(&what, median(this) * 1e3, median(other) * 1e3, "ms", "<= 0.02");
}

/// CPU time of a search for a literal in all lines, compared with the tools that are installed.
fn search(root: &Path, day: &Day) {
    const QUERY: &str = "import duckdb, sys; [print(row[0]) for row in duckdb.sql(\"SELECT json FROM read_json_objects('*.gz', \
                         format = 'newline_delimited') WHERE contains(json::VARCHAR, '\" + sys.argv[1] + \"')\").fetchall()]";
    let python = std::env::var("DUCKDB_PYTHON").unwrap_or_else(|_| "python3".into());
    let tools: [(&str, &[&str]); 3] = [
        ("zgrep -F", &["sh", "-c", "zgrep -h -F $0 *.gz"]),
        ("rg -z -F", &["rg", "--no-config", "-z", "-F", "-I"]),
        ("DuckDB", &[&python, "-c", QUERY]),
    ];
    let mut seconds = vec![Vec::new(); tools.len() + 1];
    for _ in 0..RUNS {
        let mut run = |number: usize, mut command: Command| {
            let before = child_seconds();
            if count(command.current_dir(&day.dir)) > 0 {
                seconds[number].push(child_seconds() - before);
            }
        };
        run(0, cat(root, &["--grep", &day.id]));
        for (number, (_, tool)) in (1..).zip(tools) {
            let mut command = Command::new(tool[0]);
            command.args(&tool[1..]).arg(&day.id);
            run(number, command);
        }
    }
    let this = median(seconds.remove(0));
    for ((name, _), other) in tools.iter().zip(seconds) {
        let what = format!("CPU time of a search for a literal in {} MiB; {name}", day.megabytes);
        if other.is_empty() { println!("{what}: not installed") } else { row(&what, this, median(other), "s", "<= 0.33") }
    }
}

/// CPU time of all children that have ended.
fn child_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(13).take(2);
    fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// The number of lines that a command prints; none if it isn't installed.
fn count(command: &mut Command) -> usize {
    command.output().map_or(0, |output| memchr::memchr_iter(b'\n', &output.stdout).count())
}

/// Rate of one writer in this time, in MB/s, with a logshipper or without. Nothing may be lost.
fn write_for(root: &Path, time: Duration, shipped: bool) -> f64 {
    let dir: PathBuf = root.join("throughput");
    fs::create_dir(&dir).unwrap();
    let daemon = shipped.then(|| Daemon::start(root, "throughput"));
    let writer = Writer::open(&dir, "access").unwrap();
    let mut line = Vec::new();
    AccessLog::new(Utc::now(), TimeDelta::days(1), 1 << 30).line(&mut line);
    let (mut written, start) = (0_usize, Instant::now());
    while start.elapsed() < time {
        for _ in 0..100 {
            writer.write(&line).unwrap();
            written += line.len();
        }
    }
    let speed = written as f64 / 1e6 / start.elapsed().as_secs_f64();
    drop(writer);
    if daemon.is_some() {
        wait_for_compression(&dir);
        // Ended before the reading: it might still rename the live file that has just been listed.
        drop(daemon);
        let read = Command::new("sh").args(["-c", "zcat -f access.*log* | wc -c"]).current_dir(&dir).output().unwrap();
        assert_eq!(String::from_utf8(read.stdout).unwrap().trim().parse::<usize>().unwrap(), written);
    }
    fs::remove_dir_all(dir).unwrap();
    speed
}

fn throughput(root: &Path, time: Duration) {
    let runs: Vec<_> = (0..RUNS).map(|_| (write_for(root, time, true), write_for(root, time, false))).collect();
    let (this, other): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    row("one writer, rotated at 10 MiB, nothing lost; without logshipper", median(this), median(other), "MB/s", ">= 0.9");
}

fn idle(root: &Path) {
    fs::create_dir(root.join("idle")).unwrap();
    let _writer = Writer::open(&root.join("idle"), "access").unwrap();
    let daemon = Daemon::start(root, "idle");
    std::thread::sleep(Duration::from_secs(2));
    let ticks = |daemon: &Daemon| {
        let stat = daemon.stat("stat");
        let fields: Vec<u64> =
            stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|n| n.parse().unwrap()).collect();
        fields.iter().sum::<u64>()
    };
    let before = ticks(&daemon);
    std::thread::sleep(Duration::from_secs(20));
    let share = (ticks(&daemon) - before) as f64 / 100.0 / 20.0 * 100.0;
    let status = daemon.stat("status");
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse::<f64>().ok()).unwrap();
    println!("idle: {share:.2} % of a core over 20 s, {:.1} MB resident", rss / 1024.0);
}
