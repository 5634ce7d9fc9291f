//! The long forms, run by `./dev soak`, which makes a table of their figures. Their bounds are times and rates, on a machine
//! that does nothing else.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::load::Load;
use crate::outage::{MOST_LINES, OUTAGES, print, suffer};
use crate::slow::{PAGES, Slow};
use testkit::until;

use crate::support::Web;

pub const MIB: usize = 1 << 20;

/// Prints a line of the table.
pub fn figure(what: &str, is: impl std::fmt::Display, wanted: &str) {
    println!("figure| {what}| {is}| {wanted}");
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

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn five_thousand_slow_clients_for_a_minute() {
    const CLIENTS: usize = 5000;
    let web = Web::start(&["--connections-per-peer", "10000", "--header-timeout", "5m", "--body-timeout", "5m"]);
    let load = Load::start(&web, 4, &PAGES);
    until("answers", || (load.answered() > 2000).then_some(()));
    let before = load.rate(Duration::from_secs(20));
    let memory = web.memory();
    let slow = Slow::start(&web, CLIENTS);
    until("the slow clients", || (web.metric("http_connections") >= Some(5000.0)).then_some(()));
    let meanwhile = load.rate(Duration::from_mins(1));
    let grown = web.memory().saturating_sub(memory);
    assert!(web.metric("http_connections") >= Some(5000.0), "all of them were there to the end");
    drop(slow.stop());
    until("the end of the slow clients", || (web.metric("http_connections") < Some(100.0)).then_some(()));
    let usual = f64::midpoint(before, load.rate(Duration::from_secs(20)));
    assert!(load.stop().iter().all(|answer| answer.status == 200));
    let share = meanwhile / usual;
    figure("5000 slow clients: others, requests a second", format!("{meanwhile:.0} of {usual:.0} ({share:.2})"), ">= 0.90");
    figure("5000 slow clients: memory", format!("{} MiB more", grown / MIB), "<= 64 MiB");
    assert!(share >= 0.9 && grown <= 64 * MIB);
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn logging_to_files_costs_little() {
    const ROUNDS: usize = 9;
    let files = Web::start_with_volume(Some(1 << 30), &[]);
    let none = Web::start_with_volume(None, &[]);
    let mut dear = Vec::new();
    for (what, pages, least) in
        [("pages that read the database", &["/owners/1", "/owners?lastName="][..], 0.9), ("/", &["/"][..], 0.8)]
    {
        let rate = |web: &Web| {
            let load = Load::start(web, 4, pages);
            until("answers", || (load.answered() > 200).then_some(()));
            let rate = load.rate(Duration::from_secs(4));
            load.stop();
            rate
        };
        // one after the other, again and again: what else the machine does hits both
        let mut ratios: Vec<f64> = (0..ROUNDS).map(|_| rate(&files) / rate(&none)).collect();
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ROUNDS / 2];
        let spread = format!("{median:.2} ({:.2} to {:.2})", ratios[0], ratios[ROUNDS - 1]);
        figure(&format!("rate with log files, of that without: {what}"), spread, &format!(">= {least:.2}"));
        if median < least {
            dear.push(what);
        }
    }
    assert!(dear.is_empty(), "logging costs too much on {dear:?}");
}

#[test]
#[ignore = "needs root and a loop device: ./dev soak"]
fn a_log_volume_that_hangs_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let volume = Volume::mount(directory.path().join("logs"));
    let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
    let mut web = Web::start_prepared(&url, directory, &[]);
    let load = Load::start(&web, 4, &PAGES);
    until("answers", || (load.answered() > 2000).then_some(()));
    let usual = load.rate(Duration::from_secs(5));
    volume.freeze(true);
    let meanwhile = load.rate(Duration::from_secs(5));
    let alive = (0..10).filter(|_| testkit::http::get(web.url("/livez")).status() == 200).count();
    let dropped = web.metric(r#"log_lines_dropped_total{output="access"}"#).unwrap();
    volume.freeze(false);
    until("lines again", || {
        let before = std::fs::metadata(web.log("access")).unwrap().len();
        testkit::http::get(web.url("/livez"));
        (std::fs::metadata(web.log("access")).unwrap().len() > before).then_some(())
    });
    assert!(load.stop().iter().all(|answer| answer.status == 200));
    let share = meanwhile / usual;
    figure("log volume hangs: requests a second", format!("{meanwhile:.0} of {usual:.0} ({share:.2})"), ">= 0.50");
    figure("log volume hangs: lines dropped and counted", dropped, "> 0");
    assert!(share >= 0.5 && alive == 10 && dropped > 0.0);
    // In this order: who writes to it, the volume, its directory.
    web.signal(Signal::KILL);
    web.wait();
    drop(volume);
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
        // Frozen or not, and whoever still writes to it.
        let ended = "fsfreeze --unfreeze $0 2>/dev/null; umount --lazy $0";
        let _ = Command::new("sh").args(["-c", ended]).arg(&self.0).status();
    }
}
