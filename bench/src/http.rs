//! As much HTTP as a load generator needs: a request as bytes, and where an answer ends. Little, so that the generator takes
//! little of the machine that it shares with the server.

use bytes::Bytes;
use memchr::memmem;

/// A page that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Page {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// Its paths, asked for in turn.
    pub(crate) paths: &'static [&'static str],
    /// What is posted, if anything.
    pub(crate) form: Option<&'static str>,
}

/// The pages of the table.
pub(crate) const PAGES: [Page; 6] = [
    Page { name: "/", paths: &["/"], form: None },
    Page { name: "/owners?lastName=", paths: &["/owners?lastName="], form: None },
    Page { name: "/owners/1", paths: &["/owners/1"], form: None },
    Page { name: "/vets.html", paths: &["/vets.html"], form: None },
    Page { name: "/vets", paths: &["/vets"], form: None },
    // the last one, and not for owner 1, whose page would grow
    Page {
        name: "POST a visit",
        paths: &[
            "/owners/2/pets/2/visits/new",
            "/owners/3/pets/3/visits/new",
            "/owners/4/pets/5/visits/new",
            "/owners/5/pets/6/visits/new",
            "/owners/7/pets/9/visits/new",
            "/owners/8/pets/10/visits/new",
            "/owners/9/pets/11/visits/new",
            "/owners/10/pets/12/visits/new",
        ],
        form: Some("date=2026-01-31&description=rabies+shot"),
    },
];

impl Page {
    /// The requests as they are sent.
    pub(crate) fn requests(&self) -> Vec<Bytes> {
        self.paths.iter().map(|path| request(path, self.form)).collect()
    }
}

/// One request as it is sent, with headers as a browser has them.
pub(crate) fn request(path: &str, form: Option<&str>) -> Bytes {
    // /vets is JSON, at Spring's only to those who ask for it
    let accept = if path == "/vets" { "application/json" } else { "text/html,application/xhtml+xml,*/*;q=0.8" };
    let common = format!("Host: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: {accept}\r\nAccept-Language: en");
    Bytes::from(match form {
        None => format!("GET {path} HTTP/1.1\r\n{common}\r\n\r\n"),
        Some(form) => format!(
            "POST {path} HTTP/1.1\r\n{common}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    })
}

/// What is to be known of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Bytes of head and body.
    pub(crate) length: usize,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
}

/// The answer at the beginning of `bytes`, once it is all there. The body's length is told by `Content-Length` or by its
/// chunks; without either there is none.
pub(crate) fn answer(bytes: &[u8]) -> Option<Answer> {
    let head = memmem::find(bytes, b"\r\n\r\n")? + 4;
    let status = std::str::from_utf8(bytes.get(9..12)?).ok()?.parse().ok()?;
    let (mut body, mut chunked, mut closes) = (0, false, false);
    for line in bytes[..head].split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            body = std::str::from_utf8(value).ok()?.parse().ok()?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"connection") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    let length = if chunked { chunks_end(bytes, head)? } else { head + body };
    (bytes.len() >= length).then_some(Answer { status, length, closes })
}

/// Where the chunks end that begin at `at`.
fn chunks_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let line = memmem::find(bytes.get(at..)?, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        at += line + 2 + size + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1";
        let whole = Answer { status: 200, length: bytes.len() - 8, closes: false };
        assert_eq!(answer(bytes), Some(whole));
        for cut in 0..whole.length {
            assert_eq!(answer(&bytes[..cut]), None, "{cut}");
        }
        let found = b"HTTP/1.1 302 Found\r\nlocation: /owners/1\r\nConnection: close\r\n\r\n";
        assert_eq!(answer(found), Some(Answer { status: 302, length: found.len(), closes: true }));
    }

    #[test]
    fn an_answer_in_chunks_ends_with_the_empty_one() {
        let bytes = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(answer(bytes), Some(Answer { status: 200, length: bytes.len(), closes: false }));
        for cut in 0..bytes.len() {
            assert_eq!(answer(&bytes[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn a_form_is_sent_with_its_length() {
        let request = String::from_utf8(request("/x", Some("a=b")).to_vec()).unwrap();
        assert!(request.starts_with("POST /x HTTP/1.1\r\nHost: ") && request.ends_with("Content-Length: 3\r\n\r\na=b"));
    }
}
