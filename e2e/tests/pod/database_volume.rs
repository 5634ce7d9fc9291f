//! MySQL's volume without room: pages are answered, saves are 503 with a reason in the log, and work again once there is room.

use anyhow::{Context, Result, ensure};
use e2e::kubectl::{PortForward, kubectl};
use e2e::measurement;
use e2e::petclinic::Petclinic;
use serde_json::{Value, json};

use crate::overlays::{Copy, NAMESPACE, Namespace, objects, sql, start_second};

/// Puts the database of a second Petclinic's manifest on a volume of 400 MiB in memory.
pub(crate) fn small_volume(manifest: &str) -> Result<String> {
    let mut objects = objects(manifest)?;
    let mysql = objects.iter_mut().find(|object| object["kind"] == "StatefulSet").context("no StatefulSet")?;
    let spec = mysql["spec"].as_object_mut().context("no spec")?;
    spec.remove("volumeClaimTemplates");
    let volumes = spec["template"]["spec"]["volumes"].as_array_mut().context("no volumes")?;
    volumes.push(json!({"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "400Mi"}}));
    Ok(json!({"apiVersion": "v1", "kind": "List", "items": Value::Array(objects)}).to_string())
}

#[test]
fn full_database_volume_answers_503_to_saves() -> Result<()> {
    let _petclinic = Petclinic::ready()?;
    let _namespace = Namespace::new(NAMESPACE)?;
    let pod = start_second(&small_volume(&Copy::new()?.build("namespace")?)?)?;
    let forward = PortForward::start_in(NAMESPACE, &pod.name, 8080)?;
    let url = format!("http://{}/owners/1", forward.address);
    let save = |description: &str| -> Result<u16> {
        let request = testkit::http::client().post(format!("{url}/pets/1/visits/new"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Ok(request.body(format!("date=2026-01-02&description={description}")).send()?.status().as_u16())
    };
    assert_eq!(save("room")?, 302);

    let in_mysql = |script: &str| kubectl(&["-n", NAMESPACE, "exec", "mysql-0", "--", "sh", "-c", script]);
    in_mysql("dd if=/dev/zero of=/var/lib/mysql/ballast bs=1M 2>/dev/null; true")?;
    let copies = "INSERT INTO petclinic.visit (pet_id, visit_date, description) \
                  SELECT pet_id, visit_date, REPEAT('x', 200) FROM petclinic.visit";
    let full = (0..20).find_map(|_| sql(copies).err()).context("the volume took all rows")?;
    ensure!(format!("{full:#}").contains("is full"), "{full:#}");
    // rows still fit into the pages that the table has
    let statuses = (0..60).map(|_| save(&"y".repeat(200))).collect::<Result<Vec<_>>>()?;
    let refused = statuses.iter().filter(|status| **status == 503).count();
    measurement("saves on the full volume", format!("{refused} of {} are 503", statuses.len()));
    assert!(statuses.iter().all(|status| [302, 503].contains(status)), "{statuses:?}");
    assert!(refused > 0);
    assert_eq!(testkit::http::get(&url).status(), 200);
    let log = kubectl(&["-n", NAMESPACE, "logs", &pod.name, "-c", "web"])?;
    let reason = log.lines().find(|line| line.contains("ERROR") && line.contains("is full")).context("no reason in the log")?;
    measurement("reason", reason);

    in_mysql("rm /var/lib/mysql/ballast")?;
    assert_eq!(save("room again")?, 302);
    Ok(())
}
