//! The metrics on the admin port, compared with the requests that were sent.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use testkit::until;

use crate::support::Web;

fn get(web: &Web, path: &str) -> u16 {
    testkit::http::get(web.url(path)).status().as_u16()
}

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let web = Web::start(&[]);
    for path in ["/owners/1", "/owners/2", "/owners/999", "/nowhere", "/nowhere/else"] {
        get(&web, path);
    }
    let client = testkit::http::client();
    assert_eq!(client.post(web.url("/owners/new")).form(&[("firstName", "x")]).send().unwrap().status(), 200);
    client.request("BREW".parse().unwrap(), web.url("/")).send().unwrap();
    let requests = |labels: &str| web.metric(&format!("petclinic_http_requests_total{{{labels}}}"));
    assert_eq!(requests(r#"route="/owners/{owner}",method="GET",status="200""#), Some(2.0));
    assert_eq!(requests(r#"route="/owners/{owner}",method="GET",status="404""#), Some(1.0));
    assert_eq!(requests(r#"route="none",method="GET",status="404""#), Some(2.0), "clients create no labels");
    assert_eq!(requests(r#"route="/owners/new",method="POST",status="200""#), Some(1.0));
    assert_eq!(requests(r#"route="/",method="other",status="405""#), Some(1.0));
    assert_eq!(web.metric(r#"petclinic_http_request_duration_seconds_count{route="/owners/{owner}"}"#), Some(3.0));
    let seconds = web.metric(r#"petclinic_http_request_duration_seconds_sum{route="/owners/{owner}"}"#).unwrap();
    assert!((0.0..60.0).contains(&seconds) && seconds > 0.0, "{seconds}");
    assert_eq!(web.metric(&format!("petclinic_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), Some(1.0));
}

#[test]
fn rejections_and_errors_are_there_before_the_first() {
    let web = Web::start(&[]);
    for labels in [r#"route="/oups",method="GET",status="500""#, r#"route="/owners/new",method="POST",status="503""#] {
        assert_eq!(web.metric(&format!("petclinic_http_requests_total{{{labels}}}")), Some(0.0), "{labels}");
    }
    for reason in ["body_size", "requests_in_flight", "pool_time"] {
        assert_eq!(web.metric(&format!("petclinic_requests_rejected_total{{reason=\"{reason}\"}}")), Some(0.0), "{reason}");
    }
}

#[test]
fn metrics_have_the_format_that_is_asked_for() {
    let web = Web::start(&[]);
    let get = |accept: &str| {
        let answer = testkit::http::client().get(web.admin("/metrics")).header("accept", accept).send().unwrap();
        (answer.headers()["content-type"].to_str().unwrap().to_owned(), answer.text().unwrap())
    };
    let (kind, text) = get("text/plain");
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("\n# TYPE petclinic_database_timeouts_total counter\npetclinic_database_timeouts_total 0\n"), "{text}");
    assert!(text.contains("\n# TYPE petclinic_build_info gauge\n") && !text.contains("# EOF"), "{text}");
    for accept in ["*/*", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"] {
        let (kind, text) = get(accept);
        assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert!(text.contains("# TYPE petclinic_database_timeouts counter\n") && text.ends_with("# EOF\n"), "{text}");
    }
}

#[test]
fn requests_in_flight_are_counted_while_they_are() {
    let web = Web::start(&[]);
    assert_eq!(web.metric("petclinic_http_requests_in_flight"), Some(0.0));
    let mut slow = [web.connect(), web.connect()];
    for connection in &mut slow {
        connection.send("GET", "/20process");
    }
    until("two in flight", || (web.metric("petclinic_http_requests_in_flight") == Some(2.0)).then_some(()));
    drop(slow);
    until("none in flight once the clients went away", || {
        (web.metric("petclinic_http_requests_in_flight") == Some(0.0)).then_some(())
    });
}

#[test]
fn database_metrics_name_statements_and_pool() {
    let web = Web::start(&["--database-max-connections", "3"]);
    for _ in 0..5 {
        get(&web, "/owners/1");
    }
    assert_eq!(
        web.metric(r#"petclinic_database_statement_duration_seconds_count{statement="owner with pets and visits"}"#),
        Some(5.0)
    );
    assert!(web.metric("petclinic_database_pool_wait_seconds_count").unwrap() >= 5.0);
    assert_eq!(web.metric("petclinic_database_timeouts_total"), Some(0.0));
    assert_eq!(web.metric("petclinic_database_connections_max"), Some(3.0));
    let open = || {
        web.metric(r#"petclinic_database_connections{state="idle"}"#).unwrap()
            + web.metric(r#"petclinic_database_connections{state="used"}"#).unwrap()
    };
    assert!((1.0..=3.0).contains(&open()));
}

#[test]
fn bytes_of_the_log_are_those_of_its_files() {
    let web = Web::start(&[]);
    for path in ["/", "/owners/1", "/oups", "/nowhere"] {
        get(&web, path);
    }
    for stream in ["access", "app_db", "err"] {
        let bytes = u32::try_from(std::fs::read(web.log(stream)).unwrap().len()).unwrap();
        assert!(bytes > 0, "{stream}");
        let counted = web.metric(&format!("petclinic_log_bytes_total{{output=\"{stream}\"}}"));
        assert_eq!(counted, Some(f64::from(bytes)), "{stream}");
        assert_eq!(web.metric(&format!("petclinic_log_lines_dropped_total{{output=\"{stream}\"}}")), Some(0.0));
    }
    assert!(web.metric(r#"petclinic_log_bytes_total{output="stdout"}"#).unwrap() > 0.0);
}

#[test]
fn failing_stdout_loses_only_its_own_lines() {
    let web = Web::start_writing_to(Stdio::from(File::options().write(true).open("/dev/full").unwrap()), &[]);
    for _ in 0..20 {
        assert_eq!(get(&web, "/owners/1"), 200);
    }
    until("lost lines", || (web.metric(r#"petclinic_log_lines_dropped_total{output="stdout"}"#)? >= 40.0).then_some(()));
    assert_eq!(web.lines("access").len(), 20);
    let told = || web.lines("app_db").iter().filter(|line| line["message"].as_str().unwrap().contains("dropped")).count();
    until("the line that says so", || (told() == 1).then_some(()));
}

/// Lines that a pipe, a batch and the queue hold before any is dropped: all of it and as much again.
const LINES: usize = 40_000;
const PIPELINED: usize = 500;

#[test]
fn unread_stdout_blocks_nothing_and_loss_is_reported() {
    let (mut unread, stdout) = std::io::pipe().unwrap();
    let web = Web::start_writing_to(Stdio::from(stdout), &[]);
    for _ in 0..LINES / PIPELINED {
        let mut stream = TcpStream::connect(web.address).unwrap();
        let mut answers = stream.try_clone().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            answers.read_to_string(&mut text).unwrap();
            text.matches("HTTP/1.1 200").count()
        });
        let requests = "GET /livez HTTP/1.1\r\nhost: web\r\n\r\n".repeat(PIPELINED - 1);
        write!(stream, "{requests}GET /livez HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n").unwrap();
        assert_eq!(reader.join().unwrap(), PIPELINED);
    }
    let dropped = || web.metric(r#"petclinic_log_lines_dropped_total{output="stdout"}"#).unwrap();
    let lost = dropped();
    println!("{lost} of {LINES} lines dropped from standard output");
    assert!(lost > 1000.0, "{lost}");
    assert_eq!(web.lines("access").len(), LINES, "none from the files");

    std::thread::spawn(move || std::io::copy(&mut unread, &mut std::io::sink()));
    let told = until("the loss in the log", || web.lines("app_db").into_iter().find(|line| line["lines"].is_u64()));
    assert_eq!(told["message"], "log lines were dropped: standard output was not read");
    assert!(told["lines"].as_f64().unwrap() >= lost && told["lines"].as_f64().unwrap() <= dropped());
}
