//! Escapes for characters by which a log line could command the terminal that shows it, or reorder what it shows.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns the text with its control characters (C0, DEL, C1, and those of bidirectional text) as `\n`, `\r`, `\t` or `\uXXXX`,
/// which JSON reads as the same characters.
pub fn escape(text: &str) -> Cow<'_, str> {
    // The first bytes of C1 and bidirectional controls in UTF-8; without an early end the search is vectorised.
    let found = text.bytes().fold(0, |found, byte| found | u8::from(matches!(byte, ..b' ' | 0x7f | 0xc2 | 0xe2)));
    if found == 0 {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => escaped.extend(c.escape_default()),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => drop(write!(escaped, "\\u{:04x}", u32::from(c))),
            _ if c.is_control() => drop(write!(escaped, "\\u{:04x}", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        for (text, expected) in [
            ("plain, 가 ¶ é … ", "plain, 가 ¶ é … "),
            ("a\nb\r\tc\u{1b}[31m\0\u{7f}", r"a\nb\r\tc\u001b[31m\u0000\u007f"),
            ("\u{80}\u{9b}31m\u{9f}\u{a0}", "\\u0080\\u009b31m\\u009f\u{a0}"),
            ("\u{202a}\u{202e}\u{2029}\u{202f}", "\\u202a\\u202e\u{2029}\u{202f}"),
            ("\u{2066}\u{2069}\u{2065}\u{206a}", "\\u2066\\u2069\u{2065}\u{206a}"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
        }
        assert!(matches!(escape("untouched"), Cow::Borrowed(_)));
        let text = "\u{7f}\u{9b}\u{202e}";
        assert_eq!(serde_json::from_str::<String>(&escape(&format!("\"{text}\""))).unwrap(), text);
    }
}
