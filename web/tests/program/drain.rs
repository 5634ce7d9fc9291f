use std::net::TcpStream;
use std::time::Instant;

use rustix::process::Signal;

use testkit::until;

use crate::support::Web;

fn until_in_flight(web: &Web) {
    until("the request in flight", || (web.metric("petclinic_http_requests_in_flight") == Some(1.0)).then_some(()));
}

#[test]
fn sigterm_completes_in_flight_and_stops_accepting() {
    let mut web = Web::start(&["--drain-timeout", "60s"]);
    let (mut busy, mut idle, mut later) = (web.connect(), web.connect(), web.connect());
    let (mut unused, mut begun) = (web.connect(), web.connect());
    begun.write("GET /livez HTTP/1.1\r\n");
    for connection in [&mut idle, &mut later] {
        connection.send("GET", "/livez");
        connection.answer();
    }
    busy.send("GET", "/20process");
    until_in_flight(&web);
    web.signal(Signal::TERM);

    // A request on a connection that was open: it is answered, and the connection ends with the answer.
    until("the last answer", || {
        later.send("GET", "/livez");
        let (head, _) = later.answer();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        head.contains("connection: close").then_some(())
    });
    assert!(later.is_closed());
    let readiness = || testkit::http::get(web.admin("/readyz")).status();
    assert_eq!(readiness(), 503, "readiness has fallen");
    assert!(idle.is_closed() && unused.is_closed(), "idle connections are closed");
    begun.write("Host: web\r\n\r\n");
    let (head, _) = begun.answer();
    assert!(head.starts_with("http/1.1 200") && head.contains("connection: close"), "{head}");
    assert!(begun.is_closed());
    until("refused connections", || TcpStream::connect(web.address).is_err().then_some(()));
    assert!(web.is_running());

    let (head, body) = busy.answer();
    assert!(head.starts_with("http/1.1 200") && head.contains("connection: close"), "{head}");
    assert_eq!(body, "20 sec Process finished");
    assert!(web.wait().success());
    let line = web.lines("access").into_iter().find(|line| line["path"] == "/20process").expect("an access line");
    assert_eq!(line["status"], 200);
}

#[test]
fn drain_timeout_aborts_requests() {
    let mut web = Web::start(&["--drain-timeout", "2s"]);
    let mut stuck = web.connect();
    stuck.send("GET", "/40process");
    until_in_flight(&web);
    let start = Instant::now();
    web.signal(Signal::TERM);
    assert!(web.wait().success());
    assert!(start.elapsed().as_secs() < 30, "long before the request's 40 s");
    assert!(web.lines("app_db").iter().any(|line| line["message"] == "drain timeout; aborting connections"));
    let line = web.lines("access").into_iter().find(|line| line["path"] == "/40process").expect("an access line");
    assert_eq!(line["status"], 499);
}

#[test]
fn second_signal_exits_immediately() {
    let mut web = Web::start(&["--drain-timeout", "60s"]);
    let mut stuck = web.connect();
    stuck.send("GET", "/40process");
    until_in_flight(&web);
    let start = Instant::now();
    web.signal(Signal::TERM);
    until("the drain", || web.lines("app_db").iter().any(|line| line["message"] == "draining").then_some(()));
    web.signal(Signal::INT);
    assert!(web.wait().success());
    assert!(start.elapsed().as_secs() < 30, "long before the request's 40 s");
}
