//! Names and telephone numbers as people write them.

use schema::search::is_unspaced_script;

/// A full name: `김민준` and `田中太郎` begin with the last name and have no space, other names begin with the first.
pub fn full_name(first: &str, last: &str) -> String {
    let unspaced = |name: &str| !name.is_empty() && name.chars().all(is_unspaced_script);
    if unspaced(first) && unspaced(last) { format!("{last}{first}") } else { format!("{first} {last}") }
}

/// Returns true if the forms of a language ask for the last name first.
pub(super) fn last_name_first(language: &str) -> bool {
    matches!(language, "ko" | "ja")
}

/// A telephone number as it is written where a language is spoken; as it was saved where that has no fixed form.
pub(super) fn telephone(language: &str, number: &str) -> String {
    let groups: &[usize] = match (language, number.len()) {
        _ if !number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) => &[],
        ("ko", 9) if number.starts_with("02") => &[2, 3],
        ("ko", 10) if number.starts_with("02") => &[2, 4],
        ("ko", 10) => &[3, 3],
        ("ko" | "ja", 11) => &[3, 4],
        ("ja", 10) if number.starts_with("03") || number.starts_with("06") => &[2, 4],
        _ => &[],
    };
    let mut text = String::with_capacity(number.len() + groups.len());
    let mut rest = number;
    for length in groups {
        let (group, behind) = rest.split_at(*length);
        text.push_str(group);
        text.push('-');
        rest = behind;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_in_the_order_of_its_script() {
        for (first, last, name) in [
            ("민준", "김", "김민준"),
            ("太郎", "田中", "田中太郎"),
            ("George", "Franklin", "George Franklin"),
            ("Anna", "김", "Anna 김"),
        ] {
            assert_eq!(full_name(first, last), name);
        }
    }

    #[test]
    fn telephone_is_grouped_as_in_the_country() {
        for (language, number, written) in [
            ("ko", "01012345678", "010-1234-5678"),
            ("ko", "021234567", "02-123-4567"),
            ("ko", "0212345678", "02-1234-5678"),
            ("ko", "0311234567", "031-123-4567"),
            ("ja", "09012345678", "090-1234-5678"),
            ("ja", "0312345678", "03-1234-5678"),
            ("ko", "6085551023", "6085551023"),
            ("en", "6085551023", "6085551023"),
            ("ko", "+821012345678", "+821012345678"),
        ] {
            assert_eq!(telephone(language, number), written);
        }
    }
}
