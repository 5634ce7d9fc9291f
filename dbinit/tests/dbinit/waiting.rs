//! Waiting for a server that comes up later, and giving up.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use rustix::process::Signal;
use schema::database::Connection;
use testkit::mysql::{self, Server};
use testkit::process::{Child, run};
use testkit::proxy::Proxy;

use crate::support::{Empty, assert_code, dbinit, shared_server_port, through};

/// A dbinit on the shared server whose `number`-th request is held back, and what holds it.
fn held_at(number: usize, url: &str, arguments: &[&str]) -> (Proxy, Child) {
    let proxy = Proxy::start(shared_server_port());
    proxy.hold_at(number);
    let mut child = Child::spawn(&mut dbinit(&through(proxy.port(), url), arguments));
    assert!(proxy.holds(|| !child.runs()));
    (proxy, child)
}

#[test]
fn waits_for_server_account_and_database() {
    let mut server = Server::stopped(&[]);
    let url = format!("mysql://clinic:s3cret@127.0.0.1:{}/petclinic?ssl_mode=required", server.port());
    let mut child = Child::spawn(&mut dbinit(&url, &[]));
    child.line("failed to reach the database");
    let command_line = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&command_line).contains("s3cret"));

    server.restart();
    child.line("wrong password or unknown account");
    server.execute("CREATE USER clinic IDENTIFIED BY 's3cret'; GRANT ALL ON petclinic.* TO clinic");
    child.line("no such database");
    server.execute("CREATE DATABASE petclinic");
    let ended = child.wait();
    assert_code(&ended, 0);
    assert!(ended.stdout.contains("connected to database") && ended.stdout.contains("waited_ms"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("s3cret") && !ended.stderr.contains("s3cret"), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn lost_server_is_waited_for_again() {
    let database = &Empty::mysql();
    // in the middle of the seed
    let (proxy, mut child) = held_at(40, &database.url, &[]);
    proxy.reset();
    let ended = child.wait();
    assert_code(&ended, 0);
    assert!(ended.stdout.contains("connection lost; starting again"), "{}", ended.stdout);
}

#[test]
fn silent_server_times_out_one_attempt() {
    let mut server = Server::start();
    let database = server.database();
    server.pause();
    let mut child = Child::spawn(&mut dbinit(&database.url, &[]));
    child.line("no answer within");
    server.resume();
    assert_code(&child.wait(), 0);
}

#[test]
fn gives_up_after_wait_timeout() {
    let url = format!("mysql://root:s3cret@127.0.0.1:{}/petclinic", testkit::net::free_port());
    let start = Instant::now();
    let ended = run(&mut dbinit(&url, &["wait", "--wait-timeout", "2s"]));
    assert_code(&ended, 69);
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert!(ended.stdout.contains("no connection within WAIT_TIMEOUT") && ended.stdout.contains("(111)"), "{}", ended.stdout);
    assert!(ended.stdout.contains("trying again"), "{}", ended.stdout);
}

#[test]
fn signal_ends_the_wait() {
    let url = format!("mysql://root:s3cret@127.0.0.1:{}/petclinic", testkit::net::free_port());
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut child = Child::spawn(&mut dbinit(&url, &[]));
        child.line("trying again");
        child.signal(signal);
        let ended = child.wait();
        assert_code(&ended, code);
        assert!(ended.stdout.contains("ended by a signal"), "{}", ended.stdout);
    }
}

/// Another dbinit at work: waited for, said once, and not for ever. What is said then ends one that hangs.
#[test]
fn waits_for_another_dbinit() {
    let database = mysql::database();
    let (holder, mut first) = held_at(40, &database.url, &["migrate"]);

    let impatient = run(&mut dbinit(&database.url, &["migrate", "--wait-timeout", "5s"]));
    assert_code(&impatient, 69);
    assert!(impatient.stdout.contains("which another dbinit holds"), "{}", impatient.stdout);
    let mut second = Child::spawn(&mut dbinit(&database.url, &[]));
    second.line("waiting for another dbinit");
    let advice = &impatient.stdout[impatient.stdout.find("KILL ").unwrap()..];
    database.execute(advice.split(')').next().unwrap());
    assert_code(&second.wait(), 0);
    holder.reset();
    let ended = first.wait();
    assert_code(&ended, 69);
    assert!(ended.stdout.contains("Lost connection"), "{}", ended.stdout);
}

/// A machine that is gone doesn't hang up: MySQL gives back the lock of a connection on which nothing comes for a minute.
#[test]
fn idle_connection_loses_the_lock() {
    let database = &Empty::mysql();
    let mut connection = database.connect();
    dbinit::prepare(&mut connection, Duration::ZERO).unwrap();
    let silence = diesel::dsl::sql::<diesel::sql_types::Unsigned<diesel::sql_types::BigInt>>("@@SESSION.wait_timeout");
    let Connection::Mysql(mysql) = &mut connection else { unreachable!("it is MySQL") };
    assert_eq!(diesel::select(silence).get_result::<u64>(mysql), Ok(60));
}

/// SQLite's lock may be anybody's.
#[test]
fn waits_for_another_sqlite_writer() {
    let database = &Empty::sqlite();
    let mut writer = database.connect();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let impatient = run(&mut dbinit(&database.url, &["migrate", "--wait-timeout", "1s"]));
    assert_code(&impatient, 69);
    assert!(impatient.stdout.contains("which another process holds"), "{}", impatient.stdout);
    let mut patient = Child::spawn(&mut dbinit(&database.url, &[]));
    patient.line("started");
    writer.batch_execute("ROLLBACK").unwrap();
    assert_code(&patient.wait(), 0);
}

/// A TLS handshake that a restart cuts off says nothing about whether the server offers TLS.
#[test]
fn waits_for_server_lost_in_tls_handshake() {
    let database = &Empty::mysql();
    for url in [database.url.clone(), format!("{}?ssl_mode=required", database.url)] {
        let (proxy, mut child) = held_at(1, &url, &["wait"]);
        proxy.reset();
        child.line("the TLS handshake failed");
        assert_code(&child.wait(), 0);

        let mut child = Child::spawn(&mut dbinit(&through(greets_and_resets(), &url), &["wait"]));
        child.line("\"attempt\":2");
    }
}

/// The port of a server that says the first words of the shared one, and is then gone without reading the answer.
fn greets_and_resets() -> u16 {
    let mut greeting = vec![0; 1024];
    let length = TcpStream::connect((Ipv4Addr::LOCALHOST, shared_server_port())).unwrap().read(&mut greeting).unwrap();
    greeting.truncate(length);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.write_all(&greeting);
            // more than the wish for TLS: the handshake has begun; what is not read when the socket is closed makes the end a reset
            while matches!(client.peek(&mut [0; 64]), Ok(1..=36)) {
                thread::yield_now();
            }
        }
    });
    port
}

/// While the server is at work for as long as it likes, the kernel asks now and then whether it is still there.
#[test]
fn keepalive_probes_a_busy_server() {
    let database = &Empty::mysql();
    let (proxy, mut child) = held_at(40, &database.url, &[]);
    let next = testkit::until("a keepalive timer", || {
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", child.id())).unwrap();
        table.lines().find_map(|row| keepalive(row, proxy.port()))
    });
    assert!(next <= Duration::from_mins(1), "the next probe comes in {next:?}");
    child.kill();
    proxy.reset();
}

/// In what time the next keepalive probe is sent, by a row of /proc/net/tcp, where it is of a connection to `port`.
fn keepalive(row: &str, port: u16) -> Option<Duration> {
    let columns: Vec<_> = row.split_ascii_whitespace().collect();
    let hundredths = columns.get(5)?.strip_prefix("02:")?;
    let to_it = columns[2].ends_with(&format!(":{port:04X}"));
    to_it.then(|| Duration::from_millis(u64::from_str_radix(hundredths, 16).unwrap() * 10))
}
