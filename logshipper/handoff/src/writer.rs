//! A writer's half of the handoff.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, Stat, flock, fstat, mkdir, openat, statat};
use rustix::io::Errno;

use crate::name::Stream;

/// Maximum attempts to open the live file when it is renamed or locked at the same moment. logshipper renames a file once,
/// so the second attempt succeeds; more are needed only if an unknown process renames or locks the file.
const OPEN_ATTEMPTS: u32 = 16;

/// Duration of a batch of records: only its first record checks whether the file still has its name, which costs as much as
/// the record itself. After a rename the others go to the segment, which waits for this writer.
const BATCH: Duration = Duration::from_millis(1);

/// Appends records to a stream's live file, and follows it when logshipper rotates it. Share it between threads.
///
/// A record costs one `write`, and those of a millisecond one `fstatat`. Nothing waits: neither for logshipper, which need not
/// be there, nor for a lock. While the file can't be opened each record is an error of its own, and the first one after that
/// is written.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    path: PathBuf,
    live: Mutex<Option<Live>>,
}

impl Writer {
    /// A writer of `stream` in the directory `dir`. Opens nothing yet: that is the first record's or [`check`]'s work.
    ///
    /// # Errors
    /// `InvalidInput` for a name that no stream has.
    ///
    /// [`check`]: Writer::check
    pub fn new(dir: &Path, stream: &str) -> io::Result<Self> {
        let stream: Stream = stream.parse().map_err(|bad| io::Error::new(io::ErrorKind::InvalidInput, bad))?;
        Ok(Self { directory: dir.to_owned(), path: dir.join(stream.live_name()), live: Mutex::new(None) })
    }

    /// A writer whose live file is open: what the first record would find wrong is an error already here. The directory
    /// is made where only its last part is missing.
    pub fn open(dir: &Path, stream: &str) -> io::Result<Self> {
        let writer = Self::new(dir, stream)?;
        writer.check()?;
        Ok(writer)
    }

    /// Appends `record`, one complete record with its `\n` at the end.
    ///
    /// # Errors
    /// The record is not in the stream, or a torn part of it is, alone on its line: the next one begins on a fresh line.
    pub fn write(&self, record: &[u8]) -> io::Result<()> {
        let mut slot = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let begins_a_batch = slot.as_ref().is_none_or(|live| live.compared.elapsed() >= BATCH);
        if begins_a_batch && let Err(error) = self.follow(&mut slot) {
            // A rotated file is still ours while we hold its lock, and no worse a place than none.
            slot.take_if(|live| !live.is_linked());
            if slot.is_none() {
                return Err(error);
            }
        }
        slot.as_mut().map_or(Ok(()), |live| live.append(record))
    }

    /// Lets go of a file that was renamed, and opens the new one. Call it at least once a second where records may stay
    /// away for longer, so that an idle stream doesn't keep its segment from being compressed.
    pub fn check(&self) -> io::Result<()> {
        self.follow(&mut self.live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens the live file unless it is the one that is held.
    fn follow(&self, slot: &mut Option<Live>) -> io::Result<()> {
        if let Some(live) = slot
            && self.is_at_name(&live.identity)?
        {
            live.compared = Instant::now();
            return Ok(());
        }
        // The new file is open before the old one is closed: an inode number in use can't come back as another file's.
        *slot = Some(self.open_live()?);
        Ok(())
    }

    /// Returns true if the live name is that of the file with this identity.
    fn is_at_name(&self, identity: &Identity) -> io::Result<bool> {
        match statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok(Identity::of(&named) == *identity),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn open_live(&self) -> io::Result<Live> {
        for _ in 0..OPEN_ATTEMPTS {
            let file = match open_append(&self.path) {
                Err(Errno::NOENT) => match mkdir(&self.directory, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => open_append(&self.path)?,
                    Err(error) => return Err(error.into()),
                },
                // A lease, by which logshipper asks for writers for a moment.
                Err(Errno::WOULDBLOCK) => continue,
                other => other?,
            };
            let stat = fstat(&file)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(io::Error::other("not a regular file"));
            }
            match flock(&file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => continue,
                Err(error) => return Err(error.into()),
            }
            // Between open and flock the file may have been renamed, compressed and unlinked.
            if self.is_at_name(&Identity::of(&stat))? {
                return Live::new(file);
            }
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, "another process keeps the live file locked or renames it"))
    }
}

/// Readable too, for a look at the last byte; non-blocking for a planted FIFO.
fn open_append(path: &Path) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::from_raw_mode(0o640)).map(File::from)
}

