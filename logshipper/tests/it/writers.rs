//! Writers that know nothing of the handoff: each line once, with logshipper killed again and again.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use handoff::{FileName, Form};
use rustix::process::Signal;

use crate::support::{Logs, POD, Process, wait_until};

const LINES: u64 = 100_000;
const BUSY: [&str; 4] = ["--rotate-bytes", "64KiB", "--keep-segments", "100000"];
const OTHER_UID: u32 = 10_001;

/// A Python program that logs with this handler of the file `p`.
fn python(handler: &str) -> Command {
    let mut command = Command::new("python3");
    let program = "import logging, logging.handlers, sys, time\n\
                   p = sys.argv[1]\n\
                   logging.basicConfig(format='%(message)s', level=logging.INFO, handlers=[HANDLER])\n\
                   for n in range(1, int(sys.argv[2]) + 1):\n    \
                   logging.info('%d %s', n, 'x' * 60)\n    \
                   if n % 1000 == 0: time.sleep(0.05)";
    command.args(["-c", &program.replace("HANDLER", handler)]);
    command
}

/// A shell that prints its lines into `target`.
fn shell(target: &str) -> Command {
    let lines = "i=0; while [ $i -lt $2 ]; do i=$((i+1)); echo \"$i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; [ $((i % 1000)) -ne 0 ] || sleep 0.05; done";
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{{ {lines}; }} {target}"), "sh"]);
    command
}

/// A program that appends the lines `1` to `LINES`, each with padding, to the file `name`.
fn writer(kind: &str, logs: &Logs, name: &str) -> Command {
    let path = logs.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut command = kind.strip_prefix("python ").map_or_else(|| shell(kind), python);
    command.arg(path).arg(LINES.to_string()).stdout(Stdio::null());
    command
}

/// Checks that `cat` prints the lines 1 to `LINES`, in order.
fn assert_exact(logs: &Logs) {
    assert_stream_exact(logs, "app");
}

fn assert_stream_exact(logs: &Logs, stream: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    let output = command.env_clear().env("LOG_ROOT", logs.root()).args(["cat", POD, stream]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers = text.lines().map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap_or_else(|_| panic!("{line:?}")));
    let mut expected = 0;
    for number in numbers {
        expected += 1;
        assert_eq!(number, expected, "{:?}", logs.names());
    }
    assert_eq!(expected, LINES);
}

/// Runs a program to its end while logshipper is killed again and again after each new segment.
fn run_under_kills(program: &mut Process, logs: &Logs, arguments: &[&str]) {
    let mut pause = 1;
    while program.is_running() {
        let daemon = logs.start(arguments);
        let before = logs.segments(Form::Gz).len();
        wait_until("a segment", || logs.segments(Form::Gz).len() > before || !program.is_running());
        pause = (pause * 7 + 13) % 50;
        std::thread::sleep(Duration::from_millis(pause));
        daemon.kill();
    }
}

#[test]
fn programs_without_handoff_lose_no_line_under_kills() {
    for (kind, name, stream) in [
        ("python logging.FileHandler(p)", "app.log", "app"),
        ("python logging.handlers.WatchedFileHandler(p)", "my.service.log", "my.service"),
        (">> \"$1\"", "sub/app.log", "sub/app"),
        ("> \"$1\"", "catalina.out", "catalina.out"),
        ("| tee -a \"$1\"", "a/b/app.log", "a/b/app"),
    ] {
        let logs = Logs::new();
        let arguments = [&BUSY[..], &["--log-files", "*.log,catalina.out"]].concat();
        let mut program = Process::spawn(&mut writer(kind, &logs, name));
        run_under_kills(&mut program, &logs, &arguments);
        assert!(program.wait().success(), "{kind}");
        assert_stream_exact(&logs, stream);
        let daemon = logs.started(&arguments);
        wait_until("all is rotated", || fs::metadata(logs.path(name)).map_or(0, |meta| meta.blocks() * 512) < 192 << 10);
        assert_stream_exact(&logs, stream);
        logs.finish(daemon, &arguments);
        assert_stream_exact(&logs, stream);
        println!("{kind}: {} segments", logs.segments(Form::Gz).len());
        assert!(logs.segments(Form::Gz).len() > 3, "{kind}: {:?}", logs.names());
    }
}

#[test]
fn programs_that_rotate_lose_no_line_under_kills() {
    for kind in [
        "python logging.handlers.RotatingFileHandler(p, maxBytes=200_000, backupCount=90)",
        "python logging.handlers.TimedRotatingFileHandler(p, when='S', backupCount=90)",
        "| rotatelogs \"$1.%Y-%m-%d_%H_%M_%S\" 200K",
    ] {
        let logs = Logs::new();
        let mut program = Process::spawn(&mut writer(kind, &logs, "app.log"));
        run_under_kills(&mut program, &logs, &BUSY);
        assert!(program.wait().success(), "{kind}");
        assert_exact(&logs);
        let daemon = logs.started(&BUSY);
        let pending = |name: &String| {
            matches!(FileName::parse(name), Some(FileName::Rolled(_))) && fs::metadata(logs.path(name)).unwrap().len() > 0
        };
        wait_until("all is taken over", || !logs.names().iter().any(pending));
        assert_exact(&logs);
        logs.finish(daemon, &BUSY);
        assert_exact(&logs);
        println!("{kind}: {} segments", logs.segments(Form::Gz).len());
        assert!(logs.segments(Form::Gz).len() > 3, "{kind}: {:?}", logs.names());
    }
}

