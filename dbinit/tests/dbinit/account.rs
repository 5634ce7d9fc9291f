//! Web's account: created once, following its Secret, with the rights it needs and nothing more.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use schema::database::{Connection, DatabaseUrl, ErrorKind, connect};
use schema::tables::owner;
use testkit::mysql::lacks;
use testkit::process::{Child, run};

use crate::support::{Account, Empty, assert_code, dbinit};

#[track_caller]
fn denied(connection: &mut Connection, sql: &str) {
    let error = connection.batch_execute(sql).unwrap_err().to_string();
    assert!(error.contains("denied"), "{sql}: {error}");
}

#[test]
fn account_works_on_rows_and_nothing_else() {
    let database = &Empty::mysql();
    let account = Account::new();
    let made = run(account.set(&mut dbinit(&database.url, &[])));
    assert_code(&made, 0);
    assert!(!made.stdout.contains("s3cret"), "{}", made.stdout);

    let web = &mut account.connect(&database.url);
    assert_eq!(owner::table.count().get_result(web), Ok(10_i64));
    diesel::update(owner::table.find(1)).set(owner::city.eq("Seoul")).execute(web).unwrap();
    diesel::sql_query("DELETE FROM visit WHERE id = 1").execute(web).unwrap();
    diesel::sql_query("INSERT INTO pet_type (name) VALUES ('fox')").execute(web).unwrap();
    for sql in [
        "CREATE TABLE mine (n INT)",
        "DROP TABLE visit",
        "ALTER TABLE owner ADD COLUMN note TEXT",
        "CREATE INDEX i ON owner (city)",
        "TRUNCATE TABLE visit",
        "DELETE FROM dbinit_history",
        "CREATE USER mallory@'%' IDENTIFIED BY 'x'",
        "SELECT * FROM mysql.user",
        "GRANT SELECT ON owner TO root@'%'",
    ] {
        denied(web, sql);
    }
}

#[test]
fn rights_on_whole_database_are_revoked() {
    let admin = testkit::mysql::database();
    let account = Account::new();
    let user = &account.user;
    admin.execute(&format!("CREATE USER {user} IDENTIFIED BY 'x'; GRANT ALL ON {}.* TO {user} WITH GRANT OPTION", admin.name));
    assert_code(&run(account.set(&mut dbinit(&admin.url, &[]))), 0);
    let url: DatabaseUrl = admin.url.parse().unwrap();
    let web = &mut connect(&url.with_account(user, &account.password())).unwrap();
    assert_eq!(owner::table.count().get_result(web), Ok(10_i64));
    denied(web, "DROP TABLE visit");
    denied(web, "CREATE TABLE mine (n INT)");
}

#[test]
fn changed_password_keeps_the_previous_one_valid() {
    let database = &Empty::mysql();
    let account = Account::new();
    let before = account.password();
    assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
    let again = run(account.set(&mut dbinit(&database.url, &[])));
    assert_code(&again, 0);
    assert!(!again.stdout.contains("changed"), "{}", again.stdout);

    account.write_password("an0ther \"one\"");
    let changed = run(account.set(&mut dbinit(&database.url, &[])));
    assert_code(&changed, 0);
    assert!(changed.stdout.contains("password of web's account changed"), "{}", changed.stdout);
    assert!(!changed.stdout.contains("an0ther"), "{}", changed.stdout);
    account.connect(&database.url);

    let url: DatabaseUrl = database.url.parse().unwrap();
    if !lacks("second password of an account") {
        assert!(connect(&url.with_account(&account.user, &before)).is_ok(), "running pods still connect");
    }
    account.write_password("a third one");
    assert_code(&run(account.set(&mut dbinit(&database.url, &[]))), 0);
    let error = connect(&url.with_account(&account.user, &before)).err().unwrap();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
}

#[test]
fn account_without_password_gets_one() {
    let admin = testkit::mysql::database();
    let account = Account::new();
    admin.execute(&format!("CREATE USER {}", account.user));
    assert_code(&run(account.set(&mut dbinit(&admin.url, &[]))), 0);
    let url: DatabaseUrl = admin.url.parse().unwrap();
    assert!(connect(&url.with_account(&account.user, &account.password())).is_ok());
    let error = connect(&url.with_account(&account.user, "")).err().unwrap();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
}

#[test]
fn concurrent_runs_create_one_account() {
    let database = &Empty::mysql();
    let account = Account::new();
    let mut all: Vec<Child> = (0..8).map(|_| Child::spawn(account.set(&mut dbinit(&database.url, &[])))).collect();
    for child in &mut all {
        assert_code(&child.wait(), 0);
    }
    account.connect(&database.url);
}

/// The rights that the manifests give to dbinit's own account suffice.
#[test]
fn owner_of_the_manifests_can_create_it() {
    let admin = testkit::mysql::database();
    let account = Account::new();
    let owner = format!("owner_{}", admin.name);
    admin.execute(&format!(
        "CREATE USER {owner} IDENTIFIED BY 'own'; GRANT ALL ON {db}.* TO {owner}; GRANT CREATE USER ON *.* TO {owner};
         GRANT SELECT, INSERT, UPDATE, DELETE ON {db}.* TO {owner} WITH GRANT OPTION",
        db = admin.name
    ));
    let url: DatabaseUrl = admin.url.parse().unwrap();
    let made = run(account.set(&mut dbinit(&url_text(&admin.url, &owner, "own"), &[])));
    assert_code(&made, 0);
    assert!(connect(&url.with_account(&account.user, &account.password())).is_ok());
    admin.execute(&format!("DROP USER {owner}"));
}

fn url_text(url: &str, user: &str, password: &str) -> String {
    let (_, rest) = url.split_once('@').unwrap();
    format!("mysql://{user}:{password}@{rest}")
}

#[test]
fn sqlite_needs_no_account() {
    let database = &Empty::sqlite();
    let account = Account::new();
    let ended = run(account.set(&mut dbinit(&database.url, &[])));
    assert_code(&ended, 0);
    assert!(ended.stdout.contains("SQLite has none"), "{}", ended.stdout);
}

/// A password that works is never changed, and the reason why the account can't be used is one line.
#[test]
fn locked_or_expired_account_is_reported() {
    let admin = testkit::mysql::database();
    let account = Account::new();
    let user = &account.user;
    assert_code(&run(account.set(&mut dbinit(&admin.url, &[]))), 0);
    for (change, undo, words) in [
        ("ACCOUNT LOCK", "ACCOUNT UNLOCK", "the account is locked"),
        ("PASSWORD EXPIRE", "PASSWORD EXPIRE NEVER", "password has expired"),
    ] {
        admin.execute(&format!("ALTER USER {user} {change}"));
        let ended = run(account.set(&mut dbinit(&admin.url, &[])));
        assert_code(&ended, 70);
        assert!(ended.stdout.contains("web's account: ") && ended.stdout.contains(words), "{}", ended.stdout);
        assert!(!ended.stdout.contains("changed"), "{}", ended.stdout);
        // an expired password lasts until it is set
        admin.execute(&match undo {
            "ACCOUNT UNLOCK" => format!("ALTER USER {user} ACCOUNT UNLOCK"),
            _ => format!(
                "ALTER USER {user} IDENTIFIED BY '{}' PASSWORD EXPIRE NEVER",
                account.password().replace('\\', "\\\\").replace('\'', "''")
            ),
        });
        assert_code(&run(account.set(&mut dbinit(&admin.url, &[]))), 0);
        account.connect(&admin.url);
    }
}
