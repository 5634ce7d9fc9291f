//! Database outages: it stops, hangs, refuses and recovers.
//!
//! Each outage happens under load. Whatever it is, every request has an answer, threads and tasks don't pile up, no probe
//! restarts web, the log has one line per change of state, and the pages are there again once the database is.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use testkit::mysql::{Database, Server};
use testkit::proxy::Proxy;

use crate::soak::measurement;
use testkit::load::{Answer, Load, RunConfig};
use testkit::until;

use crate::support::Web;

/// Pages that read the database.
const PAGES: [&str; 4] = ["/owners/1", "/owners?lastName=", "/owners/2", "/owners?lastName=Davis"];
/// The times that web has by itself.
const TIMES: [&str; 6] = ["--database-acquire-timeout", "1s", "--database-timeout", "1800ms", "--request-timeout", "10s"];
/// Clients of the load.
const CLIENTS: usize = 20;
/// The threads that web may have in addition to those of its start: one for each connection of the pool, one more, and one that
/// flushes the log.
const MORE_THREADS: usize = 10 + 2;

/// Lines in `err` that an outage may make: one a change of state, not one a request.
pub const MOST_LINES: usize = 10;

/// A server, web, and a way between them that can be broken.
pub struct World {
    server: Server,
    proxy: Option<Proxy>,
    root: Database,
    web: Web,
}

impl World {
    /// web on a server of its own, as an account without any privileges but on rows. `behind_proxy` decides what is between the two.
    pub fn start(behind_proxy: bool, settings: &[&str]) -> Self {
        let server = Server::start();
        let root = server.database();
        let directory = tempfile::tempdir().unwrap();
        crate::support::prepare(&root.url);
        root.execute(&format!(
            "CREATE USER web@'%' IDENTIFIED BY 'web'; GRANT SELECT, INSERT, UPDATE, DELETE ON {}.* TO web@'%'",
            root.name
        ));
        let proxy = behind_proxy.then(|| Proxy::start(server.port()));
        let port = proxy.as_ref().map_or(server.port(), Proxy::port);
        let url = format!("mysql://web:web@127.0.0.1:{port}/{}", root.name);
        let web = Web::start_on(&url, directory, settings);
        Self { server, proxy, root, web }
    }
}

/// An outage: its start, its end, and the requests that fail during it.
pub struct Outage {
    pub name: &'static str,
    pub behind_proxy: bool,
    /// True if pages that only read are 503.
    pub stops_reads: bool,
    pub begin: fn(&mut World),
    pub end: fn(&mut World),
    /// Its log line.
    pub line: &'static str,
}

pub const OUTAGES: [Outage; 7] = [
    Outage {
        name: "killed, then refused",
        behind_proxy: false,
        stops_reads: true,
        begin: |world| world.server.kill(),
        end: |world| world.server.restart(),
        line: "Can't connect",
    },
    Outage {
        name: "stopped in order",
        behind_proxy: false,
        stops_reads: true,
        begin: |world| world.server.stop(),
        end: |world| world.server.restart(),
        line: "Can't connect",
    },
    Outage {
        name: "hangs",
        behind_proxy: false,
        stops_reads: true,
        begin: |world| world.server.pause(),
        end: |world| world.server.resume(),
        line: "no answer within 1.44s",
    },
    Outage {
        name: "black-holed",
        behind_proxy: true,
        stops_reads: true,
        begin: |world| world.proxy.as_ref().unwrap().black_hole(),
        end: |world| world.proxy.as_ref().unwrap().pass(),
        line: "no answer within 1.44s",
    },
    Outage {
        name: "read-only",
        behind_proxy: false,
        stops_reads: false,
        begin: |world| world.root.execute("SET GLOBAL super_read_only = ON"),
        end: |world| world.root.execute("SET GLOBAL read_only = OFF"),
        line: "read-only",
    },
    Outage {
        name: "too many connections",
        behind_proxy: true,
        stops_reads: true,
        begin: |world| {
            world.root.execute("SET GLOBAL max_connections = 1");
            world.proxy.as_ref().unwrap().reset();
        },
        end: |world| world.root.execute("SET GLOBAL max_connections = 500"),
        line: "Too many connections",
    },
    Outage {
        name: "tables locked",
        behind_proxy: false,
        stops_reads: true,
        begin: |world| world.root.execute("LOCK TABLES owner WRITE, pet WRITE, visit WRITE"),
        end: |world| world.root.execute("UNLOCK TABLES"),
        line: "Lock wait timeout exceeded",
    },
];

/// Effects of an outage.
pub struct Report {
    pub during: Vec<Answer>,
    /// From the database's return to the first page.
    pub back_after: Duration,
    /// Lines in `err`.
    pub lines: usize,
    /// Threads beyond those of the start.
    pub more_threads: usize,
}

