//! Fault points: each system call on a pod's directory or its files passes one first. In the program they are nothing; a
//! test arms them to fail once, or to end everything there, as a kill does.

use std::fs::File;
use std::io::{self, Read, Write};

#[cfg(not(test))]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn point() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use armed::point;

/// A file whose reads and writes pass fault points. What fails in a write has written half of it, as a full disk does.
#[derive(Debug)]
pub(crate) struct Failpoint<'a>(pub(crate) &'a File);

impl Read for Failpoint<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        point()?;
        self.0.read(buffer)
    }
}

impl Write for Failpoint<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = point() {
            let _ = self.0.write(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod armed {
    use std::cell::{Cell, RefCell};
    use std::io;

    use rustix::io::Errno;

    /// Action at the armed point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// The call fails once.
        Error(Errno),
        /// The call and all after it do nothing.
        Kill,
        /// Another process does something before the call.
        Interference,
    }

    thread_local! {
        static ARMED: Cell<Option<(u64, Fault)>> = const { Cell::new(None) };
        static DEAD: Cell<bool> = const { Cell::new(false) };
        static INTERFERENCE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
    }

    /// Lets `count` calls of this thread pass before `interference`.
    pub(crate) fn interfere(count: u64, interference: impl FnOnce() + 'static) {
        INTERFERENCE.set(Some(Box::new(interference)));
        arm(count, Fault::Interference);
    }

    /// Lets `count` calls of this thread pass before the fault.
    pub(crate) fn arm(count: u64, fault: Fault) {
        ARMED.set(Some((count, fault)));
        DEAD.set(false);
    }

    /// Ends faults, and says whether the armed one has happened.
    pub(crate) fn disarm() -> bool {
        DEAD.set(false);
        ARMED.take().is_none()
    }

    pub(crate) fn point() -> io::Result<()> {
        if DEAD.get() {
            return Err(io::Error::other("killed"));
        }
        match ARMED.get() {
            Some((0, Fault::Interference)) => {
                ARMED.set(None);
                if let Some(interference) = INTERFERENCE.take() {
                    interference();
                }
                Ok(())
            }
            Some((0, fault)) => {
                ARMED.set(None);
                DEAD.set(fault == Fault::Kill);
                Err(match fault {
                    Fault::Error(errno) => errno.into(),
                    Fault::Kill | Fault::Interference => io::Error::other("killed"),
                })
            }
            Some((count, fault)) => {
                ARMED.set(Some((count - 1, fault)));
                Ok(())
            }
            None => Ok(()),
        }
    }
}
