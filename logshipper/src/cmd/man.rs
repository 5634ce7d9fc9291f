//! `man`: the manual page of the program or of one of its commands.

use std::io::Write;

use anyhow::Context;
use clap_mangen::Man as Page;

/// Arguments of `man`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Man {
    /// A command; the program without it
    command: Option<String>,
}

impl Man {
    /// Prints the page for this command line.
    pub fn run(&self, mut command_line: clap::Command, out: &mut impl Write) -> anyhow::Result<()> {
        command_line.build();
        let page = match &self.command {
            Some(name) => command_line.find_subcommand(name).cloned().with_context(|| format!("{name}: no such command"))?,
            None => command_line,
        };
        Ok(Page::new(page).render(out)?)
    }
}
