//! Databases that are set up in their own way, or are not the same after a while.

use std::fs;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use schema::tables::{owner, pet, visit};
use testkit::mysql::Server;
use testkit::proxy::Proxy;
use testkit::until;

use crate::support::{Web, prepare};

const OWNER: &str = "firstName=Ana&lastName=Lee&address=1+Main+St.&city=Bonn&telephone=6085551023";

/// Sends a form, and returns the status.
fn post(web: &Web, path: &str, form: &str) -> u16 {
    let request = testkit::http::client().post(web.url(path)).body(form.to_owned());
    request.header("content-type", "application/x-www-form-urlencoded").send().unwrap().status().as_u16()
}

fn readiness(web: &Web) -> u16 {
    testkit::http::get(web.url("/readyz")).status().as_u16()
}

fn connect(url: &str) -> schema::database::Connection {
    schema::database::connect(&url.parse().unwrap()).unwrap()
}

#[test]
fn writes_are_committed_with_autocommit_off() {
    let server = Server::start_with(&["--autocommit=OFF"]);
    let database = server.database();
    let web = Web::start_prepared(&database.url, tempfile::tempdir().unwrap(), &[]);
    let leo = "name=Leo&birthDate=2010-09-07&type=cat";
    assert_eq!(post(&web, "/owners/new", OWNER), 302);
    assert_eq!(post(&web, "/owners/11/edit", &OWNER.replace("Bonn", "Ulm")), 302);
    assert_eq!(post(&web, "/owners/11/pets/new", leo), 302);
    assert_eq!(post(&web, "/owners/11/pets/14/edit", &leo.replace("Leo", "Rex")), 302);
    assert_eq!(post(&web, "/owners/11/pets/14/visits/new", "date=2020-01-01&description=check"), 302);

    let another = &mut connect(&database.url);
    assert_eq!(owner::table.find(11).select(owner::city).first(another), Ok("Ulm".to_owned()));
    assert_eq!(pet::table.find(14).select(pet::name).first(another), Ok("Rex".to_owned()));
    assert_eq!(visit::table.filter(visit::pet_id.eq(14)).count().get_result(another), Ok(1_i64));
}

/// Two servers behind one name: the first one is demoted, then the name leads to the second one.
#[test]
fn failover_to_another_server_is_followed() {
    let (first, second) = (Server::start(), Server::start());
    for server in [&first, &second] {
        server.execute("CREATE DATABASE petclinic");
        server.execute("CREATE USER web IDENTIFIED BY 'web'; GRANT ALL ON petclinic.* TO web");
        prepare(&format!("{}/petclinic", server.url()));
    }
    let proxy = Proxy::start(first.port());
    let url = format!("mysql://web:web@127.0.0.1:{}/petclinic", proxy.port());
    let web = Web::start_on(&url, tempfile::tempdir().unwrap(), &[]);
    until("readiness", || (readiness(&web) == 200).then_some(()));
    assert_eq!(post(&web, "/owners/new", OWNER), 302);

    first.execute("SET GLOBAL super_read_only = ON");
    assert_eq!(post(&web, "/owners/new", OWNER), 503);
    until("no readiness", || (readiness(&web) == 503).then_some(()));

    proxy.forward_to(second.port());
    let start = Instant::now();
    until("a write on the second server", || (post(&web, "/owners/new", OWNER) == 302).then_some(()));
    until("readiness on the second server", || (readiness(&web) == 200).then_some(()));
    let took = start.elapsed();
    println!("measurement|writes after the name leads to another server|{took:.1?}|5 s");
    assert!(took < Duration::from_secs(30), "{took:?}");
    let owners = owner::table.count().get_result(&mut connect(&format!("{}/petclinic", second.url())));
    assert_eq!(owners, Ok(11_i64));
}

#[test]
fn readiness_needs_the_schema() {
    let server = Server::start();
    let database = server.database();
    let web = Web::start_on(&database.url, tempfile::tempdir().unwrap(), &[]);
    assert_eq!(readiness(&web), 503);
    prepare(&database.url);
    until("readiness", || (readiness(&web) == 200).then_some(()));
    database.execute("UPDATE dbinit_history SET name = '00000000000000_older' WHERE name <> 'seed'");
    until("no readiness", || (readiness(&web) == 503).then_some(()));
}

#[test]
fn missing_sqlite_file_is_not_created() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("petclinic.db");
    let url = format!("sqlite:{}", path.display());
    let web = Web::start_on(&url, directory, &["--database-acquire-timeout", "1s"]);
    assert_eq!((readiness(&web), post(&web, "/owners/new", OWNER)), (503, 503));
    assert!(!path.exists());
    prepare(&url);
    until("readiness", || (readiness(&web) == 200).then_some(()));
}

#[test]
fn replaced_sqlite_file_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("petclinic.db");
    let url = format!("sqlite:{}", path.display());
    let web = Web::start_prepared(&url, directory, &["--database-acquire-timeout", "1s"]);
    assert_eq!(post(&web, "/owners/new", OWNER), 302);
    for end in ["db", "db-wal", "db-shm"] {
        let _ = fs::remove_file(path.with_extension(end));
    }
    assert_eq!(post(&web, "/owners/new", OWNER), 503);
    prepare(&url);
    until("a write to the new file", || (post(&web, "/owners/new", OWNER) == 302).then_some(()));
    assert_eq!(owner::table.count().get_result(&mut connect(&url)), Ok(11_i64));
}

/// Other clients hold nearly all prepared statements of the server: never 500, and all is well once they are gone.
#[test]
fn exhausted_prepared_statements_are_503() {
    let server = Server::start();
    let database = server.database();
    let web = Web::start_prepared(&database.url, tempfile::tempdir().unwrap(), &[]);
    server.execute("SET GLOBAL max_prepared_stmt_count = 3");
    let statuses: Vec<u16> = (0..10).map(|_| post(&web, "/owners/new", OWNER)).collect();
    assert!(statuses.iter().all(|status| [302, 503].contains(status)), "{statuses:?}");
    server.execute("SET GLOBAL max_prepared_stmt_count = 16382");
    let deadline = Instant::now() + Duration::from_mins(1);
    until("a write", || (post(&web, "/owners/new", OWNER) == 302 || Instant::now() > deadline).then_some(()));
    assert_eq!(post(&web, "/owners/new", OWNER), 302);
}
