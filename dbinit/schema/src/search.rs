//! Search keys: owners are found, and listed, by the base letters of their names.
//!
//! Case, accents, width (`Ｆ`), ligatures and letters with a stroke (`ø`, `ł`, `đ`) don't matter. A Hangul syllable is the
//! sequence of its jamo, so that `ㄱ` and `기` find `김` while it is being typed, and a kana its voiceless hiragana.
//!
//! On MySQL, the columns `owner.name_key`, `owner.given_name_key` and `pet.name_key` are generated and the collation
//! `utf8mb4_0900_ai_ci` compares them. SQLite folds ASCII only, so there the columns hold [`key`] of the name, which
//! [`fill_keys`] computes before a search. Either way a prefix is a range of an index, and rows that other programs insert or
//! rename are found. `owner.initials` are the leading consonants of a Korean name ([`initials`]).

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use unicode_normalization::UnicodeNormalization;

use crate::database::{Backend, Connection};

/// Characters of a name whose leading consonants are kept.
pub const INITIALS: usize = 5;
/// The first Hangul syllable, 가.
const FIRST_SYLLABLE: u32 = 0xac00;
/// Number of syllables that begin with the same consonant and vowel.
const PER_VOWEL: u32 = 28;
/// Number of syllables that begin with the same consonant.
const PER_CONSONANT: u32 = 21 * PER_VOWEL;
/// The leading consonants of Hangul syllables, in the order of the syllables.
const CONSONANTS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";

/// The base letters of a name, compared by code point.
#[must_use]
pub fn key(name: &str) -> String {
    // by way of upper case, so that ß, ẞ and ss are the same, and both sigmas
    let folded: String = name.nfkd().collect::<String>().to_lowercase().to_uppercase().to_lowercase();
    folded.replace('æ', "ae").replace('œ', "oe").nfkd().filter(|c| !is_accent(*c)).map(base).collect()
}

/// A name without case, width and characters that don't show: names that the unique index of pets takes for the same on MySQL.
#[must_use]
pub fn case_key(name: &str) -> String {
    let visible: String = name.nfkc().filter(|c| !is_ignorable(*c)).collect();
    visible.to_lowercase().to_uppercase().to_lowercase()
}

/// Returns true if a character doesn't show: zero width, direction and variation, fillers, and the blank of Braille.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The range of keys, from the first to below the second, of the names that begin with `prefix`.
/// Every key lies in the range of the empty prefix.
#[must_use]
pub fn range(backend: Backend, prefix: &str) -> (String, String) {
    let from = match backend {
        Backend::Mysql => prefix.replace('ı', "i"),
        Backend::Sqlite => key(prefix),
    };
    if let Some((before, (first, end))) = split_last(&from).and_then(|(before, last)| Some((before, syllables(last)?))) {
        return (format!("{before}{first}"), format!("{before}{end}"));
    }
    // the last code point is no character: no name has it
    let below = format!("{from}{}", char::MAX);
    (from, below)
}

fn split_last(text: &str) -> Option<(&str, char)> {
    let last = text.chars().next_back()?;
    Some((&text[..text.len() - last.len_utf8()], last))
}

/// The Hangul syllables, from the first to below the second, that begin with a consonant or with an open syllable. MariaDB
/// compares whole syllables; elsewhere these are the bounds of their jamo.
fn syllables(last: char) -> Option<(char, char)> {
    let (first, count) = match CONSONANTS.chars().position(|consonant| consonant == last) {
        Some(index) => (FIRST_SYLLABLE + u32::try_from(index).ok()? * PER_CONSONANT, PER_CONSONANT),
        None if ('가'..='힣').contains(&last) && (u32::from(last) - FIRST_SYLLABLE).is_multiple_of(PER_VOWEL) => {
            (u32::from(last), PER_VOWEL)
        }
        None => return None,
    };
    Some((char::from_u32(first)?, char::from_u32(first + count)?))
}

/// Returns true if a character is of a script that writes names without a space: Hangul, kana, Chinese.
#[must_use]
pub fn is_unspaced_script(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}')
}

