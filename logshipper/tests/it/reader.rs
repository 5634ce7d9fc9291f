//! `ls`, `cat`, `tail`, `verify`, `rotate` and `--dry-run` over live and compressed files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::{Command, Stdio};

use handoff::{Form, Segment, Writer};

use crate::support::{Logs, POD, Process, wait_until};

const START: i64 = 1_784_800_000;

/// A line of second `second` after some moment of 2026-07-23.
pub(crate) fn line(second: i64, level: &str, message: &str) -> String {
    let time = chrono::DateTime::from_timestamp(START + second, 0).unwrap().format("%Y-%m-%dT%H:%M:%S%.6fZ");
    format!("{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"message\":\"{message}\",\"padding\":\"{}\"}}\n", "p".repeat(100))
}

pub(crate) fn time(second: i64) -> String {
    chrono::DateTime::from_timestamp(START + second, 0).unwrap().to_rfc3339()
}

/// Runs a command that must succeed, and returns its output.
pub(crate) fn run(logs: &Logs, arguments: &[&str]) -> String {
    let output = command(logs, arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn command(logs: &Logs, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    command.env_clear().env("LOG_ROOT", logs.root()).args(arguments);
    command
}

/// Makes segments of `access` by the program itself: one line per second, `per_segment` in each; then some live ones.
fn day(logs: &Logs, segments: i64, per_segment: i64) -> Vec<String> {
    let mut all = Vec::new();
    for segment in 0..=segments {
        let seconds = segment * per_segment..(segment + 1) * per_segment;
        let lines: Vec<_> =
            seconds.map(|second| line(second, if second % 10 == 0 { "WARN" } else { "INFO" }, &format!("n{second}."))).collect();
        fs::write(logs.path("access.log"), lines.concat()).unwrap();
        all.extend(lines);
        if segment < segments {
            run(logs, &["rotate", POD, "access"]);
            let daemon = logs.started(&[]);
            logs.wait_for_all_compressed();
            daemon.stop();
        }
    }
    all
}

#[test]
fn cat_prints_every_line_once_in_order() {
    let logs = Logs::new();
    let lines = day(&logs, 3, 1000);
    assert_eq!(logs.segments(Form::Gz).len(), 3);
    assert!(run(&logs, &["cat", POD, "access"]) == lines.concat());
    assert!(run(&logs, &["cat"]) == lines.concat());
    // A plain segment next to its compressed form is one segment.
    let segment = &logs.segments(Form::Gz)[1];
    fs::write(logs.path(&segment.name(Form::Plain)), lines[1000..2000].concat()).unwrap();
    assert!(run(&logs, &["cat", POD]) == lines.concat());
}

#[test]
fn filters_select_by_time_level_and_pattern() {
    let logs = Logs::new();
    let lines = day(&logs, 2, 20_000);
    let (since, until) = (time(19_990), time(20_010));
    assert!(run(&logs, &["cat", POD, "access", "--since", &since, "--until", &until]) == lines[19_990..20_010].concat());
    assert!(run(&logs, &["cat", "--since", &time(59_000)]) == lines[59_000..].concat());
    assert_eq!(
        run(&logs, &["cat", "--since", &since, "--until", &until, "--level", "warn"]),
        [&*lines[19_990], &lines[20_000]].concat()
    );
    assert_eq!(run(&logs, &["cat", "--grep", r"n4?4444\."]), [&*lines[4_444], &lines[44_444]].concat());
    assert_eq!(run(&logs, &["cat", "--since", "1s"]), "");
    assert_eq!(run(&logs, &["tail", POD, "access", "-n", "3"]), lines[59_997..].concat());
    assert_eq!(run(&logs, &["tail", "--until", &time(2), "--lines", "1"]), lines[1]);
}

#[test]
fn time_range_reads_only_needed_members() {
    let logs = Logs::new();
    let lines = day(&logs, 1, 40_000);
    let gz = logs.path(&logs.segments(Form::Gz)[0].name(Form::Gz));
    // Destroyed in the middle: what is before and behind is still read by its times, and all of it is an error.
    let mut bytes = fs::read(&gz).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 1000].fill(0xff);
    fs::write(&gz, bytes).unwrap();
    assert!(run(&logs, &["cat", "--until", &time(1000)]) == lines[..1000].concat());
    assert!(run(&logs, &["cat", "--since", &time(39_000)]) == lines[39_000..].concat());
    let output = command(&logs, &["cat"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with(&format!("{POD}/access.000001.")) && error.lines().count() == 1, "{error}");
}

#[test]
fn streams_and_pods_are_merged_by_time() {
    let logs = Logs::new();
    let other = logs.root().join("pod-2");
    fs::create_dir(&other).unwrap();
    fs::write(logs.path("access.log"), [line(1, "INFO", "a"), line(4, "INFO", "a")].concat()).unwrap();
    fs::write(logs.path("err.log"), [line(2, "ERROR", "b"), "  at main\n".into(), line(5, "ERROR", "torn")].concat().trim_end())
        .unwrap();
    fs::write(other.join("access.log"), line(3, "INFO", "c")).unwrap();
    let expected = [
        line(1, "INFO", "a"),
        line(2, "ERROR", "b"),
        "  at main\n".into(),
        line(3, "INFO", "c"),
        line(4, "INFO", "a"),
        line(5, "ERROR", "torn"),
    ];
    assert_eq!(run(&logs, &["cat"]), expected.concat());
    assert_eq!(run(&logs, &["cat", "pod-2"]), expected[3]);
    assert_eq!(run(&logs, &["cat", POD, "err", "--level", "error", "--until", &time(3)]), expected[1..3].concat());
}

#[test]
fn bad_arguments_are_one_line() {
    let logs = Logs::new();
    for (arguments, code, expected) in [
        (vec!["cat", "missing"], 1, "no logs of a pod missing"),
        (vec!["cat", POD, "nothing"], 1, "no such stream; there is none"),
        (vec!["cat", "pods"], 1, "no logs of a pod pods; `logshipper ls` lists the pods"),
        (vec!["cat", "deploy/pod"], 1, "no logs of a pod deploy/pod; `logshipper ls` lists the pods"),
        (vec!["tial"], 64, "an argument is no command (it may be a secret and is not shown); did you mean tail?"),
        (vec!["cat", "--grpe", "x"], 64, "--grpe: no such flag; did you mean --grep?"),
        (vec!["cat", "--level", "wran"], 64, "LEVEL: \"wran\" can't be used: must be error, warn"),
        (vec!["cat", "-o", "jsno"], 64, "OUTPUT: \"jsno\" can't be used: must be one of text, json"),
        (vec!["man", "ct"], 1, "ct: no such command"),
        (vec!["cat", "--since", "tomorrow"], 64, "SINCE: \"tomorrow\" can't be used"),
        (vec!["cat", "--grep", "("], 64, "GREP: \"(\" can't be used"),
        (vec!["cat", "../etc"], 64, ""),
        (vec!["rotate", "missing", "access"], 1, "no logs of a pod missing"),
        (vec!["rotate", POD, "access"], 1, "pod-1 has no stream access"),
        (vec!["--log-root", "/nowhere", "ls"], 64, "LOG_ROOT: \"/nowhere\" can't be used"),
    ] {
        let output = command(&logs, &arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.starts_with(expected) && error.lines().count() == 1, "{arguments:?}: {error}");
    }
    fs::write(logs.path("access.log"), "").unwrap();
    assert_eq!(run(&logs, &["rotate", POD, "access.log"]), "access.log is empty: nothing to rotate\n");
    for (arguments, expected) in [
        (["cat", "access"], "no logs of a pod access; `--stream access` is that stream of all pods\n"),
        (["cat", "--stream=err.log"], "no such stream; there are access\n"),
    ] {
        let output = command(&logs, &arguments).output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(1), expected));
    }
}

