//! Levels, by the names and numbers that loggers give them.

use runtime::logging::LogLevel;

/// The level of this name, in any case.
pub fn named(name: &[u8]) -> Option<LogLevel> {
    let upper = name.to_ascii_uppercase();
    match upper.as_slice() {
        b"ERROR" | b"ERR" | b"SEVERE" | b"FATAL" | b"CRITICAL" | b"CRIT" | b"ALERT" | b"EMERG" | b"EMERGENCY" | b"PANIC"
        | b"DPANIC" | b"FTL" | b"PNC" => Some(LogLevel::Error),
        b"WARN" | b"WARNING" | b"WRN" => Some(LogLevel::Warn),
        b"INFO" | b"INF" | b"INFORMATION" | b"NOTICE" | b"LOG" => Some(LogLevel::Info),
        b"DEBUG" | b"DBG" | b"FINE" | b"CONFIG" | b"VERBOSE" => Some(LogLevel::Debug),
        b"TRACE" | b"TRC" | b"FINER" | b"FINEST" => Some(LogLevel::Trace),
        _ => None,
    }
}

/// The level of this number: below 10 a syslog severity, otherwise that of bunyan and pino (30 is info).
pub fn numbered(number: i64) -> Option<LogLevel> {
    match number {
        0..=3 | 50.. => Some(LogLevel::Error),
        4 | 40..=49 => Some(LogLevel::Warn),
        5 | 6 | 30..=39 => Some(LogLevel::Info),
        7 | 20..=29 => Some(LogLevel::Debug),
        10..=19 => Some(LogLevel::Trace),
        _ => None,
    }
}

/// The level in the text that follows a time: in brackets (`[error]`, `[core:warn]`) or as `level=warn` in any case, as a word
/// in capitals, or as the first word. Only the first words count: later ones are the message.
pub fn in_text(text: &[u8]) -> Option<LogLevel> {
    const WORDS: usize = 6;
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).take(WORDS);
    words.enumerate().find_map(|(number, word)| {
        let inner = word.strip_prefix(b"[").or_else(|| word.strip_prefix(b"<"));
        if let Some(inner) = inner {
            let end = inner.iter().position(|byte| matches!(byte, b']' | b'>')).unwrap_or(inner.len());
            return inner[..end].split(|byte| *byte == b':').find_map(named);
        }
        if let Some(at) = word.iter().position(|byte| *byte == b'=') {
            let is_level = matches!(&word[..at], b"level" | b"lvl" | b"severity");
            return named(word[at + 1..].trim_ascii()).filter(|_| is_level);
        }
        let end = word.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(word.len());
        let bounded = word.get(end).is_none_or(|byte| matches!(byte, b':' | b']' | b',' | b'|'));
        let capitals = word[..end].iter().all(u8::is_ascii_uppercase);
        named(&word[..end]).filter(|_| bounded && (number == 0 || capitals))
    })
}

/// The level at the beginning of a line without a time: `WARNING:root:…`, `[error] …`, `INFO …`.
pub fn at_beginning(line: &[u8]) -> Option<LogLevel> {
    let word = line.split(u8::is_ascii_whitespace).next().filter(|word| !word.is_empty())?;
    let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let marked = word[0] == b'[' || word.get(letters) == Some(&b':') || word.iter().all(u8::is_ascii_uppercase);
    in_text(word).filter(|_| marked)
}
