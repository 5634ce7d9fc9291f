//! Disruptions while clients read a page through the Service: how many of their requests fail. `docs/kubernetes.md` has the
//! figures as a table.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::{kubectl, sh};
use e2e::petclinic::{Node, Petclinic, Pod, TIMEOUT};
use e2e::{measurement, throughout, until};
use testkit::load::{Load, Report, RunConfig};

/// Reads a page from the Service while `disrupt` runs and for a second before and after it.
fn under_load(petclinic: &Petclinic, disrupt: impl FnOnce() -> Result<()>) -> Result<Report> {
    let service = petclinic.expose()?;
    let load = Load::start(RunConfig::gentle(service.address, "/owners/1?n={n}"));
    std::thread::sleep(Duration::from_secs(1));
    let disrupted = disrupt();
    std::thread::sleep(Duration::from_secs(1));
    let report = load.stop();
    measurement("load", &report);
    disrupted?;
    Ok(report)
}

/// As [`under_load`], and no request fails.
fn without_failures(petclinic: &Petclinic, disrupt: impl FnOnce() -> Result<()>) -> Result<()> {
    let report = under_load(petclinic, disrupt)?;
    ensure!(report.failures().is_empty(), "{report}");
    Ok(())
}

/// Waits until a container has been restarted and its pod is ready; returns the pod and the time.
fn restarted(petclinic: &Petclinic, pod: &Pod, container: &str) -> Result<(Pod, Duration)> {
    until(&format!("{container} is restarted"), TIMEOUT, || {
        let now = petclinic.pod(&pod.name)?;
        Ok((now.ready && now.restarts(container) > pod.restarts(container)).then_some(now))
    })
}

fn node_name() -> Result<String> {
    kubectl(&["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"])
}

/// A node that takes no new pods; dropped, it takes them again.
struct Cordoned(String);

impl Cordoned {
    fn new() -> Result<Self> {
        let node = node_name()?;
        kubectl(&["cordon", &node])?;
        Ok(Self(node))
    }
}

impl Drop for Cordoned {
    fn drop(&mut self) {
        let _ = kubectl(&["uncordon", &self.0]);
    }
}

fn pod_waits_for_a_node(petclinic: &Petclinic) -> Result<()> {
    let waits = |pod: &Pod| pod.object["status"]["phase"] == "Pending" && !pod.ending;
    until("the new pod waits for a node", TIMEOUT, || Ok(petclinic.pods()?.iter().any(waits).then_some(()))).map(drop)
}

#[test]
fn deletion_on_cordoned_node_fails_no_request() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pod = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    without_failures(&petclinic, || {
        let cordoned = Cordoned::new()?;
        kubectl(&["delete", "pod", &pod.name])?;
        pod_waits_for_a_node(&petclinic)?;
        drop(cordoned);
        petclinic.wait_for_replicas(2).map(drop)
    })
}

#[test]
fn drain_keeps_one_pod_and_fails_no_request() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    without_failures(&petclinic, || {
        let cordoned = Cordoned::new()?;
        // the only node: the second pod can't be evicted before the first has a successor elsewhere
        let drained = kubectl(&[
            "drain",
            &cordoned.0,
            "--pod-selector=app.kubernetes.io/name=petclinic",
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            "--timeout=20s",
        ]);
        let error = format!("{:#}", drained.err().context("the node was drained")?);
        ensure!(error.contains("disruption budget"), "{error}");
        ensure!(petclinic.pods()?.iter().filter(|pod| pod.ready && !pod.ending).count() == 1, "not one pod left");
        drop(cordoned);
        petclinic.wait_for_replicas(2).map(drop)
    })
}

#[test]
fn scaling_fails_no_request() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    without_failures(&petclinic, || {
        petclinic.wait_for_replicas(4)?;
        petclinic.wait_for_replicas(2).map(drop)
    })
}

