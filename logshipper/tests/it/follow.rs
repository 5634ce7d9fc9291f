//! `--follow` while pods and streams come and go, files are truncated, and retention removes segments.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use handoff::{Form, Segment};

use crate::reader::command;
use crate::support::{Logs, POD, Process, wait_until};

/// A `cat --follow`, with its output in files.
struct Follower {
    process: Process,
    out: PathBuf,
    err: PathBuf,
}

impl Follower {
    fn start(logs: &Logs, arguments: &[&str]) -> Self {
        let (out, err) = (logs.root().join(".out"), logs.root().join(".err"));
        let mut command = command(logs, &[&["cat", "--follow"], arguments].concat());
        let process = Process::spawn(command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap()));
        Self { process, out, err }
    }

    fn wait_for(&self, expected: &str) {
        wait_until(expected, || fs::read_to_string(&self.out).unwrap() == expected);
    }

    fn wait_for_error(&self, expected: &str) {
        wait_until(expected, || fs::read_to_string(&self.err).unwrap().contains(expected));
    }

    /// Ends it and returns its exit status.
    fn stop(self) -> Option<i32> {
        self.process.signal(rustix::process::Signal::TERM);
        self.process.wait().code()
    }
}

fn append(logs: &Logs, name: &str, text: &str) {
    File::options().create(true).append(true).open(logs.path(name)).unwrap().write_all(text.as_bytes()).unwrap();
}

fn segment(number: u64) -> Segment {
    Segment::new("access".parse().unwrap(), number, "2026-07-23T10:11:12Z".parse().unwrap())
}

#[test]
fn follow_shows_new_pods_and_streams() {
    let logs = Logs::new();
    let follower = Follower::start(&logs, &[]);
    follower.wait_for_error("no such stream yet");
    append(&logs, "access.log", "first\n");
    follower.wait_for("first\n");
    append(&logs, "err.log", "new stream\n");
    follower.wait_for("first\nnew stream\n");
    fs::create_dir(logs.root().join("pod-2")).unwrap();
    fs::write(logs.root().join("pod-2/access.log"), "new pod\n").unwrap();
    follower.wait_for("first\nnew stream\nnew pod\n");
    assert_eq!(follower.stop(), Some(0));
}

#[test]
fn follow_reports_a_truncation() {
    let logs = Logs::new();
    append(&logs, "access.log", "one\ntw");
    let follower = Follower::start(&logs, &[POD, "access"]);
    follower.wait_for("one\n");
    fs::write(logs.path("access.log"), "").unwrap();
    follower.wait_for_error("access.log: truncated after 6 bytes");
    append(&logs, "access.log", "three\n");
    follower.wait_for("one\ntw\nthree\n");
    // Truncated and written again between two polls, and longer than before.
    fs::write(logs.path("access.log"), "another four lines\n").unwrap();
    follower.wait_for("one\ntw\nthree\nanother four lines\n");
    follower.wait_for_error("access.log: truncated after 6 bytes were read; lines may be missing\npod-1/access.log: truncated");
    assert_eq!(follower.stop(), Some(1));
}

#[test]
fn follow_reports_segments_that_retention_removed() {
    let logs = Logs::new();
    append(&logs, &segment(1).name(Form::Plain), "one\n");
    let follower = Follower::start(&logs, &[]);
    follower.wait_for("one\n");
    append(&logs, &segment(4).name(Form::Plain), "four\n");
    follower.wait_for("one\nfour\n");
    follower.wait_for_error("pod-1/access: segments 2 to 3 are missing");
    assert_eq!(follower.stop(), Some(1));
}
