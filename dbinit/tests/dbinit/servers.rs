//! Servers with settings of their own: dbinit works with them, or says in one line what to change.

use diesel::prelude::*;
use schema::database::{connect, last_insert_id};
use schema::tables::{owner, pet};
use testkit::mysql::{Server, is_mariadb, lacks};
use testkit::process::run;

use crate::support::{Account, assert_code, dbinit};

#[test]
fn works_with_unusual_server_settings() {
    let common = [
        "autocommit = OFF",
        "sql_safe_updates = ON",
        "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
        "completion_type = 'RELEASE'",
        "binlog_format = STATEMENT",
        "default_storage_engine = MyISAM",
        "innodb_default_row_format = COMPACT",
        "character_set_server = latin1",
        "max_allowed_packet = 1024",
        "lock_wait_timeout = 1",
        "explicit_defaults_for_timestamp = OFF",
        "max_prepared_stmt_count = 10",
        "time_zone = '+09:00'",
        "init_connect = 'SET autocommit = 0'",
        "foreign_key_checks = OFF",
    ];
    let mysql = [
        "transaction_isolation = 'SERIALIZABLE'",
        "transaction_read_only = ON",
        "default_collation_for_utf8mb4 = utf8mb4_general_ci",
        "sql_require_primary_key = ON",
    ];
    let mariadb = [
        "tx_isolation = 'SERIALIZABLE'",
        "tx_read_only = ON",
        "sql_mode = 'ORACLE'",
        "innodb_force_primary_key = ON",
        "innodb_strict_mode = OFF",
        "old_mode = 'UTF8_IS_UTF8MB3'",
    ];
    let (own, arguments): (&[&str], &[&str]) = if is_mariadb() {
        (&mariadb, &["--log-bin=binlog", "--log-basename=binlog"])
    } else {
        (&mysql, &["--log-bin=binlog", "--gtid-mode=ON", "--enforce-gtid-consistency=ON"])
    };
    let server = Server::start_with(arguments);
    for setting in common.iter().chain(own) {
        let database = server.database();
        server.execute(&format!("SET GLOBAL {setting}"));
        let account = Account::new();
        assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
        assert_code(&run(&mut dbinit(&database.url, &["status"])), 0);
        let web = &mut account.connect(&database.url);
        let row = (
            owner::first_name.eq("Ana"),
            owner::last_name.eq("Müller"),
            owner::address.eq("1 Main St."),
            owner::city.eq("Köln"),
            owner::telephone.eq("6085551023"),
        );
        diesel::insert_into(owner::table).values(row).execute(web).unwrap();
        let id = last_insert_id(web).unwrap();
        diesel::update(pet::table.find(1)).set(pet::owner_id.eq(id)).execute(web).unwrap();
        let another = &mut connect(&database.url.parse().unwrap()).unwrap();
        let pets = pet::table.filter(pet::owner_id.eq(id)).count().get_result(another);
        assert_eq!(pets, Ok(1_i64), "{setting}: committed, and seen by others");
        let (variable, _) = setting.split_once(" = ").unwrap();
        server.execute(&format!("SET GLOBAL {variable} = DEFAULT"));
    }
}

#[test]
fn password_that_needs_tls_is_one_line() {
    if lacks("password that needs TLS") {
        return;
    }
    let server = Server::start();
    server.execute("CREATE USER tls IDENTIFIED BY 's3cret'; GRANT ALL ON *.* TO tls");
    let url = format!("mysql://tls:s3cret@127.0.0.1:{}/petclinic?ssl_mode=disabled", server.port());
    let ended = run(&mut dbinit(&url, &[]));
    assert_code(&ended, 69);
    assert!(ended.stdout.contains("the account's password needs TLS, which ssl_mode=disabled forbids"), "{}", ended.stdout);
}
