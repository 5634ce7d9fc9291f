//! A directory, held open: every file of a pod is reached through its descriptor, one name of its path after the other, so that
//! nothing that a neighbour plants or swaps leads anywhere else. Links are never followed, and nothing here waits for a FIFO.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use chrono::{DateTime, Utc};
use rustix::fs::{
    AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, RenameFlags, Statx, StatxFlags, StatxTimestamp, flock, fsync, mkdirat,
    openat, renameat_with, statx, unlinkat,
};
use rustix::io::Errno;

use crate::fault::point;

/// Levels of subdirectories in which files are looked for.
const DEPTH: u32 = 4;

/// A directory by its descriptor.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
}

/// Metadata of a file, read without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Device and inode: the file itself, as long as it exists.
    pub identity: (u64, u64),
    /// Its file type.
    pub kind: FileType,
    /// Names that it has.
    pub links: u32,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its bytes on disk, in whole blocks.
    pub allocated: u64,
    /// Permission bits.
    pub mode: u32,
    /// Creation time, if the file system records it.
    pub born: Option<DateTime<Utc>>,
    /// Time of the last write.
    pub modified: DateTime<Utc>,
    /// Time of the last write, rename or other change.
    pub changed: DateTime<Utc>,
}

impl Meta {
    /// Returns true if it is a regular file with exactly one hard link: touching it touches nothing else.
    pub fn is_plain_file(&self) -> bool {
        self.kind == FileType::RegularFile && self.links == 1
    }

    /// Returns true if it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// Returns the bytes that its data takes on disk: less than its length where it has holes.
    pub fn disk_bytes(&self) -> u64 {
        self.bytes.min(self.allocated)
    }
}

