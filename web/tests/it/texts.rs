//! Every text is kept or refused with a message: never cut, never an error of ours.

use crate::support::{Clinic, Page};

const LETTERS: [&str; 9] = ["x", "가", "ㅎ", "🐕", "é", "ß", "'", "&", "ᄒ\u{1161}\u{11ab}"];

/// Texts of one and of the most characters, of every sort; then those that are too long.
fn kept() -> Vec<String> {
    let most = |letter: &str| letter.repeat(255 / letter.chars().count());
    LETTERS.iter().flat_map(|letter| [(*letter).to_owned(), most(letter)]).collect()
}

fn too_long() -> Vec<String> {
    LETTERS.iter().flat_map(|letter| [letter.repeat(256), letter.repeat(2000)]).collect()
}

const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' OR 1=1 --",
    "{{this}} {{{page}}}",
    "\u{202e}evil\u{2066}",
    "\u{feff}bom",
    "${jndi:ldap://x}",
    "%s%n\\",
];

fn owner(clinic: &Clinic, field: &'static str, text: &str) -> Page {
    let mut fields = vec![("firstName", "A"), ("lastName", "B"), ("address", "C"), ("city", "D"), ("telephone", "0123456789")];
    fields.retain(|(name, _)| *name != field);
    fields.push((field, text));
    clinic.post("/owners/new", &fields)
}

on_both! {
    fn in_an_owners_form(clinic) {
        for field in ["firstName", "lastName", "address", "city"] {
            for text in kept().iter().map(String::as_str).chain(HOSTILE) {
                let saved = owner(clinic, field, text);
                assert_eq!(saved.status, 302, "{field}: {text}");
                let path = saved.location();
                assert_eq!(clinic.json(path)["owner"][field], text);
                assert_eq!(clinic.get(&format!("{path}/edit")).value(field), text);
                clinic.get(path).lacks("<script>").lacks("<img src=x");
            }
            for text in too_long() {
                let page = owner(clinic, field, &text);
                assert_eq!(page.status, 200, "{field}: {text}");
                page.refuses(field, "255 characters at most");
                assert_eq!(page.value(field), text);
            }
            for text in ["a\0b", "a\nb", "\u{7f}", "\u{1b}[31m"] {
                let page = owner(clinic, field, text);
                assert_eq!(page.status, 200, "{text:?}");
                page.refuses(field, "cannot be shown");
            }
        }
    }

    fn in_a_search(clinic) {
        for text in kept().into_iter().chain(too_long()).chain(HOSTILE.map(str::to_owned)).chain(["\0".to_owned()]) {
            let query = serde_urlencoded::to_string([("lastName", &text)]).unwrap();
            let page = clinic.get(&format!("/owners?{query}"));
            // more than the head of a request may be
            let answers: &[u16] = if query.len() > 16_000 { &[414, 431] } else { &[200, 302] };
            assert!(answers.contains(&page.status.as_u16()), "{text}: {}", page.status);
            page.lacks("<script>").lacks("<img src=x");
        }
    }

    fn in_a_pets_and_a_visits_form(clinic) {
        for (n, text) in kept().iter().map(String::as_str).chain(HOSTILE).enumerate() {
            let saved = clinic.post("/owners/3/pets/new", &[("name", text), ("birthDate", "2020-01-01"), ("type", "cat")]);
            assert_eq!(saved.status, 302, "{text}");
            let saved = clinic.post("/owners/6/pets/7/visits/new", &[("date", "2020-01-01"), ("description", text)]);
            assert_eq!(saved.status, 302, "{text}");
            let has_pet = |page: usize| {
                let owner = clinic.json(&format!("/owners/3?page={page}"))["owner"].clone();
                owner["pets"].as_array().unwrap().iter().any(|pet| pet["name"] == text)
            };
            assert!((1..=(n + 3).div_ceil(10)).any(has_pet), "{n}: {text}");
            let visits = clinic.json("/owners/6/pets/7/visits")["visits"].clone();
            assert!(visits.as_array().unwrap().iter().any(|visit| visit["description"] == text), "{text}");
        }
        clinic.get("/owners/3").lacks("<script>").lacks("<img src=x");
        for text in too_long() {
            let page = clinic.post("/owners/3/pets/new", &[("name", &text), ("birthDate", "2020-01-01"), ("type", "cat")]);
            page.refuses("name", "255 characters at most");
            let page = clinic.post("/owners/6/pets/7/visits/new", &[("date", "2020-01-01"), ("description", &text)]);
            page.refuses("description", "255 characters at most");
        }
    }
}
