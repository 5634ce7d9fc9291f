//! `cat` and `tail`: lines of many streams in the order of their times.

use std::io::Write;

use crate::archive::Archive;
use crate::cli::Logs;
use crate::dir::Dir;
use crate::reader::filter::Filter;
use crate::reader::merge::{Request, read};
use crate::reader::print::Show;

/// Arguments of `cat`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Cat {
    /// Pods and streams
    #[command(flatten)]
    logs: Logs,
    /// The lines that are wanted
    #[command(flatten)]
    filter: Filter,
    /// Keep printing new lines
    #[arg(short, long)]
    follow: bool,
}

impl Cat {
    /// Prints all lines, or the `last` ones.
    pub fn run(
        &self,
        root: &Dir,
        archive: Option<&Archive>,
        last: Option<usize>,
        terminal: bool,
        out: &mut impl Write,
    ) -> anyhow::Result<bool> {
        let (pod, stream) = (self.logs.pod.as_deref(), self.logs.stream.as_ref());
        let archive = archive.filter(|_| self.logs.archive);
        let request = Request { pod, stream, filter: &self.filter, last, archive, follow: self.follow };
        let show = if terminal { Show::Terminal { origin: pod.is_none() || stream.is_none() } } else { Show::Raw };
        read(root, &request, show, out)
    }
}

/// Arguments of `tail`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Tail {
    /// Those of `cat`
    #[command(flatten)]
    pub cat: Cat,
    /// Number of lines
    #[arg(short = 'n', long, default_value = "10")]
    pub lines: usize,
}