#[test]
fn missing_image_stops_rollout() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let result = without_failures(&petclinic, || {
        kubectl(&["set", "image", "deployment/petclinic", "web=petclinic-web:missing"])?;
        until("the new pod has no image", TIMEOUT, || {
            let reason = |pod: &Pod| pod.container("web")["state"]["waiting"]["reason"].clone();
            Ok(petclinic
                .pods()?
                .iter()
                .any(|pod| reason(pod) == "ImagePullBackOff" || reason(pod) == "ErrImagePull")
                .then_some(()))
        })?;
        throughout("two pods are ready", Duration::from_secs(5), || {
            Ok(petclinic.pods()?.iter().filter(|pod| pod.ready && !pod.ending).count() == 2)
        })
    });
    kubectl(&["rollout", "undo", "deployment/petclinic"])?;
    petclinic.wait_for_replicas(2)?;
    result
}

#[test]
fn bad_setting_of_web_stops_rollout() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let result = without_failures(&petclinic, || {
        kubectl(&["set", "env", "deployment/petclinic", "-c", "web", "DRAIN_TIMEOUT=soon"])?;
        let (pod, _) =
            until("the new pod fails", TIMEOUT, || Ok(petclinic.pods()?.into_iter().find(|pod| pod.restarts("web") > 0)))?;
        let code = pod.container("web")["lastState"]["terminated"]["exitCode"].clone();
        ensure!(code == 64, "exit code {code}");
        ensure!(petclinic.pods()?.iter().filter(|pod| pod.ready).count() == 2, "an old pod is gone");
        Ok(())
    });
    kubectl(&["rollout", "undo", "deployment/petclinic"])?;
    petclinic.wait_for_replicas(2)?;
    result
}

/// Checks that only requests in flight at one pod were lost, and that the pod recovers by itself.
fn lost_with_one_web(report: &Report) -> Result<()> {
    let failed = report.failures();
    ensure!(failed.iter().all(|answer| answer.outcome.is_err()), "answered with an error: {report}");
    ensure!(failed.len() * 20 < report.answers.len(), "{report}");
    Ok(())
}

#[test]
fn killed_web_loses_requests_in_flight_only() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let pod = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    let report = under_load(&petclinic, || {
        node.kill(&pod, "web")?;
        restarted(&petclinic, &pod, "web").map(drop)
    })?;
    lost_with_one_web(&report)
}

#[test]
fn memory_limit_of_web_loses_requests_in_flight_only() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pod = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    let report = under_load(&petclinic, || {
        // when the container's limit is reached, the kernel ends the process with the highest score: web, next to many small ones
        let hogs = "echo 1000 >/proc/1/oom_score_adj; for n in $(seq 40); do tail /dev/zero & done; wait";
        let _ = sh(&pod.name, "web", hogs);
        let (now, took) = restarted(&petclinic, &pod, "web")?;
        measurement(
            "web",
            format!(
                "{}, ready again after {:.1} s",
                now.container("web")["lastState"]["terminated"]["reason"],
                took.as_secs_f64()
            ),
        );
        Ok(())
    })?;
    lost_with_one_web(&report)
}

#[test]
fn recreated_sandbox_recovers() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let pod = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    let report = under_load(&petclinic, || {
        // as after a restart of the node: every container starts again, with the pod's directory already there
        let uid = pod.object["metadata"]["uid"].as_str().context("no uid")?.replace('-', "[-_]");
        node.sh(&format!(
            "for p in /proc/[0-9]*; do grep -q pause $p/comm && grep -q '{uid}' $p/cgroup && kill -9 ${{p#/proc/}}; done; true"
        ))?;
        let (_, took) = restarted(&petclinic, &pod, "logdir")?;
        measurement("ready again after", format!("{:.1} s", took.as_secs_f64()));
        Ok(())
    })?;
    lost_with_one_web(&report)
}

#[test]
fn removed_log_directory_fails_no_request() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let pod = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    without_failures(&petclinic, || {
        node.sh(&format!("rm -rf /logs/{}/*", pod.directory))?;
        until("web writes a new file", TIMEOUT, || {
            Ok(node
                .sh(&format!("cat /logs/{}/access.log 2>/dev/null || true", pod.directory))?
                .contains("/owners/1")
                .then_some(()))
        })
        .map(drop)
    })?;
    kubectl(&["delete", "pod", &pod.name])?;
    petclinic.wait_for_replicas(2).map(drop)
}

