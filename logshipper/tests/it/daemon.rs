//! Start, stop, bad settings, and files that earlier runs and unknown programs left in the directory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use handoff::{Form, Writer};
use rustix::fs::{CWD, FileType, FlockOperation, Mode, flock, mknodat};

use crate::support::{Logs, POD, Process, in_time, wait_until};

const SMALL: [&str; 2] = ["--rotate-bytes", "1kB"];
const SEGMENT: &str = "access.000007.20260723T101112Z.log";

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bad_settings_are_one_line_and_64() {
    let logs = Logs::new();
    for (arguments, expected) in [
        (
            ["--rotate-bytes", "ten"],
            "ROTATE_BYTES: \"ten\" can't be used: must be more than 0 bytes, such as 65536, 64KiB, 10MiB or 1GB\n",
        ),
        (["--rotate-age", "0s"], "ROTATE_AGE: \"0s\" can't be used: must be more than 0s\n"),
        (["--keep-segments", "0"], "KEEP_SEGMENTS: \"0\" can't be used: must be a whole number of at least 1\n"),
        (["--compress-level", "10"], "COMPRESS_LEVEL: \"10\" can't be used: must be a whole number from 1 to 9\n"),
    ] {
        let output = logs.output(&arguments);
        assert_eq!(output.status.code(), Some(64));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert_eq!(output.stdout, b"");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_logshipper"))
        .env_clear()
        .args(["--log-root=/nowhere", "--pod-name=pod"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("LOG_ROOT: \"/nowhere\" can't be used") && error.lines().count() == 1, "{error}");
    let output = Command::new(env!("CARGO_BIN_EXE_logshipper")).env_clear().env("LOG_ROOT", logs.root()).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("POD_NAME: not set") && error.lines().count() == 1, "{error}");
}

#[test]
fn admin_port_serves_metrics_and_probes() {
    let logs = Logs::new();
    let daemon = logs.started(&SMALL);
    wait_until("ready", || logs.admin("/readyz").0 == 200);
    assert_eq!(logs.admin("/livez").0, 200);
    assert_eq!(logs.admin("/nothing").0, 404);
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    writer.write(&[b'x'; 2000]).unwrap();
    wait_until("rotated", || logs.admin("/metrics").1.contains("logshipper_rotations_total{reason=\"size\"} 1\n"));
    wait_until("held", || logs.admin("/metrics").1.contains("logshipper_segments_in_use 1\n"));
    writer.check().unwrap();
    wait_until("compressed", || logs.admin("/metrics").1.contains("logshipper_segments_compressed_total 1\n"));
    wait_until("nothing waits", || logs.admin("/metrics").1.contains("logshipper_segments_in_use 0\n"));
    let (_, text) = logs.admin("/metrics");
    // One byte more than was written: the end of the torn line.
    assert!(
        text.contains("logshipper_uncompressed_bytes_total 2001\n") && text.contains("logshipper_pending_segments 0\n"),
        "{text}"
    );
    daemon.stop();
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    let output = command
        .env_clear()
        .arg("--log-root")
        .arg(logs.root())
        .args(["--pod-name", POD, "--admin-addr", "here"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("ADMIN_ADDR: \"here\" can't be used: must be an address"));
}

#[test]
fn second_logshipper_refuses_to_start() {
    let logs = Logs::new();
    let first = logs.start(&SMALL);
    wait_until("the first has started", || logs.lines_of_daemon().contains("started"));
    wait_until("the lock", || logs.path(".logshipper.lock").exists());
    let second = logs.output(&SMALL);
    assert_eq!(second.status.code(), Some(1));
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(
        error,
        format!("POD_NAME {POD}: another logshipper works on this directory; stop it, or choose another directory\n")
    );
    first.stop();
    let third = logs.start(&SMALL);
    wait_until("the third has started", || logs.lines_of_daemon().matches("started").count() == 2);
    third.stop();
}

#[test]
fn idle_stream_is_rotated_by_age_and_compressed() {
    let logs = Logs::new();
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    writer.write(b"one\n").unwrap();
    let daemon = logs.started(&["--rotate-age", "100ms"]);
    wait_until("a segment", || {
        writer.check().unwrap();
        logs.segments(Form::Gz).len() == 1 && logs.segments(Form::Plain).is_empty()
    });
    daemon.stop();
    let gz = logs.path(&logs.segments(Form::Gz)[0].name(Form::Gz));
    for (program, arguments, expected) in
        [("gzip", vec!["-t"], ""), ("zcat", vec![], "one\n"), ("zgrep", vec!["-c", "one"], "1\n")]
    {
        let output = Command::new(program).args(arguments).arg(&gz).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{program}: {output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{program}");
    }
    assert_eq!(fs::read(logs.path("access.log")).unwrap(), b"");
}

#[test]
fn last_pass_is_quick_and_complete() {
    let ((), logs) = in_time(|logs| {
        fs::write(logs.path(SEGMENT), vec![b'\n'; 1 << 20]).unwrap();
        let daemon = logs.started(&SMALL);
        fs::write(logs.path("access.log"), vec![b'x'; 5000]).unwrap();
        let start = Instant::now();
        daemon.stop();
        // 2 s is what it has; the rest is for a machine that is busy with other tests.
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    });
    assert_eq!(logs.segments(Form::Gz).iter().map(|segment| segment.sequence).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(logs.segments(Form::Plain), []);
    assert!(!logs.path("access.log").exists());
}

#[test]
fn last_pass_closes_streams_without_writer() {
    let (writer, logs) = in_time(|logs| {
        let writer = Writer::open(&logs.pod(), "busy").unwrap();
        writer.write(b"1\n").unwrap();
        fs::write(logs.path("ended.log"), "2\n").unwrap();
        fs::write(logs.path("empty.log"), "").unwrap();
        logs.started(&SMALL).stop();
        writer
    });
    let segments: Vec<_> = logs.segments(Form::Gz).iter().map(|segment| segment.stream.to_string()).collect();
    assert_eq!(segments, ["ended"]);
    assert!(logs.path("busy.log").exists() && logs.path("empty.log").exists() && !logs.path("ended.log").exists());
    writer.write(b"3\n").unwrap();
    assert_eq!(fs::read(logs.path("busy.log")).unwrap(), b"1\n3\n");
}

#[test]
fn shutdown_during_compression_leaves_segment_intact() {
    let logs = Logs::new();
    File::create(logs.path(SEGMENT)).unwrap().set_len(8 << 30).unwrap();
    let daemon = logs.started(&SMALL);
    wait_until("compression has begun", || logs.names().iter().any(|name| name.contains(".tmp")));
    daemon.stop();
    assert_eq!(logs.segments(Form::Gz), []);
    assert!(!logs.names().iter().any(|name| name.contains(".tmp")), "{:?}", logs.names());
    assert!(logs.lines_of_daemon().contains("the next start continues"));
    fs::write(logs.path(SEGMENT), "short\n").unwrap();
    let daemon = logs.started(&SMALL);
    logs.wait_for_all_compressed();
    daemon.stop();
    assert_eq!(logs.read("access"), b"short\n");
}

#[test]
fn start_completes_an_interrupted_run() {
    let logs = Logs::new();
    let gz = |name: &str| format!("{name}.gz");
    let (whole, broken, other) =
        ("whole.000001.20260723T101112Z.log", "broken.000001.20260723T101112Z.log", "other.000001.20260723T101112Z.log");
    for name in [whole, broken, other, SEGMENT] {
        fs::write(logs.path(name), "1\n2\n").unwrap();
    }
    fs::write(logs.path(&gz(whole)), compressed(b"1\n2\n")).unwrap();
    fs::write(logs.path(&gz(broken)), &compressed(b"1\n2\n")[..20]).unwrap();
    fs::write(logs.path(&gz(other)), compressed(b"1\n")).unwrap();
    fs::write(logs.path(&format!(".{SEGMENT}.gz.tmp")), "half").unwrap();
    let kept = fs::read(logs.path(&gz(whole))).unwrap();
    let daemon = logs.started(&SMALL);
    logs.wait_for_all_compressed();
    daemon.stop();
    for stream in ["whole", "broken", "other", "access"] {
        assert_eq!(logs.read(stream), b"1\n2\n", "{stream}");
    }
    assert_eq!(fs::read(logs.path(&gz(whole))).unwrap(), kept, "made again without need");
    let names = logs.names();
    assert!(names.contains(&format!("{broken}.gz.bad1")) && names.contains(&format!("{other}.gz.bad1")), "{names:?}");
    assert!(!names.iter().any(|name| name.contains(".tmp")), "{names:?}");
}

#[test]
fn retention_removes_oldest_segments() {
    let logs = Logs::new();
    let name = |sequence: u32| format!("access.{sequence:06}.20260723T101112Z.log");
    for sequence in 1..=5 {
        fs::write(logs.path(&format!("{}.gz", name(sequence))), compressed(b"old\n")).unwrap();
    }
    fs::write(logs.path(&name(5)), "old\n").unwrap();
    fs::write(logs.path(&name(6)), "new\n").unwrap();
    let daemon = logs.started(&["--keep-segments", "2"]);
    logs.wait_for_all_compressed();
    wait_until("two are left", || logs.segments(Form::Gz).len() == 2);
    daemon.stop();
    assert_eq!(logs.segments(Form::Gz).iter().map(|segment| segment.sequence).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn writer_without_locks_is_rotated_in_place() {
    let logs = Logs::new();
    let mut file = File::options().create(true).append(true).open(logs.path("shell.log")).unwrap();
    let line = format!("{}\n", "a".repeat(99)).into_bytes();
    file.write_all(&line.repeat(1_000)).unwrap();
    let daemon = logs.started(&["--rotate-bytes", "10kB"]);
    wait_until("rotated", || logs.segments(Form::Gz).len() == 1);
    // The file's beginning stays.
    let freed = || fs::metadata(logs.path("shell.log")).unwrap().blocks() * 512 < (64 << 10) + 10_000;
    wait_until("freed", freed);
    file.write_all(&line.repeat(1_000)).unwrap();
    wait_until("rotated again", || logs.segments(Form::Gz).len() == 2);
    file.write_all(b"late\n").unwrap();
    let cat = Command::new(env!("CARGO_BIN_EXE_logshipper")).env_clear().env("LOG_ROOT", logs.root()).args(["cat", POD]).output();
    assert!(cat.unwrap().stdout == [line.repeat(2_000), b"late\n".to_vec()].concat(), "as read from segments and the live file");
    drop(file);
    daemon.stop();
    logs.wait_for_all_compressed();
    assert!(logs.read("shell") == [line.repeat(2_000), b"late\n".to_vec()].concat());
}

#[test]
fn open_file_is_rotated_in_place_at_the_end() {
    let logs = Logs::new();
    let mut file = File::options().create(true).append(true).open(logs.path("shell.log")).unwrap();
    file.write_all(b"one\ntwo\n").unwrap();
    let daemon = logs.started(&[]);
    daemon.stop();
    assert_eq!(logs.segments(Form::Gz).len(), 1);
    let cat = Command::new(env!("CARGO_BIN_EXE_logshipper")).env_clear().env("LOG_ROOT", logs.root()).args(["cat", POD]).output();
    assert_eq!(String::from_utf8_lossy(&cat.unwrap().stdout), "one\ntwo\n");
}

#[test]
fn file_inherited_by_child_delays_its_segment() {
    let logs = Logs::new();
    let mut file = File::options().create(true).append(true).open(logs.path("access.log")).unwrap();
    flock(&file, FlockOperation::LockShared).unwrap();
    file.write_all(&[b'a'; 2000]).unwrap();
    let child = Process::spawn(Command::new("sleep").arg("1000").stdout(file));
    let daemon = logs.started(&SMALL);
    wait_until("held", || logs.admin("/metrics").1.contains("logshipper_segments_in_use 1\n"));
    wait_until("its wait is counted", || !logs.admin("/metrics").1.contains("logshipper_pending_age_seconds 0\n"));
    assert_eq!(logs.segments(Form::Gz), []);
    child.kill();
    logs.wait_for_all_compressed();
    wait_until("nothing waits", || logs.admin("/metrics").1.contains("logshipper_pending_segments 0\n"));
    daemon.stop();
}

#[test]
fn unknown_files_are_left_alone() {
    let logs = Logs::new();
    let outside = logs.root().join("outside");
    fs::write(&outside, vec![b's'; 5000]).unwrap();
    let planted = "planted.000001.20260723T101112Z.log";
    symlink(&outside, logs.path(planted)).unwrap();
    symlink(&outside, logs.path("linked.log")).unwrap();
    fs::hard_link(&outside, logs.path("hard.log")).unwrap();
    fs::hard_link(&outside, logs.path("hard.000001.20260723T101112Z.log")).unwrap();
    for name in ["fifo.log", "fifo.000001.20260723T101112Z.log"] {
        mknodat(CWD, logs.path(name), FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
    }
    fs::create_dir(logs.path("directory.log")).unwrap();
    fs::write(logs.path("line\nbreak.log"), vec![b'x'; 5000]).unwrap();
    fs::write(logs.pod().join(OsStr::from_bytes(b"\xff\xfe.log")), vec![b'x'; 5000]).unwrap();
    let before = logs.names();
    fs::write(logs.path(SEGMENT), "mine\n").unwrap();
    symlink(&outside, logs.path(&format!("{SEGMENT}.gz"))).unwrap();
    let daemon = logs.started(&SMALL);
    wait_until("its own segment is compressed", || !logs.path(SEGMENT).exists());
    fs::write(logs.path("access.log"), vec![b'x'; 5000]).unwrap();
    wait_until("its own live file is rotated", || logs.segments(Form::Gz).iter().any(|segment| segment.sequence == 8));
    daemon.stop();
    assert!(before.iter().all(|name| logs.names().contains(name)), "{:?}", logs.names());
    assert_eq!(fs::read(&outside).unwrap(), vec![b's'; 5000]);
    assert!(fs::symlink_metadata(logs.path(&format!("{SEGMENT}.gz"))).unwrap().is_file());
}

#[test]
fn removed_directory_is_opened_again() {
    let logs = Logs::new();
    let daemon = logs.started(&SMALL);
    wait_until("the lock", || logs.path(".logshipper.lock").exists());
    fs::remove_dir_all(logs.pod()).unwrap();
    wait_until("it is made again", || logs.path(".logshipper.lock").exists());
    Writer::open(&logs.pod(), "access").unwrap().write(&[b'x'; 3000]).unwrap();
    wait_until("a segment", || logs.segments(Form::Gz).len() == 1);
    daemon.stop();
}
