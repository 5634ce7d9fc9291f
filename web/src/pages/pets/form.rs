//! The form of a pet.

use chrono::NaiveDate;

use super::store::{Pet, Type, Values};
use crate::views::Fields;
use crate::views::form::{Form, Problem};

/// The form of a new pet.
pub fn empty() -> Form {
    Form::creating([("name", ""), ("birthDate", ""), ("type", "")])
}

/// The form with the values of a pet.
pub fn of(pet: &Pet) -> Form {
    Form::editing([("name", &*pet.name), ("birthDate", &pet.birth_date.to_string()), ("type", &pet.r#type)])
}

/// The form as it was sent, and the values where nothing is wrong with them; `visited` is the day of the pet's first visit.
pub fn read(fields: &Fields<'_>, types: &[Type], today: NaiveDate, visited: Option<NaiveDate>) -> (Form, Option<Values>) {
    let mut form = Form::sent(fields);
    let name = form.text(fields, "name");
    let birth_date = form.date(fields, "birthDate", |date| match date {
        date if date > today => Err(Problem::Future),
        date if visited.is_some_and(|visited| date > visited) => Err(Problem::AfterVisit),
        date => Ok(date),
    });
    let type_id = form.choice(fields, "type", |typed| types.iter().find(|kind| kind.name == typed).map(|kind| kind.id));
    let values = || Some(Values { name: name?, birth_date: birth_date?, type_id: type_id? });
    let values = values();
    (form, values)
}
