//! The shipper's passes on a real file system, with everything that may go wrong: at each system call, and in random
//! sequences.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use flate2::read::MultiGzDecoder;
use handoff::{FileName, Form, Segment, Writer};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;
use tempfile::TempDir;

use crate::compactor::{Backlog, Compactor};
use crate::dir::Dir;
use crate::fault::armed::{Fault, arm, disarm, interfere};
use crate::in_place;
use crate::log_files::LogFiles;
use crate::metrics::Metrics;
use crate::plan::Policy;
use crate::pod::Pod;
use crate::rotate::Rotator;
use crate::survey::Now;

const STREAM: &str = "access";
const POLICY: Policy = Policy {
    rotate_bytes: 40,
    rotate_age: Duration::from_hours(1),
    keep_segments: 1000,
    keep_age: None,
    compress_level: 1,
    log_files: LogFiles::ANY,
};

/// A logshipper that can be killed.
struct Shipper {
    pod: Pod,
    rotator: Rotator,
    worker: Compactor,
}

/// A pod's directory, its writer and its logshipper, and what must be readable in the end.
struct World {
    root: TempDir,
    now: Now,
    writer: Option<Writer>,
    /// A writer that takes no lock and never looks at the name, as `>>` in a shell. It takes the other one's place.
    lawless: Option<File>,
    is_lawless: bool,
    shipper: Option<Shipper>,
    /// Every byte that a reader must find. A torn line has its end here.
    expected: Vec<u8>,
    /// The last line is torn, and its end may be missing as long as it is in the live file.
    torn: bool,
    lines: u32,
    planted: u32,
}

impl World {
    fn new() -> Self {
        // Syncing costs nothing in memory, and everything else is as on a disk.
        let root = ["/dev/shm", "/tmp"].iter().find_map(|dir| tempfile::tempdir_in(dir).ok()).unwrap();
        fs::create_dir(root.path().join("pod")).unwrap();
        fs::write(root.path().join("outside"), "outside").unwrap();
        Self {
            root,
            now: Now::read(),
            writer: None,
            lawless: None,
            is_lawless: false,
            shipper: None,
            expected: Vec::new(),
            torn: false,
            lines: 0,
            planted: 0,
        }
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("pod")
    }

    fn write(&mut self, lines: u8) {
        let dir = self.dir();
        if self.is_lawless {
            return self.write_lawless(lines);
        }
        let writer = self.writer.get_or_insert_with(|| Writer::open(&dir, STREAM).unwrap());
        for _ in 0..lines {
            self.lines += 1;
            let line = format!("line {}\n", self.lines);
            writer.write(line.as_bytes()).unwrap();
            self.expected.extend(line.as_bytes());
            self.torn = false;
        }
    }

    fn write_lawless(&mut self, lines: u8) {
        let open = || File::options().create(true).append(true).open(self.root.path().join("pod/access.log")).unwrap();
        let mut file = self.lawless.take().unwrap_or_else(open);
        for _ in 0..lines {
            self.lines += 1;
            let line = format!("line {}\n", self.lines);
            file.write_all(line.as_bytes()).unwrap();
            self.expected.extend(line.as_bytes());
        }
        self.lawless = Some(file);
    }

    /// The writer looks at the name; one outside the contract opens its file again.
    fn idle(&mut self) {
        self.lawless = None;
        if let Some(writer) = &self.writer {
            writer.check().unwrap();
        }
    }

    /// Kills the writer, which leaves so many bytes of a line.
    fn kill_writer(&mut self, torn: usize) {
        if self.writer.is_some() && torn > 0 {
            // so that the line is in the live file
            self.idle();
            self.write(1);
            let line = self.expected.rsplitn(3, |&byte| byte == b'\n').nth(1).unwrap().len() + 1;
            let torn = torn.min(line - 1);
            let file = File::options().write(true).open(self.dir().join("access.log")).unwrap();
            file.set_len(file.metadata().unwrap().len() - (line - torn) as u64).unwrap();
            self.expected.truncate(self.expected.len() - (line - torn));
            self.expected.push(b'\n');
            self.torn = true;
        }
        self.writer = None;
        self.lawless = None;
    }

