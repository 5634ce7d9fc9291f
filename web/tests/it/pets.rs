//! Pets: the form that makes and changes them.

use crate::support::shared;

const BELLA: [(&str, &str); 3] = [("name", "Bella"), ("birthDate", "2020-02-29"), ("type", "dog")];

#[test]
fn pages_match_snapshots() {
    for (name, path) in [("pets-new", "/owners/1/pets/new"), ("pets-edit", "/owners/6/pets/7/edit")] {
        let page = shared().get(path);
        assert_eq!(page.status, 200, "{path}");
        insta::assert_snapshot!(name, page.snapshot());
    }
}

on_both! {
    fn new_pet_is_saved(clinic) {
        clinic.save("/owners/1/pets/new", &BELLA).shows("New pet added").shows("Bella").shows("February 29, 2020");
        assert_eq!(clinic.json("/owners/1")["owner"]["pets"][0]["name"], "Bella");
    }

    fn edit_is_saved(clinic) {
        clinic.save("/owners/1/pets/1/edit", &BELLA).shows("Pet updated").shows("Bella").lacks("Leo");
        clinic.save("/owners/1/pets/1/edit", &BELLA).shows("Pet updated");
        let pet = &clinic.json("/owners/1")["owner"]["pets"][0];
        assert_eq!((&pet["birthDate"], &pet["type"]), (&"2020-02-29".into(), &"dog".into()));
    }

    fn pet_name_is_unique_within_owner(clinic) {
        clinic.save("/owners/1/pets/new", &[("name", "Élan"), ("birthDate", "2020-01-01"), ("type", "cat")]);
        for name in ["Leo", "LEO", " leo ", "élan", "e\u{301}lan", "Le\u{200b}o", "Ｌｅｏ", "Leo\u{fe0f}", "\u{2066}Leo\u{2069}", "Leo\u{3164}"] {
            let page = clinic.post("/owners/1/pets/new", &[("name", name), ("birthDate", "2020-01-01"), ("type", "cat")]);
            assert_eq!(page.status, 200, "{name}");
            page.refuses("name", "already exists");
            assert_eq!(page.value("name"), name);
        }
        let page = clinic.post("/owners/6/pets/7/edit", &[("name", "max"), ("birthDate", "2010-01-01"), ("type", "cat")]);
        page.refuses("name", "already exists");
        // another owner's Leo, and the same pet written differently, are fine
        clinic.save("/owners/2/pets/new", &[("name", "Leo"), ("birthDate", "2020-01-01"), ("type", "cat")]);
        clinic.save("/owners/1/pets/1/edit", &[("name", "LEO"), ("birthDate", "2020-01-01"), ("type", "cat")]).shows("LEO");
    }

    fn birth_date_is_not_after_a_visit(clinic) {
        let pet = |date| [("name", "Max"), ("birthDate", date), ("type", "cat")];
        clinic.post("/owners/6/pets/8/edit", &pet("2020-01-01")).refuses("birthDate", "after one of the pet’s visits");
        clinic.save("/owners/6/pets/8/edit", &pet("2012-09-04"));
    }

    fn problem_is_shown_at_its_field(clinic) {
        let page = clinic.post("/owners/1/pets/new", &[("name", " ")]);
        page.refuses("name", "is required").refuses("birthDate", "is required").refuses("type", "is required");
        let page = clinic.post("/owners/1/pets/1/edit", &[("name", "Leo"), ("birthDate", "2999-01-01"), ("type", "unicorn")]);
        page.refuses("birthDate", "must not be in the future").refuses("type", "is not a type");
        assert_eq!(page.value("birthDate"), "2999-01-01");
        for wrong in ["2021-02-29", "01/02/2020", "2020-1-1", "0000-00-00", "0999-12-31", "12020-01-01", "yesterday", "2020-01-01 "] {
            let page = clinic.post("/owners/1/pets/new", &[("name", "Bella"), ("birthDate", wrong), ("type", "dog")]);
            if wrong.trim().parse::<chrono::NaiveDate>().is_ok() && wrong.starts_with("2020-01-01") {
                assert_eq!(page.status, 302, "{wrong}");
            } else {
                page.refuses("birthDate", "is not a date");
                assert_eq!(page.value("birthDate"), wrong);
            }
        }
        let chosen = clinic.post("/owners/1/pets/new", &[("name", ""), ("birthDate", "2020-01-01"), ("type", "snake")]);
        chosen.shows("<option value=\"snake\" selected>");
    }
}

on_both! {
    fn edit_of_older_version_is_refused(clinic) {
        let version = clinic.get("/owners/1/pets/1/edit").hidden("version");
        clinic.save("/owners/1/pets/1/edit", &[("name", "Leon"), ("birthDate", "2010-09-07"), ("type", "dog"), ("version", &version)]);
        let mine = [("name", "Leo"), ("birthDate", "2010-09-08"), ("type", "cat"), ("version", &version)];
        let page = clinic.post("/owners/1/pets/1/edit", &mine);
        assert_eq!(page.status, 200);
        page.shows("Saved in the meantime: Leon").shows("Saved in the meantime: dog").shows("Saved in the meantime: 2010-09-07");
        assert_eq!(clinic.json("/owners/1")["owner"]["pets"][0]["name"], "Leon");
        let seen = page.hidden("version");
        clinic.save("/owners/1/pets/1/edit", &[("name", "Leo"), ("birthDate", "2010-09-08"), ("type", "cat"), ("version", &seen)]);
    }
}
