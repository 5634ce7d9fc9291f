//! From search to visit, by the languages' directions, and without JavaScript.

use crate::browser::{Browser, Person, browse_as};

/// Messages after each save.
struct Said {
    language: &'static str,
    owner_updated: &'static str,
    pet_added: &'static str,
    pet_updated: &'static str,
    visit_booked: &'static str,
    two_owners: &'static str,
}

const ENGLISH: Said = Said {
    language: "english",
    owner_updated: "Owner updated",
    pet_added: "New pet added",
    pet_updated: "Pet updated",
    visit_booked: "Visit booked",
    two_owners: "2 owners whose last name begins with “D”",
};

const PERSIAN: Said = Said {
    language: "persian",
    owner_updated: "اطلاعات صاحب حیوان ذخیره شد",
    pet_added: "حیوان تازه افزوده شد",
    pet_updated: "اطلاعات حیوان ذخیره شد",
    visit_booked: "ویزیت ثبت شد",
    two_owners: "۲",
};

/// A receptionist's steps for a client who comes in with a new pet.
async fn search_to_visit(browser: &Browser, said: &Said) {
    browser.open("/vets.html").await;
    browser.enter(".site-search input", "col").await;
    browser.click(".site-search button").await;
    browser.shows("h1", "Jean Coleman").await;
    assert_eq!(browser.place().await, "/owners/6#pets");

    browser.click("a[href='/owners/6/edit']").await;
    browser.enter("#city", "Busan").await;
    browser.click("main form button").await;
    browser.shows(".flash", said.owner_updated).await;
    browser.shows(".facts", "Busan").await;
    assert!(browser.title().await.starts_with(said.owner_updated), "what a screen reader says first of a new page");
    assert_eq!(browser.place().await, "/owners/6");
    browser.reload().await;
    assert_eq!(browser.count(".flash").await, 0, "a message is shown once");

    browser.click("a[href='/owners/6/pets/new']").await;
    browser.enter("#name", "Aiko").await;
    browser.enter_date("#birthDate", "02292020").await;
    browser.choose("#type", "hamster").await;
    browser.click("main form button").await;
    browser.shows(".flash", said.pet_added).await;
    browser.shows(".pets", "Aiko").await;
    let edit = browser.element(".pet:first-child a[href$='/edit']").await.attr("href").await.unwrap().unwrap();

    browser.click(&format!("a[href='{edit}']")).await;
    browser.enter("#name", "Aiko II").await;
    browser.click("main form button").await;
    browser.shows(".flash", said.pet_updated).await;
    browser.shows(".pet:first-child h3", "Aiko II").await;

    // Samantha's, the third after Aiko and Max
    browser.click("a[href='/owners/6/pets/7/visits/new']").await;
    browser.enter("#description", "ears cleaned").await;
    browser.click("main form button").await;
    browser.shows(".flash", said.visit_booked).await;
    browser.shows(".pet:nth-child(3) .visits tbody tr:first-child", "ears cleaned").await;
    assert_eq!(browser.count(".pet:nth-child(3) .visits tbody tr").await, 3);
    browser.screenshot(&format!("booked-{}", said.language)).await;

    browser.click(".site-nav a[href='/owners/find']").await;
    browser.enter("#lastName", "D").await;
    browser.keys(thirtyfour::Key::Enter + "").await;
    browser.shows("main > p", said.two_owners).await;
    browser.click("tbody tr:nth-child(2) a").await;
    browser.shows("h1", "Harold Davis").await;
}

#[test]
fn in_english() {
    browse_as(&Person { language: "en", ..Person::default() }, async |browser| search_to_visit(browser, &ENGLISH).await);
}

#[test]
fn in_persian_from_right_to_left() {
    browse_as(&Person { language: "fa", ..Person::default() }, async |browser| {
        browser.open("/").await;
        let sides = "const middle = (css) => { const { left, right } = document.querySelector(css).getBoundingClientRect();
            return (left + right) / 2; };
            return [document.dir, document.documentElement.lang, middle('.brand') > middle('.site-nav'), middle('.hero img') < innerWidth / 2];";
        assert_eq!(browser.js(sides).await, serde_json::json!(["rtl", "fa", true, true]));
        search_to_visit(browser, &PERSIAN).await;
    });
}

#[test]
fn pages_work_without_javascript() {
    browse_as(&Person { language: "en", pages_work_without_javascript: true }, async |browser| {
        search_to_visit(browser, &ENGLISH).await;
    });
}

#[test]
fn another_language_is_chosen_in_the_footer_and_kept() {
    browse_as(&Person { language: "en", ..Person::default() }, async |browser| {
        browser.open("/owners?lastName=D").await;
        browser.click(".languages a[lang='tr']").await;
        browser.shows("h1", "Hayvan sahipleri").await;
        assert_eq!(browser.count("tbody tr").await, 2, "what was looked for is still there");
        browser.click(".brand").await;
        browser.shows("h1", "Petclinic'e hoş geldiniz").await;
    });
}
