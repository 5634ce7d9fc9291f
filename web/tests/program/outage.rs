//! What the database does to web: it goes away, hangs, and comes back.

use std::time::Instant;

use testkit::mysql::Server;

use crate::support::{Web, eventually};

fn web_on_mysql() -> (Server, Web) {
    let server = Server::start();
    server.execute("CREATE DATABASE petclinic");
    let url = format!("{}/petclinic", server.url());
    let web = Web::start_prepared(&url, tempfile::tempdir().unwrap(), &[]);
    (server, web)
}

fn status(web: &Web, path: &str) -> u16 {
    let start = Instant::now();
    let status = reqwest::blocking::get(web.url(path)).unwrap().status().as_u16();
    println!("{path}: {status} after {:?}", start.elapsed());
    status
}

/// The database is away: pages say so, and no probe restarts web for it.
fn assert_unavailable(web: &mut Web) {
    eventually("readiness to fall", || (status(web, "/readyz") == 503).then_some(()));
    for path in ["/owners/1", "/owners?lastName=", "/owners/2", "/readyz"] {
        assert_eq!(status(web, path), 503, "{path}");
    }
    for path in ["/", "/healthcheck", "/livez"] {
        assert_eq!(status(web, path), 200, "{path}");
    }
    assert!(web.is_running());
}

fn assert_recovers(web: &Web) {
    eventually("readiness to rise", || (status(web, "/readyz") == 200).then_some(()));
    assert_eq!(status(web, "/owners/1"), 200);
}

#[test]
fn a_killed_database_is_a_503_and_comes_back() {
    let (mut server, mut web) = web_on_mysql();
    assert_eq!(status(&web, "/owners/1"), 200);
    server.kill();
    assert_unavailable(&mut web);
    let lines = web.lines("err");
    let causes = lines.iter().filter(|line| line["message"] == "database connection failed").count();
    assert!((1..=3).contains(&causes), "a line a change of state, not a line a request: {lines:?}");
    server.restart();
    assert_recovers(&web);
    assert!(web.lines("app_db").iter().any(|line| line["message"] == "database connection restored"));
}

#[test]
fn a_database_that_hangs_is_a_503_and_comes_back() {
    let (mut server, mut web) = web_on_mysql();
    assert_eq!(status(&web, "/owners/1"), 200);
    server.pause();
    assert_unavailable(&mut web);
    server.resume();
    assert_recovers(&web);
}