    /// Makes a pass of the rotator and one of the worker, and starts the shipper first if need be.
    fn pass(&mut self) -> Option<Backlog> {
        if self.shipper.is_none() {
            let pod = Dir::open(self.root.path()).ok().and_then(|root| Pod::open(&root, OsStr::new("pod")).ok())?;
            self.shipper = Some(Shipper { pod, rotator: Rotator::default(), worker: Compactor::default() });
        }
        let Shipper { pod, rotator, worker } = self.shipper.as_mut()?;
        rotator.pass(pod, &POLICY, self.now).ok()?;
        worker.pass(pod, &POLICY, &mut || Ok(())).ok()
    }

    /// Makes a pass in which something fails, and says whether it came to that.
    fn pass_with(&mut self, after: u64, fault: Fault) -> bool {
        arm(after, fault);
        self.pass();
        let happened = disarm();
        if fault == Fault::Kill {
            self.shipper = None;
        }
        self.assert_whole();
        happened
    }

    /// Every compressed segment that has its name is whole, at any moment.
    fn assert_whole(&self) {
        for segment in self.segments(Form::Gz) {
            let mut plain = Vec::new();
            MultiGzDecoder::new(File::open(self.dir().join(segment.name(Form::Gz))).unwrap()).read_to_end(&mut plain).unwrap();
        }
    }

    fn step(&mut self, seconds: i64) {
        self.now.wall += TimeDelta::seconds(seconds);
    }

    /// Puts something into the way that is no file of ours.
    fn plant(&mut self, kind: u8) {
        self.planted += 1;
        let next =
            self.segments(Form::Plain).iter().chain(&self.segments(Form::Gz)).map(|segment| segment.sequence).max().unwrap_or(0);
        let segment = Segment::new(STREAM.parse().unwrap(), next + u64::from(kind % 2), self.now.wall);
        let form = if kind.is_multiple_of(3) { Form::Plain } else { Form::Gz };
        let path = self.dir().join(segment.name(form));
        let outside = self.root.path().join("outside");
        // One that is taken stays what it is.
        let _ = match kind % 4 {
            0 => symlink(outside, path),
            1 => fs::hard_link(outside, path),
            2 => fs::create_dir(path),
            _ => mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).map_err(Into::into),
        };
    }

    fn segments(&self, wanted: Form) -> Vec<Segment> {
        let names = fs::read_dir(self.dir()).unwrap().map(|entry| entry.unwrap());
        let names = names.filter(|entry| {
            use std::os::unix::fs::MetadataExt;
            let meta = entry.path().symlink_metadata().unwrap();
            meta.is_file() && meta.nlink() == 1
        });
        let mut segments: Vec<_> = names
            .filter_map(|entry| match FileName::parse(entry.file_name().to_str()?)? {
                FileName::Segment(segment, form) if form == wanted => Some(segment),
                _ => None,
            })
            .collect();
        segments.sort();
        segments
    }

    /// The lines of the live file that are in no segment.
    fn live_lines(&self) -> Vec<u8> {
        let dir = Dir::open(&self.dir()).unwrap();
        let Ok((file, meta)) = dir.open_file(OsStr::new("access.log")) else { return Vec::new() };
        let position = in_place::position(&dir, self.segments(Form::Gz).iter().rev(), &file, &meta).unwrap();
        fs::read(self.dir().join("access.log")).unwrap().split_off(usize::try_from(position).unwrap())
    }

    /// Lets everything come to rest, then compares what is there with what must be.
    fn finish(mut self) {
        disarm();
        self.idle();
        self.shipper = None;
        for _ in 0..100 {
            let rest = self.pass();
            self.idle();
            if rest == Some(Backlog::default()) && self.segments(Form::Plain).is_empty() {
                break;
            }
        }
        assert_eq!(self.segments(Form::Plain), [], "not compressed");
        let mut found = Vec::new();
        for segment in self.segments(Form::Gz) {
            let file = File::open(self.dir().join(segment.name(Form::Gz))).unwrap();
            MultiGzDecoder::new(file).read_to_end(&mut found).unwrap();
        }
        found.extend(self.live_lines());
        if self.torn && found.last() != Some(&b'\n') {
            found.push(b'\n');
        }
        assert_eq!(String::from_utf8(found).unwrap(), String::from_utf8(self.expected.clone()).unwrap());
        assert_eq!(fs::read(self.root.path().join("outside")).unwrap(), b"outside");
        if self.planted == 0 {
            let numbers = self.segments(Form::Gz).into_iter().map(|segment| segment.sequence);
            assert!(numbers.eq(1..=self.segments(Form::Gz).len() as u64), "a failure used a sequence number up");
        }
        assert_clean(&self.dir(), self.planted > 0);
    }
}

