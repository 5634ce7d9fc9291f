//! The commands: one file each holds the arguments and what is done with them.

pub mod cat;
pub mod dry_run;
pub mod find;
pub mod ls;
pub mod rotate;
pub mod verify;

use std::io::{self, BufWriter, Write};

use crate::archive::Archive;
use crate::cmd::cat::Cat;
use crate::cmd::find::Find;
use crate::cmd::ls::Ls;
use crate::cmd::rotate::Rotate;
use crate::cmd::verify::Verify;
use crate::dir::Dir;
use crate::handover::Evidence;

/// Lines that `tail` prints.
const TAIL: usize = 10;

/// The commands.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
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

/// Runs a command and returns `false` if it found problems. A reader of the output that goes away ends it well.
pub fn run(root: &Dir, command: &Command, archive: Option<&Archive>, evidence: &Evidence) -> anyhow::Result<bool> {
    let stdout = io::stdout();
    let mut out = BufWriter::with_capacity(64 << 10, stdout.lock());
    let done = dispatch(root, command, archive, evidence, &mut out).and_then(|good| Ok(out.flush().map(|()| good)?));
    let went_away =
        |error: &anyhow::Error| error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    match done {
        Err(error) if went_away(&error) => {
            // What the buffer still holds has nowhere to go.
            let _ = out.into_parts();
            Ok(true)
        }
        done => done,
    }
}

fn dispatch(
    root: &Dir,
    command: &Command,
    archive: Option<&Archive>,
    evidence: &Evidence,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    match command {
        Command::Ls(ls) => ls.run(root, archive, evidence, out),
        Command::Cat(cat) => cat.run(root, archive, None, out),
        Command::Tail(tail) => tail.run(root, archive, Some(TAIL), out),
        Command::Find(find) => find.run(root, archive, out),
        Command::Verify(verify) => verify.run(root, archive, out),
        Command::Rotate(rotate) => rotate.run(root, out).map(|()| true),
    }
}
