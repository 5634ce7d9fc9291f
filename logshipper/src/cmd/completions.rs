//! `completions`: the script by which a shell completes commands and options.

use std::io::Write;

use clap_complete::{Generator, Shell};

/// Arguments of `completions`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script for this command line.
    pub fn run(&self, mut command_line: clap::Command, out: &mut impl Write) -> anyhow::Result<()> {
        command_line.set_bin_name("logshipper");
        command_line.build();
        Ok(self.shell.try_generate(&command_line, out)?)
    }
}
