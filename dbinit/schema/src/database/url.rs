//! `DATABASE_URL`: parsed once, never shown with its password.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ::url::Url;

/// The parameters that a MySQL URL may carry.
const PARAMETERS: [&str; 5] = ["ssl_mode", "ssl_ca", "ssl_cert", "ssl_key", "unix_socket"];
const SYSTEM_DATABASES: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];
const SSL_MODES: [&str; 5] = ["disabled", "preferred", "required", "verify_ca", "verify_identity"];

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// MySQL, for production.
    Mysql,
    /// SQLite, for trying things out and for tests.
    Sqlite,
}

/// A database's address: `mysql://user:password@host:3306/database?ssl_mode=…` or `sqlite:PATH`.
///
/// Display and Debug show it without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Target);

#[derive(Clone, PartialEq, Eq)]
enum Target {
    Mysql(Url),
    Sqlite(PathBuf),
}

/// The reason why a text is no database URL. Never contains any part of the text that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Another scheme, or none.
    #[error("begins with neither mysql:// nor sqlite:")]
    Scheme,
    /// Not a URL, most often for an unescaped character in the password.
    #[error("is not a URL ({0}); characters such as / ? # % in a password are written as %2F %3F %23 %25")]
    Syntax(::url::ParseError),
    /// A part is missing or invalid.
    #[error("{0}")]
    Part(&'static str),
    /// A parameter's name or value.
    #[error("{name} is {problem}")]
    Parameter {
        /// The parameter.
        name: String,
        /// The problem, and the accepted values.
        problem: String,
    },
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path).map(Target::Sqlite).map(Self);
        }
        if !text.starts_with("mysql://") {
            return Err(UrlError::Scheme);
        }
        let url = Url::parse(text).map_err(UrlError::Syntax)?;
        check_mysql(&url)?;
        Ok(Self(Target::Mysql(url)))
    }
}

fn sqlite(path: &str) -> Result<PathBuf, UrlError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err(UrlError::Part("sqlite: needs the path of a file"));
    }
    if path.contains(":memory:") {
        return Err(UrlError::Part("sqlite::memory: is a database of its own for each connection; give the path of a file"));
    }
    Ok(PathBuf::from(path))
}

fn check_mysql(url: &Url) -> Result<(), UrlError> {
    if url.host_str().is_none_or(str::is_empty) {
        return Err(UrlError::Part("the host is missing: mysql://user:password@host:3306/database"));
    }
    if url.username().is_empty() {
        return Err(UrlError::Part("the user is missing: mysql://user:password@host:3306/database"));
    }
    let database = url.path().trim_start_matches('/');
    if database.is_empty() {
        return Err(UrlError::Part("the database is missing: mysql://user:password@host:3306/database"));
    }
    if database.len() > 64 || !database.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$".contains(&b)) {
        return Err(UrlError::Part("the database's name is up to 64 letters, digits, _, - and $"));
    }
    if SYSTEM_DATABASES.contains(&database) {
        return Err(UrlError::Part("this database is MySQL's own; give one for Petclinic"));
    }
    for (at, (name, value)) in url.query_pairs().enumerate() {
        check_parameter(&name, &value)?;
        // the client takes the last one, and the first one is checked here
        if url.query_pairs().take(at).any(|(earlier, _)| earlier == name) {
            return Err(UrlError::Parameter { name: name.into_owned(), problem: "given twice".to_owned() });
        }
    }
    let parameter = |wanted: &str| url.query_pairs().any(|(name, _)| name == wanted);
    if mode(url).is_some_and(|mode| mode.starts_with("verify")) && !parameter("ssl_ca") {
        let problem = "missing: ssl_mode=verify_ca and verify_identity need the file of the authority's certificate".to_owned();
        return Err(UrlError::Parameter { name: "ssl_ca".to_owned(), problem });
    }
    if parameter("ssl_cert") != parameter("ssl_key") {
        return Err(UrlError::Part("ssl_cert and ssl_key go together"));
    }
    Ok(())
}

