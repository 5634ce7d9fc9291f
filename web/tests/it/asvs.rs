//! OWASP's Application Security Verification Standard 5.0.0 as a checklist: every requirement of level 1 that applies to a
//! Petclinic without accounts, and those of the levels above that are kept as well. A test is named after its requirement.
//!
//! Not applicable, level 1: 1.3.1 (no user enters HTML), 1.5.1 (no XML is read), 4.4.1 (no web sockets), 5.2.1, 5.2.2, 5.3.1 (no
//! files are taken in), 6.1.1 to 6.4.2 (no accounts or passwords), 7.2.1 to 7.4.2 (no sessions), 8.2.2 (no data belongs to
//! anybody), 10.4.1 to 10.4.5 (no OAuth), 11.3.1, 11.3.2 (nothing is encrypted here), 12.1.1 to 12.2.2 (TLS is the ingress'
//! work), 14.3.1 (nothing is kept in the browser). 15.1.1 and 15.2.1 are `cargo deny`'s, in `./dev check`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use crate::support::{Clinic, Page, shared};

/// A page of each kind, and what else is answered.
const PATHS: [&str; 12] = [
    "/",
    "/owners/find",
    "/owners",
    "/owners/1",
    "/owners/new",
    "/vets.html",
    "/vets",
    "/oups",
    "/nowhere",
    "/healthcheck",
    "/readyz",
    "/resources/style.css",
];
const MARKUP: &str = "<script>alert('\"&')</script>";

