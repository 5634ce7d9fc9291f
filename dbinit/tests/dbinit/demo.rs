//! Made-up data: the number asked for, however often it is stopped.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use schema::tables::{owner, pet, visit};
use testkit::mysql::Server;
use testkit::process::{Child, run};

use crate::support::{Empty, assert_code, dbinit, demo, on_both};

/// Owners, pets and visits in addition to the seed's.
fn made_up(database: &Empty) -> [i64; 3] {
    let c = &mut database.connect();
    let [owners, pets, visits]: [i64; 3] = [
        owner::table.count().get_result(c).unwrap(),
        pet::table.count().get_result(c).unwrap(),
        visit::table.count().get_result(c).unwrap(),
    ];
    [owners - 10, pets - 13, visits - 4]
}

on_both! {
    fn stopped_run_is_continued(database) {
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let mut kills = 0;
        loop {
            let mut child = Child::spawn(&mut demo(&database.url, 10_000));
            let before = made_up(database)[0];
            testkit::until("another batch", || (!child.runs() || made_up(database)[0] > before).then_some(()));
            if !child.runs() {
                assert_code(&child.wait(), 0);
                break;
            }
            child.kill();
            kills += 1;
        }
        assert!(kills > 0);
        assert_eq!(made_up(database), [10_000, 20_000, 30_024]);

        let again = run(&mut demo(&database.url, 10_000));
        assert_code(&again, 0);
        assert!(again.stderr.contains("10000/10000 owners"), "{}", again.stderr);
        assert_eq!(made_up(database), [10_000, 20_000, 30_024]);
    }
}

#[test]
fn missing_schema_is_reported() {
    let database = &Empty::sqlite();
    database.connect();
    let ended = run(&mut demo(&database.url, 1));
    assert_code(&ended, 1);
    assert!(ended.stderr.contains("no such table"), "{}", ended.stderr);
    assert_code(&run(&mut demo(&database.url, 0)), 64);
}

/// On a server as careful as a production one: synchronous, doubly written, with a binary log.
#[test]
#[ignore = "takes minutes: ./dev soak"]
fn million_owners_keep_pages_fast() {
    let server = Server::start_with(&[
        "--log-bin=binlog",
        "--innodb-flush-method=O_DIRECT",
        "--innodb-flush-log-at-trx-commit=1",
        "--innodb-doublewrite=ON",
        "--innodb-buffer-pool-size=128M",
        "--innodb-redo-log-capacity=100M",
        "--performance-schema=ON",
    ]);
    let database = server.database();
    assert_code(&run(&mut dbinit(&database.url, &[])), 0);
    let start = Instant::now();
    let mut child = Child::spawn(&mut demo(&database.url, 1_000_000));
    let mut peak_kib = 0;
    while child.runs() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|line| line.split_whitespace().next());
        peak_kib = peak.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(peak_kib);
        assert!(start.elapsed() < Duration::from_mins(30), "{}", child.stdout());
        std::thread::sleep(Duration::from_millis(200));
    }
    let ended = child.wait();
    assert_code(&ended, 0);
    println!("measurement| 1 000 000 owners, 2 000 000 pets, 3 000 000 visits| in {:.0?}|", start.elapsed());
    println!("measurement| their making: memory at most| {} MiB| < 64 MiB", peak_kib >> 10);
    assert!(peak_kib < 64 << 10);
}
