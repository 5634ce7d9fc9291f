//! `--dry-run`: the actions that the daemon would take next.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;

use anyhow::Context;

use crate::archive::state::ArchiveState;
use crate::cli::Arguments;
use crate::dir::Dir;
use crate::plan;
use crate::pod::{Ages, Now, list};

/// Prints the planned actions for the directory of `pod` and their reasons without executing them.
pub fn dry_run(root: &Dir, pod: &str, arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let now = Now::read();
    let dir = root.open_dir(OsStr::new(pod)).with_context(|| format!("no logs of a pod {pod}"))?;
    let mut listing = list(&dir, &mut Ages::default(), now)?;
    ArchiveState::new(arguments.archive_url.clone()).annotate(OsStr::new(pod), &dir, &mut listing);
    let policy = arguments.daemon.policy();
    let rotations = plan::rotations(&listing, &policy, &BTreeMap::new(), now.wall);
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
