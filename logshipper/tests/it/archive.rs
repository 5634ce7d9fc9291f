//! The archive: uploaded once whatever happens, kept until then, and read like what is here.

use std::fs;
use std::io::Write;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use handoff::{Form, Segment, Writer};

use crate::store::{Store, URL};
use crate::support::{Logs, POD, in_time, wait_until};

const EACH_LINE: [&str; 2] = ["--rotate-bytes", "1B"];

/// Writes lines, each of which becomes a segment.
fn write(logs: &Logs, numbers: std::ops::RangeInclusive<u32>) {
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    for number in numbers {
        writer.write(format!("line {number}\n").as_bytes()).unwrap();
        wait_until("rotated", || !logs.path("access.log").exists());
        writer.check().unwrap();
    }
}

fn metric(logs: &Logs, line: &str) -> bool {
    logs.admin("/metrics").1.contains(&format!("{line}\n"))
}

/// Compresses bytes as another program does.
fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn segment(number: u64) -> Segment {
    Segment::new("access".parse().unwrap(), number, "2026-07-23T10:11:12Z".parse().unwrap())
}

fn cat(store: &Store, logs: &Logs, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    command.env_clear().env("LOG_ROOT", logs.root()).args(arguments);
    store.for_command(&mut command).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn segments_are_uploaded_once_with_exact_bytes() {
    let (store, logs) = (Store::start(), Logs::new());
    let daemon = store.ship(&logs, &EACH_LINE);
    write(&logs, 1..=3);
    wait_until("all are archived", || metric(&logs, "logshipper_archived_segments_total 3"));
    let keys = store.keys();
    assert_eq!(keys.len(), 3, "{keys:?}");
    for (segment, key) in logs.segments(Form::Gz).iter().zip(&keys) {
        let crc = crc32fast::hash(format!("line {}\n", segment.sequence).as_bytes());
        let time = segment.time.format("%Y%m%dT%H%M%SZ");
        // These lines have no time: the date is that of the segment.
        let date = segment.time.format("%Y-%m-%d");
        assert_eq!(*key, format!("stream=access/date={date}/{POD}.{:06}.{time}.{crc:08x}.log.gz", segment.sequence));
        assert!(store.object(key) == fs::read(logs.path(&segment.name(Form::Gz))).unwrap());
    }
    let bytes: usize = keys.iter().map(|key| store.object(key).len()).sum();
    assert!(metric(&logs, &format!("logshipper_archived_bytes_total {bytes}")));
    wait_until("nothing waits", || metric(&logs, "logshipper_archive_pending_segments 0"));
    assert!(metric(&logs, "logshipper_archive_lag_seconds 0"));
    daemon.stop();
    // The mark tells another run that there is nothing to do: it asks nothing.
    let asked = store.requests("").len();
    let daemon = store.ship(&logs, &EACH_LINE);
    write(&logs, 4..=4);
    wait_until("the next is archived", || store.keys().len() == 4);
    daemon.stop();
    assert_eq!(store.requests("PUT").len(), 4);
    assert_eq!(store.requests("").len(), asked + 2);
    assert!(!logs.lines_of_daemon().contains("hunter2"));
}

#[test]
fn kill_after_upload_does_not_upload_twice() {
    let (store, logs) = (Store::start(), Logs::new());
    store.set_hold(true);
    let daemon = store.ship(&logs, &EACH_LINE);
    write(&logs, 1..=2);
    wait_until("the object is there", || store.keys().len() == 1);
    daemon.kill();
    store.set_hold(false);
    let daemon = store.ship(&logs, &EACH_LINE);
    wait_until("all are archived", || logs.lines_of_daemon().matches("\"segment archived\"").count() == 2);
    daemon.stop();
    assert_eq!((store.keys().len(), store.requests("PUT").len()), (2, 2), "{:?}", store.requests(""));
    assert!(logs.lines_of_daemon().contains("\"uploaded\":false"));
}

#[test]
fn unreachable_store_keeps_segments_despite_retention() {
    let (store, logs) = (Store::start(), Logs::new());
    store.set_down(true);
    let daemon = store.ship(&logs, &["--rotate-bytes", "1B", "--keep-segments", "1"]);
    write(&logs, 1..=5);
    logs.wait_for_all_compressed();
    wait_until("tried again", || {
        let (_, text) = logs.admin("/metrics");
        let failed = text.lines().find_map(|line| line.strip_prefix("logshipper_archive_errors_total{kind=\"unreachable\"} "));
        failed.is_some_and(|failed| failed.parse::<u32>().unwrap() >= 2)
    });
    assert_eq!(logs.segments(Form::Gz).len(), 5);
    assert!(metric(&logs, "logshipper_archive_pending_segments 5"));
    wait_until("the lag grows", || !metric(&logs, "logshipper_archive_lag_seconds 0"));
    store.set_down(false);
    wait_until("all are archived", || store.keys().len() == 5);
    wait_until("retention goes on", || logs.segments(Form::Gz).len() == 1);
    daemon.stop();
    assert_eq!(store.requests("PUT").iter().filter(|line| !line.contains("uploadId")).count(), 5);
    let lines = logs.lines_of_daemon();
    let news: Vec<_> = lines.lines().filter(|line| line.contains("\"operation\":\"archive\"")).collect();
    assert_eq!(news.len(), 2, "{news:?}");
    assert!(news[0].contains("can't be reached") && news[1].contains("recovered"), "{news:?}");
}

#[test]
fn shutdown_uploads_until_deadline_and_logs_the_rest() {
    let (store, logs) = in_time(|logs| {
        let store = Store::start();
        let daemon = store.ship(logs, &[]);
        let writer = Writer::open(&logs.pod(), "access").unwrap();
        writer.write(b"last words\n").unwrap();
        drop(writer);
        daemon.stop();
        store
    });
    assert_eq!(store.keys().len(), 1);
    store.set_down(true);
    let daemon = store.ship(&logs, &[]);
    Writer::open(&logs.pod(), "access").unwrap().write(b"more\n").unwrap();
    daemon.stop();
    assert_eq!(logs.late(), 1, "{}", logs.lines_of_daemon());
    store.set_down(false);
    let daemon = store.ship(&logs, &[]);
    wait_until("the rest", || store.keys().len() == 2);
    // A store that doesn't answer delays no other work.
    store.set_hold(true);
    Writer::open(&logs.pod(), "access").unwrap().write(b"and more\n").unwrap();
    daemon.stop();
    assert_eq!(logs.late(), 2, "{}", logs.lines_of_daemon());
}

#[test]
fn dead_pod_is_archived_by_one_shipper_then_removed() {
    let (store, logs) = (Store::start(), Logs::new());
    let dead = logs.root().join("ns_dead_1");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join(".logshipper.lock"), "").unwrap();
    fs::write(dead.join("access.log"), "live\n").unwrap();
    fs::write(dead.join(segment(7).name(Form::Plain)), "plain\n").unwrap();
    fs::write(dead.join(segment(8).name(Form::Gz)), gz(b"without an index\n")).unwrap();
    store.set_down(true);
    let short = ["--orphan-age", "1s"];
    let one = store.ship(&logs, &short);
    let two = logs.started_as(store.for_command(&mut logs.command_for("pod-2", &short)));
    wait_until("all of it is compressed", || compressed(&dead) == 3);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(compressed(&dead), 3, "removed before it was archived");
    store.set_down(false);
    wait_until("removed", || !dead.exists());
    let mut lines: Vec<_> = store.keys().iter().map(|key| unpacked(&store.object(key))).collect();
    lines.sort();
    assert_eq!(lines, ["live\n", "plain\n", "without an index\n"]);
    assert!(store.keys().iter().all(|key| key.contains("/ns_dead_1.")));
    assert_eq!(store.requests("PUT").len(), 3);
    one.stop();
    two.stop();
}