/// An nginx with a uid of its own that logs the number of each request.
struct Nginx {
    process: Process,
    address: SocketAddr,
    pid_file: PathBuf,
}

impl Nginx {
    fn start(logs: &Logs, uid: u32) -> Self {
        let prefix = logs.root().parent().unwrap().join("nginx");
        fs::create_dir(&prefix).unwrap();
        fs::set_permissions(prefix.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        for path in [prefix.as_path(), &logs.pod()] {
            chown(path, Some(uid), Some(uid)).unwrap();
        }
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = format!(
            "daemon off; worker_processes 2; pid nginx.pid; error_log error.log warn;
             events {{ worker_connections 64; }}
             http {{
               log_format number '$arg_n {padding}';
               access_log {log} number;
               keepalive_requests 1000000;
               client_body_temp_path body; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
               server {{ listen {address}; location / {{ return 204; }} }}
             }}",
            padding = "x".repeat(60),
            log = logs.path("app.log").display(),
        );
        fs::write(prefix.join("nginx.conf"), config).unwrap();
        let mut nginx = Command::new("/usr/sbin/nginx");
        nginx.arg("-p").arg(&prefix).args(["-c", "nginx.conf", "-e", "error.log"]).uid(uid).gid(uid);
        let process = Process::spawn(&mut nginx);
        let pid_file = prefix.join("nginx.pid");
        wait_until("nginx listens", || pid_file.exists() && TcpStream::connect(address).is_ok());
        Self { process, address, pid_file }
    }

    /// Sends requests 1 to `LINES` over one connection, a thousand at a time, as long as the answers come.
    fn request_all(address: SocketAddr) {
        const BATCH: u64 = 1_000;
        let mut connection = TcpStream::connect(address).unwrap();
        let mut answers = BufReader::new(connection.try_clone().unwrap());
        for batch in 0..LINES / BATCH {
            let numbers = batch * BATCH + 1..=(batch + 1) * BATCH;
            let requests: Vec<_> = numbers.map(|n| format!("GET /?n={n} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
            connection.write_all(requests.concat().as_bytes()).unwrap();
            let mut ends = 0;
            let mut line = String::new();
            while ends < BATCH {
                line.clear();
                assert!(answers.read_line(&mut line).unwrap() > 0, "nginx closed the connection");
                ends += u64::from(line == "\r\n");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn nginx_reopens_and_loses_no_line_under_kills() {
    if !rustix::process::geteuid().is_root() {
        println!("not root: nothing to test");
        return;
    }
    for same_uid in [false, true] {
        let logs = Logs::new();
        let nginx = Nginx::start(&logs, OTHER_UID);
        let reopen = ["--reopen-signal", "USR1", "--reopen-pid-file", nginx.pid_file.to_str().unwrap()];
        let arguments = [&BUSY[..], &reopen].concat();
        let start = |started: bool| match (same_uid, started) {
            (true, _) => daemon_as_other_user(&logs, &arguments),
            (false, true) => logs.started(&arguments),
            (false, false) => logs.start(&arguments),
        };
        let client = std::thread::spawn(move || Nginx::request_all(nginx.address));
        let (mut kills, mut pause) = (0, 1);
        while !client.is_finished() {
            let daemon = start(false);
            let before = logs.segments(Form::Gz).len();
            wait_until("a segment", || logs.segments(Form::Gz).len() > before || client.is_finished());
            pause = (pause * 7 + 13) % 50;
            std::thread::sleep(Duration::from_millis(pause));
            daemon.kill();
            kills += 1;
        }
        client.join().unwrap();
        let daemon = start(true);
        wait_until("all is compressed", || logs.segments(Form::Plain).is_empty());
        let list = logs.output(&[&arguments[..], &["ls"]].concat());
        nginx.process.signal(Signal::QUIT);
        assert!(nginx.process.wait().success());
        assert_exact(&logs);
        logs.finish(daemon, &arguments);
        assert_exact(&logs);
        let segments = logs.segments(Form::Gz).len();
        println!("{kills} kills, {segments} segments");
        let list = String::from_utf8_lossy(&list.stdout);
        assert!(list.contains(" reopen "), "{list}");
        assert!(segments > 3 && kills > 3);
        let origins = logs.segments(Form::Gz).into_iter().filter(|segment| {
            let gz = File::open(logs.path(&segment.name(Form::Gz))).unwrap();
            logshipper::gzip::index::Index::read(&gz).unwrap().unwrap().origin.is_some()
        });
        assert_eq!(origins.count(), 0, "rotated in place");
    }
}

#[test]
fn reader_follows_a_file_that_is_rotated_in_place() {
    let logs = Logs::new();
    let mut program = Process::spawn(&mut writer("python logging.FileHandler(p)", &logs, "app.log"));
    let daemon = logs.started(&BUSY);
    wait_until("the file", || logs.path("app.log").exists());
    let out = logs.root().join("followed");
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    command.env_clear().env("LOG_ROOT", logs.root()).args(["cat", POD, "app", "--follow"]);
    let errors = logs.root().join("errors");
    let follower = Process::spawn(command.stdout(File::create(&out).unwrap()).stderr(File::create(&errors).unwrap()));
    wait_until("the writer's end", || !program.is_running());
    let last = format!("{LINES} ");
    wait_until("the last line", || fs::read_to_string(&out).unwrap().lines().any(|line| line.starts_with(&last)));
    follower.kill();
    daemon.stop();
    let text = fs::read_to_string(&out).unwrap();
    let expected = (1..=LINES).map(|n| n.to_string());
    assert!(text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).eq(expected), "lines missing or repeated");
    assert_eq!(fs::read_to_string(&errors).unwrap(), "");
}

/// A daemon that runs as another user than the writer, which has the lines open.
fn daemon_as_other_user(logs: &Logs, arguments: &[&str]) -> Process {
    let outside = logs.root().parent().unwrap();
    fs::set_permissions(outside, fs::Permissions::from_mode(0o755)).unwrap();
    chown(logs.pod(), Some(OTHER_UID), Some(OTHER_UID)).unwrap();
    // The one that was built may be where others can't go.
    let program = outside.join("logshipper");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_logshipper"), &program).unwrap();
    }
    let command = logs.command(arguments);
    let mut copy = Command::new(program);
    copy.env_clear().args(command.get_args()).uid(OTHER_UID).gid(OTHER_UID);
    logs.started_as(&mut copy)
}

#[test]
fn writable_file_of_another_user_is_rotated_in_place() {
    if !rustix::process::geteuid().is_root() {
        println!("not root: nothing to test");
        return;
    }
    let logs = Logs::new();
    File::create(logs.path("app.log")).unwrap();
    fs::set_permissions(logs.path("app.log"), fs::Permissions::from_mode(0o666)).unwrap();
    let daemon = daemon_as_other_user(&logs, &BUSY);
    assert!(Process::spawn(&mut writer("python logging.FileHandler(p)", &logs, "app.log")).wait().success());
    wait_until("all is rotated", || fs::metadata(logs.path("app.log")).unwrap().blocks() * 512 < 128 << 10);
    assert_exact(&logs);
    daemon.stop();
}

#[test]
fn read_only_file_of_another_user_is_left_alone() {
    if !rustix::process::geteuid().is_root() {
        println!("not root: nothing to test");
        return;
    }
    let logs = Logs::new();
    let daemon = daemon_as_other_user(&logs, &BUSY);
    assert!(Process::spawn(&mut writer("python logging.FileHandler(p)", &logs, "app.log")).wait().success());
    wait_until("reported", || logs.admin("/metrics").1.contains("logshipper_refused_streams 1\n"));
    assert_eq!(logs.segments(Form::Gz).len() + logs.segments(Form::Plain).len(), 0, "{:?}", logs.names());
    assert_exact(&logs);
    fs::write(logs.path("catalina.out"), "1\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    let list = command.env_clear().env("LOG_ROOT", logs.root()).arg("ls").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("unmanaged") && list.contains("catalina.out"), "{list}");
    daemon.stop();
    assert_eq!(logs.lines_of_daemon().matches("live file can't be rotated").count(), 1);
}

#[test]
fn orphan_of_unknown_writers_is_archived_first() {
    if !rustix::process::geteuid().is_root() {
        println!("not root: nothing to test");
        return;
    }
    let logs = Logs::new();
    let (dead, archive) = (logs.root().join("dead"), logs.root().parent().unwrap().join("archive"));
    fs::create_dir(&dead).unwrap();
    fs::create_dir(&archive).unwrap();
    for (name, text) in [(".logshipper.lock", ""), ("app.000001.20260723T101112Z.log", "1\n"), ("app.log", "2\n3")] {
        fs::write(dead.join(name), text).unwrap();
    }
    for path in [&dead, &dead.join(".logshipper.lock"), &archive, logs.root()] {
        chown(path, Some(OTHER_UID), Some(OTHER_UID)).unwrap();
    }
    let url = format!("file://{}", archive.display());
    let daemon = daemon_as_other_user(&logs, &["--orphan-age", "2s", "--archive-url", &url]);
    wait_until("the directory is removed", || !dead.exists());
    daemon.stop();
    let mut command = Command::new(env!("CARGO_BIN_EXE_logshipper"));
    command.env_clear().env("LOG_ROOT", logs.root()).env("ARCHIVE_URL", url);
    let output = command.args(["cat", "dead", "app", "--archive"]).output().unwrap();
    assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.stderr.as_slice()), ("1\n2\n3\n", &b""[..]));
}
