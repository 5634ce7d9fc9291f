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

    fn requests_of_spring_petclinic_rest_are_answered(clinic) {
        let anna = json!({
            "firstName": "Anna Luísa", "lastName": "Medeiros", "address": "123 Brasilia Street", "city": "Brasília", "telephone": "1234567890"
        });
        let without = |field: &str| {
            let mut owner = anna.clone();
            owner.as_object_mut().unwrap().remove(field);
            owner
        };
        let pet = |name: Option<&str>, kind: Value| json!({ "name": name, "birthDate": "2020-01-15", "type": kind });
        let visit = |date: &str| json!({ "date": date, "description": "Regular checkup" });
        let none = Value::Null;
        // the last column is its status where ours is another: docs/api.md says why
        for (method, path, body, status, _theirs) in [
            ("GET", "/api/owners/1", &none, 200, None),
            ("GET", "/api/owners/999", &none, 404, None),
            ("GET", "/api/owners?lastName=Davis", &none, 200, None),
            ("GET", "/api/owners?lastName=0", &none, 200, Some(404)),
            ("GET", "/api/owners", &none, 200, None),
            ("POST", "/api/owners", &anna, 201, None),
            ("POST", "/api/owners", &without("firstName"), 422, Some(400)),
            ("PUT", "/api/owners/11", &anna, 200, Some(204)),
            ("PUT", "/api/owners/11", &without("firstName"), 422, Some(400)),
            ("POST", "/api/owners/11/pets", &pet(Some("Drax"), json!("cat")), 201, None),
            ("POST", "/api/owners/11/pets", &pet(None, json!("cat")), 422, Some(400)),
            ("POST", "/api/owners/11/pets", &pet(Some("Thor"), json!(null)), 422, Some(400)),
            ("POST", "/api/owners/11/pets", &pet(Some("Thor"), json!("")), 422, Some(400)),
            ("POST", "/api/owners/11/pets", &pet(Some("Thor"), json!({ "id": 1, "name": "cat" })), 422, Some(201)),
            ("POST", "/api/owners/1000000/pets", &pet(Some("Ghost"), json!("cat")), 404, None),
            ("GET", "/api/owners/11/pets/14", &none, 200, None),
            ("GET", "/api/owners/1/pets/14", &none, 404, None),
            ("GET", "/api/owners/11/pets/999", &none, 404, None),
            ("PUT", "/api/owners/11/pets/14", &pet(Some("Draxis"), json!("cat")), 200, Some(204)),
            ("PUT", "/api/owners/999/pets/14", &pet(Some("Thor"), json!("cat")), 404, None),
            ("PUT", "/api/owners/11/pets/999", &pet(Some("Ghost"), json!("cat")), 404, None),
            ("POST", "/api/owners/11/pets/14/visits", &visit("2025-04-12"), 201, None),
            ("POST", "/api/owners/11/pets/14/visits", &visit("2019-04-12"), 422, Some(201)),
            ("GET", "/api/vets", &none, 200, None),
            ("GET", "/api/vets/1", &none, 200, None),
            ("GET", "/api/vets/999", &none, 404, None),
            ("POST", "/api/vets", &anna, 405, Some(201)),
            ("GET", "/api/pet-types", &none, 200, None),
            ("GET", "/api/pet-types/1", &none, 200, None),
            ("GET", "/api/pet-types/999", &none, 404, None),
            ("PUT", "/api/pet-types/1", &none, 405, Some(204)),
            ("GET", "/api/specialties", &none, 200, None),
            ("GET", "/api/specialties/1", &none, 200, None),
            ("GET", "/api/specialties/999", &none, 404, None),
            ("DELETE", "/api/specialties/1", &none, 405, Some(204)),
            ("GET", "/api/pets", &none, 404, Some(200)),
            ("GET", "/api/visits", &none, 404, Some(200)),
            ("POST", "/api/users", &none, 404, Some(201)),
            ("DELETE", "/api/owners/11", &none, 409, Some(204)),
            ("DELETE", "/api/owners/11/pets/14/visits/5", &none, 204, None),
            ("DELETE", "/api/owners/11/pets/14", &none, 204, None),
            ("DELETE", "/api/owners/11", &none, 204, None),
            ("DELETE", "/api/owners/999", &none, 404, None),
        ] {
            let mut request = clinic.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
            if method == "PUT" {
                request = request.header("if-match", "*");
            }
            if !body.is_null() {
                request = request.json(body);
            }
            assert_eq!(request.send().unwrap().status(), status, "{method} {path} {body}");
        }
    }
}
