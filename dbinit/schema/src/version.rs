//! The version of the schema: what dbinit records, and what a program that uses the tables checks.

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::ReadOnlyTransaction;
use diesel::result::Error::{DatabaseError, QueryBuilderError};
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::database::{Backend, Connection, Statement};

/// The version that the tables of this crate need: the newest migration. Older programs work on newer schemas.
pub const VERSION: &str = "00000000000001";

/// The statement of [`check_ready`]. Names of migrations begin with a digit, and come before `:` in ASCII.
const MYSQL: &str = "SELECT MAX(name) AS newest, @@GLOBAL.read_only OR @@GLOBAL.innodb_read_only AS read_only FROM dbinit_history WHERE name < ':'";
const SQLITE: &str = "SELECT MAX(name) AS newest, 0 AS read_only FROM dbinit_history WHERE name < ':'";

#[derive(QueryableByName)]
struct State {
    #[diesel(sql_type = Nullable<Text>)]
    newest: Option<String>,
    #[diesel(sql_type = BigInt)]
    read_only: i64,
}

/// Checks in one statement that the database has the schema and takes writes.
///
/// # Errors
/// `ReadOnlyTransaction` if the server is read-only, such as a primary that was demoted; otherwise the schema is missing or older
/// than [`VERSION`], or the statement failed.
pub fn check_ready(connection: &mut Connection) -> QueryResult<()> {
    let sql = if connection.backend() == Backend::Mysql { MYSQL } else { SQLITE };
    let State { newest, read_only } = Statement::new(sql).get_result(connection)?;
    if read_only != 0 {
        return Err(DatabaseError(ReadOnlyTransaction, Box::new("the server is read-only".to_owned())));
    }
    match newest {
        Some(newest) if newest.as_str() >= VERSION => Ok(()),
        newest => {
            let found = newest.as_deref().unwrap_or("none");
            Err(QueryBuilderError(format!("the schema is at version {found}; {VERSION} is needed").into()))
        }
    }
}

/// Returns true if a statement is that of [`check_ready`], which an idle pod runs every second.
#[must_use]
pub fn is_readiness_check(sql: &str) -> bool {
    sql == MYSQL || sql == SQLITE
}
