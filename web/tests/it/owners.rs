//! Owners: search, list, page, form.

use crate::support::shared;

const ANNA: [(&str, &str); 5] = [
    ("firstName", "Anna"),
    ("lastName", "Müller-Lüdenscheidt"),
    ("address", "Am See 1"),
    ("city", "Köln"),
    ("telephone", "0221555123"),
];

fn with<'a>(mut fields: [(&'a str, &'a str); 5], name: &str, value: &'a str) -> [(&'a str, &'a str); 5] {
    for field in &mut fields {
        if field.0 == name {
            field.1 = value;
        }
    }
    fields
}

#[test]
fn pages_match_snapshots() {
    for (name, path) in [
        ("owners-find", "/owners/find"),
        ("owners-none", "/owners?lastName=nobody"),
        ("owners-list", "/owners"),
        ("owners-show", "/owners/6"),
        ("owners-new", "/owners/new"),
        ("owners-edit", "/owners/1/edit"),
    ] {
        let page = shared().get(path);
        assert_eq!(page.status, 200, "{path}");
        insta::assert_snapshot!(name, page.snapshot());
    }
}

fn names(list: &serde_json::Value) -> Vec<String> {
    let name =
        |owner: &serde_json::Value| format!("{} {}", owner["firstName"].as_str().unwrap(), owner["lastName"].as_str().unwrap());
    list["owners"].as_array().unwrap().iter().map(name).collect()
}

