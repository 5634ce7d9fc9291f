//! The settings of a run.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::Parser;

/// Measures Petclinic's pages, and beside them what bounds them: a bare hyper server with the same bytes, a bare loop of the
/// same SQL statements. All of it in turn on this machine, several times over; the medians count.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Config {
    /// Seconds that one measurement takes
    #[arg(long, default_value = "2", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,

    /// Measurements of each figure, whose median counts
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) runs: u32,

    /// Seconds of load on each page before the first measurement; a peer that compiles while it runs wants more
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u64).range(1..=120))]
    pub(crate) warm_up: u64,

    /// Connections at once
    #[arg(long, value_delimiter = ',', default_value = "16,256", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) connections: Vec<u16>,

    /// Another server with the same pages to measure beside ours, on this machine only: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", value_parser = peer)]
    pub(crate) peer: Option<SocketAddr>,

    /// Owners up to which the list's growth is measured, in powers of ten; 10 leaves it out
    #[arg(long, default_value = "1000000", value_parser = clap::value_parser!(u64).range(10..=10_000_000))]
    pub(crate) owners: u64,

    /// Measure the time of a release build, too; it takes minutes
    #[arg(long)]
    pub(crate) build: bool,

    /// Where bench.json and growth.svg are written
    #[arg(long, value_name = "PATH", default_value = "run/bench")]
    pub(crate) out: PathBuf,

    /// Serve the HTTP answer in this file, and nothing else: the bare server that this program measures
    #[arg(long, value_name = "PATH", hide = true)]
    pub(crate) answer: Option<PathBuf>,
}

/// Only this machine: a load on somebody else's server would be an attack.
fn peer(url: &str) -> Result<SocketAddr, String> {
    let accepted = "accepted is http://127.0.0.1:PORT or http://localhost:PORT";
    let authority = url.strip_prefix("http://").ok_or(accepted)?.trim_end_matches('/');
    let (host, port) = authority.rsplit_once(':').ok_or(accepted)?;
    if !["127.0.0.1", "localhost", "[::1]"].contains(&host) || port.parse::<u16>().is_err() {
        return Err(accepted.to_owned());
    }
    let address = authority.to_socket_addrs().map_err(|error| error.to_string())?.find(|address| address.ip().is_loopback());
    address.ok_or_else(|| accepted.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn flags_are_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn only_servers_of_this_machine_are_loaded() {
        assert_eq!(peer("http://127.0.0.1:8080/"), Ok(([127, 0, 0, 1], 8080).into()));
        assert!(peer("http://localhost:1").is_ok_and(|address| address.ip().is_loopback()));
        for other in [
            "http://192.168.1.1:80",
            "http://example.com:80",
            "http://127.0.0.1",
            "http://127.0.0.1:99999",
            "https://127.0.0.1:1",
            "http://127.0.0.1@example.com:80",
            "http://127.0.0.1.example.com:80",
            "",
        ] {
            assert!(peer(other).is_err(), "{other}");
        }
    }
}
