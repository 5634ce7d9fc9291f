//! The commands one by one, status and drift, and settings that can't be used.

use std::fs;

use diesel::connection::SimpleConnection;
use rustix::process::Signal;
use serde_json::Value;
use testkit::process::{Child, command, run};

use crate::support::{assert_code, contents, dbinit, on_both};

fn status(url: &str) -> (Option<i32>, Value) {
    let ended = run(&mut dbinit(url, &["status", "--output", "json"]));
    let json = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr));
    (ended.status.code(), json)
}

on_both! {
    fn one_by_one_is_the_same_as_all(database) {
        assert_eq!(status(&database.url).0, Some(1));
        let too_early = run(&mut dbinit(&database.url, &["seed"]));
        assert_code(&too_early, 70);
        for (part, code) in [("wait", 1), ("migrate", 1), ("seed", 0)] {
            assert_code(&run(&mut dbinit(&database.url, &[part])), 0);
            assert_eq!(status(&database.url).0, Some(code), "after {part}");
        }
        let before = contents(&database.url);
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(contents(&database.url), before);
    }

    fn status_says_what_is_pending_and_changes_nothing(database) {
        let (code, json) = status(&database.url);
        assert_eq!(code, Some(1));
        assert_eq!((json["state"].as_str(), json["seed"].as_str()), (Some("pending"), Some("pending")));
        assert_eq!(json["migrations"][0]["state"], "pending");
        let table = "SELECT * FROM __diesel_schema_migrations";
        assert!(database.connect().batch_execute(table).is_err(), "status made a table");

        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let (code, json) = status(&database.url);
        assert_eq!(code, Some(0));
        assert_eq!((json["state"].as_str(), json["seed"].as_str()), (Some("applied"), Some("inserted")));
        let text = run(&mut dbinit(&database.url, &["status"]));
        assert_eq!(text.stdout, "applied  00000000000001_schema\napplied  seed data (inserted)\n");
    }

    fn a_changed_file_and_an_unknown_version_are_drift(database) {
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let connection = &mut database.connect();
        connection.batch_execute("UPDATE dbinit_record SET value = '0' WHERE name LIKE 'checksum %'").unwrap();
        let (code, json) = status(&database.url);
        assert_eq!((code, json["state"].as_str()), (Some(2), Some("drift")));
        assert!(json["migrations"][0]["problem"].as_str().unwrap().contains("not the one that was applied"));

        connection.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')").unwrap();
        let (code, json) = status(&database.url);
        assert_eq!((code, json["migrations"][1]["version"].as_str()), (Some(2), Some("99999999999999")));

        // an older program on a newer schema: a rollback must start
        let ended = run(&mut dbinit(&database.url, &[]));
        assert_code(&ended, 0);
        assert_eq!(ended.stdout.lines().filter(|line| line.contains("\"message\":\"drift\"")).count(), 2, "{}", ended.stdout);
    }

    fn the_log_stream_has_what_standard_output_has(database) {
        let folder = tempfile::tempdir().unwrap();
        let ended = run(dbinit(&database.url, &[]).env("LOG_DIR", folder.path()));
        assert_code(&ended, 0);
        assert_eq!(fs::read_to_string(folder.path().join("dbinit.log")).unwrap(), ended.stdout);
        for line in ended.stdout.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(event["message"].is_string() && event["timestamp"].is_string(), "{line}");
        }
    }
}

#[test]
fn a_log_directory_that_cannot_be_used_keeps_nobody_from_starting() {
    let database = &crate::support::Empty::sqlite();
    let ended = run(dbinit(&database.url, &[]).env("LOG_DIR", "/dev/null/logs"));
    assert_code(&ended, 0);
    let lines = || ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<_> = lines().filter(|line| line["level"] == "WARN").collect();
    let [line] = &told[..] else { panic!("{}", ended.stdout) };
    assert!(line["message"].as_str().unwrap().starts_with("LOG_DIR can't be used"), "{line}");
    assert_eq!((&line["dir"], &line["stream"]), (&"/dev/null/logs".into(), &"dbinit".into()));
    assert!(line["cause"].as_str().unwrap().contains("Not a directory"), "{line}");
}

/// While it waits for a database that isn't there, so that there is a while in which the directory can come.
#[test]
fn a_log_directory_that_comes_later_gets_what_is_logged_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("node/pod");
    let url = format!("mysql://clinic:s3cret@127.0.0.1:{}/petclinic", testkit::net::free_port());
    let mut child = Child::spawn(dbinit(&url, &["wait"]).env("LOG_DIR", &logs));
    child.line("LOG_DIR can't be used");
    fs::create_dir(logs.parent().unwrap()).unwrap();
    child.line("log lines were dropped");
    child.signal(Signal::TERM);
    assert_code(&child.wait(), 128 + 15);
    let kept = fs::read_to_string(logs.join("dbinit.log")).unwrap();
    assert!(kept.contains("log lines were dropped") && kept.contains("ended by a signal"), "{kept}");
}

/// Arguments, variables, and a part of the line that is expected.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], &'static str);

#[test]
fn a_setting_that_cannot_be_used_is_one_line_and_status_64() {
    const SECRET: &str = "mysql://root:s3cret@db/petclinic";
    // a file that is everywhere, with a word in it
    const FILE: (&str, &str) = ("WEB_PASSWORD_FILE", "/proc/sys/kernel/ostype");
    let cases: [Case; 15] = [
        (&[], &[], "DATABASE_URL is missing"),
        (&[], &[("DATABASE_URL", "postgres://u:s3cret@db/x")], "begins with neither mysql:// nor sqlite:"),
        (&[], &[("DATABASE_URL", "mysql://u:s3cret@db")], "the database is missing"),
        (&["--database-url", SECRET], &[], "--database-url carries a password"),
        (&[], &[("DATABASE_URL_FILE", "/nowhere/url")], "DATABASE_URL_FILE: cannot read /nowhere/url"),
        (&[], &[("DATABASE_URL", SECRET), ("DATABASE_URL_FILE", "/x")], "both set"),
        (&[], &[("DATABASE_URL", SECRET), ("WAIT_TIMEOUT", "soon")], "WAIT_TIMEOUT: \"soon\" can't be used"),
        (&[], &[("DATABASE_URL", SECRET), ("WEB_USER", "web")], "WEB_PASSWORD_FILE: not set"),
        (&[], &[("DATABASE_URL", SECRET), ("WEB_USER", "a'b"), ("WEB_PASSWORD_FILE", "/dev/null")], "WEB_USER: "),
        (&[], &[("DATABASE_URL", SECRET), ("WEB_USER", "web"), ("WEB_PASSWORD_FILE", "/dev/null")], "is empty"),
        (&[], &[("DATABASE_URL", "mysql://own:s3cret@db/petclinic"), ("WEB_USER", "own"), FILE], "WEB_USER: "),
        (&["--owners", "1"], &[("DATABASE_URL", SECRET)], "--owners: no such flag"),
        (&["prepare"], &[("DATABASE_URL", SECRET)], "an argument is no command"),
        (&[SECRET], &[], "an argument is no command"),
        (&["status", SECRET], &[], "an argument is neither a flag nor the value of one"),
    ];
    for (arguments, variables, part) in cases {
        let ended = run(command(env!("CARGO_BIN_EXE_dbinit")).args(arguments).envs(variables.iter().copied()));
        assert_code(&ended, 64);
        assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{}", ended.stderr);
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    }
}
