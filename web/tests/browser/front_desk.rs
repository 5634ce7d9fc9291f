//! A receptionist's day by the keyboard alone, with the number of keys; and names and numbers of other countries.
#![allow(clippy::print_stdout)]

use reqwest::StatusCode;
use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Browser, Person, Scheme, browse, browse_as};

/// Posts a form as another browser would.
async fn post(browser: &Browser, path: &str, fields: &[(&str, &str)]) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.post(browser.web.url(path)).form(fields).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND, "{path}");
}

/// Today's date, where the clinic is.
fn today() -> String {
    chrono::Utc::now().date_naive().to_string()
}

/// Presses Tab until a selector has the keyboard; the number of presses.
async fn tabs_to(browser: &Browser, css: &str) -> usize {
    for presses in 1..=30 {
        browser.keys(Key::Tab + "").await;
        if browser.js(&format!("return document.activeElement.matches({css:?});")).await == true {
            return presses;
        }
    }
    panic!("{css} is not reached by Tab at {}", browser.place().await);
}

#[test]
fn visit_is_booked_with_few_keys() {
    browse(async |browser| {
        browser.open("/vets.html").await;
        browser.keys("/").await;
        browser.until("document.activeElement.id === 'search'").await;
        browser.keys("samantha").await;
        browser.shows(".site-search [role=option]", "Jean Coleman").await;
        browser.keys(Key::Enter + "").await;
        browser.shows("h1", "Jean Coleman").await;
        assert_eq!(browser.place().await, "/owners/6#pet-7");
        browser.keys(Key::Tab + "").await;
        browser.until("document.activeElement.matches('a[href=\"/owners/6/pets/7/visits/new\"]')").await;
        browser.keys(Key::Enter + "").await;
        browser.until("document.activeElement.id === 'description'").await;
        browser.keys("ears").await;
        browser.keys(Key::Enter + "").await;
        browser.shows(".flash", "Visit booked").await;
        browser.shows(".pet:nth-child(2) .visits tbody tr:first-child", "ears").await;
        println!(
            "measurement| book a visit for a known pet: keys after the name, without the reason| 4| <= 10 (Spring: 26 Tabs)"
        );
    });
}

#[test]
fn visit_of_the_day_is_checked_in_by_one_key() {
    browse(async |browser| {
        let day = today();
        for (path, time) in [("/owners/1/pets/1", "23:58"), ("/owners/6/pets/8", "23:59")] {
            let visit = [("date", &*day), ("description", "check-up"), ("time", time), ("vetId", "2")];
            post(browser, &format!("{path}/visits/new"), &visit).await;
        }
        browser.open(&format!("/?date={day}")).await;
        let tabs = tabs_to(browser, "main button[name=status]").await;
        browser.keys(Key::Enter + "").await;
        browser.shows(".flash", "Visit updated").await;
        browser.shows(".visits-of-day tbody tr:first-child .status", "arrived").await;
        browser.until("document.activeElement.value === 'done'").await;
        browser.keys(Key::Enter + "").await;
        browser.shows(".visits-of-day tbody tr:first-child .status", "done").await;
        println!("measurement| check in the first visit of the day: Tabs from the top of the page| {tabs}| <= 10");
        browser.open("/vets/2").await;
        browser.shows("h1", "Helen Leary").await;
        assert_eq!(browser.count(".visits-of-day tbody tr").await, 2);
        for (name, path) in [("day", "/"), ("vet-day", "/vets/2")] {
            browser.open(path).await;
            for scheme in [Scheme::Light, Scheme::Dark] {
                browser.screen(1280, 800, scheme).await;
                browser.screenshot(&format!("{name}-{}", scheme.name())).await;
                browser.is_accessible(&format!("{name}, {}", scheme.name())).await;
            }
            browser.screen(320, 568, Scheme::Light).await;
            browser.screenshot(&format!("{name}-phone")).await;
            assert_eq!(browser.js("return document.documentElement.scrollWidth;").await, json!(320), "{name}");
        }
    });
}

#[test]
fn common_tasks_take_few_tabs() {
    browse(async |browser| {
        for (task, from, target) in [
            ("edit an owner", "/owners/6", "a[href='/owners/6/edit']"),
            ("add a pet", "/owners/6#contact", "a[href='/owners/6/pets/new']"),
            ("add a visit after a search", "/owners/6#pet-7", "a[href='/owners/6/pets/7/visits/new']"),
            ("correct a visit after a search", "/owners/6#pet-7", "a[href='/owners/6/pets/7/visits/4/edit']"),
            ("save an edited owner", "/owners/6/edit", "main form .primary"),
            // Enter saves from every field; a date has a Tab stop for each of its parts
            ("time of a new visit", "/owners/6/pets/7/visits/new", "#time"),
            ("a new owner", "/", "a[href='/owners/new']"),
        ] {
            browser.open("/nowhere").await;
            browser.open(from).await;
            let tabs = tabs_to(browser, target).await;
            println!("measurement| {task}: Tabs| {tabs}| <= 8");
            assert!(tabs <= 8, "{task}: {tabs}");
        }
    });
}

/// Somebody new, whose name is searched for first, and the parts by which they are found afterwards.
struct Local {
    language: &'static str,
    name: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    address: &'static str,
    city: &'static str,
    telephone: &'static str,
    shown_name: &'static str,
    shown_telephone: &'static str,
    parts: &'static [&'static str],
}

