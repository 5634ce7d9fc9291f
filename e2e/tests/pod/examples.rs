//! logshipper next to programs that know nothing of it, as `k8s/examples` runs them: under load, with its processes killed
//! and with the pod deleted, every line is there once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::{PortForward, feed, json, kubectl, sh};
use e2e::petclinic::{Node, Petclinic, Pod, TIMEOUT};
use e2e::{measurement, root, until};
use testkit::load::{Load, Report, RunConfig};

/// The archive of the examples on an emptyDir, as the node sees it; deleted when a test starts.
const ARCHIVE: &str = "/logs/e2e-archive";

/// A manifest of `k8s/examples`, applied; dropped, it goes.
struct Example {
    name: &'static str,
    stream: &'static str,
}

impl Example {
    /// Applies the manifest with an image of this machine, small segments, and `change`.
    fn start(name: &'static str, stream: &'static str, change: impl FnOnce(&str) -> String) -> Result<(Self, Pod)> {
        let manifest = std::fs::read_to_string(root().join(format!("k8s/examples/{name}.yaml")))?;
        let image = manifest
            .lines()
            .filter_map(|line| line.trim().strip_prefix("image: "))
            .find(|image| !image.starts_with("petclinic-"))
            .context("no image of the program")?;
        let manifest = manifest.replace(image, &format!("petclinic-e2e-{name}")).replace("10MiB", "32KiB");
        let example = Self { name, stream };
        example.delete()?;
        feed(&["apply", "-f", "-"], &change(&manifest))?;
        let (pod, _) =
            until(&format!("{name} is ready"), TIMEOUT, || Ok(example.pods()?.into_iter().find(|pod| pod.ready && !pod.ending)))?;
        Ok((example, pod))
    }

    fn pods(&self) -> Result<Vec<Pod>> {
        let pods = json(&["get", "pods", &format!("-lapp.kubernetes.io/name=example-{}", self.name)])?;
        Ok(pods["items"].as_array().context("no items")?.iter().map(Pod::of).collect())
    }

    fn delete(&self) -> Result<()> {
        kubectl(&["delete", "deployment", &format!("example-{}", self.name), "--ignore-not-found"])?;
        until("its pods have ended", TIMEOUT, || Ok(self.pods()?.is_empty().then_some(()))).map(drop)
    }

    /// Kills logshipper under load; no request fails, and `logshipper cat` in the pod prints every line once.
    fn kill_under_load(&self, pod: &Pod) -> Result<()> {
        let node = Node::start()?;
        let forward = PortForward::start(&pod.name, 8080)?;
        let load = Load::start(RunConfig::gentle(forward.address, "/?line={n}."));
        let mut killed = 0;
        until("logshipper's daemon is killed four times", TIMEOUT, || {
            std::thread::sleep(Duration::from_secs(1));
            killed += node.kill_children(pod, "logshipper")?;
            Ok((killed >= 4).then_some(()))
        })?;
        node.kill(pod, "logshipper")?;
        let now = || -> Result<Option<Pod>> { Ok(self.pods()?.into_iter().find(|it| it.name == pod.name)) };
        until(
            "logshipper's container runs again",
            TIMEOUT,
            || Ok(now()?.filter(|it| it.restarts("logshipper") > 0 && it.ready)),
        )?;
        let answered = load.answered();
        until("the load goes on", TIMEOUT, || Ok((load.answered() > answered + 500).then_some(())))?;
        let report = load.stop();
        measurement("load", &report);
        ensure!(report.failures().is_empty(), "{report}");

        let list = logshipper(pod, "ls")?;
        ensure!(list.contains("in-place"), "not rotated in place:\n{list}");
        let segments = logshipper(pod, "verify")?;
        measurement("logshipper verify", segments.trim());
        each_once(&report, &logshipper(pod, &format!("cat ${{KUBE_POD:-$POD_NAME}} {}", self.stream))?)?;
        let disk = sh(&pod.name, "logshipper", "cd /logs/${POD_NAME} && stat -c '%s bytes long, %b blocks of %B' *.log")?;
        measurement("live files", disk.trim().replace('\n', "; "));
        ensure!(now()?.is_some_and(|it| it.restarts(self.name) == 0), "the program was restarted");
        Ok(())
    }
}

/// Deletes the pod under load and returns the load's report once the pod is gone.
fn delete_under_load(pod: &Pod) -> Result<Report> {
    let forward = PortForward::start(&pod.name, 8080)?;
    let load = Load::start(RunConfig::gentle(forward.address, "/?line={n}."));
    until("the load runs", TIMEOUT, || Ok((load.answered() > 1_000).then_some(())))?;
    kubectl(&["delete", "pod", &pod.name])?;
    Ok(load.stop())
}

fn logshipper(pod: &Pod, command: &str) -> Result<String> {
    sh(&pod.name, "logshipper", &format!("logshipper {command}"))
}

