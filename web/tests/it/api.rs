//! The JSON API: every operation answers as openapi.json describes it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::machines::Described;
use crate::support::{Clinic, Page};

/// Sends a request, and checks the answer against the description of its route.
fn call(clinic: &Clinic, method: &str, route: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> (Page, Value) {
    let mut request = clinic.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let page = Page::of(request.send().unwrap());
    Described::new().fits(method, route, &page);
    let data = serde_json::from_str(&page.text).unwrap_or(Value::Null);
    (page, data)
}

const OWNERS: &str = "/api/owners";
const OWNER: &str = "/api/owners/{owner}";
const PETS: &str = "/api/owners/{owner}/pets";
const PET: &str = "/api/owners/{owner}/pets/{pet}";
const VISITS: &str = "/api/owners/{owner}/pets/{pet}/visits";
const VISIT: &str = "/api/owners/{owner}/pets/{pet}/visits/{visit}";

/// Creates, reads, changes and deletes a resource; gives its path before the end.
fn life(
    clinic: &Clinic,
    routes: (&str, &str),
    list: &str,
    first: &Value,
    second: &Value,
    wrong: (&Value, &str),
    before_the_end: impl Fn(&str),
) {
    let (many, one) = routes;
    let (refused, problem) = call(clinic, "post", many, list, &[], Some(wrong.0));
    assert_eq!((refused.status.as_u16(), problem["errors"][0]["field"].as_str()), (422, Some(wrong.1)), "{problem}");

    let key = [("idempotency-key", "one-of-mine")];
    let (created, data) = call(clinic, "post", many, list, &key, Some(first));
    assert_eq!(created.status, 201, "{}", created.text);
    let (path, as_created) = (created.location().to_owned(), data.clone());
    let (again, _) = call(clinic, "post", many, list, &key, Some(first));
    assert_eq!((again.status.as_u16(), again.location()), (201, &*path), "the same key creates one");

    let (other, problem) = call(clinic, "post", many, list, &key, Some(second));
    assert_eq!((other.status.as_u16(), problem["title"].as_str()), (422, Some("This key was used before")), "{problem}");
    let long = "k".repeat(256);
    for wrong in ["", &*long] {
        assert_eq!(call(clinic, "post", many, list, &[("idempotency-key", wrong)], Some(first)).0.status, 400, "{wrong:?}");
    }

    let (shown, _) = call(clinic, "get", one, &path, &[], None);
    assert_eq!((shown.status.as_u16(), shown.header("etag")), (200, created.header("etag")));
    for (name, value) in first.as_object().unwrap() {
        assert_eq!(data[name], *value);
    }

    let tag = [("if-match", created.header("etag"))];
    assert_eq!(call(clinic, "put", one, &path, &[], Some(second)).0.status, 428);
    assert_eq!(call(clinic, "put", one, &path, &[("if-match", "\"another\"")], Some(second)).0.status, 412);
    assert_eq!(call(clinic, "put", one, &path, &tag, Some(wrong.0)).0.status, 422);
    let (changed, data) = call(clinic, "put", one, &path, &tag, Some(second));
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(data["id"].to_string(), path.rsplit('/').next().unwrap());
    assert_ne!(changed.header("etag"), created.header("etag"));
    assert_eq!(call(clinic, "put", one, &path, &tag, Some(first)).0.status, 412, "an older version");

    let (again, replayed) = call(clinic, "post", many, list, &key, Some(first));
    assert_eq!((again.status.as_u16(), again.location(), again.header("etag")), (201, &*path, created.header("etag")));
    assert_eq!(replayed, as_created, "the first answer, although it has changed since");

    before_the_end(&path);
    assert_eq!(call(clinic, "delete", one, &path, &[], None).0.status, 204);
    assert_eq!(call(clinic, "delete", one, &path, &[], None).0.status, 404);
    assert_eq!(call(clinic, "get", one, &path, &[], None).0.status, 404);
}

on_both! {
    fn owner_is_created_changed_and_deleted(clinic) {
        let first = json!({ "firstName": "Ida", "lastName": "Müller", "address": "A", "city": "B", "telephone": "0301234567" });
        let second = json!({ "firstName": "Ida", "lastName": "Meier", "address": "A", "city": "B", "telephone": "+49301234567" });
        let wrong = json!({ "firstName": "Ida", "lastName": "\u{200b}", "address": "A", "city": "B", "telephone": "0301234567" });
        life(clinic, (OWNERS, OWNER), OWNERS, &first, &second, (&wrong, "lastName"), |path| {
            let pet = json!({ "name": "Rex", "birthDate": "2020-01-01", "type": "dog" });
            let (created, _) = call(clinic, "post", PETS, &format!("{path}/pets"), &[], Some(&pet));
            assert_eq!(call(clinic, "delete", OWNER, path, &[], None).0.status, 409, "an owner with a pet");
            call(clinic, "delete", PET, created.location(), &[], None);
        });
    }

    fn pet_is_created_changed_and_deleted(clinic) {
        let first = json!({ "name": "Rex", "birthDate": "2020-01-01", "type": "dog" });
        let second = json!({ "name": "Tom", "birthDate": "2020-01-02", "type": "cat" });
        let wrong = json!({ "name": "LEO", "birthDate": "2020-01-02", "type": "cat" });
        life(clinic, (PETS, PET), "/api/owners/1/pets", &first, &second, (&wrong, "name"), |path| {
            let visit = json!({ "date": "2024-05-06", "description": "limps" });
            let (created, _) = call(clinic, "post", VISITS, &format!("{path}/visits"), &[], Some(&visit));
            assert_eq!(call(clinic, "delete", PET, path, &[], None).0.status, 409, "a pet with a visit");
            call(clinic, "delete", VISIT, created.location(), &[], None);
        });
    }

    fn visit_is_created_changed_and_deleted(clinic) {
        let first = json!({ "date": "2024-05-06", "description": "limps" });
        let second = json!({ "date": "2024-05-07", "description": "limps less" });
        let wrong = json!({ "date": "1999-01-01", "description": "before birth" });
        life(clinic, (VISITS, VISIT), "/api/owners/6/pets/8/visits", &first, &second, (&wrong, "date"), |_| ());
        let pet = json!({ "name": "Max", "birthDate": "2020-01-01", "type": "cat" });
        let (refused, problem) = call(clinic, "put", PET, "/api/owners/6/pets/8", &[("if-match", "*")], Some(&pet));
        assert_eq!((refused.status.as_u16(), problem["errors"][0]["code"].as_str()), (422, Some("after-visit")), "{problem}");
    }

    fn lists_are_read_page_by_page(clinic) {
        for (route, path, total) in [
            (OWNERS, "/api/owners?size=3", 10),
            (OWNERS, "/api/owners?lastName=Davis&size=1", 2),
            (PETS, "/api/owners/6/pets?size=1", 2),
            (VISITS, "/api/owners/6/pets/8/visits?size=1", 2),
            ("/api/vets", "/api/vets?size=4", 6),
            ("/api/pet-types", "/api/pet-types?size=4", 6),
            ("/api/specialties", "/api/specialties?size=2", 3),
        ] {
            let mut ids = Vec::new();
            let mut next = Some(path.to_owned());
            while let Some(path) = next {
                let (_, page) = call(clinic, "get", route, &path, &[], None);
                ids.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()));
                next = page["next"].as_str().map(str::to_owned);
            }
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), total, "{path}");
        }
    }

    fn errors_are_problem_details(clinic) {
        for (method, route, path, status) in [
            ("get", OWNER, "/api/owners/99", 404),
            ("get", PETS, "/api/owners/99/pets", 404),
            ("get", PET, "/api/owners/1/pets/7", 404),
            ("get", VISIT, "/api/owners/1/pets/1/visits/1", 404),
            ("get", OWNERS, "/api/owners?size=101", 400),
            ("get", "/api/vets/{vet}", "/api/vets/99", 404),
            ("get", "/api/vets/{vet}", "/api/vets/1", 200),
            ("get", "/api/pet-types/{pet_type}", "/api/pet-types/1", 200),
            ("get", "/api/specialties/{specialty}", "/api/specialties/1", 200),
            ("post", OWNERS, "/api/owners", 415),
        ] {
            assert_eq!(call(clinic, method, route, path, &[], None).0.status, status, "{method} {path}");
        }
        let broken = clinic.request(Method::POST, "/api/owners").header("content-type", "application/json").body("{");
        assert_eq!(broken.send().unwrap().status(), 400);
        let foreign = clinic.request(Method::POST, "/api/owners").header("origin", "https://evil.example").json(&json!({}));
        assert_eq!(foreign.send().unwrap().status(), 403);
    }
}
