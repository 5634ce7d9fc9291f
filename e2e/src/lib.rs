//! End-to-end tests on a real cluster. They drive the cluster of `KUBECONFIG` through kubectl, one after another, and each
//! leaves it as it found it: two ready pods of the manifests in `k8s/`.
//!
//! - [`kubectl`]: the command line, its JSON, port-forwards
//! - [`petclinic`]: the pods and their operations: scale, roll out, the node's /logs, MySQL
//!
//! Load and reverse proxy are testkit's. `e2e/run` installs tools, builds the images, starts a cluster if none is given, and
//! runs the tests.

pub mod kubectl;
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

/// Prints a measurement of a test.
pub fn measurement(what: &str, value: impl std::fmt::Display) {
    eprintln!("    {what}: {value}");
}

/// Polls four times a second until `probe` returns a value, and returns it with the time that it took. A probe that fails is
/// retried: a busy API server drops a request now and then.
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
