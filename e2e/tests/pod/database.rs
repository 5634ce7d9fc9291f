//! MySQL gone, late, or empty with five pods at its door.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::kubectl::{PortForward, kubectl};
use e2e::petclinic::{Petclinic, TIMEOUT, get_from};
use e2e::{measurement, throughout, until};
use testkit::load::{Load, RunConfig};

#[test]
fn deleted_mysql_is_503_until_it_is_back() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pods = petclinic.wait_for_replicas(2)?.0;
    let pod = &pods[0];
    petclinic.sql(
        "DELETE FROM petclinic.visit WHERE description = 'kept'; INSERT INTO petclinic.visit (pet_id, visit_date, description) \
                   VALUES (1, '2026-01-02', 'kept')",
    )?;
    // to the pod itself: a Service without ready pods refuses connections
    let forward = PortForward::start(&pod.name, 8080)?;
    let load = Load::start(RunConfig { connections: 4, ..RunConfig::gentle(forward.address, "/owners/1?n={n}") });
    std::thread::sleep(Duration::from_secs(3));

    let deleted = load.elapsed();
    kubectl(&["delete", "pod", "mysql-0", "--wait=false"])?;
    let fallen = until("readiness falls", TIMEOUT, || Ok((!petclinic.pod(&pod.name)?.ready).then_some(())));
    let back = petclinic.database_ready();
    let risen = until("readiness rises", TIMEOUT, || Ok(petclinic.pod(&pod.name)?.ready.then_some(())));
    petclinic.wait_for_replicas(2)?;
    std::thread::sleep(Duration::from_secs(2));
    let report = load.stop();
    measurement("load", &report);
    measurement("readiness fell after", format!("{:.1} s", fallen?.1.as_secs_f64()));
    measurement("MySQL was back after", format!("{:.1} s more", back?.as_secs_f64()));
    measurement("readiness rose after", format!("{:.1} s more", risen?.1.as_secs_f64()));

    let refused: Vec<_> = report.answers.iter().filter(|answer| answer.outcome == Ok(503)).collect();
    let slowest = refused.iter().map(|answer| answer.took).max().context("no request met the outage")?;
    let last = refused.iter().map(|answer| answer.at + answer.took).max().unwrap_or_default();
    measurement("503", format!("{} answers, the slowest after {:.2} s", refused.len(), slowest.as_secs_f64()));
    measurement("from the deletion to the last 503", format!("{:.1} s", (last.saturating_sub(deleted)).as_secs_f64()));
    let outcomes = report.outcomes();
    assert!(outcomes.keys().all(|outcome| outcome == "200" || outcome == "503"), "{outcomes:?}");
    // 2 s are web's; kubectl's way to the pod and a machine that starts MySQL at the same time add to them
    assert!(slowest < Duration::from_secs(4), "{report}");
    for before in &pods {
        assert_eq!(petclinic.pod(&before.name)?.all_restarts(), before.all_restarts(), "{} was restarted", before.name);
    }
    assert_eq!(petclinic.sql("SELECT COUNT(*) FROM petclinic.visit WHERE description = 'kept'")?.trim(), "1");
    petclinic.sql("DELETE FROM petclinic.visit WHERE description = 'kept'")?;
    Ok(())
}

#[test]
fn rollout_without_mysql_waits_in_dbinit() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let old = petclinic.wait_for_replicas(2)?.0;
    kubectl(&["scale", "statefulset", "mysql", "--replicas=0"])?;
    until("MySQL is gone", TIMEOUT, || {
        Ok(kubectl(&["get", "pods", "-lapp.kubernetes.io/name=mysql", "-o", "name"])?.is_empty().then_some(()))
    })?;
    kubectl(&["rollout", "restart", "deployment", "petclinic"])?;

    let (new, _) = until("a new pod waits in dbinit", TIMEOUT, || {
        let pods = petclinic.pods()?;
        Ok(pods
            .into_iter()
            .find(|pod| !old.iter().any(|it| it.name == pod.name) && !pod.container("dbinit")["state"]["running"].is_null()))
    })?;
    throughout("the old pods stay and answer, the new one waits", Duration::from_secs(15), || {
        for pod in &old {
            get_from(&pod.name, "/healthcheck")?;
            if petclinic.pod(&pod.name)?.ending {
                return Ok(false);
            }
        }
        Ok(!petclinic.pod(&new.name)?.container("dbinit")["state"]["running"].is_null())
    })?;
    let log = kubectl(&["logs", &new.name, "-c", "dbinit", "--tail=1"])?;
    measurement("dbinit during the outage", log.trim());

    kubectl(&["scale", "statefulset", "mysql", "--replicas=1"])?;
    let started = Instant::now();
    until("the rollout ends", TIMEOUT, || {
        let pods = petclinic.pods()?;
        Ok((pods.len() == 2 && pods.iter().all(|pod| pod.ready && !old.iter().any(|it| it.name == pod.name))).then_some(()))
    })?;
    measurement("from MySQL's start to the end of the rollout", format!("{:.1} s", started.elapsed().as_secs_f64()));
    assert!(petclinic.pods()?.iter().all(|pod| pod.all_restarts() == 0));
    Ok(())
}

#[test]
fn five_pods_prepare_an_empty_database_once() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    petclinic.wait_for_replicas(0)?;
    petclinic.sql("DROP DATABASE petclinic; CREATE DATABASE petclinic; DROP USER petclinic_web@'%'")?;

    let (pods, took) = petclinic.wait_for_replicas(5)?;
    measurement("five pods ready after", format!("{:.1} s", took.as_secs_f64()));
    assert!(pods.iter().all(|pod| pod.all_restarts() == 0), "a pod was restarted");
    let rows = petclinic.sql(
        "SELECT (SELECT COUNT(*) FROM petclinic.owner), (SELECT COUNT(*) FROM petclinic.pet), (SELECT COUNT(*) FROM petclinic.visit), \
         (SELECT COUNT(*) FROM petclinic.vet), (SELECT COUNT(*) FROM petclinic.specialty), (SELECT COUNT(*) FROM petclinic.pet_type)",
    )?;
    measurement("owners, pets, visits, vets, specialties, types", rows.trim());
    assert_eq!(rows.split_whitespace().collect::<Vec<_>>(), ["10", "13", "4", "6", "3", "6"]);
    petclinic.restore()
}
