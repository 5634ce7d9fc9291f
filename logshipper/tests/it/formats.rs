//! Times and levels in the formats of common loggers; the samples were written by the programs and libraries named.

use chrono::DateTime;
use logshipper::line::{Fields, Head, head};
use runtime::logging::LogLevel::{self, Error, Info, Warn};

/// Name, line, time and level.
type Sample = (&'static str, &'static str, Option<&'static str>, Option<LogLevel>);

const SAMPLES: &[Sample] = &[
    (
        "web",
        r#"{"timestamp":"2026-11-28T17:48:57.195108Z","level":"WARN","message":"slow answer"}"#,
        Some("2026-11-28T17:48:57.195108Z"),
        Some(Warn),
    ),
    (
        "tracing-subscriber, coloured",
        "\u{1b}[2m2026-11-28T17:48:57.195108Z\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m \u{1b}[2mshop\u{1b}[0m\u{1b}[2m:\u{1b}[0m slow answer",
        Some("2026-11-28T17:48:57.195108Z"),
        Some(Warn),
    ),
    ("env_logger", "[2026-11-28T17:48:57Z WARN  shop] slow answer", Some("2026-11-28T17:48:57Z"), Some(Warn)),
    ("Python logging", "2026-11-28 17:43:56,908 - shop - WARNING - slow answer", Some("2026-11-28T17:43:56.908Z"), Some(Warn)),
    (
        "Python logging, in brackets",
        "[2026-11-28 17:43:56,917] [CRITICAL] disk is full",
        Some("2026-11-28T17:43:56.917Z"),
        Some(Error),
    ),
    ("Python logging, basicConfig", "CRITICAL:shop:disk is full", None, Some(Error)),
    ("logback's default", "17:45:54.173 [main] WARN shop -- slow answer", None, Some(Warn)),
    (
        "logback with a date",
        "2026-11-28 17:45:57,573 ERROR [main] shop - slow answer",
        Some("2026-11-28T17:45:57.573Z"),
        Some(Error),
    ),
    (
        "logstash-logback-encoder",
        r#"{"@timestamp":"2026-11-28T17:45:56.214459729Z","@version":"1","message":"slow answer","logger_name":"shop","thread_name":"main","level":"WARN","level_value":30000}"#,
        Some("2026-11-28T17:45:56.214459Z"),
        Some(Warn),
    ),
    (
        "Spring Boot",
        "2026-11-28T18:45:57.573+01:00  WARN 1 --- [shop] [main] c.e.Shop : slow answer",
        Some("2026-11-28T17:45:57.573Z"),
        Some(Warn),
    ),
    ("java.util.logging, first line", "Nov 28, 2026 5:44:07 PM A main", Some("2026-11-28T17:44:07Z"), None),
    ("java.util.logging, second line", "SEVERE: disk is full", None, Some(Error)),
    (
        "log4j's JsonTemplateLayout",
        r#"{"instant":{"epochSecond":1795888137,"nanoOfSecond":500000000},"thread":"main","level":"FATAL","message":"disk is full"}"#,
        Some("2026-11-28T17:48:57.5Z"),
        Some(Error),
    ),
    ("Go log", "2026/11/28 17:48:57 ERROR slow answer", Some("2026-11-28T17:48:57Z"), Some(Error)),
    ("Go log with microseconds", "2026/11/28 17:48:57.194860 slow answer", Some("2026-11-28T17:48:57.194860Z"), None),
    (
        "Go slog, text",
        r#"time=2026-11-28T17:48:57.194Z level=WARN msg="slow answer" path=/owners"#,
        Some("2026-11-28T17:48:57.194Z"),
        Some(Warn),
    ),
    (
        "Go slog, JSON",
        r#"{"time":"2026-11-28T17:48:57.194903552Z","level":"WARN","msg":"slow answer","path":"/owners"}"#,
        Some("2026-11-28T17:48:57.194903Z"),
        Some(Warn),
    ),
    (
        "zap, production",
        r#"{"level":"warn","ts":1795888137.194934,"caller":"g/main.go:10","msg":"slow answer"}"#,
        Some("2026-11-28T17:48:57.194934Z"),
        Some(Warn),
    ),
    (
        "zap, development",
        "2026-11-28T17:48:57.195Z\tWARN\tg/main.go:11\tslow answer",
        Some("2026-11-28T17:48:57.195Z"),
        Some(Warn),
    ),
    (
        "zerolog",
        r#"{"level":"warn","time":"2026-11-28T17:48:57Z","message":"slow answer"}"#,
        Some("2026-11-28T17:48:57Z"),
        Some(Warn),
    ),
    ("logrus", r#"time="2026-11-28T17:48:57Z" level=warning msg="a \"slow\" answer""#, Some("2026-11-28T17:48:57Z"), Some(Warn)),
    (
        "pino",
        r#"{"level":60,"time":1795887921630,"pid":7403,"hostname":"vm","msg":"disk is full"}"#,
        Some("2026-11-28T17:45:21.630Z"),
        Some(Error),
    ),
    (
        "bunyan",
        r#"{"name":"shop","hostname":"vm","pid":7403,"level":40,"msg":"slow answer","time":"2026-11-28T17:45:22.673Z","v":0}"#,
        Some("2026-11-28T17:45:22.673Z"),
        Some(Warn),
    ),
    (
        "winston, JSON",
        r#"{"level":"warn","message":"slow answer","timestamp":"2026-11-28T17:45:22.289Z"}"#,
        Some("2026-11-28T17:45:22.289Z"),
        Some(Warn),
    ),
    ("winston, text", "2026-11-28T17:45:22.363Z warn: slow answer", Some("2026-11-28T17:45:22.363Z"), Some(Warn)),
    (
        "nginx, access",
        r#"127.0.0.1 - - [28/Nov/2026:18:48:57 +0100] "GET /owners HTTP/1.1" 200 612 "-" "curl/8.14.1""#,
        Some("2026-11-28T17:48:57Z"),
        None,
    ),
    (
        "nginx, error",
        "2026/11/28 17:48:57 [error] 29#29: *1 open() \"/x\" failed (2: No such file or directory)",
        Some("2026-11-28T17:48:57Z"),
        Some(Error),
    ),
    (
        "Apache, error",
        "[Sat Nov 28 17:48:57.195108 2026] [core:warn] [pid 1:tid 1] AH00098: pid file overwritten",
        Some("2026-11-28T17:48:57.195108Z"),
        Some(Warn),
    ),
    (
        "syslog, RFC 5424",
        "<12>1 2026-11-28T17:48:54.725248+00:00 vm shop - - [timeQuality tzKnown=\"1\" isSynced=\"0\"] slow answer",
        Some("2026-11-28T17:48:54.725248Z"),
        Some(Warn),
    ),
    (
        "MySQL",
        "2026-11-28T17:48:57.195108Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
        Some("2026-11-28T17:48:57.195108Z"),
        Some(Warn),
    ),
    (
        "PostgreSQL",
        "2026-11-28 17:48:57.195 UTC [1] LOG:  database system is ready to accept connections",
        Some("2026-11-28T17:48:57.195Z"),
        Some(Info),
    ),
    (
        "Elastic Common Schema",
        r#"{"@timestamp":"2026-11-28T17:48:57.195Z","log":{"level":"ERROR","logger":"shop"},"message":"disk is full"}"#,
        Some("2026-11-28T17:48:57.195Z"),
        Some(Error),
    ),
    ("a continued line", "\tat com.example.Shop.main(Shop.java:7)", None, None),
    ("a message without a head", "error while reading the configuration", None, None),
];

fn micros(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(time).unwrap().timestamp_micros()
}

#[test]
fn times_and_levels_of_common_loggers_are_understood() {
    for (name, line, time, level) in SAMPLES {
        let expected = Head { time: time.map(micros), level: *level };
        assert_eq!(head(line.as_bytes(), &Fields::default()), expected, "{name}: {line}");
    }
}

#[test]
fn times_without_a_year_are_the_latest_possible() {
    let yesterday = chrono::Utc::now() - chrono::TimeDelta::days(1);
    let expected = Some(yesterday.timestamp() * 1_000_000);
    for (form, level) in
        [("<12>%b %e %H:%M:%S vm shop: slow answer", Warn), ("W%m%d %H:%M:%S.000000   24663 main.go:15] slow", Warn)]
    {
        let line = yesterday.format(form).to_string();
        assert_eq!(head(line.as_bytes(), &Fields::default()), Head { time: expected, level: Some(level) }, "{line}");
    }
}

#[test]
fn fields_of_other_names_can_be_given() {
    let fields = Fields { time: Some("when"), level: Some("grade") };
    let expected = Head { time: Some(micros("2026-11-28T17:48:57Z")), level: Some(Warn) };
    for line in [
        r#"{"time":"2020-01-01T00:00:00Z","level":"ERROR","when":"2026-11-28T17:48:57Z","grade":"warning"}"#,
        "level=ERROR when=2026-11-28T17:48:57Z grade=Warn",
    ] {
        assert_eq!(head(line.as_bytes(), &fields), expected, "{line}");
    }
}
