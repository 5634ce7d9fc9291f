//! The list of owners: how many statements a page takes, and how much of the tables they read.

use std::sync::{Arc, Mutex};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use schema::database::Backend;

use super::*;

const OWNERS: i64 = 6010;
/// Owners a page.
const PAGE: i64 = 5;

/// Made-up owners on either backend, several milestones of them.
fn on_both(test: impl Fn(&mut Connection)) {
    crate::db::testing::on_both(|conn| {
        dbinit::demo::demo(conn, OWNERS.unsigned_abs() - 10, testkit::DEADLINE, |_| ()).unwrap();
        test(conn);
    });
}

/// Notes every statement that a connection runs.
struct Statements(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Statements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().unwrap().push(query.to_string());
        }
    }
}

#[test]
fn a_page_takes_two_statements_and_every_owner_is_on_one() {
    on_both(|conn| {
        let statements = Arc::new(Mutex::new(Vec::new()));
        conn.set_instrumentation(Statements(statements.clone()));
        let mut search = |prefix: &str, skip: i64| {
            statements.lock().unwrap().clear();
            let found = search(conn, prefix, skip, PAGE).unwrap();
            let statements = statements.lock().unwrap();
            assert!(statements.len() <= 2, "{statements:#?}");
            found
        };
        for prefix in ["", "s", "김", "davis", "nobody"] {
            let total = search(prefix, 0).total;
            let mut listed = Vec::new();
            for skip in (0..total).step_by(5) {
                let page = search(prefix, skip);
                assert_eq!(
                    (page.total, page.owners.len().cast_signed() as i64),
                    (total, PAGE.min(total - skip)),
                    "{prefix} {skip}"
                );
                listed.extend(page.owners.into_iter().map(|owner| (search::key(&owner.owner.last_name), owner.id)));
            }
            assert_eq!(listed.len().cast_signed() as i64, total);
            assert!(listed.is_sorted_by(|one, next| one < next), "{prefix}");
            assert!(listed.iter().all(|(key, _)| key.starts_with(prefix)), "{prefix}");
            assert!(search(prefix, total).owners.is_empty());
        }
        assert_eq!(search("", 0).total, OWNERS);
    });
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn a_page_is_cut_from_the_index_and_reads_no_more_than_a_part_of_it() {
    on_both(|conn| {
        for (prefix, skip) in [("", 0), ("", OWNERS / 2), ("", OWNERS - 5), ("s", 200), ("김", 10)] {
            let Place { range, skip: rest, .. } = owner_list::find(conn, prefix, skip).unwrap().unwrap();
            let explain = |part: &str| match conn.backend() {
                Backend::Mysql => format!("EXPLAIN FORMAT=JSON INTO @plan {}", page_statement(part, PAGE)),
                Backend::Sqlite => format!("EXPLAIN QUERY PLAN {}", page_statement(part, PAGE)),
            };
            let query = owner_list::query(conn, range, explain).bind(rest);
            let plan: Vec<Plan> = if conn.backend() == Backend::Mysql {
                query.execute(conn).unwrap();
                diesel::sql_query("SELECT CAST(@plan AS CHAR) AS detail").load(conn).unwrap()
            } else {
                query.load(conn).unwrap()
            };
            let plan: String = plan.into_iter().map(|row| row.detail + "\n").collect();
            if conn.backend() == Backend::Mysql {
                assert!(plan.contains("scan on owner using owner_by_last_name"), "{plan}");
                let before = testkit::mysql::rows_read(conn);
                search(conn, prefix, skip, PAGE).unwrap();
                let read = testkit::mysql::rows_read(conn) - before;
                assert!(read < 3000, "{prefix} {skip}: {read} rows");
            } else {
                let index = "SEARCH owner USING COVERING INDEX owner_by_last_name (last_name_key";
                // a temporary tree is for the pets of one page's owners
                let (parts, trees) = (plan.matches(index).count(), plan.matches("TEMP B-TREE FOR").count());
                assert!(parts == 3 && trees == 1 && !plan.contains("SCAN owner"), "{plan}");
            }
        }
    });
}
