//! The welcome page, and what all pages have in common.

use reqwest::Method;

use crate::support::{Page, shared};

#[test]
fn welcome_page_matches_snapshot() {
    let page = shared().get("/");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    insta::assert_snapshot!("welcome", page.snapshot());
}

#[test]
fn head_returns_headers_only() {
    let get = shared().get("/owners/1");
    let head = Page::of(shared().request(Method::HEAD, "/owners/1").send().unwrap());
    assert_eq!((head.status, &*head.text), (get.status, ""));
    assert_eq!(head.header("content-length"), get.text.len().to_string());
}

#[test]
fn responses_have_security_headers() {
    for path in ["/", "/owners/1", "/vets", "/nowhere", "/oups", "/resources/style.css", "/owners?lastName=Franklin"] {
        let page = shared().get(path);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
    }
}

#[test]
fn personal_pages_are_not_shared_by_caches() {
    let page = shared().get("/owners/1");
    assert_eq!(page.header("cache-control"), "private, no-cache");
    assert_eq!(page.header("vary"), "accept, accept-encoding, accept-language, cookie");
}

#[test]
fn first_page_load_stays_small() {
    let clinic = shared();
    for path in
        ["/", "/owners/find", "/owners", "/owners/1", "/owners/new", "/owners/1/pets/new", "/vets.html", "/nowhere", "/oups"]
    {
        let page = clinic.get(path);
        let parts =
            page.text.split('"').filter(|part| part.starts_with("/resources/")).map(|part| part.split('#').next().unwrap());
        let parts: std::collections::BTreeSet<_> = parts.collect();
        let bytes: usize = page.text.len() + parts.iter().map(|part| clinic.get(part).text.len()).sum::<usize>();
        assert!(bytes <= 60_000, "{path}: {bytes} bytes");
        let scripts = page.text.split("<script").skip(1);
        assert!(scripts.into_iter().all(|script| script.starts_with(" type=\"module\" src=\"/resources/")), "{path}");
    }
}

#[test]
fn forged_flash_cookie_is_ignored() {
    let send =
        |value: &str| Page::of(shared().request(Method::GET, "/").header("cookie", format!("flash={value}")).send().unwrap());
    for forged in ["<script>alert(1)</script>", "Your password has expired", "site-name", "nav-home", "flash-pet-added"] {
        send(forged).lacks("class=\"flash\"").lacks("expired").lacks("<script>");
    }
}
