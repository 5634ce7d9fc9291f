//! What a deleted pod leaves in the node's /logs: every line, for people to read.

use std::time::Duration;

use anyhow::Result;
use e2e::figure;
use e2e::kubectl::kubectl;
use e2e::load::{Load, Plan};
use e2e::petclinic::{Node, Petclinic};

#[test]
fn proof_08_a_dead_pods_directory_is_complete() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let service = petclinic.expose()?;
    let pods = petclinic.settle(2)?.0;
    let load = Load::start(Plan::gentle(service.address, "/?line={n}."));
    std::thread::sleep(Duration::from_secs(3));
    for pod in &pods {
        kubectl(&["delete", "pod", &pod.name])?;
    }
    let living = petclinic.settle(2)?.0;
    let report = load.stop()?;
    figure("load while both pods are deleted one after the other", &report);
    assert!(report.failures().is_empty(), "{report}");

    let lines = |directory: &str| -> Result<usize> {
        Ok(node.stream(directory, "access")?.lines().filter(|line| line.contains("/?line=")).count())
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
    figure("access lines in the directories of the dead and the living", format!("{dead} + {alive} of {}", report.answers.len()));
    assert_eq!(dead + alive, report.answers.len());
    assert!(dead > 0);
    Ok(())
}
