//! What should happen, apart from doing it: a listing and the policy in, actions out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use handoff::{Segment, Stream};

/// The rules that an operator sets.
#[derive(Debug, Clone)]
pub struct Policy {
    /// A live file of at least this many bytes is rotated.
    pub rotate_bytes: u64,
    /// A live file of at least this age is rotated.
    pub rotate_age: Duration,
    /// So many segments of a stream are kept, the newest.
    pub keep_segments: usize,
    /// Segments closed longer ago than this are not kept, but for the newest, whose number counts.
    pub keep_age: Option<Duration>,
    /// Gzip's level, 1 to 9.
    pub compress_level: u32,
}

impl Policy {
    /// Rotate whatever has lines.
    pub const AT_ONCE: Self =
        Self { rotate_bytes: 1, rotate_age: Duration::ZERO, keep_segments: usize::MAX, keep_age: None, compress_level: 1 };
}

/// How long a directory's lock must be free before its pod counts as dead: after a reboot nobody holds one.
const GRACE: Duration = Duration::from_mins(5);

/// The rules for a node.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For how long after its last line a dead pod's directory stays.
    pub orphan_age: Duration,
    /// Bytes that the segments and live files of all pods may take.
    pub quota: Option<u64>,
}

impl Limits {
    /// How long a directory's lock must be free.
    pub fn grace(&self) -> Duration {
        self.orphan_age.min(GRACE)
    }
}

/// What a pod's directory holds.
#[derive(Debug, Default, Clone)]
pub struct Listing {
    /// Live files, those with nothing in them too.
    pub live: Vec<LiveFile>,
    /// Segments in the order of their streams and sequence numbers.
    pub segments: BTreeMap<Segment, Forms>,
    /// Compressed forms that turned out damaged and were set aside, by the segment that they were to be.
    pub quarantined: Vec<(Segment, String)>,
    /// Segments that have to be archived first; none without an archive.
    pub waiting: BTreeSet<Segment>,
    /// Temporary files of compressions that did not end.
    pub temporary: Vec<String>,
}

/// A stream's live file.
#[derive(Debug, Clone)]
pub struct LiveFile {
    /// Its stream.
    pub stream: Stream,
    /// Its length.
    pub bytes: u64,
    /// For how long it has had lines.
    pub age: Duration,
}

/// The bytes of each form in which a segment is there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Forms {
    /// Of the file as it was written.
    pub plain: Option<u64>,
    /// Of the compressed file.
    pub gz: Option<u64>,
}

/// A live file that becomes a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// What it becomes.
    pub segment: Segment,
    /// Why.
    pub reason: Reason,
}

/// Why something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `ROTATE_BYTES` is reached.
    Size,
    /// `ROTATE_AGE` is reached.
    Age,
    /// The pod has ended, and nobody writes to it any more.
    End,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "size",
            Self::Age => "age",
            Self::End => "end",
        })
    }
}

/// Why a segment isn't kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionReason {
    /// `KEEP_SEGMENTS` newer ones are there.
    Count,
    /// It is older than `KEEP_AGE`.
    Age,
}

impl fmt::Display for RetentionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Age => "age",
        })
    }
}

/// Work on what is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Remove a temporary file.
    RemoveTemp(String),
    /// Remove a segment, in all its forms, that the policy doesn't keep.
    Remove(Segment, RetentionReason),
    /// Remove a damaged compressed form whose segment is gone.
    RemoveQuarantined(String),
    /// Compress a plain segment, or decide between its two forms.
    Compress(Segment),
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.reason {
            Reason::Size => "it has reached ROTATE_BYTES",
            Reason::Age => "it has reached ROTATE_AGE",
            Reason::End => "nobody writes to it any more",
        };
        write!(f, "rotate {} to {}: {why}", self.segment.stream.live_name(), self.segment)
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RemoveTemp(name) => write!(f, "remove {name}: left by a compression that did not end"),
            Self::Remove(segment, RetentionReason::Count) => write!(f, "remove {segment}: KEEP_SEGMENTS newer ones are there"),
            Self::Remove(segment, RetentionReason::Age) => write!(f, "remove {segment}: it is older than KEEP_AGE"),
            Self::RemoveQuarantined(name) => write!(f, "remove {name}: its segment is gone"),
            Self::Compress(segment) => write!(f, "compress {segment}: it is closed"),
        }
    }
}

