//! The form of an owner.

use schema::search::is_unspaced_script;

use super::store::{Owner, Values};
use crate::views::Fields;
use crate::views::form::{Form, digits};

/// Korean last names of two syllables.
const LONG_LAST_NAMES: [&str; 7] = ["남궁", "독고", "사공", "서문", "선우", "제갈", "황보"];

/// The form of a new owner, with what somebody has searched for: a telephone number, or a name.
pub fn begun(text: &str) -> Form {
    let number = digits(text).filter(|number| !number.is_empty()).map(|_| text);
    let (first, last) = if number.is_some() { ("", "") } else { split(text) };
    let telephone = number.unwrap_or_default();
    Form::creating([("firstName", first), ("lastName", last), ("address", ""), ("city", ""), ("telephone", telephone)])
}

/// First and last name of a full name: Korean, Chinese and Japanese ones begin with the last name. One word is a last name.
fn split(name: &str) -> (&str, &str) {
    let letters = name.chars().count();
    let is_unspaced = |c: char| c.is_whitespace() || is_unspaced_script(c);
    if name.chars().all(is_unspaced) {
        if let Some((last, first)) = name.split_once(char::is_whitespace) {
            return (first.trim(), last);
        }
        let is_hangul = name.chars().all(|c| ('가'..='힣').contains(&c));
        let is_long = letters > 2 && (if is_hangul { LONG_LAST_NAMES.iter().any(|long| name.starts_with(long)) } else { true });
        let end = name.char_indices().nth(if is_long { 2 } else { 1 }).map_or(name.len(), |(at, _)| at);
        return (&name[end..], &name[..end]);
    }
    name.rsplit_once(char::is_whitespace).map_or(("", name), |(first, last)| (first.trim(), last))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_fills_the_form() {
        for (text, first, last, telephone) in [
            ("김민준", "민준", "김", ""),
            ("남궁민", "민", "남궁", ""),
            ("田中太郎", "太郎", "田中", ""),
            ("田中 太郎", "太郎", "田中", ""),
            ("Anna Maria Berg", "Anna Maria", "Berg", ""),
            ("Berg", "", "Berg", ""),
            ("010-1234-5678", "", "", "010-1234-5678"),
            ("", "", "", ""),
        ] {
            let form = begun(text);
            assert_eq!([form.value("firstName"), form.value("lastName"), form.value("telephone")], [first, last, telephone]);
        }
    }
}
