//! Databases that are set up in their own way, or are not the same after a while.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use schema::tables::{owner, pet, visit};
use testkit::mysql::{Server, is_mariadb};
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

    first.execute(if is_mariadb() { "SET GLOBAL read_only = ON" } else { "SET GLOBAL super_read_only = ON" });
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

/// Lines of the log that say that the database fails, and that it has recovered.
fn outages(web: &Web) -> (usize, usize) {
    let count = |stream, message: &str| web.lines(stream).iter().filter(|line| line["message"] == message).count();
    (count("err", "database statement failed; answering 503"), count("app_db", "database statement recovered"))
}

/// Saves until the log says that the database has recovered.
fn save_until_recovered(web: &Web) {
    until("the end of the outage in the log", || {
        post(web, "/owners/new", OWNER);
        (outages(web).1 == 1).then_some(())
    });
    assert_eq!((post(web, "/owners/new", OWNER), outages(web)), (302, (1, 1)));
}

#[test]
fn full_sqlite_volume_is_503_until_there_is_room() {
    let (web, volume) = Web::start_on_small_volume(16 << 20, &[]);
    assert_eq!(post(&web, "/owners/new", OWNER), 302);
    let ballast = volume.join("ballast");
    let full = fs::write(&ballast, vec![1; 32 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    // there may be room in pages that the files have
    let statuses: Vec<u16> = (0..200).map(|_| post(&web, "/owners/new", OWNER)).collect();
    assert!(statuses.iter().all(|status| [302, 503].contains(status)) && statuses.ends_with(&[503, 503]), "{statuses:?}");
    assert_eq!(testkit::http::get(web.url("/owners/1")).status(), 200);
    assert_eq!(outages(&web), (1, 0));
    let lines = web.lines("err");
    assert!(lines.iter().any(|line| line["cause"].to_string().contains("disk is full")), "{lines:#?}");

    fs::remove_file(ballast).unwrap();
    save_until_recovered(&web);
}

#[test]
fn read_only_sqlite_file_is_503_until_writable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("petclinic.db");
    let url = format!("sqlite:{}", path.display());
    prepare(&url);
    // SQLite's own files next to it get the permissions that it has
    let set_mode = |mode: u32| {
        for file in ["petclinic.db", "petclinic.db-wal", "petclinic.db-shm"].map(|name| path.with_file_name(name)) {
            if file.exists() {
                fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            }
        }
    };
    set_mode(0o444);
    let web = Web::start_unprivileged(&url, directory, &[]);
    assert_eq!(testkit::http::get(web.url("/owners/1")).status(), 200);
    let statuses: Vec<u16> = (0..5).map(|_| post(&web, "/owners/new", OWNER)).collect();
    assert_eq!((statuses, outages(&web)), (vec![503; 5], (1, 0)));
    set_mode(0o644);
    save_until_recovered(&web);
}

/// Another transaction wants the rows of a save in the opposite order: the save is done again, without an error.
#[test]
fn deadlocked_save_is_retried() {
    let server = Server::start();
    let database = server.database();
    let web = Web::start_prepared(&database.url, tempfile::tempdir().unwrap(), &[]);
    let other = &mut connect(&database.url);
    let mut retried = 0;
    for round in 0..20 {
        // more rows than the save has, so that the save is the victim
        other.batch_execute("START TRANSACTION; UPDATE pet SET birth_date = '2000-01-01' WHERE id = 7").unwrap();
        for n in 0..50 {
            other.batch_execute(&format!("INSERT INTO pet_type (name) VALUES ('{n}')")).unwrap();
        }
        let status = std::thread::scope(|scope| {
            let save = scope.spawn(|| {
                let request = testkit::http::client().post(web.url("/owners/6/pets/7/visits/new"));
                let request = request.header("idempotency-key", format!("round-{round}"));
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                request.body("date=2020-01-01&description=check").send().unwrap().status().as_u16()
            });
            let waiting = "SELECT CAST(count AS SIGNED) AS number FROM information_schema.innodb_metrics
                           WHERE name = 'lock_row_lock_current_waits'";
            until("the save waits for the pet", || (number(other, waiting) == 1).then_some(()));
            // the save's own first row
            let got = other.batch_execute("SELECT * FROM idempotency_key FOR UPDATE");
            other.batch_execute("ROLLBACK").unwrap();
            let status = save.join().unwrap();
            retried += i32::from(got.is_ok() && status == 302);
            status
        });
        // a machine that does much else finds the deadlock too late for a second try
        assert!([302, 503].contains(&status), "{status}");
    }
    println!("measurement|deadlocked saves that succeeded at once|{retried} of 20|");
    assert!(retried > 0);
    let saved: i64 = visit::table.filter(visit::pet_id.eq(7)).count().get_result(other).unwrap();
    assert!(saved >= 2 + i64::from(retried), "{saved}");
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

fn number(connection: &mut schema::database::Connection, sql: &str) -> i64 {
    diesel::sql_query(sql).get_result::<Number>(connection).unwrap().number
}

#[test]
fn save_that_waits_too_long_for_a_lock_is_503() {
    let server = Server::start();
    let database = server.database();
    let web = Web::start_prepared(&database.url, tempfile::tempdir().unwrap(), &["--database-timeout", "1800ms"]);
    let other = &mut connect(&database.url);
    other.batch_execute("START TRANSACTION; UPDATE pet SET birth_date = '2000-01-01' WHERE id = 7").unwrap();
    let visit = "date=2020-01-01&description=check";
    assert_eq!(post(&web, "/owners/6/pets/7/visits/new", visit), 503);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(post(&web, "/owners/6/pets/7/visits/new", visit), 302);
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
