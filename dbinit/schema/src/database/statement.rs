//! SQL text that is prepared once per connection.
//!
//! diesel prepares a `sql_query` each time it runs, which costs MySQL as much as running it. A [`Statement`] is cached by its
//! text, which must contain no values: each text takes an entry of the connection's cache.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer, Text, Untyped};
use diesel::{QueryResult, RunQueryDsl};

use super::Connection;

type Backend = <Connection as diesel::Connection>::Backend;

/// A statement and its values, one for each `?`.
#[derive(Debug, Clone)]
pub struct Statement {
    sql: String,
    values: Vec<Value>,
}

/// A value of a statement.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Value {
    Integer(i32),
    BigInt(i64),
    Text(String),
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::BigInt(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl Statement {
    /// A statement in SQL with a `?` for each value, and no other `?`.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Prepends `words`, such as `EXPLAIN `.
    #[must_use]
    pub fn prefixed(mut self, words: &str) -> Self {
        self.sql.insert_str(0, words);
        self
    }

    /// Binds the value of the next `?`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl QueryFragment<Backend> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        let mut parts = self.sql.split('?');
        out.push_sql(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(&self.values) {
            match value {
                Value::Integer(value) => out.push_bind_param::<Integer, _>(value)?,
                Value::BigInt(value) => out.push_bind_param::<BigInt, _>(value)?,
                Value::Text(value) => out.push_bind_param::<Text, _>(value)?,
            }
            out.push_sql(part);
        }
        Ok(())
    }
}

/// Cached by its text.
impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl RunQueryDsl<Connection> for Statement {}
