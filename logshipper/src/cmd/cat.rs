//! `cat` and `tail`: lines of many streams in the order of their times.

use std::io::Write;

use anyhow::bail;

use crate::archive::Archive;
use crate::dir::Dir;
use crate::reader::filter::Filter;
use crate::reader::merge::{Request, read};
use crate::reader::pods::{Logs, Selection};
use crate::reader::print::Style;

/// Arguments of `cat` and `tail`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Cat {
    /// Pods and streams
    #[command(flatten)]
    logs: Logs,
    /// The lines that are wanted
    #[command(flatten)]
    filter: Filter,
    /// Number of last lines
    #[arg(short = 'n', long, visible_alias = "lines")]
    tail: Option<usize>,
    /// Keep printing new lines
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Form of the lines
    #[command(flatten)]
    style: Style,
}

impl Cat {
    /// Prints the lines: all, or by default the `last` ones.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, last: Option<usize>, out: &mut impl Write) -> anyhow::Result<bool> {
        let Filter { since, until, .. } = self.filter;
        if since.zip(until).is_some_and(|(since, until)| since >= until) {
            bail!("--until must be later than --since");
        }
        let selection = Selection { since, until, ..self.logs.selection(archive) };
        let request = Request { selection, filter: &self.filter, last: self.tail.or(last), follow: self.follow };
        read(root, &request, &self.style.printer(self.filter.fields()), out)
    }
}
