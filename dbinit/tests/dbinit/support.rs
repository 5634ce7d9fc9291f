//! A database of a test's own, the program on it, and what is in it afterwards.

use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::prelude::*;
use diesel::sql_types::Text;
use schema::database::{Connection, DatabaseUrl, connect};
use schema::tables::{owner, pet, pet_type, specialty, vet, vet_specialty, visit};
use tempfile::{NamedTempFile, TempDir};
use testkit::mysql;
use testkit::process::{Ended, command};

/// An empty database, removed with the value.
pub(crate) struct Empty {
    pub(crate) url: String,
    _keep: Keep,
}

#[expect(dead_code, reason = "held until the test ends")]
enum Keep {
    Mysql(mysql::Database),
    Sqlite(TempDir),
}

impl Empty {
    pub(crate) fn mysql() -> Self {
        let database = mysql::database();
        Self { url: database.url.clone(), _keep: Keep::Mysql(database) }
    }

    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", folder.path().join("petclinic.db").display()), _keep: Keep::Sqlite(folder) }
    }

    pub(crate) fn connect(&self) -> Connection {
        connect(&self.url.parse().unwrap()).unwrap()
    }
}

/// Makes each function a test on an empty database of either kind.
macro_rules! on_both {
    ($($(#[$comment:meta])* fn $name:ident($database:ident) $body:block)+) => {
        $(
            $(#[$comment])*
            mod $name {
                use super::*;

                #[test]
                fn mysql() {
                    let $database = &$crate::support::Empty::mysql();
                    $body
                }

                #[test]
                fn sqlite() {
                    let $database = &$crate::support::Empty::sqlite();
                    $body
                }
            }
        )+
    };
}
pub(crate) use on_both;

/// `dbinit` with a database and nothing else set.
pub(crate) fn dbinit(url: &str, arguments: &[&str]) -> Command {
    let mut dbinit = command(env!("CARGO_BIN_EXE_dbinit"));
    dbinit.env("DATABASE_URL", url).args(arguments);
    dbinit
}

/// The example that adds made-up owners.
pub(crate) fn demo(url: &str, owners: u32) -> Command {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "dbinit", "--example", "demo"]);
        cargo.args((!cfg!(debug_assertions)).then_some("--release"));
        assert!(cargo.status().unwrap().success());
    });
    let mut demo = command(Path::new(env!("CARGO_BIN_EXE_dbinit")).with_file_name("examples").join("demo"));
    demo.env("DATABASE_URL", url).arg("--owners").arg(owners.to_string());
    demo
}

/// Asserts an exit status, and shows what was written where it is another.
#[track_caller]
pub(crate) fn assert_code(ended: &Ended, code: i32) {
    assert_eq!(ended.status.code(), Some(code), "{}{}", ended.stdout, ended.stderr);
}

#[derive(QueryableByName)]
struct Definition {
    #[diesel(sql_type = Text)]
    definition: String,
}

const MYSQL_DEFINITIONS: &str = "
SELECT CONCAT_WS(' ', table_name, ordinal_position, column_name, column_type, is_nullable, collation_name, extra) AS definition
FROM information_schema.columns WHERE table_schema = DATABASE()
UNION ALL
SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) FROM information_schema.statistics
WHERE table_schema = DATABASE()
UNION ALL
SELECT CONCAT_WS(' ', table_name, constraint_name, referenced_table_name, referenced_column_name)
FROM information_schema.key_column_usage WHERE table_schema = DATABASE()
ORDER BY 1";
const SQLITE_DEFINITIONS: &str = "SELECT sql AS definition FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";

/// Everything in the database that dbinit is answerable for, as text: definitions and rows.
pub(crate) fn contents(url: &str) -> String {
    let c = &mut connect(&url.parse().unwrap()).unwrap();
    let list = |c: &mut Connection, query: &str| -> Vec<String> {
        let rows: Vec<Definition> = diesel::sql_query(query).load(c).unwrap();
        rows.into_iter().map(|row| row.definition).collect()
    };
    let definitions = list(c, if matches!(c, Connection::Mysql(_)) { MYSQL_DEFINITIONS } else { SQLITE_DEFINITIONS });
    let recorded = list(c, "SELECT name AS definition FROM dbinit_history ORDER BY name");
    let values = list(c, "SELECT value AS definition FROM dbinit_history ORDER BY name");
    let vets: Vec<(i32, String, String)> = vet::table.order(vet::id).load(c).unwrap();
    let specialties: Vec<(i32, String)> = specialty::table.order(specialty::id).load(c).unwrap();
    let vet_specialties: Vec<(i32, i32)> = vet_specialty::table.order(vet_specialty::all_columns).load(c).unwrap();
    let types: Vec<(i32, String)> = pet_type::table.order(pet_type::id).load(c).unwrap();
    let columns = (owner::id, owner::first_name, owner::last_name, owner::address, owner::city, owner::telephone);
    let owners: Vec<(i32, String, String, String, String, String)> =
        owner::table.order(owner::id).select(columns).load(c).unwrap();
    let pets: Vec<(i32, String, chrono::NaiveDate, i32, i32)> = pet::table.order(pet::id).load(c).unwrap();
    let columns = (visit::id, visit::pet_id, visit::visit_date, visit::status, visit::description);
    let visits: Vec<(i32, i32, chrono::NaiveDate, String, String)> =
        visit::table.order(visit::id).select(columns).load(c).unwrap();
    format!(
        "{definitions:#?}\n{recorded:?} {values:?}\n{vets:?}\n{specialties:?}\n{vet_specialties:?}\n{types:?}\n{owners:?}\n{pets:?}\n{visits:?}"
    )
}

/// The port of the server that all tests share.
pub(crate) fn shared_server_port() -> u16 {
    let url = std::env::var(mysql::URL_VARIABLE).unwrap();
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// A URL of the shared server as one that leads to another port, such as that of a proxy in front of it.
pub(crate) fn through(port: u16, url: &str) -> String {
    url.replace(&format!(":{}/", shared_server_port()), &format!(":{port}/"))
}

/// An account of web's on the shared server, under a unique name; it goes with the server.
pub(crate) struct Account {
    pub(crate) user: String,
    password_file: NamedTempFile,
}

impl Account {
    /// With a password that has to be quoted in SQL.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let user = format!("web_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let account = Self { user, password_file: NamedTempFile::new().unwrap() };
        account.write_password(r"it's \ a s3cret\");
        account
    }

    pub(crate) fn write_password(&self, password: &str) {
        std::fs::write(&self.password_file, format!("{password}\n")).unwrap();
    }

    pub(crate) fn password(&self) -> String {
        std::fs::read_to_string(&self.password_file).unwrap().trim_end().to_owned()
    }

    pub(crate) fn set<'a>(&self, dbinit: &'a mut Command) -> &'a mut Command {
        dbinit.env("WEB_USER", &self.user).env("WEB_PASSWORD_FILE", self.password_file.path())
    }

    /// Connects as web would.
    #[track_caller]
    pub(crate) fn connect(&self, url: &str) -> Connection {
        let url: DatabaseUrl = url.parse().unwrap();
        connect(&url.with_account(&self.user, &self.password())).unwrap()
    }
}
