//! Time and level of a JSON object, read only as far as needed.

use std::fmt;

use runtime::logging::LogLevel;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::line::{Fields, Head, level, time};

/// Time and level of the object in `line`, which may be torn.
pub(super) fn head(line: &[u8], fields: &Fields<'_>) -> Head {
    let mut head = Head::default();
    // It ends as soon as both are known, which the parser takes for an error.
    let _ = Object(fields, &mut head).deserialize(&mut serde_json::Deserializer::from_slice(line));
    head
}

struct Object<'a>(&'a Fields<'a>, &'a mut Head);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(fields, head) = self;
        while head.time.is_none() || head.level.is_none() {
            match map.next_key_seed(Key(fields))? {
                Some(Field::Time) => head.time = head.time.or(to_time(&map.next_value()?)),
                Some(Field::Level) => head.level = head.level.or(to_level(&map.next_value()?)),
                Some(Field::Other) => drop(map.next_value::<IgnoredAny>()?),
                None => break,
            }
        }
        Ok(())
    }
}

enum Field {
    Time,
    Level,
    Other,
}

/// Tells the fields apart by their names, without a copy of the name.
struct Key<'a>(&'a Fields<'a>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        Ok(match name {
            _ if self.0.is_time(name) => Field::Time,
            _ if self.0.is_level(name) => Field::Level,
            _ => Field::Other,
        })
    }
}

/// A text, a number since 1970, or log4j's object of seconds and nanoseconds.
fn to_time(value: &Value) -> Option<i64> {
    let number = |name| value.get(name).and_then(Value::as_f64);
    match value {
        Value::String(text) => {
            time::at_beginning(text.as_bytes()).map(|(time, _)| time).or_else(|| time::numeric(text.parse().ok()?))
        }
        Value::Object(_) => time::numeric(number("epochSecond")? + number("nanoOfSecond").unwrap_or(0.0) / 1e9),
        _ => time::numeric(value.as_f64()?),
    }
}

/// A name, a number, or ECS' object with a name in it.
fn to_level(value: &Value) -> Option<LogLevel> {
    match value {
        Value::String(text) => level::named(text.trim().as_bytes()),
        Value::Object(fields) => to_level(fields.get("level")?),
        _ => level::numbered(value.as_i64()?),
    }
}