on_both! {
    fn search_opens_the_only_owner_found(clinic) {
        for (typed, path) in [
            ("franklin", "/owners/1#pets"),
            ("Jean Coleman", "/owners/6#pets"),
            ("samantha", "/owners/6#pet-7"),
            ("608-555-1023", "/owners/1#pets"),
            ("2654", "/owners/6#pets"),
            ("", "/owners?lastName="),
        ] {
            let found = clinic.get(&format!("/search?q={}", typed.replace(' ', "+")));
            assert_eq!((found.status.as_u16(), found.location()), (302, path), "{typed}");
        }
        let live = clinic.json("/search?q=samantha&live=");
        assert_eq!((&live["owners"][0]["lastName"], &live["owners"][0]["petId"]), (&"Coleman".into(), &7.into()));
        clinic.get("/search?q=d").shows("Betty Davis").shows("Harold Davis").shows("David Schroeder");
        clinic.get("/search?q=6085").shows("Schroeder").shows("Estaban").lacks("Only the first 10 are shown");
        // who is not found is added with what was typed
        let none = clinic.get("/search?q=Anna+%3Cb%3EBerg");
        none.shows("Nobody found for “Anna &lt;b&gt;Berg”").shows("/owners/new?name&#x3D;Anna+%3Cb%3EBerg");
        let form = clinic.get("/owners/new?name=Anna+Berg");
        assert_eq!([form.value("firstName"), form.value("lastName")], ["Anna", "Berg"]);
        assert_eq!(clinic.get("/owners/new?name=010-1234-5678").value("telephone"), "010-1234-5678");
    }

    fn size_of_a_page_is_chosen(clinic) {
        let page = clinic.json("/owners?lastName=&size=20");
        assert_eq!(page["owners"].as_array().unwrap().len(), 10);
        clinic.get("/owners").shows("aria-sort=\"ascending\"").shows("size&#x3D;50");
        for wrong in ["0", "6", "1000", "x"] {
            assert_eq!(clinic.get(&format!("/owners?size={wrong}")).status, 404);
        }
    }

    fn list_has_five_per_page(clinic) {
        let first = clinic.json("/owners");
        assert_eq!(names(&first), ["Jeff Black", "Jean Coleman", "Betty Davis", "Harold Davis", "Maria Escobito"]);
        assert_eq!((&first["total"], &first["pages"]["count"]), (&10.into(), &2.into()));
        assert_eq!(first["pages"]["previous"], serde_json::Value::Null);
        let second = clinic.json(first["pages"]["next"].as_str().unwrap());
        assert_eq!(names(&second), ["Carlos Estaban", "George Franklin", "Peter McTavish", "Eduardo Rodriquez", "David Schroeder"]);
        assert_eq!(second["pages"]["last"], serde_json::Value::Null);
        assert_eq!(clinic.json(second["pages"]["first"].as_str().unwrap()), first);
        assert_eq!(first["owners"][1]["pets"], serde_json::json!(["Max", "Samantha"]));
        assert_eq!(clinic.get("/owners?page=3").status, 404);
        clinic.get("/owners?lastName=&page=2").shows("Page 2 of 2").shows("George Franklin");
    }

    fn search_matches_prefix_in_any_case(clinic) {
        for (typed, found) in [
            ("Davis", &["Betty Davis", "Harold Davis"][..]),
            ("dAv", &["Betty Davis", "Harold Davis"]),
            (" Es ", &["Maria Escobito", "Carlos Estaban"]),
        ] {
            let query = serde_urlencoded::to_string([("lastName", typed)]).unwrap();
            assert_eq!(names(&clinic.json(&format!("/owners?{query}"))), found, "{typed}");
        }
        assert_eq!(clinic.get("/owners?lastName=franklin").location(), "/owners/1");
        assert_eq!(clinic.get("/owners?lastName=FRANK").location(), "/owners/1");
    }

    fn wildcards_are_letters(clinic) {
        for typed in ["%", "_", "D%", "Da_is", "D\\", "'", "\"", "avis"] {
            let query = serde_urlencoded::to_string([("lastName", typed)]).unwrap();
            let page = clinic.get(&format!("/owners?{query}"));
            assert_eq!(page.status, 200, "{typed}");
            page.shows("has not been found");
            assert_eq!(page.value("lastName"), typed);
        }
        clinic.save("/owners/new", &with(ANNA, "lastName", "100%_sure"));
        assert_eq!(clinic.get("/owners?lastName=100%25_").status, 302);
        assert_eq!(clinic.get("/owners?lastName=100%25%25").status, 200);
    }

    fn new_owner_is_saved_and_announced_once(clinic) {
        let saved = clinic.post("/owners/new", &ANNA);
        assert_eq!((saved.status.as_u16(), saved.location()), (302, "/owners/11"));
        let cookie = saved.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let page = clinic.get("/owners/11");
        page.shows("New owner created").shows("Anna Müller-Lüdenscheidt").shows("Am See 1").shows("Köln").shows("0221555123");
        clinic.get("/owners/11").lacks("New owner created");
        assert_eq!(clinic.get("/owners?lastName=muller").location(), "/owners/11");
    }

    fn edit_is_saved(clinic) {
        let form = clinic.get("/owners/1/edit");
        assert_eq!((form.value("firstName"), form.value("telephone")), ("George".to_owned(), "6085551023".to_owned()));
        clinic.save("/owners/1/edit", &ANNA).shows("Owner updated").shows("Anna Müller-Lüdenscheidt").shows("Leo");
        // the same once more changes nothing, and is fine
        clinic.save("/owners/1/edit", &ANNA).shows("Owner updated");
        assert_eq!(clinic.get("/owners?lastName=Franklin").status, 200);
        assert_eq!(clinic.post("/owners/99/edit", &ANNA).status, 404);
        assert_eq!(clinic.post("/owners/99/edit", &with(ANNA, "city", "")).status, 404);
    }

    fn form_with_errors_keeps_typed_values(clinic) {
        for path in ["/owners/new", "/owners/1/edit"] {
            let page = clinic.post(path, &[("firstName", " <b>\"Anna\"</b> "), ("lastName", "  "), ("city", "Köln & Bonn"), ("telephone", "12345")]);
            assert_eq!(page.status, 200);
            page.refuses("lastName", "is required").refuses("address", "is required").refuses("telephone", "7 to 15 digits").lacks("<b>");
            page.lacks("firstName-problem").lacks("city-problem").shows("3 fields need another look").shows("aria-invalid=\"true\"");
            assert_eq!(page.value("firstName"), " <b>\"Anna\"</b> ");
            assert_eq!(page.value("lastName"), "  ");
            assert_eq!(page.value("city"), "Köln & Bonn");
            assert_eq!(page.value("telephone"), "12345");
        }
        assert_eq!(clinic.json("/owners")["total"], 10);
        assert_eq!(clinic.json("/owners/1")["owner"]["firstName"], "George");
    }

    fn telephone_has_7_to_15_digits(clinic) {
        for wrong in ["", "123456", "1234567890123456", "abcdefghij", "12+3456789", "123456x"] {
            clinic.post("/owners/new", &with(ANNA, "telephone", wrong)).shows("telephone-problem");
        }
        for (typed, saved) in [
            (" 0123456789 ", "0123456789"),
            ("010-1234-5678", "01012345678"),
            ("+49 30 1234567", "+49301234567"),
            ("１２３４５６７８９０", "1234567890"),
            ("۰۹۱۲ ۳۴۵ ۶۷۸۹", "09123456789"),
        ] {
            clinic.save("/owners/new", &with(ANNA, "telephone", typed)).shows(saved);
        }
        let page = clinic.post("/owners/new", &with(ANNA, "telephone", "010-1234-5678"));
        clinic.get(&format!("{}?lang=ko", page.location())).shows("010-1234-5678");
    }

    fn owner_of_korea_is_found_by_each_part_of_the_name(clinic) {
        clinic.save("/owners/new", &with(with(ANNA, "firstName", "민준"), "lastName", "김")).shows("김민준");
        for typed in ["김", "민준", "김민준", "김 민준"] {
            let query = serde_urlencoded::to_string([("lastName", typed)]).unwrap();
            assert_eq!(clinic.get(&format!("/owners?{query}")).location(), "/owners/11", "{typed}");
        }
        let form = clinic.get("/owners/new?lang=ko").text;
        assert!(form.find("lastName").unwrap() < form.find("firstName").unwrap(), "the last name is asked for first");
    }

    fn name_that_is_invisible_is_refused(clinic) {
        for name in ["\u{200b}", "\u{3164}", "\u{301}", "\u{202e}\u{2066}"] {
            clinic.post("/owners/new", &with(ANNA, "lastName", name)).refuses("lastName", "is required");
        }
    }

    fn list_page_too_far_is_404_with_a_hint(clinic) {
        assert_eq!(clinic.get("/owners?page=200").status, 404);
        let page = clinic.get("/owners?page=201");
        assert_eq!(page.status, 404);
        page.shows("follow “Next”");
        assert_eq!(clinic.get("/owners?after=nonsense").status, 404);
        let list = clinic.json("/owners?after=4,davis%20harold");
        assert_eq!(names(&list)[0], "Maria Escobito");
        assert_eq!((&list["more"], &list["pages"]["current"]), (&true.into(), &serde_json::Value::Null));
    }

    fn edit_without_a_version_overwrites(clinic) {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let post = |n: usize| {
                let city = format!("City {n}");
                clinic.post("/owners/1/edit", &with(ANNA, "city", &city)).status.as_u16()
            };
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || post(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses, [302; 8]);
    }

    fn owner_page_shows_pets_and_newest_visits_first(clinic) {
        let owner = &clinic.json("/owners/6")["owner"];
        assert_eq!(owner["lastName"], "Coleman");
        let pets: Vec<_> = owner["pets"].as_array().unwrap().iter().map(|pet| pet["name"].as_str().unwrap()).collect();
        assert_eq!(pets, ["Max", "Samantha"]);
        assert_eq!(owner["pets"][0]["type"], "cat");
        let dates: Vec<_> = owner["pets"][1]["visits"].as_array().unwrap().iter().map(|visit| visit["date"].as_str().unwrap()).collect();
        assert_eq!(dates, ["2013-01-04", "2013-01-01"]);
    }
}

