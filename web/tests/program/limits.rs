//! The limits as a client meets them. None of these tests depends on how fast anything is: what must not be reached is set
//! far away, and what must be reached is waited for.

use std::io::Write;
use std::net::{IpAddr, TcpStream};

use testkit::load::{Load, RunConfig};
use testkit::until;

use crate::support::{Connection, Web};

const ME: [u8; 4] = [127, 0, 0, 1];

/// Number of times a limit was reached.
fn reached(web: &Web, limit: &str) -> u32 {
    let count = web.metric(&format!("petclinic_requests_rejected_total{{reason=\"{limit}\"}}"));
    count.map_or(0, |count| format!("{count}").parse().unwrap())
}

#[test]
fn head_beyond_limit_gets_431() {
    let web = Web::start(&["--max-header-bytes", "8192"]);
    let mut client = web.connect();
    client.write(&format!("GET / HTTP/1.1\r\nHost: web\r\nX-Fill: {}\r\n\r\n", "x".repeat(7000)));
    assert!(client.answer().0.starts_with("http/1.1 200"));
    client.write(&format!("GET / HTTP/1.1\r\nHost: web\r\nX-Fill: {}\r\n\r\n", "x".repeat(9000)));
    let (head, _) = client.answer();
    assert!(head.starts_with("http/1.1 431") && head.contains("connection: close"), "{head}");
    assert!(client.is_closed());
    // so many that each is small
    let mut client = web.connect();
    client.write(&format!("GET / HTTP/1.1\r\nHost: web\r\n{}\r\n", "x: y\r\n".repeat(200)));
    assert!(client.answer().0.starts_with("http/1.1 431"));
    until("both counted", || (reached(&web, "header_size") == 2).then_some(()));
}

#[test]
fn body_beyond_limit_gets_413() {
    let web = Web::start(&["--max-body-bytes", "1000"]);
    let post = |bytes| post_from(&web, ME, form(bytes)).unwrap();
    assert_eq!(post(1000).status(), 200);
    let refused = post(1001);
    assert_eq!(refused.status(), 413);
    assert!(refused.headers().contains_key("x-request-id"));
    assert_eq!(reached(&web, "body_size"), 1);
    let counted = r#"petclinic_http_requests_total{route="/owners/new",method="POST",status="413"}"#;
    assert_eq!(web.metric(counted), Some(1.0), "by the route, although no handler has seen it");
}

#[test]
fn slow_body_gets_408() {
    let web = Web::start(&["--body-timeout", "300ms"]);
    let mut client = web.connect();
    client.write("POST /owners/new HTTP/1.1\r\nHost: web\r\nAccept: application/json\r\nContent-Length: 100\r\n\r\nfirst");
    let (head, body) = client.answer();
    assert!(head.starts_with("http/1.1 408") && head.contains("connection: close"), "{head}");
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&408.into(), &"That took too long".into()));
    assert!(head.contains(&format!("x-request-id: {}", problem["requestId"].as_str().unwrap())), "{head}");
    assert!(client.is_closed());
    assert_eq!(reached(&web, "body_time"), 1);
    let counted = r#"petclinic_http_requests_total{route="/owners/new",method="POST",status="408"}"#;
    assert_eq!(web.metric(counted), Some(1.0));
}

/// A megabyte for all bodies, one of which is at most a quarter of it.
const BODIES: [&str; 6] = ["--max-body-bytes", "262144", "--max-body-bytes-in-flight", "1048576", "--body-timeout", "5m"];

/// A body of nearly that quarter.
fn body() -> String {
    form(260_000)
}

fn form(bytes: usize) -> String {
    format!("firstName={}", "x".repeat(bytes - "firstName=".len()))
}

/// Response to a form from an address, if there is one.
fn post_from(web: &Web, address: [u8; 4], form: String) -> Option<reqwest::blocking::Response> {
    let client = testkit::http::builder().local_address(IpAddr::from(address)).build().unwrap();
    let kind = "application/x-www-form-urlencoded";
    client.post(web.url("/owners/new")).header("content-type", kind).body(form).send().ok()
}