/// Nothing is left but segments, live files and locks, and what was planted or quarantined for it.
fn assert_clean(dir: &Path, planted: bool) {
    for entry in fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = FileName::parse(&name).is_some() || name.contains("logshipper") || (planted && name.contains(".bad"));
        assert!(known, "{name} is left");
    }
}

/// A directory with work of each kind: a live file that is due, a plain segment, one next to its compressed form, one
/// next to a broken one, and a temporary file.
fn busy_world() -> World {
    let mut world = World::new();
    let name = |n: u64| Segment::new(STREAM.parse().unwrap(), n, world.now.wall).name(Form::Plain);
    let gz = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let dir = world.dir();
    for (n, text) in [(1, "one\n"), (2, "two\n"), (3, "three\n")] {
        fs::write(dir.join(name(n)), text).unwrap();
        world.expected.extend(text.as_bytes());
    }
    fs::write(dir.join(format!("{}.gz", name(2))), gz("two\n")).unwrap();
    fs::write(dir.join(format!(".{}.gz.tmp", name(1))), "half").unwrap();
    world.write(20);
    world.kill_writer(3);
    world
}

#[test]
fn kill_at_each_call_and_in_recovery_loses_nothing() {
    let mut pairs = 0;
    for first in 0.. {
        let mut world = busy_world();
        if !world.pass_with(first, Fault::Kill) {
            assert!(first > 60, "only {first} system calls in a pass");
            world.finish();
            break;
        }
        world.finish();
        for second in (first % 3..).step_by(3) {
            let mut world = busy_world();
            world.pass_with(first, Fault::Kill);
            let happened = world.pass_with(second, Fault::Kill);
            world.finish();
            pairs += 1;
            if !happened {
                break;
            }
        }
    }
    eprintln!("{pairs} pairs of kills");
}

/// A directory with a file that its writer keeps open, and lines in it that were rotated in place before.
fn in_place_world() -> World {
    let mut world = World::new();
    world.is_lawless = true;
    world.write(10);
    world.pass();
    assert_eq!(world.segments(Form::Gz).len(), 1);
    world.write(10);
    world
}

#[test]
fn kill_at_each_call_in_place_loses_nothing() {
    for first in 0.. {
        let mut world = in_place_world();
        if !world.pass_with(first, Fault::Kill) {
            assert!(first > 30, "only {first} system calls in a pass");
            break;
        }
        world.write(3);
        for second in (first % 3..).step_by(3) {
            let mut world = in_place_world();
            world.pass_with(first, Fault::Kill);
            world.write(2);
            let happened = world.pass_with(second, Fault::Kill);
            world.write(1);
            world.finish();
            if !happened {
                break;
            }
        }
        world.finish();
    }
}