#[test]
fn sequence_numbers_go_on_after_all_segments_are_gone() {
    let (store, logs) = (Store::start(), Logs::new());
    let daemon = store.ship(&logs, &EACH_LINE);
    write(&logs, 1..=2);
    wait_until("both are archived", || store.keys().len() == 2);
    daemon.stop();
    let remove = |with: &[&str]| {
        for name in logs.names().iter().filter(|name| with.iter().any(|with| name.contains(with))) {
            fs::remove_file(logs.path(name)).unwrap();
        }
    };
    // By the record in the directory, then by the archive.
    for (number, lost) in [(3, vec![".gz"]), (4, vec![".gz", ".logshipper.rotate"])] {
        remove(&lost);
        let daemon = store.ship(&logs, &EACH_LINE);
        write(&logs, number..=number);
        wait_until("archived", || store.keys().len() == number as usize);
        assert_eq!(logs.segments(Form::Gz).last().unwrap().sequence, u64::from(number));
        daemon.stop();
    }
}

/// The number of compressed segments in a directory.
fn compressed(dir: &std::path::Path) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == "gz")).count()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(bytes), &mut text).unwrap();
    text
}

#[test]
fn quota_removes_archived_first_and_counts_lost() {
    let (store, logs) = (Store::start(), Logs::new());
    let noise = |seed: u64| -> Vec<u8> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            b'a' + (state % 26) as u8
        };
        (0..4000).map(|_| next()).chain([b'\n']).collect()
    };
    let age = |path: &std::path::Path, hours: u64| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
    };
    // The newer two are archived; the older two come while the store is down.
    for number in [3, 4] {
        fs::write(logs.path(&segment(number).name(Form::Gz)), gz(&noise(number))).unwrap();
        age(&logs.path(&segment(number).name(Form::Gz)), 1);
    }
    let daemon = store.ship(&logs, &[]);
    wait_until("two are archived", || metric(&logs, "logshipper_archived_segments_total 2"));
    store.set_down(true);
    daemon.stop();
    for number in [1, 2] {
        fs::write(logs.path(&segment(number).name(Form::Gz)), gz(&noise(number))).unwrap();
        age(&logs.path(&segment(number).name(Form::Gz)), 9);
    }
    let length = fs::metadata(logs.path(&segment(1).name(Form::Gz))).unwrap().len();
    let daemon = store.ship(&logs, &["--node-quota", &(length + 100).to_string()]);
    wait_until("three are removed", || logs.segments(Form::Gz) == [segment(2)]);
    wait_until("one is counted", || metric(&logs, "logshipper_dropped_segments_total 1"));
    assert!(metric(&logs, "logshipper_segments_removed_total{reason=\"quota\"} 3"));
    let lines = logs.lines_of_daemon();
    assert_eq!(
        lines.lines().filter(|line| line.contains("NODE_QUOTA") && line.contains("\"archived\":false")).count(),
        1,
        "{lines}"
    );
    daemon.kill();
}

