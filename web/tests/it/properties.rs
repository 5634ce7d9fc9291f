//! Properties of any text: it never becomes markup, and saved text is shown as it was typed.

use std::sync::OnceLock;

use proptest::prelude::*;
use reqwest::Method;

use crate::support::{Clinic, Page};

fn clinic() -> &'static Clinic {
    static CLINIC: OnceLock<Clinic> = OnceLock::new();
    CLINIC.get_or_init(Clinic::on_sqlite)
}

/// Texts with what means something to HTML, handlebars, Fluent, SQL and URLs, more often than chance would have it.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[<>\"'&`=/{}%_\\\\#@!$;:?+*.,()\\[\\]-]{1,4}",
        "\\PC{1,8}",
        Just("{{page.query}}".to_owned()),
        Just("{{{this}}}".to_owned()),
        Just("</script>".to_owned()),
        Just("&lt;".to_owned()),
        Just("{ $count }".to_owned()),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// Number of a page's characters that make up elements and attributes.
fn markup(page: &Page) -> [usize; 3] {
    ['<', '>', '"'].map(|mark| page.text.matches(mark).count())
}

fn fields(text: &str) -> Vec<(&'static str, &str)> {
    vec![("firstName", text), ("lastName", text), ("address", text), ("city", text), ("telephone", "1234567890")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn user_text_is_escaped(text in texts()) {
        prop_assume!(!text.trim().is_empty() && text.chars().count() <= 255);
        let saved = clinic().post("/owners/new", &fields(&text));
        prop_assert_eq!(saved.status, 302, "{}", saved.text);
        let plain = clinic().post("/owners/new", &fields("plain"));
        // the message that each save leaves is on the first page that follows
        for (path, like) in [
            (saved.location().to_owned(), plain.location().to_owned()),
            (format!("{}/edit", saved.location()), format!("{}/edit", plain.location())),
            (format!("{}/pets/new", saved.location()), format!("{}/pets/new", plain.location())),
        ] {
            clinic().get("/");
            let (page, like) = (clinic().get(&path), clinic().get(&like));
            prop_assert_eq!(page.status, 200);
            prop_assert_eq!(markup(&page), markup(&like), "{}", page.text);
        }
        let shown = clinic().get(&format!("{}/edit", saved.location()));
        prop_assert_eq!(shown.value("firstName"), text.trim());
        prop_assert_eq!(&clinic().json(saved.location())["owner"]["city"], text.trim());

        // a form that comes back, and a search that finds nothing
        let (page, like) = (clinic().post("/owners/new", &[("firstName", &text)]), clinic().post("/owners/new", &[("firstName", "plain")]));
        prop_assert_eq!(markup(&page), markup(&like), "{}", page.text);
        let find = |name: &str| clinic().get(&format!("/owners?{}", serde_urlencoded::to_string([("lastName", format!("nobody{name}"))]).unwrap()));
        let (page, like) = (find(&text), find("plain"));
        prop_assert_eq!(markup(&page), markup(&like), "{}", page.text);
    }

    #[test]
    fn any_accept_language_gets_a_page(header in "[a-zA-Z0-9*;=,. \\-]{0,60}|((ko|de|fa|zz|\\*)(-[A-Z]{2})?(;q=[01]?\\.?[0-9]{0,3}|;q=-1|;q=NaN)?,? ?){0,6}") {
        let page = Page::of(clinic().request(Method::GET, "/oups").header("accept-language", &header).send().unwrap());
        prop_assert_eq!(page.status, 500);
        let lang = page.text.split("<html lang=\"").nth(1).and_then(|rest| rest.split('"').next());
        prop_assert!(web::views::i18n::Language::all().iter().any(|language| Some(language.tag) == lang), "{header}: {lang:?}");
    }

    #[test]
    fn weights_are_between_none_and_all(header in "\\PC{0,60}|([a-z*]{1,3};q=[-+0-9.eEinfaN]{0,6},?){0,5}") {
        for (value, weight) in web::views::i18n::weighted(&header) {
            prop_assert!((0.0..=1.0).contains(&weight) && !value.is_empty() && !value.contains([',', ';']), "{value:?} {weight}");
        }
    }
}
