//! Requests that schemathesis generates from openapi.json: valid, invalid, and one after another along the links.

use testkit::process::command;

use crate::support::Web;

#[test]
#[ignore = "needs schemathesis: ./dev soak installs it"]
fn generated_requests_conform_to_openapi() {
    let schemathesis = std::env::var_os("SCHEMATHESIS").expect("the path of schemathesis, as ./dev soak sets it");
    let web = Web::start(&[]);
    let mut run = command(schemathesis);
    run.args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.toml"), "run"])
        .arg(web.url("/openapi.json"));
    run.args(["--checks", "all", "--header", "Accept: application/json", "--generation-database", "none", "--no-color"]);
    run.args(["--seed", "1", "--max-examples", "30", "--max-time", "60"]);
    assert!(run.status().unwrap().success());
    assert!(web.lines("err").is_empty());
}
