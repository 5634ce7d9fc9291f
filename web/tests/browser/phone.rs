//! Every page on the smallest phone.

use serde_json::json;

use crate::browser::browse;
use crate::looks::PAGES;

/// In every language, since some have long words.
#[test]
fn nothing_is_wider_than_320_pixels() {
    browse(async |browser| {
        browser.open("/").await;
        browser.window(320, 568).await;
        for language in ["en", "ko", "de", "es", "fa", "pt", "ru", "tr", "ja"] {
            for (name, path) in PAGES {
                let and = if path.contains('?') { '&' } else { '?' };
                browser.open(&format!("{path}{and}lang={language}")).await;
                let wide = "return [document.documentElement.scrollWidth, ...[...document.body.querySelectorAll('*')].filter((element) => {
                    const { left, right, width } = element.getBoundingClientRect();
                    return width > 1 && (left < -1 || right > 321) && !element.closest('.visually-hidden, .skip');
                }).map((element) => element.outerHTML.slice(0, 120))];";
                assert_eq!(browser.js(wide).await, json!([320]), "{name} in {language}");
            }
        }
    });
}

/// WCAG 2.5.8: whatever is tapped is at least 24 by 24 pixels, links within a sentence aside.
#[test]
fn tap_targets_are_large_enough() {
    browse(async |browser| {
        browser.open("/").await;
        browser.window(320, 568).await;
        for (name, path) in PAGES {
            browser.open(path).await;
            let small = "return [...document.querySelectorAll('a, button, input, select')].filter((element) => {
                const { width, height } = element.getBoundingClientRect();
                return element.type !== 'hidden' && !element.matches('.skip') && (width < 24 || height < 24);
            }).map((element) => element.outerHTML.slice(0, 120));";
            assert_eq!(browser.js(small).await, json!([]), "{name}");
        }
    });
}

/// Rows become cards; to a screen reader they are still a table.
#[test]
fn list_is_a_table_for_screen_readers() {
    browse(async |browser| {
        browser.open("/owners?lastName=").await;
        browser.window(320, 568).await;
        let tree = browser.devtools("Accessibility.getFullAXTree", json!({})).await;
        let with_role =
            |role: &str| tree["nodes"].as_array().unwrap().iter().filter(|node| node["role"]["value"] == role).count();
        assert_eq!(["table", "columnheader", "rowheader", "cell"].map(with_role), [1, 5, 5, 20]);
    });
}
