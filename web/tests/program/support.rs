//! A running `web` on a prepared SQLite database in a directory of its own.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{fs, thread};

use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use testkit::process::command;
use testkit::{DEADLINE, until};

const WEB: &str = env!("CARGO_BIN_EXE_web");

pub struct Web {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    /// Its first lines up to the one that says that it listens, as far as they were read.
    pub first_lines: Vec<serde_json::Value>,
    directory: tempfile::TempDir,
}

impl Web {
    /// Starts it with further settings; `ready` once it listens.
    pub fn start(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = prepared(&directory);
        Self::start_on(&url, directory, settings)
    }

    /// Starts it on a database that gets its schema and seed first.
    pub fn start_prepared(url: &str, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        prepare(url);
        Self::start_on(url, directory, settings)
    }

    /// Starts it on any database.
    pub fn start_on(url: &str, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        Self::start_command(&mut logging_to(&directory, settings), url, directory)
    }

    /// Starts it without log files, or with them in a volume of their own of so many bytes. As [`Web::start`] otherwise.
    pub fn start_with_volume(bytes: Option<u32>, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = prepared(&directory);
        let mut command = match bytes {
            None => command(WEB),
            Some(bytes) => {
                let logs = directory.path().join("logs");
                fs::create_dir(&logs).unwrap();
                let mut command = command("unshare");
                let mount = format!("mount -t tmpfs -o size={bytes} logs \"$1\" && exec \"$0\" --log-dir \"$@\"");
                command.args(["--map-root-user", "--mount", "sh", "-c", &mount, WEB]).arg(logs);
                command
            }
        };
        Self::start_command(command.args(settings), &url, directory)
    }

    /// Starts it on a database with so many bytes of memory, beyond which an allocation ends it.
    pub fn start_with_memory(bytes: usize, url: &str, directory: tempfile::TempDir) -> Self {
        Self::start_command(command("prlimit").arg(format!("--data={bytes}")).arg(WEB), url, directory)
    }

    /// Starts it with its SQLite database in a volume of its own of so many bytes, and returns the path of that volume.
    pub fn start_on_small_volume(bytes: u32, settings: &[&str]) -> (Self, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        prepared(&directory);
        let volume = directory.path().join("volume");
        fs::create_dir(&volume).unwrap();
        let url = format!("sqlite:{}", volume.join("petclinic.db").display());
        let logs = directory.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let mut command = command("unshare");
        let mount = format!(
            "mount -t tmpfs -o size={bytes} data \"$1\" && cp \"$1\"/../petclinic.db \"$1\" && shift && exec \"$0\" --log-dir \"$@\""
        );
        command.args(["--map-root-user", "--mount", "sh", "-c", &mount, WEB]).args([&volume, &logs]).args(settings);
        let web = Self::start_command(&mut command, &url, directory);
        let volume = web.its_own(&volume);
        (web, volume)
    }

    /// Starts it on any database as an account that is bound by the permissions of files.
    pub fn start_unprivileged(url: &str, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        const ACCOUNT: u32 = 65534;
        let [web, logs] = ["web", "logs"].map(|name| directory.path().join(name));
        fs::create_dir(&logs).unwrap();
        // the build's own directory may be closed to that account
        fs::copy(WEB, &web).unwrap();
        let mut command = command("setpriv");
        if rustix::process::geteuid().is_root() {
            for path in [directory.path(), &logs, &directory.path().join("petclinic.db")] {
                std::os::unix::fs::chown(path, Some(ACCOUNT), Some(ACCOUNT)).unwrap();
            }
            let id = ACCOUNT.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
        }
        Self::start_command(command.arg(web).arg("--log-dir").arg(logs).args(settings), url, directory)
    }

