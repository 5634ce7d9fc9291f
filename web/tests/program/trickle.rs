//! Clients whose request comes a few bytes at a time: heard late, and answered.

use std::fs;
use std::net::SocketAddr;

use testkit::until;

use crate::support::{Connection, Web};

const PAGE: &str = "GET /livez HTTP/1.1\r\nHost: web\r\n";

/// How much of what came from `client` web has not read.
fn unread(web: &Web, client: SocketAddr) -> usize {
    let end = |address: SocketAddr| format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let queues = table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (fields[1].ends_with(&end(web.address)) && fields[2].ends_with(&end(client))).then(|| fields[4].to_owned())
    });
    usize::from_str_radix(queues.unwrap().split_once(':').unwrap().1, 16).unwrap()
}

/// A client in the middle of `request` that web reads byte by byte no longer, and how many bytes it has sent since.
fn trickling(web: &Web, request: &str) -> (Connection, usize) {
    let mut client = web.connect();
    client.write(request);
    let mut sent = 0;
    until("bytes that are not read", || {
        client.write("x");
        sent += 1;
        // as many chances to read it
        let answered = (0..5).all(|_| web.connect().answers("/livez"));
        (answered && unread(web, client.address()) > 0).then_some(())
    });
    (client, sent)
}

#[test]
fn a_trickle_is_not_read_byte_by_byte_and_answered_at_its_end() {
    const LENGTH: usize = 20_000;
    let web = Web::start(&[]);
    let (mut head, _) = trickling(&web, &format!("{PAGE}X-Slow: "));
    let (mut body, sent) =
        trickling(&web, &format!("POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Length: {LENGTH}\r\n\r\n"));
    head.write("\r\n\r\n");
    body.write(&"x".repeat(LENGTH - sent));
    assert!(head.answer().0.starts_with("http/1.1 200"));
    assert!(body.answer().0.starts_with("http/1.1 200"), "the form again");
    // a trickle ends with its request
    for client in [&mut head, &mut body] {
        assert!(client.answers("/livez"));
    }
}

#[test]
fn a_trickle_that_grows_is_read_at_once() {
    let web = Web::start(&[]);
    let (mut client, _) = trickling(&web, &format!("{PAGE}X-Slow: "));
    client.write(&"x".repeat(64));
    until("all is read", || (unread(&web, client.address()) == 0).then_some(()));
    client.write("\r\n\r\n");
    assert!(client.answer().0.starts_with("http/1.1 200"));
}

#[test]
fn a_client_that_goes_while_it_trickles_is_noticed() {
    let web = Web::start(&[]);
    let (client, _) = trickling(&web, &format!("{PAGE}X-Slow: "));
    // that of the metrics is one of them
    let open = |count| until("connections", || (web.metric("http_connections") == Some(count)).then_some(()));
    open(2.0);
    drop(client);
    open(1.0);
}