/// A directory with files that a program has rotated by itself, the last of them by date, and its live file.
fn rolled_world() -> World {
    let mut world = World::new();
    world.is_lawless = true;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"three\n").unwrap();
    let files = [
        ("access.log.10", b"one\n".to_vec()),
        ("access.log.9", b"two\n".to_vec()),
        ("access.log.2.gz", encoder.finish().unwrap()),
        ("access.log.1", b"".to_vec()),
        ("access-2026-07-23.0.log", b"four\n".to_vec()),
        ("access-2026-07-23.1.log", b"five\n".to_vec()),
    ];
    for (second, (name, bytes)) in (0..).zip(files) {
        fs::write(world.dir().join(name), bytes).unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000 + second);
        File::options().write(true).open(world.dir().join(name)).unwrap().set_modified(time).unwrap();
    }
    world.expected.extend(b"one\ntwo\nthree\nfour\nfive\n");
    world.write(20);
    world
}

#[test]
fn kill_at_each_call_with_rolled_files_loses_nothing() {
    for first in 0.. {
        let mut world = rolled_world();
        if !world.pass_with(first, Fault::Kill) {
            assert!(first > 100, "only {first} system calls in a pass");
            assert_eq!(fs::read(world.dir().join("access.log")).unwrap().len(), world.live_lines().len(), "left to its program");
            world.finish();
            break;
        }
        for second in (first % 31..).step_by(31) {
            let mut world = rolled_world();
            world.pass_with(first, Fault::Kill);
            let happened = world.pass_with(second, Fault::Kill);
            world.finish();
            if !happened {
                break;
            }
        }
        world.finish();
    }
}

#[test]
fn disk_error_with_rolled_files_breaks_nothing() {
    for errno in [Errno::NOSPC, Errno::IO, Errno::ACCESS] {
        for after in 0.. {
            let mut world = rolled_world();
            let happened = world.pass_with(after, Fault::Error(errno));
            world.finish();
            if !happened {
                break;
            }
        }
    }
}

/// A program truncates its file and writes `lines` before the call number `at` of a pass: all of them are read once. Returns
/// `false` if there is no such call.
fn truncate_at(at: u64, lines: u32) -> bool {
    let mut world = in_place_world();
    let path = world.dir().join("access.log");
    let new = (0..lines).fold(String::new(), |new, n| new + &format!("new {n}\n"));
    let refill = new.clone();
    interfere(at, move || {
        let mut file = File::options().append(true).open(path).unwrap();
        file.set_len(0).unwrap();
        file.write_all(refill.as_bytes()).unwrap();
    });
    world.pass();
    let happened = disarm();
    for _ in 0..3 {
        world.pass();
    }
    let mut found = Vec::new();
    for segment in world.segments(Form::Gz) {
        MultiGzDecoder::new(File::open(world.dir().join(segment.name(Form::Gz))).unwrap()).read_to_end(&mut found).unwrap();
    }
    found.extend(world.live_lines());
    let (old, new) = (String::from_utf8(world.expected.clone()).unwrap(), if happened { new } else { String::new() });
    let found = String::from_utf8(found).unwrap();
    let before = found.strip_suffix(&new).unwrap_or_else(|| panic!("call {at}: {found:?}"));
    assert!(old.starts_with(before), "call {at}: {found:?}");
    happened
}

#[test]
fn lines_after_a_truncation_are_never_freed() {
    for lines in [3, 9, 12, 40, 100] {
        let calls = (0..1_000).find(|at| !truncate_at(*at, lines));
        assert!(calls > Some(30), "only {calls:?} system calls in a pass");
    }
}

#[test]
fn disk_error_at_each_call_in_place_breaks_nothing() {
    for errno in [Errno::NOSPC, Errno::IO, Errno::ACCESS, Errno::OPNOTSUPP] {
        for after in 0.. {
            let mut world = in_place_world();
            let happened = world.pass_with(after, Fault::Error(errno));
            world.write(10);
            world.pass();
            world.finish();
            if !happened {
                break;
            }
        }
    }
}

#[test]
fn disk_error_at_each_call_breaks_nothing() {
    for errno in [Errno::NOSPC, Errno::IO, Errno::ACCESS, Errno::MFILE] {
        for after in 0.. {
            let mut world = busy_world();
            let happened = world.pass_with(after, Fault::Error(errno));
            // The same shipper goes on by itself.
            world.pass();
            if world.shipper.is_some() {
                assert_eq!(world.segments(Form::Plain), [], "{errno:?} after {after}");
            }
            world.finish();
            if !happened {
                break;
            }
        }
    }
}

