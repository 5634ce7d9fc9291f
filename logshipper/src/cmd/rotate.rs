//! `rotate`: closes the live file of one stream.

use std::ffi::OsStr;
use std::io::Write;

use anyhow::{Context, bail};
use handoff::{FileName, Rolled, Stream};

use crate::dir::Dir;
use crate::reader::pods::{PodPattern, directory, stream};
use crate::rotate::rotate_now;
use crate::survey::Now;

/// Arguments of `rotate`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Rotate {
    /// The pod: its name or the beginning of it
    #[arg(value_parser = PodPattern::parse)]
    pod: PodPattern,
    /// The stream, such as access
    #[arg(value_parser = stream)]
    stream: Stream,
}

impl Rotate {
    /// Rotates the stream and prints the segment's name.
    pub fn run(&self, root: &Dir, out: &mut impl Write) -> anyhow::Result<()> {
        let live = self.stream.live_name();
        let (pod, dir) = directory(root, &self.pod)?;
        match rotate_now(&dir, &self.stream, Now::read()).with_context(|| format!("failed to rotate {live}"))? {
            Some(segment) => writeln!(out, "{segment}")?,
            None if dir.paths()?.iter().any(|name| self.is_of_stream(name)) => {
                writeln!(out, "{live} is empty: nothing to rotate")?;
            }
            None => bail!("{pod} has no stream {}; `logshipper ls` lists the streams", self.stream),
        }
        Ok(())
    }

    fn is_of_stream(&self, name: &OsStr) -> bool {
        match name.to_str().and_then(FileName::parse) {
            Some(FileName::Live(stream) | FileName::Rolled(Rolled { stream, .. })) => stream == self.stream,
            Some(FileName::Segment(segment, _)) => segment.stream == self.stream,
            None => false,
        }
    }
}
