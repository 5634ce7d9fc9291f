use testkit::process::{Ended, command, run};

fn web(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    run(command(env!("CARGO_BIN_EXE_web")).args(arguments).envs(variables.iter().copied()))
}

/// The one line on standard error of a program that ended with 64.
pub fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let Ended { status, stdout, stderr } = web(arguments, variables);
    assert_eq!((status.code(), stderr.lines().count(), stdout.as_str()), (Some(64), 1, ""), "{stderr}");
    stderr
}

#[test]
fn bad_setting_is_named_in_one_line() {
    assert!(refusal(&[], &[]).contains("DATABASE_URL"));
    let database = ("DATABASE_URL", "sqlite:/tmp/never-opened.db");
    for (name, value) in [
        ("LISTEN_ADDR", "8080"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("DRAIN_TIMEOUT", "soon"),
        ("DEV_ASSETS_DIR", "/nowhere"),
        ("TIME_ZONE", "Mars/Olympus"),
    ] {
        let line = refusal(&[], &[database, (name, value)]);
        assert!(line.starts_with(name) && line.contains(value), "{line}");
    }
    assert!(refusal(&[], &[database, ("TZ", "Mars/Olympus")]).contains("Mars/Olympus"));
    assert!(refusal(&["--nonsense"], &[database]).contains("--nonsense"));
}

#[test]
fn secret_is_hidden_in_debug_output() {
    for url in ["mysql://web:hunter2@db:port/petclinic", "postgres://web:hunter2@db/petclinic", "hunter2"] {
        assert!(!refusal(&[], &[("DATABASE_URL", url)]).contains("hunter2"));
        assert!(!refusal(&[url], &[]).contains("hunter2"));
    }
    let help = web(&["--help"], &[("DATABASE_URL", "mysql://web:hunter2@db/petclinic")]);
    assert!(help.status.success() && !help.stdout.contains("hunter2"));
}

#[test]
fn secrets_are_long_and_not_on_the_command_line() {
    let database = ("DATABASE_URL", "sqlite:/tmp/never-opened.db");
    for name in ["ADMIN_TOKEN", "COOKIE_KEY"] {
        let line = refusal(&[], &[database, (name, "hunter2")]);
        assert!(line.starts_with(name) && line.contains("16 characters") && !line.contains("hunter2"), "{line}");
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        let line = refusal(&[&flag, "hunter2hunter2hunter2"], &[database]);
        assert!(line.starts_with(name) && line.contains("command line") && !line.contains("hunter2"), "{line}");
        let line = refusal(&[], &[database, (&format!("{name}_FILE"), "/nowhere/secret")]);
        assert!(line.starts_with(name) && line.contains("/nowhere/secret can't be read"), "{line}");
        let help = web(&["--help"], &[database, (name, "hunter2hunter2hunter2")]);
        assert!(help.status.success() && !help.stdout.contains("hunter2"));
    }
    assert!(refusal(&[], &[database, ("TRUSTED_PROXIES", "everyone")]).starts_with("TRUSTED_PROXIES: \"everyone\""));
    assert!(
        refusal(&[], &[database, ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector")])
            .starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: ")
    );
}
