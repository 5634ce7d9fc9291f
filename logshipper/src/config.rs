//! The settings: each is a flag and an environment variable of the same name.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use handoff::is_name_byte;
use rustix::process::Signal;

use crate::handover::Evidence;
use crate::log_files::LogFiles;
use crate::plan::{Limits, Policy};
use crate::reopen::{Program, Reopen};

const UNITS: [(&str, u64); 7] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];

/// Settings of the daemon.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Settings {
    /// The pod's name, which is the name of its directory
    #[arg(long, env = "POD_NAME", value_parser = pod_name, required = true)]
    pub pod_name: Option<String>,
    /// Names of the files that are managed, separated by commas: *.log,catalina.out; also in subdirectories
    #[arg(long, env = "LOG_FILES", default_value = "*.log")]
    pub log_files: LogFiles,
    /// Length at which a live file is rotated: bytes, or a number with B, KiB, MiB, GiB, kB, MB or GB
    #[arg(long, env = "ROTATE_BYTES", default_value = "10MiB", value_parser = bytes)]
    pub rotate_bytes: u64,
    /// Age at which a live file that has lines is rotated, such as 30m or 24h
    #[arg(long, env = "ROTATE_AGE", default_value = "24h", value_parser = age)]
    pub rotate_age: Duration,
    /// Segments to keep of each stream
    #[arg(long, env = "KEEP_SEGMENTS", default_value = "30", value_parser = count)]
    pub keep_segments: usize,
    /// Age at which a closed segment is removed, such as 30d; none without it
    #[arg(long, env = "KEEP_AGE", value_parser = age)]
    pub keep_age: Option<Duration>,
    /// Time the directory of a dead pod is kept after its last line
    #[arg(long, env = "ORPHAN_AGE", default_value = "7d", value_parser = age)]
    pub orphan_age: Duration,
    /// Bytes that all pods' log files may take on the node, such as 5GiB: above it segments go, archived ones first, then the oldest; no limit without it
    #[arg(long, env = "NODE_QUOTA", value_parser = bytes)]
    pub node_quota: Option<u64>,
    /// Signal on which the program opens its log files again, HUP, USR1 or USR2: its files are renamed, and it is signalled; needs a shared process namespace
    #[arg(long, env = "REOPEN_SIGNAL", value_parser = signal, requires = "reopen_program")]
    pub reopen_signal: Option<Signal>,
    /// File with the number of the process to signal
    #[arg(long, env = "REOPEN_PID_FILE", requires = "reopen_signal", group = "reopen_program")]
    pub reopen_pid_file: Option<PathBuf>,
    /// Name of the process to signal, such as nginx
    #[arg(long, env = "REOPEN_PROCESS", requires = "reopen_signal", group = "reopen_program")]
    pub reopen_process: Option<String>,
    /// Gzip level, 1 (fast) to 9 (small)
    #[arg(long, env = "COMPRESS_LEVEL", default_value = "5", value_parser = level)]
    pub compress_level: u32,
    /// Address of /metrics, /livez and /readyz
    #[arg(long, env = "ADMIN_ADDR", default_value = "0.0.0.0:9091", value_parser = address)]
    pub admin_addr: SocketAddr,
    /// Say what would be done next and why, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Format and level of the program's own log lines
    #[command(flatten)]
    pub logging: runtime::logging::Settings,
}

impl Settings {
    /// The rules among the settings.
    pub fn policy(&self) -> Policy {
        Policy {
            rotate_bytes: self.rotate_bytes,
            rotate_age: self.rotate_age,
            keep_segments: self.keep_segments,
            keep_age: self.keep_age,
            compress_level: self.compress_level,
            log_files: self.log_files.clone(),
        }
    }

    /// The knowledge about writers that the settings give.
    pub fn evidence(&self) -> Evidence {
        let by_name = || self.reopen_process.clone().map(Program::Name);
        let program = self.reopen_pid_file.clone().map(Program::PidFile).or_else(by_name);
        let reopen = self.reopen_signal.zip(program).map(|(signal, program)| Reopen { signal, program });
        reopen.map_or(Evidence::None, Evidence::Processes)
    }

    /// The rules for the node.
    pub fn limits(&self) -> Limits {
        Limits { orphan_age: self.orphan_age, quota: self.node_quota }
    }
}

pub(crate) fn pod_name(text: &str) -> Result<String, &'static str> {
    let good = (1..=253).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(is_name_byte);
    if good {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 253 ASCII letters, digits, '.', '_' and '-', not beginning with '.'")
    }
}

fn bytes(text: &str) -> Result<u64, &'static str> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim_start() {
        "" => Some(1),
        unit => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
    };
    let bytes = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    bytes.filter(|bytes| *bytes > 0).ok_or("must be more than 0 bytes, such as 65536, 64KiB, 10MiB or 1GB")
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an address with a port, such as 0.0.0.0:9091 or [::]:9091")
}

fn age(text: &str) -> Result<Duration, String> {
    let age = runtime::settings::duration(text)?;
    if age.is_zero() { Err(String::from("must be more than 0s")) } else { Ok(age) }
}

fn signal(text: &str) -> Result<Signal, &'static str> {
    match text.strip_prefix("SIG").unwrap_or(text) {
        "HUP" => Ok(Signal::HUP),
        "USR1" => Ok(Signal::USR1),
        "USR2" => Ok(Signal::USR2),
        _ => Err("must be HUP, USR1 or USR2"),
    }
}

fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|count| *count > 0).ok_or("must be a whole number of at least 1")
}

fn level(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|level| (1..=9).contains(level)).ok_or("must be a whole number from 1 to 9")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_and_without_units() {
        for (text, expected) in
            [("1", 1), ("64KiB", 65_536), ("10MiB", 10 << 20), ("10 MiB", 10 << 20), ("1GB", 1_000_000_000), ("7B", 7)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "KiB", "-1", "1.5MiB", "1mib", "99999999999GiB", "10 MiB x", "１"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pod_names_stay_below_the_root() {
        for text in ["petclinic-7d4b9c6f5-x2x4z", "default_petclinic-1_0f.9", "a"] {
            assert!(pod_name(text).is_ok(), "{text}");
        }
        for text in ["", ".", "..", ".hidden", "a/b", "a b", "ä", "a\n", &"a".repeat(254)] {
            assert!(pod_name(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_have_limits() {
        assert!(age("0s").is_err() && age("24h").is_ok() && age("x").is_err());
        assert!(count("0").is_err() && count("30").is_ok());
        assert!(signal("SIGUSR1").is_ok() && signal("HUP").is_ok() && signal("KILL").is_err());
        assert!(level("0").is_err() && level("10").is_err() && level("9").is_ok());
    }
}
