//! The list of owners: statements per page, and rows read per page.

use std::sync::{Arc, Mutex};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;

use super::*;
use crate::db::testing::{Recorder, plan};

/// Number of owners in addition to those of the seed.
const OWNERS: i64 = 100_000;

/// Adds [`OWNERS`] owners by SQL, as another program would. Every fifth is a Davis, all with one first name.
fn add_owners(conn: &mut Connection) {
    let (concat, session) = match conn.backend() {
        Backend::Mysql => {
            ("CONCAT('name', n)", "SET SESSION /*!80000 cte_max_recursion_depth */ /*M! max_recursive_iterations */ = 1000000")
        }
        Backend::Sqlite => ("'name' || n", "SELECT 1"),
    };
    conn.batch_execute(session).unwrap();
    let insert = format!(
        "INSERT INTO owner (first_name, last_name, address, city, telephone)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {OWNERS})
         SELECT 'Ida', CASE WHEN n % 5 = 0 THEN 'Davis' ELSE {concat} END, 'a', 'b', '6085551023' FROM numbers"
    );
    conn.batch_execute(&insert).unwrap();
    conn.batch_execute(if conn.backend() == Backend::Mysql { "ANALYZE TABLE owner" } else { "ANALYZE" }).unwrap();
}

#[test]
fn list_reaches_every_owner() {
    crate::db::testing::on_both(|conn| {
        add_owners(conn);
        for (name, most) in [("dav", 1000), ("nobody", 1000), ("Betty", 1000)] {
            let mut listed = Vec::new();
            let mut start = Start::Offset(0);
            loop {
                let found = search(conn, name, &start, PAGE).unwrap();
                listed.extend(found.owners.iter().map(|listed| listed.owner.id));
                let Some(last) = found.last.filter(|_| listed.len() < most) else { break };
                start = if listed.len() == most / 2 {
                    Start::After(last)
                } else {
                    Start::Offset(i64::try_from(listed.len()).unwrap())
                };
            }
            let expected = match name {
                "dav" => most,
                "Betty" => 1,
                _ => 0,
            };
            assert_eq!(listed.len(), expected, "{name}");
            assert!(!listed.iter().enumerate().any(|(at, id)| listed[..at].contains(id)), "{name}: an owner twice");
        }
    });
}

#[test]
fn list_page_cost_is_bounded() {
    crate::db::testing::on_both(|conn| {
        add_owners(conn);
        search(conn, "", &Start::Offset(0), PAGE).unwrap();
        let statements = Arc::new(Mutex::new(Vec::new()));
        conn.set_instrumentation(Recorder(statements.clone()));
        let behind = Start::After(Position { id: 50_000, key: "davis ida".to_owned() });
        for (name, start) in [
            ("", Start::Offset(0)),
            ("", Start::Offset(COUNTED - PAGE)),
            ("davis", Start::Offset(COUNTED - PAGE)),
            ("davis ida", behind.clone()),
            ("", behind),
        ] {
            statements.lock().unwrap().clear();
            let before = if let Connection::Mysql(_) = conn { testkit::mysql::rows_read(conn) } else { 0 };
            let found = search(conn, name, &start, PAGE).unwrap();
            assert_eq!((found.owners.len(), found.total), (5, COUNTED + 1), "{name} {start:?}");
            let of_page: Vec<_> = statements.lock().unwrap().iter().filter(|sql| sql.contains("sort_key")).cloned().collect();
            assert_eq!(of_page.len(), 1, "{of_page:#?}");
            let statement = page_statement(conn.backend(), &Lookup::new("name_key", name), &start, PAGE);
            let plan = plan(conn, statement);
            if let Connection::Mysql(_) = conn {
                let read = testkit::mysql::rows_read(conn) - before;
                // MariaDB 10.11 reads the index entries of all owners of one name; the plan of 11 is a range
                let same_name = if testkit::mysql::server_name() == "mariadb-10.11" { OWNERS as u64 / 5 } else { 0 };
                assert!(read < same_name + 4 * COUNTED as u64, "{name} {start:?}: {read} rows\n{plan}");
                assert!(
                    testkit::mysql::is_mariadb() || plan.contains("using owner_by_name") && !plan.contains("Table scan on owner"),
                    "{plan}"
                );
            } else {
                assert!(plan.contains("owner USING COVERING INDEX owner_by_name (name_key"), "{plan}");
                assert!(
                    !plan.contains("SCAN owner") && plan.contains("pet USING COVERING INDEX pet_name_within_owner"),
                    "{plan}"
                );
            }
        }
    });
}

#[test]
fn search_finds_names_in_either_order() {
    crate::db::testing::on_both(|conn| {
        let people = [("민준", "김"), ("민", "남궁"), ("太郎", "田中"), ("Zoë", "Łukasz"), ("Eric", "Le")];
        for (first, last) in people {
            let values = Values {
                first_name: first.to_owned(),
                last_name: last.to_owned(),
                address: "a".to_owned(),
                city: "b".to_owned(),
                telephone: "01012345678".to_owned(),
            };
            insert(conn, &values).unwrap();
        }
        for (typed, first) in [
            ("김", "민준"),
            ("ㄱ", "민준"),
            ("김민준", "민준"),
            ("김 민준", "민준"),
            ("김민", "민준"),
            ("민준", "민준"),
            ("민준 김", "민준"),
            ("남궁민", "민"),
            ("田中太郎", "太郎"),
            ("太郎", "太郎"),
            ("lukasz zoe", "Zoë"),
            ("zoe luk", "Zoë"),
            ("ＬＥ", "Eric"),
        ] {
            let found = search(conn, typed, &Start::Offset(0), PAGE).unwrap();
            let names: Vec<_> = found.owners.iter().map(|listed| listed.owner.first_name.as_str()).collect();
            assert!(names.contains(&first), "{typed}: {names:?}");
        }
        assert!(search(conn, "leeric", &Start::Offset(0), PAGE).unwrap().owners.is_empty());
    });
}

#[test]
fn details_are_bounded_and_newest_first() {
    crate::db::testing::on_both(|conn| {
        let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200)";
        let name = if conn.backend() == Backend::Mysql { "CONCAT('pet', n)" } else { "'pet' || n" };
        let pets = format!(
            "INSERT INTO pet (name, birth_date, type_id, owner_id) {numbers} SELECT {name}, '2020-01-01', 1, 1 FROM numbers"
        );
        let visits = format!(
            "INSERT INTO visit (pet_id, visit_date, description) {numbers} SELECT 1, '2024-05-06', 'same day' FROM numbers"
        );
        for sql in [pets, visits] {
            conn.batch_execute(&sql).unwrap();
        }
        let details = details(conn, 1, 0).unwrap();
        assert_eq!((details.pets.len(), details.more_pets), (10, true));
        let leo = &details.pets[0];
        assert_eq!((leo.name.as_str(), leo.visits.len(), leo.more_visits), ("Leo", 5, true));
        assert!(leo.visits.is_sorted_by_key(|visit| std::cmp::Reverse(visit.id)));
        assert_eq!(super::details(conn, 1, 200).unwrap().pets.len(), 1);
        assert!(super::details(conn, 999, 0).is_err());
    });
}
