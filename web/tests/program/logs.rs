use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use testkit::load::{Load, RunConfig};
use testkit::until;

use crate::support::Web;

#[test]
fn access_line_precedes_end_of_response() {
    let web = Web::start(&[]);
    let client = testkit::http::builder().user_agent("the \"test\"\n".trim()).build().unwrap();
    for n in 0..50 {
        let answer = client.get(web.url(&format!("/owners/1?n={n}"))).header("x-request-id", format!("id-{n}")).send().unwrap();
        assert_eq!(answer.headers()["x-request-id"], format!("id-{n}").as_str());
        let bytes = answer.bytes().unwrap().len();
        let lines = web.lines("access");
        let line = lines.last().unwrap();
        assert_eq!(line["path"], format!("/owners/1?n={n}"));
        assert_eq!((&line["method"], &line["status"], &line["bytes"]), (&"GET".into(), &200.into(), &bytes.into()));
        assert_eq!(line["request_id"], format!("id-{n}"));
        assert_eq!(line["user_agent"], "the \"test\"");
        assert!(line["micros"].as_u64().unwrap() > 0 && line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    }
}

#[test]
fn malformed_request_is_logged_disconnect_is_not() {
    let web = Web::start(&["--max-header-bytes", "8192", "--log-level", "debug"]);
    let too_large = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(17_000));
    for (bytes, status) in [("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0", 400), ("GET / HTTP/9.9\r\n\r\n", 400), (&too_large, 431)] {
        let mut client = web.connect();
        client.write(bytes);
        let (head, _) = client.answer();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        let peer = client.address().to_string();
        let line = until("its line", || web.lines("access").into_iter().find(|line| line["peer"] == peer));
        assert_eq!((&line["level"], &line["status"], &line["bytes"]), (&"INFO".into(), &status.into(), &0.into()));
        assert!(!line["error"].as_str().unwrap().is_empty());
    }
    let count =
        |status| web.metric(&format!("petclinic_http_requests_total{{route=\"none\",method=\"other\",status=\"{status}\"}}"));
    assert_eq!((count(400), count(431)), (Some(2.0), Some(1.0)));

    let mut client = web.connect();
    assert!(client.answers("/livez"));
    client.write("GET / HTT");
    let peer = client.address().to_string();
    drop(client);
    let of_peer = |stream| web.lines(stream).into_iter().filter(|line| line["peer"] == peer).count();
    until("its end", || (of_peer("app_db") == 1).then_some(()));
    assert_eq!(of_peer("access"), 1, "that of its request");
}

#[test]
fn sql_statements_are_logged_at_most_two_per_page() {
    let web = Web::start(&[]);
    let client = testkit::http::client();
    let pages = ["/owners/1", "/owners?lastName=", "/owners?lastName=&page=2", "/owners/1/edit", "/owners/1/pets/1/edit"];
    for (n, path) in pages.into_iter().enumerate() {
        let id = format!("page-{n}");
        client.get(web.url(path)).header("x-request-id", &id).send().unwrap();
        let lines = web.lines("app_db");
        let of_request = |line: &&serde_json::Value| line["target"] == "sql" && line["request_id"] == id;
        let statements: Vec<_> = lines.iter().filter(of_request).collect();
        assert!((1..=2).contains(&statements.len()), "{path}: {statements:?}");
        assert!(
            statements
                .iter()
                .all(|line| line["micros"].is_u64() && line["sql"].as_str().unwrap().trim_start().starts_with("SELECT"))
        );
        assert!(statements.iter().all(|line| !line["sql"].as_str().unwrap().contains("binds")), "statements, not people's data");
    }
}

#[test]
fn errors_are_in_their_own_stream_too() {
    let web = Web::start(&[]);
    assert_eq!(testkit::http::get(web.url("/oups")).status(), 500);
    assert!(web.lines("err").iter().any(|line| line["level"] == "ERROR"));
    assert!(web.lines("err").iter().all(|line| line["level"] == "ERROR"));
}

#[test]
fn follows_a_rename_also_when_idle() {
    let web = Web::start(&[]);
    testkit::http::get(web.url("/livez"));
    let live = web.log("access");
    fs::rename(&live, live.with_extension("renamed")).unwrap();
    until("the new live file", || live.exists().then_some(()));
    testkit::http::get(web.url("/vets"));
    let paths: Vec<_> = web.lines("access").iter().map(|line| line["path"].clone()).collect();
    assert_eq!(paths, ["/vets"]);
}

#[test]
fn only_failed_kubelet_probes_have_access_lines() {
    let web = Web::start(&[]);
    let kubelet = testkit::http::builder().user_agent("kube-probe/1.36").build().unwrap();
    let status = |path| kubelet.get(web.url(path)).send().unwrap().status().as_u16();
    assert_eq!(["/livez", "/readyz", "/healthcheck", "/vets"].map(status), [200; 4]);
    testkit::http::client().delete(web.url("/healthcheck")).send().unwrap();
    assert_eq!(status("/healthcheck"), 503);
    let lines = web.lines("access").into_iter().map(|line| (line["path"].clone(), line["status"].clone()));
    let expected = [("/vets", 200), ("/healthcheck", 204), ("/healthcheck", 503)];
    assert_eq!(lines.collect::<Vec<_>>(), expected.map(|(path, status)| (path.into(), status.into())));
}

