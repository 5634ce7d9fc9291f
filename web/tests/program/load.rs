//! Clients that ask one thing after another, and remember what they got.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::Web;

/// What a request was answered, and after how long.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    pub took: Duration,
}

/// What a server did for a while.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Answers a second.
    pub rate: f64,
    /// Its time on processors for each of them.
    pub cost: Duration,
}

/// Running clients.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<Answer>>>,
}

impl Load {
    /// So many clients that get `paths` in turn, each on a connection of its own, which stays open where it may.
    pub fn start(web: &Web, clients: usize, paths: &'static [&'static str]) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let clients = (0..clients).map(|n| {
            let (address, stop, answered) = (web.address, Arc::clone(&stop), Arc::clone(&answered));
            thread::spawn(move || {
                let mut answers = Vec::new();
                let mut connection = crate::support::Connection::to(address);
                for path in paths.iter().cycle().skip(n) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let start = Instant::now();
                    connection.send("GET", path);
                    let (head, _) = connection.answer();
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    answers.push(Answer { status, took: start.elapsed() });
                    answered.fetch_add(1, Ordering::Relaxed);
                    if head.contains("connection: close") {
                        connection = crate::support::Connection::to(address);
                    }
                }
                answers
            })
        });
        Self { clients: clients.collect(), stop, answered }
    }

    /// Answers so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Answers a second, from now on for a while.
    pub fn rate(&self, time: Duration) -> f64 {
        let (start, before) = (Instant::now(), self.answered());
        thread::sleep(time);
        let more = u32::try_from(self.answered() - before).unwrap();
        f64::from(more) / start.elapsed().as_secs_f64()
    }

    /// A turn of `time`, from now on.
    pub fn turn(&self, web: &Web, time: Duration) -> Turn {
        let (answered, spent) = (self.answered(), web.processor_time());
        let rate = self.rate(time);
        let answers = u32::try_from(self.answered() - answered).unwrap();
        Turn { rate, cost: web.processor_time().saturating_sub(spent) / answers.max(1) }
    }

    /// Waits for the answers to what was asked, and gives all of them.
    pub fn stop(self) -> Vec<Answer> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().expect("every request is answered")).collect()
    }
}

/// The one in the middle.
pub fn median(of: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = of.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