    /// Starts it with log files for each write to which the system takes so long, until [`Web::end_slowness`].
    pub fn start_with_slow_volume(each: Duration, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = prepared(&directory);
        let logs = directory.path().join("logs");
        let mut command = command("strace");
        let slow = format!("--inject=writev:delay_enter={}", each.as_micros());
        command.args(["--daemonize", "--follow-forks", "--output=/dev/null", "--trace=writev", &slow]);
        for stream in ["access", "app_db", "err"] {
            command.arg("--trace-path").arg(logs.join(stream).with_extension("log"));
        }
        fs::create_dir(&logs).unwrap();
        Self::start_command(command.arg(WEB).arg("--log-dir").arg(logs).args(settings), &url, directory)
    }

    /// Its log volume is as fast as others from now on.
    pub fn end_slowness(&self) {
        let tracer = i32::try_from(self.of_process("TracerPid:")).unwrap();
        kill_process(Pid::from_raw(tracer).expect("a log volume that is slow"), Signal::KILL).unwrap();
        until("the end of the slowness", || (self.of_process("TracerPid:") == 0).then_some(()));
    }

    /// Starts it with log files in `logs`, whatever is there.
    pub fn start_logging_to(logs: &Path, directory: tempfile::TempDir, settings: &[&str]) -> Self {
        let url = prepared(&directory);
        Self::start_command(command(WEB).arg("--log-dir").arg(logs).args(settings), &url, directory)
    }

    fn start_command(command: &mut Command, url: &str, directory: tempfile::TempDir) -> Self {
        let mut child = spawn(command, url, Stdio::piped());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut first_lines = Vec::<serde_json::Value>::new();
        while first_lines.last().is_none_or(|line| line["message"] != "listening") {
            first_lines.push(serde_json::from_str(&lines.next().expect("web says that it listens")).unwrap());
        }
        // what a failed test is to show
        let severe = |line: &String| !line.contains("\"level\":\"INFO\"");
        thread::spawn(move || lines.filter(severe).for_each(|line| println!("{line}")));
        Self::listening(child, directory, first_lines)
    }

    /// Starts it with a standard output of the test's own.
    pub fn start_writing_to(stdout: Stdio, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = prepared(&directory);
        let child = spawn(&mut logging_to(&directory, settings), &url, stdout);
        let log = directory.path().join("logs/app_db.log");
        let listening = until("web says that it listens", || {
            let text = fs::read_to_string(&log).ok()?;
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .find(|line: &serde_json::Value| line["message"] == "listening")
        });
        Self::listening(child, directory, vec![listening])
    }

    /// Starts it at a level at which it doesn't say that it listens.
    pub fn start_quiet(settings: &[&str]) -> Self {
        let (page, admin) = (testkit::net::free_port(), testkit::net::free_port());
        let [address, admin] = [page, admin].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let addresses = [format!("--listen-addr={address}"), format!("--admin-addr={admin}")];
        let directory = tempfile::tempdir().unwrap();
        let url = prepared(&directory);
        let settings: Vec<_> = addresses.iter().map(String::as_str).chain(settings.iter().copied()).collect();
        let child = spawn(&mut logging_to(&directory, &settings), &url, Stdio::null());
        until("a listener", || TcpStream::connect(address).and_then(|_| TcpStream::connect(admin)).ok());
        Self { child, address, admin, first_lines: Vec::new(), directory }
    }

