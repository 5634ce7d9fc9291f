//! The queries of docs/logs.md, run by `DuckDB` over an archive.

use std::fs;
use std::path::Path;
use std::process::Command;

use handoff::{Form, Segment};

use crate::support::{Logs, wait_until};

/// Runs one query per argument and prints its rows as JSON, one query per line.
const SCRIPT: &str =
    "import duckdb, json, sys\nfor query in sys.argv[1:]: print(json.dumps(duckdb.sql(query).fetchall(), default=str))";

#[test]
#[ignore = "needs a python3 with the duckdb module, in DUCKDB_PYTHON; ./dev test has one"]
fn queries_of_the_documentation_run_in_duckdb() {
    let logs = Logs::new();
    let archive = tempfile::tempdir().unwrap();
    let url = format!("file://{}", archive.path().display());
    let time =
        |second: i64| chrono::DateTime::from_timestamp(1_795_600_800 + second, 0).unwrap().format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let request = |second: i64| {
        let status = if second % 10 == 0 { 404 } else { 200 };
        format!(
            "{{\"timestamp\":\"{}\",\"level\":\"INFO\",\"message\":\"request\",\"method\":\"GET\",\"path\":\"/owners/{second}?page=1\",\
             \"status\":{status},\"micros\":{second},\"request_id\":\"id-{second}\"}}\n",
            time(second)
        )
    };
    let statement = |second: i64| {
        format!(
            "{{\"timestamp\":\"{}\",\"level\":\"INFO\",\"target\":\"sql\",\"message\":\"statement\",\"micros\":{second},\
             \"sql\":\"SELECT {}\",\"request_id\":\"id-{second}\"}}\n",
            time(second),
            second % 2
        )
    };
    let segment = |stream: &str| Segment::new(stream.parse().unwrap(), 1, chrono::Utc::now()).name(Form::Plain);
    fs::write(logs.path(&segment("access")), (0..120).map(request).collect::<String>()).unwrap();
    fs::write(logs.path(&segment("app_db")), (0..120).map(statement).collect::<String>()).unwrap();
    let daemon = logs.started(&["--archive-url", &url]);
    wait_until("all are archived", || logs.admin("/metrics").1.contains("logshipper_archived_segments_total 2\n"));
    daemon.stop();

    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/logs.md")).unwrap();
    let queries = docs.split("```sql\n").skip(1).map(|part| part.split("```").next().unwrap());
    let queries =
        queries.map(|query| query.replace("s3://BUCKET/PREFIX", archive.path().to_str().unwrap()).replace("'ID'", "'id-7'"));
    let python = std::env::var_os("DUCKDB_PYTHON").expect("DUCKDB_PYTHON: a python3 with the duckdb module");
    let output = Command::new(python).args(["-c", SCRIPT]).args(queries).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<serde_json::Value>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [per_minute, pages, statements, of_id] = &rows[..] else { panic!("{text}") };
    let requests: i64 = per_minute.iter().map(|row| row[2].as_i64().unwrap()).sum();
    assert_eq!((per_minute.len(), requests), (4, 120), "{per_minute:?}");
    assert_eq!((pages.len(), &pages[0][1], &pages[0][2]), (1, &"/owners/*".into(), &120.into()));
    assert_eq!((statements.len(), &statements[0][0]), (2, &"SELECT 1".into()));
    assert_eq!(of_id.iter().map(|row| &row[0]).collect::<Vec<_>>(), ["access", "app_db"]);
}
