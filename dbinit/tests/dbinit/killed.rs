//! Killed at any statement; the next one finishes.

use std::thread;
use std::time::Duration;

use testkit::process::{Child, run};
use testkit::proxy::Proxy;

use crate::support::{Account, Empty, assert_code, contents, dbinit, on_both, shared_server_port};

/// Between any two statements: a proxy holds back the n-th request, the program is killed, and the next run finishes. The
/// points are shared among lanes, since most of the time is the server's.
#[test]
fn between_any_two_statements_on_mysql() {
    const LANES: usize = 4;
    let reference = &Empty::mysql();
    assert_code(&run(&mut dbinit(&reference.url, &[])), 0);
    let expected = contents(reference);

    let points: usize = thread::scope(|scope| {
        let lane = |first: usize| {
            let proxy = Proxy::start(shared_server_port());
            (first..).step_by(LANES).take_while(|point| kill_at(*point, &proxy, &expected)).count()
        };
        let lanes: Vec<_> = (1..=LANES).map(|first| scope.spawn(move || lane(first))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    println!("killed at {points} points, each finished by the next run");
    assert!(points > 100, "only {points}");
}

/// Returns false where the program was done before.
fn kill_at(point: usize, proxy: &Proxy, expected: &str) -> bool {
    let database = &Empty::mysql();
    let through_proxy = database.url.replace(&format!(":{}/", shared_server_port()), &format!(":{}/", proxy.port()));
    proxy.hold_at(point);
    let account = Account::new();
    let mut killed = Child::spawn(account.set(&mut dbinit(&through_proxy, &[])));
    let held = proxy.holds(|| !killed.runs());
    killed.kill();
    proxy.cut();
    assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
    account.connect(database);
    assert_eq!(contents(database), expected, "killed at request {point}");
    held
}

on_both! {
    /// While a statement runs, too: killed again and again after ever longer times, until one gets through.
    fn again_and_again(database) {
        let mut kills = 0;
        for delay in (0..).map(|n| Duration::from_micros(n * 1500)) {
            let mut child = Child::spawn(&mut dbinit(&database.url, &[]));
            thread::sleep(delay);
            if !child.runs() {
                assert_code(&child.wait(), 0);
                break;
            }
            child.kill();
            kills += 1;
        }
        println!("killed {kills} times");
        assert!(kills > 2, "{kills}");
        let finished = contents(database);
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(contents(database), finished);
        for part in ["Sharon", "Jenkins", "Sly", "spayed"] {
            assert!(finished.contains(part), "{part}");
        }
    }

    /// Eight at once, of which every other one is killed and started again until all are through.
    fn some_of_many_at_once(database) {
        let survivors: Vec<_> = (0..8_u64).map(|n| {
            let url = database.url.clone();
            thread::spawn(move || {
                for attempt in 0_u64.. {
                    let mut child = Child::spawn(&mut dbinit(&url, &[]));
                    // spread over the time that the work takes; which statement it hits doesn't matter
                    let patience = Duration::from_millis((n * 37 + attempt * 53) % 400);
                    if n % 2 == 0 && attempt < 5 {
                        thread::sleep(patience);
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
        let raced = contents(database);
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(contents(database), raced);
        for part in ["Sharon", "Jenkins", "Sly", "spayed"] {
            assert!(raced.contains(part), "{part}");
        }
    }
}
