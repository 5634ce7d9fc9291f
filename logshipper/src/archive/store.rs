//! The object store: keys, uploads, and reads of a part of an object.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use handoff::{FileName, Form, Segment, Stream, is_name_byte};
use object_store::local::LocalFileSystem;
use object_store::path::{Path, PathPart};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use tokio::runtime::Runtime;

use super::error::ArchiveError;
use super::s3;
use crate::dir::escaped;
use crate::gzip::read::ReadAt;

const ACCEPTED: &str = "must be s3://BUCKET/PREFIX, or file:///DIRECTORY of a directory that exists";
const ENDING: &str = ".log.gz";
const STREAM: &str = "stream=";
/// The character in keys for the `/` in a stream's name.
const SLASH: &str = "~";
const DATE: &str = "date=";
/// Longest upload in one request, held in memory; longer segments go in parts of this length.
const PART: u64 = 8 << 20;
/// Dates that are searched for a pod's last sequence numbers.
const LAST_DATES: usize = 3;
/// Keys that one listing goes through, at most: a hundred requests, and some ten MB of memory.
const MOST_KEYS: usize = 100_000;
/// Parts that S3 takes, at most.
const PARTS: u64 = 10_000;

/// A connection to the archive.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    url: String,
    prefix: Path,
    store: Box<dyn ObjectStore>,
    runtime: Runtime,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store knows credentials.
        f.debug_tuple("Archive").field(&self.0.url).finish()
    }
}

/// The segments to list.
pub struct Wanted<'a> {
    /// The pods, by the names of their directories.
    pub is_pod: &'a dyn Fn(&str) -> bool,
    /// The stream; all without it.
    pub stream: Option<&'a Stream>,
    /// Beginning of the time range.
    pub since: Option<DateTime<Utc>>,
    /// Its end.
    pub until: Option<DateTime<Utc>>,
}

/// The archived segments of each pod.
pub type Archived = BTreeMap<String, BTreeMap<Segment, Object>>;

/// The object under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RemoteState {
    Missing,
    /// As many bytes as the segment has.
    Segment,
    /// Another number of bytes.
    Other,
}

