//! Files that can't be read, are damaged, or are none: each is said, and is the exit status.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::reader::{command, line, run, time};
use crate::support::{Logs, POD};

/// Name of the first compressed segment of a stream.
fn first(stream: &str) -> String {
    format!("{stream}.000001.20260723T101112Z.log.gz")
}

/// Runs a command that must fail with status 1, and returns what it printed on standard output and on standard error.
fn fail(mut command: Command) -> (String, String) {
    let output = command.output().unwrap();
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{command:?}: {out} {error}");
    (out, error)
}

/// The program without root's right to read everything.
fn unprivileged(logs: &Logs, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    if rustix::process::geteuid().is_root() {
        program = Command::new("setpriv");
        program.args(["--bounding-set", "-dac_override,-dac_read_search", "--", env!("CARGO_BIN_EXE_logshipper")]);
    }
    program.env("LOG_ROOT", logs.root()).args(arguments);
    program
}

#[test]
fn empty_compressed_segment_is_an_error() {
    let logs = Logs::new();
    fs::write(logs.path(&first("access")), "").unwrap();
    fs::write(logs.path("access.log"), line(1, "INFO", "x")).unwrap();
    for range in [&["cat"][..], &["cat", "--since", "2026-07-23"], &["tail"]] {
        let (out, error) = fail(command(&logs, range));
        assert_eq!(out, line(1, "INFO", "x"));
        assert_eq!(error, format!("{POD}/{}: empty: its lines are lost\n", first("access")));
    }
}

#[test]
fn unreadable_file_is_an_error_everywhere() {
    let logs = Logs::new();
    let plain = "old.000001.20260723T101112Z.log";
    for name in ["access.log", plain, &first("gz")] {
        fs::write(logs.path(name), "x\n").unwrap();
        fs::set_permissions(logs.path(name), fs::Permissions::from_mode(0o0)).unwrap();
    }
    fs::write(logs.path("err.log"), line(1, "ERROR", "x")).unwrap();
    for arguments in [&["cat"][..], &["tail"], &["ls"], &["verify"], &["find", "x", "--since", "2026-07-23"]] {
        let (out, error) = fail(unprivileged(&logs, arguments));
        let text = out + &error;
        let reported = |name: &str| text.matches(&format!("{POD}/{name}: Permission denied")).count();
        // verify is about segments.
        let live = usize::from(arguments != ["verify"]);
        assert_eq!([reported("access.log"), reported(plain), reported(&first("gz"))], [live, 1, 1], "{arguments:?}: {text}");
    }
}

#[test]
fn directory_or_link_in_place_of_a_file_is_an_error() {
    let logs = Logs::new();
    fs::write(logs.path("access.log"), line(1, "INFO", "x")).unwrap();
    fs::create_dir(logs.path("x.log")).unwrap();
    symlink("/etc/hostname", logs.path("link.log")).unwrap();
    for arguments in [["cat"], ["tail"], ["ls"]] {
        let (_, error) = fail(command(&logs, &arguments));
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines.len(), 2, "{arguments:?}: {error}");
        assert!(lines.iter().any(|line| line.starts_with(&format!("{POD}/x.log: "))), "{error}");
        assert!(lines.iter().any(|line| line.starts_with(&format!("{POD}/link.log: "))), "{error}");
    }
    fs::create_dir(logs.path("err.000001.20260723T101112Z.log")).unwrap();
    let (out, _) = fail(command(&logs, &["verify"]));
    assert!(out.starts_with(&format!("{POD}/err.000001.20260723T101112Z.log: ")) && out.ends_with("1 problems\n"), "{out}");
}

#[test]
fn wrong_stream_is_an_error_of_every_command() {
    let logs = Logs::new();
    fs::write(logs.path("access.log"), line(1, "INFO", "x")).unwrap();
    for arguments in [["cat", POD, "acess"], ["tail", POD, "acess"], ["ls", POD, "acess"], ["verify", POD, "acess"]] {
        let (out, error) = fail(command(&logs, &arguments));
        assert_eq!((out.as_str(), error.as_str()), ("", "no such stream; there are access\n"), "{arguments:?}");
    }
    let (_, error) = fail(command(&logs, &["cat", "--since", &time(2), "--until", &time(1)]));
    assert_eq!(error, "--until must be later than --since\n");
}

#[test]
fn names_of_directories_command_no_terminal() {
    let logs = Logs::new();
    for name in ["\u{1b}[31m\nx", "ü"] {
        fs::create_dir(logs.root().join(name)).unwrap();
        fs::write(logs.root().join(name).join("access.log"), line(1, "INFO", "x")).unwrap();
        fs::write(logs.root().join(name).join(first("bad")), "no gzip").unwrap();
    }
    let table = run(&logs, &["ls"]);
    assert!(!table.contains('\u{1b}') && table.contains("\\u001b[31m\\nx") && table.lines().count() == 5, "{table}");
    for arguments in [&["cat", "--color", "always"][..], &["verify"]] {
        let (out, error) = fail(command(&logs, arguments));
        assert!(!(out + &error).contains("\u{1b}[31m"));
    }
    // One whose name is no text can't be named in JSON or on the command line.
    fs::create_dir(logs.root().join(std::ffi::OsStr::from_bytes(b"\xff"))).unwrap();
    for arguments in [["cat"], ["ls"], ["verify"]] {
        let (out, error) = fail(command(&logs, &arguments));
        assert!((out + &error).contains("\\xff: not read, since its name is no UTF-8 text\n"));
    }
}

#[test]
fn crlf_lines_match_and_show_without_cr() {
    let logs = Logs::new();
    fs::write(logs.path("app.log"), "one\r\ntwo\r\n").unwrap();
    assert_eq!(run(&logs, &["cat", "--grep", "one$"]), "one\r\n");
    let shown = run(&logs, &["cat", "--grep", "two", "--color", "always"]);
    assert!(shown.ends_with(" two\n"), "{shown}");
    assert!(run(&logs, &["cat", "-n", "1", "-o", "json"]).contains(r#""line":"two""#));
}