#[test]
fn broken_pipe_is_success() {
    let logs = Logs::new();
    day(&logs, 0, 5000);
    let mut child = command(&logs, &["cat"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn follow_prints_each_line_once_across_rotations() {
    const LINES: usize = 30_000;
    let logs = Logs::new();
    fs::write(logs.path("access.log"), "before\n").unwrap();
    let seen = logs.root().join("seen");
    let follower =
        Process::spawn(command(&logs, &["tail", POD, "access", "-n", "1", "--follow"]).stdout(File::create(&seen).unwrap()));
    wait_until("the line before", || fs::read(&seen).unwrap() == b"before\n");
    let daemon = logs.started(&["--rotate-bytes", "64KiB", "--keep-segments", "10000"]);
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    let mut expected = String::from("before\n");
    for n in 0..LINES {
        let text = line(n.try_into().unwrap(), "INFO", "x");
        writer.write(text.as_bytes()).unwrap();
        expected.push_str(&text);
        if n % 10_000 == 9_999 {
            let segments = || logs.segments(Form::Plain).len() + logs.segments(Form::Gz).len();
            wait_until("a concurrent rotation", || segments() > n / 10_000);
        }
    }
    wait_until("all lines", || {
        writer.check().unwrap();
        fs::metadata(&seen).unwrap().len() >= expected.len() as u64
    });
    assert!(fs::read_to_string(&seen).unwrap() == expected);
    drop(follower);
    daemon.stop();
}

#[test]
fn ls_lists_streams() {
    let logs = Logs::new();
    day(&logs, 1, 20_000);
    fs::create_dir(logs.root().join("empty")).unwrap();
    let daemon = logs.started(&[]);
    wait_until("it works", || run(&logs, &["ls"]).contains("alive"));
    let table = run(&logs, &["ls"]);
    let mut rows = table.lines().skip(1);
    let row: Vec<_> = rows.next().unwrap().split_whitespace().collect();
    assert_eq!((&row[..3], &row[4..6]), (&["-", POD, "alive"][..], &["access", "1"][..]));
    assert_eq!(row[row.len() - 2..], ["2026-07-23T09:46:40Z", "2026-07-23T20:53:19Z"]);
    assert_eq!(rows.next(), None);
    logs.finish(daemon, &[]);
    let json: serde_json::Value = serde_json::from_str(&run(&logs, &["ls", POD, "access", "--output", "json"])).unwrap();
    assert_eq!((&json[0]["alive"], &json[0]["segments"]), (&false.into(), &2.into()));
    assert!(json[0]["ratio"].as_f64().unwrap() > 5.0, "{json}");
}

#[test]
fn verify_finds_damage_and_gaps() {
    let logs = Logs::new();
    day(&logs, 4, 100);
    assert!(run(&logs, &["verify"]).ends_with("bytes decoded, 0 problems\n"));
    let segments = logs.segments(Form::Gz);
    fs::remove_file(logs.path(&segments[1].name(Form::Gz))).unwrap();
    let damaged = logs.path(&segments[2].name(Form::Gz));
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[100] ^= 1;
    fs::write(damaged, bytes).unwrap();
    let output = command(&logs, &["verify", POD]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with(&format!("{POD}/access: segments 2 to 2 are missing\n{POD}/{}: ", segments[2].name(Form::Gz))),
        "{text}"
    );
    assert!(text.ends_with("2 problems\n"), "{text}");
}

#[test]
fn dry_run_prints_actions_and_reasons_only() {
    let logs = Logs::new();
    let output = logs.output(&["--dry-run"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "nothing to do\n");
    fs::write(logs.path("access.log"), "x".repeat(2000)).unwrap();
    fs::write(logs.path("err.log"), "x").unwrap();
    for sequence in 1..=3 {
        fs::write(logs.path(&format!("err.{sequence:06}.20260723T101112Z.log")), "x").unwrap();
    }
    let before = logs.names();
    let output = logs.output(&["--dry-run", "--rotate-bytes", "1kB", "--keep-segments", "2"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("rotate access.log to access.000001.") && lines[0].ends_with(": it has reached ROTATE_BYTES"),
        "{text}"
    );
    assert_eq!(
        lines[1..],
        [
            "remove err.000001.20260723T101112Z.log: KEEP_SEGMENTS newer ones are there",
            "compress err.000002.20260723T101112Z.log: it is closed",
            "compress err.000003.20260723T101112Z.log: it is closed",
        ]
    );
    assert_eq!(logs.names(), before);
}

#[test]
fn rotate_with_daemon_keeps_numbers_unique() {
    let logs = Logs::new();
    let small = ["--rotate-bytes", "1kB", "--keep-segments", "1000"];
    let daemon = logs.started(&small);
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    for n in 0..40 {
        writer.write(format!("{n} {}\n", "x".repeat(600)).as_bytes()).unwrap();
        let output = command(&logs, &["rotate", POD, "access"]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() || error.contains("can't be rotated"), "{error}");
    }
    drop(writer);
    logs.wait_for_all_compressed();
    logs.finish(daemon, &small);
    let numbers: Vec<_> = logs.segments(Form::Gz).iter().map(|segment| segment.sequence).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    let text = String::from_utf8(logs.read("access")).unwrap();
    assert!(text.lines().enumerate().all(|(n, line)| line.starts_with(&format!("{n} "))), "{text}");
    assert_eq!(text.lines().count(), 40);
}

#[test]
fn long_lines_and_binary_bytes_are_unchanged() {
    let logs = Logs::new();
    let writer = Writer::open(&logs.pod(), "access").unwrap();
    let mut long = vec![0xfe; 64 << 20];
    long[5] = 0;
    long.push(b'\n');
    writer.write(&long).unwrap();
    let daemon = logs.started(&[]);
    wait_until("rotated", || !logs.segments(Form::Plain).is_empty() || !logs.segments(Form::Gz).is_empty());
    writer.write(b"\xffnext\n").unwrap();
    logs.wait_for_all_compressed();
    daemon.stop();
    let output = command(&logs, &["cat"]).output().unwrap();
    long.write_all(b"\xffnext\n").unwrap();
    assert!(output.stdout == long);
}

#[test]
fn time_range_keeps_multi_line_events_whole() {
    let logs = Logs::new();
    let trace = (0..200).fold(String::new(), |trace, n| trace + &format!("\tat frame{n}({})\n", "x".repeat(8000)));
    let event = format!("{}{trace}", line(1000, "ERROR", "failed"));
    let before: String = (0..1000).map(|second| line(second, "INFO", "before")).collect();
    let after: String = (1001..20_000).map(|second| line(second, "INFO", "after")).collect();
    fs::write(logs.path("access.log"), format!("{before}{event}{after}")).unwrap();
    let window = ["cat", "--since", &time(1000), "--until", &time(1001)];
    assert!(run(&logs, &window) == event);
    run(&logs, &["rotate", POD, "access"]);
    let daemon = logs.started(&[]);
    logs.wait_for_all_compressed();
    daemon.stop();
    assert!(run(&logs, &window) == event);
    // An event that goes on in the next segment.
    let next = Segment::new("access".parse().unwrap(), 2, chrono::Utc::now());
    let last = line(20_000, "ERROR", "at the end");
    fs::write(logs.path(&next.name(Form::Plain)), &last).unwrap();
    fs::write(logs.path("access.log"), format!("\tat the beginning\n{}", line(20_001, "INFO", "x"))).unwrap();
    assert_eq!(run(&logs, &["cat", "--since", &time(20_000), "--until", &time(20_001)]), format!("{last}\tat the beginning\n"));
}

#[test]
fn more_streams_than_descriptors_can_be_read() {
    let logs = Logs::new();
    let mut lines = Vec::new();
    for number in 0..60 {
        let pod = logs.root().join(format!("pod-{number}"));
        fs::create_dir_all(&pod).unwrap();
        lines.push(line(number, "INFO", "x") + &line(100, "INFO", "end"));
        fs::write(pod.join("access.log"), &lines[lines.len() - 1]).unwrap();
    }
    let limited = |limit: &str, arguments: &str| {
        let script = format!("ulimit {limit} && exec timeout 120 \"$0\" {arguments}");
        let mut shell = Command::new("bash");
        let path = std::env::var_os("PATH").unwrap();
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_logshipper")]).env_clear().env("PATH", path).env("LOG_ROOT", logs.root());
        shell.output().unwrap()
    };
    // A soft limit is raised.
    let output = limited("-Sn 40", "cat");
    assert!(output.status.success() && output.stdout.split(|byte| *byte == b'\n').count() == 121, "{output:?}");
    // Below a hard limit, streams are opened when their time comes; where that is too many at once, it is an error.
    let output = limited("-n 40", "cat");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("ulimit -n") && error.lines().count() == 1, "{error}");
    for number in 0..60 {
        fs::write(logs.root().join(format!("pod-{number}/access.log")), line(number, "INFO", "x")).unwrap();
    }
    let output = limited("-n 40", "cat");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), (0..60).map(|number| line(number, "INFO", "x")).collect::<String>());
}

#[test]
fn reading_many_segments_costs_few_calls_each() {
    const SEGMENTS: u64 = 300;
    let logs = Logs::new();
    for number in 1..=SEGMENTS {
        let segment = Segment::new("access".parse().unwrap(), number, "2026-07-23T10:11:12Z".parse().unwrap());
        fs::write(logs.path(&segment.name(Form::Plain)), "line\n").unwrap();
    }
    let calls = logs.root().join("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "trace=statx,newfstatat,openat,getdents64", "-o"]).arg(&calls).arg(env!("CARGO_BIN_EXE_logshipper"));
    let output = strace.env("LOG_ROOT", logs.root()).args(["cat", POD]).output().unwrap();
    assert_eq!(output.stdout.len() as u64, SEGMENTS * 5, "{output:?}");
    let calls = fs::read_to_string(calls).unwrap().lines().count() as u64;
    assert!(calls < SEGMENTS * 10, "{calls} calls for {SEGMENTS} segments");
}

#[test]
fn segment_removed_before_it_is_read_is_an_error() {
    let logs = Logs::new();
    let name =
        |number| Segment::new("access".parse().unwrap(), number, "2026-07-23T10:11:12Z".parse().unwrap()).name(Form::Plain);
    let line = |number: u64| format!("{number} {}\n", "x".repeat(200_000));
    for number in 1..=3 {
        fs::write(logs.path(&name(number)), line(number)).unwrap();
    }
    let mut child = command(&logs, &["cat"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    // More than a pipe holds: the reader waits in the middle of the first segment.
    let mut begin = [0; 100];
    out.read_exact(&mut begin).unwrap();
    fs::remove_file(logs.path(&name(2))).unwrap();
    out.read_to_string(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&begin).into_owned() + &text == line(1) + &line(3));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.starts_with("pod-1/access.000002.") && error.contains("removed before it could be read"), "{error}");
}

#[test]
fn unreadable_pod_is_an_error_everywhere() {
    let logs = Logs::new();
    fs::write(logs.path("access.log"), "line\n").unwrap();
    let secret = logs.root().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
    for arguments in [&["cat"][..], &["ls"], &["verify"]] {
        // root can read everything unless it lacks the capability.
        let mut program = Command::new(env!("CARGO_BIN_EXE_logshipper"));
        if rustix::process::geteuid().is_root() {
            program = Command::new("setpriv");
            program.args(["--bounding-set", "-dac_override,-dac_read_search", "--", env!("CARGO_BIN_EXE_logshipper")]);
        }
        let output = program.env("LOG_ROOT", logs.root()).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains("secret: Permission denied"), "{arguments:?}: {text}");
    }
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn line_of_any_length_takes_bounded_memory() {
    const HOLE: u64 = 512 << 20;
    let logs = Logs::new();
    let file = File::create(logs.path("access.log")).unwrap();
    file.write_all_at(b"\nnext\n", HOLE).unwrap();
    let run = |arguments: &str| {
        let script = format!("ulimit -v 200000 && exec \"$0\" {arguments}");
        let mut shell = Command::new("bash");
        let mut child = shell.args(["-c", &script, env!("CARGO_BIN_EXE_logshipper")]).env("LOG_ROOT", logs.root());
        child = child.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let length = std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
        (length, child.wait_with_output().unwrap())
    };
    let (length, output) = run("cat");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(length, HOLE + 6);
    let (length, output) = run("cat -o json");
    assert!(output.status.success() && length < 1 << 20, "{length} {output:?}");
}

#[test]
fn pods_are_named_as_kubectl_prints_them() {
    let logs = Logs::new();
    for (number, pod) in ["default_petclinic-7d4b9c6f5-x2x4z_11", "default_petclinic-7d4b9c6f5-zzzzz_22"].iter().enumerate() {
        fs::create_dir(logs.root().join(pod)).unwrap();
        fs::write(logs.root().join(pod).join("access.log"), line(number.try_into().unwrap(), "INFO", pod)).unwrap();
        fs::write(logs.root().join(pod).join(".logshipper.lock"), "").unwrap();
    }
    let lines = |arguments: &[&str]| run(&logs, arguments).lines().count();
    assert_eq!(lines(&["cat", "petclinic-7d4b9c6f5-x2x4z", "access"]), 1);
    assert_eq!(lines(&["cat", "petclinic"]), 2);
    assert_eq!(lines(&["cat", "default/pet", "--stream", "access", "-n", "1"]), 1);
    assert_eq!(lines(&["cat", "x2x4z|zzz$", "--previous"]), 1);
    let output = command(&logs, &["rotate", "petclinic", "access"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.starts_with("petclinic means several pods: default_petclinic"), "{error}");
    let table = run(&logs, &["ls", "petclinic"]);
    assert!(
        table.lines().all(|line| line.len() < 150) && table.contains("default    petclinic-7d4b9c6f5-x2x4z  dead"),
        "{table}"
    );
    let json: serde_json::Value = serde_json::from_str(&run(&logs, &["cat", "zzzzz", "-o", "json"])).unwrap();
    assert_eq!(
        (&json["namespace"], &json["level"], &json["line"]["message"]),
        (&"default".into(), &"info".into(), &"default_petclinic-7d4b9c6f5-zzzzz_22".into())
    );
}

#[test]
fn unknown_levels_and_times_are_printed_and_counted() {
    let logs = Logs::new();
    let text =
        "started\n10:11:12.123 [main] INFO  com.example.App - calm\n10:11:13.123 [main] WARN  com.example.App - hot\nno level\n";
    fs::write(logs.path("app.log"), text).unwrap();
    let output = command(&logs, &["cat", "--since", "2h", "--level", "WARN"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "started\n10:11:13.123 [main] WARN  com.example.App - hot\nno level\n");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("pod-1/app: 3 lines without a known time") && error.contains("pod-1/app: 1 lines without a known level"),
        "{error}"
    );
    fs::write(logs.path("app.log"), format!("{{\"when\":\"{}\",\"grade\":\"critical\"}}\n", time(5))).unwrap();
    let fields = ["--time-field", "when", "--level-field", "grade", "--level", "error"];
    assert_eq!(run(&logs, &[&["cat", "--until", &time(6)], &fields[..]].concat()).lines().count(), 1);
    assert_eq!(run(&logs, &[&["cat", "--until", &time(5)], &fields[..]].concat()), "");
}
