//! Reading settings: clap's parser, and its errors as the one line that an operator reads in `kubectl logs`.

use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;

/// Exit status of a program that was given settings it can't use (`EX_USAGE` of sysexits.h).
pub const EXIT_BAD_SETTING: u8 = 64;

/// Reads the program's settings from its arguments and environment. Prints help or version and exits 0 where that was
/// asked for; exits 64 with one line where a setting can't be used.
pub fn parse<C: clap::Parser>() -> C {
    try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            let _ = writeln!(std::io::stderr(), "{}", one_line(&error));
            std::process::exit(EXIT_BAD_SETTING.into())
        }
        error.exit()
    })
}

fn try_parse<C: clap::Parser>() -> Result<C, clap::Error> {
    let matches = C::command().try_get_matches()?;
    refuse_secrets_on_the_command_line(&matches)?;
    C::from_arg_matches(&matches)
}

/// The command line is for everyone on the machine to read. (A database's URL may have no password in it: its own settings see to that.)
fn refuse_secrets_on_the_command_line(matches: &clap::ArgMatches) -> Result<(), clap::Error> {
    for id in matches.ids().map(clap::Id::as_str) {
        let given = || matches.value_source(id) == Some(ValueSource::CommandLine);
        let name = id.to_uppercase();
        if is_secret(&name) && !name.ends_with("_FILE") && !name.ends_with("_URL") && given() {
            let why = format!(
                "{name}: every process on the machine can read a command line: give it in the environment or in {name}_FILE"
            );
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, why));
        }
    }
    Ok(())
}

/// A setting that nobody may see: in no log, error or Debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Takes in a secret: 16 characters at least, so that it can't be tried out.
pub fn secret(text: &str) -> Result<Secret, String> {
    if text.chars().count() < 16 || text.chars().any(char::is_control) {
        return Err(String::from("accepted are 16 characters and more, none of them a control character"));
    }
    Ok(Secret(text.to_owned()))
}

/// Takes in a secret from the file at `path`, without the newline at its end.
pub fn secret_file(path: &str) -> Result<Secret, String> {
    secret(&line_of(path)?).map_err(|why| format!("in {path} {why}"))
}

/// What the file at `path` holds, without the newline at its end.
pub fn line_of(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path} can't be read: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
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
        (ErrorKind::TooManyValues, Some(argument)) => format!("{}: this flag takes no value", variable(&argument)),
        (ErrorKind::UnknownArgument, Some(argument)) if argument.starts_with('-') => {
            format!("{}: no such flag; --help lists them", argument.split('=').next().unwrap_or_default())
        }
        // Likely a value whose flag was forgotten.
        (ErrorKind::UnknownArgument, _) => String::from(
            "an argument is neither a flag nor the value of one (it may be a secret and is not shown); --help lists the flags",
        ),
        (ErrorKind::InvalidSubcommand, _) => {
            String::from("an argument is no command (it may be a secret and is not shown); --help lists the commands")
        }
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
    ["URL", "PASSWORD", "TOKEN", "SECRET", "KEY"].iter().any(|word| setting.contains(word))
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
        #[arg(long)]
        quiet: bool,
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
    fn a_secret_is_long_and_never_on_the_command_line() {
        assert_eq!(secret("0123456789abcdef").unwrap().expose(), "0123456789abcdef");
        assert!(secret("0123456789abcde").is_err() && secret("0123456789abcdef\n").is_err());
        assert_eq!(format!("{:?}", secret("0123456789abcdef")), "Ok(***)");
        assert!(secret_file("/nowhere/token").unwrap_err().starts_with("/nowhere/token can't be read: "));

        let command = clap::Command::new("program").args(
            [("api_token", "api-token"), ("api_token_file", "api-token-file")].map(|(id, long)| clap::Arg::new(id).long(long)),
        );
        let refuse =
            |arguments: &[&str]| refuse_secrets_on_the_command_line(&command.clone().try_get_matches_from(arguments).unwrap());
        assert!(refuse(&["program", "--api-token-file", "/run/token"]).is_ok());
        let line = one_line(&refuse(&["program", "--api-token", "hunter2hunter2hunter2"]).unwrap_err());
        assert!(line.starts_with("API_TOKEN: ") && line.ends_with("API_TOKEN_FILE") && !line.contains("hunter2"), "{line}");
    }

    #[test]
    fn never_shows_a_secret() {
        const SECRET: &str = "mysql://web:hunter2@db/petclinic";
        assert!(!line(&["--database-url", SECRET]).contains("hunter2"));
        assert_eq!(line(&["--database=hunter2"]), "--database: no such flag; --help lists them");
        assert_eq!(line(&["--", "--database=hunter2"]), "--database: no such flag; --help lists them");
        let stray =
            "an argument is neither a flag nor the value of one (it may be a secret and is not shown); --help lists the flags";
        assert_eq!(line(&[SECRET]), stray);
        assert_eq!(line(&["--", SECRET]), stray);
        assert_eq!(line(&["--quiet=hunter2"]), "QUIET: this flag takes no value");

        let command = clap::Command::new("program").subcommands(["status", "migrate"].map(clap::Command::new));
        let line = |argument| one_line(&command.clone().try_get_matches_from(["program", argument]).unwrap_err());
        for argument in [SECRET, "hunter2", "statushunter2"] {
            assert_eq!(
                line(argument),
                "an argument is no command (it may be a secret and is not shown); --help lists the commands"
            );
        }
    }
}