#[test]
fn archived_segments_read_like_local_ones() {
    let (store, logs) = (Store::start(), Logs::new());
    let start = 1_784_800_000;
    let line = |second: i64| {
        let time = chrono::DateTime::from_timestamp(start + second, 0).unwrap().format("%Y-%m-%dT%H:%M:%S%.6fZ");
        format!(
            "{{\"timestamp\":\"{time}\",\"level\":\"INFO\",\"message\":\"n{second}\",\"noise\":\"{:x}\"}}\n",
            second.wrapping_mul(0x5851_f42d_4c95_7f2d)
        )
    };
    let lines: Vec<_> = (0..120_000).map(line).collect();
    for (number, lines) in (1..).zip(lines.chunks(40_000)) {
        fs::write(logs.path(&segment(number).name(Form::Plain)), lines.concat()).unwrap();
    }
    let daemon = store.ship(&logs, &[]);
    wait_until("all are archived", || store.keys().len() == 3);
    daemon.stop();
    fs::write(logs.path("access.log"), line(120_000)).unwrap();
    let all = format!("{}{}", lines.concat(), line(120_000));
    let local = text(&cat(&store, &logs, &["cat", POD, "access"]));
    assert!(local == all);
    // Both places hold all of it: each line comes once.
    assert!(text(&cat(&store, &logs, &["cat", POD, "access", "--archive"])) == all);
    assert_eq!(text(&cat(&store, &logs, &["verify", "--archive"])).lines().last().unwrap().split(' ').next(), Some("3"));
    for number in [1, 3] {
        fs::remove_file(logs.path(&segment(number).name(Form::Gz))).unwrap();
    }
    assert!(text(&cat(&store, &logs, &["cat", "--archive"])) == all);
    let tail = text(&cat(&store, &logs, &["tail", POD, "access", "--archive", "-n", "3"]));
    assert_eq!(tail, lines[119_998..].concat() + &line(120_000));
    // A window fetches an index and the members that hold it, not the object.
    let before = store.requests("GET").len();
    let at = |second: i64| chrono::DateTime::from_timestamp(start + second, 0).unwrap().to_rfc3339();
    let window = ["cat", POD, "access", "--archive", "--since", &at(100), "--until", &at(110)];
    assert!(text(&cat(&store, &logs, &window)) == lines[100..110].concat());
    let largest = store.keys().iter().map(|key| store.object(key).len()).max().unwrap();
    let fetched: u64 = store.requests("GET")[before..].iter().filter_map(|line| range(line)).sum();
    assert!(fetched > 0 && fetched < largest as u64 / 2, "{fetched} of {largest}");
    // A pod whose node is gone is in the archive alone.
    fs::remove_dir_all(logs.pod()).unwrap();
    assert!(text(&cat(&store, &logs, &["cat", POD, "access", "--archive"])) == lines.concat());
    let list = text(&cat(&store, &logs, &["ls", "--archive", "--output", "json"]));
    assert!(list.contains("\"archived_segments\": 3") && list.contains("\"first\": \"2026-07-23"), "{list}");
    // A damaged object is found.
    let key = store.bucket().join("cluster-1").join(&store.keys()[1]);
    let mut bytes = fs::read(&key).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&key, bytes).unwrap();
    let verify = cat(&store, &logs, &["verify", "--archive"]);
    assert_eq!(verify.status.code(), Some(1));
    assert!(String::from_utf8(verify.stdout).unwrap().ends_with(" 1 problems\n"));
}

