//! Whether anyone has a file open for writing, asked through a read lease: it catches writers that take no lock.

use std::fs::File;

use runtime::descriptor::set_lease;

/// What the kernel says of a file's writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Nobody has it open for writing.
    None,
    /// Somebody has.
    Some,
    /// This file system or this user can't ask.
    Unknown,
}

/// Asks by taking a read lease on `file`, which must be open for reading only, and giving it back at once. SIGIO, which
/// announces a broken lease, must not end this process.
pub fn writers(file: &File) -> Writers {
    match set_lease(file, libc::F_RDLCK) {
        Ok(()) => {
            // Failing to give it back leaves a lease that is gone with the descriptor.
            let _ = set_lease(file, libc::F_UNLCK);
            Writers::None
        }
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Writers::Some,
        Err(_) => Writers::Unknown,
    }
}
