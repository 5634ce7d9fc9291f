//! Reading settings: clap's parser, and its errors as the one line that an operator reads in `kubectl logs`.

use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Exit status of a program that was given settings it can't use (`EX_USAGE` of sysexits.h).
pub const EXIT_BAD_SETTING: u8 = 64;

/// Reads the program's settings from its arguments and environment. Prints help or version and exits 0 where that was
/// asked for; exits 64 with one line where a setting can't be used.
pub fn parse<C: clap::Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            let _ = writeln!(std::io::stderr(), "{}", one_line(&error));
            std::process::exit(EXIT_BAD_SETTING.into())
        }
        error.exit()
    })
}

/// Reads a length of time such as `90s`, `5m` or `24h`.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    humantime::parse_duration(text).map_err(|_| String::from("accepted is a length of time such as 500ms, 90s, 5m or 24h"))
}

/// What clap found wrong, as one line that names the setting and what it accepts, and never shows a secret.
pub fn one_line(error: &clap::Error) -> String {
    let of = |kind| error.get(kind).map(ContextValue::to_string);
    match (error.kind(), of(ContextKind::InvalidArg)) {
        (ErrorKind::MissingRequiredArgument, Some(arguments)) => {
            let names: Vec<_> = arguments.split(", ").map(variable).collect();
            format!("{}: not set, and it has no default; --help describes it", names.join(", "))
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(argument)) => {
            let setting = variable(&argument);
            let given = of(ContextKind::InvalidValue).unwrap_or_default();
            let given = if is_secret(&setting) { String::from("this value") } else { format!("\"{}\"", given.escape_debug()) };
            let why = match (std::error::Error::source(error), of(ContextKind::ValidValue)) {
                (Some(source), _) => source.to_string(),
                (None, Some(accepted)) => format!("accepted are {accepted}"),
                (None, None) => String::from("a value is needed"),
            };
            format!("{setting}: {given} can't be used: {why}")
        }
        (ErrorKind::UnknownArgument, Some(argument)) => format!("{argument}: no such flag; --help lists them"),
        // What a program found itself, with the setting's name in it; or a rare kind, whose first line says enough.
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
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
        one_line(&Config::try_parse_from(all).unwrap_err())
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
        assert_eq!(line(&["--nonsense"]), "--nonsense: no such flag; --help lists them");
    }

    #[test]
    fn never_shows_a_secret() {
        assert!(!line(&["--database-url", "mysql://web:hunter2@db/petclinic"]).contains("hunter2"));
    }
}
