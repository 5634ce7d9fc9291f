//! `./dev` as a person uses it: up from the start to Ctrl-C, help, and errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, net, thread};

const TIMEOUT: Duration = Duration::from_mins(5);

/// `./dev up` in a process group of its own, as a terminal would start it.
struct DevUp {
    script: Child,
    run: tempfile::TempDir,
    /// The line that says where to go.
    announced: mpsc::Receiver<String>,
    base: String,
    admin: String,
}

impl DevUp {
    fn start() -> Self {
        let run = tempfile::tempdir().unwrap();
        let [address, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", testkit::net::free_port()));
        // Where the tests run in the background, Ctrl-C is ignored by all that is started from there.
        let mut command = Command::new("env");
        command.arg("--default-signal=INT").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev"));
        // What cargo tells a test of its package, build scripts in there would take for a change.
        let of_package = |name: &OsString| name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR";
        for name in env::vars_os().map(|(name, _)| name).filter(of_package) {
            command.env_remove(name);
        }
        let mut script = command
            .arg("up")
            .env("RUN_DIR", run.path())
            .env("LISTEN_ADDR", &address)
            .env("ADMIN_ADDR", &admin)
            .env("LOGSHIPPER_ADMIN_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .env_remove("DATABASE_URL")
            .env_remove("LOG_DIR")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let (out, errors) = (script.stdout.take().unwrap(), script.stderr.take().unwrap());
        thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).for_each(|line| println!("{line}")));
        let (sender, announced) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                println!("{line}");
                if line.starts_with("Open ") {
                    let _ = sender.send(line);
                }
            }
        });
        Self { script, run, announced, base: format!("http://{address}"), admin: format!("http://{admin}") }
    }

    /// Sends SIGINT to the whole foreground process group, as Ctrl-C does.
    fn ctrl_c(&self) {
        let group = i32::try_from(self.script.id()).unwrap();
        rustix::process::kill_process_group(rustix::process::Pid::from_raw(group).unwrap(), rustix::process::Signal::INT)
            .unwrap();
    }

    fn logs(&self) -> PathBuf {
        self.run.path().join("logs/petclinic-dev")
    }

    /// Processes whose environment names this run's directory.
    fn processes(&self) -> Vec<String> {
        let mark = format!("RUN_DIR={}", self.run.path().display());
        let ours = |pid: &String| {
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&mark))
        };
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        pids.filter(|name| name.bytes().all(|b| b.is_ascii_digit())).filter(ours).collect()
    }
}

impl Drop for DevUp {
    fn drop(&mut self) {
        if self.script.try_wait().unwrap().is_none() {
            self.ctrl_c();
            let _ = self.script.wait();
        }
    }
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < TIMEOUT, "{what}: not seen in {TIMEOUT:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn up_runs_the_pod_until_ctrl_c() {
    let mut pod = DevUp::start();
    let client = testkit::http::builder().timeout(testkit::DEADLINE).build().unwrap();
    let base = pod.base.clone();
    let get = |path: &str| client.get(format!("{base}{path}")).send();

    let announced = pod.announced.recv_timeout(TIMEOUT).expect("the line that says where to go");
    assert_eq!(announced, format!("Open {base} · logs: ./dev logshipper ls · Ctrl-C ends"));
    eventually("readiness", || get("/readyz").ok().filter(|answer| answer.status() == 200));
    let list = dev(&["logshipper", "ls"], pod.run.path());
    assert!(list.status.success() && String::from_utf8_lossy(&list.stdout).contains("petclinic-dev"), "{list:?}");
    assert!(get("/owners/1").unwrap().text().unwrap().contains("George Franklin"));
    let metrics = client.get(format!("{}/metrics", pod.admin)).send().unwrap().text().unwrap();
    assert!(metrics.contains("petclinic_http_requests_in_flight"), "web's own: {metrics}");

    let visit = [("date", "2026-01-02"), ("description", "weighed while the pod runs")];
    assert!(client.post(format!("{base}/owners/1/pets/1/visits/new")).form(&visit).send().unwrap().status().is_redirection());
    assert!(get("/owners/1").unwrap().text().unwrap().contains("weighed while the pod runs"));

    let mut long = net::TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    long.write_all(b"GET /20process HTTP/1.1\r\nHost: pod\r\nX-Request-Id: the-one-in-flight\r\n\r\n").unwrap();
    pod.ctrl_c();
    let mut answer = String::new();
    long.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.to_lowercase().contains("connection: close"), "{answer}");
    assert!(answer.ends_with("20 sec Process finished"), "{answer}");
    assert!(pod.script.wait().unwrap().success(), "./dev up ends with status 0");
    eventually("the end of all processes", || pod.processes().is_empty().then_some(()));

    // logshipper's last pass has closed and compressed every stream without a writer.
    let read = Command::new("sh").args(["-c", "zcat -f access.*log*"]).current_dir(pod.logs()).output().unwrap();
    let access = String::from_utf8(read.stdout).unwrap();
    let line = access.lines().find(|line| line.contains("the-one-in-flight")).expect("the request's access line");
    assert!(line.contains("/20process") && line.contains("\"status\":200"), "{line}");
}

/// Runs `./dev` with these words, on a pod in `run`.
fn dev(words: &[&str], run: &Path) -> Output {
    let dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dev");
    Command::new(dev).args(words).env("RUN_DIR", run).output().unwrap()
}

#[test]
fn unknown_words_exit_64_with_one_line() {
    for words in [&["frobnicate"][..], &["up", "--port", "9999"], &["check", "all"], &["test", "--nocapture"], &["release"]] {
        let output = dev(words, Path::new("unused"));
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), line.lines().count()), (Some(64), 1), "{words:?}: {line}");
    }
}

#[test]
fn help_exits_0_and_lists_the_commands() {
    for words in [&["--help"][..], &[]] {
        let output = dev(words, Path::new("unused"));
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{help}");
        for word in ["up", "logshipper", "test", "soak", "mutants", "check", "sbom", "bench", "e2e", "release"] {
            assert!(help.contains(&format!("./dev {word} ")), "{word}: {help}");
        }
    }
}
