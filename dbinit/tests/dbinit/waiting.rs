//! Waiting for a server that comes up later, and giving up.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use testkit::mysql::{self, Server};
use testkit::process::{Child, run};
use testkit::proxy::Proxy;

use crate::support::{Empty, assert_code, dbinit, shared_server_port};

#[test]
fn for_a_server_its_account_and_its_database() {
    let mut server = Server::stopped(&[]);
    let url = format!("mysql://clinic:s3cret@127.0.0.1:{}/petclinic?ssl_mode=required", server.port());
    let mut child = Child::spawn(&mut dbinit(&url, &[]));
    child.line("the database doesn't answer");
    let command_line = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&command_line).contains("s3cret"));

    server.restart();
    child.line("wrong password, or no such account yet");
    server.execute("CREATE USER clinic IDENTIFIED BY 's3cret'; GRANT ALL ON petclinic.* TO clinic");
    child.line("no such database");
    server.execute("CREATE DATABASE petclinic");
    let ended = child.wait();
    assert_code(&ended, 0);
    assert!(ended.stdout.contains("database answers") && ended.stdout.contains("waited_ms"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("s3cret") && !ended.stderr.contains("s3cret"), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_server_that_goes_away_on_the_way_is_waited_for_again() {
    let database = &Empty::mysql();
    let proxy = Proxy::start(shared_server_port());
    let url = database.url.replace(&format!(":{}/", shared_server_port()), &format!(":{}/", proxy.port()));
    // about in the middle of the seed
    proxy.hold_at(80);
    let mut child = Child::spawn(&mut dbinit(&url, &[]));
    assert!(proxy.holds(|| !child.runs()));
    proxy.cut();
    let ended = child.wait();
    assert_code(&ended, 0);
    assert!(ended.stdout.contains("connection lost; starting again"), "{}", ended.stdout);
}

#[test]
fn a_server_that_does_not_answer_holds_no_attempt_for_ever() {
    let mut server = Server::start();
    let database = server.database();
    server.pause();
    let mut child = Child::spawn(&mut dbinit(&database.url, &[]));
    child.line("no answer within");
    server.resume();
    assert_code(&child.wait(), 0);
}

#[test]
fn until_the_time_is_over() {
    let url = format!("mysql://root:s3cret@127.0.0.1:{}/petclinic", testkit::net::free_port());
    let start = Instant::now();
    let ended = run(&mut dbinit(&url, &["wait", "--wait-timeout", "2s"]));
    assert_code(&ended, 69);
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert!(ended.stdout.contains("WAIT_TIMEOUT is over") && ended.stdout.contains("(111)"), "{}", ended.stdout);
    assert!(ended.stdout.contains("trying again"), "{}", ended.stdout);
}

#[test]
fn a_signal_ends_the_wait_at_once() {
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

/// Another dbinit at work: waited for, said once, and not for ever.
#[test]
fn for_another_dbinit() {
    let database = mysql::database();
    let holder = Proxy::start(shared_server_port());
    let url = database.url.replace(&format!(":{}/", shared_server_port()), &format!(":{}/", holder.port()));
    holder.hold_at(40);
    let mut first = Child::spawn(&mut dbinit(&url, &[]));
    assert!(holder.holds(|| !first.runs()));

    let impatient = run(&mut dbinit(&database.url, &["migrate", "--wait-timeout", "5s"]));
    assert_code(&impatient, 70);
    assert!(impatient.stdout.contains("another dbinit has held"), "{}", impatient.stdout);
    let mut second = Child::spawn(&mut dbinit(&database.url, &[]));
    second.line("waiting for another dbinit");
    first.kill();
    holder.cut();
    assert_code(&second.wait(), 0);
}
