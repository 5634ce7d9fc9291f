//! The form of a line: as it is in a pipe, for a person on a terminal, or as a JSON object with its origin.

use std::env;
use std::io::{self, IsTerminal, Write};

use chrono::{DateTime, SecondsFormat};
use handoff::Stream;
use runtime::logging::{LogLevel, escape};
use serde_json::{Map, Value, json};

use crate::line::{self, Fields};
use crate::reader::pods::PodId;

/// Fields that are printed elsewhere, or say nothing to a person.
const HIDDEN: [&str; 10] = ["timestamp", "@timestamp", "time", "ts", "level", "severity", "message", "msg", "target", "status"];
/// The order of fields; others follow, and ids come last.
const ORDER: [&str; 6] = ["method", "path", "route", "client", "duration_ms", "error"];

/// The origin of a line.
#[derive(Debug, Clone)]
pub struct Label {
    /// The name of the pod's directory.
    pub directory: String,
    /// The stream.
    pub stream: String,
}

impl Label {
    /// The stream of a pod with this directory.
    pub fn new(directory: &str, stream: &Stream) -> Self {
        Self { directory: directory.to_owned(), stream: stream.to_string() }
    }

    /// The pod's name without the hash of its replica set, and the stream.
    fn short(&self) -> String {
        let pod = PodId::parse(&self.directory).pod;
        let is_hash = |part: &str| (6..=10).contains(&part.len()) && part.bytes().any(|byte| byte.is_ascii_digit());
        let pod = match pod.rsplit_once('-').and_then(|(rest, id)| Some((rest.rsplit_once('-')?, id))) {
            Some(((name, hash), id)) if id.len() == 5 && is_hash(hash) => format!("{name}-{id}"),
            _ => pod.to_owned(),
        };
        format!("{}/{}", escape(&pod), self.stream)
    }
}

/// The forms of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Raw,
    /// Time, level, origin, status, message and fields.
    Pretty,
    /// JSON objects with pod, stream, time, level and the line.
    Json,
}

/// The forms of output.
#[derive(clap::ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Output {
    /// For people.
    #[default]
    #[value(alias = "table")]
    Text,
    /// For programs.
    Json,
}

/// The form of lines, as it is chosen on the command line
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Style {
    /// Lines as they are in a pipe and readable on a terminal, or one JSON object per line with its pod and stream
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Colours: on a terminal that has them, unless `NO_COLOR` is set; always, also in a pipe; or never
    #[arg(long, value_enum, default_value_t)]
    color: Color,
}

/// Use of colours
#[derive(clap::ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Style {
    /// The printer for standard output.
    pub fn printer<'a>(&self, fields: Fields<'a>) -> Printer<'a> {
        let is_terminal = io::stdout().is_terminal();
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color && env::var_os("TERM").is_none_or(|terminal| terminal != "dumb"),
        };
        let form = match self.output {
            Output::Json => Form::Json,
            Output::Text if is_terminal || self.color == Color::Always => Form::Pretty,
            Output::Text => Form::Raw,
        };
        Printer { form, color, fields }
    }
}

/// Writes lines.
#[derive(Debug)]
pub struct Printer<'a> {
    /// The form of the lines.
    pub form: Form,
    /// True if a terminal shows colours.
    pub color: bool,
    /// The names of the fields with time and level.
    pub fields: Fields<'a>,
}

