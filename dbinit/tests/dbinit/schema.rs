//! Properties of the tables that web relies on, the same on both backends.

use chrono::NaiveDate;
use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use schema::database::{Connection, forget_statements, last_insert_id};
use schema::search;
use schema::tables::{TELEPHONE_CHARS, TEXT_CHARS, owner, pet, visit};
use testkit::mysql::{is_mariadb, rows_read};
use testkit::process::run;

use crate::support::{Empty, assert_code, dbinit, demo, on_both};

fn prepared(database: &Empty) -> Connection {
    assert_code(&run(&mut dbinit(&database.url, &[])), 0);
    database.connect()
}

/// Adds an owner whose texts are all `text`, and returns its id.
fn add_owner(connection: &mut Connection, text: &str, telephone: &str) -> QueryResult<i32> {
    let row = (
        owner::first_name.eq(text),
        owner::last_name.eq(text),
        owner::address.eq(text),
        owner::city.eq(text),
        owner::telephone.eq(telephone),
    );
    diesel::insert_into(owner::table).values(row).execute(connection).inspect_err(|_| forget_statements(connection))?;
    last_insert_id(connection)
}

fn add_pet(connection: &mut Connection, owner: i32, name: &str) -> QueryResult<usize> {
    let row = (pet::name.eq(name), pet::birth_date.eq(NaiveDate::default()), pet::type_id.eq(1), pet::owner_id.eq(owner));
    diesel::insert_into(pet::table).values(row).execute(connection).inspect_err(|_| forget_statements(connection))
}

/// First name, last name, address, city.
type Texts = (String, String, String, String);

