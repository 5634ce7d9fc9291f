//! JSON format of log lines: the event's time, level, fields and target, and the fields of the spans that it is in. A request's
//! span has `request_id`, and `trace_id` and `span_id` as OpenTelemetry names them in JSON.
//!
//! The formatter of tracing-subscriber parses a span's fields again for each line. Here they are serialized once per span, and
//! copied.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde::Serializer as _;
use serde::ser::SerializeMap;
use serde_json::Serializer;
use tracing::field::Visit;
use tracing::{Event, Subscriber, span};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// Initial capacity of a line; most are shorter.
const USUAL_LENGTH: usize = 512;

/// Formats events and spans as JSON objects.
pub(super) struct Json;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, Self> for Json {
    fn format_event(&self, context: &FmtContext<'_, S, Self>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Vec::with_capacity(USUAL_LENGTH);
        write_event(&mut line, event).map_err(|_| fmt::Error)?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<Self>>() {
                line.pop();
                append(&mut line, fields);
            }
        }
        line.push(b'\n');
        writer.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

fn write_event(line: &mut Vec<u8>, event: &Event<'_>) -> serde_json::Result<()> {
    let metadata = event.metadata();
    let mut serializer = Serializer::new(line);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("timestamp", &Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true))?;
    object.serialize_entry("level", metadata.level().as_str())?;
    let mut fields = SerdeMapVisitor::new(object);
    event.record(&mut fields);
    let mut object = fields.take_serializer()?;
    object.serialize_entry("target", metadata.target())?;
    object.end()
}

impl<'a> FormatFields<'a> for Json {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'a>, fields: R) -> fmt::Result {
        writer.write_str(&object(|visitor| fields.record(visitor))?)
    }

    fn add_fields(&self, current: &'a mut FormattedFields<Self>, fields: &span::Record<'_>) -> fmt::Result {
        let more = object(|visitor| fields.record(visitor))?;
        let mut bytes = std::mem::take(&mut current.fields).into_bytes();
        bytes.pop();
        append(&mut bytes, &more);
        current.fields = String::from_utf8(bytes).map_err(|_| fmt::Error)?;
        Ok(())
    }
}

/// Appends the fields and the end of `object` to an open object.
fn append(open: &mut Vec<u8>, object: &str) {
    let fields = object.strip_prefix('{').unwrap_or(object);
    if fields != "}" && !open.ends_with(b"{") {
        open.push(b',');
    }
    open.extend_from_slice(fields.as_bytes());
}

/// Serializes a span's fields as an object.
fn object(record: impl FnOnce(&mut dyn Visit)) -> Result<String, fmt::Error> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::new(&mut bytes);
    let mut fields = SerdeMapVisitor::new(serializer.serialize_map(None).map_err(|_| fmt::Error)?);
    record(&mut fields);
    fields.finish().map_err(|_| fmt::Error)?;
    String::from_utf8(bytes).map_err(|_| fmt::Error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::prelude::*;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the lines that `work` logs, without their time, which is checked here.
    fn lines(work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let written = lines.clone();
        let layer = tracing_subscriber::fmt::layer().fmt_fields(Json).event_format(Json).with_writer(move || written.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let parse = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(time.as_str().is_some_and(|time| time.len() == "2026-11-23T16:27:56.078396Z".len() && time.ends_with('Z')));
            line
        };
        text.lines().map(parse).collect()
    }

    #[test]
    fn event_has_own_and_its_spans_fields() {
        let logged = lines(|| {
            tracing::warn!(target: "a", count = 3, ratio = 0.5, text = "\"\u{1b}\n", shown = %"x", none = Option::<u64>::None, "alone");
            let _outer = tracing::info_span!("outer", a = 1).entered();
            let _span = tracing::info_span!("request", request_id = "\"7\"", hex = %format_args!("{:x}", 255)).entered();
            tracing::info!(target: "b", "within");
        });
        let expected = [
            json!({ "level": "WARN", "target": "a", "message": "alone", "count": 3, "ratio": 0.5, "text": "\"\u{1b}\n", "shown": "x" }),
            json!({ "level": "INFO", "target": "b", "message": "within", "a": 1, "request_id": "\"7\"", "hex": "ff" }),
        ];
        assert_eq!(logged, expected);
    }

    #[test]
    fn span_fields_may_be_recorded_later() {
        let logged = lines(|| {
            let span = tracing::info_span!("s", a = tracing::field::Empty, b = tracing::field::Empty).entered();
            for log in 0..3 {
                tracing::info!(target: "t", "m");
                span.record(["a", "b"][log % 2], log);
            }
        });
        let base = json!({ "level": "INFO", "target": "t", "message": "m" });
        let with = |fields: Value| {
            let mut line = base.clone();
            line.as_object_mut().unwrap().append(&mut fields.as_object().unwrap().clone());
            line
        };
        assert_eq!(logged, [with(json!({})), with(json!({ "a": 0 })), with(json!({ "a": 0, "b": 1 }))]);
    }
}
