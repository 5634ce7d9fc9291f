//! Order on the node: directories of dead pods, and the quota.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use handoff::Writer;

use crate::support::{Logs, POD, wait_until};

const SEGMENT: &str = "access.000001.20260723T101112Z.log";

/// Leaves what a dead pod leaves: its lock, a live file and a plain segment.
fn leave(logs: &Logs, pod: &str, last_line: SystemTime) {
    let dir = logs.root().join(pod);
    fs::create_dir(&dir).unwrap();
    for (name, text) in [(".logshipper.lock", ""), ("access.log", "2\n"), (SEGMENT, "1\n"), ("empty.log", "")] {
        fs::write(dir.join(name), text).unwrap();
        File::options().write(true).open(dir.join(name)).unwrap().set_modified(last_line).unwrap();
    }
}

fn hours_ago(hours: u64) -> SystemTime {
    SystemTime::now() - Duration::from_hours(hours)
}

fn names(logs: &Logs, pod: &str) -> Vec<String> {
    let entries = fs::read_dir(logs.root().join(pod)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn dead_pod_is_compressed_and_removed_by_age() {
    let logs = Logs::new();
    leave(&logs, "recent", SystemTime::now());
    leave(&logs, "old", hours_ago(2));
    fs::create_dir(logs.root().join("not-a-pod")).unwrap();
    fs::write(logs.root().join("not-a-pod/access.log"), "mine\n").unwrap();
    let daemon = logs.started(&["--orphan-age", "1h"]);
    // The time of grace is 5 minutes of a free lock: within it nothing happens, however old the files are.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(names(&logs, "old"), [".logshipper.lock", SEGMENT, "access.log", "empty.log"]);
    daemon.stop();

    let daemon = logs.started(&["--orphan-age", "3s"]);
    wait_until("both are removed", || !logs.root().join("old").exists() && !logs.root().join("recent").exists());
    assert_eq!(names(&logs, "not-a-pod"), ["access.log"]);
    wait_until("none is left", || logs.admin("/metrics").1.contains("logshipper_orphan_directories 0\n"));
    daemon.stop();
    // A live file and a plain segment of each were compressed before that. Lines come out a moment after what they say.
    assert_eq!(logs.lines_of_daemon().matches("\"segment compressed\"").count(), 4);
}

#[test]
fn idle_pod_and_unshipped_writer_lose_nothing() {
    let logs = Logs::new();
    leave(&logs, "written", hours_ago(2));
    let writer = Writer::open(&logs.root().join("written"), "access").unwrap();
    leave(&logs, "alive", hours_ago(2));
    let lock = File::open(logs.root().join("alive/.logshipper.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let before = names(&logs, "alive");
    fs::create_dir(logs.root().join("idle")).unwrap();
    fs::write(logs.root().join("idle/.logshipper.lock"), "").unwrap();
    let idle = Writer::open(&logs.root().join("idle"), "access").unwrap();
    let daemon = logs.started(&["--orphan-age", "1s"]);
    wait_until("the segment of the one without logshipper", || names(&logs, "written").contains(&format!("{SEGMENT}.gz")));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(names(&logs, "alive"), before);
    assert_eq!(names(&logs, "idle"), [".logshipper.lock", ".logshipper.rotate.lock", "access.log"]);
    idle.check().unwrap();
    writer.write(b"3\n").unwrap();
    assert_eq!(fs::read(logs.root().join("written/access.log")).unwrap(), b"2\n3\n");
    daemon.stop();
}

#[test]
fn foreign_files_and_links_are_not_removed() {
    let logs = Logs::new();
    leave(&logs, "dead", hours_ago(2));
    fs::write(logs.root().join("dead/notes.txt"), "mine").unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join(".logshipper.lock"), "").unwrap();
    fs::write(outside.path().join("access.log"), "mine\n").unwrap();
    symlink(outside.path(), logs.root().join("link")).unwrap();
    symlink(outside.path().join("access.log"), logs.root().join("dead/err.log")).unwrap();
    let daemon = logs.started(&["--orphan-age", "1s"]);
    wait_until("its segments are removed", || names(&logs, "dead") == ["err.log", "notes.txt"]);
    wait_until("said so", || logs.lines_of_daemon().contains("Directory not empty"));
    std::thread::sleep(Duration::from_secs(2));
    daemon.stop();
    assert_eq!(fs::read(outside.path().join("access.log")).unwrap(), b"mine\n");
    assert_eq!(logs.lines_of_daemon().matches("Directory not empty").count(), 1);
}

/// Every file of a directory with its bytes.
fn contents(dir: &Path) -> Vec<(OsString, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let mut contents: Vec<_> = entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
    contents.sort();
    contents
}

#[test]
fn swapped_directories_are_not_followed() {
    let logs = Logs::new();
    let outside = tempfile::tempdir().unwrap();
    let target = Logs::new();
    leave(&target, "outside", hours_ago(2));
    let target = target.root().join("outside");
    fs::rename(&target, outside.path().join("outside")).unwrap();
    let target = outside.path().join("outside");
    let before = contents(&target);
    let daemon = logs.started(&["--orphan-age", "1s", "--rotate-bytes", "1B", "--node-quota", "1B"]);
    wait_until("the lock", || logs.path(".logshipper.lock").exists());
    let swap = |name: &str| {
        let (path, away) = (logs.root().join(name), logs.root().join(".away"));
        let _ = fs::rename(&path, &away);
        symlink(&target, &path).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        fs::remove_file(&path).unwrap();
        let _ = fs::rename(&away, &path);
    };
    for round in 0..400 {
        if round % 50 == 0 && !logs.root().join("victim").exists() {
            leave(&logs, "victim", hours_ago(2));
        }
        swap("victim");
        swap(POD);
    }
    daemon.stop();
    assert!(contents(&target) == before);
}

#[test]
fn over_quota_removes_oldest_segments_not_live_files() {
    let logs = Logs::new();
    let gz = |pod: &str, n: u64| {
        let path = logs.root().join(pod).join(format!("access.{n:06}.20260723T101112Z.log.gz"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(&[b'x'; 1000]).unwrap();
        fs::write(&path, encoder.finish().unwrap()).unwrap();
        let age = Duration::from_secs(1000 - n);
        File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    };
    fs::create_dir(logs.root().join("other")).unwrap();
    for n in [1, 3, 5] {
        gz(POD, n);
        gz("other", n + 1);
    }
    fs::write(logs.path("access.log"), [b'x'; 900]).unwrap();
    let daemon = logs.started(&["--node-quota", "4000"]);
    wait_until("three are removed", || names(&logs, "other").len() + logs.segments(handoff::Form::Gz).len() == 3);
    wait_until("counted", || logs.admin("/metrics").1.contains("logshipper_segments_removed_total{reason=\"quota\"} 3\n"));
    assert_eq!(names(&logs, "other"), ["access.000004.20260723T101112Z.log.gz", "access.000006.20260723T101112Z.log.gz"]);
    assert!(logs.path("access.log").exists());
    drop(daemon);
}

#[test]
fn large_files_of_a_pod_cost_neighbours_nothing() {
    let logs = Logs::new();
    let other = logs.root().join("other");
    fs::create_dir(&other).unwrap();
    let gz = other.join(format!("{SEGMENT}.gz"));
    fs::write(&gz, [b'x'; 1000]).unwrap();
    // Of a program that rotates by itself, and one in a subdirectory: neither is managed.
    fs::create_dir(logs.path("sub")).unwrap();
    fs::write(logs.path("catalina.out"), [b'x'; 5000]).unwrap();
    fs::write(logs.path("sub/app.log"), [b'x'; 5000]).unwrap();
    let daemon = logs.started(&["--node-quota", "4000"]);
    wait_until("counted", || logs.admin("/metrics").1.contains("logshipper_root_bytes 11000\n"));
    wait_until("reported", || logs.lines_of_daemon().contains("exceeded by files that can't be removed"));
    assert!(gz.exists());
    daemon.stop();
}
