//! A year's operations, as `docs/operations.md` describes them: credentials replaced, MySQL's volume grown and lost, the quota
//! reached, the archive down.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::{PortForward, feed, json, kubectl, sh};
use e2e::petclinic::{Petclinic, TIMEOUT, node_port, variant};
use e2e::{measurement, until};
use testkit::load::{Load, Report, RunConfig};

use crate::database_volume::small_volume;
use crate::overlays::{Copy, NAMESPACE, Namespace, sql, start_second};

const SECRETS: &str = "overlays/namespace/secret.env";

/// A second Petclinic, of `overlays/namespace`, whose Service has a port on the nodes.
struct Second {
    copy: Copy,
    change: fn(&str) -> Result<String>,
    address: SocketAddr,
    _namespace: Namespace,
}

impl Second {
    fn start(change: fn(&str) -> Result<String>) -> Result<Self> {
        let copy = Copy::new()?;
        copy.edit("k8s/31-service.yaml", "type: ClusterIP", "type: NodePort")?;
        let namespace = Namespace::new(NAMESPACE)?;
        start_second(&change(&copy.build("namespace")?)?)?;
        rolled_out()?;
        Ok(Self { copy, change, address: node_port(NAMESPACE)?, _namespace: namespace })
    }

    /// Applies the overlay, and waits until it is rolled out.
    fn apply(&self) -> Result<()> {
        feed(&["apply", "-f", "-"], &(self.change)(&self.copy.build("namespace")?)?)?;
        rolled_out()
    }

    /// Reads a page from the Service while `operate` runs.
    fn under_load(&self, operation: &str, operate: impl FnOnce() -> Result<()>) -> Result<Report> {
        let load = Load::start(RunConfig::gentle(self.address, "/owners/1?n={n}"));
        let operated = operate();
        std::thread::sleep(Duration::from_secs(1));
        let report = load.stop();
        measurement(operation, &report);
        operated.with_context(|| operation.to_owned())?;
        Ok(report)
    }

    fn without_failures(&self, operation: &str, operate: impl FnOnce() -> Result<()>) -> Result<()> {
        let report = self.under_load(operation, operate)?;
        ensure!(report.failures().is_empty(), "{operation}: {report}");
        Ok(())
    }
}

fn in_namespace(args: &[&str]) -> Result<String> {
    kubectl(&[&["-n", NAMESPACE], args].concat())
}

fn rolled_out() -> Result<()> {
    until("two pods are rolled out", TIMEOUT, || {
        in_namespace(&["rollout", "status", "deployment/petclinic", "--timeout=300s"])?;
        let ready = in_namespace(&["get", "deployment", "petclinic", "-o", "jsonpath={.status.readyReplicas}"])?;
        Ok((ready == "2").then_some(()))
    })
    .map(drop)
}

/// The name of the Secret that the pods of the newest rollout read.
fn secret_name() -> Result<String> {
    let path = "jsonpath={.spec.template.spec.volumes[?(@.name=='web')].secret.secretName}";
    in_namespace(&["get", "deployment", "petclinic", "-o", path])
}

fn mysql_uid() -> Result<String> {
    in_namespace(&["get", "pod", "mysql-0", "-o", "jsonpath={.metadata.uid}"])
}

