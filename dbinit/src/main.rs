//! Reads the settings, does the work, and turns the result into an exit status.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dbinit::config::{Command, Config, Output};
use dbinit::history::History;
use dbinit::migrate;
use dbinit::seed::{self, Seeded};
use dbinit::status::{self, State, Status};
use dbinit::wait::{WaitError, delay, wait};
use dbinit::{Error, account};
use runtime::logging::{self, Stream};
use runtime::milliseconds;
use schema::database::{Connection, Transient, connect_existing};
use signal_hook::consts::{SIGINT, SIGTERM};
use tracing::{error, info, warn};

/// The database can't be reached or used, or not now (`EX_UNAVAILABLE` of sysexits.h).
const EXIT_UNAVAILABLE: u8 = 69;
/// A statement failed (`EX_SOFTWARE`).
const EXIT_FAILED: u8 = 70;

const STREAM: Stream = Stream { name: "dbinit", accepts: |_| true };

/// The reason why the work was not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Database(#[from] Error),
    #[error("not repaired: tables differ from the migrations ({0}); restore them, then run repair again")]
    TablesDiffer(String),
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Wait(_) | Self::Database(Error::Locked(_)) => EXIT_UNAVAILABLE,
            Self::Database(error) if error.transient().is_some() => EXIT_UNAVAILABLE,
            Self::TablesDiffer(_) => State::Drift.exit_code(),
            Self::Database(_) | Self::Output(_) => EXIT_FAILED,
        }
    }
}

fn main() -> ExitCode {
    let config: Config = runtime::settings::parse(&[]);
    if let Err(line) = config.check() {
        let _ = writeln!(io::stderr(), "{line}");
        return ExitCode::from(runtime::settings::EXIT_BAD_SETTING);
    }
    let report = match config.command {
        Some(Command::Status { output }) => Some(print_status(&config, output)),
        Some(Command::Validate) => Some(validate(&config)),
        Some(Command::Migrate { dry_run: true }) => Some(print_pending(&config)),
        _ => None,
    };
    if let Some(report) = report {
        return ExitCode::from(report.unwrap_or_else(|failure| {
            let _ = writeln!(io::stderr(), "{failure}");
            failure.exit_code()
        }));
    }
    let _logging = match logging::start(&config.logging, config.log_dir.as_deref(), &[STREAM]) {
        Ok(logging) => logging,
        Err(error) => {
            let _ = writeln!(io::stderr(), "failed to start logging: {error}");
            return ExitCode::from(EXIT_FAILED);
        }
    };
    ExitCode::from(run_until_signal(config))
}

/// Works in a thread of its own: a signal ends the program at any point of the work, since every step is idempotent. As the
/// first process of a container it would otherwise not even receive one.
fn run_until_signal(config: Config) -> u8 {
    let (sender, exit_code) = mpsc::channel();
    match signal_hook::iterator::Signals::new([SIGTERM, SIGINT]) {
        Ok(mut signals) => {
            let sender = sender.clone();
            thread::spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    warn!(signal, "ended by a signal");
                    let _ = sender.send(u8::try_from(128 + signal).unwrap_or(EXIT_FAILED));
                }
            });
        }
        Err(error) => warn!(%error, "failed to register signal handlers"),
    }
    let work = thread::spawn(move || match run(&config) {
        Ok(()) => 0,
        Err(failure) => {
            error!(cause = %failure, "failed to prepare database");
            failure.exit_code()
        }
    });
    thread::spawn(move || sender.send(work.join().unwrap_or(EXIT_FAILED)));
    exit_code.recv().unwrap_or(EXIT_FAILED)
}

fn run(config: &Config) -> Result<(), Failure> {
    info!(database = %config.database.url, wait_timeout_s = config.wait_timeout.as_secs(), "started");
    config.database.warn_of_foreign_namespace();
    match &config.command {
        Some(Command::Wait) => {
            wait(&config.database.url, config.wait_timeout)?;
        }
        Some(Command::Migrate { .. }) => with_retry(config, |connection, left| {
            let history = History::read(connection).map_err(Error::from)?;
            migrate(connection, &history, left)
        })?,
        Some(Command::Seed) => with_retry(config, |connection, left| {
            let history = History::read(connection).map_err(Error::from)?;
            seed(connection, &history, left)
        })?,
        Some(Command::Repair) => with_retry(config, repair)?,
        Some(Command::Status { .. } | Command::Validate) | None => {
            with_retry(config, |connection, left| prepare(config, connection, left))?;
        }
    }
    info!("done");
    Ok(())
}