on_both! {
    fn edit_of_older_version_is_refused(clinic) {
        let version = clinic.get("/owners/1/edit").hidden("version");
        let mine = |version: &str, city: &str| {
            let fields = [("firstName", "George"), ("lastName", "Franklin"), ("address", "110 W. Liberty St."), ("telephone", "6085551023")];
            clinic.post("/owners/1/edit", &[&fields[..], &[("city", city), ("version", version)]].concat())
        };
        assert_eq!(mine(&version, "Seoul").status, 302);
        clinic.get("/owners/1");

        let page = mine(&version, "Busan");
        assert_eq!(page.status, 200);
        page.shows("Somebody else has saved this in the meantime").shows("Saved in the meantime: Seoul").lacks("Saved in the meantime: George");
        assert_eq!(page.value("city"), "Busan");
        assert_eq!(clinic.json("/owners/1")["owner"]["city"], "Seoul");

        // once the change was shown, the form may be saved again
        let seen = page.hidden("version");
        assert_ne!(seen, version);
        assert_eq!(mine(&seen, "Busan").status, 302);
        assert_eq!(clinic.json("/owners/1")["owner"]["city"], "Busan");
        // a form with errors keeps the version that it was made of
        let seen = clinic.get("/owners/1/edit").hidden("version");
        assert_eq!(mine(&seen, " ").hidden("version"), seen);
        assert_eq!(mine("", "Incheon").status, 200);
    }

    fn of_many_edits_of_one_version_one_is_saved(clinic) {
        let version = clinic.get("/owners/1/edit").hidden("version");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let post = |n: usize| {
                let city = format!("City {n}");
                let fields = [("firstName", "G"), ("lastName", "F"), ("address", "A"), ("telephone", "6085551023"), ("city", &city), ("version", &version)];
                clinic.post("/owners/1/edit", &fields).status.as_u16()
            };
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || post(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 302).count(), 1, "{statuses:?}");
    }
}
