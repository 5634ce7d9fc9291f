//! Raw requests and the status that RFC 9112 (HTTP/1.1) or RFC 9110 (semantics) asks for.

use crate::support::Web;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

#[test]
fn raw_requests_get_the_status_of_the_rfc() {
    let web = Web::start(&[]);
    let post = |headers: &str, body: &str| format!("POST /owners/new HTTP/1.1\r\nHost: web\r\n{FORM}{headers}\r\n{body}");
    for (section, request, status) in [
        // request line
        ("9112, 2.2", "\r\nGET /livez HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 200),
        ("9112, 2.3", "GET /livez HTTP/9.9\r\nHost: web\r\n\r\n".to_owned(), 400),
        ("9112, 3", "GET  /livez HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 400),
        ("9112, 3", "GET /livez\r\nHost: web\r\n\r\n".to_owned(), 400),
        ("9112, 3.2.2", "GET http://web/livez HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 200),
        ("9112, 3.2.4", "OPTIONS * HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 204),
        ("9110, 9.3.7", "OPTIONS /owners/new HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 204),
        ("9110, 9.3.2", "HEAD /livez HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n".to_owned(), 200),
        ("9110, 15.5.6", "DELETE /owners/new HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 405),
        ("9110, 15.5.5", "BREW /nowhere HTTP/1.1\r\nHost: web\r\n\r\n".to_owned(), 404),
        // host
        ("9112, 3.2", "GET /livez HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("9112, 3.2", "GET /livez HTTP/1.1\r\nHost: web\r\nHost: web\r\n\r\n".to_owned(), 400),
        ("9112, 3.2", "GET /livez HTTP/1.1\r\nHost: we b\r\n\r\n".to_owned(), 400),
        ("9112, 3.2", "GET /livez HTTP/1.1\r\nHost: web/path\r\n\r\n".to_owned(), 400),
        ("9112, 3.2", "GET /livez HTTP/1.1\r\nHost: me@web\r\n\r\n".to_owned(), 400),
        ("9112, 3.2", "GET /livez HTTP/1.1\r\nHost:\r\n\r\n".to_owned(), 400),
        ("9112, 3.2", "GET /livez HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n".to_owned(), 200),
        ("9112, 3.2", "GET /livez HTTP/1.0\r\n\r\n".to_owned(), 200),
        // fields
        ("9112, 5.1", "GET /livez HTTP/1.1\r\nHost : web\r\n\r\n".to_owned(), 400),
        ("9112, 5.2", "GET /livez HTTP/1.1\r\nHost: web\r\nx: a\r\n b\r\n\r\n".to_owned(), 400),
        ("9110, 5.5", "GET /livez HTTP/1.1\r\nHost: web\r\nx: a\0b\r\n\r\n".to_owned(), 400),
        // framing
        ("9112, 6.1", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400),
        ("9112, 6.1", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400),
        ("9112, 6.1", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
        ("9112, 6.1", post("Transfer-Encoding: identity\r\n", ""), 400),
        ("9112, 6.3", post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), 400),
        ("9112, 6.3", post("Content-Length: +1\r\n", "a"), 400),
        ("9112, 6.3", post("Content-Length: 0\r\n", ""), 200),
        ("9112, 7.1", post("Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n0\r\n\r\n"), 200),
        ("9112, 7.1", post("Transfer-Encoding: CHUNKED\r\n", "3;x=y\r\na=b\r\n0\r\n\r\n"), 200),
        ("9112, 7.1", post("Transfer-Encoding: chunked\r\n", "x\r\na=b\r\n0\r\n\r\n"), 400),
        // content
        ("9110, 8.4", post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "a=b"), 415),
        ("9110, 8.4", post("Content-Encoding: identity\r\nContent-Length: 3\r\n", "a=b"), 200),
        ("9110, 15.5.14", post("Content-Length: 100000\r\n", ""), 413),
    ] {
        let mut client = web.connect();
        client.write(&request);
        let head = client.head();
        assert!(
            head.starts_with(&format!("http/1.1 {status}")) || head.starts_with(&format!("http/1.0 {status}")),
            "{section}: {request:?}: {head}"
        );
    }
}

#[test]
fn list_fields_on_several_lines_are_joined() {
    let web = Web::start(&[]);
    let mut client = web.connect();
    client.write("GET /nowhere HTTP/1.1\r\nHost: web\r\nAccept: text/html;q=0.5\r\nAccept: application/json\r\n\r\n");
    assert!(client.answer().0.contains("content-type: application/problem+json"), "RFC 9110, 5.3");
    client.write("GET / HTTP/1.1\r\nHost: web\r\nAccept-Language: en;q=0.5\r\nAccept-Language: de\r\n\r\n");
    assert!(client.answer().1.contains("<html lang=\"de\""), "RFC 9110, 5.3");
}

#[test]
fn admin_port_answers_head() {
    let web = Web::start(&[]);
    let answer = testkit::http::client().head(web.admin("/metrics")).send().unwrap();
    assert_eq!(answer.status(), 200);
}
