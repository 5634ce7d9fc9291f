//! A hundred thousand malformed requests: no panic, no 5xx, no markup that comes back, no SQL error.
//!
//! Half of them follow a fixed seed, half a new one, which is printed: `FUZZ_SEED=… cargo test -p web --test program fuzz`
//! repeats it.

mod connection;
mod request;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use fastrand::Rng;
use testkit::until;

use self::connection::{Connection, send_broken};
use self::request::Request;
use crate::support::Web;

/// Well-formed requests, on connections that are kept; and broken ones, each on its own.
const REQUESTS: usize = 92_000;
const BROKEN: usize = 8_000;
const THREADS: usize = 4;
const SEED: u64 = 0x5eed;
const TOKEN: &str = "a token of the operators";

/// Answers by their status; under 0, requests whose connection ended without one.
type Seen = BTreeMap<u16, usize>;

#[test]
fn random_requests_break_nothing() {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&token, TOKEN).unwrap();
    let mut web = Web::start(&["--admin-token-file", token.path().to_str().unwrap()]);
    let drawn = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("seeds {SEED} and {drawn}");
    let start = Instant::now();

    // a tenth with all of their log lines, each of which has to be one
    let mut seen = fuzz(web.address, SEED, 10);
    let answered: usize = seen.values().sum::<usize>() - seen.get(&0).unwrap_or(&0);
    // a disk that stalls for long costs lines, and those are counted
    let lines = || {
        let dropped = web.metric(r#"petclinic_log_lines_dropped_total{output="access"}"#).unwrap();
        web.lines("access").len() + format!("{dropped}").parse::<usize>().unwrap()
    };
    until("a line each", || (lines() >= answered).then_some(()));
    assert_no_errors(&web);
    let quiet = testkit::http::client().put(web.admin("/log-level")).bearer_auth(TOKEN).body("warn");
    assert_eq!(quiet.send().unwrap().status(), 200);

    for (seed, percent) in [(SEED + 1, 40), (drawn, 50)] {
        for (status, number) in fuzz(web.address, seed, percent) {
            *seen.entry(status).or_default() += number;
        }
    }
    let requests: usize = seen.values().sum();
    println!("{requests} requests in {:?}; by status, 0 for a connection that ended: {seen:?}", start.elapsed());
    assert!(requests >= 100_000 && seen.len() > 5, "{seen:?}");
    assert_no_errors(&web);
    assert!(web.is_running());
    assert_eq!(testkit::http::get(web.url("/owners/1")).status(), 200);
}

fn assert_no_errors(web: &Web) {
    let nothing = Vec::<serde_json::Value>::new();
    assert_eq!(web.lines("err"), nothing);
    // that a pet of this name is there already is for the constraint to say; the form comes back
    let duplicate = |line: &serde_json::Value| line["error"].as_str().unwrap_or_default().starts_with("UNIQUE constraint failed");
    let failed = |line: &serde_json::Value| line["message"] == "statement failed" && !duplicate(line);
    assert_eq!(web.lines("app_db").into_iter().filter(failed).collect::<Vec<_>>(), nothing);
}

/// Sends a share of all requests.
fn fuzz(address: SocketAddr, seed: u64, percent: usize) -> Seen {
    let mut rng = Rng::with_seed(seed);
    let rngs: Vec<_> = (0..THREADS).map(|_| rng.fork()).collect();
    let share = |all: usize| all * percent / 100 / THREADS;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            rngs.into_iter().map(|rng| scope.spawn(move || fuzz_alone(address, rng, share(REQUESTS), share(BROKEN)))).collect();
        let mut all = Seen::new();
        for thread in threads {
            for (status, number) in thread.join().unwrap() {
                *all.entry(status).or_default() += number;
            }
        }
        all
    })
}

fn fuzz_alone(address: SocketAddr, mut rng: Rng, requests: usize, broken: usize) -> Seen {
    let mut seen = Seen::new();
    let (mut left, mut number) = (requests, 0);
    while left > 0 {
        let mut connection = Connection::open(address);
        // a connection's worth; the server ends it earlier where it pleases
        for _ in 0..200 {
            let batch: Vec<_> = (0..rng.usize(1..=8).min(left)).map(|n| Request::generate(&mut rng, number + n)).collect();
            let statuses = connection.exchange(&batch);
            number += batch.len();
            left -= statuses.len();
            let open = statuses.len() == batch.len();
            for status in statuses {
                *seen.entry(status).or_default() += 1;
            }
            if !open || left == 0 {
                break;
            }
        }
    }
    for n in 0..broken {
        let bytes = Request::generate(&mut rng, number + n).broken(&mut rng);
        *seen.entry(send_broken(address, &bytes)).or_default() += 1;
    }
    seen
}
