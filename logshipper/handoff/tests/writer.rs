//! The writer against a real file system: rotation, damage and unknown files in its directory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::thread;
use std::time::{Duration, Instant};

use handoff::Writer;
use rustix::fs::{CWD, FileType, FlockOperation, Mode, flock, mknodat};
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn follows_a_rename_and_lets_go_of_the_old_file() {
    let dir = directory();
    let writer = Writer::open(dir.path(), "access").unwrap();
    writer.write(b"1\n").unwrap();
    let (live, segment) = (dir.path().join("access.log"), dir.path().join("segment"));
    fs::rename(&live, &segment).unwrap();
    let held = File::open(&segment).unwrap();
    assert!(flock(&held, FlockOperation::NonBlockingLockExclusive).is_err(), "the writer still holds it");
    let mut records = 1;
    while !live.exists() {
        records += 1;
        writer.write(format!("{records}\n").as_bytes()).unwrap();
    }
    flock(&held, FlockOperation::NonBlockingLockExclusive).expect("the writer has let go");
    let lines: Vec<_> = (1..=records).map(|n| format!("{n}\n")).collect();
    let (last, before) = lines.split_last().unwrap();
    assert_eq!(fs::read_to_string(&segment).unwrap(), before.concat());
    assert_eq!(fs::read_to_string(&live).unwrap(), *last);
}

#[test]
fn idle_writer_releases_file_on_check() {
    let dir = directory();
    let writer = Writer::open(dir.path(), "access").unwrap();
    let segment = dir.path().join("segment");
    fs::rename(dir.path().join("access.log"), &segment).unwrap();
    writer.check().unwrap();
    flock(File::open(&segment).unwrap(), FlockOperation::NonBlockingLockExclusive).expect("the writer has let go");
}

#[test]
fn torn_line_of_a_crash_joins_no_other() {
    let dir = directory();
    fs::write(dir.path().join("access.log"), b"whole\nto").unwrap();
    let writer = Writer::open(dir.path(), "access").unwrap();
    writer.write(b"1\n").unwrap();
    writer.write(b"2\n").unwrap();
    assert_eq!(fs::read(dir.path().join("access.log")).unwrap(), b"whole\nto\n1\n2\n");
}

#[test]
fn vanished_directory_is_opened_again() {
    let parent = directory();
    let dir = parent.path().join("pod");
    let writer = Writer::open(&dir, "access").unwrap();
    writer.write(b"1\n").unwrap();
    fs::remove_dir_all(&dir).unwrap();
    fs::write(&dir, b"no directory").unwrap();
    while writer.write(b"lost\n").is_ok() {}
    fs::remove_file(&dir).unwrap();
    fs::create_dir(&dir).unwrap();
    writer.write(b"2\n").unwrap();
    fs::remove_dir_all(&dir).unwrap();
    while !dir.exists() {
        writer.write(b"3\n").unwrap();
    }
    assert_eq!(fs::read(dir.join("access.log")).unwrap(), b"3\n");
}

#[test]
fn rotated_file_is_kept_until_a_new_one_opens() {
    let dir = directory();
    let writer = Writer::open(dir.path(), "access").unwrap();
    let live = dir.path().join("access.log");
    fs::rename(&live, dir.path().join("segment")).unwrap();
    fs::create_dir(&live).unwrap();
    let start = Instant::now();
    // Longer than a batch: the next record checks the name again.
    while start.elapsed() < Duration::from_millis(2) {
        assert!(writer.check().is_err());
    }
    writer.write(b"1\n").unwrap();
    fs::remove_dir(&live).unwrap();
    writer.check().unwrap();
    writer.write(b"2\n").unwrap();
    assert_eq!(fs::read(dir.path().join("segment")).unwrap(), b"1\n");
    assert_eq!(fs::read(&live).unwrap(), b"2\n");
}

#[test]
fn unusable_live_file_is_refused_at_once() {
    let dir = directory();
    let live = dir.path().join("access.log");
    symlink("elsewhere", &live).unwrap();
    assert!(Writer::open(dir.path(), "access").is_err());
    assert!(!dir.path().join("elsewhere").exists());
    fs::remove_file(&live).unwrap();

    mknodat(CWD, &live, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    assert!(Writer::open(dir.path(), "access").is_err());
    let reader = File::options().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(&live).unwrap();
    assert!(Writer::open(dir.path(), "access").is_err(), "a FIFO with a reader");
    drop(reader);
    fs::remove_file(&live).unwrap();

    let file = File::create(&live).unwrap();
    flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(Writer::open(dir.path(), "access").unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(file);
    Writer::open(dir.path(), "access").unwrap().write(b"1\n").unwrap();
}

#[test]
fn bad_stream_name_and_missing_parent_are_errors() {
    let dir = directory();
    assert_eq!(Writer::new(dir.path(), "../access").unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(Writer::open(&dir.path().join("no/such"), "access").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn live_file_is_not_world_readable() {
    let dir = directory();
    Writer::open(dir.path(), "access").unwrap();
    let mode = fs::metadata(dir.path().join("access.log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}

#[test]
fn shared_writer_survives_renames_from_threads() {
    const THREADS: usize = 4;
    const RECORDS: usize = 5_000;
    let dir = directory();
    let writer = Writer::open(dir.path(), "access").unwrap();
    let mut segments = 0;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let writer = &writer;
                scope.spawn(move || {
                    (0..RECORDS).for_each(|n| writer.write(format!("{thread} {n}\n").as_bytes()).unwrap());
                })
            })
            .collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            let segment = dir.path().join(format!("segment-{segments}"));
            if fs::rename(dir.path().join("access.log"), segment).is_ok() {
                segments += 1;
            }
        }
    });
    let mut next = [0; THREADS];
    let names = (0..segments).map(|n| format!("segment-{n}")).chain([String::from("access.log")]);
    for text in names.filter_map(|name| fs::read_to_string(dir.path().join(name)).ok()) {
        for line in text.lines() {
            let (thread, number) = line.split_once(' ').unwrap();
            let expected = &mut next[thread.parse::<usize>().unwrap()];
            assert_eq!(number.parse::<usize>().unwrap(), *expected);
            *expected += 1;
        }
    }
    assert_eq!(next, [RECORDS; THREADS]);
}
