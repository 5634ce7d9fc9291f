//! Decisions without actions: a survey and the policy in, planned actions out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use handoff::{Segment, Stream};

use crate::log_files::LogFiles;
use crate::survey::{LiveFile, Now, RolledFile, Survey};

/// The rules that an operator sets.
#[derive(Debug, Clone)]
pub struct Policy {
    /// A live file of at least this many bytes is rotated.
    pub rotate_bytes: u64,
    /// A live file of at least this age is rotated.
    pub rotate_age: Duration,
    /// Number of newest segments that are kept per stream.
    pub keep_segments: usize,
    /// Segments closed longer ago than this are not kept, but for the newest, whose number counts.
    pub keep_age: Option<Duration>,
    /// Gzip's level, 1 to 9.
    pub compress_level: u32,
    /// The files that are managed.
    pub log_files: LogFiles,
}

impl Policy {
    /// Rotate whatever has lines.
    pub const AT_ONCE: Self = Self {
        rotate_bytes: 1,
        rotate_age: Duration::ZERO,
        keep_segments: usize::MAX,
        keep_age: None,
        compress_level: 1,
        log_files: LogFiles::ANY,
    };

    /// Rotates a file with lines however young it is.
    #[must_use]
    pub fn without_age(self) -> Self {
        Self { rotate_age: Duration::ZERO, ..self }
    }
}

/// Time a directory's lock must be free before its pod counts as dead: after a reboot no lock is held.
const GRACE: Duration = Duration::from_mins(5);

/// The time for which an age limit waits where the clock may be wrong.
pub const CLOCK_GRACE: Duration = Duration::from_hours(6);

/// The rules for a node.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time that a dead pod's directory is kept after its last line.
    pub orphan_age: Duration,
    /// Bytes that the segments and live files of all pods may take.
    pub quota: Option<u64>,
}

impl Limits {
    /// Time a directory's lock must be free.
    pub fn grace(&self) -> Duration {
        self.orphan_age.min(GRACE)
    }
}

/// A live file that becomes a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The segment that it becomes.
    pub segment: Segment,
    /// The reason.
    pub reason: Reason,
}

/// The reason for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `ROTATE_BYTES` is reached.
    Size,
    /// `ROTATE_AGE` is reached.
    Age,
    /// The pod has ended, and the file has no writer left.
    End,
    /// Its program has closed it.
    Program,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "size",
            Self::Age => "age",
            Self::End => "end",
            Self::Program => "program",
        })
    }
}

/// The reason for removing a segment.
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
            Reason::End => "it has no writer",
            Reason::Program => "its program has closed it",
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

/// Returns the rotations of all live files with lines, at the end of their pod.
pub fn final_rotations(survey: &Survey, last_sequence: &BTreeMap<Stream, u64>, now: DateTime<Utc>) -> Vec<Rotation> {
    let with_lines = survey.live.iter().filter(|live| live.bytes > 0);
    let rotate =
        |live: &LiveFile| Rotation { segment: next_segment(survey, &live.stream, last_sequence, now), reason: Reason::End };
    with_lines.map(rotate).collect()
}

/// Returns the rotations that are due. `last_sequence` holds the highest numbers given out so far, a lower bound. The live file of
/// a program that rotates by itself is left to it.
pub fn rotations(survey: &Survey, policy: &Policy, last_sequence: &BTreeMap<Stream, u64>, now: DateTime<Utc>) -> Vec<Rotation> {
    let due = |live: &LiveFile| match live.bytes {
        0 => None,
        _ if live.is_rolling => None,
        bytes if bytes >= policy.rotate_bytes => Some(Reason::Size),
        _ if live.age >= policy.rotate_age => Some(Reason::Age),
        _ => None,
    };
    let rotate =
        |live: &LiveFile| Some(Rotation { reason: due(live)?, segment: next_segment(survey, &live.stream, last_sequence, now) });
    survey.live.iter().filter_map(rotate).collect()
}

/// Returns the segment that follows all others of a stream.
pub fn next_segment(survey: &Survey, stream: &Stream, last_sequence: &BTreeMap<Stream, u64>, now: DateTime<Utc>) -> Segment {
    let last = highest(survey, stream).max(last_sequence.get(stream).copied().unwrap_or(0));
    Segment::new(stream.clone(), last.saturating_add(1), now)
}