/// A client that keeps the last byte of its body.
fn all_but_a_byte(web: &Web, address: [u8; 4]) -> TcpStream {
    let mut client = web.stream_from(address);
    let body = body();
    let head = format!("POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Length: {}\r\n\r\n", body.len());
    // a slow one may be closed before it has sent everything
    let _ = client.write_all((head + &body[1..]).as_bytes());
    client
}

/// The first half of a body, from a client that sends no more.
fn half_of_body(web: &Web, head: &str) -> Connection {
    let mut client = web.connect();
    client.write(&format!("POST /owners/new HTTP/1.1\r\nHost: web\r\n{head}\r\n\r\n"));
    client
}

#[test]
fn slow_bodies_cost_other_bodies_503_and_no_page() {
    let web = Web::start(&BODIES);
    let mut slow: Vec<_> = (0..3).map(|_| half_of_body(&web, "Content-Length: 262144")).collect();
    // as much as the largest: its length is unknown
    slow.push(half_of_body(&web, "Transfer-Encoding: chunked"));
    until("all four", || (web.metric("petclinic_http_requests_in_flight") == Some(4.0)).then_some(()));
    let rejected = post_from(&web, ME, body()).unwrap();
    assert_eq!(rejected.status(), 503);
    assert!(rejected.headers()["retry-after"].to_str().unwrap().parse::<u32>().is_ok());
    assert_eq!(reached(&web, "body_bytes_in_flight"), 1);
    for _ in 0..10 {
        assert!(web.connect().answers("/vets"));
    }
    drop(slow);
    until("memory for a body", || post_from(&web, ME, body()).filter(|answer| answer.status() == 200));
}

#[test]
fn memory_of_all_bodies_is_bounded() {
    const CLIENTS: u8 = 150;
    let web = Web::start(&BODIES);
    assert_eq!(post_from(&web, ME, body()).unwrap().status(), 200);
    let before = web.memory();
    let waiting: Vec<_> = (0..CLIENTS).map(|n| all_but_a_byte(&web, [127, 0, 1, n])).collect();
    until("rejected bodies", || (reached(&web, "body_bytes_in_flight") > u32::from(CLIENTS) / 2).then_some(()));
    let grown = web.memory().saturating_sub(before);
    assert!(grown < usize::from(CLIENTS) * body().len() / 2, "{grown} bytes for {CLIENTS} bodies");
    drop(waiting);
}

#[test]
fn rejected_body_is_answered_while_it_is_sent() {
    let web = Web::start(&[]);
    let mut client = web.connect();
    // more than the sockets' buffers hold: the rest is sent while the answer is on its way
    client.write(&format!("POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Length: 500000\r\n\r\n{}", "x".repeat(500_000)));
    let (head, _) = client.answer();
    assert!(head.starts_with("http/1.1 413"), "{head}");
}

#[test]
fn largest_body_fits_into_memory_limit() {
    let web = Web::start(&["--max-body-bytes", "1048576", "--max-body-bytes-in-flight", "1048576"]);
    for bytes in [600_000, 1 << 20] {
        assert_eq!(post_from(&web, ME, form(bytes)).unwrap().status(), 200, "{bytes}");
    }
}

#[test]
fn connection_closes_after_last_request() {
    let web = Web::start(&["--keepalive-requests", "3"]);
    let mut client = web.connect();
    for last in [false, false, true] {
        client.send("GET", "/livez");
        let (head, _) = client.answer();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(head.contains("connection: close"), last, "{head}");
    }
    assert!(client.is_closed());
    assert_eq!(reached(&web, "keepalive_requests"), 1);
}

#[test]
fn surplus_connection_is_closed() {
    let web = Web::start(&["--max-connections", "2"]);
    assert_places(&web, "connections");
}

/// Two connections from here have a place, a third one is closed, and there is one again when one of the two ends.
fn assert_places(web: &Web, limit: &str) {
    let (first, mut second) = (open(web), open(web));
    let mut surplus = web.connect();
    assert!(surplus.is_closed());
    assert_eq!(reached(web, limit), 1);
    second.send("GET", "/livez");
    assert!(second.answer().0.starts_with("http/1.1 200"));
    drop(first);
    until("the free place", || web.connect().answers("/livez").then_some(()));
}

