//! A running `web` on a prepared SQLite database in a directory of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_mins(1);

pub struct Web {
    child: Child,
    pub address: SocketAddr,
    directory: tempfile::TempDir,
}

impl Web {
    /// Starts it with further settings; `ready` once it listens.
    pub fn start(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
        Self::start_prepared(&url, directory, settings)
    }

    /// Starts it on a database that gets its schema and seed first.
    pub fn start_prepared(url: &str, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        let mut connection = dbinit::database::connect(&url.parse().unwrap()).unwrap();
        dbinit::apply::migrate(&mut connection, PATIENCE).unwrap();
        dbinit::apply::seed(&mut connection, PATIENCE).unwrap();
        Self::start_on(url, directory, settings)
    }

    /// Starts it on any database.
    pub fn start_on(url: &str, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        Self::start_program(env!("CARGO_BIN_EXE_web").as_ref(), url, directory, settings)
    }

    /// Starts this or another version of it.
    pub fn start_program(program: &Path, url: &str, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        let logs = directory.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let mut child = Command::new(program)
            .args(["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .arg("--log-dir")
            .arg(&logs)
            .args(settings)
            .env("DATABASE_URL", url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines.find(|line| line.contains("\"listening\"")).expect("web says that it listens");
        let listening: serde_json::Value = serde_json::from_str(&listening).unwrap();
        thread::spawn(move || lines.for_each(|line| println!("{line}")));
        let address = listening["address"].as_str().unwrap().parse().unwrap();
        Self { child, address, directory }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A connection on which requests are written and answers read byte by byte.
    pub fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection(stream)
    }

    pub fn log(&self, stream: &str) -> PathBuf {
        self.directory.path().join("logs").join(format!("{stream}.log"))
    }

    /// The lines of a live file as JSON.
    pub fn lines(&self, stream: &str) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.log(stream)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        eventually("the end of web", || self.child.try_wait().unwrap())
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Connection(TcpStream);

impl Connection {
    pub fn send(&mut self, method: &str, path: &str) {
        write!(self.0, "{method} {path} HTTP/1.1\r\nHost: web\r\n\r\n").unwrap();
    }

    /// One answer's head, in lower case, and its body.
    pub fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length =
            head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()).map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    /// Whether the server closes the connection, sending nothing more.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

/// Looks until something is seen, for at most a minute.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: not seen in {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
