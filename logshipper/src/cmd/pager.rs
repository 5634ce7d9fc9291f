//! The pager that long output is read in on a terminal, by git's rules.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::ensure;
use rustix::stdio::dup2_stderr;
use signal_hook::consts::SIGINT;

/// less' settings, unless there are others: quit where all fits on the screen, show colours, leave the text on the screen.
const LESS: &str = "FRX";

/// Exit status of a shell for a program that isn't there.
const NOT_FOUND: i32 = 127;

/// A running pager.
pub(super) struct Pager {
    child: Arc<Mutex<Child>>,
    /// The terminal, while standard error goes to the pager.
    stderr: Option<OwnedFd>,
}

impl Pager {
    /// Starts the program that PAGER names, or less where that is installed, and returns it with its input. There is none where
    /// standard output is no terminal or a dumb one, and where PAGER is empty or `cat`.
    pub(super) fn start() -> Option<(Self, ChildStdin)> {
        let is_dumb = env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        if is_dumb || !io::stdout().is_terminal() {
            return None;
        }
        let named = env::var_os("PAGER");
        let mut command = match &named {
            Some(pager) if pager.is_empty() || pager == "cat" => return None,
            Some(pager) => {
                let mut shell = Command::new("sh");
                shell.args([OsString::from("-c"), pager.clone()]);
                shell
            }
            None => Command::new("less"),
        };
        if env::var_os("LESS").is_none() {
            command.env("LESS", LESS);
        }
        let mut child = match command.stdin(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => {
                if let Some(pager) = named {
                    let _ = writeln!(io::stderr(), "PAGER: {} can't be started: {error}", pager.display());
                }
                return None;
            }
        };
        let input = child.stdin.take()?;
        // What can't be printed is said on the screen that the lines are on.
        let terminal = io::stderr().is_terminal().then(|| rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3).ok()).flatten();
        let stderr = terminal.filter(|_| dup2_stderr(&input).is_ok());
        let child = Arc::new(Mutex::new(child));
        end_on_interrupt(Arc::clone(&child));
        Some((Self { child, stderr }, input))
    }

    /// Waits for the pager's end, once its input is closed.
    pub(super) fn end(self) -> anyhow::Result<()> {
        if let Some(terminal) = self.stderr {
            dup2_stderr(terminal)?;
        }
        let status = wait(&self.child)?;
        ensure!(status.code() != Some(NOT_FOUND), "PAGER: no such program");
        Ok(())
    }
}

/// Ends the program on Ctrl-C, but not before the pager, which has the terminal.
fn end_on_interrupt(child: Arc<Mutex<Child>>) {
    let Ok(mut interrupts) = signal_hook::iterator::Signals::new([SIGINT]) else { return };
    thread::spawn(move || {
        if interrupts.forever().next().is_some() {
            let _ = wait(&child);
            std::process::exit(128 + SIGINT);
        }
    });
}

fn wait(child: &Mutex<Child>) -> io::Result<ExitStatus> {
    child.lock().unwrap_or_else(PoisonError::into_inner).wait()
}
