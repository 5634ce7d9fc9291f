//! Safe wrappers around file descriptor system calls; all unsafe code of the workspace.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Acquires (`F_RDLCK`) or releases (`F_UNLCK`) a lease on `file`: `fcntl(2)`, `F_SETLEASE`, for which no crate has a safe function.
///
/// # Errors
/// Those of the system call: `EAGAIN` if the file is open elsewhere in a way that the lease excludes.
pub fn set_lease(file: &File, kind: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open as long as `file` is borrowed, and F_SETLEASE takes an int and touches no memory.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, kind) };
    check(result)
}

/// Has the kernel tell that `socket` can be read only once this many bytes are there, or its end: `socket(7)`, `SO_RCVLOWAT`,
/// for which no crate has a safe function.
///
/// # Errors
/// Those of the system call.
#[allow(clippy::cast_possible_truncation)] // four
pub fn set_receive_low_water(socket: &impl AsFd, bytes: u16) -> io::Result<()> {
    let value = libc::c_int::from(bytes);
    let (descriptor, size) = (socket.as_fd().as_raw_fd(), size_of_val(&value) as libc::socklen_t);
    // SAFETY: the descriptor is open as long as `socket` is borrowed, and the call only reads an int that outlives it.
    let result = unsafe { libc::setsockopt(descriptor, libc::SOL_SOCKET, libc::SO_RCVLOWAT, (&raw const value).cast(), size) };
    check(result)
}

/// Converts the result of a system call.
fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Duplicates a descriptor that other code owns, such as one found in `/proc/self/fd`.
///
/// # Errors
/// `EBADF` if no descriptor has that number.
pub fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number isn't -1, and is borrowed for one call, which neither owns nor changes the descriptor. If it was
    // closed in the meantime, the call fails.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn duplicate_refers_to_same_file() {
        let (mut reader, writer) = io::pipe().unwrap();
        let copy = duplicate(writer.as_raw_fd()).unwrap();
        drop(writer);
        File::from(copy).write_all(b"here").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "here");
        for nothing in [-1, RawFd::MAX] {
            assert_eq!(duplicate(nothing).unwrap_err().raw_os_error(), Some(libc::EBADF));
        }
    }

    #[test]
    fn lease_is_refused_while_file_is_open_for_writing() {
        let path = std::env::temp_dir().join(format!("runtime-lease-{}", std::process::id()));
        let writer = File::create(&path).unwrap();
        let reader = File::open(&path).unwrap();
        assert!(set_lease(&reader, libc::F_RDLCK).is_err());
        drop((writer, reader));
        std::fs::remove_file(path).unwrap();
    }
}
