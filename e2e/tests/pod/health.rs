//! A pod that reports itself as unhealthy is restarted, and no request fails.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::kubectl::{PortForward, kubectl};
use e2e::petclinic::{Petclinic, TIMEOUT};
use e2e::{measurement, until};
use testkit::load::{Load, RunConfig};

#[test]
fn failing_healthcheck_restarts_web_alone() -> Result<()> {
    let petclinic = Petclinic::ready()?;
    let pods = petclinic.wait_for_replicas(2)?.0;
    let [sick, well] = &pods[..] else { unreachable!("two pods") };
    let (before, others) = (sick.restarts("web"), well.all_restarts());
    let service = petclinic.expose()?;
    let load = Load::start(RunConfig::gentle(service.address, "/vets.html?n={n}"));

    switch_health_off(&sick.name)?;
    let ((), out) = until("its endpoint is out", TIMEOUT, || Ok((!petclinic.is_in_endpoints(&sick.name)?).then_some(())))?;
    measurement("endpoint out after", format!("{:.1} s", out.as_secs_f64()));
    let out_at = load.elapsed() + Duration::from_secs(1);
    let ((), restarted) =
        until("web is restarted", TIMEOUT, || Ok((petclinic.pod(&sick.name)?.restarts("web") > before).then_some(())))?;
    measurement("restarted after", format!("{:.1} s more", restarted.as_secs_f64()));
    let ((), back) = until("its endpoint is back", TIMEOUT, || Ok(petclinic.is_in_endpoints(&sick.name)?.then_some(())))?;
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

/// `DELETE /healthcheck` with the admin token of `k8s/10-secret.yaml`.
fn switch_health_off(pod: &str) -> Result<()> {
    let request = |authorization: &str| -> Result<String> {
        let forward = PortForward::start(pod, 8080)?;
        let mut connection = TcpStream::connect(forward.address)?;
        write!(connection, "DELETE /healthcheck HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n{authorization}\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let refused = request("")?;
    ensure!(refused.starts_with("HTTP/1.1 401"), "without the admin token: {refused}");
    let token =
        kubectl(&["get", "secret", "petclinic-database", "-o", "go-template={{index .data \"admin-token\" | base64decode}}"])?;
    let accepted = request(&format!("Authorization: Bearer {token}\r\n"))?;
    ensure!(accepted.starts_with("HTTP/1.1 20"), "with the admin token: {accepted}");
    Ok(())
}