#[test]
fn client_input_cannot_forge_log_lines() {
    let web = Web::start(&["--log-format", "json"]);
    let answer = testkit::http::client()
        .get(web.url("/owners?lastName=a%0A%7B%22level%22"))
        .header("x-request-id", "not plain\"{}")
        .header("user-agent", "tab\there")
        .send()
        .unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(web.lines("access").len(), 1);
}

#[test]
fn full_volume_loses_only_lines_and_reports_it() {
    let web = Web::start_with_volume(Some(1 << 20), &[]);
    let get = || assert_eq!(testkit::http::get(web.url("/owners/1")).status(), 200);
    get();
    let filler = web.its_own(&web.log("filler"));
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[b'x'; 512]).is_ok() {}
    let dropped = || web.metric(r#"petclinic_log_lines_dropped_total{output="access"}"#);
    until("dropped lines", || {
        get();
        (dropped() >= Some(10.0)).then_some(())
    });

    drop(file);
    fs::remove_file(filler).unwrap();
    let read = |stream: &str| fs::read_to_string(web.its_own(&web.log(stream))).unwrap();
    until("the loss in the log", || {
        get();
        read("app_db").lines().any(|line| line.contains("dropped") && line.contains("\"lines\"")).then_some(())
    });
    let kept = read("access");
    assert!(kept.lines().all(|line| line.matches("\"timestamp\"").count() <= 1), "a torn line stands alone: {kept}");
    get();
    assert!(read("access").len() > kept.len());
}

#[test]
fn slow_volume_loses_only_lines_and_reports_it() {
    let web = Web::start_with_slow_volume(Duration::from_millis(30), &[]);
    let load = Load::start(RunConfig::closed_loop(web.address, 4, &["/"]));
    let dropped = || web.metric(r#"petclinic_log_lines_dropped_total{output="access"}"#);
    until("dropped lines", || (dropped() >= Some(100.0)).then_some(()));
    let told = |what: &str| web.lines("app_db").iter().any(|line| line["stream"] == "access" && line.to_string().contains(what));
    until("the begin of the loss in the log", || told("are dropped").then_some(()));
    web.end_slowness();
    until("the loss in the log", || told("\"lines\"").then_some(()));
    assert!(load.stop().failures().is_empty());
    until("lines again", || {
        assert_eq!(testkit::http::get(web.url("/livez")).status(), 200);
        web.lines("access").iter().any(|line| line["path"] == "/livez").then_some(())
    });
}

#[test]
fn removed_directory_is_recreated() {
    let web = Web::start(&[]);
    testkit::http::get(web.url("/livez"));
    fs::remove_dir_all(web.log("access").parent().unwrap()).unwrap();
    until("the files", || {
        assert_eq!(testkit::http::get(web.url("/livez")).status(), 200);
        web.lines("access").iter().any(|line| line["path"] == "/livez").then_some(())
    });
}

/// The warning about a stream whose file can't be opened.
fn is_unusable(line: &serde_json::Value, stream: &str) -> bool {
    line["stream"] == stream && line["message"].as_str().is_some_and(|text| text.starts_with("LOG_DIR can't be used"))
}

#[test]
fn unusable_log_directory_warns_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let logs = directory.path().join("logs");
    fs::write(&logs, "a file").unwrap();
    let web = Web::start_logging_to(&logs, directory, &[]);
    for stream in ["access", "app_db", "err"] {
        let told: Vec<_> = web.first_lines.iter().filter(|line| is_unusable(line, stream)).collect();
        let [line] = told[..] else { panic!("{stream}: {:?}", web.first_lines) };
        assert_eq!((&line["level"], &line["dir"]), (&"WARN".into(), &logs.to_str().unwrap().into()));
        assert!(line["cause"].as_str().unwrap().contains("Not a directory"), "{line}");
    }
    let get = |path| testkit::http::get(web.url(path)).status().as_u16();
    assert_eq!((get("/owners/1"), get("/readyz"), get("/oups")), (200, 200, 500));
    for stream in ["access", "app_db", "err"] {
        assert!(web.metric(&format!("petclinic_log_lines_dropped_total{{output=\"{stream}\"}}")) > Some(0.0), "{stream}");
    }

    fs::remove_file(&logs).unwrap();
    until("the losses in the log", || {
        assert_eq!((get("/owners/1"), get("/oups")), (200, 500));
        let lines = web.lines("app_db");
        let told = |stream| lines.iter().any(|line| line["stream"] == stream && line["lines"].as_u64() > Some(0));
        ["access", "app_db", "err"].into_iter().all(told).then_some(())
    });
    assert!(web.lines("access").iter().any(|line| line["path"] == "/owners/1") && !web.lines("err").is_empty());
}

#[test]
fn unopenable_live_file_loses_only_its_own_lines() {
    let directory = tempfile::tempdir().unwrap();
    let logs = directory.path().join("logs");
    fs::create_dir_all(logs.join("err.log")).unwrap();
    let web = Web::start_logging_to(&logs, directory, &[]);
    let told =
        ["access", "app_db", "err"].map(|stream| web.lines("app_db").iter().filter(|line| is_unusable(line, stream)).count());
    assert_eq!(told, [0, 0, 1]);
    assert_eq!(testkit::http::get(web.url("/owners/1")).status(), 200);
    assert_eq!(web.lines("access").len(), 1);
    fs::remove_dir(web.log("err")).unwrap();
    until("the file", || web.log("err").is_file().then_some(()));
    assert_eq!(testkit::http::get(web.url("/oups")).status(), 500);
    assert_eq!(web.lines("err").len(), 1);
}
