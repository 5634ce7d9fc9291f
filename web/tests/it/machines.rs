//! The JSON for programs, and its description.

use std::collections::BTreeSet;

use boon::{Compiler, Schemas};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Clinic, Page, shared};

/// URL of the description, for references into it.
const HERE: &str = "http://petclinic/openapi.json";
/// Routes that are no API: for browsers without data, and for operators.
const NOT_DESCRIBED: [&str; 11] = [
    "/",
    "/api",
    "/oups",
    "/healthcheck",
    "/readyz",
    "/manage/health",
    "/livez",
    "/20process",
    "/40process",
    "/resources/{file}",
    "/favicon.ico",
];

/// The description that the server gives.
pub(crate) struct Described(Value);

impl Described {
    pub(crate) fn new() -> Self {
        let document = shared().get("/openapi.json");
        assert_eq!(document.header("content-type"), "application/json");
        Self(serde_json::from_str(&document.text).unwrap())
    }

    /// The paths with their methods.
    pub(crate) fn operations(&self) -> BTreeSet<(String, String)> {
        let paths = self.0["paths"].as_object().unwrap();
        let operations =
            paths.iter().flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |m| (path.clone(), m.clone())));
        operations.filter(|(_, method)| method != "parameters").collect()
    }

    /// Fails where an answer isn't as it is described.
    #[track_caller]
    pub(crate) fn fits(&self, method: &str, path: &str, answer: &Page) {
        let responses = format!("/paths/{}/{method}/responses", path.replace('/', "~1"));
        let status = answer.status.as_u16().to_string();
        let status = if self.0.pointer(&format!("{responses}/{status}")).is_some() { status } else { "default".to_owned() };
        let mut response = format!("{responses}/{status}");
        if let Some(named) = self.0.pointer(&format!("{response}/$ref")) {
            named.as_str().unwrap().trim_start_matches('#').clone_into(&mut response);
        }
        let described = self.0.pointer(&response).unwrap_or_else(|| panic!("{method} {path} {status} is not described"));
        let Some(content) = described.get("content") else {
            assert_eq!(answer.text, "", "{method} {path}");
            return;
        };
        let kind = answer.header("content-type");
        assert!(content.get(kind).is_some(), "{method} {path} answers {kind}");
        let schema = format!("{HERE}#{response}/content/{}/schema", kind.replace('/', "~1"));
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource(HERE, self.0.clone()).unwrap();
        let schema = compiler.compile(&schema, &mut schemas).unwrap_or_else(|error| panic!("{schema}: {error:#}"));
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        if let Err(error) = schemas.validate(&body, schema) {
            panic!("{method} {path}: {error:#}\n{body:#}");
        }
    }
}

/// The lines of the route table, as `(path, method)`.
fn routes() -> BTreeSet<(String, String)> {
    let source = include_str!("../../src/lib.rs");
    let table = source.split_once("routes! {").unwrap().1.split_once("\n    };").unwrap().0;
    let mut routes = BTreeSet::new();
    for line in table.lines().filter(|line| line.contains("=>")) {
        let (path, methods) = line.trim().split_once(" => ").unwrap();
        let parts = path.trim_matches(['(', ')']).split(" / ").filter(|part| !part.is_empty());
        let part = |part: &str| format!("/{}", part.replace(": String", "").replace('"', ""));
        let path = parts.map(part).collect::<String>();
        let path = if path.is_empty() { "/".to_owned() } else { path };
        for method in methods.trim_matches(['{', '}', ' ']).split(", ") {
            routes.insert((path.clone(), method.split_once(": ").unwrap().0.to_lowercase()));
        }
    }
    routes
}

/// Returns true if a path is one of the API's resources, which `api` tests.
fn is_api(path: &str) -> bool {
    path.starts_with("/api/") && path != "/api/info"
}