/// The live files with lines, to rotate at the end of their pod.
pub fn final_rotations(listing: &Listing, last_sequence: &BTreeMap<Stream, u64>, now: DateTime<Utc>) -> Vec<Rotation> {
    let rotations = rotations(listing, &Policy::AT_ONCE, last_sequence, now);
    rotations.into_iter().map(|rotation| Rotation { reason: Reason::End, ..rotation }).collect()
}

/// The live files to rotate at `now`. `last_sequence` holds the highest sequence numbers given out so far, for listings that
/// were read while a name changed.
pub fn rotations(listing: &Listing, policy: &Policy, last_sequence: &BTreeMap<Stream, u64>, now: DateTime<Utc>) -> Vec<Rotation> {
    let due = |live: &LiveFile| match live.bytes {
        0 => None,
        bytes if bytes >= policy.rotate_bytes => Some(Reason::Size),
        _ if live.age >= policy.rotate_age => Some(Reason::Age),
        _ => None,
    };
    let rotate = |live: &LiveFile| {
        let reason = due(live)?;
        let sequence = highest(listing, &live.stream).max(last_sequence.get(&live.stream).copied().unwrap_or(0)) + 1;
        Some(Rotation { segment: Segment::new(live.stream.clone(), sequence, now), reason })
    };
    listing.live.iter().filter_map(rotate).collect()
}

/// The work that waits, in the order in which it is done: what makes room comes first.
pub fn work(listing: &Listing, policy: &Policy, now: DateTime<Utc>) -> Vec<Work> {
    let too_old =
        |segment: &Segment| policy.keep_age.is_some_and(|limit| (now - segment.time).to_std().is_ok_and(|age| age > limit));
    let mut kept: HashMap<&Stream, usize> = HashMap::new();
    let (mut remove, mut compress) = (Vec::new(), Vec::new());
    for (segment, forms) in listing.segments.iter().rev() {
        let count = kept.entry(&segment.stream).or_default();
        *count += 1;
        let reason = if *count > policy.keep_segments {
            Some(RetentionReason::Count)
        } else {
            (*count > 1 && too_old(segment)).then_some(RetentionReason::Age)
        };
        if let Some(reason) = reason.filter(|_| !listing.waiting.contains(segment)) {
            remove.push((segment, reason));
        } else if forms.plain.is_some() {
            compress.push(Work::Compress(segment.clone()));
        }
    }
    let gone =
        |segment: &Segment| remove.iter().any(|(removed, _)| *removed == segment) || !listing.segments.contains_key(segment);
    let aside: Vec<_> = listing.quarantined.iter().filter(|(segment, _)| gone(segment)).collect();
    let mut work: Vec<_> = listing.temporary.iter().cloned().map(Work::RemoveTemp).collect();
    work.extend(aside.into_iter().map(|(_, name)| Work::RemoveQuarantined(name.clone())));
    work.extend(remove.into_iter().rev().map(|(segment, reason)| Work::Remove(segment.clone(), reason)));
    work.extend(compress.into_iter().rev());
    work
}

/// The segments that can go to the archive, the oldest first.
pub fn uploads(listing: &Listing) -> Vec<Segment> {
    let compressed = |segment: &&Segment| listing.segments.get(segment).is_some_and(|forms| forms.plain.is_none());
    let mut uploads: Vec<_> = listing.waiting.iter().filter(compressed).cloned().collect();
    uploads.sort_by_key(|segment| (segment.time, segment.sequence));
    uploads
}

/// What the quota makes of a compressed segment of any pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate<P> {
    /// It isn't archived yet, so that its lines are nowhere else.
    pub waiting: bool,
    /// When its last line was written.
    pub modified: DateTime<Utc>,
    /// Where it is.
    pub place: P,
    /// Its length.
    pub bytes: u64,
}

