//! Rejection of requests that a page of another site has made: browsers say so, and a form there can't make them lie.

use http::header::HOST;
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use warp::reply::Response;

use super::from_fn::Next;
use crate::app::extract::Client;
use crate::views::Error;

/// Rejects a request that changes something and was sent by a page of another site.
pub(super) async fn reject_cross_site((): (), request: Request<Incoming>, next: Next<Incoming>) -> Response {
    let https = request.extensions().get::<Client>().and_then(|client| client.https);
    let host = request.uri().authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| request.headers().get(HOST).and_then(|host| host.to_str().ok()));
    if is_cross_site(request.method(), request.headers(), host, https) {
        return Error::CrossSite.into_response();
    }
    next.run(request).await
}

/// Whether the request changes something and comes from a page of another site. Clients that are no browsers tell neither
/// `Sec-Fetch-Site` nor `Origin`, and have no session that somebody could use.
fn is_cross_site(method: &Method, headers: &HeaderMap, host: Option<&str>, https: Option<bool>) -> bool {
    if method.is_safe() {
        return false;
    }
    let values = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect::<Vec<_>>();
    // `none` is a person's own doing, such as a reload
    match (&values("sec-fetch-site")[..], &values("origin")[..]) {
        ([site], _) => !["same-origin", "none"].contains(site),
        ([], []) => false,
        ([], [origin]) => !is_own(origin, host.unwrap_or_default(), https),
        _ => true,
    }
}

/// Whether `origin` is that of the page itself. The scheme counts where it is known; behind a proxy that we weren't told to
/// trust it is not, and the host decides.
fn is_own(origin: &str, host: &str, https: Option<bool>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let (port, encrypted) = match scheme {
        "http" => (":80", false),
        "https" => (":443", true),
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    https.is_none_or(|https| https == encrypted) && !host.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &str)], https: Option<bool>) -> bool {
        let headers = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        assert!(!is_cross_site(&Method::GET, &map, Some("clinic.example"), https), "reading is free");
        is_cross_site(&Method::POST, &map, Some("clinic.example"), https)
    }

    #[test]
    fn what_a_browser_says_of_the_site_decides() {
        assert!(!refused(&[], None), "curl");
        for (site, expected) in [("same-origin", false), ("none", false), ("cross-site", true), ("same-site", true), ("", true)] {
            assert_eq!(refused(&[("sec-fetch-site", site)], None), expected, "{site}");
            assert_eq!(refused(&[("sec-fetch-site", site), ("origin", "https://evil.example")], None), expected, "{site}");
        }
        assert!(refused(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], None), "twice");
    }

    #[test]
    fn else_the_origin_has_to_be_the_pages_own() {
        for own in ["http://clinic.example", "https://clinic.example", "http://CLINIC.example:80", "https://clinic.example:443"] {
            assert!(!refused(&[("origin", own)], None), "{own}");
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
            assert!(refused(&[("origin", other)], None), "{other}");
        }
    }

    #[test]
    fn a_known_scheme_counts() {
        assert!(!refused(&[("origin", "https://clinic.example")], Some(true)));
        assert!(refused(&[("origin", "http://clinic.example")], Some(true)));
        assert!(!refused(&[("origin", "http://clinic.example")], Some(false)));
    }
}