#[test]
fn routes_are_described_in_openapi() {
    let routes: BTreeSet<_> = routes().into_iter().filter(|(path, _)| !NOT_DESCRIBED.contains(&path.as_str())).collect();
    assert!(routes.len() > 12, "{routes:?}");
    let described = Described::new();
    assert_eq!(described.operations(), routes);
    assert_eq!(described.0["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn responses_to_get_match_the_openapi_schema() {
    let described = Described::new();
    let mut seen = BTreeSet::new();
    for (path, asked) in [
        ("/owners", "/owners?lastName="),
        ("/owners", "/owners?lastName=&page=2"),
        ("/owners", "/owners?lastName=Davis"),
        ("/owners", "/owners?lastName=nobody"),
        ("/owners", "/owners?lastName=Franklin"),
        ("/owners", "/owners?page=99"),
        ("/owners/find", "/owners/find"),
        ("/owners/new", "/owners/new"),
        ("/owners/{owner}", "/owners/6"),
        ("/owners/{owner}", "/owners/1"),
        ("/owners/{owner}", "/owners/99"),
        ("/owners/{owner}/edit", "/owners/6/edit"),
        ("/owners/{owner}/pets/new", "/owners/6/pets/new"),
        ("/owners/{owner}/pets/{pet}/edit", "/owners/6/pets/7/edit"),
        ("/owners/{owner}/pets/{pet}/visits/new", "/owners/6/pets/7/visits/new"),
        ("/owners/{owner}/pets/{pet}/visits", "/owners/6/pets/7/visits"),
        ("/owners", "/owners?after=4,davis%20harold"),
        ("/owners", "/owners?page=201"),
        ("/vets.html", "/vets.html"),
        ("/vets.html", "/vets.html?page=2"),
        ("/vets.html", "/vets.html?page=3"),
        ("/vets", "/vets"),
        ("/vets/{vet}", "/vets/3"),
        ("/vets/{vet}", "/vets/99"),
        ("/search", "/search?q=davis"),
        ("/search", "/search?q=nobody"),
        ("/search", "/search?q=leo&live="),
        ("/search", "/search?q=6085551023"),
        ("/owners/{owner}/pets/{pet}/visits/{visit}/edit", "/owners/6/pets/7/visits/1/edit"),
        ("/api/info", "/api/info"),
        ("/openapi.json", "/openapi.json"),
    ] {
        let answer = shared().request(Method::GET, asked).header("accept", "application/json").send().unwrap();
        described.fits("get", path, &Page::of(answer));
        seen.insert(path.to_owned());
    }
    let described: BTreeSet<_> =
        described.operations().into_iter().filter(|(path, m)| m == "get" && !is_api(path)).map(|(path, _)| path).collect();
    assert_eq!(seen, described, "each is asked for here");
}

#[test]
fn responses_to_post_match_the_openapi_schema() {
    let (clinic, described) = (Clinic::on_sqlite(), Described::new());
    let owner = [("firstName", "A"), ("lastName", "B"), ("address", "C"), ("city", "D"), ("telephone", "0123456789")];
    let pet = [("name", "Rex"), ("birthDate", "2020-01-01"), ("type", "dog")];
    let visit = [("date", "2020-01-01"), ("description", "limps")];
    let mut seen = BTreeSet::new();
    for (path, asked, fields) in [
        ("/owners/new", "/owners/new", &owner[..]),
        ("/owners/{owner}/edit", "/owners/1/edit", &owner),
        ("/owners/{owner}/pets/new", "/owners/6/pets/new", &pet),
        (
            "/owners/{owner}/pets/{pet}/edit",
            "/owners/6/pets/7/edit",
            &[("name", "Tom"), ("birthDate", "2010-01-01"), ("type", "cat")],
        ),
        ("/owners/{owner}/pets/{pet}/visits/new", "/owners/6/pets/7/visits/new", &visit),
        ("/owners/{owner}/pets/{pet}/visits/{visit}/edit", "/owners/6/pets/7/visits/1/edit", &visit),
    ] {
        let post = |asked: &str, fields: &[(&str, &str)]| {
            Page::of(clinic.request(Method::POST, asked).header("accept", "application/json").form(fields).send().unwrap())
        };
        let refused = post(asked, &[("name", &"x".repeat(300)), ("telephone", "1")]);
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (422, "application/problem+json"), "{path}");
        described.fits("post", path, &refused);
        let saved = post(asked, fields);
        assert_eq!(saved.status, 302, "{path}: {}", saved.text);
        described.fits("post", path, &saved);
        if path.ends_with("/edit") {
            let outdated = post(asked, &[fields, &[("version", "0000000000000000")]].concat());
            assert_eq!(outdated.status, 409, "{path}");
            described.fits("post", path, &outdated);
        }
        seen.insert(path.to_owned());
    }
    let path = "/owners/{owner}/pets/{pet}/visits/{visit}/status";
    for fields in [&[("from", "booked"), ("status", "arrived")][..], &[]] {
        let request = clinic.request(Method::POST, "/owners/6/pets/7/visits/1/status").header("accept", "application/json");
        described.fits("post", path, &Page::of(request.form(fields).send().unwrap()));
    }
    seen.insert(path.to_owned());
    let described: BTreeSet<_> =
        described.operations().into_iter().filter(|(path, m)| m == "post" && !is_api(path)).map(|(path, _)| path).collect();
    assert_eq!(seen, described, "each is sent here");
}

#[test]
fn api_info_has_version_and_commit() {
    let info = shared().get("/api/info");
    assert_eq!(info.header("content-type"), "application/json");
    let info: Value = serde_json::from_str(&info.text).unwrap();
    assert_eq!(info, json!({ "name": "petclinic", "version": env!("CARGO_PKG_VERSION"), "commit": "unknown" }));
}
