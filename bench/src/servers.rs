//! The servers that are measured, each a process of its own, and what they take of the machine.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use testkit::net::free_port;
use testkit::process::command;

use crate::http::request;
use crate::load::fetch;

/// How long a server may take to answer at first.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; ended with the value.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) process: Process,
    /// From the start of the process to its first 200.
    pub(crate) start: Duration,
    child: Child,
    logs: Option<PathBuf>,
}

impl Server {
    /// Starts `web` on a prepared database, with its log streams in `logs` as in a pod.
    ///
    /// # Errors
    /// Where it doesn't answer.
    pub(crate) fn web(programs: &Path, database_url: &str, logs: &Path) -> Result<Self> {
        fs::create_dir_all(logs)?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let admin = format!("127.0.0.1:{}", free_port());
        let mut web = command(programs.join("web"));
        web.env("DATABASE_URL", database_url)
            .env("LISTEN_ADDR", address.to_string())
            .env("ADMIN_ADDR", admin)
            .env("LOG_DIR", logs);
        let mut server = Self::start(&mut web, address)?;
        server.logs = Some(logs.to_owned());
        Ok(server)
    }

    /// Starts this program as a bare hyper server of one answer.
    ///
    /// # Errors
    /// Where it doesn't answer.
    pub(crate) fn bare(answer: &Path) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut bare = command(std::env::current_exe()?);
        bare.arg("--answer").arg(answer).env("LISTEN_ADDR", address.to_string());
        Self::start(&mut bare, address)
    }

    fn start(command: &mut std::process::Command, address: SocketAddr) -> Result<Self> {
        let started = Instant::now();
        let child = command.stdout(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?;
        let process = Process(child.id());
        let mut server = Self { address, process, start: Duration::ZERO, child, logs: None };
        let get = request("/", None);
        while fetch(address, &get).map_or(0, |(answer, _)| answer.status) != 200 {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            if started.elapsed() > PATIENCE {
                bail!("{command:?} doesn't answer");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        server.start = started.elapsed();
        Ok(server)
    }

    /// Removes what it has logged so far, as logshipper would move it away: web opens its files anew.
    pub(crate) fn forget_logs(&self) {
        let files = self.logs.iter().filter_map(|logs| logs.read_dir().ok()).flatten().flatten();
        for file in files {
            // what can't be removed stays
            let _ = fs::remove_file(file.path());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process, looked at from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(pub u32);

impl Process {
    /// This one.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// The process that listens at `address`, where it may be known.
    pub(crate) fn listening(address: SocketAddr) -> Option<Self> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
        let socket = tables.iter().find_map(|table| listening_socket(table, address.port()))?;
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.map(Self).find(|process| {
            let files = fs::read_dir(format!("/proc/{}/fd", process.0)).into_iter().flatten().flatten();
            files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| target.as_os_str() == socket.as_str())
        })
    }

    /// Processor time that it has taken so far, in its programs and in the kernel.
    pub(crate) fn cpu(self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        cpu_time(&stat).unwrap_or_default()
    }

    /// Its resident memory, in bytes.
    pub(crate) fn memory(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() << 10
    }
}

/// `socket:[inode]` of whoever listens at a port, from a table of /proc/net.
fn listening_socket(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, *fields.get(3)?, fields.get(9)?);
        (state == LISTEN && local.ends_with(&format!(":{port:04X}"))).then(|| format!("socket:[{inode}]"))
    })
}

/// User and system time, fields 14 and 15 of /proc/…/stat; the name before them may have any characters.
fn cpu_time(stat: &str) -> Option<Duration> {
    // USER_HZ, in which the kernel tells programs times: 100 on every architecture of today
    const TICK: Duration = Duration::from_millis(10);
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u32 = fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?;
    Some(TICK * ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_user_and_system() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 9 9 20 0 4 0 100 1 1";
        assert_eq!(cpu_time(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_time(""), None);
        assert!(Process::own().memory() > 100 << 10);
    }

    #[test]
    fn a_listener_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(Process::listening(listener.local_addr().unwrap()), Some(Process::own()));
        let table = "  sl  local_address rem_address   st tx_queue\n   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 4242 1\n";
        assert_eq!(listening_socket(table, 8080), Some("socket:[4242]".to_owned()));
        assert_eq!(listening_socket(table, 80), None);
    }
}
