//! The languages: messages from `locales/<tag>/*.ftl`, and which language a request gets.

use anyhow::Context as _;
use chrono::{Datelike, NaiveDate};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::{FluentNumber, FluentNumberOptions};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderName};

use super::flash::cookie;
use super::source::{Source, Text};

macro_rules! language {
    ($tag:literal, $name:literal, $dir:literal, $separator:literal, $from:literal, $zero:literal) => {
        Language {
            tag: $tag,
            name: $name,
            dir: $dir,
            messages: text!("locales/", $tag, "/petclinic.ftl"),
            write_numbers: |bundle| bundle.set_formatter(Some(|value, _| number(value, $separator, $from, $zero))),
        }
    };
}

/// Another language is a line here and its file. At the end of the line, how it writes numbers: what stands between
/// thousands, from how many digits on, and its zero.
static LANGUAGES: [Language; 9] = [
    language!("en", "English", "ltr", ",", 4, '0'),
    language!("ko", "한국어", "ltr", ",", 4, '0'),
    language!("de", "Deutsch", "ltr", ".", 4, '0'),
    language!("es", "Español", "ltr", ".", 5, '0'),
    language!("fa", "فارسی", "rtl", "٬", 4, '۰'),
    language!("pt", "Português", "ltr", ".", 4, '0'),
    language!("ru", "Русский", "ltr", "\u{a0}", 4, '0'),
    language!("tr", "Türkçe", "ltr", ".", 4, '0'),
    language!("ja", "日本語", "ltr", ",", 4, '0'),
];

const COOKIE: &str = "lang";

/// A language that the pages speak.
#[derive(Debug)]
pub struct Language {
    /// Its tag, as in `lang="…"`.
    pub tag: &'static str,
    /// Its name in itself.
    pub name: &'static str,
    /// `ltr` or `rtl`.
    pub dir: &'static str,
    messages: Text,
    write_numbers: fn(&mut FluentBundle<FluentResource>),
}

impl Language {
    /// All languages; the first is the one for those who want none of them.
    pub fn all() -> &'static [Self] {
        &LANGUAGES
    }

    /// The index in [`Language::all`] of the language that the query chooses by `lang=`.
    pub fn chosen(query: &str) -> Option<usize> {
        query.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(known)
    }

    /// The index in [`Language::all`] of what the request's headers want: by the cookie, else by `Accept-Language`.
    pub fn of(headers: &HeaderMap) -> usize {
        let wanted = || negotiate(&joined(headers, ACCEPT_LANGUAGE));
        cookie(headers, COOKIE).and_then(known).or_else(wanted).unwrap_or(0)
    }

    /// `Set-Cookie` that keeps the choice of this language for a year.
    pub fn set_cookie(&self) -> String {
        format!("{COOKIE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", self.tag)
    }
}

/// A whole number as a language writes it; nothing for a text.
fn number(value: &FluentValue<'_>, separator: &str, from: usize, zero: char) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let digits = format!("{:.0}", number.value);
    let grouped = number.options.use_grouping && digits.len() >= from;
    let mut text = String::with_capacity(2 * digits.len());
    for (i, c) in digits.chars().enumerate() {
        if grouped && i > 0 && (digits.len() - i) % 3 == 0 {
            text.push_str(separator);
        }
        text.push(c.to_digit(10).and_then(|digit| char::from_u32(u32::from(zero) + digit)).unwrap_or(c));
    }
    Some(text)
}

fn known(tag: &str) -> Option<usize> {
    LANGUAGES.iter().position(|language| language.tag == tag)
}

/// The language with the highest weight in an `Accept-Language`; of equal ones, the first.
fn negotiate(accept: &str) -> Option<usize> {
    let mut best: Option<(f32, usize)> = None;
    for (range, weight) in weighted(accept) {
        let primary = range.split('-').next().unwrap_or_default();
        let known = LANGUAGES.iter().position(|language| primary == "*" || primary.eq_ignore_ascii_case(language.tag));
        if let Some(index) = known
            && weight > best.map_or(0.0, |(weight, _)| weight)
        {
            best = Some((weight, index));
        }
    }
    best.map(|(_, index)| index)
}

/// The value of a field that is a list, however many lines it has.
pub fn joined(headers: &HeaderMap, name: HeaderName) -> String {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",")
}

/// The values of an `Accept…` header with their q-values; 0 for one that can't be read.
pub fn weighted(header: &str) -> impl Iterator<Item = (&str, f32)> {
    header.split(',').filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let value = parts.next().filter(|value| !value.is_empty())?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((value, weight.map_or(1.0, |q| q.parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0))))
    })
}

/// One language's messages.
pub struct Catalogue(FluentBundle<FluentResource>);

