//! `traceparent`, as W3C Trace Context has it: `00-<trace, 32 digits>-<span, 16 digits>-<flags, 2 digits>`, in lower-case hex.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderMap;

/// The header's name.
pub const TRACEPARENT: http::HeaderName = http::HeaderName::from_static("traceparent");
/// The flags that version 00 knows: sampled, and a random trace id.
const KNOWN_FLAGS: u8 = 0b11;

/// A span within a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace's id, not 0.
    pub trace: u128,
    /// The span's id, not 0.
    pub span: u64,
    /// Bit 0: the trace is recorded.
    pub flags: u8,
}

impl TraceParent {
    /// The one that a request names. More than one, or one that isn't right to the last digit, counts as none.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        Self::parse(value.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hex(version, 2)?;
        // A later version may have more at its end, and 255 is none.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span) = (hex(trace, 32)?, u64::try_from(hex(span, 16)?).ok()?);
        let flags = u8::try_from(hex(flags, 2)?).ok()? & KNOWN_FLAGS;
        (trace != 0 && span != 0).then_some(Self { trace, span, flags })
    }

    /// The first span of a new, unsampled trace.
    pub fn root() -> Self {
        Self { trace: new_trace_id(), span: fastrand::u64(1..), flags: 0 }
    }

    /// A span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: fastrand::u64(1..), ..self }
    }
}

/// Returns a new trace id: a UUID of version 7 (RFC 9562), whose first 48 bits are milliseconds since 1970. `logshipper find`
/// goes to that time.
pub(crate) fn new_trace_id() -> u128 {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let (version, variant) = (0x7 << 76, 0b10 << 62);
    let random = fastrand::u128(..) & !(u128::MAX << 80) & !(0xf << 76) & !(0b11 << 62);
    millis << 80 | version | variant | random
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let plain = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if plain { u128::from_str_radix(text, 16).ok() } else { None }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn valid_fields_are_kept() {
        let parent = TraceParent::parse(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        assert_eq!(parent.to_string(), format!("00-{TRACE}-{SPAN}-01"));
        let child = parent.child();
        assert!(child.trace == parent.trace && child.flags == 1 && child.span != parent.span);
        for later in [format!("01-{TRACE}-{SPAN}-01"), format!("cc-{TRACE}-{SPAN}-01-what-comes")] {
            assert_eq!(TraceParent::parse(&later), Some(parent), "{later}");
        }
        assert_eq!(TraceParent::parse(&format!("00-{TRACE}-{SPAN}-fd")).unwrap().flags, 1);
    }

    #[test]
    fn new_trace_ids_hold_their_time() {
        let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let before = now();
        let (one, other) = (format!("{:032x}", new_trace_id()), format!("{:032x}", new_trace_id()));
        assert!((before..=now()).contains(&u64::from_str_radix(&one[..12], 16).unwrap()));
        assert!(one != other && one.as_bytes()[12] == b'7' && "89ab".contains(&one[16..17]), "{one}");
    }

    #[test]
    fn invalid_input_counts_as_none() {
        let upper = TRACE.to_uppercase();
        for wrong in [
            String::new(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-0g"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}é-{SPAN}-01"),
        ] {
            assert_eq!(TraceParent::parse(&wrong), None, "{wrong}");
        }
    }
}
