//! The logs that people read: `kubectl logs`, and the node's /logs.

use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::kubectl;
use e2e::petclinic::{Node, Petclinic, TIMEOUT};
use e2e::{measurement, until};
use testkit::load::{Load, RunConfig};

#[test]
fn logs_are_on_the_node_and_in_kubectl() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let service = petclinic.expose()?;
    let pods = petclinic.wait_for_replicas(2)?.0;

    // before the load: kubelet rotates what a container has said, and shows what came after that
    for pod in &pods {
        for container in ["web", "logshipper", "dbinit"] {
            let lines = kubectl(&["logs", &pod.name, "-c", container, "--tail=5"])?;
            assert!(!lines.trim().is_empty(), "{container} of {} says nothing", pod.name);
        }
    }
    let run = std::process::id();
    // a page that reads the database writes one line per statement: the first stream to reach 10 MiB
    let load = Load::start(RunConfig {
        connections: 32,
        pause: Duration::ZERO,
        ..RunConfig::gentle(service.address, &format!("/owners/1?run={run}&n={{n}}"))
    });
    let directories: Vec<_> = pods.iter().map(|pod| pod.directory.clone()).collect();
    let rotated = until("every pod has a rotated segment", TIMEOUT, || {
        let mut rotated = 0;
        for directory in &directories {
            rotated += usize::from(!node.sh(&format!("find /logs/{directory} -name '*.log.gz'"))?.is_empty());
        }
        Ok((rotated == directories.len()).then_some(()))
    });
    let report = load.stop();
    let ((), took) = rotated?;
    measurement("load", &report);
    measurement("time to a rotated segment of each pod", format!("{:.0} s", took.as_secs_f64()));
    assert!(report.failures().is_empty(), "{report}");

    for pod in &pods {
        let directory = format!("/logs/{}", pod.directory);
        assert_eq!(node.sh(&format!("stat -c %u:%g {directory}"))?.trim(), "10001:10001");
        let foreign = node.sh(&format!("find {directory} ! -uid 10001"))?;
        assert_eq!(foreign, "", "files of another user");
        let streams = node.sh(&format!(
            "cd {directory} && ls access.log app_db.log && gzip -t *.gz && zcat *.gz | wc -lc && ls *.gz | wc -l"
        ))?;
        measurement(&pod.name, streams.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    // the load's own lines, each in one of the two pods
    let mut lines = 0;
    for pod in &pods {
        lines += node
            .stream(&pod.directory, "access")?
            .lines()
            .filter(|line| line.contains(&format!("/owners/1?run={run}&n=")))
            .count();
    }
    measurement("access lines of the load", lines);
    assert_eq!(lines, report.answers.len());
    Ok(())
}
