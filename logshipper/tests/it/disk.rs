//! A file system that is really full, and device nodes in the way.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Command;

use handoff::{Form, Segment, Writer};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::support::{Logs, POD, wait_until};

fn segment(number: u64) -> Segment {
    Segment::new("access".parse().unwrap(), number, "2026-07-23T10:11:12Z".parse().unwrap())
}

/// Bytes that gzip can't make fewer.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(count - 1).chain([b'\n']).collect()
}

#[test]
fn full_disk_keeps_segment_and_recovers() {
    let logs = Logs::on_a_small_file_system("3m");
    let ballast = logs.root().join(".ballast");
    fs::write(&ballast, vec![0; 1600 << 10]).unwrap();
    let (plain, bytes) = (logs.path(&segment(1).name(Form::Plain)), noise(1 << 20));
    fs::write(&plain, &bytes).unwrap();
    let daemon = logs.started(&[]);
    let failures = || logs.lines_of_daemon().matches("No space left on device").count();
    wait_until("the failure", || failures() > 0);
    wait_until("tried again", || !logs.admin("/metrics").1.contains("logshipper_errors_total{operation=\"compress\"} 1\n"));
    assert_eq!(failures(), 1, "{}", logs.lines_of_daemon());
    assert!(fs::read(&plain).unwrap() == bytes);
    assert!(!logs.path(&segment(1).name(Form::Gz)).exists());
    // A writer learns of it, and a torn line doesn't reach into the next.
    let writer = Writer::open(&logs.pod(), "err").unwrap();
    assert_eq!(writer.write(&noise(1 << 20)).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    fs::remove_file(&ballast).unwrap();
    writer.write(b"after\n").unwrap();
    logs.wait_for_all_compressed();
    wait_until("said so", || logs.lines_of_daemon().contains("recovered"));
    drop(writer);
    logs.finish(daemon, &[]);
    assert!(logs.read("access") == bytes);
    assert!(logs.read("err").ends_with(b"\nafter\n"));
    assert!(logs.names().iter().all(|name| !name.contains(".tmp") && !name.contains(".bad")), "{:?}", logs.names());
}

#[test]
fn device_nodes_are_not_opened_read_or_removed() {
    let logs = Logs::new();
    let gz = segment(2).name(Form::Gz);
    let names = [
        String::from("err.log"),
        segment(1).name(Form::Plain),
        gz.clone(),
        format!(".{}.tmp", segment(3).name(Form::Gz)),
        format!("{gz}.bad1"),
    ];
    let node =
        |name: &str, device: u64| mknodat(CWD, logs.path(name), FileType::CharacterDevice, Mode::from_raw_mode(0o666), device);
    for name in &names {
        // Device 0:0 is anyone's to make; a real one, which could be read without end, is root's.
        node(name, makedev(1, 5)).or_else(|_| node(name, makedev(0, 0))).unwrap();
    }
    let daemon = logs.started(&["--rotate-bytes", "1B", "--keep-segments", "1", "--orphan-age", "1s", "--node-quota", "1B"]);
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    writer.write(b"line\n").unwrap();
    wait_until("rotated past them", || logs.lines_of_daemon().contains("live file rotated"));
    writer.check().unwrap();
    wait_until("compressed", || logs.lines_of_daemon().contains("segment compressed"));
    daemon.stop();
    for name in &names {
        assert!(fs::symlink_metadata(logs.path(name)).unwrap().file_type().is_char_device(), "{name}");
    }
    for arguments in [vec!["ls"], vec!["cat", POD], vec!["verify"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
        let output = command.env_clear().env("LOG_ROOT", logs.root()).args(&arguments).output().unwrap();
        // Nothing hangs, and what can't be read is reported.
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(!output.status.success() && String::from_utf8_lossy(&said).contains("single link"), "{arguments:?}: {output:?}");
    }
    // In the place of the lock, it is no lock.
    fs::remove_file(logs.path(".logshipper.lock")).unwrap();
    node(".logshipper.lock", makedev(1, 5)).or_else(|_| node(".logshipper.lock", makedev(0, 0))).unwrap();
    let daemon = logs.started(&[]);
    wait_until("said so", || logs.lines_of_daemon().contains("\"operation\":\"open\""));
    daemon.stop();
}
