//! A start with nothing to do reads and writes nothing; one with something to do waits for a server that takes no writes.

use std::time::Instant;

use diesel::connection::SimpleConnection;
use schema::database::{Connection, connect};
use testkit::mysql::{Database, Server, is_mariadb};
use testkit::process::{Child, run};

use crate::support::{Account, assert_code, dbinit};

/// A connection of root's that may hold a lock.
fn root(server: &Server) -> Connection {
    server.execute("CREATE DATABASE IF NOT EXISTS roots");
    connect(&format!("{}/roots", server.url()).parse().unwrap()).unwrap()
}

/// Each way in which a server takes no DDL: how it begins and ends, and words of the log.
fn locks() -> [(&'static str, &'static str, &'static str); 3] {
    let tables = ("FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES", "a lock is held on the server");
    if is_mariadb() {
        let backup = "BACKUP STAGE START; BACKUP STAGE BLOCK_DDL";
        let read_only = ("SET GLOBAL read_only = ON", "SET GLOBAL read_only = OFF", "the server is read-only");
        [(backup, "BACKUP STAGE END", "a lock is held on the server"), tables, read_only]
    } else {
        let backup = ("LOCK INSTANCE FOR BACKUP", "UNLOCK INSTANCE", "a lock is held on the server");
        let read_only = ("SET GLOBAL super_read_only = ON", "SET GLOBAL read_only = OFF", "the server is read-only");
        [backup, tables, read_only]
    }
}

/// A database whose URL is that of an account for dbinit: on MariaDB, root may write to a read-only server.
fn database(server: &Server) -> (Database, String) {
    let database = server.database();
    let user = format!("owner_{}", database.name);
    server.execute(&format!(
        "CREATE USER {user} IDENTIFIED BY 'owner'; GRANT CREATE USER ON *.* TO {user};
         GRANT ALL ON {}.* TO {user} WITH GRANT OPTION",
        database.name
    ));
    let url = database.url.replace("root:testkit", &format!("{user}:owner"));
    (database, url)
}

/// The statements that clients have sent, but for those by which diesel begins each connection.
fn statements(log: &str) -> Vec<&str> {
    let is_statement = |line: &&str| line.contains("Query\t") || line.contains("Execute\t");
    let is_diesels = |line: &&str| line.contains("SET time_zone = '+00:00'") || line.contains("SET character_set_");
    log.lines().filter(is_statement).filter(|line| !is_diesels(line)).collect()
}

#[test]
fn nothing_pending_takes_six_statements_without_ddl() {
    let server = Server::start_with(&["--general-log-file=general.log"]);
    let database = server.database();
    let account = Account::new();
    assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
    server.execute("SET GLOBAL general_log = ON");
    let path = server.data().join("general.log");
    let before = std::fs::read_to_string(&path).unwrap().len();
    let start = Instant::now();
    assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
    println!("measurement|dbinit with nothing to do|{:.0?}|50 ms", start.elapsed());
    let log = std::fs::read_to_string(&path).unwrap().split_off(before);
    let sent = statements(&log);
    assert!((4..=6).contains(&sent.len()), "{sent:#?}");
    for word in ["CREATE", "ALTER", "GRANT ", "REVOKE", "INSERT", "REPLACE"] {
        assert!(!sent.iter().any(|statement| statement.contains(word)), "{sent:#?}");
    }
}

#[test]
fn no_pending_work_succeeds_on_read_only_server() {
    let server = Server::start();
    let (_database, url) = database(&server);
    let account = Account::new();
    assert_code(&run(account.set(&mut dbinit(&url, &[]))), 0);
    let mut holder = root(&server);
    for (lock, unlock, _) in locks() {
        holder.batch_execute(lock).unwrap();
        assert_code(&run(account.set(&mut dbinit(&url, &["--wait-timeout", "5s"]))), 0);
        holder.batch_execute(unlock).unwrap();
    }
}

#[test]
fn pending_migration_waits_for_unwritable_server() {
    let server = Server::start();
    let mut holder = root(&server);
    for (lock, unlock, words) in locks() {
        let (_database, url) = database(&server);
        let account = Account::new();
        holder.batch_execute(lock).unwrap();
        let impatient = run(&mut dbinit(&url, &["--wait-timeout", "2s"]));
        assert_code(&impatient, 69);
        let mut patient = Child::spawn(account.set(&mut dbinit(&url, &[])));
        patient.line(words);
        holder.batch_execute(unlock).unwrap();
        assert_code(&patient.wait(), 0);
        account.connect(&url);
    }
}