/// Lines of a log, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn full_disk_is_logged_once_and_counted() {
    let lines = Lines::default();
    let kept = lines.clone();
    // Global: interest that another test's thread has cached for a callsite would hide it from a subscriber of this thread.
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_thread_names(true).with_writer(move || kept.clone());
    subscriber.try_init().unwrap();
    let metrics = Arc::new(Metrics::default());
    let mut world = World::new();
    world.write(10);
    world.kill_writer(0);
    let root = Dir::open(world.root.path()).unwrap();
    let pod = Pod::open(&root, OsStr::new("pod")).unwrap();
    assert_eq!(Rotator::default().pass(&pod, &POLICY, world.now).unwrap().rotated, 1);
    let mut worker = Compactor::new(&metrics, &Arc::default());
    // The first calls list the directory; from some call on it is the compression that fails.
    let failed = (0..100).any(|after| {
        arm(after, Fault::Error(Errno::NOSPC));
        let rest = worker.pass(&pod, &POLICY, &mut || Ok(()));
        disarm();
        rest.is_ok_and(|rest| rest.failed == 1)
    });
    assert!(failed);
    assert_eq!(worker.pass(&pod, &POLICY, &mut || Ok(())).unwrap(), Backlog::default());
    drop(pod);
    world.finish();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let is_ours = |line: &&str| line.contains("full_disk_is_logged") && line.contains("operation=\"compress\"");
    let failures = text.lines().filter(is_ours).collect::<Vec<_>>();
    assert_eq!(failures.len(), 2, "{text}");
    assert!(failures[0].contains("ERROR") && failures[0].contains("No space left on device"), "{text}");
    assert!(failures[1].contains("INFO") && failures[1].contains("recovered"), "{text}");
    assert!(metrics.text().contains("errors_total{operation=\"compress\"} 1\n"), "{}", metrics.text());
}

#[test]
fn rotations_within_one_second_keep_their_order() {
    let mut world = World::new();
    for _ in 0..50 {
        world.write(10);
        world.pass();
        world.idle();
    }
    assert!(world.segments(Form::Plain).len() + world.segments(Form::Gz).len() >= 49);
    world.finish();
}

#[derive(Debug, Clone)]
enum Action {
    Write(u8),
    Idle,
    KillWriter(usize),
    Pass,
    KillShipper(u64),
    Restart,
    ClockStep(i64),
    DiskError(u64, bool),
    Plant(u8),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..12_u8).prop_map(Action::Write),
        2 => Just(Action::Idle),
        2 => (0..6_usize).prop_map(Action::KillWriter),
        4 => Just(Action::Pass),
        4 => (0..70_u64).prop_map(Action::KillShipper),
        1 => Just(Action::Restart),
        1 => prop_oneof![Just(-31_536_000), Just(-1), Just(1), Just(31_536_000)].prop_map(Action::ClockStep),
        3 => (0..70_u64, any::<bool>()).prop_map(|(after, full)| Action::DiskError(after, full)),
        1 => (0..12_u8).prop_map(Action::Plant),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn random_faults_lose_and_repeat_no_line(lawless in any::<bool>(), actions in prop::collection::vec(action(), 1..24)) {
        let mut world = World::new();
        world.is_lawless = lawless;
        for action in actions {
            match action {
                Action::Write(lines) => world.write(lines),
                Action::Idle => world.idle(),
                Action::KillWriter(torn) => world.kill_writer(torn),
                Action::Pass => { world.pass(); }
                Action::KillShipper(after) => { world.pass_with(after, Fault::Kill); }
                Action::Restart => world.shipper = None,
                Action::ClockStep(seconds) => world.step(seconds),
                Action::DiskError(after, full) => {
                    world.pass_with(after, Fault::Error(if full { Errno::NOSPC } else { Errno::IO }));
                }
                Action::Plant(kind) => world.plant(kind),
            }
        }
        world.finish();
    }
}
