//! The body of a request, read to its end.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use tokio::time::timeout;

use super::shares::{Share, UsedUp};

/// How many bytes of a body that is refused are read and thrown away: a client still sending it wouldn't see the answer.
const DISCARD_LIMIT: usize = 1024 * 1024;
/// For how long, where there is no memory: also a connection takes some, and who holds many back is to lose them.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The client broke off.
    BrokenOff,
    /// It is larger than one may be.
    TooLarge,
    /// The memory is taken.
    NoMemory(UsedUp),
}

/// What has come of a body, and its share of the memory of all bodies: taken as its bytes come, given back when the request is
/// answered or its client gone.
struct Received {
    bytes: Vec<u8>,
    share: Share,
}

impl Received {
    /// With what came next, `most` bytes at most in all.
    fn with(mut self, chunk: impl Buf, most: usize) -> Result<Self, Refusal> {
        let (length, before) = (self.bytes.len(), self.bytes.capacity());
        let needed = length + chunk.remaining();
        if needed > before {
            self.bytes.reserve_exact(needed.max(most.min(2 * before)) - length);
            let grown = u32::try_from(self.bytes.capacity() - before).unwrap_or(u32::MAX);
            self.share.grow(grown).map_err(Refusal::NoMemory)?;
        }
        self.bytes.put(chunk);
        Ok(self)
    }
}

impl AsRef<[u8]> for Received {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body of at most `most` bytes into `share`, which is empty so far.
pub(super) async fn read<S, B, E>(most: usize, share: Share, headers: &HeaderMap, stream: S) -> Result<Bytes, Refusal>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: Buf,
{
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0usize);
    let discard = DISCARD_LIMIT.max(most);
    if announced > discard {
        return Err(Refusal::TooLarge);
    }
    let mut stream = std::pin::pin!(stream);
    let (mut body, mut seen) = (Received { bytes: Vec::new(), share }, 0usize);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Refusal::BrokenOff)?;
        seen += chunk.remaining();
        if seen > most {
            drop(body);
            discard_rest(stream, discard.saturating_sub(seen)).await;
            return Err(Refusal::TooLarge);
        }
        body = match body.with(chunk, most) {
            Ok(body) => body,
            Err(refusal) => {
                let _ = timeout(DISCARD_TIME, discard_rest(stream, discard - seen)).await;
                return Err(refusal);
            }
        };
    }
    Ok(Bytes::from_owner(body))
}

/// Throws away what still comes, up to so many bytes.
async fn discard_rest<B: Buf, E>(mut stream: impl Stream<Item = Result<B, E>> + Unpin, mut left: usize) {
    while let Some(Ok(chunk)) = stream.next().await {
        let Some(less) = left.checked_sub(chunk.remaining()) else { return };
        left = less;
    }
}
