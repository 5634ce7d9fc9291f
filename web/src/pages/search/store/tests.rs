//! The search: found by each part of name and number, and rows read.

use std::sync::{Arc, Mutex};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use schema::database::last_insert_id;

use super::*;
use crate::db::testing::{Recorder, plan};
use crate::pages::owners::store::{Values, insert};

/// Adds an owner with a pet.
fn add(conn: &mut Connection, (first, last, telephone, pet): (&str, &str, &str, &str)) {
    let values = Values {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        address: "a".to_owned(),
        city: "b".to_owned(),
        telephone: telephone.to_owned(),
    };
    insert(conn, &values).unwrap();
    let owner = last_insert_id(conn).unwrap();
    let sql = format!("INSERT INTO pet (name, birth_date, type_id, owner_id) VALUES ('{pet}', '2020-01-01', 1, {owner})");
    conn.batch_execute(&sql).unwrap();
}

fn found(conn: &mut Connection, typed: &str) -> Vec<String> {
    search(conn, typed).unwrap().0.into_iter().map(|found| found.listed.owner.first_name).collect()
}

#[test]
fn owner_is_found_by_each_part_of_name_and_number() {
    crate::db::testing::on_both(|conn| {
        for owner in [
            ("민준", "김", "01012345678", "초코"),
            ("민", "남궁", "+821098765432", "두부"),
            ("太郎", "田中", "09012345679", "ポチ"),
            ("Zoë", "Łukasz", "+4915123456789", "Ñandú"),
            ("آرش", "احمدی", "09123456789", "برفی"),
        ] {
            add(conn, owner);
        }
        for (typed, first) in [
            ("김", "민준"),
            ("김민준", "민준"),
            ("김민", "민준"),
            ("민준 김", "민준"),
            ("민준", "민준"),
            ("ㄱㅁㅈ", "민준"),
            ("ㄱㅁ", "민준"),
            ("ㄴㄱㅁ", "민"),
            ("초코", "민준"),
            ("010-1234-5678", "민준"),
            ("0101234", "민준"),
            ("1234-5678", "민준"),
            ("5678", "민준"),
            ("2345", "민준"),
            ("34567", "민준"),
            ("010-9876-5432", "민"),
            ("+82 10 9876", "민"),
            ("田中", "太郎"),
            ("田中太郎", "太郎"),
            ("ほち", "太郎"),
            ("090-1234-5679", "太郎"),
            ("5679", "太郎"),
            ("lukasz", "Zoë"),
            ("zoe lu", "Zoë"),
            ("nandu", "Zoë"),
            ("0151 2345", "Zoë"),
            ("احمدی", "آرش"),
            ("آرش", "آرش"),
            ("برفی", "آرش"),
            ("۰۹۱۲۳۴۵", "آرش"),
            ("samantha", "Jean"),
            ("SAM", "Jean"),
            ("davis betty", "Betty"),
        ] {
            let names = found(conn, typed);
            assert!(names.iter().any(|name| name == first), "{typed}: {names:?}");
        }
        for unknown in ["xyz", "ㄱㅁㄱ", "99999999", "56789012345", "%", "_"] {
            assert_eq!(found(conn, unknown), Vec::<String>::new(), "{unknown}");
        }
        // renamed by another program
        conn.batch_execute("UPDATE pet SET name = 'Çiçek' WHERE name = 'Samantha'").unwrap();
        assert_eq!(found(conn, "cicek"), ["Jean"]);
        let max = search(conn, "max").unwrap().0;
        assert_eq!(max.iter().map(|found| found.pet_id).collect::<Vec<_>>(), [Some(8)]);
    });
}

#[test]
fn search_cost_is_bounded() {
    crate::db::testing::on_both(|conn| {
        let mysql = conn.backend() == Backend::Mysql;
        let (digits, session) = if mysql {
            (
                "CONCAT('010', LPAD(n * 7919 % 100000000, 8, '0'))",
                "SET SESSION /*!80000 cte_max_recursion_depth */ /*M! max_recursive_iterations */ = 1000000",
            )
        } else {
            ("printf('010%08d', n * 7919 % 100000000)", "SELECT 1")
        };
        conn.batch_execute(session).unwrap();
        let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000)";
        let owners = format!(
            "INSERT INTO owner (first_name, last_name, address, city, telephone)
             {numbers} SELECT '민준', '김', 'a', 'b', {digits} FROM numbers"
        );
        conn.batch_execute(&owners).unwrap();
        conn.batch_execute("INSERT INTO pet (name, birth_date, type_id, owner_id) SELECT '초코', '2020-01-01', 1, id FROM owner")
            .unwrap();
        conn.batch_execute(if mysql { "ANALYZE TABLE owner, pet" } else { "ANALYZE" }).unwrap();
        search(conn, "x").unwrap();
        let statements = Arc::new(Mutex::new(Vec::new()));
        conn.set_instrumentation(Recorder(statements.clone()));
        for (typed, indexes) in [
            ("김민준", &["owner_by_name", "owner_by_given_name", "pet_by_name"][..]),
            ("ㄱㅁㅈ", &["owner_by_initials"]),
            ("초코", &["pet_by_name"]),
            ("0101", &["owner_by_telephone", "owner_by_telephone_4", "owner_by_telephone_11"]),
            ("01012345678", &["owner_by_telephone", "owner_by_telephone_11", "owner_by_telephone_10"]),
        ] {
            statements.lock().unwrap().clear();
            let before = if mysql { testkit::mysql::rows_read(conn) } else { 0 };
            search(conn, typed).unwrap();
            // counting the rows takes a statement too
            let run = statements.lock().unwrap().len();
            assert!(run <= 2, "{typed}: {:#?}", statements.lock().unwrap());
            let statement = statement(conn.backend(), typed);
            let plan = plan(conn, statement);
            if mysql {
                let read = testkit::mysql::rows_read(conn) - before;
                assert!(read < 1500, "{typed}: {read} rows\n{plan}");
                assert!(!plan.contains("Table scan on owner") && !plan.contains("Table scan on pet"), "{plan}");
            } else {
                assert!(!plan.contains("SCAN owner") && !plan.contains("SCAN pet"), "{plan}");
            }
            for index in indexes {
                assert!(plan.is_empty() && testkit::mysql::is_mariadb() || plan.contains(index), "{typed}: {index} in {plan}");
            }
        }
    });
}
