//! A client that takes nothing for granted: each answer belongs to its request, and has nothing in it that it shouldn't.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use testkit::DEADLINE;

use super::request::{MARKS, Request};

pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends all of the requests, then reads their answers: their statuses, fewer where the server closes the connection.
    pub fn exchange(&mut self, batch: &[Request]) -> Vec<u16> {
        let bytes: Vec<u8> = batch.iter().flat_map(|request| request.bytes.clone()).collect();
        // The server may have closed it after an answer that is still to be read.
        let _ = self.0.get_mut().write_all(&bytes);
        let mut statuses = Vec::new();
        for request in batch {
            let Some(answer) = Answer::read(&mut self.0, request.method == "HEAD") else { break };
            answer.check(request);
            statuses.push(answer.status);
            if answer.header("connection") == Some("close") {
                break;
            }
        }
        if statuses.is_empty() {
            // ended without a word: that is an answer to the first one
            statuses.push(0);
        }
        statuses
    }
}

/// Sends bytes that may be no request, and nothing more. Gives the first answer's status, 0 without one.
pub fn send_broken(address: SocketAddr, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut reader = BufReader::new(stream);
    let mut first = 0;
    while let Some(answer) = Answer::read(&mut reader, bytes.starts_with(b"HEAD")) {
        answer.check_alone(bytes);
        if first == 0 {
            first = answer.status;
        }
    }
    first
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// The next answer, or none where the connection ends first.
    fn read(reader: &mut BufReader<TcpStream>, headless: bool) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match reader.read_until(b'\n', &mut head) {
                Ok(1..) => {}
                Ok(0) => return None,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
        let head = String::from_utf8(head).expect("a head of plain text").to_lowercase();
        let status = head.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {head:?}"));
        let mut answer = Self { status, head, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !headless && status != 204 && status != 304 {
            answer.body = vec![0; length];
            reader.read_exact(&mut answer.body).ok()?;
            if answer.header("content-encoding") == Some("gzip") {
                let compressed = std::mem::take(&mut answer.body);
                flate2::read::GzDecoder::new(&*compressed).read_to_end(&mut answer.body).unwrap();
            }
        }
        Some(answer)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn check(&self, request: &Request) {
        self.check_alone(&request.bytes);
        // hyper's own answers to what it can't read have no id
        if let Some(id) = self.header("x-request-id") {
            assert_eq!(id, request.id, "the answer of another request to {}", request.bytes.escape_ascii());
        }
    }

    fn check_alone(&self, request: &[u8]) {
        let shown = || format!("{}\n{}{}", request.escape_ascii(), self.head, String::from_utf8_lossy(&self.body));
        assert!((200..500).contains(&self.status), "{}", shown());
        let kind = self.header("content-type").unwrap_or_default();
        if kind.starts_with("text/html") {
            let page = String::from_utf8(self.body.clone()).unwrap_or_else(|_| panic!("not UTF-8: {}", shown()));
            assert!(MARKS.iter().all(|mark| !page.contains(mark)), "{}", shown());
        } else if kind.contains("json") && !self.body.is_empty() {
            assert!(serde_json::from_slice::<serde_json::Value>(&self.body).is_ok(), "{}", shown());
        }
        assert!(!self.head.lines().any(|line| line.starts_with("zq")), "a header of the client's: {}", shown());
    }
}
