//! During a rollout, the web that was released last runs beside today's, on the schema that today's dbinit made.

use std::path::PathBuf;

use reqwest::blocking::Client;

use crate::support::Web;

/// What a receptionist does in a day; each path with what its page must show afterwards.
fn a_day_at_the_desk(web: &Web, name: &str) {
    let client = testkit::http::client();
    let get = |path: &str| {
        let answer = client.get(web.url(path)).send().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().unwrap()
    };
    let post = |path: &str, fields: &[(&str, &str)]| {
        let answer = client.post(web.url(path)).form(fields).send().unwrap();
        assert_eq!(answer.status(), 302, "{path}: {}", answer.text().unwrap());
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    let owner =
        |city| [("firstName", "Ida"), ("lastName", name), ("address", "1 Elm St."), ("city", city), ("telephone", "6085551023")];

    let page = post("/owners/new", &owner("Madison"));
    post(&format!("{page}/pets/new"), &[("name", "Bella"), ("birthDate", "2020-02-29"), ("type", "dog")]);
    post(&format!("{page}/edit"), &owner("Monona"));
    let shown = get(&page);
    assert!(shown.contains("Bella") && shown.contains("Monona"), "{shown}");
    let pet = shown.split(&format!("{page}/pets/")).find_map(|rest| rest.split_once("/edit")?.0.parse::<i32>().ok()).unwrap();
    post(&format!("{page}/pets/{pet}/edit"), &[("name", "Bello"), ("birthDate", "2020-03-01"), ("type", "cat")]);
    post(&format!("{page}/pets/{pet}/visits/new"), &[("date", "2026-01-02"), ("description", "vaccinated")]);
    let shown = get(&page);
    assert!(shown.contains("Bello") && shown.contains("vaccinated"), "{shown}");
    for path in ["/", "/owners?lastName=", "/owners?lastName=&page=2", "/vets.html", "/vets", "/readyz"] {
        get(path);
    }
    assert_eq!(find(&client, web, name), page);
}

/// A search that finds one owner leads to the page of that owner.
fn find(client: &Client, web: &Web, name: &str) -> String {
    let answer = client.get(web.url(&format!("/owners?lastName={name}"))).send().unwrap();
    assert_eq!(answer.status(), 302, "{name} is found, and once");
    answer.headers()["location"].to_str().unwrap().to_owned()
}

fn both_versions_work_on(url: &str) {
    let released = PathBuf::from(std::env::var_os("RELEASED_WEB").expect("this test needs RELEASED_WEB: run ./dev test"));
    let today = Web::start_prepared(url, tempfile::tempdir().unwrap(), &[]);
    let before = Web::start_program(&released, url, tempfile::tempdir().unwrap(), &[]);
    a_day_at_the_desk(&before, "Releasedowner");
    a_day_at_the_desk(&today, "Todaysowner");
    let client = testkit::http::client();
    for name in ["Releasedowner", "Todaysowner"] {
        assert_eq!(find(&client, &before, name), find(&client, &today, name));
    }
    for web in [&before, &today] {
        assert_eq!(web.lines("err"), Vec::<serde_json::Value>::new());
    }
}

#[test]
fn the_released_web_works_on_todays_schema() {
    let database = testkit::mysql::database();
    both_versions_work_on(&database.url);
    let directory = tempfile::tempdir().unwrap();
    both_versions_work_on(&format!("sqlite:{}", directory.path().join("petclinic.db").display()));
}
