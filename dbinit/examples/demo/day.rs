//! A clinic's day: visits of today in every state, and bookings of the next days.

use chrono::{Days, Local, NaiveTime, TimeDelta};
use diesel::prelude::*;
use schema::database::Connection;
use schema::tables::{pet, vet, visit};

/// Number of visits, of which two thirds are today's.
const VISITS: i64 = 24;
/// States of today's visits, by time; those behind are booked.
const STATES: [&str; 8] = ["done", "done", "done", "cancelled", "done", "arrived", "arrived", "booked"];
const REASONS: [(&str, Option<&str>); 6] = [
    ("rabies shot", None),
    ("check-up", Some("Owner asks for a new diet plan.")),
    ("limping, X-ray taken", Some("Left hind leg; needs two people to hold.")),
    ("teeth cleaned", None),
    ("stitches out", Some("Bites when the muzzle comes near.")),
    ("microchip", None),
];

/// Books the visits for the newest pets, unless there are visits from today on.
pub(super) fn book(connection: &mut Connection) -> QueryResult<()> {
    let today = Local::now().date_naive();
    let upcoming: i64 = visit::table.filter(visit::visit_date.ge(today)).count().get_result(connection)?;
    if upcoming > 0 {
        return Ok(());
    }
    let pets: Vec<i32> = pet::table.select(pet::id).order(pet::id.desc()).limit(VISITS).load(connection)?;
    let vets: Vec<i32> = vet::table.select(vet::id).order(vet::id).load(connection)?;
    let opening = NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let slots = (0..i64::MAX).map(|n| opening + TimeDelta::minutes(30 * (n % 16)));
    for (n, (pet, time)) in pets.into_iter().zip(slots).enumerate() {
        let day = today + Days::new(u64::from(n >= 16) + u64::from(n >= 20));
        let status = STATES.get(n).copied().unwrap_or("booked");
        let (reason, note) = REASONS[n % REASONS.len()];
        let vet = vets.get(n % vets.len().max(1)).copied().filter(|_| n % 4 != 3);
        let row = (
            visit::pet_id.eq(pet),
            visit::visit_date.eq(day),
            visit::visit_time.eq(time),
            visit::vet_id.eq(vet),
            visit::status.eq(status),
            visit::description.eq(reason),
            visit::note.eq(note),
        );
        diesel::insert_into(visit::table).values(row).execute(connection)?;
    }
    Ok(())
}
