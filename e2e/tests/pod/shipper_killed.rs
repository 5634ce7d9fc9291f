//! logshipper killed under load: no access line is lost, none is there twice.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::kubectl;
use e2e::petclinic::{Node, Petclinic, TIMEOUT};
use e2e::{measurement, until};
use testkit::load::{Load, RunConfig};

/// kubelet waits 10 s before the second restart of a container, twice that before each further one: ten kills are two
/// each of five pods.
const PODS: usize = 5;
const KILLS: u64 = 2;

#[test]
fn killed_logshipper_loses_no_line() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    kubectl(&["set", "env", "deployment/petclinic", "-c", "logshipper", "ROTATE_BYTES=64KiB"])?;
    let result = kill_under_load(&petclinic);
    kubectl(&["set", "env", "deployment/petclinic", "-c", "logshipper", "ROTATE_BYTES-"])?;
    petclinic.restore()?;
    result
}

fn kill_under_load(petclinic: &Petclinic) -> Result<()> {
    let node = Node::start()?;
    let service = petclinic.expose()?;
    let pods = petclinic.wait_for_replicas(PODS)?.0;
    let load = Load::start(RunConfig { pause: Duration::from_millis(10), ..RunConfig::gentle(service.address, "/?line={n}.") });
    let mut killed = 0;
    for round in 1..=KILLS {
        for pod in &pods {
            node.kill(&petclinic.pod(&pod.name)?, "logshipper")?;
            killed += 1;
        }
        for pod in &pods {
            until("logshipper runs again", TIMEOUT, || {
                let now = petclinic.pod(&pod.name)?;
                let running = !now.container("logshipper")["state"]["running"].is_null();
                Ok((running && now.restarts("logshipper") >= round).then_some(()))
            })?;
        }
    }
    std::thread::sleep(Duration::from_secs(3));
    let report = load.stop();
    measurement("load", &report);
    measurement("kills", killed);
    assert!(report.failures().is_empty(), "{report}");

    let mut lines: BTreeMap<u64, u32> = BTreeMap::new();
    let mut segments = 0;
    for pod in &pods {
        until("no plain segment waits", TIMEOUT, || {
            let plain = node.sh(&format!("find /logs/{} -name 'access.*.log'", pod.directory))?;
            Ok(plain.is_empty().then_some(()))
        })?;
        segments += node.sh(&format!("find /logs/{} -name 'access.*.gz'", pod.directory))?.lines().count();
        for line in node.stream(&pod.directory, "access")?.lines() {
            if let Some((_, rest)) = line.split_once("/?line=") {
                let number = rest.split('.').next().unwrap_or_default().parse()?;
                *lines.entry(number).or_default() += 1;
            }
        }
        assert_eq!(petclinic.pod(&pod.name)?.restarts("web"), 0, "web of {} was restarted", pod.name);
    }
    let lost: Vec<_> = report.answers.iter().map(|answer| answer.number).filter(|number| !lines.contains_key(number)).collect();
    let twice: Vec<_> = lines.iter().filter(|(_, count)| **count > 1).collect();
    measurement(
        "access lines in /logs",
        format!("{} of {} requests, in {segments} segments and the live files", lines.len(), report.answers.len()),
    );
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(twice.is_empty(), "more than once: {twice:?}");
    assert!(segments > PODS, "only {segments} segments: nothing was rotated");
    Ok(())
}