impl Catalogue {
    /// Reads the messages of a language.
    ///
    /// # Errors
    /// The file is not there, or no valid Fluent.
    pub fn new(language: &Language, source: &Source) -> anyhow::Result<Self> {
        let resource = FluentResource::try_new(source.read(language.messages)?.into_owned());
        let resource = resource.map_err(|(_, errors)| anyhow::anyhow!("{}: {errors:?}", language.messages.path))?;
        let tag = language.tag.parse().with_context(|| format!("language {}", language.tag))?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks help where a value runs against the text's direction; elsewhere they only end up in copied text.
        bundle.set_use_isolating(language.dir == "rtl");
        (language.write_numbers)(&mut bundle);
        bundle.add_resource(resource).map_err(|errors| anyhow::anyhow!("{}: {errors:?}", language.messages.path))?;
        Ok(Self(bundle))
    }

    /// The message `id` with its arguments filled in.
    ///
    /// # Errors
    /// There is no such message, or it needs another argument.
    pub fn text(&self, id: &str, args: Option<&FluentArgs<'_>>) -> Result<String, String> {
        let message = self.0.get_message(id).and_then(|message| message.value()).ok_or_else(|| format!("no message {id}"))?;
        let mut errors = Vec::new();
        let text = self.0.format_pattern(message, args, &mut errors);
        if errors.is_empty() { Ok(text.into_owned()) } else { Err(format!("message {id}: {errors:?}")) }
    }

    /// A day in words.
    ///
    /// # Errors
    /// The language has no message `date`.
    pub fn date(&self, date: NaiveDate) -> Result<String, String> {
        let mut args = FluentArgs::new();
        args.set("day", date.day());
        args.set("month", date.month());
        let in_one_piece = FluentNumberOptions { use_grouping: false, ..FluentNumberOptions::default() };
        args.set("year", FluentNumber::new(date.year().into(), in_one_piece));
        self.text("date", Some(&args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read() {
        let read: Vec<_> = weighted("de-AT;q=0.5, en;q=0.7,*;q=0,fr;q=x, ko ;q=1.5,, tr").collect();
        assert_eq!(read, [("de-AT", 0.5), ("en", 0.7), ("*", 0.0), ("fr", 0.0), ("ko", 0.0), ("tr", 1.0)]);
    }

    #[test]
    fn numbers_and_dates_are_written_as_in_the_language() {
        let say = |tag: &str, id: &str, name: &str, count: i32| {
            let catalogue = Catalogue::new(&LANGUAGES[known(tag).unwrap()], &Source::BuiltIn).unwrap();
            let text = catalogue.text(id, Some(&FluentArgs::from_iter([(name, count)]))).unwrap();
            text.replace(['\u{2068}', '\u{2069}'], "")
        };
        let owners = |tag, count| say(tag, "owners-all", "count", count);
        assert_eq!(
            [owners("en", 1), owners("en", 1000), owners("en", 1_234_567)],
            ["One owner", "1,000 owners", "1,234,567 owners"]
        );
        assert_eq!([owners("es", 9999), owners("es", 10_000)], ["9999 dueños", "10.000 dueños"]);
        assert_eq!(
            [owners("ru", 1001), owners("ru", 22), owners("ru", 25)],
            ["1\u{a0}001 владелец", "22 владельца", "25 владельцев"]
        );
        assert_eq!(owners("fa", 1205), "۱٬۲۰۵ صاحب حیوان");
        let date = |tag: &str| {
            let catalogue = Catalogue::new(&LANGUAGES[known(tag).unwrap()], &Source::BuiltIn).unwrap();
            catalogue.date(NaiveDate::from_ymd_opt(2013, 1, 4).unwrap()).unwrap().replace(['\u{2068}', '\u{2069}'], "")
        };
        assert_eq!([date("fa"), date("en")], ["۴ ژانویهٔ ۲۰۱۳", "January 4, 2013"]);
    }

    #[test]
    fn unknown_language_is_not_chosen() {
        assert_eq!(negotiate("tlh, en-GB;q=0.1"), Some(0));
        assert_eq!(negotiate("tlh"), None);
        assert_eq!(negotiate("en;q=0"), None);
    }

    #[test]
    fn the_highest_weight_wins() {
        let tag = |accept| negotiate(accept).map(|index| LANGUAGES[index].tag);
        assert_eq!(tag("de;q=0.7, ko-KR, en;q=0.9"), Some("ko"));
        assert_eq!(tag("fr-CH, fr;q=0.9, pt-BR;q=0.8, *;q=0.5"), Some("pt"));
        assert_eq!(tag("ja;q=0.3, tr;q=0.3"), Some("ja"));
        assert_eq!(tag("FA"), Some("fa"));
    }
}
