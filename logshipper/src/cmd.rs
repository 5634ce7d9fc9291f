//! The commands: one file each holds the arguments and what is done with them.

pub mod cat;
pub mod completions;
pub mod dry_run;
pub mod find;
pub mod ls;
pub mod man;
mod pager;
pub mod rotate;
pub mod verify;

use std::io::{self, BufWriter, Write};

use crate::archive::Archive;
use crate::cmd::cat::Cat;
use crate::cmd::completions::Completions;
use crate::cmd::find::Find;
use crate::cmd::ls::Ls;
use crate::cmd::man::Man;
use crate::cmd::pager::Pager;
use crate::cmd::rotate::Rotate;
use crate::cmd::verify::Verify;
use crate::config::Settings;
use crate::dir::Dir;

/// Lines that `tail` prints.
const TAIL: usize = 10;

/// The commands.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Those that work on logs.
    #[command(flatten)]
    Logs(Box<LogCommand>),
    /// Prints the script by which bash, zsh, fish or another shell completes commands and options
    Completions(Completions),
    /// Prints the manual page, or that of a command: `logshipper man cat | man -l -`
    Man(Man),
}

/// The commands that work on logs.
#[derive(clap::Subcommand, Debug)]
pub enum LogCommand {
    /// Lists pods, their streams, and what is kept of each
    Ls(Ls),
    /// Prints lines in the order of their times, from live and compressed files
    Cat(Cat),
    /// Prints the last 10 lines, or as many as -n says
    Tail(Cat),
    /// Decodes every segment, compares checksums and looks for gaps; exit status 1 if something is wrong
    Verify(Verify),
    /// Prints all lines of one request, of all pods and streams, from files and the archive
    Find(Find),
    /// Rotates a stream now, however short its live file is
    Rotate(Rotate),
}

impl LogCommand {
    /// Runs the command and returns `false` if it found problems.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, settings: &Settings) -> anyhow::Result<bool> {
        let (pager, output): (_, Box<dyn Write>) = match self.is_paged().then(Pager::start).flatten() {
            Some((pager, input)) => (Some(pager), Box::new(input)),
            None => (None, Box::new(io::stdout().lock())),
        };
        let mut out = BufWriter::with_capacity(64 << 10, output);
        let done = self.write(root, archive, settings, &mut out).and_then(|good| Ok(out.flush().map(|()| good)?));
        drop(out);
        pager.map_or(Ok(()), Pager::end)?;
        done
    }

    /// Returns true if the output ends, and may be longer than a screen.
    fn is_paged(&self) -> bool {
        match self {
            Self::Cat(cat) | Self::Tail(cat) => !cat.follow,
            Self::Ls(_) | Self::Find(_) => true,
            Self::Verify(_) | Self::Rotate(_) => false,
        }
    }

    fn write(&self, root: &Dir, archive: Option<&Archive>, settings: &Settings, out: &mut impl Write) -> anyhow::Result<bool> {
        match self {
            Self::Ls(ls) => ls.run(root, archive, settings, out),
            Self::Cat(cat) => cat.run(root, archive, None, out),
            Self::Tail(tail) => tail.run(root, archive, Some(TAIL), out),
            Self::Find(find) => find.run(root, archive, out),
            Self::Verify(verify) => verify.run(root, archive, out),
            Self::Rotate(rotate) => rotate.run(root, out).map(|()| true),
        }
    }
}