impl Printer<'_> {
    /// Returns true if lines are written as they are.
    pub fn is_raw(&self) -> bool {
        self.form == Form::Raw
    }

    /// Writes a line; `more` bytes of it are not in `line`.
    pub fn line(&self, out: &mut impl Write, label: &Label, line: &[u8], more: u64) -> io::Result<()> {
        let without_cr = line.strip_suffix(b"\r").unwrap_or(line);
        match self.form {
            Form::Raw => out.write_all(line)?,
            Form::Pretty => self.pretty(out, label, without_cr)?,
            Form::Json => self.json(out, label, without_cr, more)?,
        }
        if more > 0 && self.form != Form::Json {
            write!(out, " … {more} more bytes")?;
        }
        out.write_all(b"\n")
    }

    fn json(&self, out: &mut impl Write, label: &Label, line: &[u8], more: u64) -> io::Result<()> {
        let head = line::head(line, &self.fields);
        let PodId { namespace, pod } = PodId::parse(&label.directory);
        let value = serde_json::from_slice::<Map<String, Value>>(line);
        let value = value.map_or_else(|_| Value::from(String::from_utf8_lossy(line)), Value::from);
        let mut object = json!({ "namespace": namespace, "pod": pod, "stream": label.stream, "time": head.time.and_then(rfc3339),
            "level": head.level.map(LogLevel::name), "line": value });
        if more > 0 {
            object["more_bytes"] = more.into();
        }
        serde_json::to_writer(out, &object).map_err(io::Error::from)
    }

    fn pretty(&self, out: &mut impl Write, label: &Label, line: &[u8]) -> io::Result<()> {
        let head = line::head(line, &self.fields);
        let origin = self.paint(36, &label.short());
        let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(line) else {
            return write!(out, "{origin} {}", printable(&line::plain_text(line)));
        };
        let time = head.time.and_then(rfc3339).unwrap_or_default();
        let level = head.level.map_or_else(
            || self.paint(2, "-    "),
            |level| self.paint(level_color(level), &format!("{:<5}", level.name().to_uppercase())),
        );
        write!(out, "{} {level} {origin}", self.paint(2, &time))?;
        if let Some(status) = fields.get("status") {
            let text = text(status);
            let color = if text.starts_with('5') {
                31
            } else if text.starts_with('4') {
                33
            } else {
                32
            };
            write!(out, " {}", self.paint(color, &printable(&text)))?;
        }
        let message = fields.get("message").or_else(|| fields.get("msg")).map(text).unwrap_or_default();
        write!(out, " {}", printable(&message))?;
        // The common JSON format of tracing.
        if let Some(Value::Object(span)) = fields.remove("span") {
            for (name, value) in span.into_iter().filter(|(name, _)| name != "name") {
                fields.entry(name).or_insert(value);
            }
        }
        let mut fields: Vec<_> = fields.into_iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str())).collect();
        let is_id = |name: &str| name == "id" || name.ends_with("_id") || name.ends_with("Id");
        let rank = |name: &str| (is_id(name), ORDER.iter().position(|first| *first == name).unwrap_or(ORDER.len()));
        fields.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
        for (name, value) in fields {
            let value = printable(&text(&value));
            let value = if is_id(&name) { short_id(&value) } else { value };
            write!(out, " {}{value}", self.paint(2, &format!("{}=", printable(&name))))?;
        }
        Ok(())
    }

    fn paint(&self, color: u8, text: &str) -> String {
        if self.color { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn level_color(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 31,
        LogLevel::Warn => 33,
        LogLevel::Info => 32,
        LogLevel::Debug | LogLevel::Trace => 34,
    }
}

/// The end of a long id: ids of one minute begin alike.
fn short_id(id: &str) -> String {
    const SHOWN: usize = 8;
    let skipped = id.chars().count().saturating_sub(SHOWN);
    if skipped > SHOWN / 2 { format!("…{}", id.chars().skip(skipped).collect::<String>()) } else { id.to_owned() }
}

fn rfc3339(micros: i64) -> Option<String> {
    Some(DateTime::from_timestamp_micros(micros)?.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Escapes control characters, except for tabs: a log line must not command the terminal that shows it.
fn printable(text: &str) -> String {
    text.split('\t').map(escape).collect::<Vec<_>>().join("\t")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LINE: &str = r#"{"timestamp":"2026-07-23T10:11:12.123456Z","level":"WARN","message":"slow\u001b[2J","target":"web","trace_id":"019e8f2c4a7b7abc8def0123456789ab","status":404,"path":"/owners","span":{"name":"request","request_id":"7"}}"#;

    fn shown(form: Form, color: bool, line: &str, more: u64) -> String {
        let mut out = Vec::new();
        let label = Label { directory: "default_petclinic-7d4b9c6f5-x2x4z_11".into(), stream: "access".into() };
        Printer { form, color, fields: Fields::default() }.line(&mut out, &label, line.as_bytes(), more).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn raw_lines_are_unchanged() {
        assert_eq!(shown(Form::Raw, false, "\u{1b}[31m{", 0), "\u{1b}[31m{\n");
    }

    #[test]
    fn pretty_lines_have_a_fixed_order_and_no_commands() {
        assert_eq!(
            shown(Form::Pretty, false, LINE, 0),
            "2026-07-23T10:11:12.123Z WARN  petclinic-x2x4z/access 404 slow\\u001b[2J path=/owners request_id=7 trace_id=…456789ab\n"
        );
        assert!(shown(Form::Pretty, true, LINE, 0).contains("\u{1b}[33mWARN \u{1b}[0m"));
        assert_eq!(
            shown(Form::Pretty, false, "\u{1b}[31mnot\u{7} JSON", 5),
            "petclinic-x2x4z/access not\\u0007 JSON … 5 more bytes\n"
        );
    }

    #[test]
    fn json_lines_name_their_origin() {
        let value: Value = serde_json::from_str(&shown(Form::Json, false, LINE, 0)).unwrap();
        assert_eq!((&value["pod"], &value["namespace"]), (&"petclinic-7d4b9c6f5-x2x4z".into(), &"default".into()));
        assert_eq!((&value["level"], &value["line"]["status"]), (&"warn".into(), &404.into()));
        let value: Value = serde_json::from_str(&shown(Form::Json, false, "text", 7)).unwrap();
        assert_eq!((&value["line"], &value["time"], &value["more_bytes"]), (&"text".into(), &Value::Null, &7.into()));
    }
}
