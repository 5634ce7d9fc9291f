//! nginx as a reverse proxy, as an ingress controller runs it: upstream connections are kept alive and reused, and headers
//! name the host without the port that browsers use.

use std::net::{SocketAddr, TcpStream};

use tempfile::TempDir;

use crate::process::{Child, command};
use crate::{net, until};

/// A running nginx, killed on drop.
pub struct Nginx {
    /// Address that it listens on.
    pub address: SocketAddr,
    _child: Child,
    _prefix: TempDir,
}

impl Nginx {
    /// Starts nginx in front of `upstream`.
    ///
    /// # Panics
    /// If nginx is not installed or does not come up.
    #[track_caller]
    pub fn start(upstream: SocketAddr) -> Self {
        let prefix = TempDir::new().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], net::free_port()));
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
                   proxy_set_header Host $host;
                   proxy_set_header X-Forwarded-For $remote_addr;
                   proxy_set_header X-Forwarded-Host $host;
                   proxy_set_header X-Forwarded-Port 80;
                   proxy_set_header X-Forwarded-Proto $scheme;
                   proxy_read_timeout 60s;
                 }}
               }}
             }}"
        );
        std::fs::write(prefix.path().join("nginx.conf"), config).unwrap();
        let mut nginx = command("nginx");
        let mut child = Child::spawn(nginx.arg("-p").arg(prefix.path()).args(["-c", "nginx.conf", "-e", "error.log"]));
        until("nginx listens", || {
            assert!(child.runs(), "nginx ended: {}", child.stderr());
            TcpStream::connect(address).ok()
        });
        Self { address, _child: child, _prefix: prefix }
    }
}
