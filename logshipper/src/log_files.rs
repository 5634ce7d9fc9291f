//! The patterns of live files' names.

use std::str::FromStr;

use handoff::FileName;

/// Patterns of file names, of which a live file must match one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFiles(Vec<String>);

impl LogFiles {
    /// Matches every file that can be a stream.
    pub const ANY: Self = Self(Vec::new());

    /// Returns true if the file at this path in a pod's directory matches. A pattern without `/` is one of the last name.
    pub fn contains(&self, path: &str) -> bool {
        let is_match = |pattern: &String| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let text = if pattern.contains('/') { path } else { name };
            let (patterns, parts) = (pattern.split('/'), text.split('/'));
            patterns.clone().count() == parts.clone().count() && patterns.zip(parts).all(|(pattern, part)| matches(pattern, part))
        };
        self.0.is_empty() || self.0.iter().any(is_match)
    }
}

impl FromStr for LogFiles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let patterns: Vec<_> = text.split(',').map(|pattern| pattern.trim().to_owned()).collect();
        let is_live = |pattern: &String| matches!(FileName::parse(&pattern.replace('*', "x")), Some(FileName::Live(_)));
        match patterns.iter().find(|pattern| !is_live(pattern)) {
            Some(bad) => Err(format!(
                "\"{bad}\" must be a file name that ends in .log, .out, .err, .txt, .json or .jsonl, with * for any text"
            )),
            None => Ok(Self(patterns)),
        }
    }
}

/// Returns true if `text` matches `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, rest)) => text
            .strip_prefix(begin)
            .is_some_and(|tail| (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(rest, &tail[at..]))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn patterns_select_by_name_or_path() {
        let log_files: LogFiles = "*.log, catalina.out,audit/*-*.json".parse().unwrap();
        for path in ["a.log", "my.service.log", "sub/a.log", "catalina.out", "x/catalina.out", "audit/a-b.json"] {
            assert!(log_files.contains(path), "{path}");
        }
        for path in ["a.out", "a.logs", "audit/ab.json", "a-b.json", "x/audit/a-b.json"] {
            assert!(!log_files.contains(path) && LogFiles::ANY.contains(path), "{path}");
        }
        for text in ["", "*", "*.log,", "messages", "../*.log", "/x.log", "app-2026-11-20.log", "a*.log.1"] {
            assert!(text.parse::<LogFiles>().is_err(), "{text}");
        }
    }
}
