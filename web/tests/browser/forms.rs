//! Forms that come back, and forms that are sent twice.

use crate::browser::{Browser, browse};

#[test]
fn focus_is_on_first_problem_summary_links_to_each() {
    browse(async |browser| {
        browser.open("/owners/new").await;
        browser.enter("#firstName", "Anna").await;
        browser.enter("#telephone", "12345").await;
        browser.click("main form button").await;
        browser.shows(".problems h2", "4 fields need another look").await;
        browser.until("document.activeElement.id === 'lastName'").await;
        // what a screen reader says first of a new page
        assert_eq!(browser.title().await, "4 fields need another look · New owner · Petclinic");
        let announced = browser.js("return document.getElementById('problems').getAttribute('role');").await;
        assert_eq!(announced, "alert");
        for (n, field) in ["lastName", "address", "city", "telephone"].into_iter().enumerate() {
            browser.click(&format!(".problems li:nth-child({}) a", n + 1)).await;
            browser.until(&format!("document.activeElement.id === '{field}'")).await;
            let described = format!(
                "const field = document.getElementById('{field}');
                return field.getAttribute('aria-describedby').trim().split(/ +/).map((id) => document.getElementById(id).textContent).join(' ');"
            );
            let described = browser.js(&described).await;
            assert!(!described.as_str().unwrap().is_empty(), "{field} says what is wrong");
        }
        assert_eq!(browser.element("#firstName").await.value().await.unwrap().as_deref(), Some("Anna"));
    });
}

#[test]
fn birth_date_field_ends_today() {
    browse(async |browser| {
        browser.open("/owners/1/pets/new").await;
        let field = "const field = document.getElementById('birthDate'); return [field.type, field.max];";
        let today = chrono::Local::now().date_naive().to_string();
        assert_eq!(browser.js(field).await, serde_json::json!(["date", today]));
    });
}

#[test]
fn two_clicks_and_a_step_back_create_one_owner() {
    browse(async |browser| {
        browser.open("/owners/new").await;
        for (field, text) in [
            ("firstName", "Anna"),
            ("lastName", "Zweifach"),
            ("address", "Here 1"),
            ("city", "Köln"),
            ("telephone", "0123456789"),
        ] {
            browser.enter(&format!("#{field}"), text).await;
        }
        browser.js("const form = document.querySelector('main form'); form.requestSubmit(); form.requestSubmit();").await;
        browser.shows(".flash", "New owner created").await;
        browser.reload().await;
        browser.back().await;
        browser.click("main form button").await;
        browser.shows("h1", "Anna Zweifach").await;
        // one alone is shown at once, several are a list
        browser.open("/owners?lastName=Zweifach").await;
        browser.shows("h1", "Anna Zweifach").await;
    });
}

#[test]
fn edit_of_older_version_shows_the_changes() {
    browse(async |browser| {
        browser.open("/owners/1/edit").await;
        browser.enter("#city", "Seoul").await;
        somebody_else_saves(browser, "Busan").await;
        browser.click("main form button").await;
        browser.shows(".changed", "Somebody else has saved this in the meantime").await;
        browser.shows("#city-saved", "Saved in the meantime: Busan").await;
        browser.click("main form button").await;
        browser.shows(".flash", "Owner updated").await;
        browser.shows(".facts", "Seoul").await;
    });
}

/// An edit of owner 1 from another browser.
pub(super) async fn somebody_else_saves(browser: &Browser, city: &str) {
    let owner = [
        ("firstName", "George"),
        ("lastName", "Franklin"),
        ("address", "110 W. Liberty St."),
        ("telephone", "6085551023"),
        ("city", city),
    ];
    let answer = reqwest::Client::new().post(browser.web.url("/owners/1/edit")).form(&owner).send().await.unwrap();
    assert!(answer.status().is_success());
}