/// Lets an outage happen under load for about `time`, and sees to all that doesn't depend on the clock.
pub fn suffer(outage: &Outage, time: Duration) -> Report {
    let mut world = World::start(outage.behind_proxy, &TIMES);
    let before = Load::start(RunConfig::closed_loop(world.web.address, CLIENTS, &PAGES));
    until("pages", || (before.answered() > 200).then_some(()));
    // a busy machine may open the first connections too slowly for the first requests
    assert!(before.stop().answers.iter().any(|answer| answer.outcome == Ok(200)));
    let threads = world.web.threads();

    let begun = Instant::now();
    let load = Load::start(RunConfig::closed_loop(world.web.address, CLIENTS, &PAGES));
    (outage.begin)(&mut world);
    let stopped = |web: &Web| if outage.stops_reads { status(web, "/owners/1") == 503 } else { save(web) == 503 };
    until("503", || stopped(&world.web).then_some(()));
    let mut more_threads = 0;
    loop {
        for path in ["/livez", "/healthcheck", "/"] {
            assert_eq!(status(&world.web, path), 200, "{path}: no probe restarts web for its database");
        }
        assert_eq!(save(&world.web), 503);
        if outage.stops_reads {
            assert_eq!(problem(&world.web, "/owners/1"), 503);
        } else {
            // a busy machine may miss one
            until("reads that go on", || (status(&world.web, "/owners/1") == 200).then_some(()));
        }
        more_threads = world.web.threads().saturating_sub(threads).max(more_threads);
        if begun.elapsed() >= time {
            break;
        }
    }
    until(outage.line, || world.web.lines("app_db").iter().any(|line| line.to_string().contains(outage.line)).then_some(()));
    let returned = Instant::now();
    (outage.end)(&mut world);
    until("the pages' return", || (status(&world.web, "/owners/1") == 200 && save(&world.web) == 302).then_some(()));
    let back_after = returned.elapsed();
    let during = load.stop().answers;
    until("readiness", || (status(&world.web, "/readyz") == 200).then_some(()));
    assert!(during.iter().all(|answer| matches!(answer.outcome, Ok(200 | 503))), "{during:?}");
    until("the end of all requests", || (world.web.metric("petclinic_http_requests_in_flight") == Some(0.0)).then_some(()));
    assert!(world.web.is_running());

    let lines = world.web.lines("err");
    assert!(more_threads <= MORE_THREADS, "{more_threads} threads more than at the start");
    Report { during, back_after, lines: lines.len(), more_threads }
}

fn status(web: &Web, path: &str) -> u16 {
    testkit::http::get(web.url(path)).status().as_u16()
}

/// The status of a page as JSON.
fn problem(web: &Web, path: &str) -> u16 {
    let answer = testkit::http::client().get(web.url(path)).header("accept", "application/json").send().unwrap();
    let status = answer.status().as_u16();
    let problem: serde_json::Value = answer.json().unwrap();
    assert!(status == 200 || problem["status"] == status, "{problem}");
    status
}

/// Makes an owner.
fn save(web: &Web) -> u16 {
    let client = testkit::http::client();
    let owner = [("firstName", "A"), ("lastName", "B"), ("address", "C"), ("city", "D"), ("telephone", "0123456789")];
    client.post(web.url("/owners/new")).form(&owner).send().unwrap().status().as_u16()
}

/// The outage of this name, short, with bounds that no slow machine breaks.
fn short(name: &str) {
    let outage = OUTAGES.iter().find(|outage| outage.name == name).unwrap();
    let report = suffer(outage, Duration::from_secs(3));
    print(outage, &report);
    assert!(report.lines <= MOST_LINES, "one line per change of state, not per request");
}

/// The report as figures; gives the slowest answer.
pub fn print(outage: &Outage, report: &Report) -> Duration {
    let slowest = report.during.iter().map(|answer| answer.took).max().unwrap_or_default();
    let failed = report.during.iter().filter(|answer| answer.outcome == Ok(503)).count();
    let of = |what: &str| format!("database {}: {what}", outage.name);
    measurement(&of("requests, of them 503"), format!("{}, {failed}", report.during.len()), "all answered");
    measurement(&of("slowest answer"), format!("{:.2} s", slowest.as_secs_f64()), "<= 2 s");
    measurement(&of("back after"), format!("{:.2} s", report.back_after.as_secs_f64()), "<= 5 s");
    measurement(&of("lines in err.log"), report.lines.to_string(), &format!("<= {MOST_LINES}"));
    measurement(&of("threads beyond the start's"), report.more_threads.to_string(), &format!("<= {MORE_THREADS}"));
    slowest
}

#[test]
fn killed_database_gives_503_then_recovers() {
    short("killed, then refused");
}

#[test]
fn stopped_database_gives_503_then_recovers() {
    short("stopped in order");
}

#[test]
fn hung_database_gives_503_then_recovers() {
    short("hangs");
}

#[test]
fn lost_packets_give_503_then_recover() {
    short("black-holed");
}

#[test]
fn read_only_database_refuses_saves_and_serves_reads() {
    short("read-only");
}

#[test]
fn exhausted_connections_give_503_then_recover() {
    short("too many connections");
}

#[test]
fn locked_database_is_503() {
    short("tables locked");
}

#[test]
fn killed_connection_is_detected_before_use() {
    let world = World::start(true, &["--database-max-connections", "1"]);
    let page = || until("the page", || (status(&world.web, "/owners/1") == 200).then_some(()));
    page();
    for _ in 0..5 {
        world.proxy.as_ref().unwrap().reset();
        page();
    }
    let events = world.web.lines("app_db");
    assert!(!events.iter().any(|line| line["message"] == "statement failed"), "{events:#?}");
}

#[test]
fn locked_sqlite_gives_503_on_save_but_serves_pages() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
    let times = ["--database-acquire-timeout", "1s", "--database-timeout", "1s", "--request-timeout", "10s"];
    let web = Web::start_prepared(&url, directory, &[&times[..], &["--database-max-connections", "10"]].concat());
    let mut writer = schema::database::connect(&url.parse().unwrap()).unwrap();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        let saves: Vec<_> = (0..10).map(|_| scope.spawn(|| save(&web))).collect();
        for saved in saves {
            assert_eq!(saved.join().unwrap(), 503);
        }
    });
    // a busy machine may miss two
    assert!((0..3).any(|_| status(&web, "/owners/1") == 200), "no thread waits for longer than its request");
    writer.batch_execute("ROLLBACK").unwrap();
    until("an owner", || (save(&web) == 302).then_some(()));
}
