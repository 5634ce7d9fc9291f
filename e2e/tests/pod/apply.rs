//! One command, and the Petclinic is there.

use std::time::Instant;

use anyhow::{Context, Result};
use e2e::kubectl::{kubectl, sh};
use e2e::measurement;
use e2e::petclinic::{Petclinic, Pod};

#[test]
fn fresh_apply_is_ready_without_restart() -> Result<()> {
    let petclinic = Petclinic::exclusive();
    petclinic.erase()?;

    let started = Instant::now();
    petclinic.apply()?;
    let (pods, _) = petclinic.wait_for_replicas(2)?;
    measurement("from kubectl apply to two ready pods", format!("{:.1} s", started.elapsed().as_secs_f64()));

    for pod in &pods {
        assert_eq!(pod.all_restarts(), 0, "{} was restarted", pod.name);
        let log = kubectl(&["logs", &pod.name, "-c", "dbinit"])?;
        let waited =
            log.lines().find(|line| line.contains("connected to database")).with_context(|| format!("dbinit said:\n{log}"))?;
        measurement(&pod.name, waited);
        assert!(waited.contains("waited_ms"), "it does not tell how long it waited: {waited}");
    }

    // kubectl says "configured" wherever the server has filled in a default of a list: the objects themselves decide
    let before = petclinic.specifications()?;
    petclinic.apply()?;
    let after = petclinic.specifications()?;
    assert_eq!(before, after);
    measurement("applied again", format!("{} objects as they were", after.len()));
    let names = |pods: &[Pod]| pods.iter().map(|pod| pod.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&petclinic.wait_for_replicas(2)?.0), names(&pods));
    Ok(())
}

#[test]
fn database_accounts_are_limited_and_use_tls() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let grants = petclinic.sql("SHOW GRANTS FOR petclinic_web@'%'")?;
    measurement("web's account", grants.trim().replace('\n', "; "));
    let (server, tables) = grants.trim().split_once('\n').context("one grant alone")?;
    assert!(server.starts_with("GRANT USAGE ON *.*") && !server.contains("GRANT OPTION"), "{server}");
    for grant in tables.lines() {
        // readiness reads the schema's version
        let expected = if grant.contains(".`dbinit_history`") { "SELECT" } else { "SELECT, INSERT, UPDATE, DELETE" };
        assert!(grant.starts_with(&format!("GRANT {expected} ON `petclinic`.`")), "{grant}");
        assert!(!grant.contains("GRANT OPTION"), "{grant}");
    }

    assert_eq!(petclinic.sql("SELECT @@require_secure_transport")?.trim(), "1");
    // connections by TCP are encrypted; those of the probes come and go
    let plain = petclinic.sql(
        "SELECT COUNT(*) FROM performance_schema.threads t LEFT JOIN performance_schema.status_by_thread s \
         ON s.thread_id = t.thread_id AND s.variable_name = 'Ssl_cipher' \
         WHERE t.connection_type IS NOT NULL AND t.processlist_user LIKE 'petclinic%' AND COALESCE(s.variable_value, '') = ''",
    )?;
    assert_eq!(plain.trim(), "0", "connections without TLS");
    let roots = petclinic.sql("SELECT host FROM mysql.user WHERE user = 'root'")?;
    assert_eq!(roots.trim(), "localhost");
    let refused = sh(
        "mysql-0",
        "mysql",
        "MYSQL_PWD=$(cat /run/secrets/database/owner-password) mysql -h127.0.0.1 -upetclinic_owner --ssl-mode=DISABLED -e 'SELECT 1'",
    );
    let refused = format!("{:#}", refused.expect_err("a connection without TLS was accepted"));
    assert!(refused.contains("insecure") || refused.contains("secure"), "{refused}");
    Ok(())
}
