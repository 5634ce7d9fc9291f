//! The form of an owner.

use super::store::{Owner, Values};
use crate::views::Fields;
use crate::views::form::Form;

/// The form of a new owner.
pub fn empty() -> Form {
    Form::creating([("firstName", ""), ("lastName", ""), ("address", ""), ("city", ""), ("telephone", "")])
}

/// The form with the values of an owner.
pub fn of(owner: &Owner) -> Form {
    Form::editing([
        ("firstName", &*owner.first_name),
        ("lastName", &owner.last_name),
        ("address", &owner.address),
        ("city", &owner.city),
        ("telephone", &owner.telephone),
    ])
}

/// The form as it was sent, and the values where nothing is wrong with them.
pub fn read(fields: &Fields<'_>) -> (Form, Option<Values>) {
    let mut form = Form::sent(fields);
    let first_name = form.text(fields, "firstName");
    let last_name = form.text(fields, "lastName");
    let address = form.text(fields, "address");
    let city = form.text(fields, "city");
    let telephone = form.telephone(fields, "telephone");
    let values =
        || Some(Values { first_name: first_name?, last_name: last_name?, address: address?, city: city?, telephone: telephone? });
    let values = values();
    (form, values)
}