impl Archive {
    /// The archive at `url`, with the credentials and the endpoint that the `AWS_…` variables name. Sends no request yet.
    ///
    /// # Errors
    /// An error names the URL or the variable that is wrong, without its value.
    pub fn open(url: &str) -> Result<Self, String> {
        let url = url.trim_end_matches('/');
        let (scheme, rest) = url.split_once("://").ok_or(ACCEPTED)?;
        let (store, prefix): (Box<dyn ObjectStore>, _) = match scheme {
            "s3" => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_name_byte) {
                    return Err(String::from(ACCEPTED));
                }
                (s3::store(bucket)?, Path::parse(prefix).map_err(|_| ACCEPTED)?)
            }
            "file" if rest.starts_with('/') => {
                let store = LocalFileSystem::new_with_prefix(rest).map_err(|_| ACCEPTED)?;
                (Box::new(store.with_fsync(true)), Path::default())
            }
            _ => return Err(String::from(ACCEPTED)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(Inner { url: url.to_owned(), prefix, store, runtime })))
    }

    /// Its URL, for people. An archive's URL has no credentials.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Runs a future to completion on this thread.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.runtime.block_on(future)
    }

    /// The key of a segment whose lines have this CRC, and the first of them this time.
    pub fn key(&self, pod: &OsStr, segment: &Segment, first: DateTime<Utc>, crc: u32) -> Path {
        let name = segment.name(Form::Gz);
        let number_and_time =
            name.strip_prefix(segment.stream.as_str()).and_then(|rest| rest.strip_suffix(ENDING)).unwrap_or(&name);
        let parts = [
            format!("{STREAM}{}", segment.stream.as_str().replace('/', SLASH)),
            format!("{DATE}{}", first.format("%Y-%m-%d")),
            format!("{}{number_and_time}.{crc:08x}{ENDING}", escaped(pod)),
        ];
        self.0.prefix.parts().chain(parts.iter().map(|part| PathPart::from(part.as_str()))).collect()
    }

    /// The URL of a key.
    pub fn address(&self, key: &Path) -> String {
        let parts: Vec<_> = key.prefix_match(&self.0.prefix).into_iter().flatten().map(|part| part.as_ref().to_owned()).collect();
        format!("{}/{}", self.0.url, parts.join("/"))
    }

    /// Checks whether an address in this archive is that of a pod's segment.
    pub fn is_address_of(&self, address: &str, pod: &OsStr, segment: &Segment) -> bool {
        let relative = address.strip_prefix(self.url()).and_then(|rest| rest.strip_prefix('/'));
        // Addresses of the first keys have no ending.
        let relative = relative.map(|relative| format!("{}{ENDING}", relative.trim_end_matches(ENDING)));
        let found = relative.and_then(|relative| parse(Path::parse(relative).ok()?.parts()));
        found.is_some_and(|(of, found, _)| of == PathPart::from(escaped(pod)).as_ref() && found == *segment)
    }

    /// Uploads a segment of `bytes` bytes unless it is there, and says whether it was uploaded.
    pub async fn put(&self, key: &Path, file: &File, bytes: u64) -> Result<bool, ArchiveError> {
        match self.stat(key, bytes).await? {
            RemoteState::Segment => return Ok(false),
            RemoteState::Missing if bytes <= PART => match self.put_whole(key, file, bytes, PutMode::Create).await {
                // Somebody else was faster, or wrote at the same moment.
                Err(ArchiveError::Exists(_)) if self.stat(key, bytes).await? == RemoteState::Segment => return Ok(false),
                // A store that can't do it under a condition.
                Err(ArchiveError::Unsupported(_)) => self.put_whole(key, file, bytes, PutMode::Overwrite).await?,
                done => done?,
            },
            RemoteState::Other if bytes <= PART => self.put_whole(key, file, bytes, PutMode::Overwrite).await?,
            RemoteState::Missing | RemoteState::Other => self.put_parts(key, file, bytes).await?,
        }
        Ok(true)
    }

    /// Asks with a GET of one byte: the answer to a HEAD says of an error neither whether it is the bucket that is missing,
    /// nor which credential is wrong.
    async fn stat(&self, key: &Path, bytes: u64) -> Result<RemoteState, ArchiveError> {
        let options = GetOptions { range: Some(GetRange::Bounded(0..1)), ..GetOptions::default() };
        match self.0.store.get_opts(key, options).await {
            Ok(found) if found.meta.size == bytes => Ok(RemoteState::Segment),
            Ok(_) => Ok(RemoteState::Other),
            Err(error @ object_store::Error::NotFound { .. }) if !error.to_string().contains("NoSuchBucket") => {
                Ok(RemoteState::Missing)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn put_whole(&self, key: &Path, file: &File, bytes: u64, mode: PutMode) -> Result<(), ArchiveError> {
        let payload = PutPayload::from(read(file, 0, bytes)?);
        self.0.store.put_opts(key, payload, mode.into()).await?;
        Ok(())
    }

    async fn put_parts(&self, key: &Path, file: &File, bytes: u64) -> Result<(), ArchiveError> {
        let part = PART.max(bytes / PARTS + 1);
        let mut upload = self.0.store.put_multipart(key).await?;
        let mut at = 0;
        let done = loop {
            if at == bytes {
                break upload.complete().await.map(drop).map_err(ArchiveError::from);
            }
            let length = part.min(bytes - at);
            let sent = match read(file, at, length) {
                Ok(bytes) => upload.put_part(bytes.into()).await.map_err(ArchiveError::from),
                Err(error) => Err(error.into()),
            };
            if sent.is_err() {
                break sent;
            }
            at += length;
        };
        if done.is_err() {
            // Parts that stay behind are the bucket's lifecycle rule's to remove; the first error is the one to hear of.
            let _ = upload.abort().await;
        }
        done
    }

    /// The archived segments of the selected streams and pods; those of which no line can be in the time range may be left out.
    ///
    /// # Errors
    /// The store's, and [`ArchiveError::TooMany`] where there are more keys to go through than one command may hold.
    pub fn list(&self, wanted: &Wanted<'_>) -> Result<Archived, ArchiveError> {
        self.list_at_most(wanted, MOST_KEYS)
    }

    fn list_at_most(&self, wanted: &Wanted<'_>, most: usize) -> Result<Archived, ArchiveError> {
        let Inner { prefix, store, .. } = &*self.0;
        let mut pods = Archived::new();
        let mut keys = 0;
        self.block_on(async {
            for folder in self.folders(wanted).await? {
                let mut found = store.list(Some(&folder));
                while let Some(meta) = found.try_next().await? {
                    keys += 1;
                    if keys > most {
                        return Err(ArchiveError::TooMany);
                    }
                    let Some((pod, segment, crc)) = meta.location.prefix_match(prefix).and_then(parse) else { continue };
                    if (wanted.is_pod)(&pod) && wanted.stream.is_none_or(|stream| *stream == segment.stream) {
                        let object = Object { archive: self.clone(), key: meta.location, bytes: meta.size, crc };
                        pods.entry(pod).or_default().insert(segment, object);
                    }
                }
            }
            Ok(pods)
        })
    }

    /// The folders that may hold wanted segments: of a stream and date, of a stream, or, of the first keys, of a pod.
    async fn folders(&self, wanted: &Wanted<'_>) -> Result<Vec<Path>, ArchiveError> {
        let Inner { prefix, store, .. } = &*self.0;
        let date = |time: DateTime<Utc>| format!("{DATE}{}", time.format("%Y-%m-%d"));
        // A segment may go on for a day after its first line.
        let (since, until) = (wanted.since.map(|since| date(since - TimeDelta::days(1))), wanted.until.map(date));
        let all = store.list_with_delimiter(Some(prefix)).await?.common_prefixes;
        let (streams, mut folders): (Vec<_>, Vec<_>) = all.into_iter().partition(is_stream);
        folders.retain(|pod| pod.filename().is_some_and(wanted.is_pod));
        let of_stream = wanted.stream.map(|stream| format!("{STREAM}{stream}"));
        for stream in streams {
            if of_stream.as_deref().is_some_and(|wanted| stream.filename() != Some(wanted)) {
                continue;
            }
            if since.is_none() && until.is_none() {
                folders.push(stream);
                continue;
            }
            let dates = store.list_with_delimiter(Some(&stream)).await?.common_prefixes;
            folders.extend(dates.into_iter().filter(|folder| {
                let date = folder.filename().unwrap_or_default();
                since.as_deref().is_none_or(|since| date >= since) && until.as_deref().is_none_or(|until| date <= until)
            }));
        }
        Ok(folders)
    }
}

impl Archive {
    /// Returns the highest sequence number of each stream of `pod` within the last dates of the archive.
    pub fn last_numbers(&self, pod: &OsStr) -> Result<BTreeMap<Stream, u64>, ArchiveError> {
        let Inner { prefix, store, .. } = &*self.0;
        let pod = PathPart::from(escaped(pod));
        let mut numbers = BTreeMap::new();
        self.block_on(async {
            let streams = store.list_with_delimiter(Some(prefix)).await?.common_prefixes;
            for stream in streams.into_iter().filter(is_stream) {
                let mut dates = store.list_with_delimiter(Some(&stream)).await?.common_prefixes;
                dates.sort();
                for date in dates.into_iter().rev().take(LAST_DATES) {
                    let offset = date.clone().join(format!("{}.", pod.as_ref()));
                    let mut found = store.list_with_offset(Some(&date), &offset);
                    while let Some(meta) = found.try_next().await? {
                        let key = meta.location.prefix_match(prefix).and_then(parse);
                        if let Some((_, segment, _)) = key.filter(|(of, ..)| of == pod.as_ref()) {
                            let highest = numbers.entry(segment.stream).or_default();
                            *highest = segment.sequence.max(*highest);
                        }
                    }
                }
            }
            Ok(numbers)
        })
    }
}

fn is_stream(folder: &Path) -> bool {
    folder.filename().is_some_and(|name| name.starts_with(STREAM))
}

/// Pod, segment and CRC of a key behind the prefix; `None` for one that is no segment's. The first keys were
/// `<pod>/<stream>/<sequence>.<time>.<crc>.log.gz`.
fn parse<'a>(mut parts: impl Iterator<Item = PathPart<'a>>) -> Option<(String, Segment, u32)> {
    let (first, second, name) = (parts.next()?, parts.next()?, parts.next()?);
    let (rest, crc) = name.as_ref().strip_suffix(ENDING)?.rsplit_once('.')?;
    let (rest, time) = rest.rsplit_once('.').unwrap_or(("", rest));
    let (pod, stream, number) = match first.as_ref().strip_prefix(STREAM) {
        Some(stream) => rest.rsplit_once('.').map(|(pod, number)| (pod, stream, number))?,
        None => (first.as_ref(), second.as_ref(), rest),
    };
    let FileName::Segment(segment, Form::Gz) =
        FileName::parse(&format!("{}.{number}.{time}{ENDING}", stream.replace(SLASH, "/")))?
    else {
        return None;
    };
    let crc = (crc.len() == 8).then(|| u32::from_str_radix(crc, 16).ok())??;
    parts.next().is_none().then(|| (pod.to_owned(), segment, crc))
}

fn read(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// An archived segment.
#[derive(Debug, Clone)]
pub struct Object {
    archive: Archive,
    key: Path,
    /// Its compressed length.
    pub bytes: u64,
    /// CRC-32 of its lines, as its key says.
    pub crc: u32,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "archived {}", self.key)
    }
}