    /// A path of the machine as web sees it, in its own volumes.
    pub fn its_own(&self, path: &Path) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join("root").join(path.strip_prefix("/").unwrap())
    }

    /// As the last of its first lines says.
    fn listening(child: Child, directory: tempfile::TempDir, first_lines: Vec<serde_json::Value>) -> Self {
        let listening = first_lines.last().unwrap();
        let [address, admin] = ["address", "admin"].map(|name| listening[name].as_str().unwrap().parse().unwrap());
        Self { child, address, admin, first_lines, directory }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A path on the admin port.
    pub fn admin(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }

    /// The value of a metric with these labels, as it is exposed: `name{label="value"}`.
    pub fn metric(&self, series: &str) -> Option<f64> {
        let text = testkit::http::get(self.admin("/metrics")).text().unwrap();
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// A connection on which requests are written and answers read byte by byte.
    pub fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// A connection from an address of the loopback network.
    pub fn stream_from(&self, address: [u8; 4]) -> TcpStream {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from((address, 0))).unwrap();
        rustix::net::connect(&socket, &self.address).unwrap();
        socket.into()
    }

    pub fn log(&self, stream: &str) -> PathBuf {
        self.directory.path().join("logs").join(format!("{stream}.log"))
    }

    /// The lines of a live file as JSON, without one that is just being written.
    pub fn lines(&self, stream: &str) -> Vec<serde_json::Value> {
        let bytes = fs::read(self.log(stream)).unwrap_or_default();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Number of its threads.
    pub fn threads(&self) -> usize {
        self.of_process("Threads:")
    }

    /// Its resident memory in bytes.
    pub fn memory(&self) -> usize {
        self.of_process("VmRSS:") * 1024
    }

    /// Its largest resident memory so far, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.of_process("VmHWM:") * 1024
    }

    /// CPU time so far, to a hundredth of a second.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
        let ticks: u32 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
        Duration::from_millis(10) * ticks
    }

    fn of_process(&self, line: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
        value.split_whitespace().next().unwrap().parse().unwrap()
    }

    pub fn wait(&mut self) -> ExitStatus {
        until("the end of web", || self.child.try_wait().unwrap())
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// The URL of an SQLite database with schema and seed.
fn prepared(directory: &tempfile::TempDir) -> String {
    let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
    prepare(&url);
    url
}

pub fn prepare(url: &str) {
    let mut connection = schema::database::connect(&url.parse().unwrap()).unwrap();
    dbinit::prepare(&mut connection, DEADLINE).unwrap();
}

/// The command of web with its log files in the directory.
fn logging_to(directory: &tempfile::TempDir, settings: &[&str]) -> Command {
    let logs = directory.path().join("logs");
    fs::create_dir_all(&logs).unwrap();
    let mut command = command(WEB);
    command.arg("--log-dir").arg(logs).args(settings);
    command
}

fn spawn(command: &mut Command, url: &str, stdout: Stdio) -> Child {
    let addresses = [("LISTEN_ADDR", "127.0.0.1:0"), ("ADMIN_ADDR", "127.0.0.1:0")];
    // those of a machine that does much else, unless a test says otherwise
    let times = [("DATABASE_ACQUIRE_TIMEOUT", "50s"), ("DATABASE_TIMEOUT", "60s"), ("REQUEST_TIMEOUT", "70s")];
    command.envs(addresses).envs(times).env("DATABASE_URL", url).stdout(stdout).spawn().unwrap()
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// A new one.
    pub fn to(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).unwrap())
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The client's own.
    pub fn address(&self) -> SocketAddr {
        self.0.get_ref().local_addr().unwrap()
    }

    pub fn write(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    pub fn send(&mut self, method: &str, path: &str) {
        self.write(&format!("{method} {path} HTTP/1.1\r\nHost: web\r\n\r\n"));
    }

    /// Returns true if a GET is answered; the server may close the connection instead.
    pub fn answers(&mut self, path: &str) -> bool {
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nHost: web\r\n\r\n").is_ok()
            && self.0.fill_buf().is_ok_and(|bytes| !bytes.is_empty())
            && self.answer().0.starts_with("http/1.1 200")
    }

    /// The head of an answer, in lower case.
    pub fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap().to_lowercase()
    }

    /// One answer's head, in lower case, and its body.
    pub fn answer(&mut self) -> (String, String) {
        let head = self.head();
        let length =
            head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()).map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    /// Returns true if the server closes the connection, sending nothing more. It resets it where bytes of ours were not read.
    pub fn is_closed(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// As many open files as this process may have.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}
