//! The server does what other tests rely on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use testkit::mysql::{Server, URL_VARIABLE};
use testkit::process;

fn count(url: &str) -> i64 {
    let mut connection = MysqlConnection::establish(url).unwrap();
    diesel::select(diesel::dsl::sql::<BigInt>("(SELECT COUNT(*) FROM t)")).get_result(&mut connection).unwrap()
}

#[test]
fn committed_rows_survive_a_kill_and_files_do_not() {
    let mut server = Server::start();
    let folder = server.data();
    let database = server.database();
    database.execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (1), (2)");
    assert_eq!(count(&database.url), 2);

    server.kill();
    let error = MysqlConnection::establish(&database.url).err().unwrap().to_string();
    assert!(error.contains("Can't connect"), "{error}");

    server.restart();
    assert_eq!(count(&database.url), 2);
    drop((database, server));
    assert!(!folder.exists());
}

#[test]
fn with_mysql_passes_on_server_and_exit_status() {
    let shell = format!("echo ${URL_VARIABLE}; exit 7");
    let ended = process::run(
        process::command(env!("CARGO_BIN_EXE_with-mysql"))
            .env("HOME", std::env::var_os("HOME").unwrap())
            .args(["sh", "-c", &shell]),
    );
    assert_eq!(ended.status.code(), Some(7), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("mysql://root:"), "{}", ended.stdout);
    assert!(MysqlConnection::establish(ended.stdout.trim()).is_err(), "the server is gone");
}
