//! Raw requests and the answers that RFC 9112 (HTTP/1.1) or RFC 9110 (semantics) asks for.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use testkit::until;

use crate::support::Web;

const GET: &str = "GET /livez HTTP/1.1\r\nHost: web\r\n\r\n";

/// A GET of `/livez` with further header lines.
fn get(headers: &[u8]) -> Vec<u8> {
    [b"GET /livez HTTP/1.1\r\nHost: web\r\n", headers, b"\r\n"].concat()
}

/// A GET with one line as its target, and `Host`.
fn target(target: &[u8]) -> Vec<u8> {
    [b"GET ", target, b" HTTP/1.1\r\nHost: web\r\n\r\n"].concat()
}

/// A form with these header lines and this body, and a GET behind it on the same connection.
fn post(headers: &str, body: &str) -> Vec<u8> {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    format!("POST /owners/new HTTP/1.1\r\nHost: web\r\n{form}{headers}\r\n{body}{GET}").into_bytes()
}

/// A form whose body is chunked.
fn chunked(body: &str) -> Vec<u8> {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// Sends bytes on a connection of their own, closes its sending half, and returns the statuses of all answers.
fn statuses(web: &Web, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(web.address).unwrap();
    stream.set_read_timeout(Some(testkit::DEADLINE)).unwrap();
    // the server may have closed the connection
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    let answers = String::from_utf8_lossy(&answers);
    let status = |rest: &str| rest.get(2..5).and_then(|status| status.parse().ok());
    answers.split("HTTP/1.").skip(1).filter_map(status).collect()
}

/// Compares [`statuses`] with those expected. A 400 closes the connection.
#[track_caller]
fn assert_statuses(cases: &[(&str, Vec<u8>, &[u16])]) {
    let web = Web::start(&[]);
    let wrong: Vec<_> = cases
        .iter()
        .map(|(section, request, expected)| (section, request, expected, statuses(&web, request)))
        .filter(|(_, _, expected, answered)| answered != *expected)
        .map(|(section, request, expected, answered)| {
            format!("RFC {section}: {expected:?} expected, {answered:?}: {:.300}", request.escape_ascii().to_string())
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn request_lines() {
    assert_statuses(&[
        ("9112, 2.2: empty lines in front", format!("\r\n\r\n{GET}").into(), &[200]),
        ("9112, 2.2: LF alone ends lines", b"GET /livez HTTP/1.1\nHost: web\n\n".to_vec(), &[200]),
        ("9112, 2.2: space before the first field", b"GET /livez HTTP/1.1\r\n Host: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 2.3: version unknown", b"GET /livez HTTP/9.9\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 2.3: version in lower case", b"GET /livez http/1.1\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 2.3: two digits", b"GET /livez HTTP/1.10\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3: two spaces", b"GET  /livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3: tab", b"GET\t/livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3: no version", b"GET /livez\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3: no method", b" /livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.1: no token", b"G(T /livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.1: case counts", b"get /livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[405]),
        ("9112, 3.2.2: absolute", b"GET http://web/livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[200]),
        ("9112, 3.2.2: of another host", b"GET http://other/livez HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[200]),
        ("9112, 3.2.3: authority", b"CONNECT web:443 HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.2.3: without CONNECT", target(b"web:80"), &[400]),
        ("9112, 3.2.4: asterisk", b"OPTIONS * HTTP/1.1\r\nHost: web\r\n\r\n".to_vec(), &[204]),
        ("9112, 3.2.4: without OPTIONS", target(b"*"), &[400]),
        ("9112, 3.2: space", target(b"/li vez"), &[400]),
        ("9112, 3.2: NUL", target(b"/livez\0"), &[400]),
        ("9112, 3.2: control", target(b"/livez\x7f"), &[400]),
        ("9112, 3: target too long", target(format!("/{}", "x".repeat(17_000)).as_bytes()), &[414]),
        ("3986, 2.1: broken escape in a path", target(b"/owners/%zz"), &[404]),
        ("3986, 2.1: escape at the end of a path", target(b"/owners/%"), &[404]),
        ("3986, 2.1: escaped NUL in a path", target(b"/owners/%00"), &[404]),
        ("3986, 2.1: broken escape in a query", target(b"/owners?lastName=%zz"), &[400]),
        ("3986, 2.1: no UTF-8 in a query", target(b"/owners?lastName=%ff"), &[400]),
    ]);
}

#[test]
fn hosts() {
    let host = |value: &[u8]| [b"GET /livez HTTP/1.1\r\nHost:", value, b"\r\n\r\n"].concat();
    assert_statuses(&[
        ("9112, 3.2: missing", b"GET /livez HTTP/1.1\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.2: missing in 1.0", b"GET /livez HTTP/1.0\r\n\r\n".to_vec(), &[200]),
        ("9112, 3.2: doubled", b"GET /livez HTTP/1.1\r\nHost: web\r\nHost: web\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.2: doubled in 1.0", b"GET /livez HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.2: missing with an absolute target", b"GET http://web/livez HTTP/1.1\r\n\r\n".to_vec(), &[400]),
        ("9112, 3.2: empty", host(b""), &[400]),
        ("9110, 7.2: name and port", host(b" web:8080"), &[200]),
        ("9110, 7.2: IPv6", host(b" [::1]:8080"), &[200]),
        ("9110, 7.2: space", host(b" we b"), &[400]),
        ("9110, 7.2: path", host(b" web/path"), &[400]),
        ("9110, 7.2: query", host(b" web?x"), &[400]),
        ("9110, 7.2: user", host(b" me@web"), &[400]),
        ("9110, 7.2: port out of range", host(b" web:99999"), &[400]),
        ("9110, 7.2: port no number", host(b" web:http"), &[400]),
        ("9110, 7.2: half an IPv6", host(b" [::1"), &[400]),
        ("9110, 7.2: no ASCII", host(b" w\xc3\xa9b"), &[400]),
    ]);
}

#[test]
fn fields() {
    assert_statuses(&[
        ("9112, 5: no colon", get(b"x\r\n"), &[400]),
        ("9112, 5.1: no name", get(b": a\r\n"), &[400]),
        ("9112, 5.1: space in front of the colon", get(b"x : a\r\n"), &[400]),
        ("9110, 5.1: name no token", get(b"x(: a\r\n"), &[400]),
        ("9112, 5.2: folded", get(b"x: a\r\n b\r\n"), &[400]),
        ("9110, 5.5: empty", get(b"x:\r\n"), &[200]),
        ("9110, 5.5: tab", get(b"x:\ta\tb\t\r\n"), &[200]),
        ("9110, 5.5: obs-text", get(b"x: \xff\r\n"), &[200]),
        ("9110, 5.5: NUL", get(b"x: a\0b\r\n"), &[400]),
        ("9112, 2.2: CR alone", get(b"x: a\rb\r\n"), &[400]),
        ("9110, 5.5: control", get(b"x: a\x01b\r\n"), &[400]),
        ("9110, 5.4: large", get(format!("x: {}\r\n", "x".repeat(17_000)).as_bytes()), &[431]),
        ("9110, 5.4: many", get("x: a\r\n".repeat(200).as_bytes()), &[431]),
    ]);
}

#[test]
fn framing() {
    let length = |value: &str| post(&format!("Content-Length: {value}\r\n"), "a=b");
    assert_statuses(&[
        ("9112, 6.1: gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), &[400]),
        ("9112, 6.1: chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), &[400]),
        ("9112, 6.1: on two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), &[400]),
        ("9112, 6.1: identity", post("Transfer-Encoding: identity\r\n", ""), &[400]),
        ("9112, 6.1: not quite chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), &[400]),
        ("9112, 6.1: control in front", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), &[400]),
        ("9112, 6.1: with a parameter", post("Transfer-Encoding: chunked;x=y\r\n", "0\r\n\r\n"), &[400]),
        ("9112, 6.1: on a GET", get(b"Transfer-Encoding: gzip\r\n"), &[400]),
        (
            "9112, 6.1: in 1.0",
            b"POST /owners/new HTTP/1.0\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
            &[400],
        ),
        (
            "9112, 6.1: with a length, which doesn't count; then the connection ends",
            post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "3\r\na=b\r\n0\r\n\r\n"),
            &[200],
        ),
        (
            "9112, 6.1: the other order",
            post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "3\r\na=b\r\n0\r\n\r\n"),
            &[200],
        ),
        ("9112, 6.2: length", length("3"), &[200, 200]),
        ("9112, 6.2: none", post("", ""), &[200, 200]),
        ("9112, 6.3: twice the same", post("Content-Length: 3\r\nContent-Length: 3\r\n", "a=b"), &[200, 200]),
        ("9112, 6.3: twice", post("Content-Length: 3\r\nContent-Length: 4\r\n", "a=bx"), &[400]),
        ("9112, 6.3: list", length("3, 4"), &[400]),
        ("9110, 8.6: empty", length(""), &[400]),
        ("9110, 8.6: signed", length("+3"), &[400]),
        ("9110, 8.6: negative", length("-3"), &[400]),
        ("9110, 8.6: hexadecimal", length("0x3"), &[400]),
        ("9110, 8.6: with a space", length("3 3"), &[400]),
        ("9110, 8.6: beyond 64 bits", length("99999999999999999999"), &[400]),
        ("9110, 15.5.14: huge", length("9999999999"), &[413]),
        (
            "9112, 8: half a body",
            b"POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Length: 100\r\n\r\nfirstName=".to_vec(),
            &[400],
        ),
    ]);
}

#[test]
fn chunks() {
    assert_statuses(&[
        ("9112, 7.1: one", chunked("3\r\na=b\r\n0\r\n\r\n"), &[200, 200]),
        ("9112, 7.1: case of the coding", post("Transfer-Encoding: CHUNKED\r\n", "3\r\na=b\r\n0\r\n\r\n"), &[200, 200]),
        ("9112, 7.1: two, zeros in front, capitals", chunked("003\r\na=b\r\nA\r\n0123456789\r\n00\r\n\r\n"), &[200, 200]),
        ("9112, 7.1: no number", chunked("x\r\na=b\r\n0\r\n\r\n"), &[400]),
        ("9112, 7.1: negative", chunked("-3\r\na=b\r\n0\r\n\r\n"), &[400]),
        ("9112, 7.1: beyond 64 bits", chunked("fffffffffffffffff\r\na=b\r\n0\r\n\r\n"), &[400]),
        ("9112, 7.1: empty size", chunked("\r\na=b\r\n0\r\n\r\n"), &[400]),
        ("9112, 7.1: shorter than its data", chunked("2\r\na=b\r\n0\r\n\r\n"), &[400]),
        ("9112, 7.1: LF alone", chunked("3\na=b\r\n0\r\n\r\n"), &[400]),
        (
            "9112, 7.1: no last one",
            b"POST /owners/new HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n".to_vec(),
            &[400],
        ),
        ("9112, 7.1.1: extension", chunked("3;x=y\r\na=b\r\n0\r\n\r\n"), &[200, 200]),
        ("9112, 7.1.1: quoted extension", chunked("3;x=\"y z\";w\r\na=b\r\n0\r\n\r\n"), &[200, 200]),
        ("9112, 7.1.1: endless extension", chunked(&format!("3;x={}\r\na=b\r\n0\r\n\r\n", "y".repeat(20_000))), &[400]),
        ("9112, 7.1.2: trailer", chunked("3\r\na=b\r\n0\r\nx: y\r\n\r\n"), &[200, 200]),
        ("9112, 7.1.2: trailer that would frame", chunked("3\r\na=b\r\n0\r\nContent-Length: 50\r\n\r\n"), &[200, 200]),
        ("9112, 7.1.2: no trailer field", chunked("3\r\na=b\r\n0\r\nno field\r\n\r\n"), &[400]),
        ("9112, 7.1.2: too many", chunked(&format!("3\r\na=b\r\n0\r\n{}\r\n", "x: y\r\n".repeat(5_000))), &[400]),
    ]);
}

#[test]
fn semantics() {
    let request = |line: &str, headers: &str| format!("{line} HTTP/1.1\r\nHost: web\r\n{headers}\r\n").into_bytes();
    assert_statuses(&[
        ("9112, 9.3.2: pipeline", GET.repeat(3).into(), &[200, 200, 200]),
        ("9112, 9.6: close", [get(b"Connection: close\r\n"), GET.into()].concat(), &[200]),
        ("9112, 9.3: 1.0 closes", format!("GET /livez HTTP/1.0\r\n\r\n{GET}").into(), &[200]),
        ("9112, 9.3: 1.0 may persist", format!("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n{GET}").into(), &[200, 200]),
        (
            "9110, 7.8: upgrade is optional",
            get(b"Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
            &[200],
        ),
        ("9110, 9.3.2: HEAD", [request("HEAD /", ""), GET.into()].concat(), &[200, 200]),
        ("9110, 9.3.7: OPTIONS", request("OPTIONS /owners/new", ""), &[204]),
        ("9110, 9.3.8: TRACE", request("TRACE /", ""), &[405]),
        ("9110, 15.5.6: method of another path", request("DELETE /owners/new", ""), &[405]),
        ("9110, 15.5.6: unknown method", request("BREW /", ""), &[405]),
        ("9110, 15.5.5: unknown path", request("BREW /nowhere", ""), &[404]),
        ("9110, 10.1.1: expectation", post("Expect: 100-continue\r\nContent-Length: 3\r\n", "a=b"), &[100, 200, 200]),
        ("9110, 10.1.1: final at once", post("Expect: 100-continue\r\nContent-Length: 9999999\r\n", ""), &[413]),
        ("9110, 8.3: no form", request("POST /owners/new", "Content-Type: text/plain\r\nContent-Length: 0\r\n"), &[415]),
        ("9110, 8.4: coding of a form", post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "a=b"), &[415, 200]),
        ("9110, 8.4: two codings", post("Content-Encoding: identity, br\r\nContent-Length: 3\r\n", "a=b"), &[415, 200]),
        ("9110, 8.4: identity", post("Content-Encoding: identity\r\nContent-Length: 3\r\n", "a=b"), &[200, 200]),
        ("9110, 14.2: range is optional", request("GET /resources/style.css", "Range: bytes=0-9\r\n"), &[200]),
        ("9110, 13.1.2: none match", request("GET /resources/style.css", "If-None-Match: *\r\n"), &[304]),
        (
            "9110, 13.1.1: no condition",
            request("PUT /api/owners/1", "Content-Type: application/json\r\nContent-Length: 0\r\n"),
            &[428],
        ),
    ]);
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
fn rejected_method_names_the_allowed_ones() {
    let web = Web::start(&[]);
    for (request, allow) in [
        ("BREW /owners/new", "allow: get, post, head, options\r\n"),
        ("OPTIONS /owners/new", "allow: get, post, head, options\r\n"),
        ("OPTIONS *", "allow: get, head, post, put, delete, options\r\n"),
    ] {
        let mut client = web.connect();
        client.write(&format!("{request} HTTP/1.1\r\nHost: web\r\n\r\n"));
        let head = client.head();
        assert!(head.contains(allow), "RFC 9110, 10.2.1: {request}: {head}");
    }
}

#[test]
fn client_that_still_sends_sees_its_413() {
    let web = Web::start(&[]);
    let mut client = web.connect();
    client.write("POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Length: 16777216\r\n\r\n");
    (0..256).for_each(|_| client.write(&"x".repeat(65536)));
    let head = client.head();
    assert!(head.starts_with("http/1.1 413"), "RFC 9112, 9.6: {head}");
}

#[test]
fn http2_with_prior_knowledge_is_logged() {
    let web = Web::start(&[]);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert!(statuses(&web, preface).is_empty(), "RFC 9113, 3.4");
    let is_logged = |line: &serde_json::Value| line["message"].as_str().is_some_and(|message| message.contains("HTTP/2"));
    until("the line", || web.lines("app_db").iter().any(is_logged).then_some(()));
}

#[test]
fn admin_port_answers_head() {
    let web = Web::start(&[]);
    let answer = testkit::http::client().head(web.admin("/metrics")).send().unwrap();
    assert_eq!(answer.status(), 200);
}
