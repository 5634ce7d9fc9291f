//! Reading settings: clap's parser, and its errors as the one line that an operator reads in `kubectl logs`.

use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Exit status of a program that was given settings it can't use (`EX_USAGE` of sysexits.h).
pub const EXIT_BAD_SETTING: u8 = 64;

/// A setting that can't be used. Its text names the setting and what it accepts, and never holds a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct BadSetting {
    /// The environment variable's name, such as `DATABASE_URL`.
    pub setting: String,
    /// What is wrong and what would be accepted.
    pub problem: String,
}

impl BadSetting {
    /// Says that `setting` can't be used because of `problem`.
    pub fn new(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { setting: setting.into(), problem: problem.into() }
    }

    /// Prints the line and ends the program with [`EXIT_BAD_SETTING`].
    pub fn exit(&self) -> ! {
        let _ = writeln!(std::io::stderr(), "{self}");
        std::process::exit(EXIT_BAD_SETTING.into())
    }
}

/// Reads the program's settings from its arguments and environment. Prints help or version and exits 0 where that was
/// asked for; exits 64 with one line where a setting can't be used.
pub fn parse<C: clap::Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            bad_setting(&error).exit()
        }
        error.exit()
    })
}

/// Reads a length of time such as `90s`, `5m` or `24h`.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    humantime::parse_duration(text).map_err(|_| String::from("accepted is a length of time such as 500ms, 90s, 5m or 24h"))
}

/// The one line that says what clap found wrong.
pub fn bad_setting(error: &clap::Error) -> BadSetting {
    let of = |kind| error.get(kind).map(ContextValue::to_string);
    match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let names = of(ContextKind::InvalidArg).unwrap_or_default();
            let names: Vec<_> = names.split(", ").map(variable).collect();
            BadSetting::new(names.join(", "), "not set, and it has no default; --help describes it")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let setting = variable(&of(ContextKind::InvalidArg).unwrap_or_default());
            let given = of(ContextKind::InvalidValue).unwrap_or_default();
            let given = if is_secret(&setting) { String::from("this value") } else { format!("\"{}\"", given.escape_debug()) };
            let why = match (std::error::Error::source(error), of(ContextKind::ValidValue)) {
                (Some(source), _) => source.to_string(),
                (None, Some(accepted)) => format!("accepted are {accepted}"),
                (None, None) => String::from("a value is needed"),
            };
            BadSetting::new(setting, format!("{given} can't be used: {why}"))
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            BadSetting::new("arguments", format!("{} (see --help)", line.trim_start_matches("error: ")))
        }
    }
}

/// `--rotate-bytes <ROTATE_BYTES>` is the variable `ROTATE_BYTES`.
fn variable(argument: &str) -> String {
    let flag = argument.split([' ', '=']).next().unwrap_or_default();
    flag.trim_start_matches('-').replace('-', "_").to_uppercase()
}

fn is_secret(setting: &str) -> bool {
    ["URL", "PASSWORD", "TOKEN", "SECRET"].iter().any(|word| setting.contains(word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser, Debug)]
    struct Config {
        #[arg(long, env = "PROCESS_TEST_SIZE", default_value = "1")]
        rotate_bytes: u32,
        #[arg(long)]
        database_url: std::net::SocketAddr,
        #[arg(long, value_parser = ["json", "text"], default_value = "json")]
        log_format: String,
    }

    fn line(arguments: &[&str]) -> String {
        let all = std::iter::once("program").chain(arguments.iter().copied());
        bad_setting(&Config::try_parse_from(all).unwrap_err()).to_string()
    }

    #[test]
    fn names_the_setting_and_what_it_accepts() {
        assert_eq!(line(&[]), "DATABASE_URL: not set, and it has no default; --help describes it");
        assert_eq!(
            line(&["--database-url", "127.0.0.1:1", "--rotate-bytes", "x"]),
            "ROTATE_BYTES: \"x\" can't be used: invalid digit found in string"
        );
        assert_eq!(
            line(&["--database-url", "127.0.0.1:1", "--log-format", "xml"]),
            "LOG_FORMAT: \"xml\" can't be used: accepted are json, text"
        );
        assert_eq!(line(&["--nonsense"]), "arguments: unexpected argument '--nonsense' found (see --help)");
    }

    #[test]
    fn never_shows_a_secret() {
        assert!(!line(&["--database-url", "mysql://web:hunter2@db/petclinic"]).contains("hunter2"));
    }
}
