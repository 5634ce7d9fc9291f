//! The requests of spring-petclinic's load test (`src/test/jmeter/petclinic_test_plan.jmx`): each user reads, edits an owner, and
//! adds a pet and a visit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::Client;

use crate::soak::measurement;
use crate::support::Web;

/// The plan's requests. `{n}` counts from 1 to 3, as its counters do; the assets are ours.
const PLAN: [(&str, &[(&str, &str)]); 14] = [
    ("/", &[]),
    ("/resources/style.css", &[]),
    ("/resources/search.js", &[]),
    ("/vets.html", &[]),
    ("/owners/find", &[]),
    ("/owners?lastName=", &[]),
    ("/owners/{n}", &[]),
    ("/owners/{n}/edit", &[]),
    (
        "/owners/{n}/edit",
        &[
            ("firstName", "Test"),
            ("lastName", "{n}"),
            ("address", "1234 Test St."),
            ("city", "TestCity"),
            ("telephone", "612345678"),
        ],
    ),
    ("/owners/{n}/pets/new", &[]),
    ("/owners/{n}/pets/new", &[("name", "Test Fluffy {n}"), ("birthDate", "2020-12-20"), ("type", "cat")]),
    ("/owners/{n}/pets/{n}/visits/new", &[]),
    ("/owners/{n}/pets/{n}/visits/new", &[("date", "2013-02-22"), ("description", "visit")]),
    ("/owners/{n}", &[]),
];

/// Sends one request of the plan; returns its status and its time.
fn send(client: &Client, web: &Web, (path, form): (&str, &[(&str, &str)]), n: &str) -> (u16, Duration) {
    let url = web.url(&path.replace("{n}", n));
    let fields: Vec<_> = form.iter().map(|(name, value)| (name, value.replace("{n}", n))).collect();
    let request = if form.is_empty() { client.get(url) } else { client.post(url).form(&fields) };
    let start = Instant::now();
    let status = request.send().unwrap().status().as_u16();
    (status, start.elapsed())
}

fn replay(users: usize, loops: usize) {
    let (web, count) = (Web::start(&[]), AtomicUsize::new(0));
    let user = || {
        let client = testkit::http::client();
        let mut times = Vec::new();
        for _ in 0..loops {
            let n = (count.fetch_add(1, Ordering::Relaxed) % 3 + 1).to_string();
            for step in PLAN {
                let (status, took) = send(&client, &web, step, &n);
                // the form of a pet or visit comes back with 200 where it is not saved
                assert!([200, 302].contains(&status), "{status}: {}", step.0);
                times.push(took);
            }
        }
        times
    };
    let times: Vec<_> = thread::scope(|scope| {
        let users: Vec<_> = (0..users).map(|_| scope.spawn(user)).collect();
        users.into_iter().map(|user| user.join().unwrap()).collect()
    });
    let mean = |part: fn(&[Duration]) -> &[Duration]| {
        let taken: Vec<_> = times.iter().flat_map(|times| part(times)).collect();
        taken.iter().map(|took| took.as_secs_f64()).sum::<f64>() / f64::from(u32::try_from(taken.len()).unwrap())
    };
    let ratio = mean(|times| &times[times.len() * 3 / 4..]) / mean(|times| &times[..times.len() / 4]);
    measurement(
        &format!("{users} users of the JMeter plan: last quarter compared with the first"),
        format!("{ratio:.2}"),
        "<= 1.2",
    );
}

#[test]
fn jmeter_plan_is_answered_without_errors() {
    replay(10, 4);
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn jmeter_plan_of_500_users_is_answered() {
    replay(500, 10);
}
