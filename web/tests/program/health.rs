use reqwest::StatusCode;

use testkit::until;

use crate::support::Web;

#[test]
fn healthcheck_switches_off_and_on() {
    let web = Web::start(&[]);
    let (client, url) = (testkit::http::client(), web.url("/healthcheck"));
    let check = || {
        let answer = client.get(&url).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    assert_eq!(check(), (200, String::new()));
    let answer = client.delete(&url).send().unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().unwrap()), (204, String::new()));
    assert_eq!(check(), (503, String::new()));
    assert_eq!(client.get(web.url("/readyz")).send().unwrap().status(), 503, "no traffic for a server that says it is down");
    assert_eq!(client.get(web.url("/livez")).send().unwrap().status(), 200);
    let answer = client.post(&url).send().unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().unwrap()), (201, String::new()));
    assert_eq!(check(), (200, String::new()));
    let answer = client.put(&url).send().unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()),
        (405, "GET, DELETE, POST, HEAD, OPTIONS")
    );
}

#[test]
fn readiness_lists_components() {
    let web = Web::start(&[]);
    for path in ["/readyz", "/manage/health"] {
        let answer = testkit::http::get(web.url(path));
        assert_eq!(answer.status(), StatusCode::OK);
        let body: serde_json::Value = answer.json().unwrap();
        let up = serde_json::json!({"status": "UP"});
        assert_eq!(body, serde_json::json!({"status": "UP", "components": {"accepting": up, "db": up, "healthcheck": up}}));
    }
}

#[test]
fn starts_and_stays_alive_without_its_database() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("missing").join("petclinic.db");
    let web = Web::start_on(&format!("sqlite:{}", database.display()), directory, &["--database-acquire-timeout", "1s"]);
    let status = |path: &str| testkit::http::get(web.url(path)).status().as_u16();
    assert_eq!((status("/livez"), status("/healthcheck")), (200, 200));
    assert_eq!((status("/readyz"), status("/owners/1")), (503, 503));
    let cause = |line: &serde_json::Value| line["error"].as_str().is_some_and(|error| error.contains("petclinic.db"));
    until("the cause in the log", || web.lines("err").iter().any(cause).then_some(()));
}
