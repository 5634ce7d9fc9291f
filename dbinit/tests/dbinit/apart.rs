//! The commands one by one, status and drift, and settings that can't be used.

use std::fs;

use diesel::connection::SimpleConnection;
use rustix::process::Signal;
use schema::database::{Backend, Server};
use serde_json::Value;
use testkit::process::{Child, command, run};

use crate::support::{assert_code, contents, dbinit, on_both};

fn status(url: &str) -> (Option<i32>, Value) {
    let ended = run(&mut dbinit(url, &["status", "--output", "json"]));
    let json = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr));
    (ended.status.code(), json)
}

on_both! {
    fn single_steps_equal_the_whole(database) {
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

    fn status_changes_nothing(database) {
        let (code, json) = status(&database.url);
        assert_eq!(code, Some(1));
        assert_eq!((json["state"].as_str(), json["seed"].as_str()), (Some("pending"), Some("pending")));
        assert_eq!(json["migrations"][0]["state"], "pending");
        assert!(database.connect().batch_execute("SELECT * FROM dbinit_history").is_err(), "status made a table");

        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let (code, json) = status(&database.url);
        assert_eq!(code, Some(0));
        assert_eq!((json["state"].as_str(), json["seed"].as_str()), (Some("applied"), Some("inserted")));
        for command in ["status", "info"] {
            let text = run(&mut dbinit(&database.url, &[command])).stdout;
            let lines: Vec<_> = text.lines().collect();
            assert!(lines[0].starts_with("applied  00000000000001_schema (20"), "{text}");
            assert_eq!(lines[1..], ["applied  seed data (inserted)"]);
        }
    }

    fn changed_or_unknown_migration_is_drift(database) {
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let connection = &mut database.connect();
        connection.batch_execute("UPDATE dbinit_history SET value = '0' WHERE name <> 'seed'").unwrap();
        let (code, json) = status(&database.url);
        assert_eq!((code, json["state"].as_str()), (Some(2), Some("drift")));
        assert!(json["migrations"][0]["problem"].as_str().unwrap().contains("checksum mismatch"));

        let unknown = "INSERT INTO dbinit_history (name, value, installed_at) VALUES ('99999999999999_x', '0', '2026')";
        connection.batch_execute(unknown).unwrap();
        let (code, json) = status(&database.url);
        assert_eq!((code, json["migrations"][1]["name"].as_str()), (Some(2), Some("99999999999999_x")));
        let validated = run(&mut dbinit(&database.url, &["validate"]));
        assert_code(&validated, 2);
        assert_eq!(validated.stdout.lines().count(), 2, "{}", validated.stdout);

        // an older program on a newer schema: a rollback must start
        let ended = run(&mut dbinit(&database.url, &[]));
        assert_code(&ended, 0);
        assert_eq!(ended.stdout.lines().filter(|line| line.contains("\"message\":\"drift\"")).count(), 2, "{}", ended.stdout);

        assert_code(&run(&mut dbinit(&database.url, &["repair"])), 0);
        assert_eq!(status(&database.url).0, Some(0));
        assert_code(&run(&mut dbinit(&database.url, &["validate"])), 0);
    }

    fn changed_tables_are_drift(database) {
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let connection = &mut database.connect();
        let (index, column) = match connection.backend() {
            Backend::Mysql => ("DROP INDEX visit_by_pet ON visit", "ALTER TABLE owner DROP COLUMN city"),
            Backend::Sqlite => ("DROP INDEX visit_by_pet", "ALTER TABLE owner DROP COLUMN city"),
        };
        if connection.backend() == Backend::Mysql {
            connection.batch_execute("ALTER TABLE visit DROP FOREIGN KEY visit_pet").unwrap();
        }
        connection.batch_execute(index).unwrap();
        let (code, json) = status(&database.url);
        assert_eq!(code, Some(2));
        assert!(json["differences"].to_string().contains("missing: index visit.visit_by_pet (pet_id, visit_date)"), "{json}");
        connection.batch_execute(column).unwrap();
        let text = run(&mut dbinit(&database.url, &["status"])).stdout;
        assert!(text.contains("drift    missing: column owner.city "), "{text}");
        let refused = run(&mut dbinit(&database.url, &["repair"]));
        assert_code(&refused, 2);
        assert!(refused.stdout.contains("tables differ from the migrations"), "{}", refused.stdout);
    }

    fn dry_run_prints_pending_statements(database) {
        let printed = run(&mut dbinit(&database.url, &["migrate", "--dry-run"]));
        assert_code(&printed, 0);
        assert!(printed.stdout.starts_with("-- 00000000000001_schema\nCREATE TABLE "), "{}", printed.stdout);
        assert_eq!(status(&database.url).0, Some(1));
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        assert_eq!(run(&mut dbinit(&database.url, &["migrate", "--dry-run"])).stdout, "");
    }

    /// `UPDATE_SHAPE=1` writes the files again after a migration was added.
    fn shape_files_match_the_migrations(database) {
        assert_code(&run(&mut dbinit(&database.url, &[])), 0);
        let connection = &mut database.connect();
        let lines = dbinit::status::shape(connection).unwrap();
        let found: String = lines.into_iter().map(|line| line + "\n").collect();
        let name = if connection.backend() == Backend::Mysql { "mysql.txt" } else { "sqlite.txt" };
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shape").join(name);
        if std::env::var_os("UPDATE_SHAPE").is_some() {
            fs::write(&path, &found).unwrap();
        }
        let mut expected = fs::read_to_string(path).unwrap();
        if connection.backend() == Backend::Mysql {
            expected = Server::of(connection).unwrap().translate(&expected);
        }
        assert_eq!(expected, found);
    }

    fn log_stream_equals_standard_output(database) {
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
fn unusable_log_directory_is_a_warning() {
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
fn late_log_directory_is_used() {
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
fn bad_setting_is_one_line_and_status_64() {
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

#[test]
fn status_creates_no_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mistyped.db");
    assert_eq!(status(&format!("sqlite:{}", path.display())).0, Some(1));
    assert!(!path.exists());
}
