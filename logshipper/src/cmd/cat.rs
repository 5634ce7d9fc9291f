//! `cat` and `tail`: lines of many streams in the order of their times.

use std::env;
use std::io::{self, IsTerminal, Write};

use crate::archive::Archive;
use crate::cli::{Logs, Output};
use crate::dir::Dir;
use crate::reader::filter::Filter;
use crate::reader::merge::{Request, read};
use crate::reader::print::{Form, Printer};

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
    follow: bool,
    /// Form of the lines: as they are in a pipe and readable on a terminal, or one JSON object per line with its pod and stream
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Colours: on a terminal that has them, unless NO_COLOR is set; always, also in a pipe; or never
    #[arg(long, value_enum, default_value_t)]
    color: Color,
}

/// When to use colours
#[derive(clap::ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Cat {
    /// Prints the lines: all, or by default the `last` ones.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, last: Option<usize>, out: &mut impl Write) -> anyhow::Result<bool> {
        let selection = self.logs.selection(archive);
        let request = Request { selection, filter: &self.filter, last: self.tail.or(last), follow: self.follow };
        let is_terminal = io::stdout().is_terminal();
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !no_color && env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
            }
        };
        let form = match self.output {
            Output::Json => Form::Json,
            Output::Text if is_terminal || self.color == Color::Always => Form::Pretty,
            Output::Text => Form::Raw,
        };
        read(root, &request, &Printer { form, color, fields: self.filter.fields() }, out)
    }
}
