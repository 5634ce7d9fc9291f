//! Origin of a request: the address and the scheme that the browser used, as far as a trusted proxy names them, and whether the
//! request was made by a page of another site.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use http::{HeaderMap, Request};
use ipnet::IpNet;

use super::csrf::AllowedOrigins;
use crate::app::extract::Client;

/// Settings of trusted proxies and origins.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Settings {
    /// Proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host are trusted: networks such as 10.0.0.0/8, separated by commas
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORKS", default_value = "", hide_default_value = true)]
    pub trusted_proxies: TrustedProxies,

    /// Origins that the pages are served under, such as `http://clinic.example:30080`, separated by commas: for a proxy that
    /// doesn't pass on the port that browsers use
    #[arg(long, env = "ALLOWED_ORIGINS", value_name = "ORIGINS", default_value = "", hide_default_value = true)]
    pub allowed_origins: AllowedOrigins,
}

/// Networks whose hosts are believed. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = |item: &str| {
            let address = item.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| item.parse::<IpNet>())
                .map_err(|_| "must be networks and addresses such as 10.0.0.0/8 or 2001:db8::1, separated by commas".to_owned())
        };
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The peer of the connection that a request came on: an extension of each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Inserts the [`Client`] of a request.
pub fn identify<B>(mut request: Request<B>, trusted: &TrustedProxies) -> Request<B> {
    let client = client(&request, trusted);
    request.extensions_mut().insert(client);
    request
}

fn client<B>(request: &Request<B>, trusted: &TrustedProxies) -> Client {
    let headers = request.headers();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    match peer.filter(|peer| trusted.contain(*peer)) {
        Some(_) => Client {
            forwarded: forwarded_for(headers, trusted),
            https: forwarded_https(headers),
            host: last_first(headers, "x-forwarded-host").next().map(str::to_owned),
        },
        None => Client::default(),
    }
}

/// The items of a header that is a list, the last one first.
fn last_first<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().rev().flat_map(|value| value.to_str().unwrap_or_default().rsplit(',').map(str::trim))
}

/// The nearest address that is none of ours: what stands before it was written by an unknown client.
fn forwarded_for(headers: &HeaderMap, trusted: &TrustedProxies) -> Option<IpAddr> {
    let mut nearest = None;
    for item in last_first(headers, "x-forwarded-for") {
        let Some(address) = address(item) else { break };
        nearest = Some(address);
        if !trusted.contain(address) {
            break;
        }
    }
    nearest
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`
fn address(item: &str) -> Option<IpAddr> {
    let bare = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(item);
    let address = bare.parse().or_else(|_| item.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

fn forwarded_https(headers: &HeaderMap) -> Option<bool> {
    match last_first(headers, "x-forwarded-proto").next()? {
        scheme if scheme.eq_ignore_ascii_case("https") => Some(true),
        scheme if scheme.eq_ignore_ascii_case("http") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&str, &str)]) -> (Option<String>, Option<bool>) {
        let mut request = Request::new(());
        request.extensions_mut().insert(Peer((peer.parse::<IpAddr>().unwrap(), 4711).into()));
        for (name, value) in headers {
            request.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let client = super::client(&request, &"10.0.0.0/8, 2001:db8::/32,192.0.2.1".parse().unwrap());
        (client.forwarded.map(|address| address.to_string()), client.https)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let told = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")];
        let believed = (Some("203.0.113.7".to_owned()), Some(true));
        for proxy in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::5", "192.0.2.1"] {
            assert_eq!(client(proxy, &told), believed, "{proxy}");
        }
        for untrusted in ["11.1.2.3", "192.0.2.2", "::1"] {
            assert_eq!(client(untrusted, &told), (None, None), "{untrusted}");
        }
        assert_eq!(client("10.1.2.3", &[]), (None, None));
    }

    #[test]
    fn nearest_untrusted_address_is_the_client() {
        for (list, expected) in [
            (&["6.6.6.6, 203.0.113.7, 10.0.0.9"][..], Some("203.0.113.7")),
            (&["6.6.6.6", "203.0.113.7", "10.0.0.9,10.0.0.8"], Some("203.0.113.7")),
            (&["10.0.0.9, 10.0.0.8"], Some("10.0.0.9")),
            (&["203.0.113.7:4711"], Some("203.0.113.7")),
            (&["[2001:dead::1]:4711"], Some("2001:dead::1")),
            (&["6.6.6.6, nonsense, 10.0.0.9"], Some("10.0.0.9")),
            (&["nonsense"], None),
            (&[""], None),
        ] {
            let headers: Vec<_> = list.iter().map(|value| ("x-forwarded-for", *value)).collect();
            assert_eq!(client("10.0.0.1", &headers).0.as_deref(), expected, "{list:?}");
        }
    }

    #[test]
    fn networks_are_read_or_refused() {
        for text in ["", " ", "10.0.0.0/8", "10.0.0.1, ::1/128,"] {
            assert!(text.parse::<TrustedProxies>().is_ok(), "{text}");
        }
        for text in ["10.0.0.0/33", "proxy", "10.0.0.0 10.0.0.1"] {
            assert!(text.parse::<TrustedProxies>().is_err(), "{text}");
        }
    }
}
