//! Web's account: it reads and writes rows of Petclinic's tables, and can do nothing else.

use std::fmt;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{MysqlConnection, QueryResult};
use tracing::info;

use crate::apply::ApplyError;
use crate::lock;
use schema::database::{Connection, DatabaseUrl, Trouble, connect};

/// The tables that web works on. What dbinit records for itself is not among them.
const TABLES: [&str; 8] = ["vet", "specialty", "vet_specialty", "pet_type", "owner", "pet", "visit", "idempotency_key"];

/// A password: Debug doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a text, or says why it can't be a password.
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

/// Accepts the name of an account: up to 32 letters, digits, `_`, `-` and `.`, and not one of MySQL's own.
pub fn account_name(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if text.is_empty() || text.len() > 32 || !plain {
        return Err("accepted are up to 32 letters, digits, _, - and .".to_owned());
    }
    if text == "root" || text.starts_with("mysql.") {
        return Err("this account is MySQL's own".to_owned());
    }
    Ok(text.to_owned())
}

/// Makes the account, or brings it to this password and these rights. `url` is dbinit's own.
///
/// After a change of the password the one before stays valid beside it, so that web's running pods can still connect
/// during a rollout; `ALTER USER … DISCARD OLD PASSWORD` ends that, and so does the next change.
pub fn ensure(
    connection: &mut Connection,
    url: &DatabaseUrl,
    user: &str,
    password: &Password,
    lock_wait: Duration,
) -> Result<(), ApplyError> {
    lock::exclusively(connection, lock_wait, |connection| {
        let Connection::Mysql(mysql) = connection else {
            info!("no account for web: SQLite has none");
            return Ok(());
        };
        let account = format!("'{user}'@'%'");
        let secret = quoted(&password.0);
        mysql.batch_execute(&format!("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {secret}"))?;
        if is_refused(url, user, password) {
            change_password(mysql, &account, &secret)?;
            info!(user, "password of web's account changed; the one before stays valid until the next change");
        }
        for table in TABLES {
            mysql.batch_execute(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {account}"))?;
        }
        // what an account had on the whole database; the tables' rights are there already, so that a running web misses none
        for rights in ["ALL PRIVILEGES", "GRANT OPTION"] {
            mysql.batch_execute(&format!("REVOKE IF EXISTS {rights} ON * FROM {account}"))?;
        }
        info!(user, "account of web ready");
        Ok(())
    })
}

fn change_password(mysql: &mut MysqlConnection, account: &str, secret: &str) -> QueryResult<()> {
    let change = format!("ALTER USER {account} IDENTIFIED BY {secret}");
    mysql.batch_execute(&format!("{change} RETAIN CURRENT PASSWORD")).or_else(|error| {
        // an account without a password has none to retain
        if error.to_string().contains("can not be retained") { mysql.batch_execute(&change) } else { Err(error) }
    })
}

/// Whether the server refuses the password. Anything else that is in the way shows when web connects.
fn is_refused(url: &DatabaseUrl, user: &str, password: &Password) -> bool {
    let attempt = connect(&url.with_account(user, &password.0));
    matches!(attempt, Err(error) if error.trouble == Trouble::AccessDenied)
}

/// A string literal of MySQL. The session's `sql_mode` is ours, so a backslash escapes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_sql_or_belongs_to_the_server_is_refused() {
        for name in ["", "a'b", "a b", "root", "mysql.session", "ä", "a`", "a@b", &"x".repeat(33)] {
            assert!(account_name(name).is_err(), "{name}");
        }
        assert_eq!(account_name("petclinic_web"), Ok("petclinic_web".to_owned()));
    }

    #[test]
    fn a_password_is_quoted_and_never_shown() {
        assert_eq!(quoted(r"a'b\c"), r"'a\'b\\c'");
        assert_eq!(format!("{:?}", Password::new("secret")), "Ok(Password(***))");
        assert!(Password::new("").is_err() && Password::new("a\nb").is_err());
    }
}