/// Connects and does `work`, again and again within `WAIT_TIMEOUT` while the error is transient: the server restarts, is
/// read-only, or holds a lock, such as that of a backup. Commands for a single step expect that the database is there: they
/// connect once.
fn with_retry(config: &Config, mut work: impl FnMut(&mut Connection, Duration) -> Result<(), Failure>) -> Result<(), Failure> {
    let start = Instant::now();
    let waits = config.command.is_none();
    for attempt in 1.. {
        let left = config.wait_timeout.saturating_sub(start.elapsed());
        let mut connection = wait(&config.database.url, if waits { left } else { Duration::ZERO })?;
        let failure = match work(&mut connection, left) {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        let left = config.wait_timeout.saturating_sub(start.elapsed());
        let Some(message) = retry_message(&failure, waits).filter(|_| !left.is_zero()) else { return Err(failure) };
        let delay = delay(attempt).min(left);
        warn!(attempt, cause = %failure, next_in_ms = milliseconds(delay), "{message}");
        thread::sleep(delay);
    }
    unreachable!("attempts don't run out")
}

/// The log message if the failure is transient.
fn retry_message(failure: &Failure, waits: bool) -> Option<&'static str> {
    let Failure::Database(error) = failure else { return None };
    match error.transient()? {
        Transient::ConnectionLost => waits.then_some("connection lost; starting again"),
        Transient::ReadOnly => Some("the server is read-only; waiting until it takes writes"),
        Transient::Conflict => Some(
            "a lock is held on the server (LOCK INSTANCE FOR BACKUP, FLUSH TABLES WITH READ LOCK, or an open transaction); \
             waiting for it",
        ),
        Transient::Exhausted | Transient::Unavailable => Some("database not usable now; trying again"),
    }
}

fn prepare(config: &Config, connection: &mut Connection, left: Duration) -> Result<(), Failure> {
    let start = Instant::now();
    let left = |start: Instant| left.saturating_sub(start.elapsed());
    let history = History::read(connection).map_err(Error::from)?;
    migrate(connection, &history, left(start))?;
    seed(connection, &history, left(start))?;
    if let (Some(user), Some(password)) = (&config.web_user, &config.web_password_file) {
        account::ensure(connection, &config.database.url, user, password, left(start))?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, history: &History, left: Duration) -> Result<(), Failure> {
    let migrations = migrate::all(connection.backend());
    // an older program on a newer schema: a rollback must start
    for row in status::compare(migrations, history).migrations.iter().filter(|row| row.state == State::Drift) {
        warn!(migration = row.name, problem = row.problem, "drift");
    }
    let applied = migrate::run(connection, history, left)?;
    info!(applied = applied.len(), of = migrations.len(), "schema ready");
    Ok(())
}

fn seed(connection: &mut Connection, history: &History, left: Duration) -> Result<(), Failure> {
    match seed::run(connection, history, left)? {
        Seeded::Inserted => info!("seed data inserted"),
        Seeded::AlreadyDecided => info!("seed data already applied"),
        Seeded::Skipped => warn!("seed data skipped: tables are not empty"),
    }
    Ok(())
}

fn repair(connection: &mut Connection, left: Duration) -> Result<(), Failure> {
    let status = status::read(connection).map_err(Error::from)?;
    if !status.differences.is_empty() {
        return Err(Failure::TablesDiffer(status.differences.join("; ")));
    }
    let repaired = migrate::repair(connection, left)?;
    info!(migrations = ?repaired, "history repaired");
    Ok(())
}

/// Reads the state without creating an SQLite file: one that is missing is an empty database.
fn read_status(config: &Config) -> Result<Status, Failure> {
    let url = &config.database.url;
    if url.path().is_some_and(|path| !path.exists()) {
        return Ok(status::compare(migrate::all(url.backend()), &History::default()));
    }
    let mut connection = connect_existing(url).map_err(WaitError::from)?;
    Ok(status::read(&mut connection).map_err(Error::from)?)
}

fn print_status(config: &Config, output: Output) -> Result<u8, Failure> {
    let status = read_status(config)?;
    let mut stdout = io::stdout();
    match output {
        Output::Text => write!(stdout, "{status}")?,
        Output::Json => {
            serde_json::to_writer(&mut stdout, &status).map_err(io::Error::from)?;
            writeln!(stdout)?;
        }
    }
    Ok(status.state.exit_code())
}

fn validate(config: &Config) -> Result<u8, Failure> {
    let status = read_status(config)?;
    let mut stdout = io::stdout();
    for row in status.migrations.iter().filter(|row| row.state == State::Drift) {
        writeln!(stdout, "{}: {}", row.name, row.problem.unwrap_or_default())?;
    }
    for difference in &status.differences {
        writeln!(stdout, "{difference}")?;
    }
    Ok(if status.state == State::Drift { State::Drift.exit_code() } else { 0 })
}

fn print_pending(config: &Config) -> Result<u8, Failure> {
    let status = read_status(config)?;
    let mut stdout = io::stdout();
    let is_pending = |name: &str| status.migrations.iter().any(|row| row.state == State::Pending && row.name == name);
    for migration in migrate::all(config.database.url.backend()).iter().filter(|migration| is_pending(migration.name)) {
        writeln!(stdout, "-- {}", migration.name)?;
        for statement in migration.statements() {
            writeln!(stdout, "{statement};")?;
        }
    }
    Ok(0)
}
