//! Programs that open their log files again on a signal, as nginx does on `USR1`: their processes, and the files that these
//! have open. All of it is seen only in a pod that shares its process namespace.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, getpid, kill_process};

/// The longest name of a process that the kernel keeps.
const COMM_BYTES: usize = 15;
const PERMISSION_TO_WRITE: u32 = 0o200;

/// A program, and the signal on which it opens its log files again.
#[derive(Debug, Clone)]
pub struct Reopen {
    /// The signal.
    pub signal: Signal,
    /// The program.
    pub program: Program,
}

/// The program to signal.
#[derive(Debug, Clone)]
pub enum Program {
    /// The process whose number is in this file.
    PidFile(PathBuf),
    /// The processes of this name, but for their children.
    Name(String),
}

impl Reopen {
    /// Returns true if the program has the file open for writing, as far as this process may look.
    pub fn has_open(&self, identity: (u64, u64)) -> bool {
        self.holders(identity).is_ok_and(|pids| !pids.is_empty())
    }

    /// Returns true if any process has the file open for writing; `None` where not all of them, or not the program, can be seen.
    pub fn any_has_open(&self, identity: (u64, u64)) -> Option<bool> {
        if self.processes().ok()?.is_empty() {
            return None;
        }
        let mut is_complete = true;
        for pid in all_processes().ok()? {
            match has_open(pid, identity) {
                Ok(true) => return Some(true),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => is_complete = false,
            }
        }
        is_complete.then_some(false)
    }

    /// Signals the program's processes that have the file open.
    pub fn send(&self, identity: (u64, u64)) -> io::Result<()> {
        self.holders(identity)?.into_iter().try_for_each(|pid| Ok(kill_process(pid, self.signal)?))
    }

    fn holders(&self, identity: (u64, u64)) -> io::Result<Vec<Pid>> {
        let mut pids = self.processes()?;
        pids.retain(|pid| has_open(*pid, identity).unwrap_or(false));
        Ok(pids)
    }

    fn processes(&self) -> io::Result<Vec<Pid>> {
        match &self.program {
            Program::PidFile(path) => {
                let text = fs::read_to_string(path)?;
                // Number 1 is this container's own first process unless the pod shares its process namespace.
                let pid = number(&text).filter(|pid| !pid.is_init() && *pid != getpid());
                Ok(vec![pid.ok_or_else(|| io::Error::other("not the number of another container's process"))?])
            }
            Program::Name(name) => {
                let name = name.get(..COMM_BYTES).unwrap_or(name);
                let named = |pid: &Pid| status(*pid, "comm").is_ok_and(|comm| comm.trim_end() == name);
                let all: Vec<_> = all_processes()?.into_iter().filter(named).collect();
                let is_first = |pid: &&Pid| parent(**pid).is_none_or(|parent| !all.contains(&parent));
                Ok(all.iter().filter(is_first).copied().collect())
            }
        }
    }
}

/// The processes that can be seen, without this one.
fn all_processes() -> io::Result<Vec<Pid>> {
    let pids = fs::read_dir("/proc")?.filter_map(|entry| number(entry.ok()?.file_name().to_str()?));
    Ok(pids.filter(|pid| *pid != getpid()).collect())
}

/// Reads the number of a process.
fn number(text: &str) -> Option<Pid> {
    Pid::from_raw(i32::try_from(text.trim().parse::<u32>().ok()?).ok()?)
}

fn directory(pid: Pid) -> PathBuf {
    Path::new("/proc").join(pid.as_raw_nonzero().to_string())
}

fn status(pid: Pid, file: &str) -> io::Result<String> {
    fs::read_to_string(directory(pid).join(file))
}

/// The parent: the second field behind the name, which stands in brackets.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = status(pid, "stat").ok()?;
    number(stat.rsplit_once(')')?.1.split_whitespace().nth(1)?)
}

/// Returns true if a process has a file open for writing: the permissions of its links say for what it has each file open.
fn has_open(pid: Pid, identity: (u64, u64)) -> io::Result<bool> {
    for entry in fs::read_dir(directory(pid).join("fd"))? {
        let path = entry?.path();
        // Closed in the meantime.
        let (Ok(link), Ok(file)) = (fs::symlink_metadata(&path), fs::metadata(&path)) else { continue };
        if link.mode() & PERMISSION_TO_WRITE != 0 && (file.dev(), file.ino()) == identity {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::File;
    use std::process::{Child, Command};

    use super::*;

    fn identity(file: &File) -> (u64, u64) {
        crate::dir::meta_of(file).unwrap().identity
    }

    /// A process that has `file` open.
    fn holder(file: File) -> Child {
        Command::new("sleep").arg("100").stdout(file).spawn().unwrap()
    }

    #[test]
    fn program_is_found_by_its_pid_file() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("pid");
        let (written, read) = (temp.path().join("written"), temp.path().join("read"));
        let file = File::create(&written).unwrap();
        File::create(&read).unwrap();
        let (written, other) = (identity(&file), identity(&File::open(&read).unwrap()));
        let mut program = holder(file);
        let mut reader = holder(File::open(&read).unwrap());
        fs::write(&path, format!("{}\n", program.id())).unwrap();
        let reopen = Reopen { signal: Signal::USR1, program: Program::PidFile(path.clone()) };
        assert!(reopen.has_open(written) && !reopen.has_open(other));
        assert_eq!(reopen.any_has_open(written), Some(true));
        assert_ne!(reopen.any_has_open(other), Some(true), "open for reading");
        reopen.send(other).unwrap();
        assert!(program.try_wait().unwrap().is_none(), "signalled for a file that it hasn't open");
        reopen.send(written).unwrap();
        assert!(!program.wait().unwrap().success(), "ended by the signal");
        for text in ["1", "0", "-1", "x", "", &std::process::id().to_string()] {
            fs::write(&path, text).unwrap();
            assert!(reopen.send(written).is_err() && !reopen.has_open(written), "{text}");
        }
        fs::remove_file(path).unwrap();
        assert_eq!(reopen.any_has_open(other), None);
        reader.kill().unwrap();
        reader.wait().unwrap();
    }

    #[test]
    fn program_is_found_by_its_name_without_children() {
        let temp = tempfile::tempdir().unwrap();
        let program = temp.path().join("a-very-long-program-name");
        fs::copy("/bin/bash", &program).unwrap();
        let mut parent = Command::new(&program);
        let script = "\"$0\" -c 'sleep 100; :' & echo ready; wait";
        let mut parent = parent.args(["-c", script]).arg(&program).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut line = [0; 6];
        io::Read::read_exact(parent.stdout.as_mut().unwrap(), &mut line).unwrap();
        let reopen = Reopen { signal: Signal::USR1, program: Program::Name("a-very-long-program-name".into()) };
        assert_eq!(reopen.processes().unwrap(), [Pid::from_child(&parent)]);
        parent.kill().unwrap();
        parent.wait().unwrap();
        for child in reopen.processes().unwrap() {
            kill_process(child, Signal::KILL).unwrap();
        }
    }
}
