//! kubectl as a child process. Errors carry its stderr.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Runs kubectl and returns what it printed.
///
/// # Errors
/// kubectl is missing or failed; the error names the arguments and has its stderr.
pub fn kubectl(args: &[&str]) -> Result<String> {
    feed(args, "")
}

/// Runs kubectl with `input` on its standard input.
///
/// # Errors
/// As [`kubectl`].
pub fn feed(args: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new("kubectl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("kubectl does not start: is it on PATH?")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `kubectl … -o json`.
///
/// # Errors
/// As [`kubectl`], or its output is no JSON.
pub fn json(args: &[&str]) -> Result<Value> {
    let text = kubectl(&[args, &["-o", "json"]].concat())?;
    serde_json::from_str(&text).with_context(|| format!("kubectl {}: no JSON", args.join(" ")))
}

/// Runs a shell script in a container.
///
/// # Errors
/// As [`kubectl`]; a script that ends with a status other than 0 is an error.
pub fn sh(pod: &str, container: &str, script: &str) -> Result<String> {
    kubectl(&["exec", pod, "-c", container, "--", "sh", "-c", script])
}

/// The API server's path to a port of a pod: a way in that needs neither Service nor readiness.
pub fn proxy_path(pod: &str, port: u16, path: &str) -> String {
    format!("/api/v1/namespaces/default/pods/{pod}:{port}/proxy{path}")
}

/// A pod's port at an address of this machine, until dropped.
pub struct PortForward {
    child: Child,
    /// Address to connect to.
    pub address: SocketAddr,
}

impl PortForward {
    /// Forwards a free local port to `port` of `pod`.
    ///
    /// # Errors
    /// kubectl did not say where it listens.
    pub fn start(pod: &str, port: u16) -> Result<Self> {
        Self::start_in("default", pod, port)
    }

    /// Forwards a free local port to `port` of a pod in another namespace.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_in(namespace: &str, pod: &str, port: u16) -> Result<Self> {
        let mut child = Command::new("kubectl")
            .args(["port-forward", "--address=127.0.0.1", "-n", namespace])
            .args([format!("pod/{pod}"), format!(":{port}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().context("port-forward's stdout")?;
        let mut lines = BufReader::new(stdout);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        // Forwarding from 127.0.0.1:43210 -> 8080
        let address = line
            .split_whitespace()
            .find_map(|word| word.parse().ok())
            .with_context(|| format!("port-forward to {pod}:{port} said {line:?}"))?;
        // it prints one line per connection: keep the pipe empty
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(Self { child, address })
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