/// A connection that has its place: it was answered.
fn open(web: &Web) -> Connection {
    until("a place", || {
        let mut connection = web.connect();
        connection.answers("/livez").then_some(connection)
    })
}

#[test]
fn surplus_request_gets_503_and_probes_200() {
    let web = Web::start(&["--max-in-flight-requests", "1"]);
    let mut busy = web.connect();
    busy.send("GET", "/40process");
    let client = testkit::http::client();
    until("the request in flight", || (web.metric("petclinic_http_requests_in_flight") == Some(1.0)).then_some(()));
    let refused = client.get(web.url("/vets.html")).header("accept-language", "de").send().unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().is_ok());
    assert!(refused.text().unwrap().contains("Einen Augenblick, bitte"));
    for probe in ["/healthcheck", "/livez", "/readyz", "/manage/health"] {
        assert_eq!(client.get(web.url(probe)).send().unwrap().status(), 200, "{probe}");
    }
    assert!(reached(&web, "requests_in_flight") >= 1);
    drop(busy);
    until("the free place", || (client.get(web.url("/vets.html")).send().unwrap().status() == 200).then_some(()));
}

#[test]
fn long_requests_leave_permits_to_others() {
    let web = Web::start(&["--max-in-flight-requests", "5"]);
    let mut long = [web.connect(), web.connect()];
    for connection in &mut long {
        connection.send("GET", "/40process");
    }
    until("both in flight", || (web.metric("petclinic_http_requests_in_flight") == Some(2.0)).then_some(()));
    let client = testkit::http::client();
    for path in ["/40process", "/20process"] {
        let refused = client.get(web.url(path)).send().unwrap();
        assert_eq!(refused.status(), 503, "{path}");
        assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().is_ok());
    }
    assert_eq!((reached(&web, "long_requests_in_flight"), reached(&web, "requests_in_flight")), (2, 0));
    assert_eq!(client.get(web.url("/vets.html")).send().unwrap().status(), 200);
    drop(long);
    until("the free places", || (web.metric("petclinic_http_requests_in_flight") == Some(0.0)).then_some(()));
    let mut next = web.connect();
    next.send("GET", "/40process");
    until("its place", || (web.metric("petclinic_http_requests_in_flight") == Some(1.0)).then_some(()));
    assert_eq!(reached(&web, "long_requests_in_flight"), 2);
}

#[test]
fn waiting_requests_hold_no_thread() {
    let web = Web::start(&["--database-max-connections", "1"]);
    let threads = web.threads();
    let load = Load::start(RunConfig::closed_loop(web.address, 32, &["/owners/1", "/owners?lastName="]));
    until("answers", || (load.answered() > 2_000).then_some(()));
    let more = web.threads() - threads;
    load.stop();
    assert!(more <= 2, "{more} threads more than at the start");
}

#[test]
fn slow_response_gets_504() {
    let web = Web::start(&["--request-timeout", "60s", "--long-request-timeout", "300ms"]);
    let mut client = web.connect();
    client.send("GET", "/40process");
    let (head, body) = client.answer();
    assert!(head.starts_with("http/1.1 504") && body.contains("504"), "{head}");
    client.send("GET", "/vets.html");
    assert!(client.answer().0.starts_with("http/1.1 200"), "the connection goes on");
    assert_eq!(reached(&web, "request_time"), 1);
}

#[test]
fn invalid_limit_is_a_bad_setting() {
    for (name, value) in
        [("--max-header-bytes", "100"), ("--max-connections", "0"), ("--max-in-flight-requests", "0"), ("--body-timeout", "slow")]
    {
        let line = crate::settings::refusal(&[name, value], &[("DATABASE_URL", "sqlite:/tmp/never-opened.db")]);
        assert!(line.starts_with(&name.trim_start_matches("--").replace('-', "_").to_uppercase()), "{line}");
    }
}