/// Number of bytes that a request asks for.
fn range(line: &str) -> Option<u64> {
    let (from, to) = line.rsplit_once("bytes=")?.1.split_once('-')?;
    Some(to.parse::<u64>().ok()? - from.parse::<u64>().ok()? + 1)
}

#[test]
fn large_segment_is_uploaded_in_parts() {
    let (store, logs) = (Store::start(), Logs::new());
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(20 << 20)
    .collect();
    fs::write(logs.path(&segment(1).name(Form::Plain)), noise).unwrap();
    let daemon = store.ship(&logs, &[]);
    wait_until("it is archived", || metric(&logs, "logshipper_archived_segments_total 1"));
    let key = &store.keys()[0];
    assert!(store.object(key) == fs::read(logs.path(&segment(1).name(Form::Gz))).unwrap());
    assert_eq!(store.requests("PUT").len(), 3);
    daemon.stop();
}

#[test]
fn directory_serves_as_archive() {
    let logs = Logs::new();
    let archive = tempfile::tempdir().unwrap();
    let url = format!("file://{}", archive.path().display());
    let daemon = logs.started(&["--rotate-bytes", "1B", "--keep-segments", "1", "--archive-url", &url]);
    write(&logs, 1..=3);
    wait_until("all are archived", || metric(&logs, "logshipper_archived_segments_total 3"));
    wait_until("retention goes on", || logs.segments(Form::Gz).len() == 1);
    daemon.stop();
    let output = logs.output(&["cat", POD, "access", "--archive", "--archive-url", &url]);
    assert_eq!(text(&output), "line 1\nline 2\nline 3\n");
    // Numbers restart if no segment is left: no segment hides another.
    fs::remove_dir_all(logs.pod()).unwrap();
    fs::create_dir(logs.pod()).unwrap();
    let daemon = logs.started(&["--rotate-bytes", "1B", "--archive-url", &url]);
    fs::write(logs.path(&segment(1).name(Form::Plain)), "again 1\n").unwrap();
    fs::write(logs.path(&segment(2).name(Form::Plain)), "again 2\n").unwrap();
    wait_until("they are archived", || metric(&logs, "logshipper_archived_segments_total 2"));
    daemon.stop();
    let output = text(&logs.output(&["cat", POD, "access", "--archive", "--archive-url", &url]));
    let mut lines: Vec<_> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["again 1", "again 2", "line 1", "line 2", "line 3"]);
    fs::write(logs.path(&segment(3).name(Form::Gz)), gz(b"again 3\n")).unwrap();
    let planned = text(&logs.output(&["--dry-run", "--archive-url", &url]));
    assert_eq!(planned, format!("upload {}: it is not archived\n", segment(3)));
}

