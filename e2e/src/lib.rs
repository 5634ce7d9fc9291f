//! Proofs on a real cluster. The tests drive the cluster of `KUBECONFIG` through kubectl, one after another, and each
//! leaves it as it found it: two ready pods of the manifests in `k8s/`.
//!
//! - [`kubectl`]: the command line, its JSON, port-forwards
//! - [`petclinic`]: what the tests ask and do: pods, scale, roll out, the node's /logs, MySQL
//! - [`load`]: a load generator that hides no failure
//! - [`nginx`]: a proxy in front of the Service, as an ingress controller would be
//!
//! `e2e/run` builds the images, brings a cluster where none is given, and starts the tests.

pub mod kubectl;
pub mod load;
pub mod nginx;
pub mod petclinic;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

/// The root of the repository.
pub fn root() -> PathBuf {
    let e2e = Path::new(env!("CARGO_MANIFEST_DIR"));
    e2e.parent().unwrap_or(e2e).to_owned()
}

/// Prints a figure of a proof.
pub fn figure(what: &str, value: impl std::fmt::Display) {
    eprintln!("    {what}: {value}");
}

/// Polls four times a second until `probe` finds something, and returns it with the time that it took. A probe that fails is
/// asked again: a busy API server misses an answer now and then.
///
/// # Errors
/// One that names `what` once `deadline` has passed, with the probe's own where the last one failed.
pub fn until<T>(what: &str, deadline: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<(T, Duration)> {
    let started = Instant::now();
    loop {
        let probed = probe();
        if let Ok(Some(found)) = probed {
            return Ok((found, started.elapsed()));
        }
        if started.elapsed() > deadline {
            let late = format!("not within {} s: {what}", deadline.as_secs());
            return Err(probed.err().map_or_else(|| anyhow!("{late}"), |error| error.context(late.clone())));
        }
        thread::sleep(Duration::from_millis(250));
    }
}

/// Polls for `period` and fails as soon as `holds` returns false.
///
/// # Errors
/// The probe's own error, or one that names `what`.
pub fn throughout(what: &str, period: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < period {
        if !holds()? {
            bail!("after {:.1} s: {what}", started.elapsed().as_secs_f64());
        }
        thread::sleep(Duration::from_millis(250));
    }
    Ok(())
}
