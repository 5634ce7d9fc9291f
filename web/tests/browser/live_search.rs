//! Owners while their name is typed.

use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Browser, Person, browse, browse_as};

const OPTIONS: &str = "main [role=option]";

/// State of the field as a screen reader has it: expanded or not, and the active option.
async fn state(browser: &Browser) -> serde_json::Value {
    let script = "const field = document.getElementById('lastName');
        const active = document.getElementById(field.getAttribute('aria-activedescendant'));
        return [field.getAttribute('aria-expanded'), active && active.getAttribute('aria-selected') === 'true' && active.firstChild.textContent];";
    browser.js(script).await
}

#[test]
fn keyboard_alone_books_a_visit() {
    browse(async |browser| {
        browser.open("/owners/find").await;
        browser.until("document.activeElement.getAttribute('role') === 'combobox'").await;
        browser.keys("d").await;
        browser.shows("main [role=status]", "Matches: 2").await;
        assert_eq!(state(browser).await, json!(["true", null]));
        browser.keys(Key::Down + "").await;
        assert_eq!(state(browser).await, json!(["true", "Betty Davis"]));
        browser.keys(Key::Down + "").await;
        assert_eq!(state(browser).await, json!(["true", "Harold Davis"]));
        browser.keys(Key::Down + "").await;
        assert_eq!(state(browser).await, json!(["true", "Betty Davis"]));
        browser.keys(Key::Up + "").await;
        assert_eq!(state(browser).await, json!(["true", "Harold Davis"]));
        browser.keys(Key::Escape + "").await;
        assert_eq!(state(browser).await, json!(["false", null]));
        assert_eq!(
            browser.element("#lastName").await.value().await.unwrap().as_deref(),
            Some("d"),
            "Escape closes, and clears nothing"
        );

        // Enter without a choice sends the form
        browser.keys(Key::Enter + "").await;
        browser.shows("h1", "Owners").await;
        assert_eq!(browser.place().await, "/owners?lastName=d");
    });
}

#[test]
fn one_none_all_and_by_pointer() {
    browse(async |browser| {
        browser.open("/owners/find").await;
        browser.enter("#lastName", "nobody").await;
        browser.shows("main [role=status]", "Matches: 0").await;
        assert_eq!(state(browser).await, json!(["false", null]));
        browser.enter("#lastName", "col").await;
        browser.shows("main [role=status]", "Matches: 1").await;
        browser.shows(OPTIONS, "Jean Coleman").await;
        browser.shows(OPTIONS, "Max, Samantha").await;
        browser.click(OPTIONS).await;
        browser.shows("h1", "Jean Coleman").await;

        // the list stays while the focus moves on to the button
        browser.open("/owners/find").await;
        browser.enter("#lastName", "d").await;
        browser.element(OPTIONS).await;
        browser.click("main form button").await;
        browser.shows("h1", "Owners").await;
    });
}

#[test]
fn problem_of_an_unknown_name_goes_when_typing() {
    browse(async |browser| {
        browser.open("/owners?lastName=nobody").await;
        browser.element("#lastName-problem").await;
        browser.enter("#lastName", "d").await;
        browser.shows("main [role=status]", "Matches: 2").await;
        assert_eq!(browser.count("#lastName-problem, [aria-invalid], .refused").await, 0);
    });
}

#[test]
fn only_the_newest_answer_is_shown() {
    browse(async |browser| {
        browser.open("/owners/find").await;
        browser.until("document.activeElement.getAttribute('role') === 'combobox'").await;
        // the first answer comes after the second, if at all
        browser
            .js("const ask = window.fetch;
                window.asked = [];
                window.fetch = async (url, options) => {
                    window.asked.push([new URL(url).searchParams.get('lastName'), options.signal]);
                    if (window.asked.length > 1) return ask(url, options);
                    await new Promise((resolve) => { window.answer = resolve; });
                    return ask(url, { ...options, signal: undefined });
                };")
            .await;
        browser.keys("f").await;
        browser.until("window.answer").await;
        browser.keys("r").await;
        browser.shows("main [role=status]", "Matches: 1").await;
        let asked = "return [window.asked.map(([name]) => name), window.asked.map(([, signal]) => signal.aborted)];";
        assert_eq!(browser.js(asked).await, json!([["f", "fr"], [true, false]]));
    });
}

#[test]
fn counted_in_the_digits_of_the_language() {
    browse_as(&Person { language: "fa", ..Person::default() }, async |browser| {
        browser.open("/owners/find").await;
        browser.enter("#lastName", "d").await;
        browser.shows("main [role=status]", "۲").await;
    });
}
