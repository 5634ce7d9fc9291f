//! The body of a request, read to its end.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

/// How many bytes of a body that is too large are read and thrown away: a client still sending it wouldn't see the answer.
const DISCARD_LIMIT: usize = 1024 * 1024;

/// The client broke off.
#[derive(Debug)]
pub(super) struct BrokenOff;

/// Reads a body of at most `most` bytes; gives nothing for a larger one.
pub(super) async fn read<S, B, E>(most: usize, headers: &HeaderMap, stream: S) -> Result<Option<Bytes>, BrokenOff>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: Buf,
{
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0usize);
    let discard = DISCARD_LIMIT.max(most);
    if announced > discard {
        return Ok(None);
    }
    let mut stream = std::pin::pin!(stream);
    let (mut body, mut seen) = (BytesMut::new(), 0usize);
    while let Some(chunk) = stream.next().await {
        let mut chunk = chunk.map_err(|_| BrokenOff)?;
        seen += chunk.remaining();
        if seen > discard {
            return Ok(None);
        }
        if seen <= most {
            body.extend_from_slice(&chunk.copy_to_bytes(chunk.remaining()));
        }
    }
    Ok((seen <= most).then(|| body.freeze()))
}
