//! Responses for paths without a page.

use reqwest::{Method, StatusCode};

use crate::support::{Clinic, Page, shared};

fn send(clinic: &Clinic, method: &str, path: &str) -> Page {
    Page::of(clinic.request(method.parse().unwrap(), path).send().unwrap())
}

#[test]
fn unknown_path_returns_page_or_problem_details() {
    let page = shared().get("/nowhere");
    assert_eq!(page.status, 404);
    insta::assert_snapshot!("not-found", page.snapshot());

    let response = shared().request(Method::GET, "/nowhere?x=1").header("accept", "application/json").send().unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: serde_json::Value = response.json().unwrap();
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], "Nothing here");
    assert_eq!(problem["instance"], "/nowhere");
    assert_eq!(problem["requestId"], id.as_str());
}

on_both! {
    fn unknown_id_is_not_found(clinic) {
        for id in ["0", "-1", "+1", "01", "11", "2147483647", "2147483648", "99999999999", "abc", "1.0", "%31", "1'", "٣"] {
            for path in [
                format!("/owners/{id}"),
                format!("/owners/{id}/edit"),
                format!("/owners/{id}/pets/new"),
                format!("/owners/1/pets/{id}/edit"),
                format!("/owners/{id}/pets/1/edit"),
                format!("/owners/1/pets/{id}/visits/new"),
            ] {
                let page = clinic.get(&path);
                assert_eq!(page.status, 404, "{path}");
            }
        }
        for page in ["0", "-1", "2147483648", "99999999999", "abc", "1.0"] {
            assert_eq!(clinic.get(&format!("/owners?page={page}&lastName=D")).status, 404, "{page}");
        }
    }
}

on_both! {
    fn pet_of_another_owner_is_not_found(clinic) {
        // pet 2 is Betty Davis's, owner 2
        for path in ["/owners/1/pets/2/edit", "/owners/1/pets/2/visits/new"] {
            assert_eq!(clinic.get(path).status, 404, "{path}");
            let fields = [("name", "Basil"), ("birthDate", "2020-01-01"), ("type", "cat"), ("date", "2020-01-01"), ("description", "x")];
            assert_eq!(clinic.post(path, &fields).status, 404, "{path}");
        }
        assert_eq!(clinic.get("/owners/2/pets/2/edit").value("birthDate"), "2012-08-06");
        assert_eq!(clinic.json("/owners/2")["owner"]["pets"][0]["visits"], serde_json::json!([]));
    }
}

#[test]
fn wrong_method_lists_allowed_ones() {
    for (method, path, allow) in [
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("DELETE", "/owners/1", "GET, HEAD, OPTIONS"),
        ("PUT", "/owners/1/edit", "GET, POST, HEAD, OPTIONS"),
        ("PATCH", "/owners/new", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/vets.html", "GET, HEAD, OPTIONS"),
        ("BREW", "/oups", "GET, HEAD, OPTIONS"),
        ("POST", "/resources/style.css", "GET, HEAD, OPTIONS"),
    ] {
        let page = send(shared(), method, path);
        assert_eq!((page.status, page.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, allow), "{method} {path}");
        page.shows("405");
        let options = send(shared(), "OPTIONS", path);
        assert_eq!((options.status, options.header("allow")), (StatusCode::NO_CONTENT, allow), "{path}");
    }
    assert_eq!(send(shared(), "POST", "/nowhere").status, 404);
    assert_eq!(send(shared(), "OPTIONS", "/nowhere").status, 404);
}

#[test]
fn large_body_is_rejected() {
    let post = |bytes: usize| {
        let body = format!("firstName={}", "x".repeat(bytes - "firstName=".len()));
        let request = shared().request(Method::POST, "/owners/new").header("content-type", "application/x-www-form-urlencoded");
        Page::of(request.body(body).send().unwrap())
    };
    let most = 64 * 1024;
    assert_eq!(post(most).status, 200);
    let page = post(most + 1);
    assert_eq!(page.status, 413);
    page.shows("413").shows("larger than we accept");

    // sent in chunks, its length is not known beforehand
    let body = reqwest::blocking::Body::new(std::io::Cursor::new(vec![b'x'; most + 1]));
    assert_eq!(Page::of(shared().request(Method::POST, "/owners/new").body(body).send().unwrap()).status, 413);
}

#[test]
fn body_that_is_no_form_is_refused() {
    let post = |kind: &str| {
        shared().request(Method::POST, "/owners/new").header("content-type", kind).body("{}").send().unwrap().status()
    };
    assert_eq!(post("application/json"), 415);
    assert_eq!(post("multipart/form-data; boundary=x"), 415);
    assert_eq!(post("application/x-www-form-urlencoded; charset=utf-8"), 200);
    assert_eq!(post("Application/X-WWW-Form-Urlencoded"), 200);
}

#[test]
fn broken_encoding_is_the_clients_mistake() {
    for broken in ["%", "%4", "%zz", "%ff", "%C3%28", "%ED%A0%80"] {
        let body = format!("firstName={broken}");
        let request = shared().request(Method::POST, "/owners/new").header("content-type", "application/x-www-form-urlencoded");
        let page = Page::of(request.body(body).send().unwrap());
        assert_eq!(page.status, 400, "{broken}");
        page.shows("400");
    }
    let raw = shared().request(Method::POST, "/owners/new").body(b"firstName=\xff\xfe".to_vec()).send().unwrap();
    assert_eq!(raw.status(), 400);
}

#[test]
fn malformed_query_is_400() {
    for broken in ["%", "%zz", "%ff"] {
        assert_eq!(raw_get(&format!("/owners?lastName={broken}")), "400", "{broken}");
        assert_eq!(raw_get(&format!("/vets.html?page={broken}")), "400", "{broken}");
    }
}

#[test]
fn non_path_target_is_400() {
    for target in ["owners", "x:443", "*", "http://x"] {
        let status = raw_get(target);
        assert_eq!(status, if target.starts_with("http") { "200" } else { "400" }, "{target}");
    }
}

/// The status of a GET whose target no client library would send like this.
fn raw_get(target: &str) -> String {
    use std::io::{Read, Write};
    let base = shared().address();
    let mut stream = std::net::TcpStream::connect(base).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn internal_error_page_reveals_nothing() {
    let page = shared().get("/oups");
    assert_eq!(page.status, 500);
    page.shows(page.header("x-request-id")).lacks("panicked").lacks("src/").lacks("on purpose");
    assert_eq!(page.header("cache-control"), "no-store");
}
