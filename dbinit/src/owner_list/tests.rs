//! The milestones against plain counting, on both backends.

use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::apply;
use schema::database::{DatabaseUrl, connect, last_insert_id};
use schema::tables::owner;

const WAIT: Duration = Duration::from_secs(30);
/// So few that a handful of owners has several milestones.
const SPACING: i32 = 3;
/// Owners a page.
const PAGE: usize = 5;

/// An empty list of owners on either backend.
struct List {
    url: DatabaseUrl,
    _keep: Box<dyn std::any::Any>,
}

impl List {
    fn both() -> [Self; 2] {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite:{}", folder.path().join("petclinic.db").display()).parse().unwrap();
        let database = testkit::mysql::database();
        let mysql = database.url.parse().unwrap();
        let both = [Self { url: sqlite, _keep: Box::new(folder) }, Self { url: mysql, _keep: Box::new(database) }];
        for list in &both {
            apply::migrate(&mut list.connect(), WAIT).unwrap();
        }
        both
    }

    fn connect(&self) -> Connection {
        connect(&self.url).unwrap()
    }
}

fn insert_owner(connection: &mut Connection, name: &str) -> i32 {
    let columns = (
        owner::first_name.eq("x"),
        owner::last_name.eq(name),
        owner::last_name_key.eq(search::key(name)),
        owner::address.eq("x"),
        owner::city.eq("x"),
        owner::telephone.eq("0"),
    );
    diesel::insert_into(owner::table).values(columns).execute(connection).unwrap();
    last_insert_id(connection).unwrap()
}

fn at(name: &str, id: i32) -> Entry {
    Entry { key: search::key(name), id }
}

fn add(connection: &mut Connection, name: &str) {
    let added = connection.transaction(|connection| {
        let id = insert_owner(connection, name);
        changed_with(connection, vec![Change::added(at(name, id), 1)], SPACING)
    });
    added.unwrap();
}

/// Renames the n-th owner, and gives false where there is none.
fn rename(connection: &mut Connection, n: usize, name: &str) -> bool {
    let all: Vec<(i32, String)> = owner::table.select((owner::id, owner::last_name)).order(owner::id).load(connection).unwrap();
    let Some((id, before)) = all.get(n % all.len().max(1)) else { return false };
    let renamed = connection.transaction(|connection| {
        let same = owner::table.find(id).filter(owner::last_name.eq(before));
        let columns = (owner::last_name.eq(name), owner::last_name_key.eq(search::key(name)));
        if diesel::update(same).set(columns).execute(connection)? == 0 {
            return Ok(false);
        }
        let changes = vec![Change::removed(at(before, *id)), Change::added(at(name, *id), 1)];
        changed_with(connection, changes, SPACING).map(|()| true)
    });
    renamed.unwrap()
}

fn milestones(connection: &mut Connection) -> Vec<Milestone> {
    diesel::sql_query(MILESTONES).load(connection).unwrap()
}

/// Every page of a search, by the milestones, is what plain counting and skipping finds.
#[track_caller]
fn pages_are_right(connection: &mut Connection, prefix: &str) {
    let (from, below) = search::prefix(prefix);
    let hits = owner::table.filter(owner::last_name_key.ge(from)).filter(owner::last_name_key.lt(below));
    let hits: Vec<i32> = hits.order((owner::last_name_key, owner::id)).select(owner::id).load(connection).unwrap();
    for begin in (0..hits.len() + PAGE).step_by(PAGE) {
        let place = find(connection, prefix, i64::try_from(begin).unwrap()).unwrap();
        let Some(place) = place else {
            assert!(begin >= hits.len(), "{prefix:?} {begin} is missing");
            continue;
        };
        assert_eq!(usize::try_from(place.total).unwrap(), hits.len(), "{prefix:?}");
        let page = query(connection, place.range, |part| format!("{part} ORDER BY last_name_key, id LIMIT 5 OFFSET ?"));
        let page: Vec<Entry> = page.bind(place.skip).load(connection).unwrap();
        let ids: Vec<i32> = page.into_iter().map(|entry| entry.id).collect();
        assert_eq!(ids, hits[begin..hits.len().min(begin + PAGE)], "{prefix:?} {begin}");
    }
}