/// Returns the files with lines that programs have closed by themselves, or are writing, in the order of their streams and lines.
pub fn rolled(survey: &Survey) -> Vec<RolledFile> {
    let mut rolled: Vec<_> = survey.rolled.iter().filter(|file| file.bytes > 0).cloned().collect();
    rolled.sort_by(|a, b| a.rolled.stream.cmp(&b.rolled.stream).then_with(|| a.cmp_by_lines(b)));
    rolled
}

/// Returns the pending work in the order in which it is to be done: work that frees space comes first.
pub fn work(survey: &Survey, policy: &Policy, now: Now) -> Vec<Work> {
    let too_old = |segment: &Segment| {
        let first_seen = survey.first_seen.get(segment).unwrap_or(&now);
        policy.keep_age.is_some_and(|limit| is_older(segment.time, limit, *first_seen, now))
    };
    let mut kept: HashMap<&Stream, usize> = HashMap::new();
    let (mut remove, mut compress) = (Vec::new(), Vec::new());
    for (segment, forms) in survey.segments.iter().rev() {
        let count = kept.entry(&segment.stream).or_default();
        *count += 1;
        let reason = if *count > policy.keep_segments {
            Some(RetentionReason::Count)
        } else {
            (*count > 1 && too_old(segment)).then_some(RetentionReason::Age)
        };
        if let Some(reason) = reason.filter(|_| !survey.unarchived.contains(segment)) {
            remove.push((segment, reason));
        } else if forms.plain.is_some() {
            compress.push(Work::Compress(segment.clone()));
        }
    }
    let gone =
        |segment: &Segment| remove.iter().any(|(removed, _)| *removed == segment) || !survey.segments.contains_key(segment);
    let quarantined: Vec<_> = survey.quarantined.iter().filter(|(segment, _)| gone(segment)).collect();
    let mut work: Vec<_> = survey.temporary.iter().cloned().map(Work::RemoveTemp).collect();
    work.extend(quarantined.into_iter().map(|(_, name)| Work::RemoveQuarantined(name.clone())));
    work.extend(remove.into_iter().rev().map(|(segment, reason)| Work::Remove(segment.clone(), reason)));
    work.extend(compress.into_iter().rev());
    work
}

/// Returns true if something of `time` is older than `limit`, by a clock that may be wrong.
///
/// An age grows with the monotonic clock from the first sight on, so that a jump makes nothing old. Something that was too
/// old at first sight waits for [`CLOCK_GRACE`]: either this process has just started, or the clock is wrong, and then
/// there is time to set it.
pub fn is_older(time: DateTime<Utc>, limit: Duration, first_seen: Now, now: Now) -> bool {
    let age = |at: DateTime<Utc>| (at - time).to_std().unwrap_or_default();
    let observed = now.monotonic.saturating_duration_since(first_seen.monotonic);
    let at_first = age(first_seen.wall);
    let trusted = at_first <= limit || observed >= limit.min(CLOCK_GRACE);
    trusted && age(now.wall).min(at_first + observed) > limit
}

/// Returns the segments that can be uploaded, the oldest first.
pub fn uploads(survey: &Survey) -> Vec<Segment> {
    let compressed = |segment: &&Segment| survey.segments.get(segment).is_some_and(|forms| forms.plain.is_none());
    let mut uploads: Vec<_> = survey.unarchived.iter().filter(compressed).cloned().collect();
    uploads.sort_by_key(|segment| (segment.time, segment.sequence));
    uploads
}

/// A compressed segment of any pod, which the quota may remove.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate<P> {
    /// It isn't archived, so that its lines are nowhere else.
    pub unarchived: bool,
    /// The time of its last line.
    pub modified: DateTime<Utc>,
    /// Its pod.
    pub pod: P,
    /// Its file name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// Returns the segments to remove so that the bytes in `usage`, by pod, come down to `quota`.