fn found(connection: &mut Connection, typed: &str) -> Vec<String> {
    search::fill_keys(connection).unwrap();
    let (from, below) = search::range(connection.backend(), typed);
    let hits = owner::table.filter(owner::name_key.ge(from)).filter(owner::name_key.lt(below));
    hits.order((owner::name_key, owner::id)).select(owner::last_name).load(connection).unwrap()
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// The database's plan of a query; the names of indexes are in it.
fn plan(connection: &mut Connection, query: &str) -> String {
    let explain = if let Connection::Mysql(mysql) = connection {
        // the driver reads no rows of EXPLAIN itself
        mysql.batch_execute(&format!("EXPLAIN FORMAT=JSON INTO @plan {query}")).unwrap();
        "SELECT CAST(@plan AS CHAR) AS detail".to_owned()
    } else {
        format!("EXPLAIN QUERY PLAN {query}")
    };
    let rows: Vec<Plan> = diesel::sql_query(explain).load(connection).unwrap();
    rows.into_iter().map(|row| row.detail).collect::<Vec<_>>().join("; ")
}

on_both! {
    fn texts_are_kept_whole_or_refused(database) {
        let c = &mut prepared(database);
        for letter in ["x", "ü", "각", "ば", "ش", "😀", "'", "\\", "%", "<"] {
            for length in [1, TEXT_CHARS] {
                let text = letter.repeat(length);
                let id = add_owner(c, &text, "6085551023").unwrap();
                let columns = (owner::first_name, owner::last_name, owner::address, owner::city);
                let kept: Texts = owner::table.find(id).select(columns).first(c).unwrap();
                assert_eq!(kept, (text.clone(), text.clone(), text.clone(), text.clone()));
                assert!(found(c, &text).contains(&text), "{text}");
            }
            assert!(add_owner(c, &letter.repeat(TEXT_CHARS + 1), "6085551023").is_err(), "{letter}");
            assert!(add_owner(c, letter, &letter.repeat(TELEPHONE_CHARS + 1)).is_err(), "{letter}");
        }
    }

    fn search_key_ignores_case_accents_and_width(database) {
        let c = &mut prepared(database);
        for name in ["Müller", "MULLER", "Mulder", "김철수", "강", "가", "%x", "ばんどう", "ひらの", "Łukasz", "Ødegård", "Yıldız", "ＦＵＬＬ"] {
            add_owner(c, name, "1").unwrap();
        }
        assert_eq!(found(c, "MÜL"), ["Mulder", "Müller", "MULLER"]);
        assert_eq!(found(c, "muller"), ["Müller", "MULLER"]);
        assert_eq!(found(c, "dav"), ["Davis", "Davis"]);
        assert_eq!(found(c, "김"), ["김철수"]);
        // a syllable that is still being typed
        assert_eq!(found(c, "ㄱ"), ["가", "강", "김철수"]);
        assert_eq!(found(c, "가"), ["가", "강"]);
        assert_eq!(found(c, "강"), ["강"]);
        assert_eq!(found(c, "ハ"), ["ばんどう"]);
        assert_eq!(found(c, "luk"), ["Łukasz"]);
        assert_eq!(found(c, "odeg"), ["Ødegård"]);
        assert_eq!(found(c, "yildiz"), ["Yıldız"]);
        assert_eq!(found(c, "full"), ["ＦＵＬＬ"]);
        assert_eq!(found(c, "%"), ["%x"]);
        assert!(found(c, "_").is_empty());
        assert_eq!(found(c, "").len(), 23);
    }

    fn search_finds_rows_written_by_other_programs(database) {
        let c = &mut prepared(database);
        let execute = |sql: &str| match database.url.strip_prefix("sqlite:") {
            Some(path) => SqliteConnection::establish(path).unwrap().batch_execute(sql).unwrap(),
            None => MysqlConnection::establish(&database.url).unwrap().batch_execute(sql).unwrap(),
        };
        execute("INSERT INTO owner (first_name, last_name, address, city, telephone) VALUES ('Zoë', 'Łuk', 'a', 'b', '1')");
        assert_eq!(found(c, "luk"), ["Łuk"]);
        execute("UPDATE owner SET last_name = 'Çelik' WHERE last_name = 'Łuk'");
        assert_eq!((found(c, "luk"), found(c, "celik z")), (vec![], vec!["Çelik".to_owned()]));
        execute("DELETE FROM owner WHERE first_name = 'Zoë'");
        assert!(found(c, "celik").is_empty());
    }

    fn a_pets_name_is_unique_within_its_owner(database) {
        let c = &mut prepared(database);
        for name in ["😀", "😁", "가", "강", "は", "ば", "René", "Rene"] {
            assert_eq!(add_pet(c, 1, name), Ok(1), "{name}");
        }
        assert_eq!(add_pet(c, 2, "Leo"), Ok(1));
        for name in ["Leo", "LEO", "leo"] {
            let error = add_pet(c, 1, name).unwrap_err();
            assert!(matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)), "{error:?}");
        }
        let error = add_pet(c, 999, "Leo").unwrap_err();
        assert!(matches!(error, Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)), "{error:?}");
    }

    fn a_statement_that_failed_once_works_the_next_time(database) {
        let c = &mut prepared(database);
        for n in 0..3 {
            assert!(add_pet(c, 1, "Leo").is_err());
            assert_eq!(add_pet(c, 1, &format!("Leo {n}")), Ok(1));
        }
    }

    fn ids_are_not_used_again(database) {
        let c = &mut prepared(database);
        let id = add_owner(c, "x", "1").unwrap();
        assert_eq!(id, 11);
        diesel::delete(owner::table.find(id)).execute(c).unwrap();
        assert_eq!(add_owner(c, "y", "1"), Ok(12));
    }

    fn the_pages_queries_use_an_index(database) {
        let c = &mut prepared(database);
        assert_code(&run(&mut demo(&database.url, 4000)), 0);
        for (query, index) in [
            ("SELECT id FROM owner WHERE name_key >= 'd' AND name_key < 'e' ORDER BY name_key, id LIMIT 5", "owner_by_name"),
            ("SELECT id FROM owner WHERE given_name_key = 'peter davis' AND id > 4 ORDER BY id LIMIT 5", "owner_by_given_name"),
            ("SELECT name FROM pet WHERE owner_id = 77", "pet_name_within_owner"),
            ("SELECT description FROM visit WHERE pet_id = 77 ORDER BY visit_date DESC", "visit_by_pet"),
        ] {
            if let Connection::Mysql(mysql) = c && is_mariadb() {
                // it has no EXPLAIN that the driver could read
                let before = rows_read(mysql);
                mysql.batch_execute(query).unwrap();
                let read = rows_read(mysql) - before;
                assert!(read < 200, "{query}: {read} rows read");
                continue;
            }
            let plan = plan(c, query);
            assert!(plan.contains(index), "{query}: {plan}");
        }
        let count: i64 = visit::table.count().get_result(c).unwrap();
        // 4 of the seed data, and 24 of the day and the next ones
        assert_eq!(count, 12_028);
    }
}
