//! What a change means for the milestones.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

/// A point of the list of owners: its order is the list's, by code point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct Entry {
    /// `search::key` of a last name.
    #[diesel(sql_type = Text, column_name = "last_name_key")]
    pub key: String,
    /// An owner's id.
    #[diesel(sql_type = Integer)]
    pub id: i32,
}

impl Entry {
    /// Before all owners.
    pub(super) fn first() -> Self {
        Self { key: String::new(), id: 0 }
    }

    /// After all owners.
    pub(super) fn end() -> Self {
        Self { key: char::MAX.to_string(), id: 0 }
    }
}

/// Owners that were added to the list, or removed from it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The first of them; the others follow, with no milestone between them.
    entry: Entry,
    /// How many; below 0 where they were removed.
    by: i32,
}

impl Change {
    /// `count` new owners at `entry` and thereafter, of the same key and with ids higher than any before.
    pub fn added(entry: Entry, count: i32) -> Self {
        Self { entry, by: count }
    }

    /// An owner that is no longer at `entry`.
    pub fn removed(entry: Entry) -> Self {
        Self { entry, by: -1 }
    }
}

/// A row of `owner_milestone`.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct Milestone {
    #[diesel(sql_type = Text)]
    pub(super) last_name_key: String,
    #[diesel(sql_type = Integer)]
    pub(super) owner_id: i32,
    /// How many owners come before this point of the list.
    #[diesel(sql_type = Integer)]
    pub(super) owners_before: i32,
}

impl Milestone {
    pub(super) fn new(entry: Entry, owners_before: i32) -> Self {
        Self { last_name_key: entry.key, owner_id: entry.id, owners_before }
    }

    pub(super) fn entry(&self) -> Entry {
        Entry { key: self.last_name_key.clone(), id: self.owner_id }
    }

    fn is_after(&self, entry: &Entry) -> bool {
        (&*self.last_name_key, self.owner_id) > (&*entry.key, entry.id)
    }
}

/// Neighbouring milestones that all have that many owners more before them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// The first one's index.
    pub(super) first: usize,
    /// The last one's index.
    pub(super) last: usize,
    pub(super) by: i32,
}

/// Makes the milestones true again after `changes`, and says what to write.
pub(super) fn shifts(milestones: &mut [Milestone], mut changes: Vec<Change>) -> Vec<Shift> {
    changes.sort_by(|one, other| one.entry.cmp(&other.entry));
    let mut changes = changes.into_iter().peekable();
    let mut by = 0;
    let mut shifts: Vec<Shift> = Vec::new();
    for (index, milestone) in milestones.iter_mut().enumerate() {
        while let Some(change) = changes.next_if(|change| milestone.is_after(&change.entry)) {
            by += change.by;
        }
        milestone.owners_before += by;
        match shifts.last_mut() {
            Some(shift) if shift.by == by && shift.last + 1 == index => shift.last = index,
            _ if by != 0 => shifts.push(Shift { first: index, last: index, by }),
            _ => {}
        }
    }
    shifts
}

/// Neighbours with more than twice `spacing` owners between them.
pub(super) fn gaps(milestones: &[Milestone], spacing: i32) -> impl Iterator<Item = (&Milestone, &Milestone)> {
    let pairs = milestones.windows(2).map(|pair| (&pair[0], &pair[1]));
    pairs.filter(move |(first, end)| end.owners_before - first.owners_before > 2 * spacing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, id: i32) -> Entry {
        Entry { key: key.to_owned(), id }
    }

    fn milestones(rows: &[(&str, i32, i32)]) -> Vec<Milestone> {
        rows.iter().map(|(key, id, before)| Milestone::new(entry(key, *id), *before)).collect()
    }

    #[test]
    fn whatever_comes_after_a_change_is_shifted() {
        let mut list = milestones(&[("", 0, 0), ("d", 4, 5), ("d", 9, 10), ("m", 2, 15), ("~", 0, 20)]);
        let added = Change::added(entry("d", 4), 1);
        assert_eq!(shifts(&mut list, vec![added]), [Shift { first: 2, last: 4, by: 1 }]);

        let rename = vec![Change::removed(entry("z", 1)), Change::added(entry("e", 1), 1)];
        assert_eq!(shifts(&mut list, rename), [Shift { first: 3, last: 3, by: 1 }]);

        let many = vec![Change::added(entry("a", 70), 7), Change::added(entry("d", 71), 3), Change::added(entry("d", 1), 1)];
        assert_eq!(shifts(&mut list, many), [Shift { first: 1, last: 2, by: 8 }, Shift { first: 3, last: 4, by: 11 }]);

        let none = vec![Change::added(entry("b", 1), 1), Change::removed(entry("c", 1))];
        assert_eq!(shifts(&mut list, none), []);
        assert_eq!(list, milestones(&[("", 0, 0), ("d", 4, 13), ("d", 9, 19), ("m", 2, 28), ("~", 0, 32)]));
    }

    #[test]
    fn a_gap_has_more_than_twice_the_spacing() {
        let list = milestones(&[("", 0, 0), ("d", 4, 8), ("m", 2, 17), ("~", 0, 20)]);
        assert_eq!(gaps(&list, 4).collect::<Vec<_>>(), [(&list[1], &list[2])]);
    }
}
