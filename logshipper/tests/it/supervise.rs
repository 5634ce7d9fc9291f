//! `logshipper supervise` outlives its daemon.

use std::fs;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Logs, wait_until};

/// A supervisor and, when dropped, the end of its daemon too.
struct Supervisor(std::process::Child);

impl Supervisor {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// The daemon's process id, once there is one other than `before`.
    fn daemon(&self, before: Option<Pid>) -> Pid {
        let children = format!("/proc/{0}/task/{0}/children", self.0.id());
        let mut daemon = None;
        wait_until("the daemon runs", || {
            daemon = fs::read_to_string(&children).unwrap().trim().parse().ok().and_then(Pid::from_raw);
            daemon.is_some() && daemon != before
        });
        daemon.unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // a second signal ends a daemon at once
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        let _ = self.0.wait();
    }
}

/// `logshipper supervise` with the arguments of a daemon, its lines in a file.
fn supervise(logs: &Logs, arguments: &[&str]) -> (Supervisor, std::path::PathBuf) {
    let daemon = logs.command(arguments);
    let lines = logs.root().with_file_name("supervisor.out");
    let out = fs::File::create(&lines).unwrap();
    let mut command = Command::new(daemon.get_program());
    command.env_clear().arg("supervise").args(daemon.get_args()).stdout(out.try_clone().unwrap()).stderr(out);
    (Supervisor::start(&mut command), lines)
}

#[test]
fn supervisor_restarts_killed_daemon_until_sigterm() {
    let logs = Logs::new();
    let (mut supervisor, lines) = supervise(&logs, &[]);
    let mut daemon = None;
    for started in 1..=3 {
        if let Some(daemon) = daemon {
            kill_process(daemon, Signal::KILL).unwrap();
        }
        daemon = Some(supervisor.daemon(daemon));
        wait_until("the daemon works", || count(&lines, "\"started\"") == started);
    }
    supervisor.signal(Signal::TERM);
    let status = supervisor.0.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{}", fs::read_to_string(&lines).unwrap());
    assert!(kill_process(daemon.unwrap(), Signal::TERM).is_err(), "the daemon outlives its supervisor");
    let printed = fs::read_to_string(&lines).unwrap();
    assert_eq!(printed.matches("daemon exited; restarting").count(), 2, "{printed}");
}

#[test]
fn supervisor_outlives_bad_setting() {
    let logs = Logs::new();
    let (mut supervisor, lines) = supervise(&logs, &["--rotate-bytes", "x"]);
    wait_until("the bad setting is printed at a second attempt", || count(&lines, "ROTATE_BYTES: \"x\"") >= 2);
    assert!(supervisor.0.try_wait().unwrap().is_none());
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.0.wait().unwrap().code(), Some(64));
}

fn count(lines: &std::path::Path, part: &str) -> usize {
    fs::read_to_string(lines).unwrap().matches(part).count()
}