/// Device and inode: identifies a file while it is held open.
#[derive(Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    fn of(stat: &Stat) -> Self {
        Self(stat.st_dev, stat.st_ino)
    }
}

#[derive(Debug)]
struct Live {
    file: File,
    identity: Identity,
    /// Time at which it was last seen under the live name.
    compared: Instant,
    /// The file's last byte isn't `\n`: a crash or a full disk tore a record.
    torn: bool,
}

impl Live {
    fn new(file: File) -> io::Result<Self> {
        let stat = fstat(&file)?;
        let mut last = [b'\n'];
        if let Some(end) = u64::try_from(stat.st_size).ok().and_then(|size| size.checked_sub(1)) {
            // Zero bytes read: truncated since, so nothing is torn.
            let _ = file.read_at(&mut last, end)?;
        }
        Ok(Self { file, identity: Identity::of(&stat), compared: Instant::now(), torn: last != [b'\n'] })
    }

    fn is_linked(&self) -> bool {
        fstat(&self.file).is_ok_and(|stat| stat.st_nlink > 0)
    }

    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let fresh: &[u8] = if self.torn { b"\n" } else { b"" };
        let mut parts = &mut [IoSlice::new(fresh), IoSlice::new(record)][..];
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let written = match self.file.write_vectored(parts) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // Less than all of it is what a full disk gives before it says so: the next call has the reason.
            self.torn = last_of(parts, written) != Some(b'\n');
            IoSlice::advance_slices(&mut parts, written);
        }
        Ok(())
    }
}

/// The last of the first `count` bytes.
fn last_of(parts: &[IoSlice<'_>], mut count: usize) -> Option<u8> {
    for part in parts {
        if count <= part.len() {
            return part.get(count.checked_sub(1)?).copied();
        }
        count -= part.len();
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    /// A pipe takes a part of a large record and then an error, as a full disk does.
    #[test]
    fn record_after_torn_one_starts_on_new_line() {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK).unwrap();
        let mut live = Live { file: writer.into(), identity: Identity(0, 0), compared: Instant::now(), torn: false };
        let mut large = vec![b'x'; 1 << 20];
        large.push(b'\n');
        assert_eq!(live.append(&large).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut reader = File::from(reader);
        let mut taken = vec![0; 1 << 20];
        let torn = reader.read(&mut taken).unwrap();
        assert!(torn > 0 && torn < large.len());
        live.append(b"next\n").unwrap();
        live.append(b"and one\n").unwrap();
        let length = reader.read(&mut taken).unwrap();
        assert_eq!(&taken[..length], b"\nnext\nand one\n");
    }

    #[test]
    fn renamed_or_replaced_file_is_not_at_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path(), "access").unwrap();
        let live = dir.path().join("access.log");
        let identity = Identity::of(&fstat(File::open(&live).unwrap()).unwrap());
        assert!(writer.is_at_name(&identity).unwrap());
        std::fs::rename(&live, dir.path().join("segment")).unwrap();
        assert!(!writer.is_at_name(&identity).unwrap());
        File::create(&live).unwrap();
        assert!(!writer.is_at_name(&identity).unwrap());
    }

    #[test]
    fn removed_file_is_not_linked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let live = Live::new(open_append(&path).unwrap()).unwrap();
        assert!(live.is_linked());
        std::fs::remove_file(path).unwrap();
        assert!(!live.is_linked());
    }

    #[test]
    fn live_file_is_opened_with_all_flags() {
        let dir = tempfile::tempdir().unwrap();
        let file = open_append(&dir.path().join("file")).unwrap();
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", std::os::fd::AsRawFd::as_raw_fd(&file))).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
        let flags = OFlags::from_bits_retain(u32::from_str_radix(flags.trim(), 8).unwrap());
        let expected = OFlags::RDWR | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        assert!(flags.contains(expected), "{flags:?}");
    }

    #[test]
    fn empty_write_tears_nothing() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let mut live = Live { file, identity: Identity(0, 0), compared: Instant::now(), torn: false };
        assert_eq!(live.append(b"a\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!live.torn);
    }

    #[test]
    fn part_includes_its_last_byte() {
        let parts = [IoSlice::new(b"\n"), IoSlice::new(b"ab")];
        assert_eq!([0, 1, 2, 3, 4].map(|count| last_of(&parts, count)), [None, Some(b'\n'), Some(b'a'), Some(b'b'), None]);
    }
}
