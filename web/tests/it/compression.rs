//! Responses to clients that accept gzip, and to those that don't.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;

use crate::support::{Clinic, shared};

struct Raw {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> String {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
    }

    fn text(&self) -> String {
        let mut text = String::new();
        GzDecoder::new(&*self.body).read_to_string(&mut text).unwrap();
        text
    }
}

fn send(clinic: &Clinic, method: Method, path: &str, headers: &[(&str, &str)]) -> Raw {
    let mut request = clinic.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Raw { status, headers, body: answer.bytes().unwrap().to_vec() }
}

const GZIP: (&str, &str) = ("accept-encoding", "gzip");

#[test]
fn text_is_compressed_for_clients_that_accept_it() {
    let clinic = shared();
    for (path, accept, status) in [
        ("/", "text/html", 200),
        ("/owners/1", "text/html", 200),
        ("/owners?lastName=", "application/json", 200),
        ("/openapi.json", "*/*", 200),
        ("/resources/style.css", "*/*", 200),
        ("/nowhere", "text/html", 404),
    ] {
        let plain = send(clinic, Method::GET, path, &[("accept", accept)]);
        let compressed = send(clinic, Method::GET, path, &[("accept", accept), GZIP]);
        assert_eq!((plain.status, compressed.status), (status, status), "{path}");
        assert_eq!((&*plain.header("content-encoding"), &*compressed.header("content-encoding")), ("", "gzip"), "{path}");
        for answer in [&plain, &compressed] {
            assert!(answer.header("vary").contains("accept-encoding"), "{path}: {:?}", answer.headers);
            assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
        }
        assert!(compressed.body.len() * 5 < plain.body.len() * 3, "{path}: {} of {}", compressed.body.len(), plain.body.len());
        if status == 200 {
            assert_eq!(compressed.text(), String::from_utf8(plain.body).unwrap(), "{path}");
        }
        let head = send(clinic, Method::HEAD, path, &[("accept", accept), GZIP]);
        assert_eq!(head.header("content-encoding"), "gzip", "{path}");
        assert_eq!((head.body.len(), head.status), (0, status), "{path}");
        if status == 200 {
            assert_eq!(head.header("content-length"), compressed.body.len().to_string(), "{path}");
        }
        for refused in ["identity", "gzip;q=0", "br", "*;q=0", "gzip;q=0.5, identity"] {
            let answer = send(clinic, Method::GET, path, &[("accept", accept), ("accept-encoding", refused)]);
            assert_eq!(answer.header("content-encoding"), "", "{path}: {refused}");
        }
    }
}

#[test]
fn small_and_empty_responses_are_not_compressed() {
    for (method, path, status) in [
        (Method::GET, "/livez", 200),
        (Method::GET, "/healthcheck", 200),
        (Method::GET, "/api/info", 200),
        (Method::GET, "/resources/favicon.svg", 200),
        (Method::OPTIONS, "/owners", 204),
        (Method::GET, "/owners?lastName=Franklin", 302),
    ] {
        let answer = send(shared(), method, path, &[GZIP]);
        assert_eq!((answer.status, &*answer.header("content-encoding")), (status, ""), "{path}");
    }
}

#[test]
fn compressed_asset_has_its_own_etag() {
    let style = |headers: &[(&str, &str)]| send(shared(), Method::GET, "/resources/style.css", headers);
    let (plain, compressed) = (style(&[]).header("etag"), style(&[GZIP]).header("etag"));
    assert_ne!(plain, compressed);
    for tag in [&plain, &compressed] {
        let known = style(&[GZIP, ("if-none-match", tag)]);
        assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, compressed.clone()));
        assert_eq!((&*known.header("content-encoding"), &*known.header("vary")), ("", "accept-encoding"));
        assert_eq!(style(&[("if-none-match", tag)]).header("etag"), plain);
    }
}

on_both! {
    fn compressed_resource_is_changed_by_its_etag(clinic) {
        for n in 0..20 {
            let pet = serde_json::json!({ "name": format!("Rex {n}"), "birthDate": "2020-01-01", "type": "dog" });
            assert_eq!(clinic.request(Method::POST, "/api/owners/1/pets").json(&pet).send().unwrap().status(), 201);
        }
        let owner = send(clinic, Method::GET, "/api/owners/1", &[GZIP]);
        assert_eq!((&*owner.header("content-encoding"), owner.header("etag").ends_with("-gzip\"")), ("gzip", true));
        let values = serde_json::json!({ "firstName": "A", "lastName": "B", "address": "C", "city": "D", "telephone": "0123456789" });
        let put = |tag: &str| clinic.request(Method::PUT, "/api/owners/1").header("if-match", tag).json(&values).send().unwrap().status();
        assert_eq!(put(&format!("W/{}", owner.header("etag"))), 412, "a weak tag matches nothing");
        assert_eq!(put(&owner.header("etag")), 200);
        assert_eq!(put(&owner.header("etag")), 412, "an older version");
    }
}