fn send(method: &Method, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Page {
    let mut request = shared().request(method.clone(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Page::of(if *method == Method::GET { request } else { request.form(fields) }.send().unwrap())
}

fn get(path: &str, headers: &[(&str, &str)]) -> Page {
    send(&Method::GET, path, headers, &[])
}

const OWNER: [(&str, &str); 5] =
    [("firstName", "Ada"), ("lastName", "Lovelace"), ("address", "1 St."), ("city", "London"), ("telephone", "1234567890")];

/// The files of the program's own source.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["src", "assets", "templates"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    found
}

fn no_source_has(words: &[&str]) {
    for (path, text) in sources() {
        for word in words {
            assert!(!text.contains(word), "{word} in {}", path.display());
        }
    }
}

/// 1.2.1: what is put into HTML is encoded for it, in elements and in attributes.
#[test]
fn v1_2_1_output_is_encoded_for_html() {
    let clinic = Clinic::on_sqlite();
    let fields = OWNER.map(|(name, value)| (name, if name == "telephone" { value } else { MARKUP }));
    let page = clinic.save("/owners/new", &fields);
    page.shows("&lt;script&gt;").lacks("<script>alert");
    let typed = clinic.post("/owners/new", &[("firstName", "\" autofocus onfocus=\"alert(1)"), ("lastName", MARKUP)]);
    typed.lacks("\" autofocus onfocus").lacks("<script>alert");
    clinic.get("/owners?lastName=%3Cscript%3Exyz").lacks("<script>xyz");
}

/// 1.2.2: what is put into a URL is encoded for it, and no URL has another scheme.
#[test]
fn v1_2_2_urls_are_encoded() {
    let clinic = Clinic::on_sqlite();
    for n in 0..6 {
        let first = format!("Ada {n}");
        let fields = OWNER.map(|(name, value)| match name {
            "firstName" => (name, first.as_str()),
            "lastName" => (name, "&page=9\" evil=\""),
            _ => (name, value),
        });
        clinic.save("/owners/new", &fields);
    }
    clinic.get("/owners?lastName=%26page%3D9%22").lacks("evil=\"").lacks("page=9&amp;page");
    for path in PATHS {
        get(path, &[]).lacks("href=\"javascript:").lacks("=\"data:").lacks("href=\"http:");
    }
}

/// 1.2.3: what is put into JSON is encoded for it.
#[test]
fn v1_2_3_json_is_encoded() {
    let clinic = Clinic::on_sqlite();
    let name = "\",\"telephone\":\"0\\";
    let fields = OWNER.map(|(field, value)| (field, if field == "lastName" { name } else { value }));
    let location = clinic.post("/owners/new", &fields).location().to_owned();
    let owner = &clinic.json(&location)["owner"];
    assert_eq!((&owner["lastName"], &owner["telephone"]), (&name.into(), &"1234567890".into()));
}

/// 1.2.4: queries are never put together of what somebody typed.
#[test]
fn v1_2_4_queries_have_parameters() {
    no_source_has(&["sql_query(format!", "sql_query(&format!", "batch_execute(&format!"]);
    for injected in ["'", "' OR '1'='1", "'; DROP TABLE owner; --", "\\", "%27", "D' UNION SELECT 1 --", "\u{2019}"] {
        let path = format!("/owners?{}", serde_urlencoded::to_string([("lastName", injected)]).unwrap());
        let page = get(&path, &[]);
        assert_eq!(page.status, 200, "{injected}");
        page.shows("has not been found");
    }
    get("/owners/1", &[]).shows("George Franklin");
}

/// 1.2.5, 1.3.2: no command of the system is run and no input is evaluated.
#[test]
fn v1_2_5_nothing_is_run_or_evaluated() {
    no_source_has(&["process::Command", "eval(", "new Function", "innerHTML", "document.write"]);
}

/// 2.2.1, 2.2.2: each field is held against what it has to be, and by the server.
#[test]
fn v2_2_1_input_is_validated_by_the_server() {
    for (field, wrong) in
        [("firstName", ""), ("lastName", " "), ("telephone", "12345"), ("telephone", "608555102x"), ("city", "a\0b")]
    {
        let fields = OWNER.map(|(name, value)| (name, if name == field { wrong } else { value }));
        let page = send(&Method::POST, "/owners/new", &[], &fields);
        assert_eq!(page.status, 200, "{field}");
        page.shows(&format!("id=\"{field}-problem\""));
    }
}

/// 3.2.1, 3.2.2, 4.1.1: a body is what its type says, with the character set of text, and browsers guess nothing.
#[test]
fn v3_2_1_and_4_1_1_types_are_right_and_not_guessed() {
    for path in PATHS {
        let page = get(path, &[]);
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        let kind = page.header("content-type");
        assert!(kind.contains("charset=utf-8") || kind == "application/json" || page.text.is_empty(), "{path}: {kind}");
        let html = page.text.starts_with("<!doctype html>");
        assert_eq!(html, kind.starts_with("text/html"), "{path}: {kind}");
    }
    let json = get("/owners/1", &[("accept", "application/json")]);
    assert_eq!(json.header("content-type"), "application/json");
}

fn over_https(path: &str) -> Page {
    get(path, &[("x-forwarded-proto", "https")])
}

/// 3.3.1 to 3.3.4: behind HTTPS cookies are Secure and bound to this host; no script reads them, no other site's POST has them.
#[test]
fn v3_3_1_cookies_are_kept_close() {
    let clinic = Clinic::on_sqlite();
    let send = |request: reqwest::blocking::RequestBuilder, scheme: &str| {
        Page::of(request.header("x-forwarded-proto", scheme).send().unwrap())
    };
    let fields = [("date", "2020-02-02"), ("description", "asvs")];
    let saved = send(clinic.request(Method::POST, "/owners/1/pets/1/visits/new").form(&fields), "https");
    let chosen = send(clinic.request(Method::GET, "/oups?lang=de"), "https");
    assert_eq!(saved.status, 302);
    for (page, name) in [(saved, "flash"), (chosen, "lang")] {
        let cookie = page.header("set-cookie").to_owned();
        let mut parts = cookie.split("; ");
        assert!(parts.next().unwrap().starts_with(&format!("__Host-{name}=")), "{cookie}");
        let attributes: Vec<_> = parts.collect();
        for needed in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(&needed), "{needed}: {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let plain = send(clinic.request(Method::GET, "/oups?lang=de"), "http").header("set-cookie").to_owned();
    assert!(plain.starts_with("lang=de") && !plain.contains("Secure"), "a browser would not keep it: {plain}");
    get("/", &[("cookie", "__Host-lang=de")]).shows("lang=\"de\"");
}

/// 3.4.1: behind HTTPS, every answer keeps the browser to it for a year.
#[test]
fn v3_4_1_https_is_kept_to() {
    for path in PATHS {
        assert_eq!(over_https(path).header("strict-transport-security"), "max-age=31536000", "{path}");
        assert_eq!(get(path, &[]).header("strict-transport-security"), "", "{path}");
    }
}

/// 3.4.2: no other origin may read anything.
#[test]
fn v3_4_2_no_other_origin_reads() {
    for path in PATHS {
        let page = get(path, &[("origin", "https://evil.example")]);
        assert_eq!(page.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(page.header("cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

/// 3.4.3 to 3.4.8: what a page may load, who may frame it, whom it tells where it was.
#[test]
fn v3_4_3_pages_have_a_content_security_policy() {
    for path in PATHS {
        let page = get(path, &[]);
        let policy = page.header("content-security-policy");
        let directives: Vec<_> = policy.split("; ").collect();
        for needed in ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
            assert!(directives.contains(&needed), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:") && !policy.contains("http"),
            "{path}: {policy}"
        );
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(page.header("permissions-policy").contains("geolocation=()"), "{path}");
    }
    for (path, text) in sources() {
        let template = path.extension().is_some_and(|extension| extension == "hbs");
        assert!(
            !template || (!text.contains(" style=") && !text.contains(" onclick=") && !text.contains("<style")),
            "{}",
            path.display()
        );
    }
}

/// 3.5.1, 3.5.2: what another site's page sends changes nothing, whatever kind of body it chose; curl goes on working.
#[test]
fn v3_5_1_other_sites_change_nothing() {
    let clinic = Clinic::on_sqlite();
    let host = clinic.address().to_owned();
    let post = |headers: &[(&str, &str)]| {
        let request = clinic.request(Method::POST, "/owners/new").form(&OWNER);
        Page::of(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().unwrap())
    };
    let own = format!("http://{host}");
    for refused in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site"), ("origin", &own)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", &own), ("x-forwarded-proto", "https")],
    ] {
        let page = post(refused);
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{refused:?}");
        page.shows("403");
    }
    clinic.get("/owners?lastName=Lovelace").shows("has not been found");
    let health = clinic.request(Method::DELETE, "/healthcheck").header("origin", "https://evil.example").send().unwrap();
    assert_eq!(health.status(), 403);
    for kind in ["text/plain", "multipart/form-data; boundary=x"] {
        let request = clinic.request(Method::POST, "/owners/new").header("content-type", kind).body("firstName=x");
        assert_eq!(request.send().unwrap().status(), 415, "{kind}");
    }
    let encrypted = format!("https://{host}");
    for allowed in [
        &[][..],
        &[("sec-fetch-site", "same-origin"), ("origin", &own)],
        &[("sec-fetch-site", "none")],
        &[("origin", &own)],
        &[("origin", &encrypted), ("x-forwarded-proto", "https")],
        &[("origin", &encrypted)],
    ] {
        assert_eq!(post(allowed).status, 302, "{allowed:?}");
    }
}

/// 3.5.3: GET and HEAD change nothing.
#[test]
fn v3_5_3_reading_changes_nothing() {
    let clinic = Clinic::on_sqlite();
    let query = serde_urlencoded::to_string(OWNER).unwrap();
    for path in ["/owners/new", "/owners/1/edit", "/healthcheck"] {
        for method in [Method::GET, Method::HEAD] {
            let answer =
                clinic.request(method, &format!("{path}?{query}&_method=POST")).header("x-http-method-override", "DELETE");
            assert_eq!(answer.send().unwrap().status(), 200, "{path}");
        }
    }
    clinic.get("/owners?lastName=Lovelace").shows("has not been found");
    clinic.get("/owners/1").shows("George Franklin");
}

/// 3.7.2: no answer leads to another host.
#[test]
fn v3_7_2_redirects_stay_here() {
    for path in [
        "//evil.example",
        "//evil.example/owners/1",
        "/owners?lastName=Franklin&lang=//evil.example",
        "/\\evil.example",
        "/?url=//evil.example",
    ] {
        let page = raw(&format!(
            "GET {path} HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: evil.example\r\nconnection: close\r\n\r\n"
        ));
        let location = page.lines().find(|line| line.starts_with("location: ")).unwrap_or("location: /owners/1");
        assert!(location.starts_with("location: /") && !location.starts_with("location: //"), "{path}: {location}");
        assert!(!page.contains("http://evil.example"), "{path}: {page}");
    }
}

/// The server's answers to what no client library would send.
fn raw(request: &str) -> String {
    let mut stream = std::net::TcpStream::connect(shared().address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// 4.1.3: what a proxy sets can't be set by a client. Here every neighbour is a proxy, so the one that is none is asked.
#[test]
fn v4_1_3_untrusted_proxy_headers_are_ignored() {
    let request =
        http::Request::builder().header("x-forwarded-for", "6.6.6.6").header("x-forwarded-proto", "https").body(()).unwrap();
    let request = web::middleware::client::identify(request, &"10.0.0.0/8".parse().unwrap());
    let client = request.extensions().get::<web::app::extract::Client>().unwrap();
    assert_eq!((client.forwarded, client.https), (None, None));
}

/// 4.2.1, 4.2.2: where a request ends is never doubtful: two lengths, or a length and chunks, and nothing after is read as a request.
#[test]
fn v4_2_1_requests_are_not_split() {
    let smuggled = "GET /oups HTTP/1.1\r\nhost: x\r\n\r\n";
    for head in [
        format!("content-length: 5\r\ncontent-length: {}", 5 + smuggled.len()),
        format!("content-length: {}\r\ntransfer-encoding: chunked", 5 + smuggled.len()),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "content-length: +5".to_owned(),
        "content-length: 5, 6".to_owned(),
        "content-length : 5".to_owned(),
    ] {
        let answer = raw(&format!("POST /owners/new HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n0\r\n\r\n{smuggled}"));
        assert!(!answer.contains(" 500 "), "{head}: {answer}");
    }
    // a header in a header: neither the path, nor the id taken over, nor the cookie makes a line of the answer
    for path in
        ["/owners?lastName=x%0d%0aset-cookie:%20evil=1", "/%0d%0aset-cookie:%20evil=1", "/?lang=ko%0d%0aset-cookie:%20evil=1"]
    {
        let answer = raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-request-id: a%0d%0aevil: 1\r\nconnection: close\r\n\r\n"));
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        assert!(!head.contains("evil"), "{path}: {answer}");
    }
}

/// 5.3.2, 13.4.1, 13.4.3, 13.4.7: no path leads to a file but those compiled in, and no directory is listed.
#[test]
fn v5_3_2_path_traversal_is_refused() {
    for path in [
        "/resources/../Cargo.toml",
        "/resources/..%2f..%2fCargo.toml",
        "/resources/%2e%2e/%2e%2e/etc/passwd",
        "/resources/....//etc/passwd",
        "/resources//etc/passwd",
        "/resources/style.css%00.svg",
        "/resources/..\\style.css",
        "/resources/",
        "/resources",
        "/../../etc/passwd",
        "/.git/config",
        "/.git/HEAD",
        "/.svn/entries",
        "/.env",
        "/Cargo.toml",
        "/web/src/main.rs",
    ] {
        let answer = raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["400", "404"].contains(&status), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}");
    }
}

/// 8.1.1, 8.2.1, 8.3.1: what operators alone may do needs their token, which the README describes.
#[test]
fn v8_2_1_admin_routes_require_token() {
    let clinic = Clinic::with_admin_token("a token of the operators");
    let switch = |method: Method, token: Option<&str>| {
        let request = clinic.request(method, "/healthcheck");
        Page::of(token.iter().fold(request, |request, token| request.header("authorization", *token)).send().unwrap())
    };
    for wrong in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer a token of the operator"),
        Some("Bearer a token of the operators and more"),
        Some("Basic a token of the operators"),
        Some("a token of the operators"),
    ] {
        for method in [Method::DELETE, Method::POST] {
            let page = switch(method, wrong);
            assert_eq!((page.status.as_u16(), page.header("www-authenticate")), (401, "Bearer realm=\"petclinic\""), "{wrong:?}");
        }
        assert_eq!(clinic.get("/healthcheck").status, 200, "{wrong:?}");
    }
    assert_eq!(switch(Method::DELETE, Some("Bearer a token of the operators")).status, 204);
    assert_eq!(clinic.get("/healthcheck").status, 503);
    assert_eq!(switch(Method::POST, Some("bearer a token of the operators")).status, 201);
    let settings = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md")).unwrap();
    assert!(settings.contains("`ADMIN_TOKEN`"));
}

/// 9.1.1 to 9.2.1, 11.4.1: what a cookie says counts with its code alone (HMAC-SHA-256, under a key of the settings), and for its time.
#[test]
fn v9_1_1_the_messages_cookie_is_signed() {
    let clinic = Clinic::on_sqlite();
    let saved = clinic.post("/owners/new", &OWNER);
    let cookie = saved.header("set-cookie").split(';').next().unwrap().to_owned();
    let show = |cookie: &str| Page::of(shared().request(Method::GET, "/").header("cookie", cookie).send().unwrap());
    let own = |cookie: &str| Page::of(clinic.request(Method::GET, "/owners/1").header("cookie", cookie).send().unwrap());
    show(&cookie).lacks("class=\"flash\"");
    let digit = if cookie.ends_with('0') { "1" } else { "0" };
    own(&format!("{}{digit}", &cookie[..cookie.len() - 1])).lacks("class=\"flash\"");
    own("flash=flash-owner-created").lacks("class=\"flash\"");
    own(&cookie).shows("class=\"flash\"");
}

/// 13.4.2, 13.4.4, 13.4.5, 13.4.6: no TRACE, no debug or metrics on the public port, no version of anything.
#[test]
fn v13_4_5_admin_routes_are_not_public() {
    for path in
        ["/metrics", "/log-level", "/debug", "/debug/pprof", "/actuator", "/manage", "/manage/env", "/admin", "/server-status"]
    {
        assert_eq!(get(path, &[]).status, 404, "{path}");
    }
    assert_eq!(send(&Method::TRACE, "/", &[], &[]).status, 405);
    let told = |headers: &HeaderMap| headers.contains_key("server") || headers.contains_key("x-powered-by");
    for path in PATHS {
        let page = get(path, &[]);
        assert!(!told(&page.headers), "{path}");
        page.lacks(concat!("/", env!("CARGO_PKG_VERSION"))).lacks("hyper").lacks("SQLite").lacks("MySQL");
    }
}

/// 14.2.1: no secret is ever in a URL.
#[test]
fn v14_2_1_no_secret_is_in_a_url() {
    let clinic = Clinic::with_admin_token("a token of the operators");
    let answer =
        clinic.request(Method::DELETE, "/healthcheck?token=a+token+of+the+operators&access_token=a+token+of+the+operators");
    assert_eq!(answer.send().unwrap().status(), 401);
}

/// 15.3.1: JSON has what the page shows, and nothing else of the row.
#[test]
fn v15_3_1_json_has_only_needed_fields() {
    let owner = shared().json("/owners/1");
    let names: BTreeSet<_> = owner["owner"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["id", "firstName", "lastName", "address", "city", "telephone", "pets", "morePets"]));
}

/// 16.5.1, 16.5.3: an error says that it is one, with an id to quote, and nothing of the inside.
#[test]
fn v16_5_1_errors_reveal_no_internals() {
    for (path, status) in [("/oups", 500), ("/nowhere", 404), ("/owners/999999", 404)] {
        for accept in ["text/html", "application/json"] {
            let page = get(path, &[("accept", accept)]);
            assert_eq!(page.status, status, "{path}");
            page.shows(page.header("x-request-id"));
            for inside in ["panicked", ".rs", "backtrace", "SELECT", "diesel", "on purpose", "/work", "/src"] {
                page.lacks(inside);
            }
        }
    }
}
