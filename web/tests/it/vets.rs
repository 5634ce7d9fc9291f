//! Veterinarians.

use crate::support::shared;

#[test]
fn vets_page_matches_snapshot() {
    insta::assert_snapshot!("vets-list", shared().get("/vets.html").snapshot());
}

on_both! {
    fn list_has_five_per_page(clinic) {
        clinic.get("/vets.html").shows("James Carter").lacks("Sharon Jenkins").shows("Page 1 of 2").shows("6 veterinarians");
        clinic.get("/vets.html?page=2").shows("Sharon Jenkins").lacks("James Carter");
        for page in ["0", "3", "-1", "x", "99999999999"] {
            assert_eq!(clinic.get(&format!("/vets.html?page={page}")).status, 404, "{page}");
        }
    }

    fn vets_json_matches_spring(clinic) {
        let page = clinic.get("/vets");
        assert_eq!(page.header("content-type"), "application/json");
        let vets: serde_json::Value = serde_json::from_str(&page.text).unwrap();
        let list = vets["vetList"].as_array().unwrap();
        assert_eq!(list.len(), 6);
        let douglas = serde_json::json!({
            "id": 3, "firstName": "Linda", "lastName": "Douglas", "nrOfSpecialties": 2,
            "specialties": [{ "id": 3, "name": "dentistry" }, { "id": 2, "name": "surgery" }],
        });
        assert_eq!(list[2], douglas);
        assert_eq!(list[0]["specialties"], serde_json::json!([]));
    }
}
