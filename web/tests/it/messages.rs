//! The catalogue: nothing missing, nothing unused, in any language; no text in a template that is not a message.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The messages of a language, each with the variables that it uses.
fn messages(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("locales").join(tag).join("petclinic.ftl")).unwrap();
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            line.split(' ').next().unwrap().clone_into(&mut current);
            assert!(messages.insert(current.clone(), BTreeSet::new()).is_none(), "{tag}: {current} is there twice");
        }
        for variable in line.split('$').skip(1) {
            let name = variable.chars().take_while(char::is_ascii_alphanumeric).collect();
            messages.get_mut(&current).unwrap().insert(name);
        }
    }
    messages
}

fn languages() -> Vec<String> {
    fs::read_dir(root().join("locales")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn templates() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("templates"), &mut found);
    found
}

#[test]
fn languages_have_all_messages_of_english() {
    let english = messages("en");
    let languages = languages();
    assert_eq!(languages.len(), 9, "{languages:?}");
    for tag in languages {
        let these = messages(&tag);
        let ids = |of: &BTreeMap<String, BTreeSet<String>>| of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&these), ids(&english), "{tag}");
        for (id, variables) in these {
            assert_eq!(variables, english[&id], "{tag}: {id}");
        }
    }
}

#[test]
fn messages_are_all_used() {
    let mut used = BTreeSet::new();
    let mut families = BTreeSet::new();
    for (_, text) in templates() {
        for call in ["{{t \"", "(t \""] {
            for rest in text.split(call).skip(1) {
                let (id, after) = rest.split_once('"').unwrap();
                if id.ends_with('-') {
                    families.insert(id.to_owned())
                } else {
                    used.insert(id.to_owned())
                };
                assert!(!id.ends_with('-') || after.starts_with(' '), "{id}");
            }
        }
        for field in text.split("{{> field ").skip(1) {
            let name = field.split_once("name=\"").unwrap().1.split('"').next().unwrap();
            used.insert(format!("field-{name}"));
        }
    }
    assert_eq!(families.into_iter().collect::<Vec<_>>(), ["field-", "problem-"]);
    let quoted = |file: &str| {
        let text = fs::read_to_string(root().join("src/views").join(file)).unwrap();
        text.split("=> \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    used.extend(quoted("form.rs").into_iter().map(|code| format!("problem-{code}")));
    used.extend(quoted("flash.rs"));
    let errors = ["page-too-far", "key-reused", "key-in-flight"].map(str::to_owned).into_iter();
    let statuses = [400, 401, 403, 404, 405, 408, 409, 412, 413, 414, 415, 422, 428, 431, 500, 503, 504];
    for error in errors.chain(statuses.map(|status| status.to_string())) {
        used.extend([format!("error-{error}-title"), format!("error-{error}-text")]);
    }
    let there: BTreeSet<String> = messages("en").into_keys().collect();
    assert_eq!(used.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "missing");
    assert_eq!(there.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "unused");
}

#[test]
fn templates_have_no_text_of_their_own() {
    for (path, text) in templates() {
        let without_calls = remove(&text, "{{", "}}");
        for attribute in ["alt", "title", "placeholder", "aria-label", "content"] {
            for value in without_calls.split(&format!(" {attribute}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let technical = attribute == "content";
                assert!(technical || value.trim().is_empty(), "{}: {attribute}=\"{value}\"", path.display());
            }
        }
        let text = remove(&without_calls, "<", ">");
        assert!(!text.chars().any(char::is_alphabetic), "{}: {}", path.display(), text.trim());
    }
}

/// The text without what stands between two marks.
fn remove(text: &str, open: &str, close: &str) -> String {
    let mut parts = text.split(open);
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once(close).map_or("", |(_, rest)| rest))
}
