//! Visits: the form that books one.

use crate::support::shared;

#[test]
fn visit_form_shows_the_pet() {
    let page = shared().get("/owners/6/pets/7/visits/new");
    assert_eq!(page.status, 200);
    assert_eq!(page.value("date"), crate::support::today().to_string());
    insta::assert_snapshot!("visits-new", page.snapshot());
}

on_both! {
    fn a_visit_is_kept(clinic) {
        let path = "/owners/6/pets/8/visits/new";
        clinic.save(path, &[("date", "2024-05-06"), ("description", "vaccination <i>")]).shows("Visit booked").shows("May 6, 2024").lacks("<i>");
        clinic.get(path).shows("Previous visits").shows("vaccination &lt;i&gt;");
        // a visit may be booked ahead
        let ahead = (crate::support::today() + chrono::Months::new(12)).to_string();
        clinic.save(path, &[("date", &ahead), ("description", "checkup")]).shows("checkup");
        let visits = &clinic.json("/owners/6")["owner"]["pets"][0]["visits"];
        assert_eq!((&visits[0]["date"], &visits[1]["date"]), (&ahead.into(), &"2024-05-06".into()));
    }

    fn problem_is_shown_at_its_field(clinic) {
        let page = clinic.post("/owners/6/pets/8/visits/new", &[("date", ""), ("description", "  ")]);
        assert_eq!(page.status, 200);
        page.refuses("date", "is required").refuses("description", "is required").shows("Previous visits");
        let page = clinic.post("/owners/6/pets/8/visits/new", &[("date", "31.12.2024"), ("description", "limps")]);
        page.refuses("date", "is not a date");
        assert_eq!((page.value("date"), page.value("description")), ("31.12.2024".to_owned(), "limps".to_owned()));
        clinic.post("/owners/6/pets/8/visits/new", &[("date", "2012-09-03"), ("description", "limps")]).refuses("date", "before the pet was born");
        clinic.post("/owners/6/pets/8/visits/new", &[("date", "2999-12-31"), ("description", "limps")]).refuses("date", "5 years away");
    }

    fn all_visits_are_reached_page_by_page(clinic) {
        for n in 0..130 {
            // a day has more visits than a page
            let date = if n < 70 { "2024-01-01" } else { "2024-01-02" };
            clinic.post("/owners/6/pets/8/visits/new", &[("date", date), ("description", &format!("visit {n}"))]);
        }
        let mut path = "/owners/6/pets/8/visits".to_owned();
        let mut ids = Vec::new();
        loop {
            let page = clinic.json(&path);
            let visits = page["visits"].as_array().unwrap();
            assert!(visits.len() <= 50);
            ids.extend(visits.iter().map(|visit| (visit["date"].as_str().unwrap().to_owned(), visit["id"].as_i64().unwrap())));
            let Some(next) = page["pages"]["next"].as_str() else { break };
            next.clone_into(&mut path);
        }
        assert_eq!(ids.len(), 132);
        assert!(ids.is_sorted_by(|one, next| one > next));
        clinic.get("/owners/6").shows("All visits of Max");
        assert_eq!(clinic.get("/owners/1/pets/8/visits").status, 404);
        assert_eq!(clinic.get("/owners/6/pets/8/visits?before=x").status, 404);
    }
}