///
/// The pod that uses most pays first, and none is brought below an equal share of the quota: a pod whose files can't be
/// removed doesn't cost its neighbours theirs. Archived segments go before any other, then the oldest.
pub fn over_quota<P: Ord + Clone>(
    mut candidates: Vec<Candidate<P>>,
    mut usage: BTreeMap<P, u64>,
    quota: u64,
) -> Vec<Candidate<P>> {
    candidates.sort();
    let share = quota / (usage.len() as u64).max(1);
    let mut removed = Vec::new();
    while usage.values().sum::<u64>() > quota {
        let used = |candidate: &Candidate<P>| usage.get(&candidate.pod).copied().unwrap_or(0);
        let payable = candidates.iter().enumerate().filter(|(_, candidate)| used(candidate) > share);
        let next = payable.min_by_key(|(at, candidate)| (candidate.unarchived, Reverse(used(candidate)), *at));
        let Some(at) = next.map(|(at, _)| at) else { break };
        let candidate = candidates.remove(at);
        usage.entry(candidate.pod.clone()).and_modify(|bytes| *bytes = bytes.saturating_sub(candidate.bytes));
        removed.push(candidate);
    }
    removed
}

/// The highest sequence number that a name in the directory has.
fn highest(survey: &Survey, stream: &Stream) -> u64 {
    let quarantined = survey.quarantined.iter().map(|(segment, _)| segment);
    let named = survey.segments.keys().chain(&survey.occupied).chain(quarantined);
    named.filter(|segment| segment.stream == *stream).map(|segment| segment.sequence).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::time::Instant;

    use handoff::FileName;
    use proptest::prelude::*;

    use super::*;
    use crate::survey::Forms;

    const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(1_784_801_472_000_000_000);

    fn now() -> Now {
        Now { wall: NOW, monotonic: Instant::now() }
    }

    #[test]
    fn old_segments_are_removed_except_the_newest() {
        let forms = Forms { plain: None, gz: Some(1) };
        let now = now();
        let survey = |day, seen_days_ago: u64| Survey {
            segments: (1..=3).map(|n| (segment("a", n, day), forms)).collect(),
            first_seen: (1..=3).map(|n| (segment("a", n, day), ago(now, seen_days_ago))).collect(),
            ..Survey::default()
        };
        let policy = Policy { keep_age: Some(Duration::from_hours(24)), ..policy(9) };
        let removed = |n, day| Work::Remove(segment("a", n, day), RetentionReason::Age);
        assert_eq!(work(&survey(20, 1), &policy, now), [removed(1, 20), removed(2, 20)]);
        assert_eq!(work(&survey(23, 0), &policy, now), []);
        // A clock that has gone back makes nothing old.
        assert_eq!(work(&survey(27, 1), &policy, now), []);
        // One that was ahead from the start waits until somebody may have set it.
        assert_eq!(work(&survey(20, 0), &policy, now), []);
    }

    fn ago(now: Now, days: u64) -> Now {
        let duration = Duration::from_hours(24 * days);
        Now { wall: now.wall - duration, monotonic: now.monotonic.checked_sub(duration).unwrap_or(now.monotonic) }
    }

    proptest! {
        #[test]
        fn age_of_a_jumping_clock_is_the_smaller_one(
            age in 0..1_000_u64, limit in 1..100_000_u64, seconds in 0..100_000_u64, jump in -50_000_000..50_000_000_i64,
        ) {
            let start = now();
            let time = start.wall - Duration::from_secs(age);
            let jumped = Now {
                wall: start.wall + chrono::TimeDelta::seconds(seconds.cast_signed() + jump),
                monotonic: start.monotonic + Duration::from_secs(seconds),
            };
            let is_older = is_older(time, Duration::from_secs(limit), start, jumped);
            if is_older {
                prop_assert!(age + seconds > limit, "older than it can be");
                prop_assert!(age <= limit || seconds >= limit.min(CLOCK_GRACE.as_secs()), "removed in a hurry");
            } else if jump >= 0 {
                prop_assert!(age + seconds <= limit || age > limit, "kept for ever");
            }
        }
    }

    fn policy(keep_segments: usize) -> Policy {
        Policy { rotate_bytes: 100, rotate_age: Duration::from_mins(1), keep_segments, compress_level: 4, ..Policy::AT_ONCE }
    }

    fn segment(stream: &str, sequence: u64, day: u32) -> Segment {
        let time = format!("2026-07-{day:02}T10:11:12Z").parse().unwrap();
        Segment::new(stream.parse().unwrap(), sequence, time)
    }

    fn survey() -> impl Strategy<Value = Survey> {
        let forms = prop_oneof![
            Just(Forms { plain: Some(1), gz: None }),
            Just(Forms { plain: None, gz: Some(1) }),
            Just(Forms { plain: Some(1), gz: Some(1) }),
        ];
        let segments = prop::collection::btree_map(("[ab]", 0..40_u64, 1..28_u32), forms, 0..30);
        let live = prop::collection::vec((0..200_u64, 0..120_u64), 0..2);
        (segments, live).prop_map(|(segments, live)| Survey {
            live: live
                .into_iter()
                .zip(["a", "b"])
                .map(|((bytes, age), stream)| LiveFile {
                    stream: stream.parse().unwrap(),
                    bytes,
                    age: Duration::from_secs(age),
                    is_rolling: false,
                })
                .collect(),
            segments: segments.into_iter().map(|((stream, n, day), forms)| (segment(&stream, n, day), forms)).collect(),
            ..Survey::default()
        })
    }

    proptest! {
        #[test]
        fn rotation_is_due_and_its_number_is_new(survey in survey(), last_sequence in 0..60_u64) {
            let now = "2026-07-23T10:11:12Z".parse().unwrap();
            let last_sequence = BTreeMap::from([("a".parse().unwrap(), last_sequence)]);
            let planned = rotations(&survey, &policy(3), &last_sequence, now);
            for live in &survey.live {
                let rotation = planned.iter().find(|rotation| rotation.segment.stream == live.stream);
                prop_assert_eq!(rotation.is_some(), live.bytes > 0 && (live.bytes >= 100 || live.age.as_secs() >= 60));
                if let Some(Rotation { segment, .. }) = rotation {
                    prop_assert!(survey.segments.keys().all(|old| old.stream != segment.stream || old.sequence < segment.sequence));
                    prop_assert!(last_sequence.get(&segment.stream).is_none_or(|last_sequence| *last_sequence < segment.sequence));
                }
            }
        }

        #[test]
        fn newest_segments_of_each_stream_are_kept(survey in survey(), keep in 1..10_usize) {
            let work = work(&survey, &policy(keep), now());
            for stream in ["a", "b"] {
                let of_stream: Vec<_> = survey.segments.keys().filter(|segment| segment.stream.as_str() == stream).collect();
                let (old, new) = of_stream.split_at(of_stream.len().saturating_sub(keep));
                prop_assert!(old.iter().all(|segment| work.contains(&Work::Remove((*segment).clone(), RetentionReason::Count))));
                for segment in new {
                    prop_assert!(!work.contains(&Work::Remove((*segment).clone(), RetentionReason::Count)));
                    let waits = survey.segments[*segment].plain.is_some();
                    prop_assert_eq!(work.contains(&Work::Compress((*segment).clone())), waits);
                }
            }
        }
    }

    #[test]
    fn rolled_files_are_ordered_by_time_then_name() {
        let file = |name: &str, second: i64| {
            let Some(FileName::Rolled(rolled)) = FileName::parse(name) else { panic!("{name}") };
            RolledFile {
                name: name.into(),
                rolled,
                identity: (0, 0),
                bytes: 1,
                modified: NOW + chrono::TimeDelta::seconds(second),
            }
        };
        let names =
            ["app.log.1", "app.log.10", "b-2026-11-20.log", "b-2026-11-21.log", "b-2026-11-20.2.log", "b-2026-11-20.10.log"];
        let seconds = [5, 5, 9, 2, 4, 4];
        let mut survey =
            Survey { rolled: names.iter().zip(seconds).map(|(name, second)| file(name, second)).collect(), ..Survey::default() };
        survey.rolled.push(RolledFile { bytes: 0, ..file("app.log.2", 1) });
        let ordered: Vec<_> = rolled(&survey).into_iter().map(|file| file.name).collect();
        let expected =
            ["app.log.10", "app.log.1", "b-2026-11-21.log", "b-2026-11-20.2.log", "b-2026-11-20.10.log", "b-2026-11-20.log"];
        assert_eq!(ordered, expected);
    }

    #[test]
    fn live_file_of_a_rolling_program_waits_for_the_end() {
        let live = LiveFile { stream: "a".parse().unwrap(), bytes: 1_000, age: Duration::from_hours(1), is_rolling: true };
        let survey = Survey { live: vec![live], ..Survey::default() };
        assert_eq!(rotations(&survey, &policy(1), &BTreeMap::new(), NOW), []);
        assert_eq!(final_rotations(&survey, &BTreeMap::new(), NOW).len(), 1);
    }

    #[test]
    fn unarchived_segments_are_kept_and_uploaded_by_time() {
        let (plain, gz) = (Forms { plain: Some(1), gz: None }, Forms { plain: None, gz: Some(1) });
        let mut survey = Survey { segments: (1..=4).map(|n| (segment("a", n, 20), gz)).collect(), ..Survey::default() };
        survey.segments.insert(segment("a", 5, 20), plain);
        survey.segments.insert(segment("b", 9, 19), gz);
        survey.unarchived = [segment("a", 2, 20), segment("a", 4, 20), segment("a", 5, 20), segment("b", 9, 19)].into();
        let expected = [1, 3]
            .map(|n| Work::Remove(segment("a", n, 20), RetentionReason::Count))
            .into_iter()
            .chain([Work::Compress(segment("a", 5, 20))]);
        assert_eq!(work(&survey, &policy(1), now()), expected.collect::<Vec<_>>());
        assert_eq!(uploads(&survey), [segment("b", 9, 19), segment("a", 2, 20), segment("a", 4, 20)]);
    }

    proptest! {
        #[test]
        fn quota_takes_archived_first_from_largest_pod(
            segments in prop::collection::vec((0..4_usize, any::<bool>(), 0..50_i64, 1..100_u64), 0..30),
            in_use in prop::collection::vec(0..500_u64, 4), quota in 1..1000_u64,
        ) {
            let candidates: Vec<_> = segments.iter().enumerate().map(|(at, (pod, unarchived, second, bytes))| Candidate {
                unarchived: *unarchived, modified: NOW + chrono::TimeDelta::seconds(*second), pod: *pod, name: at.to_string(), bytes: *bytes,
            }).collect();
            let usage: BTreeMap<_, _> = in_use.iter().enumerate().map(|(pod, live)| {
                (pod, live + candidates.iter().filter(|candidate| candidate.pod == pod).map(|candidate| candidate.bytes).sum::<u64>())
            }).collect();
            let removed = over_quota(candidates.clone(), usage.clone(), quota);
            let mut left = usage.clone();
            for candidate in &removed {
                prop_assert!(left.values().sum::<u64>() > quota, "more than it must");
                prop_assert!(left[&candidate.pod] > quota / 4, "from a pod within its share");
                left.entry(candidate.pod).and_modify(|bytes| *bytes -= candidate.bytes);
            }
            let kept: Vec<_> = candidates.iter().filter(|candidate| !removed.contains(candidate)).collect();
            prop_assert!(left.values().sum::<u64>() <= quota || kept.iter().all(|candidate| left[&candidate.pod] <= quota / 4));
            for kept in kept {
                let same_pod = |gone: &&Candidate<usize>| gone.pod == kept.pod;
                prop_assert!(removed.iter().filter(same_pod).all(|gone| (gone.unarchived, gone.modified) <= (kept.unarchived, kept.modified)));
            }
        }
    }

    #[test]
    fn pod_with_files_in_use_does_not_cost_its_neighbours() {
        let candidate = |pod, name: &str| Candidate { unarchived: false, modified: NOW, pod, name: name.into(), bytes: 100 };
        let usage = BTreeMap::from([("hog", 10_000), ("other", 200)]);
        let removed = over_quota(vec![candidate("hog", "1"), candidate("other", "2"), candidate("other", "3")], usage, 1_000);
        assert_eq!(removed, [candidate("hog", "1")]);
    }

    #[test]
    fn quarantined_file_is_removed_with_its_segment() {
        let (old, new) = (segment("a", 1, 1), segment("a", 2, 2));
        let forms = Forms { plain: None, gz: Some(1) };
        let survey = Survey {
            segments: BTreeMap::from([(old.clone(), forms), (new.clone(), forms)]),
            quarantined: vec![(old.clone(), "old".into()), (new, "new".into()), (segment("a", 0, 1), "oldest".into())],
            temporary: vec!["temporary".into()],
            ..Survey::default()
        };
        let expected = [
            Work::RemoveTemp("temporary".into()),
            Work::RemoveQuarantined("old".into()),
            Work::RemoveQuarantined("oldest".into()),
            Work::Remove(old, RetentionReason::Count),
        ];
        assert_eq!(work(&survey, &policy(1), now()), expected);
    }
}
