//! No acknowledged line is lost or repeated, if any process is killed.

use std::time::Duration;

use handoff::Form;

use crate::support::{Logs, POD};

const BUSY: [&str; 4] = ["--rotate-bytes", "64KiB", "--keep-segments", "100000"];

/// A source of moments to kill at: different in every run, printed for the curious.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
        println!("moments from seed {seed}");
        Self(u64::from(seed) | 1)
    }

    /// Sleeps for up to `limit` milliseconds.
    fn sleep(&mut self, limit: u64) {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        std::thread::sleep(Duration::from_micros(self.0 % (limit * 1000)));
    }
}

/// Checks that the lines of run 1 are 1, 2, … `count`.
fn assert_exact(logs: &Logs, count: u64) {
    let bytes = logs.read("access");
    let mut expected = 0;
    for line in bytes.strip_suffix(b"\n").unwrap().split(|&byte| byte == b'\n') {
        expected += 1;
        assert_eq!(std::str::from_utf8(line).unwrap(), format!("1 {expected}"));
    }
    assert_eq!(expected, count);
    let leftovers: Vec<_> = logs.names().into_iter().filter(|name| name.contains(".tmp") || name.contains(".bad")).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn busy_writer_lines_are_kept_once_in_order() {
    const LINES: u64 = 400_000;
    let logs = Logs::new();
    let daemon = logs.started(&BUSY);
    assert!(logs.write_numbered("access", 1, LINES, 0).wait().success());
    logs.wait_for_all_compressed();
    logs.finish(daemon, &BUSY);
    assert_exact(&logs, LINES);
    let segments = logs.segments(Form::Gz);
    println!("{LINES} lines in {} segments", segments.len());
    assert!(segments.len() >= 3, "{}", segments.len());
    assert!(segments.iter().map(|segment| segment.sequence).eq(1..=segments.len() as u64), "gaps");
}

#[test]
fn logshipper_is_killed_fifty_times() {
    const KILLS: u32 = 60;
    let logs = Logs::new();
    let mut moments = Moments::new();
    let (mut kills, mut lines) = (0, 0);
    let mut writer = logs.write_numbered("access", 1, u64::MAX, 0);
    while kills < KILLS || lines < 200_000 {
        let mut daemon = logs.start(&BUSY);
        moments.sleep(80);
        assert!(daemon.is_running(), "{}", logs.lines_of_daemon());
        daemon.kill();
        kills += 1;
        lines = logs.acknowledged(1);
        assert!(writer.is_running());
    }
    writer.kill();
    let daemon = logs.started(&BUSY);
    logs.wait_for_all_compressed();
    logs.finish(daemon, &BUSY);
    // The writer may have been killed between a line and its acknowledgement.
    let read = logs.read("access").split(|&byte| byte == b'\n').skip(1).count() as u64;
    let acknowledged = logs.acknowledged(1);
    assert!((acknowledged..=acknowledged + 1).contains(&read), "{read} lines, {acknowledged} acknowledged");
    println!("{kills} kills, {read} lines, {} segments", logs.segments(Form::Gz).len());
    assert_exact(&logs, read);
}

#[test]
fn killed_writer_loses_no_line() {
    const RUNS: u32 = 24;
    let logs = Logs::new();
    let mut moments = Moments::new();
    let daemon = logs.started(&BUSY);
    for run in 1..=RUNS {
        let mut writer = logs.write_numbered("access", run, u64::MAX, 8 << 20);
        moments.sleep(200);
        assert!(writer.is_running());
        writer.kill();
    }
    logs.wait_for_all_compressed();
    logs.finish(daemon, &BUSY);

    let bytes = logs.read("access");
    let (mut lines, mut torn) = (vec![0; RUNS as usize + 1], vec![0; RUNS as usize + 1]);
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let digits = line.iter().position(|&byte| byte == b'x').unwrap_or(line.len());
        let (run, number) =
            std::str::from_utf8(&line[..digits]).unwrap().split_once(' ').unwrap_or_else(|| panic!("torn in the run"));
        let (run, number): (usize, u64) = (run.parse().unwrap(), number.parse().unwrap());
        let padding = line.len() - digits;
        if padding == if number % 100 == 0 { 8 << 20 } else { 0 } && number == lines[run] + 1 {
            lines[run] += 1;
        } else {
            assert!(number % 100 == 0 && padding < 8 << 20, "{POD}: run {run}, line {number} after {}", lines[run]);
            torn[run] += 1;
        }
    }
    for run in 1..=RUNS as usize {
        let acknowledged = logs.acknowledged(u32::try_from(run).unwrap());
        assert!((acknowledged..=acknowledged + 1).contains(&lines[run]), "run {run}: {} of {acknowledged}", lines[run]);
        assert!(torn[run] <= 1, "run {run}: {} torn lines", torn[run]);
    }
    println!("{RUNS} kills, {} lines, {} torn", lines.iter().sum::<u64>(), torn.iter().sum::<u32>());
}
