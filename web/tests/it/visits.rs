//! Visits: the form that books one.

use crate::support::shared;

#[test]
fn the_form_shows_what_is_known_of_the_pet() {
    let page = shared().get("/owners/6/pets/7/visits/new");
    assert_eq!(page.status, 200);
    assert_eq!(page.value("date"), web::views::form::today().to_string());
    insta::assert_snapshot!("visits-new", page.snapshot());
}

on_both! {
    fn a_visit_is_kept(clinic) {
        let path = "/owners/6/pets/8/visits/new";
        clinic.save(path, &[("date", "2024-05-06"), ("description", "vaccination <i>")]).shows("Visit booked").shows("May 6, 2024").lacks("<i>");
        clinic.get(path).shows("Previous visits").shows("vaccination &lt;i&gt;");
        // a visit may be booked ahead
        clinic.save(path, &[("date", "2999-12-31"), ("description", "checkup")]).shows("December 31, 2999");
        let visits = &clinic.json("/owners/6")["owner"]["pets"][0]["visits"];
        assert_eq!((&visits[0]["date"], &visits[1]["date"]), (&"2999-12-31".into(), &"2024-05-06".into()));
    }

    fn what_is_wrong_is_said_beside_the_field(clinic) {
        let page = clinic.post("/owners/6/pets/8/visits/new", &[("date", ""), ("description", "  ")]);
        assert_eq!(page.status, 200);
        page.refuses("date", "is required").refuses("description", "is required").shows("Previous visits");
        let page = clinic.post("/owners/6/pets/8/visits/new", &[("date", "31.12.2024"), ("description", "limps")]);
        page.refuses("date", "is not a date");
        assert_eq!((page.value("date"), page.value("description")), ("31.12.2024".to_owned(), "limps".to_owned()));
    }
}