fn check_parameter(name: &str, value: &str) -> Result<(), UrlError> {
    let problem = if !PARAMETERS.contains(&name) {
        format!("unknown; there are {}", PARAMETERS.join(", "))
    } else if value.is_empty() {
        "empty".to_owned()
    } else if name == "ssl_mode" && !SSL_MODES.contains(&value.to_ascii_lowercase().as_str()) {
        format!("not one of {}", SSL_MODES.join(", "))
    } else {
        return Ok(());
    };
    // the name may be the rest of a password with an unescaped question mark
    let name = if PARAMETERS.contains(&name) { name } else { "a parameter" };
    Err(UrlError::Parameter { name: name.to_owned(), problem })
}

fn uses_socket(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| name == "unix_socket")
}

/// `localhost` becomes 127.0.0.1: to MySQL's client it would mean a Unix socket under /tmp, whatever the port.
fn client_url(url: &Url) -> Url {
    let mut url = url.clone();
    if url.host_str() == Some("localhost") && !uses_socket(&url) {
        let _ = url.set_host(Some("127.0.0.1"));
    }
    url
}

fn mode(url: &Url) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == "ssl_mode").map(|(_, value)| value.to_ascii_lowercase())
}

impl DatabaseUrl {
    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.0 {
            Target::Mysql(_) => Backend::Mysql,
            Target::Sqlite(_) => Backend::Sqlite,
        }
    }

    /// Returns true if it carries a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        matches!(&self.0, Target::Mysql(url) if url.password().is_some_and(|password| !password.is_empty()))
    }

    /// The file of the authority that `ssl_mode=verify_…` trusts.
    #[must_use]
    pub fn ssl_ca(&self) -> Option<PathBuf> {
        let Target::Mysql(url) = &self.0 else { return None };
        url.query_pairs().find(|(name, _)| name == "ssl_ca").map(|(_, value)| PathBuf::from(value.into_owned()))
    }

    /// The file of an SQLite database.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Target::Mysql(_) => None,
            Target::Sqlite(path) => Some(path),
        }
    }

    /// The namespace in a host that names a Kubernetes Service: `SERVICE.NAMESPACE` or `SERVICE.NAMESPACE.svc…`.
    #[must_use]
    pub fn service_namespace(&self) -> Option<&str> {
        let Target::Mysql(url) = &self.0 else { return None };
        let mut labels = url.host_str()?.split('.').skip(1);
        let namespace = labels.next()?;
        labels.next().is_none_or(|label| label == "svc").then_some(namespace)
    }

    /// Returns true if this is the account's URL.
    #[must_use]
    pub fn is_of(&self, user: &str) -> bool {
        matches!(&self.0, Target::Mysql(url) if url.username() == user)
    }

    /// The same database, for another account.
    #[must_use]
    pub fn with_account(&self, user: &str, password: &str) -> Self {
        let mut target = self.0.clone();
        if let Target::Mysql(url) = &mut target {
            // fails only for URLs that cannot have an account, which FromStr rejects
            let _ = url.set_username(user);
            let _ = url.set_password(Some(password));
        }
        Self(target)
    }

    /// Resolves the addresses of the server; `None` if it isn't reached by TCP.
    pub(super) fn addresses(&self) -> Option<io::Result<Vec<SocketAddr>>> {
        let Target::Mysql(url) = &self.0 else { return None };
        (!uses_socket(url)).then(|| client_url(url).socket_addrs(|| Some(3306)))
    }

    /// The device and inode of the SQLite file; `None` if there is no file, or the database is no file. They change if the
    /// file is replaced.
    #[must_use]
    pub fn file_id(&self) -> Option<(u64, u64)> {
        let metadata = fs::metadata(self.path()?).ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    /// The URI of the SQLite file for the client library.
    pub(super) fn sqlite_uri(&self, create: bool) -> String {
        let path = self.path().map(std::path::absolute).and_then(Result::ok);
        let mut uri = path.and_then(|path| Url::from_file_path(path).ok()).map(String::from).unwrap_or_default();
        uri.push_str(if create { "?mode=rwc" } else { "?mode=rw" });
        uri
    }

    /// The MySQL URL for the client library. Contains the password.
    #[cfg(feature = "mysql")]
    pub(super) fn for_client(&self) -> String {
        match &self.0 {
            Target::Sqlite(_) => String::new(),
            Target::Mysql(url) => client_url(url).into(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Mysql(url) => {
                let mut url = url.clone();
                if url.password().is_some() {
                    let _ = url.set_password(Some("***"));
                }
                f.write_str(url.as_str())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<DatabaseUrl>().unwrap_err().to_string()
    }

    #[test]
    fn display_hides_password() {
        let url: DatabaseUrl = "mysql://clinic:s3cr%2Ft@db.example:3307/petclinic?ssl_mode=required".parse().unwrap();
        assert_eq!(url.to_string(), "mysql://clinic:***@db.example:3307/petclinic?ssl_mode=required");
        assert!(!format!("{url:?}").contains("s3cr"));
        assert!(url.has_password());
    }

    #[test]
    fn errors_show_no_part_of_the_url() {
        for text in [
            "mysql://root:pa/s3cret@db/petclinic",
            "mysql://root:pa?s3cret@db/petclinic",
            "mysql://root:pa#s3cret@db/petclinic",
            "mysql://root:pas3cret@db:port/petclinic",
            "mysql://root:s3cret@/petclinic",
            "mysql://root:s3cret@db/petclinic?s3cret=1",
            "mysql://root:s3cret@db/petclinic?ssl_mode=s3cret",
            "postgres://root:s3cret@db/petclinic",
            "s3cret",
        ] {
            assert!(!error(text).contains("s3cret"), "{text}: {}", error(text));
        }
    }

    #[test]
    fn errors_name_the_remedy() {
        assert!(error("postgres://db/x").contains("mysql://"));
        assert!(error("mysql://u@db").contains("database is missing"));
        assert!(error("mysql://db/petclinic").contains("user is missing"));
        assert!(error("mysql://u@db/a/b").contains("letters, digits"));
        assert!(error("mysql://u@db/mysql").contains("MySQL's own"));
        assert!(error("mysql://u@db/p?ssl_mode=on").contains("verify_identity"));
        assert!(error("mysql://u@db/p?ssl_mode=verify_ca").contains("ssl_ca is missing"));
        assert!(error("mysql://u@db/p?ssl_cert=a").contains("go together"));
        assert!(error("mysql://u@db/p?ssl_mode=required&ssl_mode=preferred").contains("ssl_mode is given twice"));
        assert!(error("sqlite:").contains("path"));
        assert!(error("sqlite::memory:").contains("path of a file"));
    }

    #[test]
    fn localhost_is_resolved_to_tcp() {
        let client = |text: &str| text.parse::<DatabaseUrl>().unwrap().for_client();
        assert_eq!(client("mysql://u:p@localhost:3307/d"), "mysql://u:p@127.0.0.1:3307/d");
        assert_eq!(client("mysql://u@localhost/d?unix_socket=/s"), "mysql://u@localhost/d?unix_socket=/s");
    }

    #[test]
    fn service_namespace_is_only_in_service_names() {
        let namespace = |host: &str| -> Option<String> {
            let url: DatabaseUrl = format!("mysql://u@{host}:3306/petclinic").parse().unwrap();
            url.service_namespace().map(str::to_owned)
        };
        for host in ["mysql.clinic", "mysql.clinic.svc", "mysql.clinic.svc.cluster.local"] {
            assert_eq!(namespace(host).as_deref(), Some("clinic"), "{host}");
        }
        for host in ["mysql", "db.example.com", "10.0.0.1", "[::1]", "p.cluster-x.eu-central-1.rds.amazonaws.com"] {
            assert_eq!(namespace(host), None, "{host}");
        }
    }

    #[test]
    fn account_is_replaced_and_escaped() {
        let url: DatabaseUrl = "mysql://root:a@db/petclinic".parse().unwrap();
        let other = url.with_account("web", "p/?#@:%é");
        let back: DatabaseUrl = other.for_client().parse().unwrap();
        assert_eq!(back, other);
        assert_eq!(back.to_string(), "mysql://web:***@db/petclinic");
    }
}
