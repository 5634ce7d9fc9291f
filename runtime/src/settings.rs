//! Settings of a program: clap's parser, renamed settings, and errors as the one line that an operator reads in `kubectl logs`.

use std::ffi::{OsStr, OsString};
use std::io::Write;

use chrono::{SecondsFormat, Utc};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;

/// Exit status for a bad setting (`EX_USAGE` of sysexits.h).
pub const EXIT_BAD_SETTING: u8 = 64;

/// A setting's old and new environment variable, such as `("CONNECTIONS", "MAX_CONNECTIONS")`.
pub type Renamed = (&'static str, &'static str);

/// Reads the program's settings from its arguments and environment. Prints help or version and exits 0 if asked to; exits 64
/// with one line if a setting can't be used.
///
/// `renamed` lists the settings that were called otherwise in the previous release. Declare the new name in clap as usual; the
/// old variable and its flag (`--connections`) are accepted as aliases, and each one that is set is reported once, on standard
/// error. The new name wins if both are set. Remove the entry one release later:
///
/// ```
/// #[derive(clap::Parser)]
/// struct Config {
///     /// Maximum number of open connections
///     #[arg(long, env = "MAX_CONNECTIONS", default_value = "1000")]
///     max_connections: u32,
/// }
///
/// let config: Config = runtime::settings::parse(&[("CONNECTIONS", "MAX_CONNECTIONS")]);
/// # assert_eq!(config.max_connections, 1000);
/// ```
pub fn parse<C: clap::Parser>(renamed: &[Renamed]) -> C {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    for notice in renamed.iter().filter_map(|renamed| notice(*renamed, &arguments)) {
        print("WARN", &notice);
    }
    try_parse(renamed, arguments).unwrap_or_else(|error| {
        if error.use_stderr() {
            print("ERROR", &one_line(&error));
            std::process::exit(EXIT_BAD_SETTING.into())
        }
        error.exit()
    })
}

/// Prints a line on standard error. `LOG_FORMAT=json` in the environment, as in a pod, makes it JSON like the log that follows.
fn print(level: &str, message: &str) {
    let json = std::env::var_os("LOG_FORMAT").is_some_and(|format| format == "json");
    let line = if json { json_line(level, message) } else { message.to_owned() };
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn json_line(level: &str, message: &str) -> String {
    let timestamp = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    serde_json::json!({ "timestamp": timestamp, "level": level, "message": message, "target": "settings" }).to_string()
}

fn try_parse<C: clap::Parser>(renamed: &[Renamed], arguments: Vec<OsString>) -> Result<C, clap::Error> {
    let command = renamed.iter().fold(C::command(), |command, renamed| accept_old_name(command, *renamed));
    let matches = command.try_get_matches_from(arguments)?;
    refuse_secrets_on_the_command_line(&matches)?;
    C::from_arg_matches(&matches)
}

/// Adds the old flag as an alias, and reads the old variable if only that one is set.
fn accept_old_name(command: clap::Command, (old, new): Renamed) -> clap::Command {
    command.mut_args(|arg| {
        if arg.get_env() != Some(OsStr::new(new)) {
            return arg;
        }
        // clap takes static names only; this happens once per start
        let arg = arg.alias(&*long_flag(old).leak());
        if std::env::var_os(new).is_none() && std::env::var_os(old).is_some() { arg.env(old) } else { arg }
    })
}

/// A line for the operator if the old name of a setting is in use.
fn notice((old, new): Renamed, arguments: &[OsString]) -> Option<String> {
    let flag = format!("--{}", long_flag(old));
    let is_flag = |argument: &OsString| argument.to_str().and_then(|text| text.split('=').next()) == Some(flag.as_str());
    let used = std::env::var_os(old).is_some() || arguments.iter().any(is_flag);
    used.then(|| format!("{old} was renamed to {new}; the old name will be removed in the next release"))
}

fn long_flag(variable: &str) -> String {
    variable.to_lowercase().replace('_', "-")
}

/// Rejects secrets in arguments, which every process on the machine can read. (A database URL is checked by its own settings.)
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

/// A secret setting. Debug output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Parses a secret: at least 16 characters, so that it can't be guessed.
pub fn secret(text: &str) -> Result<Secret, String> {
    if text.chars().count() < 16 || text.chars().any(char::is_control) {
        return Err(String::from("must be at least 16 characters, none of them a control character"));
    }
    Ok(Secret(text.to_owned()))
}

/// Reads a secret from the file at `path`, without the newline at its end.
pub fn secret_file(path: &str) -> Result<Secret, String> {
    secret(&line_of(path)?).map_err(|why| format!("in {path} {why}"))
}

/// Reads the file at `path`, without the newline at its end.
pub fn line_of(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path} can't be read: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Parses a duration such as `90s`, `5m` or `24h`.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    humantime::parse_duration(text).map_err(|_| String::from("must be a duration such as 500ms, 90s, 5m or 24h"))
}

