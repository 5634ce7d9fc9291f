//! Each way in which a server refuses has a message that says what to do.

use testkit::mysql::{self, Server, is_mariadb, lacks};
use testkit::process::run;
use testkit::proxy::Proxy;

use crate::support::{assert_code, dbinit, shared_server_port};

/// Runs `dbinit migrate`, which tries once, and expects these words and no secret.
#[track_caller]
fn refused(url: &str, code: i32, words: &[&str]) {
    let ended = run(&mut dbinit(url, &["migrate"]));
    assert_code(&ended, code);
    for words in words {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    for secret in ["testkit", "s3cret"] {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn account_errors_say_what_to_do() {
    let database = mysql::database();
    let (name, port) = (&database.name, shared_server_port());
    refused(&format!("mysql://root:s3cret@127.0.0.1:{port}/{name}"), 69, &["wrong password or unknown account", "'root'@"]);
    refused(&format!("mysql://root:testkit@127.0.0.1:{port}/none_{name}"), 69, &["no such database", "CREATE DATABASE"]);

    let user = format!("poor_{name}");
    database.execute(&format!("CREATE USER {user} IDENTIFIED BY 's3cret'"));
    let url = format!("mysql://{user}:s3cret@127.0.0.1:{port}/{name}");
    refused(&url, 69, &["has no privilege on this database", "GRANT", &user]);
    database.execute(&format!("GRANT SELECT ON {name}.* TO {user}"));
    refused(&url, 70, &["lacks a privilege", "CREATE command denied", "dbinit_history"]);
    database.execute(&format!("GRANT CREATE, INSERT, DELETE ON {name}.* TO {user}"));
    if !lacks("right REFERENCES") {
        refused(&url, 70, &["lacks a privilege", "REFERENCES command denied", "for table "]);
    }
    database.execute(&format!("GRANT REFERENCES, UPDATE ON {name}.* TO {user}"));
    assert_code(&run(&mut dbinit(&url, &[])), 0);
    database.execute(&format!("DROP USER {user}"));
}

#[test]
fn network_errors_say_what_to_do() {
    let unused = testkit::net::free_port();
    refused(&format!("mysql://root:s3cret@127.0.0.1:{unused}/petclinic"), 69, &["failed to reach the database", "(111)"]);
    refused("mysql://root:s3cret@no.such.host.invalid/petclinic", 69, &["does not resolve", "no.such.host.invalid"]);
    refused("sqlite:/dev/null/petclinic.db", 69, &["/dev/null/petclinic.db", "unable to open database file"]);
}

#[test]
fn tls_errors_say_what_to_do() {
    let server = Server::start();
    let database = server.database();
    let file = |name: &str| server.data().join(name).display().to_string();
    let url = |parameters: &str| format!("{}?{parameters}", database.url);

    let required = run(&mut dbinit(&url("ssl_mode=required"), &[]));
    assert_code(&required, 0);
    let trusted = run(&mut dbinit(&url(&format!("ssl_mode=verify_ca&ssl_ca={}", file("ca.pem"))), &[]));
    assert_code(&trusted, 0);

    let other_authority = url(&format!("ssl_mode=verify_ca&ssl_ca={}", file("client-cert.pem")));
    refused(&other_authority, 69, &["certificate is not trusted", "certificate verify failed"]);
    let other_name = url(&format!("ssl_mode=verify_identity&ssl_ca={}", file("ca.pem")));
    refused(&other_name, 69, &["certificate is not trusted"]);
    refused(&url("ssl_mode=verify_ca&ssl_ca=/nowhere/ca.pem"), 69, &["certificate is not trusted", "/nowhere/ca.pem"]);

    let plain = Server::start_with(&[if is_mariadb() { "--skip-ssl" } else { "--tls-version=" }]);
    let url = format!("mysql://root:testkit@127.0.0.1:{}/petclinic?ssl_mode=required", plain.port());
    refused(&url, 69, &["the server offers no TLS"]);
}

/// A server that says it is older; in plain text, and so for an account without a password.
#[test]
fn old_server_is_refused() {
    let database = mysql::database();
    let user = format!("old_{}", database.name);
    database.execute(&format!("CREATE USER {user}; GRANT ALL ON {}.* TO {user}", database.name));
    let version = format!("{}.", database.server_version().split('.').next().unwrap());
    let proxy = Proxy::rewriting(shared_server_port(), move |bytes| {
        let at = |bytes: &[u8]| bytes.windows(version.len()).position(|window| window == version.as_bytes());
        while let Some(start) = at(bytes) {
            bytes[start..start + version.len()].fill(b'0');
            bytes[start + version.len() - 1] = b'.';
        }
    });
    let url = format!("mysql://{user}@127.0.0.1:{}/{}?ssl_mode=disabled", proxy.port(), database.name);
    let name = if is_mariadb() { "the server is MariaDB 0" } else { "the server is MySQL 0." };
    refused(&url, 69, &[name, "8.4 or later", "10.11 or later"]);
    database.execute(&format!("DROP USER {user}"));
}
