//! Rejection of requests that a page of another site has made: browsers say so, and a form there can't make them lie.

use std::str::FromStr;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use warp::reply::Response;

use super::from_fn::Next;
use crate::app::extract::Client;
use crate::views::Error;

/// Origins that the pages are served under, besides those that requests name themselves. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(Arc<[String]>);

impl FromStr for AllowedOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origin =
            |item: &str| match normalize(item) {
                Some((scheme, authority)) if !authority.contains(['/', '@', '?', '#']) => Ok(format!("{scheme}://{authority}")),
                _ => Err("must be origins such as https://clinic.example or http://clinic.example:30080, separated by commas"
                    .to_owned()),
            };
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(origin).collect::<Result<_, _>>().map(Self)
    }
}

impl AllowedOrigins {
    fn contains(&self, origin: &str) -> bool {
        normalize(origin).is_some_and(|(scheme, authority)| self.0.contains(&format!("{scheme}://{authority}")))
    }
}

/// Returns scheme and authority of an origin, in lower case and without the scheme's own port.
fn normalize(origin: &str) -> Option<(&str, String)> {
    let (scheme, authority) = origin.split_once("://")?;
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let authority = authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    (!authority.is_empty()).then_some((scheme, authority))
}

/// Rejects a request that changes something and was sent by a page of another site.
pub(super) async fn reject_cross_site(allowed: AllowedOrigins, request: Request<Incoming>, next: Next<Incoming>) -> Response {
    let client = request.extensions().get::<Client>();
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let host = authority.or_else(|| request.headers().get(HOST).and_then(|host| host.to_str().ok()));
    // Without a port it says no more than `Host`, which a proxy may have stripped of the port that the browser used.
    let forwarded = client.and_then(|client| client.host.as_deref()).filter(|host| has_port(host));
    let hosts = [host, forwarded].into_iter().flatten().collect::<Vec<_>>();
    if is_cross_site(request.method(), request.headers(), &hosts, client.and_then(|client| client.https), &allowed) {
        let origin = request.headers().get("origin").map(|origin| String::from_utf8_lossy(origin.as_bytes()));
        tracing::warn!(
            origin = origin.as_deref(),
            ?hosts,
            "cross-site request rejected; if the origin is ours, add it to ALLOWED_ORIGINS"
        );
        return Error::CrossSite.into_response();
    }
    next.run(request).await
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns true if the request changes something and comes from a page of another site. Clients that are no browsers send
/// neither `Sec-Fetch-Site` nor `Origin`, and have no session that somebody could use.
fn is_cross_site(method: &Method, headers: &HeaderMap, hosts: &[&str], https: Option<bool>, allowed: &AllowedOrigins) -> bool {
    if method.is_safe() {
        return false;
    }
    let values = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect::<Vec<_>>();
    // `none` is a person's own doing, such as a reload
    match (&values("sec-fetch-site")[..], &values("origin")[..]) {
        ([_] | [], [origin]) if allowed.contains(origin) => false,
        ([site], _) => !["same-origin", "none"].contains(site),
        ([], []) => false,
        ([], [origin]) => !hosts.iter().any(|host| is_own(origin, host, https)),
        _ => true,
    }
}

/// Returns true if `origin` is that of the page itself. The scheme counts if it is known; behind a proxy that isn't trusted
/// it is not, and the host decides.
fn is_own(origin: &str, host: &str, https: Option<bool>) -> bool {
    let Some((scheme, authority)) = normalize(origin) else { return false };
    let own = format!("{scheme}://{host}");
    https.is_none_or(|https| https == (scheme == "https")) && normalize(&own).is_some_and(|(_, own)| own == authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(headers: &[(&'static str, &str)], https: Option<bool>) -> bool {
        let headers = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        let allowed = "https://clinic.test, http://clinic.test:30080".parse().unwrap();
        let hosts = ["clinic.example", "clinic.example:8443"];
        assert!(!is_cross_site(&Method::GET, &map, &hosts, https, &allowed), "reading is free");
        is_cross_site(&Method::POST, &map, &hosts, https, &allowed)
    }

    #[test]
    fn sec_fetch_site_decides() {
        assert!(!rejected(&[], None), "curl");
        for (site, expected) in [("same-origin", false), ("none", false), ("cross-site", true), ("same-site", true), ("", true)] {
            assert_eq!(rejected(&[("sec-fetch-site", site)], None), expected, "{site}");
            assert_eq!(rejected(&[("sec-fetch-site", site), ("origin", "https://evil.example")], None), expected, "{site}");
        }
        assert!(rejected(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], None), "twice");
    }

    #[test]
    fn origin_must_be_the_hosts() {
        for own in [
            "http://clinic.example",
            "https://clinic.example",
            "http://CLINIC.example:80",
            "https://clinic.example:443",
            "https://clinic.example:8443",
        ] {
            assert!(!rejected(&[("origin", own)], None), "{own}");
        }
        for other in [
            "null",
            "",
            "clinic.example",
            "http://evil.example",
            "http://clinic.example.evil.example",
            "http://clinic.example:8080",
            "http://clinic.example:443",
            "file://clinic.example",
            "http://",
        ] {
            assert!(rejected(&[("origin", other)], None), "{other}");
        }
    }

    #[test]
    fn known_scheme_counts() {
        assert!(!rejected(&[("origin", "https://clinic.example")], Some(true)));
        assert!(rejected(&[("origin", "http://clinic.example")], Some(true)));
        assert!(!rejected(&[("origin", "http://clinic.example")], Some(false)));
    }

    #[test]
    fn allowed_origins_pass() {
        for own in ["https://clinic.test", "https://CLINIC.test:443", "http://clinic.test:30080"] {
            assert!(!rejected(&[("origin", own)], None), "{own}");
            assert!(!rejected(&[("sec-fetch-site", "cross-site"), ("origin", own)], Some(true)), "{own}");
        }
        for other in ["http://clinic.test", "https://clinic.test:30080", "http://clinic.test:30081"] {
            assert!(rejected(&[("origin", other)], None), "{other}");
        }
        for wrong in ["clinic.test", "ftp://clinic.test", "http://", "http://clinic.test/", "http://a@clinic.test"] {
            assert!(wrong.parse::<AllowedOrigins>().is_err(), "{wrong}");
        }
    }
}
