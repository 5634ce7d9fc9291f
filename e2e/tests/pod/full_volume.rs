//! A log volume without room, and an arbitrary user id.

use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::{self, PortForward, sh};
use e2e::measurement;
use e2e::petclinic::{Petclinic, Pod, variant};
use serde_json::json;
use testkit::load::{Load, RunConfig};

#[test]
fn full_log_volume_and_random_uid_keep_serving() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let variant = variant("petclinic-full", |deployment| {
        let pod = &mut deployment["spec"]["template"]["spec"];
        // any uid of the right group; the images bring no user by name
        pod["securityContext"]["runAsUser"] = json!(1_234_567);
        let volumes = pod["volumes"].as_array_mut().expect("volumes");
        volumes[0] = json!({"name": "logs", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}});
    })?;
    let pod = variant.pod()?;
    let user = sh(&pod.name, "web", "id -u; touch /x 2>&1 || true; ls -ln /logs/access.log")?;
    measurement("web runs as", user.replace('\n', "; "));
    assert!(user.starts_with("1234567"), "{user}");
    assert!(user.contains("Read-only file system"), "{user}");

    let forward = PortForward::start(&pod.name, 8080)?;
    let serve = |path: &str| {
        let load = Load::start(RunConfig { connections: 4, ..RunConfig::gentle(forward.address, path) });
        std::thread::sleep(Duration::from_secs(8));
        load.stop()
    };
    sh(&pod.name, "logshipper", "dd if=/dev/zero of=/logs/ballast bs=1M count=16 2>/dev/null; df /logs | tail -1")
        .map(|df| measurement("the volume", df.trim()))?;
    let full = serve("/owners/1?n={n}");
    measurement("load on the full volume", &full);
    assert!(full.failures().is_empty(), "{full}");
    assert!(full.answers.len() > 50);
    let log = kubectl::kubectl(&["logs", &pod.name, "-c", "web"])?;
    let reason = log.lines().find(|line| line.contains("log lines are dropped")).unwrap_or_default();
    measurement("reason", reason);
    assert!(reason.contains("No space left on device"), "{reason}");

    sh(&pod.name, "logshipper", "rm /logs/ballast")?;
    let room = serve("/owners/2?n={n}");
    assert!(room.failures().is_empty(), "{room}");
    let written = sh(&pod.name, "web", "grep -c '/owners/2?n=' /logs/access.log || true")?;
    measurement("access lines once there is room", format!("{} of {}", written.trim(), room.answers.len()));
    assert!(written.trim().parse::<usize>()? > 0, "no line was written once there was room");
    let now = Pod::of(&kubectl::json(&["get", "pod", &pod.name])?);
    assert_eq!(now.all_restarts(), 0);
    Ok(())
}
