//! Clients that send a byte a second, in a head or in a body.

use std::fs;
use std::io::{Read, Write};
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

/// Totals of the slow clients.
pub struct Spent {
    pub streams: Vec<TcpStream>,
    /// Share of a processor that they took.
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
                    // those that were closed have no peer
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
fn slow_clients_are_closed_and_others_served() {
    const CLIENTS: usize = 500;
    let web = Web::start(&["--idle-timeout", "5s", "--body-timeout", "5s"]);
    let load = Load::start(RunConfig::closed_loop(web.address, 4, &PAGES));
    until("answers", || (load.answered() > 200).then_some(()));
    let memory = web.memory();
    let slow = Slow::start(&web, CLIENTS);
    let before = load.answered();
    let body_time = || web.metric("petclinic_requests_rejected_total{reason=\"body_time\"}") >= Some(250.0);
    let open = || web.metric("petclinic_http_connections").unwrap();
    until("the end of the slow ones", || (body_time() && open() < 20.0).then_some(()));
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

/// A connection that has carried a request.
fn used(web: &Web) -> TcpStream {
    let mut stream = TcpStream::connect(web.address).unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: web\r\n\r\n").unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", answer[..length].escape_ascii());
    stream
}

#[test]
fn silent_idle_and_half_head_connections_are_closed() {
    let web = Web::start(&["--idle-timeout", "300ms"]);
    let [silent, mut half_head, idle] = [TcpStream::connect(web.address).unwrap(), used(&web), used(&web)];
    half_head.write_all(HEAD.as_bytes()).unwrap();
    for mut stream in [silent, half_head, idle] {
        stream.set_read_timeout(Some(testkit::DEADLINE)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn half_closed_client_gets_its_answer() {
    let web = Web::start(&[]);
    for request in [
        "GET /owners/1 HTTP/1.1\r\nHost: web\r\n\r\n",
        "POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Length: 11\r\n\r\nfirstName=x",
    ] {
        let mut stream = TcpStream::connect(web.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("</html>\n"), "{answer}");
    }
}
