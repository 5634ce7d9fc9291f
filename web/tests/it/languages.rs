//! Every page in every language.

use reqwest::Method;

use crate::support::{Clinic, Page, shared};

const TAGS: [&str; 9] = ["en", "ko", "de", "es", "fa", "pt", "ru", "tr", "ja"];

fn get(clinic: &Clinic, path: &str, header: &str, value: &str) -> Page {
    Page::of(clinic.request(Method::GET, path).header(header, value).send().unwrap())
}

#[test]
fn pages_render_in_every_language() {
    for tag in TAGS {
        for path in [
            "/",
            "/owners/find",
            "/owners?lastName=nobody",
            "/owners",
            "/owners?lastName=D",
            "/owners/6",
            "/owners/new",
            "/owners/1/edit",
            "/owners/1/pets/new",
            "/owners/6/pets/7/edit",
            "/owners/6/pets/7/visits/new",
            "/vets.html?page=2",
            "/vets/3",
            "/search?q=d",
            "/search?q=nobody",
            "/owners/6/pets/7/visits/1/edit",
            "/owners/6/pets/7/visits",
        ] {
            let page = get(shared(), path, "accept-language", tag);
            assert_eq!(page.status, 200, "{tag} {path}: {}", page.text);
            page.shows(&format!("<html lang=\"{tag}\" dir=\"{}\">", if tag == "fa" { "rtl" } else { "ltr" }));
        }
        for (path, status) in [("/nowhere", 404), ("/oups", 500)] {
            assert_eq!(get(shared(), path, "accept-language", tag).status, status);
        }
        let wrong = [("firstName", "x".repeat(300)), ("telephone", "1".to_owned())];
        let request = shared().request(Method::POST, "/owners/new").header("accept-language", tag);
        assert_eq!(Page::of(request.form(&wrong).send().unwrap()).status, 200, "{tag}");
    }
}

#[test]
fn preferred_language_of_browser_is_used() {
    for (accept, heading) in [
        ("ko-KR,ko;q=0.9,en;q=0.8", "Petclinic에 오신 것을 환영합니다"),
        ("fr, de-AT;q=0.6, en;q=0.5", "Willkommen bei Petclinic"),
        ("en;q=0.1, ja;q=0.2", "Petclinic へようこそ"),
        ("tlh", "Welcome to Petclinic"),
        ("*", "Welcome to Petclinic"),
        ("\"><script>", "Welcome to Petclinic"),
        ("ru;q=0, tr", "Hoş geldiniz"),
    ] {
        get(shared(), "/", "accept-language", accept).shows(heading);
    }
}

#[test]
fn chosen_language_overrides_the_browser() {
    let clinic = Clinic::on_sqlite();
    let page = clinic.get("/owners?lastName=Z%C3%A4&lang=de");
    assert!(page.header("set-cookie").starts_with("lang=de; Path=/; Max-Age=31536000; HttpOnly"), "{:?}", page.headers);
    // the switch keeps what was looked for
    page.shows("wurde nicht gefunden").shows("href=\"?lastName&#x3D;Z%C3%A4&amp;lang=ko\"");
    get(&clinic, "/", "accept-language", "ru").shows("Willkommen");
    clinic.get("/?lang=fa").shows("dir=\"rtl\"");
    clinic.get("/").shows("dir=\"rtl\"");
    let unknown = clinic.get("/?lang=<b>");
    assert_eq!(unknown.header("set-cookie"), "");
    unknown.shows("dir=\"rtl\"").lacks("<b>");
}

#[test]
fn plurals_and_dates_follow_the_language() {
    let shows = |tag: &str, path: &str, text: &str| {
        get(shared(), path, "accept-language", tag).shows(text);
    };
    shows("ru", "/vets.html", "6 ветеринаров");
    shows("ru", "/owners?lastName=D", "2 владельца");
    shows("ko", "/owners", "보호자 10명");
    shows("de", "/owners/6", "4. Januar 2013");
    shows("ja", "/owners/6", "2013年1月4日");
    shows("es", "/owners/6", "4 de enero de 2013");
    shows("en", "/owners/6", "January 4, 2013");
}

#[test]
fn problem_details_are_in_the_clients_language() {
    let request =
        shared().request(Method::GET, "/owners/99").header("accept", "application/json").header("accept-language", "ko");
    let problem: serde_json::Value = request.send().unwrap().json().unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&404.into(), &"여기에는 아무것도 없습니다".into()));
}
