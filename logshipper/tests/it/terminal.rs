//! Commands on a terminal: the pager, colours, completions and the manual page.

use std::fs;
use std::process::{Command, Output};

use crate::reader::{line, run};
use crate::support::{Logs, POD};

/// Runs `logshipper ARGUMENTS` on a terminal of its own, with these variables; what it prints there is the output.
fn on_terminal(logs: &Logs, variables: &[(&str, &str)], arguments: &str) -> Output {
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} {arguments}", env!("CARGO_BIN_EXE_logshipper")), "/dev/null"]);
    let path = std::env::var_os("PATH").unwrap();
    script.env_clear().env("PATH", path).env("SHELL", "/bin/sh").env("TERM", "xterm").env("LOG_ROOT", logs.root());
    script.envs(variables.iter().copied()).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

fn three_lines() -> Logs {
    let logs = Logs::new();
    fs::write(logs.path("access.log"), (0..3).map(|second| line(second, "WARN", "m")).collect::<String>()).unwrap();
    logs
}

#[test]
fn terminal_output_goes_through_the_pager() {
    let logs = three_lines();
    let pager = [("PAGER", "sed 's/^/paged /'"), ("NO_COLOR", "1")];
    let output = on_terminal(&logs, &pager, "cat");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output).matches("paged 2026-07-23T09:46:4").count(), 3, "{output:?}");
    assert!(text(&on_terminal(&logs, &pager, "tail -n 1")).starts_with("paged "));
    assert!(text(&on_terminal(&logs, &pager, "ls")).starts_with("paged "));
    // Not where it would hold back what is printed, or show nothing.
    assert!(!text(&on_terminal(&logs, &pager, "verify")).contains("paged"));
    for none in [[("PAGER", "")], [("PAGER", "cat")]] {
        assert_eq!(text(&on_terminal(&logs, &none, "cat")).lines().count(), 3);
    }
    let dumb = [("PAGER", "false"), ("TERM", "dumb")];
    let output = text(&on_terminal(&logs, &dumb, "cat"));
    assert!(output.lines().count() == 3 && !output.contains('\u{1b}'), "{output}");
    assert!(!run(&logs, &["cat"]).contains("paged"));
}

#[test]
fn pager_that_ends_early_is_success() {
    let logs = Logs::new();
    fs::write(logs.path("access.log"), (0..20_000).map(|second| line(second, "INFO", "m")).collect::<String>()).unwrap();
    let output = on_terminal(&logs, &[("PAGER", "head -n 1")], "cat");
    assert!(output.status.success() && text(&output).lines().count() == 1, "{output:?}");
}

#[test]
fn pager_hides_no_failure() {
    let logs = three_lines();
    let output = on_terminal(&logs, &[("PAGER", "no-such-pager -x")], "cat");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).ends_with("PAGER: no such program\n"), "{output:?}");
    // A gap is said where the lines are, and is the status.
    fs::write(logs.path("access.000001.20260723T101112Z.log.gz"), "no gzip").unwrap();
    let output = on_terminal(&logs, &[("PAGER", "sed 's/^/paged /'")], "cat");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains(&format!("paged {POD}/access.000001.")), "{output:?}");
    let output = on_terminal(&logs, &[("PAGER", "sed 's/^/paged /'")], "cat nothing");
    assert_eq!((output.status.code(), text(&output).contains("no logs of a pod nothing")), (Some(1), true));
}

#[test]
fn colors_follow_terminal_and_settings() {
    let logs = three_lines();
    let colored = |variables: &[(&str, &str)], arguments| {
        text(&on_terminal(&logs, &[&[("PAGER", "cat")], variables].concat(), arguments)).contains("\u{1b}[33mWARN")
    };
    assert!(colored(&[], "cat") && colored(&[("NO_COLOR", "")], "cat"));
    assert!(!colored(&[("NO_COLOR", "1")], "cat") && !colored(&[("TERM", "dumb")], "cat") && !colored(&[], "cat --color never"));
    assert!(colored(&[("NO_COLOR", "1")], "cat --color always") && run(&logs, &["cat", "--color=always"]).contains("\u{1b}[33m"));
}

#[test]
fn completions_and_manual_pages_know_all_commands() {
    let logs = Logs::new();
    let script = run(&logs, &["--log-root", "/nowhere", "completions", "bash"]);
    for word in ["cat", "tail", "ls", "verify", "find", "rotate", "man", "--grep", "--previous"] {
        assert!(script.contains(word), "{word}");
    }
    let checked = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    assert!(run(&logs, &["man"]).contains("logshipper\\-find(1)"));
    assert!(run(&logs, &["man", "cat"]).contains(r"\fB\-\-grep\fR"));
}
