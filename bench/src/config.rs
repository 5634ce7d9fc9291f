//! Settings of a run.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::Parser;

/// Measures Petclinic's pages on SQLite and MySQL, compared with minimal servers of the same bytes and the same statements.
/// All measurements are interleaved on this machine; the medians count.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Config {
    /// Seconds per measurement
    #[arg(long, default_value = "2", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,

    /// Measurements of each figure, of which the median counts
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) runs: u32,

    /// Seconds of load on each page before the first measurement; a peer with a JIT compiler needs more
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u64).range(1..=120))]
    pub(crate) warm_up: u64,

    /// Concurrent connections
    #[arg(long, value_delimiter = ',', default_value = "16,256", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) connections: Vec<u16>,

    /// Another server of this machine with the same pages, such as Spring's Petclinic: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", value_parser = peer)]
    pub(crate) peer: Option<SocketAddr>,

    /// Directory of bench.json
    #[arg(long, value_name = "PATH", default_value = "run/bench")]
    pub(crate) out: PathBuf,

    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Action {
    /// Serves one answer, after the page's statements if there is a database: the limit of a page
    #[command(hide = true)]
    Limit(Limit),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Limit {
    /// Page whose statements are executed
    #[arg(long)]
    pub(crate) page: String,
    /// File with the HTTP answer, head and body
    #[arg(long)]
    pub(crate) answer: PathBuf,
    /// Address to listen on
    #[arg(long, env = "LISTEN_ADDR")]
    pub(crate) listen_addr: SocketAddr,
    /// Database of the statements
    #[arg(long, env = "DATABASE_URL")]
    pub(crate) database_url: Option<schema::database::DatabaseUrl>,
}

/// Accepts only servers of this machine: load on somebody else's would be an attack.
fn peer(url: &str) -> Result<SocketAddr, String> {
    let expected = "must be http://127.0.0.1:PORT or http://localhost:PORT";
    let authority = url.strip_prefix("http://").ok_or(expected)?.trim_end_matches('/');
    let (host, port) = authority.rsplit_once(':').ok_or(expected)?;
    if !["127.0.0.1", "localhost", "[::1]"].contains(&host) || port.parse::<u16>().is_err() {
        return Err(expected.to_owned());
    }
    let address = authority.to_socket_addrs().map_err(|error| error.to_string())?.find(|address| address.ip().is_loopback());
    address.ok_or_else(|| expected.to_owned())
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
    fn peer_must_be_on_this_machine() {
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
