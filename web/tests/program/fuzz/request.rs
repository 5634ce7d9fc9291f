//! Requests out of what clients, attackers and broken programs send, put together at random.

use fastrand::Rng;

/// Must never be found in a page as they are: the first could open an element, the others leave an attribute.
pub const MARKS: [&str; 3] = ["<zq", "\" zq=", "' zq="];

const PATHS: [&str; 22] = [
    "/",
    "/owners",
    "/owners/find",
    "/owners/new",
    "/owners/#",
    "/owners/#/edit",
    "/owners/#/pets/new",
    "/owners/#/pets/#/edit",
    "/owners/#/pets/#/visits/new",
    "/vets.html",
    "/vets",
    "/healthcheck",
    "/readyz",
    "/livez",
    "/manage/health",
    "/openapi.json",
    "/api/info",
    "/favicon.ico",
    "/resources/style.css",
    "/resources/$",
    "/$",
    "/$/$",
];
const METHODS: [&str; 12] = ["GET", "GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"];
const FIELDS: [&str; 17] = [
    "firstName",
    "lastName",
    "address",
    "city",
    "telephone",
    "name",
    "birthDate",
    "type",
    "date",
    "description",
    "page",
    "lang",
    "token",
    "version",
    "after",
    "before",
    "_method",
];
const HEADERS: [&str; 24] = [
    "accept",
    "accept-language",
    "cookie",
    "traceparent",
    "tracestate",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "origin",
    "sec-fetch-site",
    "if-none-match",
    "authorization",
    "user-agent",
    "referer",
    "content-type",
    "accept-encoding",
    "range",
    "cache-control",
    "x-http-method-override",
    "forwarded",
    "te",
    "via",
    "upgrade",
    "zq",
];
/// Values for any part of a request.
const TEXTS: [&str; 60] = [
    "",
    " ",
    "0",
    "1",
    "-1",
    "2147483648",
    "9999999999999999999999",
    "1e9",
    "NaN",
    "null",
    "true",
    "x",
    "Franklin",
    "Leo",
    "cat",
    "1234567890",
    "2020-02-29",
    "2020-13-40",
    "+2020-01-01",
    "0000-00-00",
    "<zq>",
    "</title><zq>",
    "\" zq=1 \"",
    "' zq=1 '",
    "\"><zq",
    "javascript:zq",
    "{{zq}}",
    "{{{this}}}",
    "{{#each zq}}",
    "{{> layout}}",
    "${zq}",
    "#{zq}",
    "%s%n%x",
    "' OR '1'='1",
    "'; DROP TABLE owner; --",
    "\\",
    "\\'",
    "%",
    "_",
    "%_",
    "*",
    "(",
    "[a-z",
    "--",
    "/*",
    "../../etc/passwd",
    "..\\..\\",
    "\0",
    "\r\nzq: 1",
    "\n",
    "\t",
    "\u{7f}",
    "\u{feff}",
    "\u{202e}zq",
    "가나다",
    "ᄒ\u{1161}\u{11ab}",
    "🐕‍🦺",
    "ÿ",
    "\u{10ffff}",
    "İıſß",
];
const VALUES: [&str; 30] = [
    "text/html",
    "application/json",
    "application/problem+json;q=0.5",
    "*/*;q=0",
    "text/html;q=x, application/json;q=NaN",
    ";q=1,,,;",
    "ko",
    "de-AT;q=0.5, fa",
    "*",
    "zz;q=1e9",
    "flash=flash-owner-created.1.0",
    "lang=ko; flash=",
    "__Host-lang=de",
    "=;=;;",
    "a=b=c; lang",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00--",
    "ff-0-0-0",
    "https",
    "http, https",
    "1.2.3.4, 10.0.0.1",
    "[::1]:80",
    "same-origin",
    "cross-site",
    "null",
    "https://evil.example",
    "Bearer zq",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=zq",
    "W/\"1\", \"2\", *",
];

pub struct Request {
    pub method: String,
    pub id: String,
    pub bytes: Vec<u8>,
}

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

/// A text, some of them long, some of any bytes.
fn text(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..20) {
        0 => (0..rng.usize(..40)).map(|_| rng.u8(..)).collect(),
        1 => pick(rng, &TEXTS).repeat(rng.usize(1..60)).into_bytes(),
        2 => [pick(rng, &TEXTS), pick(rng, &TEXTS)].concat().into_bytes(),
        3 => (0..rng.usize(..30)).flat_map(|_| rng.char(..).to_string().into_bytes()).collect(),
        _ => pick(rng, &TEXTS).as_bytes().to_vec(),
    }
}

