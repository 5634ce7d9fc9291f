//! What a deleted pod leaves: complete and compressed, then reaped by a living pod's logshipper.

use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::kubectl;
use e2e::load::{Load, Plan};
use e2e::petclinic::{Node, PATIENCE, Petclinic};
use e2e::{figure, until};

#[test]
fn proof_08_a_dead_pods_directory_is_complete_then_reaped() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    kubectl(&["set", "env", "deployment/petclinic", "-c", "logshipper", "ORPHAN_AGE=20s"])?;
    let proof = orphan(&petclinic);
    kubectl(&["set", "env", "deployment/petclinic", "-c", "logshipper", "ORPHAN_AGE-"])?;
    petclinic.restore()?;
    proof
}

fn orphan(petclinic: &Petclinic) -> Result<()> {
    let node = Node::start()?;
    let service = petclinic.expose()?;
    let pods = until("the pods have the short age", PATIENCE, || {
        kubectl(&["rollout", "status", "deployment/petclinic", "--timeout=300s"])?;
        let pods = petclinic.pods()?;
        Ok((pods.len() == 2 && pods.iter().all(|pod| pod.ready && !pod.ending)).then_some(pods))
    })?
    .0;
    let load = Load::start(Plan::gentle(service.address, "/?line={n}."));
    std::thread::sleep(Duration::from_secs(5));
    let report = load.stop()?;
    assert!(report.failures().is_empty(), "{report}");

    // what each directory holds while its pod lives
    let dead = &pods[0];
    let lines = |directory: &str| -> Result<usize> {
        Ok(node.stream(directory, "access")?.lines().filter(|line| line.contains("/?line=")).count())
    };
    let (before, other) = (lines(&dead.directory)?, lines(&pods[1].directory)?);
    assert_eq!(before + other, report.answers.len());
    kubectl(&["delete", "pod", &dead.name])?;

    let (_, compressed) = until("all of it is compressed", PATIENCE, || {
        let plain = node.sh(&format!("find /logs/{} -name '*.log' -size +0", dead.directory))?;
        Ok(plain.is_empty().then_some(()))
    })?;
    let after = lines(&dead.directory)?;
    figure("compressed after", format!("{:.1} s, {after} of {before} lines", compressed.as_secs_f64()));
    assert_eq!(after, before);
    let (_, reaped) = until("the directory is reaped", PATIENCE, || {
        Ok(node.sh(&format!("ls -d /logs/{} 2>/dev/null || true", dead.directory))?.is_empty().then_some(()))
    })?;
    figure("reaped after", format!("{:.1} s more", reaped.as_secs_f64()));
    for pod in petclinic.settle(2)?.0 {
        assert!(!node.sh(&format!("ls -d /logs/{}", pod.directory))?.is_empty(), "the directory of a living pod is gone");
    }
    Ok(())
}
