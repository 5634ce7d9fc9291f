//! Pages behind an ingress on an odd port, without TLS, under a host name: `Host` comes without the port that the browser has.

use std::net::SocketAddr;

use testkit::nginx::Nginx;

use crate::browser::{Browser, Person, browse_under};
use crate::support::Web;

/// Saves an owner behind nginx, with `ALLOWED_ORIGINS` where `allowed`; then runs `test` with the origin of the pages.
fn save(allowed: bool, test: impl AsyncFnOnce(&Browser, &str)) {
    let upstream = SocketAddr::from(([127, 0, 0, 1], testkit::net::free_port()));
    let nginx = Nginx::start(upstream);
    let origin = format!("http://clinic.example:{}", nginx.address.port());
    let mut settings = vec!["--trusted-proxies=127.0.0.1".to_owned(), format!("--listen-addr={upstream}")];
    settings.extend(allowed.then(|| format!("--allowed-origins={origin}")));
    let web = Web::start(&settings.iter().map(String::as_str).collect::<Vec<_>>());
    browse_under(origin.clone(), web, &Person { language: "en", ..Person::default() }, async |browser| {
        browser.open("/owners/6/edit").await;
        browser.enter("#city", "Busan").await;
        browser.click("main form button").await;
        test(browser, &origin).await;
    });
}

#[test]
fn allowed_origin_saves_behind_ingress_on_odd_port() {
    save(true, async |browser, _| browser.shows(".flash", "Owner updated").await);
}

#[test]
fn rejected_origin_is_logged_with_the_host() {
    save(false, async |browser, origin| {
        browser.shows("h1", "Sent from another site").await;
        let lines = browser.web.lines("app_db");
        let line = lines.iter().find(|line| line["origin"] == origin).expect("a line with the origin");
        assert_eq!((&line["level"], &line["hosts"]), (&"WARN".into(), &"[\"clinic.example\"]".into()), "{line}");
        assert!(line["message"].as_str().unwrap().contains("ALLOWED_ORIGINS"), "{line}");
    });
}
