//! Random schedules of writes, rotations, compressions, removals and truncations under a reader that follows: it prints each
//! line once and in order, or reports that it is missing.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use handoff::{Form, Segment};
use proptest::prelude::*;

use crate::dir::Dir;
use crate::gzip;
use crate::reader::filter::Filter;
use crate::reader::stream::{Next, Reader};

#[derive(Debug, Clone)]
enum Action {
    Write(u8),
    /// Lines that the reader sees no end of yet.
    WriteTorn,
    Rotate,
    Compress,
    Remove,
    Truncate,
    Read(u8),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..5_u8).prop_map(Action::Write),
        1 => Just(Action::WriteTorn),
        4 => Just(Action::Rotate),
        2 => Just(Action::Compress),
        2 => Just(Action::Remove),
        1 => Just(Action::Truncate),
        6 => (1..8_u8).prop_map(Action::Read),
    ]
}

struct World {
    root: tempfile::TempDir,
    /// The number of each line's segment; `None` in the live file.
    lines: BTreeMap<u32, Option<u64>>,
    truncated: BTreeSet<u32>,
    torn: bool,
    segments: Vec<Segment>,
    last: u64,
    printed: Vec<u32>,
    errors: Vec<String>,
}

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("pod").join(name)
    }

    fn append(&self, text: &str) {
        File::options().create(true).append(true).open(self.path("access.log")).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn write(&mut self, count: u8) {
        for _ in 0..count {
            let number = u32::try_from(self.lines.len()).unwrap();
            // A writer begins a new line behind a torn line.
            let begin = if std::mem::take(&mut self.torn) { "\n" } else { "" };
            self.append(&format!("{begin}{number}\n"));
            self.lines.insert(number, None);
        }
    }

    fn act(&mut self, action: &Action, reader: &mut Reader<'_>) {
        match action {
            Action::Write(count) => self.write(*count),
            Action::WriteTorn => {
                self.append(if self.torn { "" } else { "torn" });
                self.torn = true;
            }
            Action::Rotate => {
                if fs::metadata(self.path("access.log")).is_ok_and(|meta| meta.len() > 0) {
                    self.last += 1;
                    let segment = Segment::new("access".parse().unwrap(), self.last, chrono::Utc::now());
                    fs::rename(self.path("access.log"), self.path(&segment.name(Form::Plain))).unwrap();
                    self.lines.values_mut().filter(|of| of.is_none()).for_each(|of| *of = Some(self.last));
                    self.segments.push(segment);
                    self.torn = false;
                }
            }
            Action::Compress => {
                let plain = self.segments.iter().map(|segment| (segment, self.path(&segment.name(Form::Plain))));
                if let Some((segment, path)) = plain.into_iter().find(|(_, path)| path.exists()) {
                    let text = fs::read(&path).unwrap();
                    let file = File::create(self.path(&segment.name(Form::Gz))).unwrap();
                    gzip::write::compress(&mut &text[..], text.len() as u64, file, 1, None, &mut || Ok(())).unwrap();
                    fs::remove_file(path).unwrap();
                }
            }
            Action::Remove => {
                // Retention keeps the newest.
                if self.segments.len() > 1 {
                    let segment = self.segments.remove(0);
                    for form in [Form::Plain, Form::Gz] {
                        let _ = fs::remove_file(self.path(&segment.name(form)));
                    }
                }
            }
            Action::Truncate => {
                // Bytes of a live file that was never read are gone without a trace.
                self.write(1);
                self.read(u8::MAX, reader);
                self.write(2);
                File::options().write(true).open(self.path("access.log")).unwrap().set_len(0).unwrap();
                self.torn = false;
                let live = self.lines.iter_mut().filter(|(_, of)| of.is_none());
                self.truncated.extend(live.map(|(number, of)| {
                    *of = Some(0);
                    *number
                }));
            }
            Action::Read(count) => self.read(*count, reader),
        }
    }

    fn read(&mut self, count: u8, reader: &mut Reader<'_>) {
        for _ in 0..count {
            match reader.read_line() {
                Ok(Next::Line { bytes, .. }) => self.printed.extend(String::from_utf8(bytes).unwrap().parse::<u32>()),
                Ok(Next::Nothing | Next::End) => break,
                Err(error) => self.errors.push(error.to_string()),
            }
        }
    }

    /// Checks that what wasn't printed was reported.
    fn check(&self) {
        let mut reported = BTreeSet::new();
        for error in &self.errors {
            let numbers: Vec<u64> = error.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
            match &numbers[..] {
                [from, to] if error.contains("are missing") => reported.extend(*from..=*to),
                [number, ..] if error.contains("removed before") => drop(reported.insert(*number)),
                _ => assert!(error.contains("truncated"), "{error}"),
            }
        }
        assert!(self.printed.is_sorted_by(|one, next| one < next), "{:?}", self.printed);
        let printed: BTreeSet<_> = self.printed.iter().collect();
        let was_truncated = self.errors.iter().any(|error| error.contains("truncated"));
        for (number, segment) in self.lines.iter().filter(|(number, _)| !printed.contains(number)) {
            let known =
                if self.truncated.contains(number) { was_truncated } else { segment.is_some_and(|of| reported.contains(&of)) };
            assert!(known, "line {number} of segment {segment:?} is neither printed nor reported: {:?}", self.errors);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 1_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn follow_prints_or_reports_every_line(actions in prop::collection::vec(action(), 1..40)) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("pod")).unwrap();
        let dir = Dir::open(root.path()).unwrap();
        let filter = Filter::default();
        let mut world = World {
            root,
            lines: BTreeMap::new(),
            truncated: BTreeSet::new(),
            torn: false,
            segments: Vec::new(),
            last: 0,
            printed: Vec::new(),
            errors: Vec::new(),
        };
        let files = (&BTreeSet::new(), BTreeMap::new());
        let mut reader = Reader::new((&dir, "pod"), "access".parse().unwrap(), files, &filter, 0, true);
        reader.set_letting_go(Duration::ZERO);
        // The first segments that a reader sees begin its stream.
        world.write(1);
        world.read(u8::MAX, &mut reader);
        for action in &actions {
            world.act(action, &mut reader);
        }
        world.write(1);
        for _ in 0..50 {
            world.read(u8::MAX, &mut reader);
        }
        world.check();
    }
}
