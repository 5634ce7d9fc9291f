//! nginx in front of the Service, with connections to the pods kept alive and reused, as an ingress controller does it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::petclinic::PATIENCE;

/// A running nginx; dropped, it ends.
pub struct Nginx {
    child: Child,
    _prefix: TempDir,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts nginx in front of `upstream`; installs it where it is missing.
    ///
    /// # Errors
    /// nginx is not to be had, or does not come up.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        install()?;
        let prefix = TempDir::new()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = format!(
            "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log warn;
             events {{ worker_connections 512; }}
             http {{
               access_log off;
               client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
               upstream petclinic {{ server {upstream}; keepalive 16; }}
               server {{
                 listen {address};
                 location / {{
                   proxy_pass http://petclinic;
                   proxy_http_version 1.1;
                   proxy_set_header Connection \"\";
                   proxy_read_timeout 60s;
                 }}
               }}
             }}"
        );
        std::fs::write(prefix.path().join("nginx.conf"), config)?;
        let child = Command::new("nginx")
            .arg("-p")
            .arg(prefix.path())
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .spawn()
            .context("nginx does not start")?;
        let nginx = Self { child, _prefix: prefix, address };
        crate::until("nginx listens", PATIENCE, || Ok(TcpStream::connect(address).ok().map(drop)))?;
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn install() -> Result<()> {
    if Command::new("nginx").arg("-v").output().is_ok() {
        return Ok(());
    }
    eprintln!("    nginx is missing: installing nginx");
    for args in [&["update", "-qq"][..], &["install", "-y", "-qq", "--no-install-recommends", "nginx"]] {
        let output = Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            // keeps the package from starting nginx as a service
            .env("RUNLEVEL", "1")
            .output()?;
        if !output.status.success() {
            bail!("apt-get {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
    }
    Ok(())
}
