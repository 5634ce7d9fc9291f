//! How fast Petclinic is, beside what bounds it.
//!
//! - `config`: the settings; `measure`: one measurement after the other; `report`: medians, table, JSON;
//! - `load`, `http`: the load generator; `servers`: what is loaded; `bare`: what bounds it;
//! - `growth`, `plot`: the list of owners from ten to a million.

mod bare;
mod config;
mod growth;
mod http;
mod load;
mod measure;
mod plot;
mod report;
mod servers;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::mysql;
use testkit::process::command;

use crate::config::Config;
use crate::measure::{Effort, Line, Subject};
use crate::report::{Goal, Program, Report, mib};
use crate::servers::{Process, Server};

const WEB_MYSQL: &str = "web, MySQL";
const WEB_SQLITE: &str = "web, SQLite";
const DIESEL_MYSQL: &str = "bare diesel, MySQL";
const DIESEL_SQLITE: &str = "bare diesel, SQLite";
const HYPER: &str = "bare hyper, same bytes";
const PEER: &str = "peer";

fn main() -> ExitCode {
    let config: Config = runtime::settings::parse(&[]);
    let done = match &config.answer {
        Some(answer) => serve(answer),
        None => run(&config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(answer: &Path) -> Result<()> {
    let address = std::env::var("LISTEN_ADDR").context("LISTEN_ADDR")?;
    bare::serve(answer, address.parse()?)
}

/// Databases with the seed, and as many to grow.
struct Databases {
    folder: tempfile::TempDir,
    mysql: [mysql::Database; 2],
    // after its databases
    server: mysql::Server,
}

impl Databases {
    /// MySQL as testkit starts it, with room for a million owners: what it writes to disk is the same for all that is measured.
    fn prepare(programs: &Path) -> Result<Self> {
        let server = mysql::Server::start_with(&["--innodb-buffer-pool-size=512M", "--innodb-redo-log-capacity=512M"]);
        let mysql = [server.database(), server.database()];
        let databases = Self { folder: tempfile::tempdir()?, mysql, server };
        for number in [0, 1] {
            for url in [databases.mysql_url(number), databases.sqlite_url(number)] {
                let status = command(programs.join("dbinit")).env("DATABASE_URL", &url).stdout(Stdio::null()).status();
                ensure!(status.context("dbinit can't be started")?.success(), "dbinit failed on {url}");
            }
        }
        Ok(databases)
    }

    fn mysql_url(&self, number: usize) -> String {
        self.mysql[number].url.clone()
    }

    fn sqlite_url(&self, number: usize) -> String {
        format!("sqlite:{}", self.folder.path().join(format!("{number}.db")).display())
    }

    fn web(&self, programs: &Path, url: &str, name: &str) -> Result<Server> {
        Server::web(programs, url, &self.folder.path().join(name))
    }

    fn mysql_process(&self) -> Option<Process> {
        Process::listening(([127, 0, 0, 1], self.server.port()).into())
    }
}

fn run(config: &Config) -> Result<()> {
    let program = std::env::current_exe()?;
    let programs = program.parent().context("this program is in no folder")?;
    fs::create_dir_all(&config.out).with_context(|| config.out.display().to_string())?;
    let mut say = |line: String| {
        let _ = writeln!(std::io::stderr(), "bench: {line}");
    };

    say("preparing databases and servers".to_owned());
    let databases = Databases::prepare(programs)?;
    let on_mysql = databases.web(programs, &databases.mysql_url(0), "on-mysql")?;
    let on_sqlite = databases.web(programs, &databases.sqlite_url(0), "on-sqlite")?;
    let answer = databases.folder.path().join("answer");
    fs::write(&answer, load::fetch(on_mysql.address, &http::request("/", None))?.1)?;
    let bare = Server::bare(&answer)?;

    let mut report = Report {
        processors: std::thread::available_parallelism()?.get(),
        runs: config.runs,
        seconds: config.seconds,
        sizes: sizes(programs),
        ..Report::default()
    };
    let ours = |server, database| Subject::Http {
        address: address(server),
        process: Some(server.process),
        database,
        server: Some(server),
    };
    let subjects = [
        (HYPER, HYPER, Subject::Http { address: bare.address, process: Some(bare.process), database: None, server: None }),
        (DIESEL_MYSQL, DIESEL_MYSQL, Subject::Database(databases.mysql_url(0).parse()?)),
        (WEB_MYSQL, DIESEL_MYSQL, ours(&on_mysql, databases.mysql_process())),
        (DIESEL_SQLITE, DIESEL_SQLITE, Subject::Database(databases.sqlite_url(0).parse()?)),
        (WEB_SQLITE, DIESEL_SQLITE, ours(&on_sqlite, None)),
    ];
    let peer = config.peer.map(|address| {
        (PEER, WEB_MYSQL, Subject::Http { address, process: Process::listening(address), database: None, server: None })
    });
    let subjects: Vec<_> = subjects.into_iter().chain(peer).collect();
    let lines: Vec<Line<'_>> = subjects.iter().map(|(name, beside, subject)| line(name, beside, subject)).collect();
    idle(&subjects, &mut report, [(WEB_MYSQL, &on_mysql), (WEB_SQLITE, &on_sqlite)]);

    let effort = Effort {
        time: Duration::from_secs(config.seconds),
        warm_up: Duration::from_secs(config.warm_up),
        runs: config.runs,
        connections: config.connections.clone(),
    };
    report.rows = measure::table(&lines, &effort, &mut say)?;
    report.steady = measure::steady(&lines, &effort, &mut say)?;
    loaded(&subjects, &mut report);

    if config.owners > 10 {
        report.growth = grow(config, programs, &databases, [&on_mysql, &on_sqlite], &mut say)?;
        fs::write(config.out.join("growth.svg"), plot::svg(&report.growth))?;
    }
    if config.build {
        say("a release build from nothing".to_owned());
        report.build_seconds = Some(build()?);
    }
    report.goals = goals(&report, config.connections[0]);
    fs::write(config.out.join("bench.json"), serde_json::to_string_pretty(&report)?)?;
    write!(std::io::stdout(), "{report}")?;
    Ok(())
}

fn address(server: &Server) -> std::net::SocketAddr {
    server.address
}

/// A name, the name beside which it stands, and what is measured.
type Named<'a> = (&'static str, &'static str, Subject<'a>);

/// Which pages stand in the table for a line.
fn line<'a>(name: &'static str, beside: &'static str, subject: &'a Subject<'a>) -> Line<'a> {
    let has: fn(&http::Page) -> bool = match name {
        HYPER => |page| page.name == "/",
        DIESEL_MYSQL | DIESEL_SQLITE => |page| bare::statements(page).is_some(),
        _ => |_| true,
    };
    Line { name, beside, subject, has }
}

fn idle(subjects: &[Named<'_>], report: &mut Report, ours: [(&str, &Server); 2]) {
    for (name, _, subject) in subjects {
        let Subject::Http { process: Some(process), .. } = subject else { continue };
        let start = ours.iter().find(|(one, _)| one == name).map_or(Duration::ZERO, |(_, server)| server.start);
        let program = Program { start_ms: start.as_secs_f64() * 1000.0, idle_mib: mib(process.memory()), loaded_mib: 0.0 };
        report.programs.insert((*name).to_owned(), program);
    }
}

fn loaded(subjects: &[Named<'_>], report: &mut Report) {
    for (name, _, subject) in subjects {
        if let (Subject::Http { process: Some(process), .. }, Some(program)) = (subject, report.programs.get_mut(*name)) {
            program.loaded_mib = mib(process.memory());
        }
    }
}

fn grow(
    config: &Config,
    programs: &Path,
    databases: &Databases,
    references: [&Server; 2],
    say: &mut dyn FnMut(String),
) -> Result<Vec<report::Growth>> {
    let urls = [databases.mysql_url(1), databases.sqlite_url(1)];
    let servers = [databases.web(programs, &urls[0], "growing-mysql")?, databases.web(programs, &urls[1], "growing-sqlite")?];
    let subject = |index: usize, backend| growth::Subject {
        backend,
        url: &urls[index],
        server: &servers[index],
        reference: references[index],
    };
    let subjects = [subject(0, "MySQL"), subject(1, "SQLite")];
    growth::measure(&subjects, programs, config.owners, config.runs, Duration::from_secs(config.seconds), say)
}

/// Bytes of the programs, and of the images where docker has them.
fn sizes(programs: &Path) -> BTreeMap<String, u64> {
    let programs = ["web", "dbinit", "logshipper"].map(|name| (name.to_owned(), programs.join(name)));
    let programs = programs.into_iter().filter_map(|(name, path)| Some((name, path.metadata().ok()?.len())));
    let images = ["petclinic-web:0.1.0", "petclinic-sidecars:0.1.0"].into_iter().filter_map(|image| {
        let asked = Command::new("docker").args(["image", "inspect", "--format", "{{.Size}}", image]).output().ok()?;
        Some((format!("image {image}"), String::from_utf8(asked.stdout).ok()?.trim().parse().ok()?))
    });
    programs.chain(images).collect()
}

/// Seconds of a release build of the three programs in an empty folder.
fn build() -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "-p", "web", "-p", "dbinit", "-p", "logshipper"]);
    let status = cargo.env("CARGO_TARGET_DIR", folder.path()).current_dir(root()).status()?;
    ensure!(status.success(), "cargo build: {status}");
    Ok(started.elapsed().as_secs_f64())
}

/// The project's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is to be reached, and whether it is.
fn goals(report: &Report, connections: u16) -> Vec<Goal> {
    let rate = |page, server| report.find(page, connections, server).map_or(0.0, |figures| figures.rate);
    let ratio = |page, server, bound| if rate(page, bound) > 0.0 { rate(page, server) / rate(page, bound) } else { 0.0 };
    let mut goals = vec![Goal::least("/ beside bare hyper, requests/s", 0.6, ratio("/", WEB_SQLITE, HYPER))];
    for page in ["/owners/1", "/owners?lastName="] {
        goals.push(Goal::least(format!("{page} beside bare diesel on MySQL"), 0.8, ratio(page, WEB_MYSQL, DIESEL_MYSQL)));
    }
    for name in [WEB_MYSQL, WEB_SQLITE] {
        if let Some(program) = report.programs.get(name) {
            goals.push(Goal::most(format!("{name}: start to first 200, ms"), 100.0, program.start_ms));
            goals.push(Goal::most(format!("{name}: memory idle, MiB"), 20.0, program.idle_mib));
            goals.push(Goal::most(format!("{name}: memory after load, MiB"), 60.0, program.loaded_mib));
        }
    }
    for row in report.steady.iter().filter(|row| row.key.server == WEB_MYSQL) {
        let goal = format!("{} at {}: p99 to p50 at 80 % of the peak", row.key.page, row.key.connections);
        goals.push(Goal::most(goal, 5.0, row.figures.p99_us / row.figures.p50_us.max(1.0)));
    }
    for backend in ["MySQL", "SQLite"] {
        if let Some([p50, p99]) = growth::worst(&report.growth, backend) {
            goals.push(Goal::most(format!("{backend}: slowest page of the most owners beside that of ten, p50"), 2.0, p50));
            goals.push(Goal::most(format!("{backend}: the same, p99"), 2.0, p99));
        }
    }
    goals
}
