//! Real binaries as children that die with the test.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal};

use crate::until;

/// A command whose process is killed when the thread that started it ends, however that happens. It inherits nothing of
/// the environment but `PATH`, so that no setting of the machine gets into a test.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("RUST_BACKTRACE", "1");
    command.stdin(Stdio::null());
    command
}

/// A running program, with what it has written so far. Killed on drop.
#[derive(Debug)]
pub struct Child {
    running: std::process::Child,
    stdout: Output,
    stderr: Output,
}

/// Result of a program that has exited.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit status.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Child {
    /// Starts a [`command`] and collects its output.
    ///
    /// # Panics
    /// Where it can't be started.
    #[track_caller]
    pub fn spawn(command: &mut Command) -> Self {
        let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut running = started.unwrap_or_else(|error| panic!("{command:?} doesn't start: {error}"));
        let stdout = Output::collect(running.stdout.take().unwrap());
        let stderr = Output::collect(running.stderr.take().unwrap());
        Self { running, stdout, stderr }
    }

    /// The process' id.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Sends a signal. A process that has ended gets none.
    pub fn signal(&mut self, signal: Signal) {
        if matches!(self.running.try_wait(), Ok(None)) {
            let pid = Pid::from_child(&self.running);
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Kills it at once (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }

    /// Returns true while it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.running.try_wait(), Ok(None))
    }

    /// Standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits for a line of standard output that contains `part`, and returns it.
    ///
    /// # Panics
    /// Where none comes before the program ends or the deadline passes.
    #[track_caller]
    pub fn line(&mut self, part: &str) -> String {
        until(&format!("a line with {part:?}"), || {
            let ended = !self.runs();
            if ended {
                self.stdout.finish();
            }
            let output = self.stdout();
            let line = output.lines().find(|line| line.contains(part)).map(str::to_owned);
            assert!(line.is_some() || !ended, "ended without a line with {part:?}:\n{output}{}", self.stderr());
            line
        })
    }

    /// Waits until it ends.
    ///
    /// # Panics
    /// Where it doesn't before the deadline.
    #[track_caller]
    pub fn wait(&mut self) -> Ended {
        let status = until("the program's end", || self.running.try_wait().unwrap());
        self.stdout.finish();
        self.stderr.finish();
        Ended { status, stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a [`command`] and waits until it ends.
///
/// # Panics
/// As [`Child::spawn`] and [`Child::wait`] do.
#[track_caller]
pub fn run(command: &mut Command) -> Ended {
    Child::spawn(command).wait()
}

#[derive(Debug)]
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn collect(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
                shared.lock().unwrap().append(&mut line);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    /// Waits for the end of the pipe; a grandchild may keep it open, so only once the child is gone, and not for ever.
    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            until("the end of the output", || reader.is_finished().then_some(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_are_kept() {
        let ended = run(command("sh").args(["-c", "echo out; echo err >&2; exit 3"]));
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str(), ended.status.code()), ("out\n", "err\n", Some(3)));
    }

    #[test]
    fn child_receives_signal_after_its_line() {
        let mut child =
            Child::spawn(command("sh").args(["-c", "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done"]));
        assert_eq!(child.line("ready"), "ready");
        child.signal(Signal::TERM);
        let ended = child.wait();
        assert_eq!((ended.status.code(), ended.stdout.ends_with("bye\n")), (Some(7), true));
    }

    #[test]
    fn child_dies_with_its_parent_thread() {
        let id = thread::spawn(|| {
            let mut child = Child::spawn(command("sh").args(["-c", "echo ready; exec sleep 1000"]));
            child.line("ready");
            let id = child.id();
            std::mem::forget(child);
            id
        });
        let id = id.join().unwrap();
        until("the child's death", || {
            let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            (state.is_empty() || state.contains(") Z ")).then_some(())
        });
    }
}
