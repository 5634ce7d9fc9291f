//! The form of a visit.

use chrono::{Days, Months, NaiveDate};

use super::store::{Values, known_status};
use crate::db::vets::Vet;
use crate::pages::visit::{Visit, field_value};
use crate::views::Fields;
use crate::views::form::{Form, MAX_YEARS_AHEAD, Problem};

/// Days from today behind which a form asks again for a date.
const NEAR: Days = Days::new(366);

/// The form of a new visit.
pub fn empty(today: NaiveDate) -> Form {
    Form::creating([("description", ""), ("date", &*today.to_string()), ("time", ""), ("vetId", ""), ("note", "")])
}

/// The form with the values of a visit.
pub fn of(visit: &Visit) -> Form {
    let date = visit.date.to_string();
    let time = visit.time.map(field_value).unwrap_or_default();
    let vet = visit.vet_id.map(|id| id.to_string()).unwrap_or_default();
    let note = visit.note.as_deref().unwrap_or_default();
    let form = Form::editing([
        ("description", &*visit.description),
        ("date", &*date),
        ("time", &*time),
        ("vetId", &*vet),
        ("note", note),
    ]);
    form.confirming(date)
}

/// The form as it was sent, and the values where none has a problem. A day that is far away is asked for twice by a form of ours.
pub fn read(fields: &Fields<'_>, birth_date: NaiveDate, today: NaiveDate, vets: &[Vet]) -> (Form, Option<Values>) {
    let mut form = Form::sent(fields);
    let description = form.text(fields, "description");
    let latest = today.checked_add_months(Months::new(12 * u32::from(MAX_YEARS_AHEAD))).unwrap_or(NaiveDate::MAX);
    let visit_date = form.date(fields, "date", |date| match date {
        date if date < birth_date => Err(Problem::BeforeBirth),
        date if date > latest => Err(Problem::TooFar),
        date => Ok(date),
    });
    if let Some(date) = visit_date
        && (date > today + NEAR || date < today - NEAR)
        && !form.confirms(&date)
    {
        form.add_error("date", Problem::FarDate);
    }
    let visit_time = form.time(fields, "time");
    let vet_id = form.optional(fields, "vetId", |typed| {
        vets.iter().map(|vet| vet.id).find(|id| id.to_string() == typed).ok_or(Problem::NotFound)
    });
    let note = form.note(fields, "note");
    let values = || {
        let (visit_date, visit_time, vet_id) = (visit_date?, visit_time?, vet_id?);
        Some(Values { visit_date, visit_time, vet_id, description: description?, note: note? })
    };
    let values = values().filter(|_| form.is_ok());
    (form, values)
}

/// The status that a program names.
pub fn status(form: &mut Form, fields: &Fields<'_>) -> Option<&'static str> {
    form.optional(fields, "status", |typed| known_status(typed).ok_or(Problem::NotFound)).flatten()
}