#[test]
fn replaced_credentials_fail_no_request() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let second = Second::start(small_volume)?;
    let mysql = mysql_uid()?;
    let first = secret_name()?;

    let copy = &second.copy;
    second.without_failures("web's password changed, then rollout undo", || {
        copy.edit(SECRETS, &copy.secret("web-password")?, &"0123456789abcdef".repeat(3))?;
        second.apply()?;
        ensure!(secret_name()? != first, "the changed Secret has its old name");
        in_namespace(&["rollout", "undo", "deployment/petclinic"])?;
        rolled_out()?;
        ensure!(secret_name()? == first, "the undone rollout has another Secret");
        Ok(())
    })?;

    second.without_failures("password of the schema's owner changed", || {
        let (old, new) = (copy.secret("owner-password")?, "fedcba9876543210".repeat(3));
        sql(&format!("ALTER USER petclinic_owner@'%' IDENTIFIED BY '{new}' RETAIN CURRENT PASSWORD"))?;
        copy.edit(SECRETS, &old, &new)?;
        second.apply()?;
        sql("ALTER USER petclinic_owner@'%' DISCARD OLD PASSWORD").map(drop)
    })?;

    second.without_failures("cookie key and admin token replaced", || {
        for key in ["cookie-key", "admin-token"] {
            copy.edit(SECRETS, &copy.secret(key)?, &format!("another-{key}"))?;
        }
        second.apply()
    })?;

    second.without_failures("MySQL's certificate replaced", || {
        let directory = tempfile::tempdir()?;
        let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=mysql"];
        let made = Command::new("openssl")
            .args(request)
            .args(["-keyout", "server-key.pem", "-out", "server-cert.pem"])
            .current_dir(&directory)
            .output()?;
        ensure!(made.status.success(), "{made:?}");
        for file in ["server-key.pem", "server-cert.pem"] {
            let script = format!("umask 077; cat >/var/lib/mysql/{file}");
            let text = std::fs::read_to_string(directory.path().join(file))?;
            feed(&["-n", NAMESPACE, "exec", "-i", "mysql-0", "--", "sh", "-c", &script], &text)?;
        }
        let before = sql("SHOW STATUS LIKE 'Ssl_server_not_after'")?;
        sql("ALTER INSTANCE RELOAD TLS")?;
        ensure!(before != sql("SHOW STATUS LIKE 'Ssl_server_not_after'")?, "MySQL has its old certificate");
        // new connections
        in_namespace(&["rollout", "restart", "deployment/petclinic"])?;
        rolled_out()
    })?;
    ensure!(mysql == mysql_uid()?, "MySQL was restarted");
    Ok(())
}

#[test]
fn grown_and_lost_database_volume_recovers() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let second = Second::start(|manifest| Ok(manifest.to_owned()))?;
    let claim = json(&["-n", NAMESPACE, "get", "persistentvolumeclaim", "data-mysql-0"])?;
    let class = claim["spec"]["storageClassName"].as_str().context("no class")?;
    let allows = kubectl(&["get", "storageclass", class, "-o", "jsonpath={.allowVolumeExpansion}"])? == "true";
    let set = |allow: bool| kubectl(&["patch", "storageclass", class, "-p", &format!(r#"{{"allowVolumeExpansion":{allow}}}"#)]);
    // only on a cluster of the tests' own
    if allows || std::env::var_os("E2E_ERASE").is_some() {
        let mysql = mysql_uid()?;
        second.without_failures("MySQL's claim grown", || {
            set(true)?;
            let size = r#"{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}"#;
            let patched = in_namespace(&["patch", "persistentvolumeclaim", "data-mysql-0", "-p", size]);
            set(allows)?;
            patched.map(drop)
        })?;
        ensure!(mysql == mysql_uid()?, "MySQL was restarted");
    }

    let report = second.under_load("MySQL's volume lost, started with an empty one", || {
        in_namespace(&["scale", "statefulset", "mysql", "--replicas=0"])?;
        in_namespace(&["delete", "persistentvolumeclaim", "data-mysql-0"])?;
        in_namespace(&["scale", "statefulset", "mysql", "--replicas=1"])?;
        in_namespace(&["rollout", "restart", "deployment/petclinic"])?;
        until("two new pods are ready", TIMEOUT, || {
            let status = json(&["-n", NAMESPACE, "get", "deployment", "petclinic"])?["status"].clone();
            Ok((status["readyReplicas"] == 2 && status["updatedReplicas"] == 2 && status["replicas"] == 2).then_some(()))
        })
        .map(drop)
    })?;
    ensure!(!report.outcomes().contains_key("500"), "{report}");
    let (status, _) = testkit::load::get(second.address, "/owners/1", Duration::from_secs(15))?;
    ensure!(status == 200, "{status} after the start with an empty volume");
    Ok(())
}

/// Gives logshipper of a variant's Deployment settings of its own, and every container an emptyDir for /logs.
fn configure(deployment: &mut serde_json::Value, settings: &[(&str, &str)]) {
    let pod = &mut deployment["spec"]["template"]["spec"];
    pod["volumes"][0] = serde_json::json!({"name": "logs", "emptyDir": {"sizeLimit": "1Gi"}});
    let env = pod["initContainers"][1]["env"].as_array_mut().expect("logshipper's environment");
    env.extend(settings.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})));
}

