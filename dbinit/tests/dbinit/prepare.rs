//! An empty database becomes Petclinic's, once.

use diesel::prelude::*;
use schema::tables::{owner, visit};
use testkit::process::{Child, run};

use crate::support::{assert_code, contents, dbinit, on_both};

on_both! {
    fn second_run_changes_nothing(database) {
        let first = run(&mut dbinit(&database.url, &[]));
        assert_code(&first, 0);
        assert!(first.stdout.contains("seed data inserted"), "{}", first.stdout);
        let after_first = contents(&database.url);
        for part in ["George", "Franklin", "Leo", "rabies shot", "radiology", "hamster"] {
            assert!(after_first.contains(part), "{part}");
        }

        let second = run(&mut dbinit(&database.url, &[]));
        assert_code(&second, 0);
        assert!(!second.stdout.contains("seed data inserted"), "{}", second.stdout);
        assert_eq!(contents(&database.url), after_first);
    }

    fn changed_rows_stay(database) {
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let connection = &mut database.connect();
        diesel::delete(visit::table).execute(connection).unwrap();
        diesel::update(owner::table.find(1)).set(owner::city.eq("서울")).execute(connection).unwrap();
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(visit::table.count().get_result(connection), Ok(0_i64));
        assert_eq!(owner::table.find(1).select(owner::city).first(connection), Ok("서울".to_owned()));
    }

    fn concurrent_runs_apply_once(database) {
        let mut all: Vec<Child> = (0..8).map(|_| Child::spawn(&mut dbinit(&database.url, &[]))).collect();
        let ended: Vec<_> = all.iter_mut().map(Child::wait).collect();
        for one in &ended {
            assert_code(one, 0);
        }
        let count = |words| ended.iter().filter(|one| one.stdout.contains(words)).count();
        assert_eq!((count("migration applied"), count("seed data inserted")), (1, 1));

        let raced = contents(&database.url);
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(contents(&database.url), raced);
    }
}

/// The seed is a transaction on both: were it not, what is left by a failure in its middle would stay permanently.
#[test]
fn failed_seed_leaves_nothing() {
    let database = &crate::support::Empty::mysql();
    assert_code(&run(&mut dbinit(&database.url, &["migrate"])), 0);
    let connection = &mut database.connect();
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON visit FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'";
    diesel::connection::SimpleConnection::batch_execute(connection, refuse).unwrap();
    let failed = run(&mut dbinit(&database.url, &["seed"]));
    assert_code(&failed, 70);
    assert!(failed.stdout.contains("not today"), "{}", failed.stdout);
    assert_eq!(owner::table.count().get_result(connection), Ok(0_i64));

    diesel::connection::SimpleConnection::batch_execute(connection, "DROP TRIGGER refuse").unwrap();
    assert_code(&run(&mut dbinit(&database.url, &["seed"])), 0);
    assert_eq!(owner::table.count().get_result(connection), Ok(10_i64));
}
