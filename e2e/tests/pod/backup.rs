//! The backup: saved by a job of the `CronJob`, restored into an empty MySQL.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::{feed, kubectl};
use e2e::petclinic::{Petclinic, TIMEOUT};
use e2e::{measurement, root, until};

use crate::overlays::{Copy, NAMESPACE, Namespace, sql, start_second};

const TABLES: [&str; 9] =
    ["vet", "specialty", "vet_specialty", "pet_type", "owner", "pet", "visit", "idempotency_key", "dbinit_history"];

fn in_namespace(args: &[&str]) -> Result<String> {
    kubectl(&[&["-n", NAMESPACE], args].concat())
}

/// Row counts and checksums of all tables, and the text of the routine.
fn contents() -> Result<String> {
    let counts = TABLES.map(|table| format!("SELECT COUNT(*) FROM {table};")).concat();
    let all = TABLES.join(", ");
    sql(&format!("USE petclinic; {counts} CHECKSUM TABLE {all} EXTENDED; SHOW CREATE FUNCTION double_of"))
}

/// Runs `k8s/backup/restore` and returns its exit status and output.
fn restore(arguments: &[&str]) -> Result<(bool, String)> {
    let output = Command::new(root().join("k8s/backup/restore")).args(arguments).env("NAMESPACE", NAMESPACE).output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Saves a backup in a job of the `CronJob`, under this name; returns the log.
fn save(job: &str) -> Result<String> {
    in_namespace(&["create", "job", job, "--from=cronjob/mysql-backup"])?;
    in_namespace(&["wait", "--for=condition=Complete", "--timeout=300s", &format!("job/{job}")])?;
    in_namespace(&["logs", &format!("job/{job}")])
}

#[test]
fn backup_is_restored_into_an_empty_mysql() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let copy = Copy::new()?;
    copy.add_resource("namespace", "../../k8s/backup")?;
    let _namespace = Namespace::new(NAMESPACE)?;
    let pod = start_second(&copy.build("namespace")?)?;
    // a routine is the owner's; the rows have every kind of text
    let routine = "MYSQL_PWD=$(cat /run/secrets/database/owner-password) exec mysql -h127.0.0.1 -upetclinic_owner petclinic";
    feed(
        &["-n", NAMESPACE, "exec", "-i", "mysql-0", "--", "sh", "-c", routine],
        "CREATE FUNCTION double_of(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN 2 * n",
    )?;
    sql("SET NAMES utf8mb4; USE petclinic; SET SESSION cte_max_recursion_depth = 30000;
        INSERT INTO owner (first_name, last_name, address, city, telephone)
        WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        SELECT CONCAT('O\\'Neil \\\\ ', i), CONCAT('Ünal-김-🐈-', i), 'a\\nb', 'İzmir', '6085551023' FROM n;
        INSERT INTO pet (name, birth_date, type_id, owner_id) SELECT 'Leo', '2020-02-29', 1, id FROM owner WHERE id > 10")?;
    let before = contents()?;

    let log = save("first")?;
    measurement("backup", log.trim());
    let file = log.split_whitespace().find_map(|word| word.strip_suffix(',')).context("no file name")?.to_owned();
    let (listed, files) = restore(&[])?;
    ensure!(listed && files.contains(&file) && !files.contains(".new"), "{files}");
    let running = restore(&[&file])?;
    ensure!(!running.0 && running.1.contains("--replicas=0"), "{running:?}");

    in_namespace(&["scale", "deployment", "petclinic", "--replicas=0"])?;
    in_namespace(&["scale", "statefulset", "mysql", "--replicas=0"])?;
    in_namespace(&["wait", "--for=delete", "--timeout=300s", &format!("pod/{}", pod.name), "pod/mysql-0"])?;
    until("no pod is left", TIMEOUT, || {
        Ok(in_namespace(&["get", "pods", "-lapp.kubernetes.io/name=petclinic", "-o", "name"])?.is_empty().then_some(()))
    })?;
    in_namespace(&["delete", "persistentvolumeclaim", "data-mysql-0"])?;

    // without a server a backup fails, and leaves nothing that looks like one
    let failing = r#"{"spec": {"jobTemplate": {"spec": {"backoffLimit": 0}}}}"#;
    in_namespace(&["patch", "cronjob", "mysql-backup", "-p", failing])?;
    in_namespace(&["create", "job", "failing", "--from=cronjob/mysql-backup"])?;
    in_namespace(&["wait", "--for=condition=Failed", "--timeout=300s", "job/failing"])?;
    assert_eq!(restore(&[])?.1, files);

    in_namespace(&["scale", "statefulset", "mysql", "--replicas=1"])?;
    in_namespace(&["rollout", "status", "statefulset/mysql", "--timeout=300s"])?;
    assert_eq!(sql("SHOW TABLES FROM petclinic")?, "", "MySQL is not empty");
    let (restored, output) = restore(&[&file])?;
    ensure!(restored, "{output}");
    assert_eq!(contents()?, before);

    in_namespace(&["scale", "deployment", "petclinic", "--replicas=1"])?;
    let page = until("the pages are back", TIMEOUT, || {
        let pods =
            in_namespace(&["get", "pods", "-lapp.kubernetes.io/name=petclinic", "-o", "jsonpath={.items[0].metadata.name}"])?;
        kubectl(&["get", "--raw", &format!("/api/v1/namespaces/{NAMESPACE}/pods/{pods}:8080/proxy/owners/20010")]).map(Some)
    })?;
    ensure!(page.0.contains("김"), "{}", page.0);
    assert_eq!(contents()?, before, "dbinit changed what was restored");
    Ok(())
}

#[test]
fn backup_keeps_the_newest_and_hides_its_password() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let copy = Copy::new()?;
    copy.add_resource("namespace", "../../k8s/backup")?;
    let _namespace = Namespace::new(NAMESPACE)?;
    start_second(&copy.build("namespace")?)?;
    let keep = r#"{"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [
        {"name": "mysql-backup", "env": [{"name": "KEEP_BACKUPS", "value": "2"}]}]}}}}}}"#;
    in_namespace(&["patch", "cronjob", "mysql-backup", "-p", keep])?;
    let logs = ["one", "two", "three"].map(save).into_iter().collect::<Result<Vec<_>>>()?;
    assert!(!logs[1].contains("removed") && logs[2].contains("removed petclinic-"), "{logs:?}");
    assert_eq!(restore(&[])?.1.matches(".sql.gz").count(), 2);

    // the dump waits for this lock
    let held = std::thread::spawn(|| sql("USE petclinic; LOCK TABLES visit WRITE; SELECT SLEEP(15)"));
    until("the lock is held", TIMEOUT, || Ok(sql("SHOW PROCESSLIST")?.contains("SLEEP(15)").then_some(())))?;
    in_namespace(&["create", "job", "slow", "--from=cronjob/mysql-backup"])?;
    let (arguments, _) = until("mysqldump runs", TIMEOUT, || {
        let arguments = in_namespace(&["exec", "job/slow", "--", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"])?;
        Ok(arguments.contains("mysqldump").then_some(arguments))
    })?;
    let listed = in_namespace(&["exec", "job/slow", "--", "ls", "-A", "/backup"])?;
    held.join().unwrap()?;
    let password =
        in_namespace(&["get", "secret", "mysql", "-o", "go-template={{index .data \"owner-password\" | base64decode}}"])?;
    ensure!(password.len() > 20 && !arguments.contains(&password), "the password is an argument");
    assert_eq!(listed.lines().filter(|name| name.starts_with(".new.")).count(), 1, "{listed}");
    assert_eq!(listed.lines().filter(|name| name.starts_with("petclinic-")).count(), 2, "{listed}");
    Ok(())
}