/// Percent-encoded as a browser does, or not quite.
fn encoded(rng: &mut Rng, text: &[u8]) -> String {
    let sloppy = rng.u8(..12);
    let encode = |&byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        b'<' | b'"' | b'\'' | b'/' | b':' | b';' | b'=' if sloppy == 0 => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    let mut encoded: String = text.iter().map(encode).collect();
    if sloppy == 1 {
        encoded.push_str(pick(rng, &["%", "%4", "%zz", "%ff", "&&", "=", "%00", "+"]));
    }
    encoded
}

fn path(rng: &mut Rng) -> String {
    pick(rng, &PATHS)
        .chars()
        .map(|c| match c {
            '#' if rng.u8(..4) > 0 => rng.u8(1..15).to_string(),
            '#' | '$' => {
                let text = text(rng);
                encoded(rng, &text)
            }
            c => c.to_string(),
        })
        .collect()
}

fn fields(rng: &mut Rng) -> String {
    let field = |rng: &mut Rng| {
        let (name, value) = (pick(rng, &FIELDS), text(rng));
        format!("{name}={}", encoded(rng, &value))
    };
    (0..rng.usize(..7)).map(|_| field(rng)).collect::<Vec<_>>().join("&")
}

/// A form that may well be saved: what was stored comes back on pages, too.
fn likely_form(rng: &mut Rng) -> String {
    let mut values: Vec<(&str, Vec<u8>)> =
        FIELDS[..10].iter().map(|name| (*name, text(rng))).filter(|(name, _)| *name != "token").collect();
    for (name, value) in &mut values {
        match *name {
            "telephone" => *value = b"0123456789".to_vec(),
            "birthDate" | "date" => *value = b"2020-02-02".to_vec(),
            "type" => *value = b"cat".to_vec(),
            _ => {}
        }
    }
    values.iter().map(|(name, value)| format!("{name}={}", encoded(rng, value))).collect::<Vec<_>>().join("&")
}

/// A header's value: what can't stand in one is left out.
fn header_value(rng: &mut Rng) -> Vec<u8> {
    let value = if rng.bool() { pick(rng, &VALUES).as_bytes().to_vec() } else { text(rng) };
    value.into_iter().filter(|byte| *byte >= b' ' && *byte != 0x7f).collect()
}

impl Request {
    /// A request as HTTP wants it, whatever is in it.
    pub fn generate(rng: &mut Rng, number: usize) -> Self {
        let method = if rng.u8(..40) == 0 { "BREW" } else { pick(rng, &METHODS) }.to_owned();
        let mut target = path(rng);
        if rng.u8(..3) == 0 {
            target = format!("{target}?{}", fields(rng));
        }
        let id = format!("fuzz-{number}");
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nhost: clinic.example\r\nx-request-id: {id}\r\n").into_bytes();
        for _ in 0..rng.usize(..5) {
            bytes.extend_from_slice(format!("{}: ", pick(rng, &HEADERS)).as_bytes());
            bytes.extend(header_value(rng));
            bytes.extend_from_slice(b"\r\n");
        }
        let body = match (method.as_str(), rng.u8(..6)) {
            ("POST" | "PUT" | "PATCH", 0) => text(rng),
            ("POST" | "PUT" | "PATCH", 1..=3) => likely_form(rng).into_bytes(),
            ("POST" | "PUT" | "PATCH", _) => fields(rng).into_bytes(),
            (_, 0) => text(rng),
            _ => Vec::new(),
        };
        if rng.u8(..10) == 0 {
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
            for chunk in body.chunks(rng.usize(1..50)) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend(body);
        }
        Self { method, id, bytes }
    }

    /// Its bytes, damaged.
    pub fn broken(self, rng: &mut Rng) -> Vec<u8> {
        let mut bytes = self.bytes;
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..bytes.len().max(1)).min(bytes.len());
            match rng.u8(..6) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, rng.u8(..)),
                2 if at < bytes.len() => bytes[at] = rng.u8(..),
                3 if at < bytes.len() => {
                    bytes.remove(at);
                }
                4 => drop(bytes.splice(at..at, text(rng))),
                _ => drop(bytes.splice(at..at, *b"\r\ncontent-length: 7\r\n")),
            }
        }
        bytes
    }
}
