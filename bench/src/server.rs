//! The processes under load, and the processor time and memory that they take.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::net::free_port;
use testkit::process::command;

/// Time limit of a server's first answer.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A server under load. If this program started it, it is killed on drop.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Time from the start of the process to its first 200.
    pub(crate) start: Duration,
    child: Option<Child>,
    logs: Option<PathBuf>,
}

impl Server {
    /// Starts web with its log files in `logs`, as in a pod.
    pub(crate) fn web(program: &Path, database_url: &str, logs: &Path) -> Result<Self> {
        fs::create_dir_all(logs)?;
        let mut web = command(program);
        web.env("DATABASE_URL", database_url).env("ADMIN_ADDR", format!("127.0.0.1:{}", free_port())).env("LOG_DIR", logs);
        let mut server = Self::start(&mut web)?;
        server.logs = Some(logs.to_owned());
        Ok(server)
    }

    /// Starts this program as the limit of a page.
    pub(crate) fn limit(page: &str, answer: &Path, database_url: Option<&str>) -> Result<Self> {
        let mut limit = command(std::env::current_exe()?);
        limit.args(["limit", "--page", page, "--answer"]).arg(answer).envs(database_url.map(|url| ("DATABASE_URL", url)));
        Self::start(&mut limit)
    }

    /// A server that runs already; its processor time and memory are unknown.
    pub(crate) fn running(address: SocketAddr) -> Self {
        Self { address, start: Duration::ZERO, child: None, logs: None }
    }

    fn start(command: &mut std::process::Command) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let started = Instant::now();
        let child = command.env("LISTEN_ADDR", address.to_string()).stdout(Stdio::null()).spawn()?;
        let mut server = Self { address, start: Duration::ZERO, child: Some(child), logs: None };
        while !fetch(address, "/").is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200")) {
            if let Some(status) = server.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                anyhow::bail!("{command:?} ended: {status}");
            }
            ensure!(started.elapsed() < TIMEOUT, "{command:?} does not answer");
            std::thread::sleep(Duration::from_micros(500));
        }
        server.start = started.elapsed();
        Ok(server)
    }

    /// Removes the log files so far, as logshipper moves them away: web opens new ones.
    pub(crate) fn remove_logs(&self) {
        let files = self.logs.iter().filter_map(|logs| logs.read_dir().ok()).flatten().flatten();
        for file in files {
            // one that can't be removed stays
            let _ = fs::remove_file(file.path());
        }
    }

    /// User and system time of the process so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = self.read("stat");
        // fields 14 and 15, in USER_HZ, which is 100 on every architecture; the name before them may have any characters
        let fields = stat.rsplit_once(')').unwrap_or_default().1.split_whitespace().skip(11).take(2);
        Duration::from_millis(10) * fields.filter_map(|ticks| ticks.parse::<u32>().ok()).sum()
    }

    /// Resident memory in MiB.
    pub(crate) fn memory_mib(&self) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }

    fn read(&self, file: &str) -> String {
        let read = |child: &Child| fs::read_to_string(format!("/proc/{}/{file}", child.id())).ok();
        self.child.as_ref().and_then(read).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The answer to one GET, head and body.
pub(crate) fn fetch(address: SocketAddr, path: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/html\r\nAccept-Language: en\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