#[test]
fn reached_quota_fails_no_request() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let variant = variant("petclinic-quota", |deployment| {
        configure(deployment, &[("ROTATE_BYTES", "32KiB"), ("NODE_QUOTA", "96KiB")]);
    })?;
    let pod = variant.pod()?;
    let forward = PortForward::start(&pod.name, 8080)?;
    let load = Load::start(RunConfig::gentle(forward.address, "/owners/1?n={n}"));
    let removed = || -> Result<Option<()>> {
        let metrics = kubectl(&["get", "--raw", &e2e::kubectl::proxy_path(&pod.name, 9091, "/metrics")])?;
        let lost = metrics.lines().find_map(|line| line.strip_prefix("logshipper_dropped_segments_total "));
        let removed = metrics.lines().filter(|line| line.contains("segments_removed_total{") && line.contains("quota"));
        let any = removed.chain(lost).any(|line| !line.ends_with(" 0") && line != "0");
        Ok(any.then_some(()))
    };
    let reached = until("the quota is reached", TIMEOUT, removed);
    std::thread::sleep(Duration::from_secs(5));
    let report = load.stop();
    measurement("quota reached", &report);
    reached?;
    ensure!(report.failures().is_empty(), "{report}");
    let used = sh(&pod.name, "logshipper", "du -sk /logs | cut -f1")?;
    measurement("KiB in /logs", used.trim());
    ensure!(used.trim().parse::<u64>()? < 384, "{used}");
    Ok(())
}

#[test]
fn archive_outage_fails_no_request_and_loses_no_line() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let variant = variant("petclinic-archive", |deployment| {
        configure(deployment, &[("ROTATE_BYTES", "32KiB"), ("ARCHIVE_URL", "file:///logs/archive")]);
    })?;
    let pod = variant.pod()?;
    let logshipper = |script: &str| sh(&pod.name, "logshipper", script);
    logshipper("mkdir /logs/archive")?;
    let forward = PortForward::start(&pod.name, 8080)?;
    let load = Load::start(RunConfig::gentle(forward.address, "/vets.html?line={n}."));
    let archived = || Ok((!logshipper("find /logs/archive -name '*.gz'")?.is_empty()).then_some(()));
    until("a segment is archived", TIMEOUT, archived)?;
    logshipper("chmod 000 /logs/archive")?;
    std::thread::sleep(Duration::from_secs(20));
    let metric = |name: &str| -> Result<f64> {
        let metrics = kubectl(&["get", "--raw", &e2e::kubectl::proxy_path(&pod.name, 9091, "/metrics")])?;
        let values = metrics.lines().filter(|line| line.starts_with(name));
        Ok(values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    };
    let (waiting, errors) = (metric("logshipper_archive_pending_segments")?, metric("logshipper_archive_errors_total")?);
    measurement("archive down for 20 s", format!("{waiting} segments wait, {errors} failed attempts"));
    ensure!(waiting > 0.0 && errors > 0.0, "the archive was not down");
    logshipper("chmod 755 /logs/archive")?;
    until(
        "nothing waits for the archive",
        TIMEOUT,
        || Ok((metric("logshipper_archive_pending_segments")? == 0.0).then_some(())),
    )?;
    let report = load.stop();
    measurement("archive down and back", &report);
    ensure!(report.failures().is_empty(), "{report}");
    logshipper("logshipper rotate \"$KUBE_POD\" access")?;
    let lines = until("every line is archived once", TIMEOUT, || {
        let text = logshipper("find /logs/archive -path '*stream=access/*.gz' -exec zcat {} +")?;
        let count = text.lines().filter(|line| line.contains("/vets.html?line=")).count();
        Ok((count == report.answers.len()).then_some(count))
    })?;
    measurement("lines in the archive", lines.0);
    Ok(())
}