/// Formats an error of clap as one line that names the setting and what it accepts, and never shows a secret.
pub fn one_line(error: &clap::Error) -> String {
    let of = |kind| error.get(kind).map(ContextValue::to_string);
    let suggestion = |kind| {
        // of several, the most similar one is the last
        let similar = of(kind).and_then(|names| names.rsplit(", ").next().map(str::to_owned));
        similar.map_or_else(String::new, |name| format!("did you mean {name}? "))
    };
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
                (None, Some(accepted)) => format!("must be one of {accepted}"),
                (None, None) => String::from("a value is required"),
            };
            format!("{setting}: {given} can't be used: {why}")
        }
        (ErrorKind::TooManyValues, Some(argument)) => format!("{}: this flag takes no value", variable(&argument)),
        (ErrorKind::UnknownArgument, Some(argument)) if argument.starts_with('-') => {
            let flag = argument.split('=').next().unwrap_or_default();
            format!("{flag}: no such flag; {}--help lists them", suggestion(ContextKind::SuggestedArg))
        }
        // likely a value whose flag was forgotten
        (ErrorKind::UnknownArgument, _) => String::from(
            "an argument is neither a flag nor the value of one (it may be a secret and is not shown); --help lists the flags",
        ),
        (ErrorKind::InvalidSubcommand, _) => {
            let suggestion = suggestion(ContextKind::SuggestedSubcommand);
            format!("an argument is no command (it may be a secret and is not shown); {suggestion}--help lists the commands")
        }
        // an error that the program found itself, with the setting's name in it, or a rare kind whose first line says enough
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

/// Converts `--rotate-bytes <ROTATE_BYTES>` to `ROTATE_BYTES`.
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

    #[derive(Parser, Debug)]
    struct RenamedConfig {
        #[arg(long, env = "RUNTIME_TEST_DIR")]
        directory: String,
        #[arg(long, env = "PROCESS_TEST_SIZE", default_value = "1")]
        rotate_bytes: u32,
    }

    fn line(arguments: &[&str]) -> String {
        let all = std::iter::once("program").chain(arguments.iter().copied());
        one_line(&Config::try_parse_from(all).unwrap_err())
    }

    #[test]
    fn error_names_setting_and_accepted_values() {
        assert_eq!(line(&[]), "DATABASE_URL: not set, and it has no default; --help describes it");
        assert_eq!(
            line(&["--database-url", "127.0.0.1:1", "--rotate-bytes", "x"]),
            "ROTATE_BYTES: \"x\" can't be used: invalid digit found in string"
        );
        assert_eq!(
            line(&["--database-url", "127.0.0.1:1", "--log-format", "xml"]),
            "LOG_FORMAT: \"xml\" can't be used: must be one of json, text"
        );
        assert_eq!(line(&["--nonsense"]), "--nonsense: no such flag; --help lists them");
    }

    #[test]
    fn renamed_setting_is_read_by_its_old_name() {
        // a variable that every test run has
        const OLD: &str = "CARGO_MANIFEST_DIR";
        let renamed = [(OLD, "RUNTIME_TEST_DIR"), ("SIZE", "PROCESS_TEST_SIZE")];
        let arguments = ["program", "--size=7"].map(OsString::from).to_vec();
        let config: RenamedConfig = try_parse(&renamed, arguments.clone()).unwrap();
        assert_eq!((config.directory.as_str(), config.rotate_bytes), (env!("CARGO_MANIFEST_DIR"), 7));
        let notices: Vec<_> = renamed.iter().filter_map(|renamed| notice(*renamed, &arguments)).collect();
        assert_eq!(notices.len(), 2);
        assert_eq!(notices[1], "SIZE was renamed to PROCESS_TEST_SIZE; the old name will be removed in the next release");
        assert_eq!(notice(("OTHER_OLD_NAME", "X"), &arguments), None);
    }

    #[test]
    fn short_or_command_line_secret_is_rejected() {
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
    fn errors_show_no_secret() {
        const SECRET: &str = "mysql://web:hunter2@db/petclinic";
        assert!(!line(&["--database-url", SECRET]).contains("hunter2"));
        assert_eq!(line(&["--database=hunter2"]), "--database: no such flag; did you mean --database-url? --help lists them");
        assert_eq!(line(&["--", "--database=hunter2"]), "--database: no such flag; --help lists them");
        let stray =
            "an argument is neither a flag nor the value of one (it may be a secret and is not shown); --help lists the flags";
        assert_eq!(line(&[SECRET]), stray);
        assert_eq!(line(&["--", SECRET]), stray);
        assert_eq!(line(&["--quiet=hunter2"]), "QUIET: this flag takes no value");

        let command = clap::Command::new("program").subcommands(["status", "migrate"].map(clap::Command::new));
        let line = |argument| one_line(&command.clone().try_get_matches_from(["program", argument]).unwrap_err());
        let is_no_command = "an argument is no command (it may be a secret and is not shown); ";
        for (argument, suggestion) in [(SECRET, ""), ("hunter2", ""), ("statushunter2", "did you mean status? ")] {
            assert_eq!(line(argument), format!("{is_no_command}{suggestion}--help lists the commands"));
        }
    }
}
