//! `logshipper supervise`: runs the daemon as a child process and restarts it whenever it ends.
//!
//! kubelet takes a pod out of its Service while a sidecar container is not running (kubernetes#142145). The supervisor is
//! process 1 of the container and outlives the daemon, so that a daemon that crashes costs the pod's application no
//! request. It reads no setting except those of logging: a bad setting ends the daemon, which prints it at every attempt.

use std::io;
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use runtime::logging::{self, Format, LogLevel};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};

/// The pause before the first restart; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Run time of a daemon after which the next pause is the first one again.
const STABLE: Duration = Duration::from_mins(1);

#[derive(Parser)]
#[group(skip)]
struct Settings {
    #[command(flatten)]
    logging: logging::Settings,
}

/// Supervises a daemon with this process' environment and remaining arguments until SIGTERM or SIGINT, which it forwards.
/// Returns the exit status of the last daemon.
///
/// # Errors
/// No daemon can be started at all, or signals can't be received.
pub(crate) fn run() -> io::Result<ExitCode> {
    let settings = Settings::try_parse_from(["logshipper"]);
    let settings = settings.map_or(logging::Settings { log_format: Format::Json, log_level: LogLevel::Info }, |it| it.logging);
    let _logging = logging::start(&settings, None, &[])?;
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGCHLD])?;
    let (sender, received) = channel();
    thread::Builder::new().name(String::from("signals")).spawn(move || signals.forever().try_for_each(|it| sender.send(it)))?;

    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        let daemon = Command::new(std::env::current_exe()?).args(std::env::args_os().skip(2)).spawn()?;
        let (status, stopping) = wait(daemon, &received)?;
        if started.elapsed() > STABLE {
            pause = FIRST_PAUSE;
        }
        if !stopping {
            tracing::error!(%status, next_in_s = pause.as_secs(), "daemon exited; restarting");
        }
        if stopping || stops_within(pause, &received) {
            return Ok(exit_code(status));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits for the daemon's end and forwards signals to it. Returns its status, and whether a signal asked for the end.
fn wait(mut daemon: Child, received: &Receiver<i32>) -> io::Result<(ExitStatus, bool)> {
    let pid = Pid::from_child(&daemon);
    let mut stopping = false;
    loop {
        if let Some(status) = daemon.try_wait()? {
            return Ok((status, stopping));
        }
        if let Some(signal) = received.recv().ok().filter(|signal| *signal != SIGCHLD) {
            stopping = true;
            // a daemon that has just ended is reaped by the next try_wait
            let _ = kill_process(pid, if signal == SIGINT { Signal::INT } else { Signal::TERM });
        }
    }
}

/// Sleeps between two daemons, and returns early with true when a signal asks for the end.
fn stops_within(pause: Duration, received: &Receiver<i32>) -> bool {
    let deadline = Instant::now() + pause;
    while let Ok(signal) = received.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if signal != SIGCHLD {
            return true;
        }
    }
    false
}

/// The status as a shell has it: 128 and the signal's number for a daemon that a signal ended.
fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
