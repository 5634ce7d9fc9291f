//! Every page in both colour schemes: nothing for axe-core to complain about, and pictures to look at.

use crate::browser::{Browser, Person, Scheme, browse, browse_as};
use crate::forms::somebody_else_saves;

/// Every page that is there by its path alone.
pub const PAGES: [(&str, &str); 19] = [
    ("api", "/api"),
    ("welcome", "/"),
    ("find", "/owners/find"),
    ("none-found", "/owners?lastName=nobody"),
    ("owners", "/owners?lastName="),
    ("owner", "/owners/6"),
    ("search", "/search?q=d"),
    ("search-none", "/search?q=nobody"),
    ("vet", "/vets/3"),
    ("visits", "/owners/6/pets/7/visits"),
    ("owner-without-pets-visits", "/owners/1"),
    ("owner-new", "/owners/new"),
    ("pet-new", "/owners/6/pets/new"),
    ("pet-edit", "/owners/6/pets/7/edit"),
    ("visit-new", "/owners/6/pets/7/visits/new"),
    ("visit-edit", "/owners/6/pets/7/visits/1/edit"),
    ("vets", "/vets.html"),
    ("missing", "/nowhere"),
    ("error", "/oups"),
];

/// A phone, a desk, and a 4K screen.
const SCREENS: [(&str, u32, u32); 3] = [("phone", 390, 844), ("desktop", 1280, 800), ("4k", 3840, 2160)];
/// Schemes, each with how many of the screens.
type Looks = [(Scheme, usize)];
const EVERY: &Looks = &[(Scheme::Light, 3), (Scheme::Dark, 3)];
const MOST: &Looks = &[(Scheme::Light, 3), (Scheme::Dark, 2)];

/// Looks at the page as it is. axe-core sees both schemes on a desk; a phone has other lines and the same colours.
async fn look(browser: &Browser, name: &str, looks: &Looks) {
    for (scheme, screens) in looks {
        for (screen, width, height) in &SCREENS[..*screens] {
            browser.screen(*width, *height, *scheme).await;
            browser.screenshot(&format!("{name}-{screen}-{}", scheme.name())).await;
            if *screen == "desktop" || (*screen == "phone" && *scheme == Scheme::Dark) {
                browser.is_accessible(&format!("{name} on a {screen}, {}", scheme.name())).await;
            }
        }
    }
}

#[test]
fn pages_that_show() {
    browse(async |browser| {
        for (name, path) in &PAGES[..10] {
            browser.open(path).await;
            look(browser, name, EVERY).await;
        }
    });
}

#[test]
fn forms_and_errors() {
    browse(async |browser| {
        for (name, path) in &PAGES[10..] {
            browser.open(path).await;
            look(browser, name, MOST).await;
        }
    });
}

#[test]
fn pages_that_answer() {
    browse(async |browser| {
        browser.open("/owners/new").await;
        browser.enter("#firstName", "Anna").await;
        browser.click("main form button").await;
        browser.shows(".problems h2", "4 fields").await;
        look(browser, "owner-problems", MOST).await;

        browser.open("/owners/1/edit").await;
        browser.enter("#city", "Seoul").await;
        somebody_else_saves(browser, "Busan").await;
        browser.click("main form button").await;
        browser.element(".changed").await;
        look(browser, "owner-changed", MOST).await;
        browser.click("main form button").await;
        browser.element(".flash").await;
        look(browser, "owner-saved", MOST).await;

        browser.open("/owners/find").await;
        browser.enter("#lastName", "d").await;
        browser.element("[role=option]").await;
        browser.keys(thirtyfour::Key::Down + "").await;
        look(browser, "find-matches", MOST).await;
    });
}

#[test]
fn pages_from_right_to_left() {
    browse_as(&Person { language: "fa", ..Person::default() }, async |browser| {
        for (name, path) in PAGES {
            browser.open(path).await;
            let scheme = if path.contains("pets") { Scheme::Dark } else { Scheme::Light };
            look(browser, &format!("persian-{name}"), &[(scheme, 2)]).await;
        }
    });
}

/// Else all of the above could be empty.
#[test]
fn verify_finds_each_problem() {
    browse(async |browser| {
        browser.open("/").await;
        browser.js("document.querySelector('.hero img').removeAttribute('alt');").await;
        browser.js("document.querySelector('.lead').style.color = 'silver';").await;
        let found = browser.violations().await.join("\n");
        assert!(found.contains("image-alt") && found.contains("color-contrast"), "{found}");
    });
}