/// Computes the keys that rows lack on SQLite. On MySQL, and where none is missing, this writes nothing.
pub fn fill_keys(connection: &mut Connection) -> QueryResult<()> {
    if connection.backend() == Backend::Mysql {
        return Ok(());
    }
    let missing = "EXISTS (SELECT 1 FROM owner WHERE name_key IS NULL) OR EXISTS (SELECT 1 FROM pet WHERE name_key IS NULL)";
    if diesel::select(diesel::dsl::sql::<Bool>(missing)).get_result(connection)? {
        let owners = "UPDATE owner SET name_key = search_key(last_name || ' ' || first_name),
                                       given_name_key = search_key(first_name || ' ' || last_name),
                                       initials = search_initials(last_name || first_name) WHERE name_key IS NULL";
        diesel::sql_query(owners).execute(connection)?;
        diesel::sql_query("UPDATE pet SET name_key = search_key(name) WHERE name_key IS NULL").execute(connection)?;
    }
    Ok(())
}

diesel::define_sql_function! {
    /// [`key`] as a function of SQLite.
    fn search_key(name: Text) -> Text;
}

diesel::define_sql_function! {
    /// [`initials`] as a function of SQLite.
    fn search_initials(name: Text) -> Nullable<Text>;
}

/// Makes [`key`] and [`initials`] known to a connection as `search_key` and `search_initials`.
pub(crate) fn register(connection: &mut SqliteConnection) -> QueryResult<()> {
    search_key_utils::register_impl(connection, |name: String| key(&name))?;
    search_initials_utils::register_impl(connection, |name: String| initials(&name))
}

/// The leading consonants of the Hangul syllables among the first [`INITIALS`] characters: 김민준 → ㄱㅁㅈ.
#[must_use]
pub fn initials(name: &str) -> Option<String> {
    let consonant = |c: char| match c {
        '가'..='힣' => CONSONANTS.chars().nth(((u32::from(c) - FIRST_SYLLABLE) / PER_CONSONANT) as usize),
        _ => None,
    };
    Some(name.chars().take(INITIALS).filter_map(consonant).collect()).filter(|initials: &String| !initials.is_empty())
}

/// Returns true for leading consonants alone, which somebody types instead of syllables.
#[must_use]
pub fn is_initials(typed: &str) -> bool {
    !typed.is_empty() && typed.chars().all(|c| CONSONANTS.contains(c))
}

/// Combining marks of Latin, Greek and Cyrillic letters, kana's voicing marks, and zero-width characters. Vowel signs of
/// other scripts are letters.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

fn base(c: char) -> char {
    match c {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        // katakana
        '\u{30a1}'..='\u{30f6}' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(typed: &str, name: &str) -> bool {
        let (from, below) = range(Backend::Sqlite, typed);
        let key = key(name);
        from <= key && key < below
    }

    #[test]
    fn key_ignores_case_accents_and_width() {
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
            ("yildiz", "Yıldız"),
            ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
            ("ode", "Ødegård"),
            ("ŁUK", "lukasz"),
            ("dord", "Đorđe"),
            ("ful", "Ｆｕｌｌ"),
            ("김", "김철수"),
            ("ㄱ", "김철수"),
            ("기", "김철수"),
            ("각", "각"),
            ("はん", "バンドウ"),
            ("ﾊﾝ", "ばんどう"),
            ("😀", "😀ly"),
        ] {
            assert!(finds(typed, name), "{typed} finds {name}");
        }
    }

    #[test]
    fn initials_are_leading_consonants() {
        for (name, expected) in
            [("김민준", Some("ㄱㅁㅈ")), ("남궁민수", Some("ㄴㄱㅁㅅ")), ("힣까", Some("ㅎㄲ")), ("Anna 김", None)]
        {
            assert_eq!(initials(name).as_deref(), expected, "{name}");
        }
        assert!(is_initials("ㄱㅁㅈ") && !is_initials("김ㅁ") && !is_initials("ㅏ") && !is_initials(""));
    }

    #[test]
    fn key_keeps_letters_apart() {
        for (typed, name) in
            [("강", "가"), ("나", "가"), ("は", "ひ"), ("😀", "😁"), ("d%", "Davis"), ("d_vis", "Davis"), ("avis", "Davis")]
        {
            assert!(!finds(typed, name), "{typed} doesn't find {name}");
        }
    }
}
