//! Clients that send a byte a second, in a head or in a body.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::soak::{MIB, measurement};
use testkit::load::{Load, RunConfig};
use testkit::until;

use crate::support::Web;

/// A page that reads no database, and one that does.
pub const PAGES: [&str; 2] = ["/", "/owners/1"];

/// Parts of a second in each of which some of them send.
const SLOTS: usize = 50;
const SLOT: Duration = Duration::from_millis(20);

const HEAD: &str = "GET / HTTP/1.1\r\nHost: web\r\nX-Slow: ";
const BODY: &str = "POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 60000\r\n\r\nfirstName=";

/// Slow clients, one half of them in heads and one in bodies. One thread sends for all: it costs next to nothing, and says what.
pub struct Slow {
    stop: Arc<AtomicBool>,
    writer: JoinHandle<Spent>,
}

/// What slow clients were.
pub struct Spent {
    pub streams: Vec<TcpStream>,
    /// Of a processor, what they took.
    pub share: f64,
}

impl Slow {
    pub fn start(web: &Web, clients: usize) -> Self {
        // each is a descriptor of this process
        crate::support::raise_open_files();
        let streams: Vec<_> = (0..clients)
            .map(|n| {
                let mut stream = TcpStream::connect(web.address).unwrap();
                stream.write_all(if n % 2 == 0 { HEAD } else { BODY }.as_bytes()).unwrap();
                stream
            })
            .collect();
        let stop = Arc::<AtomicBool>::default();
        let stopped = Arc::clone(&stop);
        let writer = thread::spawn(move || {
            let (start, before) = (Instant::now(), time_of_this_thread());
            for slot in (0..SLOTS).cycle() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                for mut stream in streams.iter().skip(slot).step_by(SLOTS) {
                    // those that were ended have nobody to send to
                    let _ = stream.write(b"x");
                }
                thread::sleep(SLOT);
            }
            let spent = time_of_this_thread().saturating_sub(before);
            Spent { share: spent.as_secs_f64() / start.elapsed().as_secs_f64(), streams }
        });
        Self { stop, writer }
    }

    /// Ends the sending.
    pub fn stop(self) -> Spent {
        self.stop.store(true, Ordering::Relaxed);
        self.writer.join().unwrap()
    }
}

/// On a processor so far.
fn time_of_this_thread() -> Duration {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(schedule.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn slow_clients_are_ended_and_others_served_meanwhile() {
    const CLIENTS: usize = 500;
    let web = Web::start(&["--header-timeout", "5s", "--body-timeout", "5s"]);
    let load = Load::start(RunConfig::closed_loop(web.address, 4, &PAGES));
    until("answers", || (load.answered() > 200).then_some(()));
    let memory = web.memory();
    let slow = Slow::start(&web, CLIENTS);
    let before = load.answered();
    let reached = |limit: &str| web.metric(&format!("limit_refusals_total{{limit=\"{limit}\"}}")) >= Some(250.0);
    until("the end of the slow ones", || (reached("header_time") && reached("body_time")).then_some(()));
    let grown = web.memory().saturating_sub(memory);
    assert!(load.answered() > before);
    assert!(load.stop().failures().is_empty());
    measurement("500 slow clients: memory", format!("{} MiB", grown / MIB), "<= 64 MiB");
    assert!(grown <= 64 * MIB, "{grown} bytes");
    for mut stream in slow.stop().streams {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    }
}

/// A client in the middle of a head that sends byte by byte, until the server has enough of it.
fn trickle(mut stream: TcpStream) {
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    stream.write_all(HEAD.as_bytes()).unwrap();
    until("the end of a client that trickles a head", || {
        let _ = stream.write(b"x");
        match stream.read(&mut [0]) {
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => None,
            Ok(1..) => panic!("an answer"),
            Ok(0) | Err(_) => Some(()),
        }
    });
}

/// A connection that has carried a request.
fn used(web: &Web) -> TcpStream {
    let mut stream = TcpStream::connect(web.address).unwrap();
    get(&mut stream);
    stream
}

fn get(stream: &mut TcpStream) {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: web\r\n\r\n").unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", answer[..length].escape_ascii());
}

#[test]
fn a_head_has_its_time_from_its_first_byte_however_long_the_connection_was_idle() {
    let web = Web::start(&["--header-timeout", "300ms", "--idle-timeout", "1h"]);
    let mut idle = [TcpStream::connect(web.address).unwrap(), used(&web)];
    trickle(TcpStream::connect(web.address).unwrap());
    trickle(used(&web));
    until("both counted", || (web.metric("limit_refusals_total{limit=\"header_time\"}") == Some(2.0)).then_some(()));
    // idle for longer than a head may take: that was none
    idle.iter_mut().for_each(get);
    let [first, second] = idle;
    trickle(first);
    trickle(second);
}

#[test]
fn a_connection_may_be_idle_for_its_time_before_a_request_and_between_two() {
    let web = Web::start(&["--header-timeout", "1h", "--idle-timeout", "300ms"]);
    for mut idle in [TcpStream::connect(web.address).unwrap(), used(&web)] {
        idle.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    }
    assert_eq!(web.metric("limit_refusals_total{limit=\"header_time\"}"), None, "that is no refusal");
}
