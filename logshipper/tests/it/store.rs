//! A real S3 server in a process of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Logs, Process, wait_until};

pub(crate) const URL: &str = "s3://logs/cluster-1";
const KEY: &str = "AKIDTEST";
const SECRET: &str = "hunter2-hunter2";

/// The server, with a bucket `logs`.
pub(crate) struct Store {
    temp: TempDir,
    port: u16,
    _server: Process,
}

impl Store {
    pub(crate) fn start() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("s3/logs")).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_logshipper")).with_file_name("examples").join("s3");
        assert!(program.exists(), "{} is not built: cargo test -p logshipper builds it", program.display());
        let out = File::create(temp.path().join("requests")).unwrap();
        let server =
            Process::spawn(Command::new(program).env_clear().arg(temp.path().join("s3")).args([KEY, SECRET]).stdout(out));
        let mut port = None;
        wait_until("the S3 server", || {
            let text = fs::read_to_string(temp.path().join("requests")).unwrap();
            port = text.lines().next().and_then(|line| line.parse().ok());
            port.is_some()
        });
        Self { temp, port: port.unwrap(), _server: server }
    }

    /// Directory of the bucket's objects.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.temp.path().join("s3/logs")
    }

    /// The keys below the prefix, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let mut dirs = vec![self.bucket().join("cluster-1")];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else if path.extension().is_some_and(|extension| extension == "gz") {
                    keys.push(path.strip_prefix(self.bucket().join("cluster-1")).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    /// The bytes of an object.
    pub(crate) fn object(&self, key: &str) -> Vec<u8> {
        fs::read(self.bucket().join("cluster-1").join(key)).unwrap()
    }

    /// The requests so far that begin so.
    pub(crate) fn requests(&self, beginning: &str) -> Vec<String> {
        let text = fs::read_to_string(self.temp.path().join("requests")).unwrap();
        text.lines().skip(1).filter(|line| line.starts_with(beginning)).map(str::to_owned).collect()
    }

    /// From now on it closes connections without an answer, or not any more.
    pub(crate) fn set_down(&self, down: bool) {
        self.set("down", down);
    }

    /// From now on it keeps back the answers to PUTs, or not any more.
    pub(crate) fn set_hold(&self, hold: bool) {
        self.set("hold", hold);
    }

    fn set(&self, what: &str, on: bool) {
        let path = self.temp.path().join("s3").with_extension(what);
        if on { fs::write(path, "") } else { fs::remove_file(path) }.unwrap();
    }

    /// A command that archives there.
    pub(crate) fn for_command<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("ARCHIVE_URL", URL).env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)).envs([
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "eu-central-1"),
        ])
    }

    /// Starts the daemon of a pod's logs with this archive, and waits until it says so.
    pub(crate) fn ship(&self, logs: &Logs, arguments: &[&str]) -> Process {
        logs.started_as(self.for_command(&mut logs.command(arguments)))
    }
}