impl Drop for Example {
    fn drop(&mut self) {
        let path = root().join(format!("k8s/examples/{}.yaml", self.name));
        let _ = kubectl(&["delete", "--wait=false", "--ignore-not-found", "-f", &path.to_string_lossy()]);
    }
}

/// Every request that was answered has one line, and none has two.
fn each_once(report: &Report, text: &str) -> Result<()> {
    let mut lines: BTreeMap<u64, u32> = BTreeMap::new();
    for line in text.lines() {
        if let Some((_, rest)) = line.split_once("/?line=") {
            *lines.entry(rest.split('.').next().unwrap_or_default().parse()?).or_default() += 1;
        }
    }
    let answered: Vec<_> = report.answers.iter().filter(|answer| answer.outcome == Ok(200)).map(|it| it.number).collect();
    let lost: Vec<_> = answered.iter().filter(|number| !lines.contains_key(number)).collect();
    let twice: Vec<_> = lines.iter().filter(|(_, count)| **count > 1).collect();
    measurement("lines", format!("{} of {} answered requests", answered.len() - lost.len(), answered.len()));
    ensure!(lost.is_empty(), "lost: {lost:?}");
    ensure!(twice.is_empty(), "more than once: {twice:?}");
    ensure!(answered.len() > 900, "only {} requests", answered.len());
    Ok(())
}

/// Has logshipper of a manifest with an emptyDir archive to [`ARCHIVE`] of the node.
fn archived(manifest: &str) -> String {
    manifest
        .replacen(
            "- name: POD_NAME\n",
            "- name: ARCHIVE_URL\n              value: file:///archive\n            - name: POD_NAME\n",
            1,
        )
        .replacen("mountPath: /logs\n", "mountPath: /logs\n            - name: archive\n              mountPath: /archive\n", 1)
        .replacen("volumes:\n", &format!("volumes:\n        - name: archive\n          hostPath: {{path: {ARCHIVE}}}\n"), 1)
}

/// Deletes the pod of an example on an emptyDir, whose lines are then in the archive alone.
fn deleted_pod_is_archived(name: &'static str, stream: &'static str) -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let node = Node::start()?;
    node.sh(&format!("rm -rf {ARCHIVE} && mkdir {ARCHIVE} && chmod 0777 {ARCHIVE}"))?;
    let (_example, pod) = Example::start(name, stream, archived)?;
    let report = delete_under_load(&pod)?;
    measurement("load until the pod is deleted", &report);
    let text = node.sh(&format!("find {ARCHIVE} -path '*stream={stream}/*.gz' -exec zcat {{}} +; rm -r {ARCHIVE}"))?;
    each_once(&report, &text)
}

#[test]
fn nginx_keeps_lines_while_logshipper_is_killed() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let (example, pod) = Example::start("nginx", "access", str::to_owned)?;
    example.kill_under_load(&pod)
}

#[test]
fn java_keeps_lines_while_logshipper_is_killed() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let (example, pod) = Example::start("java", "app", str::to_owned)?;
    example.kill_under_load(&pod)
}

#[test]
fn python_keeps_lines_while_logshipper_is_killed() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let (example, pod) = Example::start("python", "app", str::to_owned)?;
    example.kill_under_load(&pod)
}

#[test]
fn group_of_a_volume_lets_another_user_rotate() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    // the way that k8s/examples/README.md describes: logshipper has its own user, and the program's umask admits the group
    let (example, pod) = Example::start("python", "app", |manifest| {
        manifest
            .replace(
                "command: [python3, /etc/example/example.py]",
                "command: [sh, -c, umask 0002; exec python3 /etc/example/example.py]",
            )
            .replacen("securityContext: *restricted", "securityContext: {runAsUser: 10001, capabilities: {drop: [ALL]}}", 1)
    })?;
    let users = sh(&pod.name, "logshipper", "stat -c '%u:%g %a' /logs/python/app.log; id -u")?;
    assert_eq!(users.split_whitespace().collect::<Vec<_>>(), ["10003:10003", "664", "10001"]);
    example.kill_under_load(&pod)
}

#[test]
fn deleted_nginx_pod_leaves_every_line_in_archive() -> Result<()> {
    deleted_pod_is_archived("nginx", "access")
}

#[test]
fn deleted_python_pod_leaves_every_line_in_archive() -> Result<()> {
    deleted_pod_is_archived("python", "app")
}

#[test]
fn deleted_java_pod_leaves_every_line_on_the_node() -> Result<()> {
    let _petclinic = Petclinic::exclusive();
    let node = Node::start()?;
    let (_example, pod) = Example::start("java", "app", str::to_owned)?;
    let report = delete_under_load(&pod)?;
    measurement("load until the pod is deleted", &report);
    let command = format!("logshipper cat {} app; rm -r /logs/{}", pod.name, pod.directory);
    each_once(&report, &node.sh(&command)?)
}