impl Dir {
    /// Opens the directory at `path`, which the operator chose: links in it are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let fd = openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a directory in this one.
    pub fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        point()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self { fd: openat(&self.fd, name, flags, Mode::empty())? })
    }

    /// Makes a directory in this one, unless it is there.
    pub fn make_dir(&self, name: &OsStr) -> io::Result<()> {
        point()?;
        match mkdirat(&self.fd, name, Mode::from_raw_mode(0o755)) {
            Err(Errno::EXIST) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names in it, without `.` and `..`, in no order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        point()?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// The paths in it and, to a bounded depth, in its subdirectories, in no order. Those that can't be read count as empty.
    pub fn paths(&self) -> io::Result<Vec<OsString>> {
        let mut paths = Vec::new();
        self.add_paths(OsStr::new(""), DEPTH, &mut paths)?;
        Ok(paths)
    }

    fn add_paths(&self, prefix: &OsStr, depth: u32, paths: &mut Vec<OsString>) -> io::Result<()> {
        point()?;
        let mut directories = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let path = OsString::from_vec([prefix.as_bytes(), name.as_bytes()].concat());
            if depth > 0 && matches!(entry.file_type(), FileType::Directory | FileType::Unknown) {
                directories.push(name.to_owned());
            }
            paths.push(path);
        }
        for name in directories {
            if let Ok(dir) = self.open_dir(&name) {
                let prefix = OsString::from_vec([prefix.as_bytes(), name.as_bytes(), b"/"].concat());
                let _ = dir.add_paths(&prefix, depth - 1, paths);
            }
        }
        Ok(())
    }

    /// Calls `f` with the directory that holds the last part of a path, and that part.
    fn at<T>(&self, path: &OsStr, f: impl FnOnce(BorrowedFd<'_>, &OsStr) -> Result<T, Errno>) -> Result<T, Errno> {
        let Some(slash) = path.as_bytes().iter().position(|byte| *byte == b'/') else { return f(self.fd.as_fd(), path) };
        let (first, rest) = (OsStr::from_bytes(&path.as_bytes()[..slash]), OsStr::from_bytes(&path.as_bytes()[slash + 1..]));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Self { fd: openat(&self.fd, first, flags, Mode::empty())? }.at(rest, f)
    }

    /// Reads the metadata of the file of this name; `None` if there is none.
    pub fn meta(&self, name: &OsStr) -> io::Result<Option<Meta>> {
        point()?;
        let flags = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        match self.at(name, |fd, name| statx(fd, name, AtFlags::SYMLINK_NOFOLLOW, flags)) {
            Ok(found) => Ok(Some(meta(&found))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the metadata of this directory.
    pub fn own_meta(&self) -> io::Result<Meta> {
        point()?;
        meta_of(&self.fd)
    }

    /// Opens a file for reading. Anything but a regular file with one name is an error.
    pub fn open_file(&self, name: &OsStr) -> io::Result<(File, Meta)> {
        self.open_plain_file(name, OFlags::RDONLY)
    }

    /// Opens a file for writing at its end. Anything but a regular file with one name is an error.
    pub fn open_append(&self, name: &OsStr) -> io::Result<(File, Meta)> {
        self.open_plain_file(name, OFlags::WRONLY | OFlags::APPEND)
    }

    /// Opens a file for reading and changing. Anything but a regular file with one name is an error.
    pub fn open_update(&self, name: &OsStr) -> io::Result<(File, Meta)> {
        self.open_plain_file(name, OFlags::RDWR)
    }

    fn open_plain_file(&self, name: &OsStr, flags: OFlags) -> io::Result<(File, Meta)> {
        point()?;
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(self.at(name, |fd, name| openat(fd, name, flags, Mode::empty()))?);
        let meta = meta_of(&file)?;
        if meta.is_plain_file() { Ok((file, meta)) } else { Err(io::Error::other("not a regular file with a single link")) }
    }

    /// Makes a file that was not there before, for writing.
    pub fn create(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        point()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(self.at(name, |fd, name| openat(fd, name, flags, Mode::from_raw_mode(mode)))?))
    }

    /// Takes the lock that the file `name` stands for, which only its owner may open; `None` when another process has it.
    /// Anything but a regular file with one name is an error.
    pub fn lock(&self, name: &OsStr) -> io::Result<Option<File>> {
        point()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.fd, name, flags, Mode::from_raw_mode(0o600))?);
        if !meta_of(&file)?.is_plain_file() {
            return Err(io::Error::other("not a regular file with a single link"));
        }
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames a file without replacing another one: `AlreadyExists` if the name is taken.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        point()?;
        Ok(self.at(from, |old, from| self.at(to, |new, to| renameat_with(old, from, new, to, RenameFlags::NOREPLACE)))?)
    }

    /// Removes a file; one that isn't there is removed already.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        point()?;
        match self.at(name, |fd, name| unlinkat(fd, name, AtFlags::empty())) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an empty directory in this one.
    pub fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        point()?;
        Ok(self.at(name, |fd, name| unlinkat(fd, name, AtFlags::REMOVEDIR))?)
    }

    /// The descriptor.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Makes the file's name, or its removal, durable.
    pub fn sync(&self, name: &OsStr) -> io::Result<()> {
        point()?;
        Ok(self.at(name, |fd, _| fsync(fd))?)
    }
}

/// A file name for people: what isn't printable is escaped.
pub fn escaped(name: &OsStr) -> String {
    name.as_bytes().escape_ascii().to_string()
}

/// Reads the metadata of an open file.
pub(crate) fn meta_of(fd: impl AsFd) -> io::Result<Meta> {
    Ok(meta(&statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?))
}

fn meta(found: &Statx) -> Meta {
    Meta {
        identity: (rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino),
        kind: FileType::from_raw_mode(found.stx_mode.into()),
        links: found.stx_nlink,
        bytes: found.stx_size,
        allocated: found.stx_blocks * 512,
        mode: u32::from(found.stx_mode) & 0o777,
        born: StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME).then(|| time(&found.stx_btime)),
        modified: time(&found.stx_mtime),
        changed: time(&found.stx_ctime),
    }
}

fn time(stamp: &StatxTimestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(stamp.tv_sec, stamp.tv_nsec).unwrap_or_default()
}
