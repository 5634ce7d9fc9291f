//! Throughput and latency of Petclinic's pages, compared with minimal servers of the same bytes and statements.
//!
//! - `config`: the settings; `oha`: the load generator, a program of its own; `server`: the processes under load;
//! - `limit`: minimal servers that no page can be faster than; `report`: medians, table, JSON.
//!
//! All measurements are interleaved, several times over: other work on the machine affects all of them alike.

mod config;
mod limit;
mod oha;
mod report;
mod server;

use std::io::Write;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::mysql;
use testkit::process::command;

use crate::config::{Action, Config};
use crate::report::{Key, Measurement, Program, Report};
use crate::server::Server;

const BARE_HYPER: &str = "bare hyper";
const PEER: &str = "peer";
/// Share of the highest rate at which an open loop measures latency.
const OPEN_LOOP_SHARE: f64 = 0.8;

/// A request; with several paths the generator picks one at random.
struct Page {
    name: &'static str,
    paths: &'static [&'static str],
    form: Option<&'static str>,
}

const PAGES: [Page; 6] = [
    Page { name: "/", paths: &["/"], form: None },
    Page { name: "/owners?lastName=", paths: &["/owners?lastName="], form: None },
    Page { name: "/owners/1", paths: &["/owners/1"], form: None },
    Page { name: "/vets.html", paths: &["/vets.html"], form: None },
    Page { name: "/vets", paths: &["/vets"], form: None },
    // last, and not for owner 1, whose page would grow
    Page {
        name: "POST a visit",
        paths: &[
            "/owners/2/pets/2/visits/new",
            "/owners/3/pets/3/visits/new",
            "/owners/4/pets/5/visits/new",
            "/owners/5/pets/6/visits/new",
            "/owners/7/pets/9/visits/new",
            "/owners/8/pets/10/visits/new",
            "/owners/9/pets/11/visits/new",
            "/owners/10/pets/12/visits/new",
        ],
        form: Some("date=2026-01-31&description=rabies+shot"),
    },
];

/// A server under load, and the pages that it has.
struct Target {
    name: String,
    /// Name of the target that limits it.
    baseline: String,
    server: Server,
    /// The page of a server that has only one.
    page: Option<&'static str>,
}

fn main() -> ExitCode {
    let config: Config = runtime::settings::parse(&[]);
    let done = match &config.action {
        Some(Action::Limit(settings)) => limit::serve(settings),
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

fn run(config: &Config) -> Result<()> {
    let program = std::env::current_exe()?;
    let programs = program.parent().context("this program is in no directory")?;
    std::fs::create_dir_all(&config.out).with_context(|| config.out.display().to_string())?;
    let folder = tempfile::tempdir()?;
    // dropped after the targets, whose servers use it
    let mysql = mysql::Server::start();
    let database = mysql.database();
    let sqlite = format!("sqlite:{}", folder.path().join("petclinic.db").display());

    let mut targets = Vec::new();
    for (backend, url) in [("MySQL", database.url.as_str()), ("SQLite", &sqlite)] {
        targets.extend(of_backend(programs, folder.path(), backend, url)?);
    }
    if let Some(address) = config.peer {
        targets.push(Target { name: PEER.into(), baseline: "web, MySQL".into(), server: Server::running(address), page: None });
    }

    let mut report = Report::new(config)?;
    for target in &targets {
        report.programs.insert(target.name.clone(), Program::of(&target.server));
    }
    measure(config, &targets, &mut report)?;
    for target in &targets {
        let program = report.programs.entry(target.name.clone()).or_default();
        program.loaded_mib = program.loaded_mib.max(target.server.memory_mib());
    }
    std::fs::write(config.out.join("bench.json"), serde_json::to_string_pretty(&report)?)?;
    write!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Starts web on a prepared database, and the servers that limit its pages.
fn of_backend(programs: &Path, folder: &Path, backend: &str, url: &str) -> Result<Vec<Target>> {
    let prepared = command(programs.join("dbinit")).env("DATABASE_URL", url).stdout(Stdio::null()).status();
    ensure!(prepared.context("dbinit does not start")?.success(), "dbinit failed on {backend}");
    let web = Server::web(&programs.join("web"), url, &folder.join(backend))?;
    let mut targets = Vec::new();
    for page in PAGES.iter().filter(|page| limit::has(page.name)) {
        let needs_database = limit::statements(page.name).is_some();
        let name = if needs_database { format!("hyper + diesel, {backend}") } else { BARE_HYPER.to_owned() };
        let answer = folder.join(format!("{backend}-{}", page.name.replace('/', "_")));
        std::fs::write(&answer, server::fetch(web.address, page.paths[0])?)?;
        let server = Server::limit(page.name, &answer, needs_database.then_some(url))?;
        // `/` is the same on both
        if needs_database || backend == "MySQL" {
            targets.push(Target { baseline: name.clone(), name, server, page: Some(page.name) });
        }
    }
    targets.push(Target {
        name: format!("web, {backend}"),
        baseline: format!("hyper + diesel, {backend}"),
        server: web,
        page: None,
    });
    Ok(targets)
}

fn measure(config: &Config, targets: &[Target], report: &mut Report) -> Result<()> {
    let with = |page: &'static Page| targets.iter().filter(move |target| target.page.is_none_or(|name| name == page.name));
    let pairs: Vec<_> = PAGES.iter().flat_map(|page| with(page).map(move |target| (page, target))).collect();
    let time = Duration::from_secs(config.seconds);
    for (page, target) in &pairs {
        oha::closed_loop(target.server.address, page, config.connections[0], Duration::from_secs(config.warm_up))?;
    }
    for run in 1..=config.runs {
        for &connections in &config.connections {
            for (order, (page, target)) in pairs.iter().enumerate() {
                target.server.remove_logs();
                let before = target.server.processor_time();
                let peak = oha::closed_loop(target.server.address, page, connections, time)?;
                let cpu = target.server.processor_time().saturating_sub(before);
                let open = oha::open_loop(target.server.address, page, connections, peak.rate * OPEN_LOOP_SHARE, time)?;
                let _ = writeln!(
                    std::io::stderr(),
                    "bench: run {run}: {}, {} at {connections}: {:.0}/s",
                    target.name,
                    page.name,
                    peak.rate
                );
                let bare = page.name == "/" && target.name != PEER;
                let baseline = if bare { BARE_HYPER.to_owned() } else { target.baseline.clone() };
                let key = Key { order, page: page.name, connections, server: target.name.clone(), baseline };
                report.add(key, Measurement::of(&peak, &open, cpu));
            }
        }
    }
    report.finish();
    Ok(())
}
