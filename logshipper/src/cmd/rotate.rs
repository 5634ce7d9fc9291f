//! `rotate`: closes the live file of one stream.

use std::io::Write;

use anyhow::Context;
use handoff::Stream;

use crate::config::pod_name;
use crate::dir::Dir;
use crate::pod::Now;
use crate::reader::pods::directory;
use crate::rotate::rotate_now;

/// Arguments of `rotate`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Rotate {
    /// The pod
    #[arg(value_parser = pod_name)]
    pod: String,
    /// The stream, such as access
    stream: Stream,
}

impl Rotate {
    /// Rotates the stream and prints the segment's name.
    pub fn run(&self, root: &Dir, out: &mut impl Write) -> anyhow::Result<()> {
        let live = self.stream.live_name();
        let (dir, _) = directory(root, &self.pod)?;
        match rotate_now(&dir, &self.stream, Now::read()).with_context(|| format!("{live} can't be rotated"))? {
            Some(segment) => writeln!(out, "{segment}")?,
            None => writeln!(out, "{live} is empty or not there: nothing to rotate")?,
        }
        Ok(())
    }
}