#[test]
fn archive_error_is_one_line() {
    let (store, logs) = (Store::start(), Logs::new());
    fs::write(logs.path("access.log"), "line\n").unwrap();
    for (name, value, kind, expected) in [
        (
            "AWS_SECRET_ACCESS_KEY",
            "wrong-hunter2",
            "credentials",
            "refuses these credentials, or what they may do: 403 Forbidden SignatureDoesNotMatch",
        ),
        ("ARCHIVE_URL", "s3://no-such-bucket", "missing", "NoSuchBucket"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "unreachable", "Connection refused"),
    ] {
        let daemon = logs.started_as(store.for_command(&mut logs.command(&EACH_LINE)).env(name, value));
        wait_until(kind, || logs.admin("/metrics").1.contains(&format!("logshipper_archive_errors_total{{kind=\"{kind}\"}}")));
        daemon.stop();
        let lines = logs.lines_of_daemon();
        assert!(lines.lines().any(|line| line.contains("\"operation\":\"archive\"") && line.contains(expected)), "{lines}");
        assert!(!lines.contains("hunter2"), "{lines}");
    }
    for (url, expected) in [
        ("gs://bucket", "must be s3://BUCKET/PREFIX, or file:///DIRECTORY of a directory that exists"),
        ("s3://user:hunter2@bucket", "must be s3://BUCKET/PREFIX, or file:///DIRECTORY of a directory that exists"),
        (URL, "AWS_ENDPOINT_URL is http://, in which anyone can read along: AWS_ALLOW_HTTP=true permits it"),
    ] {
        let mut command = logs.command(&[]);
        let output = store.for_command(&mut command).env_remove("AWS_ALLOW_HTTP").env("ARCHIVE_URL", url).output().unwrap();
        assert_eq!(output.status.code(), Some(64));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("ARCHIVE_URL: this value can't be used: {expected}\n"));
    }
    let output = logs.output(&["cat", "--archive"]);
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "ARCHIVE_URL: not set, and it has no default; --help describes it\n");
}

#[test]
fn find_goes_straight_to_the_minute_of_an_id() {
    let (store, logs) = (Store::start(), Logs::new());
    let start = chrono::DateTime::from_timestamp(1_784_800_000, 0).unwrap();
    let id =
        |minute: i64| format!("{:012x}7abc8def0123456789ab", (start + chrono::TimeDelta::minutes(minute)).timestamp_millis());
    let line = |minute: i64, stream: &str| {
        let time = (start + chrono::TimeDelta::minutes(minute)).format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let noise = minute.wrapping_mul(0x5851_f42d_4c95_7f2d);
        format!(
            "{{\"timestamp\":\"{time}\",\"level\":\"INFO\",\"stream\":\"{stream}\",\"trace_id\":\"{}\",\"noise\":\"{noise:x}\"}}\n",
            id(minute)
        )
    };
    // Two streams over ten days, one segment for each four hours.
    for stream in ["access", "app_db"] {
        for number in 1..=60 {
            let minutes = (number - 1) * 240..number * 240;
            let end = start + chrono::TimeDelta::minutes(minutes.end);
            let segment = Segment::new(stream.parse().unwrap(), number.try_into().unwrap(), end);
            let lines: String = minutes.map(|minute| line(minute, stream)).collect();
            fs::write(logs.path(&segment.name(Form::Plain)), lines).unwrap();
        }
    }
    let daemon = store.ship(&logs, &["--keep-segments", "1"]);
    wait_until("all are archived", || store.keys().len() == 120);
    daemon.stop();
    fs::remove_dir_all(logs.pod()).unwrap();
    let before = store.requests("GET").len();
    assert_eq!(text(&cat(&store, &logs, &["find", &id(7000)])), line(7000, "access") + &line(7000, "app_db"));
    let reads = store.requests("GET")[before..].iter().filter(|line| range(line).is_some()).count();
    assert!(reads <= 2 * 6, "{reads} ranged reads for two streams");
    let unknown = cat(&store, &logs, &["find", "0af7651916cd43dd8448eb211c80319c"]);
    let error = String::from_utf8(unknown.stderr).unwrap();
    assert!(unknown.status.code() == Some(1) && error.contains("--since"), "{error}");
    let absent = cat(&store, &logs, &["find", &id(7000).replace("abc8", "abc9")]);
    let error = String::from_utf8(absent.stderr).unwrap();
    assert!(absent.status.code() == Some(1) && absent.stdout.is_empty() && error.contains("no line from"), "{error}");
    let since = start.format("%Y-%m-%d").to_string();
    assert_eq!(text(&cat(&store, &logs, &["find", &id(3)[..12], "--since", &since])).lines().count(), 2);
}