/// The segments to remove so that `total` bytes come down to `quota`: what is archived comes first, then the oldest.
pub fn over_quota<P: Ord>(mut candidates: Vec<Candidate<P>>, mut total: u64, quota: u64) -> Vec<Candidate<P>> {
    candidates.sort();
    candidates.retain(|candidate| {
        let over = total > quota;
        if over {
            total = total.saturating_sub(candidate.bytes);
        }
        over
    });
    candidates
}

fn highest(listing: &Listing, stream: &Stream) -> u64 {
    let named = listing.segments.keys().chain(listing.quarantined.iter().map(|(segment, _)| segment));
    named.filter(|segment| segment.stream == *stream).map(|segment| segment.sequence).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(1_784_801_472_000_000_000);

    #[test]
    fn old_segments_go_but_the_newest_stays() {
        let forms = Forms { plain: None, gz: Some(1) };
        let listing = |day| Listing { segments: (1..=3).map(|n| (segment("a", n, day), forms)).collect(), ..Listing::default() };
        let policy = Policy { keep_age: Some(Duration::from_hours(24)), ..policy(9) };
        let removed = |n| Work::Remove(segment("a", n, 20), RetentionReason::Age);
        assert_eq!(work(&listing(20), &policy, NOW), [removed(1), removed(2)]);
        assert_eq!(work(&listing(23), &policy, NOW), []);
        // A clock that has gone back makes nothing old.
        assert_eq!(work(&listing(27), &policy, NOW), []);
    }

    fn policy(keep_segments: usize) -> Policy {
        Policy { rotate_bytes: 100, rotate_age: Duration::from_mins(1), keep_segments, keep_age: None, compress_level: 4 }
    }

    fn segment(stream: &str, sequence: u64, day: u32) -> Segment {
        let time = format!("2026-07-{day:02}T10:11:12Z").parse().unwrap();
        Segment::new(stream.parse().unwrap(), sequence, time)
    }

    fn listing() -> impl Strategy<Value = Listing> {
        let forms = prop_oneof![
            Just(Forms { plain: Some(1), gz: None }),
            Just(Forms { plain: None, gz: Some(1) }),
            Just(Forms { plain: Some(1), gz: Some(1) }),
        ];
        let segments = prop::collection::btree_map(("[ab]", 0..40_u64, 1..28_u32), forms, 0..30);
        let live = prop::collection::vec((0..200_u64, 0..120_u64), 0..2);
        (segments, live).prop_map(|(segments, live)| Listing {
            live: live
                .into_iter()
                .zip(["a", "b"])
                .map(|((bytes, age), stream)| LiveFile { stream: stream.parse().unwrap(), bytes, age: Duration::from_secs(age) })
                .collect(),
            segments: segments.into_iter().map(|((stream, n, day), forms)| (segment(&stream, n, day), forms)).collect(),
            ..Listing::default()
        })
    }

    proptest! {
        #[test]
        fn a_rotation_is_due_and_its_number_is_new(listing in listing(), last_sequence in 0..60_u64) {
            let now = "2026-07-23T10:11:12Z".parse().unwrap();
            let last_sequence = BTreeMap::from([("a".parse().unwrap(), last_sequence)]);
            let planned = rotations(&listing, &policy(3), &last_sequence, now);
            for live in &listing.live {
                let rotation = planned.iter().find(|rotation| rotation.segment.stream == live.stream);
                prop_assert_eq!(rotation.is_some(), live.bytes > 0 && (live.bytes >= 100 || live.age.as_secs() >= 60));
                if let Some(Rotation { segment, .. }) = rotation {
                    prop_assert!(listing.segments.keys().all(|old| old.stream != segment.stream || old.sequence < segment.sequence));
                    prop_assert!(last_sequence.get(&segment.stream).is_none_or(|last_sequence| *last_sequence < segment.sequence));
                }
            }
        }

        #[test]
        fn the_newest_segments_of_each_stream_stay(listing in listing(), keep in 1..10_usize) {
            let work = work(&listing, &policy(keep), NOW);
            for stream in ["a", "b"] {
                let of_stream: Vec<_> = listing.segments.keys().filter(|segment| segment.stream.as_str() == stream).collect();
                let (old, new) = of_stream.split_at(of_stream.len().saturating_sub(keep));
                prop_assert!(old.iter().all(|segment| work.contains(&Work::Remove((*segment).clone(), RetentionReason::Count))));
                for segment in new {
                    prop_assert!(!work.contains(&Work::Remove((*segment).clone(), RetentionReason::Count)));
                    let waits = listing.segments[*segment].plain.is_some();
                    prop_assert_eq!(work.contains(&Work::Compress((*segment).clone())), waits);
                }
            }
        }
    }

    #[test]
    fn what_is_not_archived_is_compressed_and_kept_and_uploaded_in_the_order_of_time() {
        let (plain, gz) = (Forms { plain: Some(1), gz: None }, Forms { plain: None, gz: Some(1) });
        let mut listing = Listing { segments: (1..=4).map(|n| (segment("a", n, 20), gz)).collect(), ..Listing::default() };
        listing.segments.insert(segment("a", 5, 20), plain);
        listing.segments.insert(segment("b", 9, 19), gz);
        listing.waiting = [segment("a", 2, 20), segment("a", 4, 20), segment("a", 5, 20), segment("b", 9, 19)].into();
        let expected = [1, 3]
            .map(|n| Work::Remove(segment("a", n, 20), RetentionReason::Count))
            .into_iter()
            .chain([Work::Compress(segment("a", 5, 20))]);
        assert_eq!(work(&listing, &policy(1), NOW), expected.collect::<Vec<_>>());
        assert_eq!(uploads(&listing), [segment("b", 9, 19), segment("a", 2, 20), segment("a", 4, 20)]);
    }

    proptest! {
        #[test]
        fn the_quota_takes_no_more_than_it_must_and_what_is_archived_first(
            segments in prop::collection::vec((any::<bool>(), 0..50_i64, 1..100_u64), 0..20), live in 0..500_u64, quota in 1..1000_u64,
        ) {
            let candidates: Vec<_> = segments.iter().enumerate().map(|(place, (waiting, second, bytes))| Candidate {
                waiting: *waiting, modified: NOW + chrono::TimeDelta::seconds(*second), place, bytes: *bytes,
            }).collect();
            let total = live + candidates.iter().map(|candidate| candidate.bytes).sum::<u64>();
            let removed = over_quota(candidates.clone(), total, quota);
            let left = total - removed.iter().map(|candidate| candidate.bytes).sum::<u64>();
            prop_assert!(left <= quota || removed.len() == candidates.len());
            prop_assert!(removed.last().is_none_or(|last| left + last.bytes > quota));
            for kept in candidates.iter().filter(|candidate| !removed.contains(candidate)) {
                prop_assert!(removed.iter().all(|gone| (gone.waiting, gone.modified) <= (kept.waiting, kept.modified)));
            }
        }
    }

    #[test]
    fn what_was_set_aside_goes_with_its_segment() {
        let (old, new) = (segment("a", 1, 1), segment("a", 2, 2));
        let forms = Forms { plain: None, gz: Some(1) };
        let listing = Listing {
            segments: BTreeMap::from([(old.clone(), forms), (new.clone(), forms)]),
            quarantined: vec![(old.clone(), "old".into()), (new, "new".into()), (segment("a", 0, 1), "oldest".into())],
            temporary: vec!["temporary".into()],
            ..Listing::default()
        };
        let expected = [
            Work::RemoveTemp("temporary".into()),
            Work::RemoveQuarantined("old".into()),
            Work::RemoveQuarantined("oldest".into()),
            Work::Remove(old, RetentionReason::Count),
        ];
        assert_eq!(work(&listing, &policy(1), NOW), expected);
    }
}