impl ReadAt for Object {
    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let end = self.bytes.min(at + buffer.len() as u64);
        if at >= end {
            return Ok(0);
        }
        let got = self.archive.block_on(self.archive.0.store.get_range(&self.key, at..end));
        let got = got.map_err(|error| io::Error::other(ArchiveError::from(error)))?;
        let count = got.len().min(buffer.len());
        buffer[..count].copy_from_slice(&got[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn bad_address_error_names_the_format() {
        for url in [
            "",
            "s3",
            "s3://",
            "s3://x",
            "s3://user:password@bucket",
            "s3://bucket?a",
            "s3://a b/c",
            "gs://bucket",
            "file://dir",
            "file:///nowhere/at/all",
        ] {
            assert_eq!(Archive::open(url).unwrap_err(), ACCEPTED, "{url}");
        }
    }

    #[test]
    fn listing_is_bounded_and_narrowed() {
        let temp = tempfile::tempdir().unwrap();
        let archive = Archive::open(&format!("file://{}", temp.path().display())).unwrap();
        let Inner { url, prefix, runtime, .. } = Arc::into_inner(archive.0).unwrap();
        let archive = Archive(Arc::new(Inner { url, prefix, runtime, store: Box::new(InMemory::new()) }));
        let put = |key: String| archive.block_on(archive.0.store.put(&key.into(), PutPayload::new())).unwrap();
        for n in 1..=100 {
            put(format!("stream=access/date=2026-07-{:02}/pod-1.{n:06}.20260723T101112Z.00000001.log.gz", n % 2 + 1));
        }
        put(String::from("stream=err/date=2026-07-02/pod-2.000001.20260723T101112Z.00000001.log.gz"));
        let (all, one) = (|_: &str| true, |pod: &str| pod == "pod-2");
        let stream = |name: &str| Some(name.parse::<Stream>().unwrap());
        let count = |is_pod: &dyn Fn(&str) -> bool, stream: Option<Stream>, since: Option<&str>| {
            let since = since.map(|since| since.parse().unwrap());
            let listed = archive.list_at_most(&Wanted { is_pod, stream: stream.as_ref(), since, until: None }, 100);
            listed.map(|pods| pods.values().map(BTreeMap::len).sum::<usize>())
        };
        assert!(matches!(count(&all, None, None), Err(ArchiveError::TooMany)));
        assert_eq!(count(&all, stream("access"), None).unwrap(), 100);
        assert_eq!(count(&all, None, Some("2026-07-03T00:00:00Z")).unwrap(), 51);
        assert_eq!(count(&one, None, Some("2026-07-03T00:00:00Z")).unwrap(), 1);
    }

    #[test]
    fn keys_old_and_new_are_read_back() {
        let temp = tempfile::tempdir().unwrap();
        let archive = Archive::open(&format!("file://{}/", temp.path().display())).unwrap();
        let FileName::Segment(segment, _) = FileName::parse("access.000007.20260723T101112Z.log").unwrap() else {
            unreachable!()
        };
        let pod = OsStr::new("default_petclinic-1_0f");
        let first = "2026-07-22T23:59:59Z".parse().unwrap();
        let key = archive.key(pod, &segment, first, 0xab);
        assert_eq!(key.as_ref(), "stream=access/date=2026-07-22/default_petclinic-1_0f.000007.20260723T101112Z.000000ab.log.gz");
        assert_eq!(parse(key.parts()), Some((String::from("default_petclinic-1_0f"), segment.clone(), 0xab)));
        assert!(archive.is_address_of(&archive.address(&key), pod, &segment));
        let old = "default_petclinic-1_0f/access/000007.20260723T101112Z.000000ab";
        let parsed = parse(Path::parse(format!("{old}.log.gz")).unwrap().parts());
        assert_eq!(parsed, Some((String::from("default_petclinic-1_0f"), segment.clone(), 0xab)));
        assert!(archive.is_address_of(&format!("{}/{old}", archive.url()), pod, &segment));
        assert!(!archive.is_address_of(&format!("file:///elsewhere/{old}"), pod, &segment));
        assert!(!archive.is_address_of(&format!("{}/{old}", archive.url()), OsStr::new("other"), &segment));
        let strange = archive.key(OsStr::new("a b\n/é"), &segment, first, 1);
        assert_eq!(parse(strange.parts()).unwrap().1, segment);
        assert!(archive.is_address_of(&archive.address(&strange), OsStr::new("a b\n/é"), &segment));
        for name in [
            "pod/access/000007.20260723T101112Z.log.gz",
            "pod/access/x.00000001.log.gz",
            "pod/000007.20260723T101112Z.00000001.log.gz",
            "stream=access/date=2026-07-23/000007.20260723T101112Z.00000001.log.gz",
            "stream=access/pod.000007.20260723T101112Z.00000001.log.gz",
        ] {
            assert_eq!(parse(Path::parse(name).unwrap().parts()), None, "{name}");
        }
    }
}
