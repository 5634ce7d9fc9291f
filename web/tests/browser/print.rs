//! An owner's page on paper.

use serde_json::json;

use crate::browser::browse;

#[test]
fn paper_has_the_owner_and_nothing_to_click() {
    browse(async |browser| {
        browser.open("/owners/6").await;
        browser.print("owner").await;
        browser.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
        let shown = "const shown = (css) => [...document.querySelectorAll(css)].some((element) => element.checkVisibility());
            return ['.site-header', '.site-footer', '.actions', '.title-row .button'].map(shown)
                .concat(['h1', '.facts', '.pet h3', '.visits tbody'].map(shown));";
        assert_eq!(browser.js(shown).await, json!([false, false, false, false, true, true, true, true]));
        browser.window(794, 1123).await;
        browser.screenshot("owner-print").await;
    });
}
