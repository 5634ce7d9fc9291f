//! A real MySQL or MariaDB server.
//!
//! Tests share one, started by `with-mysql COMMAND…`, in which each has a [`database`] of its own. A test that breaks its
//! server, or sets it up in a special way, starts one of its own ([`Server`]): about 0.7 s, since the data directory is a
//! copy of one that was initialised once. All of them are the server that [`SERVER_VARIABLE`] names.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use diesel::RunQueryDsl;
use diesel::connection::{Connection, SimpleConnection};
use diesel::mysql::MysqlConnection;
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::methods::LoadQuery;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::{Child, command};
use crate::{net, until};

/// The variable by which `with-mysql` tells tests where the shared server is.
pub const URL_VARIABLE: &str = "TEST_MYSQL_URL";

/// The variable that names the server to test with, as `mysql-server` knows it: `mysql` (default), `mariadb-10.11` or
/// `mariadb-11.8`.
pub const SERVER_VARIABLE: &str = "TEST_SERVER";

/// The password of root, who may log in from everywhere.
const PASSWORD: &str = "testkit";

/// Small and without any care for the machine's crash: a test's data dies with the test. What was committed still
/// outlives a kill of the server.
const FAST: [&str; 9] = [
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-innodb-doublewrite",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--max-connections=500",
];

/// Arguments that only one kind of server knows.
const MYSQL: [&str; 3] = ["--mysqlx=OFF", "--innodb-redo-log-capacity=16M", "--secure-file-priv=NULL"];
const MARIADB: [&str; 2] = ["--innodb-log-file-size=16M", "--innodb-undo-tablespaces=0"];

/// The name of the server to test with.
#[must_use]
pub fn server_name() -> String {
    std::env::var(SERVER_VARIABLE).ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "mysql".to_owned())
}

/// Returns true if the tests run on MariaDB.
#[must_use]
pub fn is_mariadb() -> bool {
    server_name().starts_with("mariadb")
}

/// Returns true and prints the reason if the tests run on MariaDB, which lacks what a test is about.
#[must_use]
pub fn lacks(feature: &str) -> bool {
    if is_mariadb() {
        let _ = writeln!(std::io::stderr(), "NOT RUN: MariaDB has no {feature}");
    }
    is_mariadb()
}

const INIT: &str = "
ALTER USER root@localhost IDENTIFIED BY 'testkit';
CREATE USER root@'%' IDENTIFIED BY 'testkit';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
";

/// A database of a test's own; dropped with the value.
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its URL, for root.
    pub url: String,
    /// Kept, since a connection costs more than most statements.
    connection: Mutex<MysqlConnection>,
}

/// Makes an empty database on the shared server.
///
/// # Panics
/// Where there is no shared server.
#[track_caller]
pub fn database() -> Database {
    let admin = std::env::var(URL_VARIABLE).unwrap_or_else(|_| {
        panic!("this test needs MySQL: {URL_VARIABLE} is not set; run ./dev test, or with-mysql cargo test …")
    });
    Database::create(&admin)
}

/// A row of `SHOW STATUS`.
#[derive(diesel::QueryableByName)]
pub struct Status {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "Value")]
    value: String,
}

/// Rows that this session has read so far, of tables and of indexes.
///
/// # Panics
/// Where the server doesn't say.
pub fn rows_read<C: Connection>(session: &mut C) -> u64
where
    SqlQuery: for<'q> LoadQuery<'q, C, Status>,
{
    let rows: Vec<Status> = diesel::sql_query("SHOW SESSION STATUS LIKE 'Handler_read%'").load(session).unwrap();
    rows.iter().map(|row| row.value.parse::<u64>().unwrap()).sum()
}

impl Database {
    #[track_caller]
    fn create(admin: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = MysqlConnection::establish(admin).unwrap_or_else(|error| panic!("no connection to MySQL: {error}"));
        connection.batch_execute(&format!("CREATE DATABASE {name}; USE {name}")).unwrap();
        Self { url: format!("{admin}/{name}"), name, connection: Mutex::new(connection) }
    }