#[test]
fn killed_mysql_connections_are_replaced() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let report = under_load(&petclinic, || {
        for _ in 0..3 {
            let ids = petclinic
                .sql("SELECT id FROM information_schema.processlist WHERE user = 'petclinic_web' AND command = 'Sleep'")?;
            let kills: Vec<_> = ids.lines().map(|id| format!("KILL {id};")).collect();
            // one that has ended in the meantime
            let _ = petclinic.sql(&kills.concat());
            std::thread::sleep(Duration::from_secs(1));
        }
        Ok(())
    })?;
    // a connection may have got a statement in the meantime
    let failed = report.failures();
    ensure!(failed.len() < 10 && failed.iter().all(|answer| answer.outcome == Ok(503)), "{report}");
    Ok(())
}

#[test]
fn read_only_mysql_answers_reads_or_503() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let report = under_load(&petclinic, || {
        petclinic.sql("SET GLOBAL super_read_only = ON")?;
        std::thread::sleep(Duration::from_secs(10));
        petclinic.sql("SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF")?;
        petclinic.wait_for_replicas(2).map(drop)
    })?;
    let pods = petclinic.wait_for_replicas(2)?.0;
    ensure!(pods.iter().all(|pod| pod.restarts("web") == 0), "web was restarted");
    let outcomes = report.outcomes();
    ensure!(!outcomes.contains_key("500"), "{outcomes:?}");
    Ok(())
}

#[test]
fn killed_mysql_answers_503_until_it_is_back() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pods = petclinic.wait_for_replicas(2)?.0;
    let node = Node::start()?;
    let report = under_load(&petclinic, || {
        let mysql = petclinic.pod("mysql-0")?;
        node.kill(&mysql, "mysql")?;
        restarted(&petclinic, &mysql, "mysql")?;
        petclinic.wait_for_replicas(2).map(drop)
    })?;
    let answers = report.answers.iter().filter_map(|answer| answer.outcome.clone().ok());
    ensure!(answers.into_iter().all(|status| status == 200 || status == 503), "{report}");
    for pod in pods {
        ensure!(petclinic.pod(&pod.name)?.all_restarts() == pod.all_restarts(), "{} was restarted", pod.name);
    }
    Ok(())
}

#[test]
fn locked_table_answers_503_in_time() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let report = under_load(&petclinic, || {
        petclinic.sql("LOCK TABLES petclinic.owner WRITE, petclinic.pet WRITE; DO SLEEP(8); UNLOCK TABLES").map(drop)
    })?;
    ensure!(report.slowest() < Duration::from_secs(4), "{report}");
    let outcomes = report.outcomes();
    ensure!(outcomes.keys().all(|outcome| outcome == "200" || outcome == "503"), "{outcomes:?}");
    Ok(())
}

#[test]
fn forced_deletion_loses_requests_in_flight_only() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pod = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    let report = under_load(&petclinic, || {
        kubectl(&["delete", "pod", &pod.name, "--force", "--grace-period=0"])?;
        petclinic.wait_for_replicas(2).map(drop)
    })?;
    lost_with_one_web(&report)
}

#[test]
fn newer_schema_serves_the_version_before() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    // what the next release leaves behind: its migration in the history, and a column that this version does not know
    petclinic.sql(
        "ALTER TABLE petclinic.owner ADD COLUMN note TEXT NULL; \
         INSERT INTO petclinic.dbinit_history VALUES ('99999999999999_note', '00000000', '2026-11-28T00:00:00Z')",
    )?;
    let rolled_back = without_failures(&petclinic, || petclinic.roll_out(2).map(drop));
    let log = petclinic.wait_for_replicas(2)?.0.first().map(|pod| kubectl(&["logs", &pod.name, "-c", "dbinit"]));
    petclinic.sql("ALTER TABLE petclinic.owner DROP COLUMN note; DELETE FROM petclinic.dbinit_history WHERE name LIKE '9%'")?;
    rolled_back?;
    let log = log.context("no pod")??;
    let warning = log.lines().find(|line| line.contains("WARN")).with_context(|| format!("no warning:\n{log}"))?;
    measurement("dbinit", warning);
    Ok(())
}
