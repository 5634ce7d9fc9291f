//! Clients that send a byte a second, in a head or in a body.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::load::Load;
use crate::soak::{MIB, figure};
use testkit::until;

use crate::support::Web;

/// A page that reads no database, and one that does.
pub const PAGES: [&str; 2] = ["/", "/owners/1"];

const HEAD: &str = "GET / HTTP/1.1\r\nHost: web\r\nX-Slow: ";
const BODY: &str = "POST /owners/new HTTP/1.1\r\nHost: web\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 60000\r\n\r\nfirstName=";

/// Slow clients, one half of them in heads and one in bodies.
pub struct Slow {
    stop: Arc<AtomicBool>,
    writer: JoinHandle<Vec<TcpStream>>,
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
            while !stopped.load(Ordering::Relaxed) {
                for mut stream in &streams {
                    // those that were ended have nobody to send to
                    let _ = stream.write(b"x");
                }
                thread::sleep(Duration::from_secs(1));
            }
            streams
        });
        Self { stop, writer }
    }

    /// Ends the sending, and gives the connections.
    pub fn stop(self) -> Vec<TcpStream> {
        self.stop.store(true, Ordering::Relaxed);
        self.writer.join().unwrap()
    }
}

#[test]
fn slow_clients_are_ended_and_others_served_meanwhile() {
    const CLIENTS: usize = 500;
    let web = Web::start(&["--header-timeout", "5s", "--body-timeout", "5s"]);
    let load = Load::start(&web, 4, &PAGES);
    until("answers", || (load.answered() > 200).then_some(()));
    let memory = web.memory();
    let slow = Slow::start(&web, CLIENTS);
    let before = load.answered();
    let reached = |limit: &str| web.metric(&format!("limit_refusals_total{{limit=\"{limit}\"}}")) >= Some(250.0);
    until("the end of the slow ones", || (reached("header_time") && reached("body_time")).then_some(()));
    let grown = web.memory().saturating_sub(memory);
    assert!(load.answered() > before);
    assert!(load.stop().iter().all(|answer| answer.status == 200));
    figure("500 slow clients: memory", format!("{} MiB", grown / MIB), "<= 64 MiB");
    assert!(grown <= 64 * MIB, "{grown} bytes");
    for mut stream in slow.stop() {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    }
}