    /// Runs statements in it, as root.
    ///
    /// # Panics
    /// Where one fails.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        let connection = &mut *self.connection.lock().unwrap();
        if connection.batch_execute("DO 0").is_err() {
            // the server was started again
            *connection = MysqlConnection::establish(&self.url).unwrap();
        }
        connection.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Version that the server reports, such as `9.7.4-2`.
    ///
    /// # Panics
    /// Where it says nothing.
    #[track_caller]
    pub fn server_version(&self) -> String {
        let mut connection = MysqlConnection::establish(&self.url).unwrap();
        diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>("VERSION()")).get_result(&mut connection).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // a server that the test has killed has taken it along
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = connection.batch_execute(&format!("DROP DATABASE {}", self.name));
    }
}

#[track_caller]
fn execute(url: &str, sql: &str) {
    let mut connection = MysqlConnection::establish(url).unwrap_or_else(|error| panic!("no connection to MySQL: {error}"));
    connection.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A server with a data directory and a port of its own, both gone with the value.
#[derive(Debug)]
pub struct Server {
    port: u16,
    arguments: Vec<String>,
    // Ends before the folder goes: a server that still runs makes files while others are removed.
    child: Option<Child>,
    folder: TempDir,
}

impl Server {
    /// Starts one and waits until it answers.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with further arguments for `mysqld`.
    #[track_caller]
    pub fn start_with(arguments: &[&str]) -> Self {
        let mut server = Self::stopped(arguments);
        server.restart();
        server
    }

    /// Prepares one that doesn't run yet; its port is known, and [`Server::restart`] starts it.
    ///
    /// # Panics
    /// Where no server can be installed.
    #[track_caller]
    pub fn stopped(arguments: &[&str]) -> Self {
        remove_leftovers();
        let folder = tempfile::Builder::new().prefix(&format!("{PREFIX}{}.", std::process::id())).tempdir().unwrap();
        copy(&template(&mysqld()), &folder.path().join("data"));
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self { port: net::free_port(), folder, arguments, child: None }
    }

    /// Starts it again after [`Server::kill`] or [`Server::stop`], with the same data on the same port.
    ///
    /// # Panics
    /// Where it ends instead of answering.
    #[track_caller]
    pub fn restart(&mut self) {
        let data = self.data();
        let mut child = Child::spawn(
            mysqld_command(&mysqld())
                .arg(format!("--datadir={}", data.display()))
                // a server that starts removes the temporary tables of others in the same directory
                .arg(format!("--tmpdir={}", self.folder.path().display()))
                .arg(format!("--socket={}", self.folder.path().join("socket").display()))
                .arg(format!("--pid-file={}", self.folder.path().join("pid").display()))
                .arg(format!("--port={}", self.port))
                .arg("--bind-address=127.0.0.1")
                // MySQL's own default
                .arg(format!("--ssl-cert={}", data.join("server-cert.pem").display()))
                .arg(format!("--ssl-key={}", data.join("server-key.pem").display()))
                .args(&self.arguments),
        );
        until("MySQL's start", || {
            assert!(child.runs(), "mysqld ended:\n{}{}", child.stdout(), child.stderr());
            child.stderr().contains("ready for connections").then_some(())
        });
        self.child = Some(child);
    }

    /// Kills it at once (SIGKILL). What was committed is there after [`Server::restart`].
    pub fn kill(&mut self) {
        self.child = None;
    }

    /// Shuts it down in order, which takes seconds.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.signal(Signal::TERM);
            child.wait();
        }
    }

    /// Stops it in its tracks (SIGSTOP): connections stay, and nothing answers.
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    fn signal(&mut self, signal: Signal) {
        if let Some(child) = &mut self.child {
            child.signal(signal);
        }
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data directory, in which also its certificates lie (`ca.pem` is its own authority).
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The URL for root, without a database.
    pub fn url(&self) -> String {
        format!("mysql://root:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// Runs statements as root.
    ///
    /// # Panics
    /// Where one fails.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        execute(&self.url(), sql);
    }

    /// Makes an empty database on it.
    #[track_caller]
    pub fn database(&self) -> Database {
        Database::create(&self.url())
    }
}

/// The server's program, installed where it is missing.
fn mysqld() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("mysql-server");
    let output = Command::new(&script).arg(server_name()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{} found no {} and could not install one", script.display(), server_name());
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The server's command as every use of it here begins; `--no-defaults` must be first.
fn mysqld_command(mysqld: &Path) -> Command {
    let mut command = command(mysqld);
    let own: &[&str] = if is_mariadb() { &MARIADB } else { &MYSQL };
    command.arg("--no-defaults").args(FAST).args(own);
    if rustix::process::geteuid().is_root() {
        command.arg("--user=root");
    }
    command
}

/// An initialised data directory, made once for each version and kept in the cache.
fn template(mysqld: &Path) -> PathBuf {
    let version = Command::new(mysqld).args(["--no-defaults", "--version"]).output().unwrap().stdout;
    let mut hasher = DefaultHasher::new();
    (version, FAST, MYSQL, MARIADB, INIT).hash(&mut hasher);
    let cache = cache();
    let template = cache.join(format!("template-{:016x}", hasher.finish()));
    if !template.exists() {
        fs::create_dir_all(&cache).unwrap();
        let new = tempfile::Builder::new().prefix("new-template.").tempdir_in(&cache).unwrap();
        let init = new.path().join("init.sql");
        let data = new.path().join("data");
        let mut initialize = mysqld_command(mysqld);
        initialize.arg(format!("--datadir={}", data.display())).arg(format!("--tmpdir={}", new.path().display()));
        if is_mariadb() {
            fs::create_dir(&data).unwrap();
            create_certificates(&data);
            fs::write(&init, format!("{}FLUSH PRIVILEGES;{INIT}", system_tables(mysqld))).unwrap();
            initialize.arg("--bootstrap").stdin(fs::File::open(&init).unwrap());
        } else {
            fs::write(&init, INIT).unwrap();
            initialize.arg("--initialize-insecure").arg(format!("--init-file={}", init.display()));
        }
        let ended = Child::spawn(&mut initialize).wait();
        assert!(ended.status.success(), "the server's initialisation failed:\n{}{}", ended.stdout, ended.stderr);
        // another process may have been first: its template is as good
        let _ = fs::rename(&data, &template);
    }
    template
}

/// Creates the certificates that MySQL creates by itself: the server's, which is its own authority, and a client's.
fn create_certificates(data: &Path) {
    for name in ["server", "client"] {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=server", "-keyout"]);
        openssl.arg(data.join(format!("{name}-key.pem"))).arg("-out").arg(data.join(format!("{name}-cert.pem")));
        let ended = openssl.output().expect("openssl is installed");
        assert!(ended.status.success(), "{openssl:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
    fs::copy(data.join("server-cert.pem"), data.join("ca.pem")).unwrap();
}

/// The statements that create MariaDB's own tables: its installation script needs an installed MariaDB.
fn system_tables(mysqld: &Path) -> String {
    let share = mysqld.with_file_name("usr/share");
    let mut sql = "CREATE DATABASE mysql;\nUSE mysql;\n".to_owned();
    for name in ["_system_tables", "_performance_tables", "_system_tables_data", "_sys_schema"] {
        // the prefix was mysql before version 11
        let files = ["mysql/mysql", "mariadb/mariadb"].map(|prefix| share.join(format!("{prefix}{name}.sql")));
        sql += &files.iter().find_map(|file| fs::read_to_string(file).ok()).expect("MariaDB has its system tables as SQL");
    }
    sql
}

/// The folder that `mysql-server` also uses.
fn cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from).or_else(home);
    base.expect("HOME or XDG_CACHE_HOME is set").join("petclinic").join(server_name())
}

const PREFIX: &str = "petclinic-mysql.";

/// Removes what servers of killed tests have left: a folder's name holds the id of the process that made it.
fn remove_leftovers() {
    for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let maker = name.strip_prefix(PREFIX).and_then(|rest| rest.split('.').next()).and_then(|id| id.parse::<u32>().ok());
        if maker.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).args([from, to]).status().unwrap();
    assert!(copied.success(), "cp -a {} {} failed", from.display(), to.display());
}
