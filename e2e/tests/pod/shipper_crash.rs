//! A logshipper that keeps crashing costs no request, no endpoint and no line; one with a bad setting is not rolled out.

use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::{kubectl, proxy_path};
use e2e::petclinic::{Node, Petclinic, TIMEOUT};
use e2e::{measurement, throughout, until};
use testkit::load::{Load, RunConfig};

#[test]
fn crashing_logshipper_keeps_both_endpoints() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let node = Node::start()?;
    let pods = petclinic.wait_for_replicas(2)?.0;
    let service = petclinic.expose()?;
    let load = Load::start(RunConfig::gentle(service.address, "/?crash={n}."));
    let mut crashes = 0;
    throughout("both pods stay in the Service", Duration::from_mins(1), || {
        for pod in &pods {
            crashes += node.kill_children(pod, "logshipper")?;
        }
        pods.iter().try_fold(true, |all, pod| Ok(all && petclinic.is_in_endpoints(&pod.name)?))
    })?;
    let report = load.stop();
    measurement("load", &report);
    measurement("crashes of logshipper", crashes);
    assert!(report.failures().is_empty(), "{report}");
    assert!(crashes > 4, "only {crashes} crashes");

    let mut lines = 0;
    for pod in &pods {
        until("logshipper has recovered", TIMEOUT, || {
            Ok(kubectl(&["get", "--raw", &proxy_path(&pod.name, 9091, "/readyz")]).ok())
        })?;
        assert_eq!(petclinic.pod(&pod.name)?.all_restarts(), pod.all_restarts(), "{} was restarted", pod.name);
        lines += node.stream(&pod.directory, "access")?.lines().filter(|line| line.contains("/?crash=")).count();
    }
    assert_eq!(lines, report.answers.len(), "access lines and requests");
    Ok(())
}

#[test]
fn bad_setting_stops_rollout_and_is_printed() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let old = petclinic.wait_for_replicas(2)?.0;
    kubectl(&["set", "env", "deployment/petclinic", "ROTATE_BYTES=x"])?;
    let stopped = until("a new pod fails in logdir", TIMEOUT, || {
        let new = petclinic.pods()?.into_iter().find(|pod| !old.iter().any(|it| it.name == pod.name));
        Ok(new.filter(|pod| pod.restarts("logdir") > 0))
    });
    let printed = stopped.and_then(|(pod, _)| kubectl(&["logs", &pod.name, "-c", "logdir"]));
    kubectl(&["set", "env", "deployment/petclinic", "ROTATE_BYTES-"])?;
    let printed = printed?;
    measurement("logdir", printed.trim());
    let line: serde_json::Value = serde_json::from_str(printed.trim())?;
    assert!(line["message"].as_str().is_some_and(|message| message.starts_with("ROTATE_BYTES: \"x\"")), "{printed}");
    let now = petclinic.wait_for_replicas(2)?.0;
    for pod in &old {
        assert!(now.iter().any(|it| it.name == pod.name && it.all_restarts() == pod.all_restarts()), "{} was replaced", pod.name);
    }
    Ok(())
}
