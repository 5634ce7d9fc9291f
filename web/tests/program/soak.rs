//! The long forms, run by `./dev soak`, which makes a table of their figures. Their bounds are times and rates, on a machine
//! that does nothing else.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::outage::{MOST_LINES, OUTAGES, print, suffer};
use crate::slow::{PAGES, Slow};
use testkit::load::{Load, RunConfig};
use testkit::until;

use crate::support::{Connection, Web};

/// Rate and cost of a server under load.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Answers per second.
    rate: f64,
    /// Processor time per answer.
    cost: Duration,
}

impl Turn {
    /// Measures for `time` from now on.
    fn measure(load: &Load, web: &Web, time: Duration) -> Self {
        let (answered, spent) = (load.answered(), web.processor_time());
        let rate = load.rate(time);
        let answers = u32::try_from(load.answered() - answered).unwrap();
        Self { rate, cost: web.processor_time().saturating_sub(spent) / answers.max(1) }
    }
}

fn median(of: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = of.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub const MIB: usize = 1 << 20;

/// Prints a line of the table.
pub fn measurement(what: &str, is: impl std::fmt::Display, wanted: &str) {
    println!("measurement| {what}| {is}| {wanted}");
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn outages_under_load() {
    let mut missed = Vec::new();
    for outage in &OUTAGES {
        let report = suffer(outage, Duration::from_secs(20));
        let slowest = print(outage, &report);
        if slowest > Duration::from_secs(2) || report.back_after > Duration::from_secs(5) || report.lines > MOST_LINES {
            missed.push(outage.name);
        }
    }
    assert!(missed.is_empty(), "not within their bounds: {missed:?}");
}

/// The others without slow clients, and with them.
struct Round {
    usual: [Turn; 2],
    during: Turn,
    /// Bytes of memory that the slow clients took.
    grown: usize,
    /// Share of a processor that they took.
    share: f64,
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn five_thousand_slow_clients_for_a_minute() {
    const CLIENTS: u32 = 5000;
    const TURN: Duration = Duration::from_secs(3);
    let web = Web::start(&["--max-body-bytes-in-flight", "1073741824", "--idle-timeout", "5m", "--body-timeout", "5m"]);
    let load = Load::start(RunConfig::closed_loop(web.address, 4, &PAGES));
    until("answers", || (load.answered() > 2000).then_some(()));
    // again and again before, with and after them: what else the machine does hits all three
    let rounds = [4, 4, 4, 4, 4, 4, 20].map(|turns| {
        let (before, memory) = (Turn::measure(&load, &web, TURN), web.memory());
        let slow = Slow::start(&web, CLIENTS as usize);
        let all = || web.metric("petclinic_http_connections") >= Some(f64::from(CLIENTS));
        until("the slow clients", || all().then_some(()));
        let during = Turn::measure(&load, &web, TURN * turns);
        let grown = web.memory().saturating_sub(memory);
        assert!(all(), "all of them were there to the end");
        let share = slow.stop().share;
        until("the end of the slow clients", || (web.metric("petclinic_http_connections") < Some(100.0)).then_some(()));
        Round { usual: [before, Turn::measure(&load, &web, TURN)], during, grown, share }
    });
    assert!(load.stop().failures().is_empty());
    let usual = |of: fn(&Turn) -> f64| median(rounds.iter().flat_map(|round| &round.usual).map(of));
    let with = |of: fn(&Turn) -> f64| median(rounds.iter().map(|round| of(&round.during)));
    let rate = |turn: &Turn| turn.rate;
    let cost = |turn: &Turn| turn.cost.as_secs_f64() * 1e6;
    let kept = rounds.iter().map(|round| 2.0 * round.during.rate / (round.usual[0].rate + round.usual[1].rate));
    let (kept, worst) = (median(kept.clone()), kept.fold(f64::MAX, f64::min));
    let (share, grown) = (median(rounds.iter().map(|round| round.share)), rounds.iter().map(|round| round.grown).max().unwrap());
    let of = |what: &str| format!("5000 slow clients: {what}");
    measurement(
        &of("others, requests per second"),
        format!("{:.0} of {:.0} ({kept:.2}; in the worst round {worst:.2})", with(rate), usual(rate)),
        ">= 0.90",
    );
    measurement(
        &of("web's processor time, all in all, a request of the others"),
        format!("{:.0} µs of {:.0} µs", with(cost), usual(cost)),
        "-",
    );
    measurement(&of("processor time that they take themselves"), format!("{:.1} % of one", share * 100.0), "-");
    measurement(&of("memory"), format!("{} MiB more", grown / MIB), "<= 200 MiB");

    // Their cost without other clients.
    let slow = Slow::start(&web, CLIENTS as usize);
    until("the slow clients", || (web.metric("petclinic_http_connections") >= Some(f64::from(CLIENTS))).then_some(()));
    let (start, before) = (Instant::now(), web.processor_time());
    thread::sleep(Duration::from_secs(10));
    let spent = web.processor_time().saturating_sub(before).as_secs_f64() / start.elapsed().as_secs_f64();
    drop(slow.stop());
    measurement(&of("web's processor time, no other clients"), format!("{:.1} % of one", spent * 100.0), "-");
    assert!(kept >= 0.9 && grown <= 200 * MIB);
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn logging_to_files_costs_little() {
    const ROUNDS: usize = 15;
    const TURN: Duration = Duration::from_millis(1500);
    let files = Web::start_with_volume(Some(1 << 30), &[]);
    let none = Web::start_with_volume(None, &[]);
    let mut dear = Vec::new();
    for (what, pages, least) in
        [("pages that read the database", &["/owners/1", "/owners?lastName="][..], 0.9), ("/", &["/"][..], 0.8)]
    {
        let turn = |web: &Web| {
            let load = Load::start(RunConfig::closed_loop(web.address, 4, pages));
            until("answers", || (load.answered() > 200).then_some(()));
            let turn = Turn::measure(&load, web, TURN);
            load.stop();
            turn
        };
        // A B B A, again and again: what else the machine does hits both
        let rounds: Vec<_> = (0..ROUNDS).map(|_| [turn(&files), turn(&none), turn(&none), turn(&files)]).collect();
        let rate = |[a, b, c, d]: &[Turn; 4]| (a.rate + d.rate) / (b.rate + c.rate);
        let cost = |[a, b, c, d]: &[Turn; 4]| (a.cost + d.cost).as_secs_f64() / (b.cost + c.cost).as_secs_f64();
        let (of_rate, of_cost) = (median(rounds.iter().map(rate)), median(rounds.iter().map(cost)));
        let micros = median(rounds.iter().map(|[a, ..]| a.cost.as_secs_f64() * 1e6));
        measurement(&format!("rate with log files, of that without: {what}"), format!("{of_rate:.2}"), &format!(">= {least:.2}"));
        let spent = format!("{of_cost:.2} ({micros:.0} µs)");
        measurement(&format!("processor time a request with log files, of that without: {what}"), spent, "-");
        if of_rate < least {
            dear.push(what);
        }
    }
    assert!(dear.is_empty(), "logging costs too much on {dear:?}");
}

/// A client that asks for an error, and has no answer yet.
fn failing(web: &Web) -> Connection {
    let mut client = web.connect();
    client.send("GET", "/oups");
    client
}

#[test]
#[ignore = "needs root and a loop device: ./dev soak"]
fn hung_log_volume_blocks_no_request() {
    let directory = tempfile::tempdir().unwrap();
    let volume = Volume::mount(directory.path().join("logs"));
    let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
    let mut web = Web::start_prepared(&url, directory, &[]);
    let load = Load::start(RunConfig::closed_loop(web.address, 4, &PAGES));
    until("answers", || (load.answered() > 2000).then_some(()));
    let usual = load.rate(Duration::from_secs(5));
    volume.freeze(true);
    // lines of every stream: those of the load are in two
    let failed: Vec<_> = (0..4).map(|_| failing(&web)).collect();
    let during = load.rate(Duration::from_secs(5));
    let alive = (0..10).filter(|_| testkit::http::get(web.url("/livez")).status() == 200).count();
    let dropped = web.metric(r#"petclinic_log_lines_dropped_total{output="access"}"#).unwrap();
    volume.freeze(false);
    for mut client in failed {
        assert!(client.answer().0.starts_with("http/1.1 500"));
    }
    until("lines again", || {
        let before = std::fs::metadata(web.log("access")).unwrap().len();
        testkit::http::get(web.url("/livez"));
        (std::fs::metadata(web.log("access")).unwrap().len() > before).then_some(())
    });
    assert!(load.stop().failures().is_empty());
    let share = during / usual;
    measurement("log volume hangs: requests per second", format!("{during:.0} of {usual:.0} ({share:.2})"), ">= 0.50");
    measurement("log volume hangs: lines dropped and counted", dropped, "> 0");
    assert!(share >= 0.5 && alive == 10 && dropped > 0.0);
    // In this order: who writes to it, the volume, its directory.
    web.signal(Signal::KILL);
    web.wait();
    drop(volume);
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn slow_log_volume_blocks_no_request() {
    const TURN: Duration = Duration::from_secs(5);
    // both under the same tracer, which costs every system call something
    let [slow, usual] = [Duration::from_millis(30), Duration::from_micros(1)].map(|each| Web::start_with_slow_volume(each, &[]));
    let dropped = || slow.metric(r#"petclinic_log_lines_dropped_total{output="access"}"#);
    let rate = |web: &Web| {
        let load = Load::start(RunConfig::closed_loop(web.address, 4, &PAGES));
        until("answers", || (load.answered() > 200).then_some(()));
        let rate = load.rate(TURN);
        assert!(load.stop().failures().is_empty());
        rate
    };
    let rounds: Vec<_> = (0..3).map(|_| (rate(&slow), rate(&usual))).collect();
    let [during, before] = [median(rounds.iter().map(|round| round.0)), median(rounds.iter().map(|round| round.1))];
    let share = median(rounds.iter().map(|(slow, usual)| slow / usual));
    let of = |what: &str| format!("log volume that takes 30 ms a write: {what}");
    measurement(&of("requests per second"), format!("{during:.0} of {before:.0} ({share:.2})"), ">= 0.50");
    measurement(&of("lines dropped and counted"), dropped().unwrap_or(0.0), "> 0");
    assert!(share >= 0.5 && dropped() > Some(0.0));
}

/// A file system of its own.
struct Volume(PathBuf);

impl Volume {
    fn mount(at: PathBuf) -> Self {
        let volume = Self(at);
        volume.sh("truncate -s 256M $0.image && mkfs.ext4 -q $0.image && mkdir $0 && mount -o loop $0.image $0");
        volume
    }

    /// Lets what writes to it wait, or go on.
    fn freeze(&self, frozen: bool) {
        self.sh(if frozen { "fsfreeze --freeze $0" } else { "fsfreeze --unfreeze $0" });
    }

    fn sh(&self, commands: &str) {
        let status = Command::new("sh").args(["-c", commands]).arg(&self.0).status().unwrap();
        assert!(status.success(), "{commands}");
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Frozen or not, and even with a writer left.
        let ended = "fsfreeze --unfreeze $0 2>/dev/null; umount --lazy $0";
        let _ = Command::new("sh").args(["-c", ended]).arg(&self.0).status();
    }
}
