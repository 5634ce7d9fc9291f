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
    fn visit_is_saved(clinic) {
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

    fn time_vet_and_note_are_kept_and_corrected(clinic) {
        let path = "/owners/6/pets/8/visits/new";
        let visit = [("date", "2024-05-06"), ("description", "limps"), ("time", "14:30"), ("vetId", "2"), ("note", "left hind leg\r\nsince Monday")];
        clinic.save(path, &visit).shows("2:30\u{202f}PM").shows("Helen Leary").shows("left hind leg\nsince Monday");
        let booked = clinic.json("/owners/6")["owner"]["pets"][0]["visits"][0].clone();
        assert_eq!((&booked["time"], &booked["vetId"], &booked["status"]), (&"14:30".into(), &2.into(), &"booked".into()));
        let path = format!("/owners/6/pets/8/visits/{}", booked["id"]);
        let form = clinic.get(&format!("{path}/edit"));
        form.shows("<option value=\"2\" selected>Helen Leary").shows("since Monday</textarea>");
        let version = form.hidden("version");
        let later = [("date", "2024-05-07"), ("description", "limps less"), ("time", ""), ("vetId", ""), ("note", ""), ("version", &version), ("confirmed", "2024-05-07")];
        clinic.save(&format!("{path}/edit"), &later).shows("Visit updated").shows("limps less").lacks("Helen Leary");
        let outdated = clinic.post(&format!("{path}/edit"), &later);
        outdated.shows("Somebody else has saved this in the meantime");
        for (field, value, problem) in [("time", "25:00", "is not a time"), ("vetId", "99", "has not been found"), ("note", "a\u{7}", "cannot be shown")] {
            clinic.post(&format!("{path}/edit"), &[("date", "2024-05-07"), ("description", "x"), (field, value)]).refuses(field, problem);
        }
        let long = "가".repeat(2001);
        clinic.post(&format!("{path}/edit"), &[("date", "2024-05-07"), ("description", "x"), ("note", &long)]).refuses("note", "2,000 characters");
        assert_eq!(clinic.get("/owners/1/pets/8/visits/3/edit").status, 404);
    }

    fn cancelled_visit_is_kept_and_struck_through(clinic) {
        let path = "/owners/6/pets/8/visits/3/status";
        clinic.save(path, &[("from", "booked"), ("status", "cancelled")]).shows("Visit updated").shows("<s><bdi>neutered</bdi></s>");
        // a second click, and somebody who has an older page
        clinic.save(path, &[("from", "booked"), ("status", "cancelled")]).shows("Visit updated");
        clinic.save(path, &[("from", "booked"), ("status", "arrived")]).shows("somebody else has changed this visit");
        clinic.save(path, &[("from", "cancelled"), ("status", "booked")]).lacks("<s>");
        for wrong in [&[("from", "booked")][..], &[("from", "booked"), ("status", "eaten")]] {
            assert_eq!(clinic.post(path, wrong).status, 400);
        }
        assert_eq!(clinic.post("/owners/1/pets/8/visits/3/status", &[("from", "booked"), ("status", "done")]).status, 404);
    }

    fn far_date_is_asked_for_twice(clinic) {
        let path = "/owners/6/pets/8/visits/new";
        let token = clinic.get(path).hidden("token");
        let far = (crate::support::today() + chrono::Months::new(20)).to_string();
        let visit = [("date", &*far), ("description", "teeth"), ("token", &token)];
        let page = clinic.post(path, &visit);
        page.refuses("date", "more than a year away");
        assert_eq!(page.hidden("confirmed"), far);
        let confirmed = [&visit[..], &[("confirmed", &far)]].concat();
        clinic.save(path, &confirmed).shows("Visit booked");
        // another far day is asked for again
        let other = (crate::support::today() + chrono::Months::new(21)).to_string();
        clinic.post(path, &[("date", &other), ("description", "teeth"), ("token", &token), ("confirmed", &far)]).refuses("date", "a year away");
    }

    fn day_lists_its_visits_by_time(clinic) {
        let day = (crate::support::today() + chrono::Days::new(1)).to_string();
        for (path, time, vet) in [("/owners/6/pets/8", "15:00", "3"), ("/owners/1/pets/1", "09:15", "3"), ("/owners/2/pets/2", "", "")] {
            let visit = [("date", &*day), ("description", "check <b>"), ("time", time), ("vetId", vet)];
            assert_eq!(clinic.post(&format!("{path}/visits/new"), &visit).status, 302);
        }
        let names = |path: &str| {
            let data = clinic.json(path);
            let visits = data["days"].as_array().unwrap().iter().find(|of| of["date"] == *day).unwrap()["visits"].as_array().unwrap().clone();
            visits.iter().map(|visit| visit["petName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("/"), ["Basil", "Leo", "Max"]);
        assert_eq!(names(&format!("/?date={day}")), ["Basil", "Leo", "Max"]);
        assert_eq!(names("/vets/3"), ["Leo", "Max"]);
        let page = clinic.get(&format!("/?date={day}"));
        page.shows("9:15\u{202f}AM").shows("Linda Douglas").shows("check &lt;b&gt;").shows("any time").shows("Check in");
        let leo = page.text.split("/owners/1/pets/1/visits/").nth(1).unwrap().split('/').next().unwrap().to_owned();
        let status = format!("/owners/1/pets/1/visits/{leo}/status");
        let arrived = clinic.save(&status, &[("from", "booked"), ("status", "arrived"), ("day", &day)]);
        arrived.shows("Visit updated").shows("Finish visit of Leo\" autofocus");
        clinic.save(&status, &[("from", "arrived"), ("status", "done"), ("day", &day), ("vet", "3")]).shows("Linda Douglas").shows("done");
        for wrong in ["/?date=x", "/?date=2024-02-30", "/?page=2", "/?page=0", "/vets/99", "/vets/3?page=2"] {
            assert_eq!(clinic.get(wrong).status, 404, "{wrong}");
        }
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
        assert_eq!(clinic.json("/owners/6/pets/8/visits?size=20")["visits"].as_array().unwrap().len(), 20);
        clinic.get("/owners/6/pets/8/visits?size=20").shows("size&#x3D;100").shows("aria-sort=\"descending\"");
        assert_eq!(clinic.get("/owners/6/pets/8/visits?size=21").status, 404);
        clinic.get("/owners/6").shows("All visits of Max");
        assert_eq!(clinic.get("/owners/1/pets/8/visits").status, 404);
        assert_eq!(clinic.get("/owners/6/pets/8/visits?before=x").status, 404);
    }
}
