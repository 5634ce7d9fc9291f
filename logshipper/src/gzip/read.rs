//! Reading a compressed segment: by position, and as a whole.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use crc32fast::Hasher;
use flate2::read::MultiGzDecoder;

const BUFFER: usize = 128 << 10;

/// Bytes that are read by their position: those of a file, or of an archived object.
pub trait ReadAt {
    /// The number of bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads from position `at`, at most as much as `buffer` holds.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;

    /// Reads from `at` to the end.
    fn read_end(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.length()?.saturating_sub(at)).unwrap_or(usize::MAX)];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.read_at(&mut bytes[filled..], at + filled as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(bytes)
    }
}

impl ReadAt for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, at)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for Rc<R> {
    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        (**self).read_at(buffer, at)
    }
}

/// Decodes a whole gzip file and returns the CRC-32 and the length of its plain bytes.
pub fn digest(file: impl BufRead) -> io::Result<(u32, u64)> {
    let mut decoder = MultiGzDecoder::new(file);
    let (mut crc, mut length, mut buffer) = (Hasher::new(), 0, vec![0; BUFFER]);
    loop {
        match decoder.read(&mut buffer)? {
            0 => return Ok((crc.finalize(), length)),
            count => {
                crc.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}
