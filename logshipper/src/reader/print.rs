//! How a line is shown: as it is in a pipe; aligned, coloured and with its origin on a terminal.

use std::io::{self, Write};

use runtime::logging::LogLevel;
use serde_json::{Map, Value};

use crate::reader::filter;

/// Where a line comes from.
#[derive(Debug)]
pub struct Label {
    /// The pod.
    pub pod: String,
    /// The stream.
    pub stream: String,
}

/// The way in which lines are written.
#[derive(Debug, Clone, Copy)]
pub enum Show {
    /// As they are.
    Raw,
    /// For a person.
    Terminal {
        /// With the pod and stream that a line comes from.
        origin: bool,
    },
}

impl Show {
    /// Writes a line and its end.
    pub fn line(self, out: &mut impl Write, label: &Label, line: &[u8]) -> io::Result<()> {
        let Self::Terminal { origin } = self else {
            out.write_all(line)?;
            return out.write_all(b"\n");
        };
        if origin {
            write!(out, "\x1b[36m{}/{}\x1b[0m ", label.pod, label.stream)?;
        }
        match serde_json::from_slice::<Map<String, Value>>(line) {
            Ok(fields) => event(out, &fields),
            Err(_) => writeln!(out, "{}", printable(&String::from_utf8_lossy(line))),
        }
    }
}

/// `time LEVEL message field=value …`
fn event(out: &mut impl Write, fields: &Map<String, Value>) -> io::Result<()> {
    let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let level = text("level");
    let colour = match filter::level(format!(" {level}").as_bytes()) {
        Some(LogLevel::Error) => 31,
        Some(LogLevel::Warn) => 33,
        Some(LogLevel::Info) => 32,
        _ => 34,
    };
    let (time, message) = (printable(text("timestamp")), printable(text("message")));
    write!(out, "\x1b[2m{time:<27}\x1b[0m \x1b[{colour}m{:<5}\x1b[0m {message}", printable(level))?;
    for (name, value) in fields.iter().filter(|(name, _)| !["timestamp", "level", "message", "target"].contains(&name.as_str())) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        write!(out, " \x1b[2m{}=\x1b[0m{}", printable(name), printable(&value))?;
    }
    writeln!(out)
}

/// Control characters escaped: a log line must not command the terminal that shows it.
fn printable(text: &str) -> String {
    let escape = |c: char| c.is_control() && c != '\t';
    text.chars().map(|c| if escape(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shown(show: Show, line: &str) -> String {
        let mut out = Vec::new();
        let label = Label { pod: "pod-1".into(), stream: "access".into() };
        show.line(&mut out, &label, line.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn raw_lines_are_as_they_are() {
        assert_eq!(shown(Show::Raw, "\u{1b}[31m{"), "\u{1b}[31m{\n");
    }

    #[test]
    fn a_terminal_gets_aligned_text_and_no_commands() {
        let line = r#"{"timestamp":"2026-07-23T10:11:12.123456Z","level":"WARN","message":"slow\u001b[2J","target":"web","path":"/owners","status":200}"#;
        assert_eq!(
            shown(Show::Terminal { origin: true }, line),
            "\u{1b}[36mpod-1/access\u{1b}[0m \u{1b}[2m2026-07-23T10:11:12.123456Z\u{1b}[0m \u{1b}[33mWARN \u{1b}[0m slow\\u{1b}[2J \
             \u{1b}[2mpath=\u{1b}[0m/owners \u{1b}[2mstatus=\u{1b}[0m200\n"
        );
        assert_eq!(shown(Show::Terminal { origin: false }, "not\u{7} JSON"), "not\\u{7} JSON\n");
    }
}
