//! From search to visit by the keyboard alone.

use thirtyfour::Key;

use crate::browser::browse;

#[test]
fn visit_is_booked_from_search() {
    browse(async |browser| {
        browser.open("/").await;
        browser.tab_to(".skip").await;
        browser.keys(Key::Enter + "").await;
        browser.until("document.activeElement.id === 'main'").await;

        browser.open("/").await;
        browser.tab_to(".site-nav a[href='/owners/find']").await;
        browser.keys(Key::Enter + "").await;
        browser.until("document.activeElement.id === 'lastName'").await;
        browser.keys("fra").await;
        browser.until("document.querySelector('[role=listbox] [role=option]')").await;
        browser.keys(Key::Down + Key::Enter).await;
        browser.shows("h1", "George Franklin").await;

        browser.tab_to("a[href='/owners/1/edit']").await;
        browser.keys(Key::Enter + "").await;
        browser.shows("h1", "Edit owner").await;
        browser.tab_to("#city").await;
        browser.keys(Key::Control + "a").await;
        browser.keys("Jeonju").await;
        browser.keys(Key::Enter + "").await;
        browser.shows(".flash", "Owner updated").await;
        browser.shows(".facts", "Jeonju").await;

        browser.tab_to("a[href='/owners/1/pets/new']").await;
        browser.keys(Key::Enter + "").await;
        browser.shows("h1", "New pet").await;
        browser.tab_to("#name").await;
        browser.keys("Kong").await;
        browser.tab_to("#birthDate").await;
        browser.keys("02292020").await;
        browser.tab_to("#type").await;
        browser.keys("d").await;
        browser.tab_to("main form button").await;
        browser.keys(Key::Enter + "").await;
        browser.shows(".flash", "New pet added").await;
        browser.shows(".pet:first-child", "dog").await;

        browser.tab_to(".pet:first-child a[href$='/visits/new']").await;
        browser.keys(Key::Enter + "").await;
        browser.shows("h1", "New visit").await;
        browser.tab_to("#description").await;
        browser.keys("barks at night").await;
        browser.keys(Key::Enter + "").await;
        browser.shows(".flash", "Visit booked").await;
        browser.shows(".pet:first-child .visits", "barks at night").await;
    });
}
