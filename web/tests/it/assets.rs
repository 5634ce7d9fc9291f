//! Style sheet and pictures.

use reqwest::Method;

use crate::support::{Page, shared};

#[test]
fn fingerprinted_asset_is_cached_as_immutable() {
    let clinic = shared();
    let home = clinic.get("/");
    let path = home.text.split('"').find(|part| part.starts_with("/resources/style.")).unwrap().to_owned();
    let style = clinic.get(&path);
    assert_eq!(style.status, 200);
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(style.text.contains("prefers-color-scheme: dark"));

    let known = |tag: &str| Page::of(clinic.request(Method::GET, &path).header("if-none-match", tag).send().unwrap());
    let tag = style.header("etag");
    for matching in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = known(&matching);
        assert_eq!((again.status.as_u16(), &*again.text), (304, ""), "{matching}");
        assert_eq!(again.header("etag"), tag);
    }
    assert_eq!(known("\"other\"").status, 200);
}

#[test]
fn unfingerprinted_asset_is_revalidated() {
    let page = shared().get("/resources/icons.svg");
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "image/svg+xml; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "public, no-cache");
    assert_eq!(shared().get("/favicon.ico").header("content-type"), "image/svg+xml; charset=utf-8");
}

#[test]
fn nothing_else_is_there() {
    for path in [
        "/resources/",
        "/resources/style",
        "/resources/style.0000000000000000.css",
        "/resources/..%2fCargo.toml",
        "/resources/../Cargo.toml",
        "/resources/style.css/x",
    ] {
        assert_eq!(shared().get(path).status, 404, "{path}");
    }
}

#[test]
fn icons_that_templates_use_exist() {
    let icons = shared().get("/resources/icons.svg").text;
    for path in ["/", "/owners", "/owners/1", "/owners/find", "/vets.html", "/owners?lastName=nobody"] {
        for used in shared().get(path).text.split('#').skip(1).filter_map(|rest| rest.split_once("\"/></svg>")) {
            if !used.0.contains('"') {
                assert!(icons.contains(&format!("id=\"{}\"", used.0)), "{path}: {}", used.0);
            }
        }
    }
}
