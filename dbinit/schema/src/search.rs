//! How a last name is searched: case and the accents of Latin, Greek and Cyrillic letters don't matter, everything else
//! does, on every backend alike.
//!
//! Databases disagree here: SQLite folds ASCII only, and MySQL's collations take は, ば and ぱ for one letter and find 강
//! under 가. So the folded name is a column of its own, compared by code point, and a prefix search is a range of its index:
//!
//! ```
//! let (from, below) = dbinit::search::prefix("mÜ");
//! assert!(from <= dbinit::search::key("Muller") && dbinit::search::key("Muller") < below);
//! ```

use unicode_normalization::UnicodeNormalization;

use crate::tables::TEXT_CHARS;

/// What `owner.last_name_key` holds for a last name: at most [`TEXT_CHARS`] characters.
#[must_use]
pub fn key(last_name: &str) -> String {
    // by way of upper case, so that ß, ẞ and ss meet, and both sigmas
    let folded = last_name.to_lowercase().to_uppercase().to_lowercase();
    let base = folded.nfd().filter(|c| !is_accent(*c));
    base.nfc().take(TEXT_CHARS).collect()
}

/// The range of keys, from the first to below the second, of the last names that begin with `prefix`.
/// Every key lies in the range of the empty prefix.
#[must_use]
pub fn prefix(prefix: &str) -> (String, String) {
    let from = key(prefix);
    // the last code point is no character: no name has it
    let below = format!("{from}{}", char::MAX);
    (from, below)
}

/// Combining Diacritical Marks; the voicing marks of kana and the vowel signs of other scripts are letters' parts.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(typed: &str, last_name: &str) -> bool {
        let (from, below) = prefix(typed);
        let key = key(last_name);
        from <= key && key < below
    }

    #[test]
    fn case_and_accents_do_not_matter() {
        for (typed, name) in [
            ("", "Franklin"),
            ("fra", "Franklin"),
            ("FRANKLIN", "Franklin"),
            ("mul", "Müller"),
            ("MÜL", "muller"),
            ("weiss", "Weiß"),
            ("WEIẞ", "Weiss"),
            ("иван", "ИВАНОВ"),
            ("istan", "İstanbullu"),
            ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
            ("김", "김철수"),
            ("각", "각"),
            ("😀", "😀ly"),
        ] {
            assert!(finds(typed, name), "{typed} finds {name}");
        }
    }

    #[test]
    fn letters_do_matter() {
        for (typed, name) in
            [("가", "강"), ("は", "ば"), ("ハ", "パ"), ("😀", "😁"), ("d%", "Davis"), ("d_vis", "Davis"), ("avis", "Davis")]
        {
            assert!(!finds(typed, name), "{typed} doesn't find {name}");
        }
    }

    #[test]
    fn a_key_fits_its_column() {
        for c in ['ß', 'ΐ', 'ﬃ', '각', '😀', 'x'] {
            let name: String = std::iter::repeat_n(c, TEXT_CHARS).collect();
            assert!(key(&name).chars().count() <= TEXT_CHARS, "{c}");
            assert!(finds(&name, &name), "{c}");
        }
    }
}
