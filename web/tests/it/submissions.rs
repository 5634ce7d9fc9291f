//! Two clicks, one row.

use crate::support::Clinic;

/// Sends the same form eight times at once; gives where each was led to.
fn click(clinic: &Clinic, path: &str, fields: &[(&str, &str)]) -> Vec<String> {
    std::thread::scope(|scope| {
        let send = || {
            let page = clinic.post(path, fields);
            assert_eq!(page.status, 302, "{}", page.text);
            page.location().to_owned()
        };
        let clicks: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        clicks.into_iter().map(|click| click.join().unwrap()).collect()
    })
}

on_both! {
    fn owner_is_created_once(clinic) {
        let token = clinic.get("/owners/new").hidden("token");
        let owner = |token: &str, city: &str| {
            let fields = [("firstName", "A"), ("lastName", "B"), ("address", "C"), ("telephone", "0123456789")];
            click(clinic, "/owners/new", &[&fields[..], &[("city", city), ("token", token)]].concat())
        };
        let total = || clinic.json("/owners")["total"].as_i64().unwrap();
        let locations = owner(&token, "D");
        assert!(locations.iter().all(|location| *location == locations[0]), "{locations:?}");
        assert_eq!(total(), 11);
        // sent once more, as by a reload
        assert_eq!(owner(&token, "D")[0], locations[0]);
        assert_eq!(total(), 11);
        // back, changed, sent again: that is another owner
        assert_ne!(owner(&token, "E")[0], locations[0]);
        assert_eq!(total(), 12);
        let again = clinic.get("/owners/new").hidden("token");
        assert_ne!(again, token);
        owner(&again, "D");
        assert_eq!(total(), 13);
        // who sends no token, or another's, gets a row each time
        for token in ["", "x", &"x".repeat(32), &"0".repeat(500)] {
            owner(token, "F");
        }
        assert_eq!(total(), 13 + 4 * 8);
    }

    fn pet_and_visit_are_created_once(clinic) {
        let token = clinic.get("/owners/1/pets/new").hidden("token");
        let bella = [("name", "Bella"), ("birthDate", "2020-02-29"), ("type", "dog"), ("token", &token)];
        assert!(click(clinic, "/owners/1/pets/new", &bella).iter().all(|location| location == "/owners/1"));
        // without the token it is a second Bella, and refused
        clinic.post("/owners/1/pets/new", &bella[..3]).refuses("name", "already exists");
        assert_eq!(clinic.json("/owners/1")["owner"]["pets"].as_array().unwrap().len(), 2);

        let path = "/owners/6/pets/7/visits/new";
        let token = clinic.get(path).hidden("token");
        // a form with errors keeps its token
        assert_eq!(clinic.post(path, &[("date", ""), ("token", &token)]).hidden("token"), token);
        click(clinic, path, &[("date", &crate::support::today().to_string()), ("description", "limps"), ("token", &token)]);
        assert_eq!(clinic.json("/owners/6")["owner"]["pets"][1]["visits"].as_array().unwrap().len(), 3);
    }
}
