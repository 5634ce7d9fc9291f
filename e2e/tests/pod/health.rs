//! A pod that reports itself as unhealthy is restarted, and no request fails.

use std::time::Duration;

use anyhow::Result;
use e2e::kubectl::{kubectl, proxy_path};
use e2e::petclinic::{Petclinic, TIMEOUT};
use e2e::{measurement, until};
use testkit::load::{Load, RunConfig};

#[test]
fn failing_healthcheck_restarts_web_alone() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pods = petclinic.settle(2)?.0;
    let [sick, well] = &pods[..] else { unreachable!("two pods") };
    let (before, others) = (sick.restarts("web"), well.all_restarts());
    let service = petclinic.expose()?;
    let load = Load::start(RunConfig::gentle(service.address, "/vets.html?n={n}"));

    kubectl(&["delete", "--raw", &proxy_path(&sick.name, 8080, "/healthcheck")])?;
    let ((), out) = until("its endpoint is out", TIMEOUT, || Ok((!petclinic.in_endpoints(&sick.name)?).then_some(())))?;
    measurement("endpoint out after", format!("{:.1} s", out.as_secs_f64()));
    let out_at = load.elapsed() + Duration::from_secs(1);
    let ((), restarted) =
        until("web is restarted", TIMEOUT, || Ok((petclinic.pod(&sick.name)?.restarts("web") > before).then_some(())))?;
    measurement("restarted after", format!("{:.1} s more", restarted.as_secs_f64()));
    let ((), back) = until("its endpoint is back", TIMEOUT, || Ok(petclinic.in_endpoints(&sick.name)?.then_some(())))?;
    measurement("endpoint back after", format!("{:.1} s more", back.as_secs_f64()));
    std::thread::sleep(Duration::from_secs(3));
    let report = load.stop();
    measurement("load", &report);

    let events = kubectl(&["get", "events", "--field-selector", &format!("involvedObject.name={},reason=Unhealthy", sick.name)])?;
    assert!(events.contains("Liveness probe failed"), "{events}");
    let later: Vec<_> = report.failures().into_iter().filter(|failure| failure.at > out_at).collect();
    assert!(later.is_empty(), "failed once the endpoint was out: {later:?}");
    assert_eq!(petclinic.pod(&sick.name)?.restarts("web"), before + 1);
    assert_eq!(petclinic.pod(&sick.name)?.restarts("logshipper"), sick.restarts("logshipper"));
    assert_eq!(petclinic.pod(&well.name)?.all_restarts(), others);
    Ok(())
}
