//! Rollouts and deletions under load: no request fails.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::kubectl;
use e2e::petclinic::{Petclinic, TIMEOUT, get_from};
use e2e::{measurement, until};
use testkit::load::{self, Load, RunConfig};
use testkit::nginx::Nginx;

#[test]
fn rollouts_and_deletions_fail_no_request() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let service = petclinic.expose()?;
    let nginx = Nginx::start(service.address);
    let loads = [
        ("the Service", Load::start(RunConfig::gentle(service.address, "/owners/1?n={n}"))),
        ("nginx", Load::start(RunConfig::gentle(nginx.address, "/vets.html?n={n}"))),
    ];
    for round in 1..=3 {
        let took = petclinic.roll_out(2)?;
        measurement(&format!("rollout {round}"), format!("{:.1} s", took.as_secs_f64()));
    }
    for pod in petclinic.wait_for_replicas(2)?.0 {
        delete_with_long_requests(&petclinic, &pod.name, &[service.address, nginx.address])?;
        let (_, took) = petclinic.wait_for_replicas(2)?;
        measurement(&format!("{} deleted, two are ready again after", pod.name), format!("{:.1} s", took.as_secs_f64()));
    }
    until("20 000 requests", TIMEOUT, || {
        Ok((loads.iter().map(|(_, load)| load.answered()).sum::<u64>() >= 20_000).then_some(()))
    })?;
    for (way, load) in loads {
        let report = load.stop();
        measurement(&format!("through {way}"), &report);
        assert!(report.failures().is_empty(), "through {way}: {report}");
    }
    Ok(())
}

/// Deletes the pod while it works on a request of 20 s; others of the same kind go through the Service and nginx, where
/// they reach either pod. All must be answered.
fn delete_with_long_requests(petclinic: &Petclinic, pod: &str, ways: &[std::net::SocketAddr]) -> Result<()> {
    thread::scope(|scope| {
        let mut requests = vec![scope.spawn(|| get_from(pod, "/20process"))];
        for &way in ways.iter().cycle().take(6) {
            requests.push(scope.spawn(move || {
                let (status, body) = load::get(way, "/20process", Duration::from_secs(40))?;
                ensure!(status == 200, "{status}: {body}");
                Ok(body)
            }));
        }
        // all of them have reached a pod by then, also on a busy machine
        thread::sleep(Duration::from_secs(3));
        kubectl(&["delete", "pod", pod, "--wait=false"])?;
        let ending = petclinic.pod(pod)?.ending;
        ensure!(ending, "{pod} is not on its way out");
        for request in requests {
            let body = request.join().expect("the request's thread").with_context(|| format!("/20process while {pod} ends"))?;
            ensure!(body.contains("20 sec Process finished"), "{body}");
        }
        Ok(())
    })
}
