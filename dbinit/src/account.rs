//! Web's account: it reads and writes rows of Petclinic's tables, and can do nothing else.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use schema::database::{Backend, Connection, DatabaseUrl, ErrorKind, Server, connect_existing};
use tracing::info;

use crate::{Error, lock};

/// The tables that web works on.
const TABLES: [&str; 8] = ["vet", "specialty", "vet_specialty", "pet_type", "owner", "pet", "visit", "idempotency_key"];
/// The table whose version web checks.
const HISTORY: &str = "dbinit_history";

/// A password. Debug output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Parses a password.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            Err("is empty")
        } else if text.chars().any(char::is_control) {
            Err("has a control character, such as a second line")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// Parses the name of an account: up to 32 letters, digits, `_`, `-` and `.`, and not one of MySQL's own.
pub fn account_name(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if text.is_empty() || text.len() > 32 || !plain {
        return Err("must be up to 32 letters, digits, _, - and .".to_owned());
    }
    if text == "root" || text.starts_with("mysql.") {
        return Err("this account is MySQL's own".to_owned());
    }
    Ok(text.to_owned())
}

/// Creates the account, or gives it this password and these rights. `url` is dbinit's own.
///
/// An account that is as it should be is not touched, and neither is a password that works. After a change the previous password
/// stays valid on MySQL, so that running pods of web can still connect during a rollout; `ALTER USER … DISCARD OLD PASSWORD` ends
/// that, and so does the next change.
pub fn ensure(
    connection: &mut Connection,
    url: &DatabaseUrl,
    user: &str,
    password: &Password,
    lock_wait: Duration,
) -> Result<(), Error> {
    if connection.backend() == Backend::Sqlite {
        info!("no account for web: SQLite has none");
        return Ok(());
    }
    let login = || login(&url.with_account(user, &password.0));
    if login()?.is_some_and(|rights| rights.are_exact()) {
        info!(user, "account of web ready");
        return Ok(());
    }
    lock::with_lock(connection, lock_wait, |connection| {
        let account = format!("'{user}'@'%'");
        let secret = quoted(&password.0);
        connection.batch_execute(&format!("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {secret}"))?;
        let mut rights = login()?;
        if rights.is_none() {
            let retained = change_password(connection, &account, &secret)?;
            info!(user, retained, "password of web's account changed; one that is retained stays valid until the next change");
            rights = login()?;
        }
        let rights = rights.unwrap_or_default();
        for table in TABLES.iter().filter(|table| !rights.has(&ROWS, table)) {
            connection.batch_execute(&format!("GRANT {} ON {table} TO {account}", ROWS.join(", ")))?;
        }
        if !rights.has(&READ, HISTORY) {
            connection.batch_execute(&format!("GRANT SELECT ON {HISTORY} TO {account}"))?;
        }
        if rights.on_whole_database() {
            // after the tables' rights, so that a running web misses none
            for revoked in ["GRANT OPTION", "ALL PRIVILEGES"] {
                let revoke = connection.batch_execute(&format!("REVOKE {revoked} ON * FROM {account}"));
                // MariaDB has no REVOKE IF EXISTS
                revoke.or_else(|error| if error.to_string().contains("no such grant") { Ok(()) } else { Err(error) })?;
            }
        }
        info!(user, "account of web ready");
        Ok(())
    })
}

/// The rights on each of web's tables, and on the history.
const ROWS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
const READ: [&str; 1] = ["SELECT"];

/// The rights that the account has in this database.
#[derive(Debug, Default)]
struct Rights {
    /// A table, or `*` for the whole database, and one right.
    granted: HashSet<(String, String)>,
}

impl Rights {
    fn has(&self, rights: &[&str], table: &str) -> bool {
        rights.iter().all(|right| self.granted.contains(&(table.to_owned(), (*right).to_owned())))
    }

    /// Rights on the whole database are too many.
    fn on_whole_database(&self) -> bool {
        self.granted.iter().any(|(table, _)| table == "*")
    }

    fn are_exact(&self) -> bool {
        !self.on_whole_database() && self.has(&READ, HISTORY) && TABLES.iter().all(|table| self.has(&ROWS, table))
    }
}

/// Every account may read its own rights here.
const READ_RIGHTS: &str = "
SELECT table_name AS object, privilege_type AS privilege FROM information_schema.table_privileges
WHERE table_schema = DATABASE() AND grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')
UNION ALL
SELECT '*', privilege_type FROM information_schema.schema_privileges
WHERE table_schema = DATABASE() AND grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";

#[derive(QueryableByName)]
struct Grant {
    #[diesel(sql_type = Text)]
    object: String,
    #[diesel(sql_type = Text)]
    privilege: String,
}

/// Logs in as web and reads its rights; `None` if the password is wrong or there is no such account.
fn login(url: &DatabaseUrl) -> Result<Option<Rights>, Error> {
    let mut connection = match connect_existing(url) {
        Ok(connection) => connection,
        Err(error) if error.kind == ErrorKind::AccessDenied => return Ok(None),
        // the password works
        Err(error) if error.kind == ErrorKind::MissingPrivilege => return Ok(Some(Rights::default())),
        Err(error) => return Err(Error::Account(error)),
    };
    let grants: Vec<Grant> = diesel::sql_query(READ_RIGHTS).load(&mut connection)?;
    Ok(Some(Rights { granted: grants.into_iter().map(|grant| (grant.object, grant.privilege)).collect() }))
}

/// Returns true if the previous password stays valid. MariaDB's accounts have one password only.
fn change_password(connection: &mut Connection, account: &str, secret: &str) -> QueryResult<bool> {
    let change = format!("ALTER USER {account} IDENTIFIED BY {secret}");
    if Server::of(connection)? == Server::Mysql {
        match connection.batch_execute(&format!("{change} RETAIN CURRENT PASSWORD")) {
            Ok(()) => return Ok(true),
            // an account without a password has none to retain
            Err(error) if error.to_string().contains("can not be retained") => {}
            Err(error) => return Err(error),
        }
    }
    connection.batch_execute(&change).map(|()| false)
}

/// Quotes a string literal for MySQL. The session's `sql_mode` is ours, so a backslash escapes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_or_reserved_account_name_is_rejected() {
        for name in ["", "a'b", "a b", "root", "mysql.session", "ä", "a`", "a@b", &"x".repeat(33)] {
            assert!(account_name(name).is_err(), "{name}");
        }
        assert_eq!(account_name("petclinic_web"), Ok("petclinic_web".to_owned()));
    }

    #[test]
    fn password_is_quoted_and_hidden() {
        assert_eq!(quoted(r"a'b\c"), r"'a\'b\\c'");
        assert_eq!(format!("{:?}", Password::new("secret")), "Ok(Password(***))");
        assert!(Password::new("").is_err() && Password::new("a\nb").is_err());
    }
}
