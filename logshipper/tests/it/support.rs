//! A pod's directory of its own for each test, and the programs that work on it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use handoff::{FileName, Form, Segment};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) const POD: &str = "pod-1";
/// Long, since a machine with much else to do is not a defect.
const DEADLINE: Duration = Duration::from_mins(5);

/// Waits until `done` says so.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Does what ends with a daemon's last pass, in logs of its own; again where a busy machine gave that pass too little of its 2 s.
pub(crate) fn in_time<T>(mut attempt: impl FnMut(&Logs) -> T) -> (T, Logs) {
    let start = Instant::now();
    loop {
        let logs = Logs::new();
        let done = attempt(&logs);
        if logs.late() == 0 {
            return (done, logs);
        }
        assert!(start.elapsed() < DEADLINE, "no last pass in its time within {DEADLINE:?}");
    }
}

/// A log root with the directory of one pod.
pub(crate) struct Logs {
    temp: TempDir,
    root: PathBuf,
    /// Keeps a file system of its own.
    _mount: Option<Process>,
}

impl Logs {
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("logs");
        fs::create_dir_all(root.join(POD)).unwrap();
        Self { temp, root, _mount: None }
    }

    /// A root on a file system of this size, in a mount namespace of its own, which is reached through its process.
    pub(crate) fn on_a_small_file_system(size: &str) -> Self {
        let Self { temp, root, .. } = Self::new();
        let mut command = Command::new("unshare");
        // A user other than root becomes root in a user namespace.
        command.args(if rustix::process::geteuid().is_root() { "--mount" } else { "-Urm" }.split(' '));
        let mount = "mount -t tmpfs -o size=$1 tmpfs $2 && touch $3 && exec sleep 1000";
        let mounted = temp.path().join("mounted");
        let mut holder = Process::spawn(command.args(["sh", "-c", mount, "sh", size]).args([&root, &mounted]));
        wait_until("a file system", || {
            assert!(holder.is_running(), "unshare can't mount: root or a user namespace is needed");
            mounted.exists()
        });
        let root = Path::new("/proc").join(holder.0.id().to_string()).join("root").join(root.strip_prefix("/").unwrap());
        fs::create_dir(root.join(POD)).unwrap();
        Self { temp, root, _mount: Some(holder) }
    }

    fn out(&self) -> PathBuf {
        self.temp.path().join("shipper.out")
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn pod(&self) -> PathBuf {
        self.root.join(POD)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.pod().join(name)
    }

    /// The program with this root and pod, and no settings from the environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_for(POD, arguments)
    }

    /// The same for another pod in this root.
    pub(crate) fn command_for(&self, pod: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
        command
            .env_clear()
            .arg("--log-root")
            .arg(self.root())
            .args(["--pod-name", pod, "--admin-addr", "127.0.0.1:0"])
            .args(arguments);
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the daemon; its lines are kept.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        self.start_as(&mut self.command(arguments))
    }

    fn start_as(&self, command: &mut Command) -> Process {
        let lines = File::options().create(true).append(true).open(self.out()).unwrap();
        Process::spawn(command.stdout(lines.try_clone().unwrap()).stderr(lines))
    }

    /// Starts it, and waits until it says so: from then on it ends well on a signal.
    pub(crate) fn started(&self, arguments: &[&str]) -> Process {
        self.started_as(&mut self.command(arguments))
    }

    pub(crate) fn started_as(&self, command: &mut Command) -> Process {
        let starts = || self.lines_of_daemon().matches("\"message\":\"started\"").count();
        let before = starts();
        let daemon = self.start_as(command);
        wait_until("the daemon's start", || starts() > before);
        daemon
    }

    pub(crate) fn lines_of_daemon(&self) -> String {
        fs::read_to_string(self.out()).unwrap_or_default()
    }

    /// Number of daemons that ended before all work was done.
    pub(crate) fn late(&self) -> usize {
        self.lines_of_daemon().lines().filter(|line| line.contains("stopped before all segments were")).count()
    }

    /// Ends a daemon; where it had no time for all, another one goes on.
    pub(crate) fn finish(&self, mut daemon: Process, arguments: &[&str]) {
        loop {
            let late = self.late();
            daemon.stop();
            if self.late() == late {
                return;
            }
            daemon = self.started(arguments);
            self.wait_for_all_compressed();
        }
    }

    /// Response of the admin port of the daemon started last: status and body.
    pub(crate) fn admin(&self, path: &str) -> (u16, String) {
        let mut address = None;
        wait_until("the admin port", || {
            let lines = self.lines_of_daemon();
            let started = lines.lines().rev().find(|line| line.contains("\"admin\":"));
            address = started.and_then(|line| Some(line.split_once("\"admin\":\"")?.1.split_once('"')?.0.to_owned()));
            address.is_some()
        });
        let mut stream = std::net::TcpStream::connect(address.unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: logshipper\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// Starts a process that writes numbered lines.
    pub(crate) fn write_numbered(&self, stream: &str, run: u32, count: u64, long: usize) -> Process {
        let example = Path::new(env!("CARGO_BIN_EXE_logshipper")).with_file_name("examples").join("numbered");
        assert!(example.exists(), "{} is not built: cargo test -p logshipper builds it", example.display());
        let (run, count, long) = (run.to_string(), count.to_string(), long.to_string());
        Process::spawn(Command::new(example).arg(self.pod()).args([stream, &run, &count, &long]))
    }

    /// The number of the last line whose write returned in a run.
    pub(crate) fn acknowledged(&self, run: u32) -> u64 {
        let bytes = fs::read(self.root().join(format!("{POD}.acknowledged.{run}"))).unwrap_or_default();
        bytes.try_into().map_or(0, u64::from_le_bytes)
    }

    /// The paths of all files in the pod's directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut directories = vec![self.pod()];
        while let Some(directory) = directories.pop() {
            for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
                    directories.push(path);
                } else {
                    names.push(path.strip_prefix(self.pod()).unwrap().to_string_lossy().into_owned());
                }
            }
        }
        names.sort();
        names
    }

    pub(crate) fn segments(&self, wanted: Form) -> Vec<Segment> {
        let segments = self.names().into_iter().filter_map(|name| match FileName::parse(&name)? {
            FileName::Segment(segment, form) if form == wanted => Some(segment),
            _ => None,
        });
        let mut segments: Vec<_> = segments.collect();
        segments.sort();
        segments
    }

    /// All bytes of a stream: its compressed segments, then its live file. Nothing else may be there.
    pub(crate) fn read(&self, stream: &str) -> Vec<u8> {
        assert_eq!(self.segments(Form::Plain), [], "plain segments");
        let mut bytes = Vec::new();
        for segment in self.segments(Form::Gz).iter().filter(|segment| segment.stream.as_str() == stream) {
            let file = File::open(self.path(&segment.name(Form::Gz))).unwrap();
            MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        }
        bytes.extend(fs::read(self.path(&format!("{stream}.log"))).unwrap_or_default());
        bytes
    }

    /// Waits until nothing is left to compress.
    pub(crate) fn wait_for_all_compressed(&self) {
        wait_until("all segments compressed", || self.segments(Form::Plain).is_empty());
    }
}

/// A process that is killed when the test ends.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.0), signal);
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        wait_until("process ends", || !self.is_running());
        self.0.wait().unwrap()
    }

    /// Asks the daemon for its end and expects a good one.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        assert!(self.wait().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