/// The milestones are true, and stand close together.
#[track_caller]
fn all_is_right(connection: &mut Connection) {
    let milestones = milestones(connection);
    assert!(are_true(connection, &milestones).unwrap(), "{milestones:?}");
    assert_eq!(gaps(&milestones, SPACING).count(), 0, "{milestones:?}");
    for prefix in ["", "k", "kim", "Kİ", "김", "m", "MÜLL", "z", "😀", "\u{10ffff}"] {
        pages_are_right(connection, prefix);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(&'static str),
    Rename(usize, &'static str),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name =
        prop::sample::select(vec!["Kim", "Kim", "Kim", "kimura", "김", "김철수", "Müller", "MULLER", "Zoë", "😀", "a", "Иванов"]);
    let step = prop_oneof![3 => name.clone().prop_map(Step::Add), 1 => (any::<usize>(), name).prop_map(|(n, name)| Step::Rename(n, name))];
    prop::collection::vec(step, 1..60)
}

#[test]
fn pages_are_those_of_plain_counting() {
    for list in List::both() {
        let connection = RefCell::new(list.connect());
        let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
        let outcome = TestRunner::new(config).run(&steps(), |steps| {
            let connection = &mut *connection.borrow_mut();
            diesel::delete(owner::table).execute(connection).unwrap();
            check_with(connection, SPACING).unwrap();
            for step in steps {
                match step {
                    Step::Add(name) => add(connection, name),
                    Step::Rename(n, name) => {
                        rename(connection, n, name);
                    }
                }
            }
            all_is_right(connection);
            Ok(())
        });
        outcome.unwrap();
    }
}

#[test]
fn writers_at_once_leave_all_right() {
    const WRITERS: usize = 4;
    const NAMES: [&str; 6] = ["Kim", "Kim", "a", "김", "Müller", "zzz"];
    for list in List::both() {
        let list = &list.url;
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    scope.spawn(move || {
                        let connection = &mut connect(list).unwrap();
                        for n in 0..40 {
                            let name = NAMES[(n * 5 + writer) % NAMES.len()];
                            if n % 3 == 2 {
                                rename(connection, n * 7 + writer, name);
                            } else {
                                add(connection, name);
                            }
                            // what a reader sees meanwhile is some moment's list
                            let place = find(connection, "kim", 0).unwrap();
                            assert!(place.is_none_or(|place| place.total <= 120));
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.join().unwrap();
            }
        });
        let connection = &mut connect(list).unwrap();
        assert!(owner::table.count().get_result::<i64>(connection).unwrap() > 100);
        all_is_right(connection);
    }
}

#[test]
fn what_others_wrote_is_found_and_put_right() {
    for list in List::both() {
        let connection = &mut list.connect();
        assert!(!check_with(connection, SPACING).unwrap());
        for n in 0..50 {
            insert_owner(connection, &format!("Smith {:02}", n * 37 % 50));
        }
        assert!(check_with(connection, SPACING).unwrap());
        assert!(!check_with(connection, SPACING).unwrap());
        all_is_right(connection);

        // an owner moved by hand: the sum is the same
        diesel::update(owner::table.find(7)).set(owner::last_name_key.eq("a")).execute(connection).unwrap();
        assert!(check_with(connection, SPACING).unwrap());
        all_is_right(connection);

        diesel::sql_query("DELETE FROM owner_milestone").execute(connection).unwrap();
        add(connection, "Kim");
        assert!(check_with(connection, SPACING).unwrap());
        all_is_right(connection);

        diesel::delete(owner::table).execute(connection).unwrap();
        add(connection, "Kim");
        assert!(check_with(connection, SPACING).unwrap());
        all_is_right(connection);
        assert_eq!(milestones(connection).len(), 2);
    }
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn counting_reads_a_part_of_the_index() {
    for list in List::both() {
        let connection = &mut list.connect();
        apply::seed(connection, WAIT).unwrap();
        crate::demo::demo(connection, 10_000, WAIT, |_| ()).unwrap();
        for (prefix, skip, counts) in [("", 0, 0), ("", 5000, 0), ("", 10_005, 0), ("s", 5, 4), ("김", 5, 4)] {
            let (from, below) = search::prefix(prefix);
            // MySQL counts while it plans, so that the plan has the numbers alone, and not how they came about
            if connection.backend() == Backend::Mysql {
                let before = testkit::mysql::rows_read(connection);
                find(connection, prefix, skip).unwrap().unwrap();
                let read = testkit::mysql::rows_read(connection) - before;
                assert!(read < 4100, "{prefix:?} {skip}: {read} rows");
            } else {
                let plan: Vec<Plan> = find_query("EXPLAIN QUERY PLAN", &from, &below, skip).load(connection).unwrap();
                let plan: String = plan.into_iter().map(|row| row.detail + "\n").collect();
                let parts = plan.matches("SEARCH owner USING COVERING INDEX owner_by_last_name (last_name_key").count();
                assert_eq!((parts, plan.matches(" owner ").count()), (counts, counts), "{plan}");
                // what is counted stands first: not once a milestone
                assert!(prefix.is_empty() || plan.contains("SCAN page\nSCAN owner_milestone\n"), "{plan}");
            }
        }
    }
}
