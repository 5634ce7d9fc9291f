//! Killed at any statement; the next run finishes.

use std::thread;
use std::time::Duration;

use testkit::mysql;
use testkit::process::{Child, run};
use testkit::proxy::Proxy;

use crate::support::{Account, assert_code, contents, dbinit, on_both, shared_server_port};

/// Kills the program between any two statements: a proxy holds back the n-th request, for every n that there is. `kill_at`
/// does so for one and says whether the program got that far. The points are shared among workers, since most of the time is
/// the server's. Returns how many there were.
fn sweep(kill_at: impl Fn(usize, &Proxy) -> bool + Sync) -> usize {
    const WORKERS: usize = 4;
    let kill_at = &kill_at;
    thread::scope(|scope| {
        let worker = |first: usize| {
            let proxy = Proxy::start(shared_server_port());
            (first..).step_by(WORKERS).take_while(|point| kill_at(*point, &proxy)).count()
        };
        let workers: Vec<_> = (1..=WORKERS).map(|first| scope.spawn(move || worker(first))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

/// A database's URL at a port, in plain text and for an account without a password: that takes an eighth of the time.
fn plain(database: &mysql::Database, port: u16) -> String {
    database.execute("CREATE USER IF NOT EXISTS plain; GRANT ALL ON *.* TO plain WITH GRANT OPTION");
    format!("mysql://plain@127.0.0.1:{port}/{}?ssl_mode=disabled", database.name)
}

#[test]
fn kill_between_statements_is_repaired() {
    let reference = mysql::database();
    assert_code(&run(&mut dbinit(&plain(&reference, shared_server_port()), &[])), 0);
    let expected = contents(&plain(&reference, shared_server_port()));
    let points = sweep(|point, proxy| {
        let database = mysql::database();
        proxy.hold_at(point);
        let mut killed = Child::spawn(&mut dbinit(&plain(&database, proxy.port()), &[]));
        let held = proxy.holds(|| !killed.runs());
        killed.kill();
        proxy.reset();
        let url = plain(&database, shared_server_port());
        assert_code(&run(&mut dbinit(&url, &[])), 0);
        assert_eq!(contents(&url), expected, "killed at request {point}");
        held
    });
    println!("killed at {points} points, each finished by the next run");
    assert!(points > 60, "only {points}");
}

/// The same while web's account is made.
#[test]
fn kill_during_account_creation_is_repaired() {
    let database = mysql::database();
    assert_code(&run(&mut dbinit(&plain(&database, shared_server_port()), &[])), 0);
    let points = sweep(|point, proxy| {
        let account = Account::new();
        proxy.hold_at(point);
        let mut killed = Child::spawn(account.set(&mut dbinit(&plain(&database, proxy.port()), &[])));
        let held = proxy.holds(|| !killed.runs());
        killed.kill();
        proxy.reset();
        assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
        account.connect(&database.url);
        held
    });
    println!("killed at {points} points, each finished by the next run");
    assert!(points > 12, "only {points}");
}

on_both! {
    /// While a statement runs, too: killed again and again after ever longer times, until one gets through.
    fn killed_repeatedly_until_done(database) {
        let mut kills = 0;
        let mut delay = Duration::ZERO;
        loop {
            let mut child = Child::spawn(&mut dbinit(&database.url, &[]));
            thread::sleep(delay);
            if !child.runs() {
                assert_code(&child.wait(), 0);
                break;
            }
            child.kill();
            kills += 1;
            // in small steps at first, and without end on no machine
            delay += (delay / 20).max(Duration::from_micros(1500));
        }
        println!("killed {kills} times");
        assert!(kills > 2, "{kills}");
        let finished = contents(&database.url);
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(contents(&database.url), finished);
        for part in ["Sharon", "Jenkins", "Sly", "spayed"] {
            assert!(finished.contains(part), "{part}");
        }
    }

    /// Eight at once, of which every other one is killed and started again until all are through.
    fn some_concurrent_runs_killed(database) {
        let survivors: Vec<_> = (0..8_u64).map(|n| {
            let url = database.url.clone();
            thread::spawn(move || {
                for attempt in 0_u64.. {
                    let mut child = Child::spawn(&mut dbinit(&url, &[]));
                    // spread over the time that the work takes; which statement it hits doesn't matter
                    let delay = Duration::from_millis((n * 37 + attempt * 53) % 400);
                    if n % 2 == 0 && attempt < 5 {
                        thread::sleep(delay);
                        child.kill();
                    } else {
                        return child.wait();
                    }
                }
                unreachable!("attempts don't run out")
            })
        }).collect();
        for survivor in survivors {
            assert_code(&survivor.join().unwrap(), 0);
        }
        let raced = contents(&database.url);
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(contents(&database.url), raced);
        for part in ["Sharon", "Jenkins", "Sly", "spayed"] {
            assert!(raced.contains(part), "{part}");
        }
    }
}
