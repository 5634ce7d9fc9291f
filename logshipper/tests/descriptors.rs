//! Nothing grows with the number of rotations. Alone in its process, so that every descriptor is its own.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::ffi::OsStr;
use std::fs;
use std::time::Duration;

use handoff::Writer;
use logshipper::compactor::{Backlog, Compactor};
use logshipper::dir::Dir;
use logshipper::plan::Policy;
use logshipper::pod::Pod;
use logshipper::rotate::Rotator;
use logshipper::survey::Now;

const ROTATIONS: u32 = 10_000;

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn ten_thousand_rotations_leak_nothing() {
    // Syncing costs nothing in memory, and descriptors are the same.
    let root = ["/dev/shm", "/tmp"].iter().find_map(|dir| tempfile::tempdir_in(dir).ok()).unwrap();
    let pod = Pod::open(&Dir::open(root.path()).unwrap(), OsStr::new("pod")).unwrap();
    let policy = Policy { rotate_bytes: 100, rotate_age: Duration::from_hours(1), keep_segments: 5, ..Policy::AT_ONCE };
    let writer = Writer::open(&root.path().join("pod"), "access").unwrap();
    let (mut rotator, mut worker) = (Rotator::default(), Compactor::default());
    let mut before = (0, 0);
    for rotation in 0..ROTATIONS {
        writer.write(&[b'x'; 100]).unwrap();
        assert_eq!(rotator.pass(&pod, &policy, Now::read()).unwrap().rotated, 1);
        writer.check().unwrap();
        assert_eq!(worker.pass(&pod, &policy, &mut || Ok(())).unwrap(), Backlog::default());
        if rotation == 100 {
            before = (descriptors(), resident_kilobytes());
        }
    }
    let after = (descriptors(), resident_kilobytes());
    println!("descriptors and resident kB after 100 rotations {before:?}, after {ROTATIONS} {after:?}");
    assert_eq!(before.0, after.0);
    assert!(after.1 < before.1 + 2048, "{before:?} {after:?}");
}
