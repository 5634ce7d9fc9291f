//! The commands beside the daemon.

use std::ffi::OsStr;
use std::io::{self, BufWriter, IsTerminal, Write};

use anyhow::Context;

use crate::archive::Archive;
use crate::archive::state::ArchiveState;
use crate::config::{Arguments, Command, Logs, Output};
use crate::dir::Dir;
use crate::plan;
use crate::pod::Now;
use crate::reading::logs::directory;
use crate::reading::read::{Request, read};
use crate::reading::show::Show;
use crate::reading::{ls, verify};
use crate::rotate::rotate_now;

/// Runs a command and says whether all went well. A reader of the output that goes away ends it well.
pub fn run(root: &Dir, command: &Command, archive: Option<&Archive>) -> anyhow::Result<bool> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut out = BufWriter::with_capacity(64 << 10, stdout.lock());
    let done = dispatch(root, command, archive, terminal, &mut out).and_then(|good| Ok(out.flush().map(|()| good)?));
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
    terminal: bool,
    out: &mut impl Write,
) -> anyhow::Result<bool> {
    let wanted = |logs: &Logs| archive.filter(|_| logs.archive);
    let show = |pod: Option<&String>, stream: bool| {
        if terminal { Show::Terminal { origin: pod.is_none() || !stream } } else { Show::Raw }
    };
    match command {
        Command::Ls { logs, output } => {
            let rows = ls::rows(root, logs.pod.as_deref(), logs.stream.as_ref(), wanted(logs))?;
            match output {
                Output::Table => ls::table(&rows, out)?,
                Output::Json => {
                    serde_json::to_writer_pretty(&mut *out, &rows).map_err(io::Error::from)?;
                    out.write_all(b"\n")?;
                }
            }
            Ok(true)
        }
        Command::Cat { logs, filter, follow } => {
            let (pod, stream) = (logs.pod.as_deref(), logs.stream.as_ref());
            let request = Request { pod, stream, filter, last: None, archive: wanted(logs), follow: *follow };
            read(root, &request, show(logs.pod.as_ref(), stream.is_some()), out)
        }
        Command::Tail { logs, filter, follow, lines } => {
            let (pod, stream) = (logs.pod.as_deref(), logs.stream.as_ref());
            let request = Request { pod, stream, filter, last: Some(*lines), archive: wanted(logs), follow: *follow };
            read(root, &request, show(logs.pod.as_ref(), stream.is_some()), out)
        }
        Command::Verify { logs } => {
            Ok(verify::verify(root, logs.pod.as_deref(), logs.stream.as_ref(), wanted(logs), out)?.is_good())
        }
        Command::Rotate { pod, stream } => {
            let (dir, _) = directory(root, pod)?;
            let rotated =
                rotate_now(&dir, stream, Now::read()).with_context(|| format!("{} can't be rotated", stream.live_name()))?;
            match rotated {
                Some(segment) => writeln!(out, "{segment}")?,
                None => writeln!(out, "{} is empty or not there: nothing to rotate", stream.live_name())?,
            }
            Ok(true)
        }
    }
}

/// Writes what the daemon would do next in the directory of `pod`, and why.
pub fn dry_run(root: &Dir, pod: &str, arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let now = Now::read();
    let (dir, mut listing) = directory(root, pod)?;
    ArchiveState::new(arguments.archive_url.clone()).annotate(OsStr::new(pod), &dir, &mut listing);
    let policy = arguments.daemon.policy();
    let rotations = plan::rotations(&listing, &policy, &std::collections::BTreeMap::new(), now.wall);
    let work = plan::work(&listing, &policy, now.wall);
    for rotation in &rotations {
        writeln!(out, "{rotation}")?;
    }
    for work in &work {
        writeln!(out, "{work}")?;
    }
    let uploads = plan::uploads(&listing);
    for segment in &uploads {
        writeln!(out, "upload {segment}: it is not archived")?;
    }
    if rotations.is_empty() && work.is_empty() && uploads.is_empty() {
        writeln!(out, "nothing to do")?;
    }
    Ok(())
}
