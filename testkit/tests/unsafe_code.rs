//! `unsafe_code` is denied in the whole workspace; one small module has an exception, with its reasons.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

const EXCEPTION: &str = "runtime/src/descriptor.rs";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !["target", "run"].contains(&name.as_str()) {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn one_module_has_unsafe_code_and_says_why() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    sources(root, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    let allowed = |path: &Path| {
        ["allow", "expect"].iter().any(|word| fs::read_to_string(path).unwrap().contains(&format!("{word}(unsafe_code)")))
    };
    found.retain(|path| allowed(path));
    assert_eq!(found, [root.join(EXCEPTION)]);
    let text = fs::read_to_string(&found[0]).unwrap();
    let blocks = text.matches("unsafe {").count();
    assert_eq!(blocks, text.matches("// SAFETY: ").count());
    assert!(text.lines().count() < 100, "a small module");

    let manifest = |path: PathBuf| fs::read_to_string(path).unwrap();
    assert!(manifest(root.join("Cargo.toml")).contains("unsafe_code = \"deny\""));
    for member in ["runtime", "logshipper/handoff", "logshipper", "dbinit/schema", "dbinit", "web"] {
        assert!(manifest(root.join(member).join("Cargo.toml")).contains("[lints]\nworkspace = true"), "{member}");
    }
}
