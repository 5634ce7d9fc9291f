//! Settings for operators: the admin token, the log level, trusted proxies, the key of cookies.

use std::fs;

use reqwest::blocking::Response;

use testkit::until;

use crate::support::{Connection, Web};

const TOKEN: &str = "correct horse battery staple";

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, text).unwrap();
    file
}

fn put_level(web: &Web, level: &str, token: Option<&str>) -> (u16, String) {
    let request = testkit::http::client().put(web.admin("/log-level")).body(level.to_owned());
    let answer = token.iter().fold(request, reqwest::blocking::RequestBuilder::bearer_auth).send().unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

fn level(web: &Web) -> String {
    testkit::http::get(web.admin("/log-level")).text().unwrap()
}

#[test]
fn admin_token_authorizes_admin_routes() {
    let token = file(&format!("{TOKEN}\n"));
    let web = Web::start(&["--admin-token-file", token.path().to_str().unwrap()]);
    let (client, url) = (testkit::http::client(), web.url("/healthcheck"));
    let refused = client.delete(&url).send().unwrap();
    assert_eq!(
        (refused.status().as_u16(), refused.headers()["www-authenticate"].to_str().unwrap()),
        (401, "Bearer realm=\"petclinic\"")
    );
    assert_eq!(client.delete(&url).bearer_auth("correct horse battery stable").send().unwrap().status(), 401);
    assert_eq!(client.get(&url).send().unwrap().status(), 200, "probes have no token");
    assert_eq!(client.delete(&url).bearer_auth(TOKEN).send().unwrap().status(), 204);
    assert_eq!(client.get(&url).send().unwrap().status(), 503);
    assert_eq!(client.post(&url).bearer_auth(TOKEN).send().unwrap().status(), 201);

    assert_eq!(put_level(&web, "debug", None), (401, "the admin token is needed\n".to_owned()));
    assert_eq!(put_level(&web, "debug", Some(TOKEN)), (200, "debug\n".to_owned()));
    for stream in ["access", "app_db", "err"] {
        let text = fs::read_to_string(web.log(stream)).unwrap();
        assert!(!text.contains("horse") && !text.contains("ADMIN_TOKEN is not set"), "{text}");
    }
}

#[test]
fn log_level_change_requires_admin() {
    let head = "PUT /log-level HTTP/1.1\r\nHost: web\r\nContent-Length: 5\r\n\r\n";
    let web = Web::start(&["--body-timeout", "300ms"]);
    let mut client = Connection::to(web.admin);
    client.write(head);
    assert!(client.answer().0.starts_with("http/1.1 408"));
    assert!(client.is_closed());

    let token = file(TOKEN);
    let web = Web::start(&["--admin-token-file", token.path().to_str().unwrap(), "--body-timeout", "1h"]);
    let mut client = Connection::to(web.admin);
    client.write(head);
    assert!(client.answer().0.starts_with("http/1.1 401"), "at once");
}

#[test]
fn without_a_token_the_log_warns() {
    let web = Web::start(&[]);
    let warned = |line: &serde_json::Value| line["level"] == "WARN" && line["message"].as_str().unwrap().contains("ADMIN_TOKEN");
    assert!(web.lines("app_db").iter().any(warned));
}

#[test]
fn log_level_changes_at_run_time() {
    let web = Web::start(&[]);
    let lines = || web.lines("access").len();
    let get = || assert_eq!(testkit::http::get(web.url("/livez")).status(), 200);
    assert_eq!(level(&web), "info\n");
    get();
    assert_eq!(lines(), 1);
    assert_eq!(put_level(&web, "warn\n", None), (200, "warn\n".to_owned()));
    get();
    assert_eq!((lines(), level(&web).as_str()), (1, "warn\n"));
    assert_eq!(put_level(&web, "trace", None).0, 200);
    get();
    assert_eq!(lines(), 2);
    let told: Vec<_> = web.lines("app_db").into_iter().filter(|line| line["message"] == "log level changed").collect();
    assert_eq!(told.len(), 2);
    assert_eq!((&told[0]["from"], &told[0]["to"]), (&"info".into(), &"warn".into()));

    for wrong in ["loud", "", "INFO", "info\ninfo"] {
        let (status, text) = put_level(&web, wrong, None);
        assert_eq!((status, text.lines().count()), (400, 1), "{wrong}: {text}");
        assert!(text.starts_with("LOG_LEVEL: ") && text.contains("error, warn, info, debug, trace"), "{text}");
    }
    assert_eq!(put_level(&web, &"x".repeat(65), None).0, 413);
    assert_eq!(level(&web), "trace\n");
    assert_eq!(testkit::http::get(web.url("/log-level")).status(), 404, "not on the public port");
    assert_eq!(testkit::http::client().delete(web.admin("/log-level")).send().unwrap().status(), 405);
}

fn created(web: &Web) -> Response {
    let client = testkit::http::client();
    let fields = [("firstName", "Ada"), ("lastName", "L"), ("address", "a"), ("city", "c"), ("telephone", "1234567890")];
    client.post(web.url("/owners/new")).form(&fields).send().unwrap()
}

fn shows_message(web: &Web, saved: &Response) -> bool {
    let cookie = saved.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = testkit::http::client().get(web.url("/owners/1")).header("cookie", cookie).send().unwrap().text().unwrap();
    page.contains("class=\"flash\"")
}

#[test]
fn flash_message_works_across_pods() {
    let (key, other) = (file("a key of all the pods"), file("a key of other people"));
    let start = |key: &tempfile::NamedTempFile| Web::start(&["--cookie-key-file", key.path().to_str().unwrap()]);
    let (one, two, other_key, alone) = (start(&key), start(&key), start(&other), Web::start(&[]));
    let saved = created(&one);
    assert!(shows_message(&one, &saved) && shows_message(&two, &saved));
    assert!(!shows_message(&other_key, &saved) && !shows_message(&alone, &saved));
    assert!(shows_message(&alone, &created(&alone)));
}

#[test]
fn trusted_proxy_sets_client_address() {
    let forwarded = |settings: &[&str]| {
        let web = Web::start(settings);
        let request = testkit::http::client()
            .get(web.url("/livez"))
            .header("x-forwarded-for", "6.6.6.6, 203.0.113.7")
            .header("x-forwarded-proto", "https");
        let secured = request.send().unwrap().headers().contains_key("strict-transport-security");
        let line = web.lines("access").pop().unwrap();
        assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
        (line["client"].clone(), secured)
    };
    assert_eq!(forwarded(&["--trusted-proxies", "127.0.0.0/8,::1"]), ("203.0.113.7".into(), true));
    assert_eq!(forwarded(&["--trusted-proxies", "10.0.0.0/8"]), (serde_json::Value::Null, false));
    assert_eq!(forwarded(&[]), (serde_json::Value::Null, false));
}

#[test]
fn client_input_cannot_forge_text_lines() {
    forge("text", "20");
}

#[test]
fn client_input_cannot_forge_json_lines() {
    forge("json", "{");
}

/// Sends control characters, and checks that each line of this format begins like one and has none of them.
fn forge(format: &str, beginning: &str) {
    let web = Web::start_quiet(&["--log-format", format]);
    let hostile = "a%0A2026-01-01T00:00:00Z ERROR forged%1b[2J\u{1b}";
    let mut connection = web.connect();
    let target = hostile.replace('\u{1b}', "").replace(' ', "%20");
    connection
        .write(&format!("GET /owners?lastName={target} HTTP/1.1\r\nhost: web\r\nuser-agent: \u{9b}31m\u{202e}\ttab\r\n\r\n"));
    connection.answer();
    let fields = [
        ("firstName", "a\nforged"),
        ("lastName", "\u{1b}[2Jforged"),
        ("address", "x"),
        ("city", "x"),
        ("telephone", "1234567890"),
    ];
    assert_eq!(testkit::http::client().post(web.url("/owners/new")).form(&fields).send().unwrap().status(), 200);
    until("both lines", || (fs::read_to_string(web.log("access")).unwrap().lines().count() == 2).then_some(()));
    for stream in ["access", "app_db", "err"] {
        let text = fs::read_to_string(web.log(stream)).unwrap();
        assert!(text.lines().all(|line| line.starts_with(beginning)), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{text:?}");
    }
}
