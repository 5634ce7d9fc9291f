//! `--dry-run`: the actions that the daemon would take next.

use std::ffi::OsStr;
use std::io::Write;

use anyhow::Context;

use crate::archive::{Archive, ArchiveState};
use crate::dir::Dir;
use crate::plan::{self, Policy};
use crate::rotate::recorded_numbers;
use crate::survey::{Now, Survey};

/// Prints the planned actions for the directory of `pod` and their reasons without executing them.
pub fn dry_run(root: &Dir, pod: &str, policy: &Policy, archive: Option<&Archive>, out: &mut impl Write) -> anyhow::Result<()> {
    let now = Now::read();
    let dir = root.open_dir(OsStr::new(pod)).with_context(|| format!("no logs of a pod {pod}"))?;
    let survey = Survey::of(OsStr::new(pod), &dir, &ArchiveState::new(archive.cloned()), &policy.log_files)?;
    let rotations = plan::rotations(&survey, policy, &recorded_numbers(&dir), now.wall);
    let work = plan::work(&survey, policy, now);
    for rotation in &rotations {
        writeln!(out, "{rotation}")?;
    }
    let rolled = plan::rolled(&survey);
    for file in &rolled {
        writeln!(out, "take over {}: once its program has closed it", file.name)?;
    }
    for work in &work {
        writeln!(out, "{work}")?;
    }
    let uploads = plan::uploads(&survey);
    for segment in &uploads {
        writeln!(out, "upload {segment}: it is not archived")?;
    }
    if rotations.is_empty() && rolled.is_empty() && work.is_empty() && uploads.is_empty() {
        writeln!(out, "nothing to do")?;
    }
    Ok(())
}
