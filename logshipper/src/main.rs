//! Reads the settings, runs the daemon or a command, and turns its end into an exit status.

mod supervise;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use clap::CommandFactory;
use logshipper::archive::{Archive, ArchiveState};
use logshipper::cli::{Arguments, RootError};
use logshipper::cmd::Command;
use logshipper::config::Settings;
use logshipper::daemon::GRACE;
use logshipper::dir::Dir;
use logshipper::metrics::Metrics;
use logshipper::pod::OpenError;
use logshipper::shutdown::Shutdown;
use logshipper::wakeup::{Wakeup, notify, wakeup};
use logshipper::{admin, cmd};
use runtime::settings::EXIT_BAD_SETTING;
use signal_hook::consts::{SIGINT, SIGIO, SIGTERM};

fn main() -> ExitCode {
    // before the settings are read, since the supervisor outlives a daemon with a bad one
    if std::env::args_os().nth(1).is_some_and(|command| command == "supervise") {
        return supervise::run().unwrap_or_else(|error| fail(&error.into()));
    }
    let arguments: Arguments = runtime::settings::parse(&[]);
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // A reader of the output that goes away ends a command well.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "{error:#}");
    if error.is::<RootError>() { ExitCode::from(EXIT_BAD_SETTING) } else { ExitCode::FAILURE }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let (settings, archive) = (&arguments.daemon, arguments.archive_url.as_ref());
    match &arguments.command {
        Some(Command::Completions(completions)) => completions.run(Arguments::command(), &mut io::stdout())?,
        Some(Command::Man(man)) => man.run(Arguments::command(), &mut io::stdout())?,
        Some(Command::Logs(command)) => return command.run(&arguments.open_root()?, archive, settings),
        None => {
            let root = arguments.open_root()?;
            let pod = settings.pod_name.as_deref().context("POD_NAME: not set")?;
            if settings.dry_run {
                cmd::dry_run::dry_run(&root, pod, &settings.policy(), archive, &mut io::stdout())?;
            } else {
                daemon(&root, pod, settings, archive.cloned())?;
            }
        }
    }
    Ok(true)
}

fn daemon(root: &Dir, pod: &str, settings: &Settings, archive: Option<Archive>) -> anyhow::Result<()> {
    let _logging = runtime::logging::start(&settings.logging, None, &[]).context("logging")?;
    let shutdown = Shutdown::new(GRACE);
    let (wake, woken) = wakeup();
    listen(shutdown.clone(), wake.clone()).context("signal handlers")?;
    let metrics = Arc::new(Metrics::default());
    let address = settings.admin_addr;
    let bound = admin::start(address, Arc::clone(&metrics)).with_context(|| format!("ADMIN_ADDR {address}"))?;
    watchdog(Arc::clone(&metrics)).context("watchdog")?;
    tracing::info!(
        pod,
        admin = %bound,
        rotate_bytes = settings.rotate_bytes,
        rotate_age_seconds = settings.rotate_age.as_secs(),
        keep_segments = settings.keep_segments,
        archive = archive.as_ref().map(Archive::url),
        "started"
    );
    let archive_state = Arc::new(ArchiveState::new(archive));
    let pod_name = OsStr::new(pod);
    let (policy, limits) = (settings.policy(), settings.limits());
    let evidence = settings.evidence();
    let context = logshipper::daemon::Context { root, pod: pod_name, policy, evidence, limits, archive_state, metrics };
    logshipper::daemon::run(&context, &shutdown, &wake, &woken).map_err(|error| match error {
        OpenError::Taken => anyhow::anyhow!("POD_NAME {pod}: {error}; stop it, or choose another directory"),
        OpenError::Io(error) => error.into(),
    })?;
    tracing::info!("stopped");
    Ok(())
}

/// Requests the shutdown on SIGTERM or SIGINT; a second one ends the process at once. SIGIO, which may announce a broken
/// lease, is ignored.
fn listen(shutdown: Shutdown, wake: Wakeup) -> anyhow::Result<()> {
    let mut received = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGIO])?;
    thread::Builder::new().name(String::from("signals")).spawn(move || {
        for signal in received.forever().filter(|signal| *signal != SIGIO) {
            if shutdown.is_requested() {
                std::process::exit(128 + signal);
            }
            shutdown.request();
            notify(&wake);
        }
    })?;
    Ok(())
}

/// Ends the process when a thread no longer works, for the supervisor or kubelet to start another one.
fn watchdog(metrics: Arc<Metrics>) -> anyhow::Result<()> {
    let watch = move || {
        let mut failed_checks = 0;
        while failed_checks < 3 {
            thread::sleep(Duration::from_secs(10));
            failed_checks = if metrics.is_alive() { 0 } else { failed_checks + 1 };
        }
        tracing::error!("a thread does not respond; exiting");
        std::process::exit(1);
    };
    thread::Builder::new().name(String::from("watchdog")).spawn(watch)?;
    Ok(())
}
