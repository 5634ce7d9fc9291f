//! Logs of a deleted pod in the node's /logs: every line, compressed, then removed by a living pod's logshipper.

use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::kubectl;
use e2e::petclinic::{Node, Petclinic, TIMEOUT};
use e2e::{measurement, until};
use testkit::load::{Load, RunConfig};

#[test]
fn deleted_pod_leaves_every_line() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let run = std::process::id();
    let service = petclinic.expose()?;
    let pods = petclinic.wait_for_replicas(2)?.0;
    let load = Load::start(RunConfig::gentle(service.address, &format!("/?run={run}&line={{n}}.")));
    std::thread::sleep(Duration::from_secs(3));
    for pod in &pods {
        kubectl(&["delete", "pod", &pod.name])?;
    }
    let living = petclinic.wait_for_replicas(2)?.0;
    let report = load.stop();
    measurement("load while both pods are deleted one after the other", &report);
    assert!(report.failures().is_empty(), "{report}");

    let lines = |directory: &str| -> Result<usize> {
        Ok(node.stream(directory, "access")?.lines().filter(|line| line.contains(&format!("/?run={run}&line="))).count())
    };
    let (mut dead, mut alive) = (0, 0);
    for pod in &pods {
        dead += lines(&pod.directory)?;
        let torn = node
            .sh(&format!("cd /logs/{} && gzip -t $(ls *.gz 2>/dev/null) </dev/null; ls -A | grep tmp || true", pod.directory))?;
        assert_eq!(torn, "", "left half done");
    }
    for pod in &living {
        alive += lines(&pod.directory)?;
    }
    measurement(
        "access lines in the directories of the dead and the living",
        format!("{dead} + {alive} of {}", report.answers.len()),
    );
    assert_eq!(dead + alive, report.answers.len());
    assert!(dead > 0);
    Ok(())
}

#[test]
fn deleted_pod_is_compressed_then_removed() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    kubectl(&["set", "env", "deployment/petclinic", "-c", "logshipper", "ORPHAN_AGE=60s"])?;
    let result = reaped(&petclinic);
    kubectl(&["set", "env", "deployment/petclinic", "-c", "logshipper", "ORPHAN_AGE-"])?;
    petclinic.restore()?;
    result
}

fn reaped(petclinic: &Petclinic) -> Result<()> {
    let node = Node::start()?;
    let dead = petclinic.wait_for_replicas(2)?.0.swap_remove(0);
    let directory = format!("/logs/{}", dead.directory);
    let service = petclinic.expose()?;
    let load = Load::start(RunConfig::gentle(service.address, "/?line={n}."));
    std::thread::sleep(Duration::from_secs(3));
    let report = load.stop();
    kubectl(&["delete", "pod", &dead.name])?;
    let lines = || -> Result<usize> { Ok(node.stream(&dead.directory, "access")?.lines().count()) };
    let before = lines()?;
    assert!(before > 0 && report.failures().is_empty(), "{report}");

    // The time of grace is as short as the age here. A late line, as of a writer that outlives its logshipper, moves the
    // removal behind it, so that both can be seen.
    std::thread::sleep(Duration::from_secs(20));
    node.sh(&format!(r#"echo "{{\"timestamp\":\"$(date -u +%FT%T.000000Z)\",\"message\":\"late\"}}" >>{directory}/access.log && chown 10001:10001 {directory}/access.log"#))?;
    let ((), compressed) = until("all of it is compressed", TIMEOUT, || {
        Ok(node.sh(&format!("find {directory} -name '*.log' -size +0"))?.is_empty().then_some(()))
    })?;
    let kept = lines()?;
    measurement(
        "compressed",
        format!("{:.1} s after the late line, {kept} of {before} + 1 access lines", compressed.as_secs_f64()),
    );
    assert_eq!(kept, before + 1);
    let ((), reaped) = until("the directory is reaped", TIMEOUT, || {
        Ok(node.sh(&format!("ls -d {directory} 2>/dev/null || true"))?.is_empty().then_some(()))
    })?;
    measurement("reaped", format!("{:.1} s later", reaped.as_secs_f64()));
    for pod in petclinic.wait_for_replicas(2)?.0 {
        assert!(!node.sh(&format!("ls /logs/{}", pod.directory))?.is_empty(), "the directory of a living pod is gone");
    }
    Ok(())
}