async fn enter_local_owner(browser: &Browser, local: &Local) {
    browser.open("/").await;
    browser.keys("/").await;
    browser.keys(local.name).await;
    browser.shows(".site-search [role=option]", local.name).await;
    browser.keys(Key::Down + Key::Enter).await;
    browser.until("location.pathname === '/owners/new'").await;
    for (field, value) in [("firstName", local.first_name), ("lastName", local.last_name)] {
        assert_eq!(browser.element(&format!("#{field}")).await.value().await.unwrap().as_deref(), Some(value));
    }
    for (field, text) in [("address", local.address), ("city", local.city), ("telephone", local.telephone)] {
        tabs_to(browser, &format!("#{field}")).await;
        browser.keys(text).await;
    }
    browser.keys(Key::Enter + "").await;
    browser.shows("h1", local.shown_name).await;
    browser.shows(".facts .telephone", local.shown_telephone).await;
    browser.screenshot(&format!("local-{}", local.language)).await;
    for part in local.parts {
        browser.open("/vets.html").await;
        browser.keys("/").await;
        browser.keys(*part).await;
        browser.shows(".site-search [role=option]:first-child", local.shown_name).await;
        browser.keys(Key::Enter + "").await;
        browser.shows("h1", local.shown_name).await;
    }
    browser.open("/owners/find").await;
    browser.is_accessible(local.language).await;
}

#[test]
fn korean_owner_is_entered_and_found() {
    browse_as(&Person { language: "ko", ..Person::default() }, async |browser| {
        enter_local_owner(
            browser,
            &Local {
                language: "ko",
                name: "김민준",
                first_name: "민준",
                last_name: "김",
                address: "테헤란로 152",
                city: "서울 강남구",
                telephone: "010-1234-5678",
                shown_name: "김민준",
                shown_telephone: "010-1234-5678",
                parts: &["김", "민준", "김민준", "ㄱㅁㅈ", "010-1234", "1234-5678", "5678"],
            },
        )
        .await;
    });
}

#[test]
fn japanese_owner_is_entered_and_found() {
    browse_as(&Person { language: "ja", ..Person::default() }, async |browser| {
        enter_local_owner(
            browser,
            &Local {
                language: "ja",
                name: "田中太郎",
                first_name: "太郎",
                last_name: "田中",
                address: "中央通り 1-2",
                city: "東京都千代田区",
                telephone: "090-1234-5678",
                shown_name: "田中太郎",
                shown_telephone: "090-1234-5678",
                parts: &["田中", "太郎", "田中太郎", "田中 太郎", "0901234", "12345678"],
            },
        )
        .await;
    });
}

#[test]
fn persian_owner_is_entered_and_found() {
    browse_as(&Person { language: "fa", ..Person::default() }, async |browser| {
        enter_local_owner(
            browser,
            &Local {
                language: "fa",
                name: "آرش احمدی",
                first_name: "آرش",
                last_name: "احمدی",
                address: "خیابان آزادی ۱۲",
                city: "تهران",
                telephone: "۰۹۱۲۳۴۵۶۷۸۹",
                shown_name: "آرش احمدی",
                shown_telephone: "09123456789",
                parts: &["آرش", "احمدی", "احمدی آرش", "۰۹۱۲۳۴۵", "6789"],
            },
        )
        .await;
        browser.open("/owners/6").await;
        browser.shows(".visits", "۱۳۹۱").await;
        browser.shows(".visits", "۲۰۱۳").await;
    });
}

#[test]
fn navigation_is_one_row_at_768_pixels() {
    browse(async |browser| {
        browser.open("/").await;
        browser.window(768, 1024).await;
        for language in ["en", "ko", "de", "es", "fa", "pt", "ru", "tr", "ja"] {
            browser.open(&format!("/?lang={language}")).await;
            let rows = "const middles = [...document.querySelectorAll('.brand, .site-nav a, .site-search')].map((element) => {
                const { top, bottom } = element.getBoundingClientRect(); return Math.round((top + bottom) / 2); });
                return [Math.max(...middles) - Math.min(...middles) <= 2, document.documentElement.scrollWidth];";
            assert_eq!(browser.js(rows).await, json!([true, 768]), "{language}");
            browser.screenshot(&format!("tablet-{language}")).await;
        }
    });
}

#[test]
fn long_histories_are_short_pages() {
    browse(async |browser| {
        for n in 0..300 {
            let visit = [
                ("date", "2024-05-06"),
                ("description", "visit"),
                ("note", if n % 3 == 0 { "a note\nof two lines" } else { "" }),
            ];
            post(browser, "/owners/6/pets/8/visits/new", &visit).await;
        }
        for n in 0..38 {
            let pet = [("name", &*format!("Pet {n:02}")), ("birthDate", "2020-01-01"), ("type", "dog")];
            post(browser, "/owners/6/pets/new", &pet).await;
        }
        browser.open("/owners/6").await;
        assert_eq!(browser.count(".pet").await, 10);
        assert_eq!(browser.count(".pet:first-child .visits tbody tr").await, 5);
        browser.print("owner-long").await;
        browser.screen(1280, 800, Scheme::Light).await;
        browser.screenshot("owner-long").await;
        browser.open("/owners/6/pets/8/visits").await;
        assert_eq!(browser.count(".visits tbody tr").await, 50);
        browser.click(".sizes a[href$='size=20']").await;
        browser.until("document.querySelectorAll('.visits tbody tr').length === 20").await;
        browser.click("a[rel=next]").await;
        browser.until("location.search.includes('before')").await;
        assert_eq!(browser.count(".visits tbody tr").await, 20);
        browser.print("visits-long").await;
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.screen(1280, 800, scheme).await;
            browser.screenshot(&format!("visits-long-{}", scheme.name())).await;
            browser.is_accessible("a page of visits").await;
        }
        browser.screen(320, 568, Scheme::Light).await;
        assert_eq!(browser.js("return document.documentElement.scrollWidth;").await, json!(320));
    });
}
