//! Reads the settings, does the work, and turns its end into an exit status.

use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dbinit::account;
use dbinit::apply::{self, ApplyError, Seeded};
use dbinit::config::{Command, Config, Output};
use dbinit::demo::demo;
use dbinit::progress::Progress;
use dbinit::status::{self, State};
use dbinit::wait::{WaitError, wait};
use runtime::logging::{self, Stream};
use schema::database::Connection;
use signal_hook::consts::{SIGINT, SIGTERM};
use tracing::{error, info, warn};

/// The database can't be reached or used, or is another's for now (`EX_UNAVAILABLE` of sysexits.h).
const EXIT_UNAVAILABLE: u8 = 69;
/// A statement failed (`EX_SOFTWARE`).
const EXIT_FAILED: u8 = 70;

const STREAM: Stream = Stream { name: "dbinit", accepts: |_| true };

/// Why the work ended without being done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Output(#[from] std::io::Error),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Wait(_) | Self::Apply(ApplyError::Locked(_)) => EXIT_UNAVAILABLE,
            Self::Apply(error) if error.is_lost_connection() => EXIT_UNAVAILABLE,
            Self::Apply(_) | Self::Output(_) => EXIT_FAILED,
        }
    }
}

fn main() -> ExitCode {
    let config: Config = runtime::settings::parse(&[]);
    if let Err(line) = config.check() {
        let _ = writeln!(std::io::stderr(), "{line}");
        return ExitCode::from(runtime::settings::EXIT_BAD_SETTING);
    }
    if let Some(Command::Status { output }) = config.command {
        return print_status(&config, output).unwrap_or_else(|failure| {
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.exit_code())
        });
    }
    let _logging = match logging::start(&config.logging, config.log_dir.as_deref(), &[STREAM]) {
        Ok(logging) => logging,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "logging can't be started: {error}");
            return ExitCode::from(EXIT_FAILED);
        }
    };
    ExitCode::from(run_until_signal(config))
}

/// Works in a thread of its own: a signal ends the program at whatever point the work is, since every step is safe to
/// meet half done. As the first process of a container it would otherwise not even see one.
fn run_until_signal(config: Config) -> u8 {
    let (ended, end) = mpsc::channel();
    match signal_hook::iterator::Signals::new([SIGTERM, SIGINT]) {
        Ok(mut signals) => {
            let ended = ended.clone();
            thread::spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    warn!(signal, "ended by a signal");
                    let _ = ended.send(u8::try_from(128 + signal).unwrap_or(EXIT_FAILED));
                }
            });
        }
        Err(error) => warn!(%error, "signals are not handled"),
    }
    let work = thread::spawn(move || match run(&config) {
        Ok(()) => 0,
        Err(failure) => {
            error!(cause = %failure, "database not prepared");
            failure.exit_code()
        }
    });
    thread::spawn(move || ended.send(work.join().unwrap_or(EXIT_FAILED)));
    end.recv().unwrap_or(EXIT_FAILED)
}

fn run(config: &Config) -> Result<(), Failure> {
    let url = &config.database.url;
    let patience = config.wait_timeout;
    info!(database = %url, wait_timeout_s = patience.as_secs(), "started");
    config.database.warn_of_foreign_namespace();
    match config.command {
        Some(Command::Wait | Command::Status { .. }) => {
            wait(url, patience)?;
        }
        Some(Command::Migrate) => migrate(&mut wait(url, Duration::ZERO)?, patience)?,
        Some(Command::Seed) => seed(&mut wait(url, Duration::ZERO)?, patience)?,
        Some(Command::Demo { owners }) => {
            let mut progress = Progress::new("owners", owners);
            demo(&mut wait(url, Duration::ZERO)?, owners, patience, |done| progress.at(done))?;
        }
        None => prepare(config)?,
    }
    info!("done");
    Ok(())
}

/// All of it; from the start again where the server goes away on the way, as a new one does while it sets itself up.
fn prepare(config: &Config) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let patience = config.wait_timeout.saturating_sub(start.elapsed());
        match prepare_once(config, patience) {
            Err(Failure::Apply(error)) if error.is_lost_connection() && !patience.is_zero() => {
                warn!(cause = %error, "connection lost; starting again");
            }
            ended => return ended,
        }
    }
}

fn prepare_once(config: &Config, patience: Duration) -> Result<(), Failure> {
    let url = &config.database.url;
    let mut connection = wait(url, patience)?;
    migrate(&mut connection, patience)?;
    seed(&mut connection, patience)?;
    if let (Some(user), Some(password)) = (&config.web_user, &config.web_password_file) {
        account::ensure(&mut connection, url, user, password, patience)?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, patience: Duration) -> Result<(), Failure> {
    let applied = apply::migrate(connection, patience)?;
    let status = status::read(connection).map_err(ApplyError::from)?;
    for row in status.migrations.iter().filter(|row| row.state == State::Drift) {
        warn!(version = row.version, problem = row.problem, "drift");
    }
    info!(applied = applied.len(), of = status.migrations.len(), "schema ready");
    Ok(())
}

fn seed(connection: &mut Connection, patience: Duration) -> Result<(), Failure> {
    match apply::seed(connection, patience)? {
        Seeded::Inserted => info!("seed data inserted"),
        Seeded::Before => info!("seed data was dealt with before"),
        Seeded::NotEmpty => warn!("seed data left out: the tables have rows already"),
    }
    Ok(())
}

fn print_status(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let mut connection = wait(&config.database.url, Duration::ZERO)?;
    let status = status::read(&mut connection).map_err(ApplyError::from)?;
    let mut stdout = std::io::stdout();
    match output {
        Output::Text => write!(stdout, "{status}")?,
        Output::Json => {
            serde_json::to_writer(&mut stdout, &status).map_err(std::io::Error::from)?;
            writeln!(stdout)?;
        }
    }
    Ok(ExitCode::from(status.state.exit_code()))
}
