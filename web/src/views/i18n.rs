//! The languages: messages from `locales/<tag>/*.ftl`, and which language a request gets.

use anyhow::Context as _;
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::memoizer::MemoizerKind;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderName};
use icu_calendar::Iso;
use icu_datetime::fieldsets::{T, YMD, YMDE};
use icu_datetime::input::{Date, Time};
use icu_datetime::{DateTimeFormatter, NoCalendarFormatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::options::DecimalFormatterOptions;
use icu_locale_core::{Locale, locale};
use icu_provider::DataError;
use intl_memoizer::Memoizable;
use unic_langid::LanguageIdentifier;

use super::flash::cookie;
use super::source::{Source, Text};

macro_rules! language {
    ($tag:literal, $name:literal, $dir:literal) => {
        Language { tag: $tag, name: $name, dir: $dir, messages: text!("locales/", $tag, "/petclinic.ftl") }
    };
}

/// Another language is a line here and its file.
static LANGUAGES: [Language; 9] = [
    language!("en", "English", "ltr"),
    language!("ko", "한국어", "ltr"),
    language!("de", "Deutsch", "ltr"),
    language!("es", "Español", "ltr"),
    language!("fa", "فارسی", "rtl"),
    language!("pt", "Português", "ltr"),
    language!("ru", "Русский", "ltr"),
    language!("tr", "Türkçe", "ltr"),
    language!("ja", "日本語", "ltr"),
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

/// The numbers of a language.
struct Numbers(DecimalFormatter);

impl Memoizable for Numbers {
    type Args = ();
    type Error = DataError;

    fn construct(language: LanguageIdentifier, (): ()) -> Result<Self, DataError> {
        let locale = language.to_string().parse().unwrap_or(Locale::UNKNOWN);
        DecimalFormatter::try_new(locale.into(), DecimalFormatterOptions::default()).map(Self)
    }
}

/// A whole number as a language writes it; nothing for a text.
fn number<M: MemoizerKind>(value: &FluentValue<'_>, memoizer: &M) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    #[expect(clippy::cast_possible_truncation, reason = "messages count rows")]
    let whole = number.value as i64;
    memoizer.with_try_get_threadsafe::<Numbers, _, _>((), |numbers| numbers.0.format(&whole.into()).to_string()).ok()
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

/// One language's messages, and its way to write days and times.
pub struct Catalogue {
    messages: FluentBundle<FluentResource>,
    date: DateTimeFormatter<YMD>,
    /// The Gregorian calendar next to another one.
    gregorian: Option<DateTimeFormatter<YMD>>,
    weekday: DateTimeFormatter<YMDE>,
    time: NoCalendarFormatter<T>,
}

impl Catalogue {
    /// Reads a language's messages.
    ///
    /// # Errors
    /// They can't be read, or a line is no message.
    pub fn new(language: &Language, source: &Source) -> anyhow::Result<Self> {
        let resource = FluentResource::try_new(source.read(language.messages)?.into_owned());
        let resource = resource.map_err(|(_, errors)| anyhow::anyhow!("{}: {errors:?}", language.messages.path))?;
        let tag = language.tag.parse().with_context(|| format!("language {}", language.tag))?;
        let mut messages = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks help where a value runs against the text's direction; elsewhere they only end up in copied text.
        messages.set_use_isolating(language.dir == "rtl");
        messages.set_formatter(Some(number));
        messages.add_resource(resource).map_err(|errors| anyhow::anyhow!("{}: {errors:?}", language.messages.path))?;
        // a language's own calendar: the Solar Hijri one in Persian
        let locale: Locale = language.tag.parse()?;
        let gregorian = if language.tag == "fa" { Some(locale!("fa-u-ca-gregory")) } else { None };
        let gregorian = gregorian.map(|locale| DateTimeFormatter::try_new(locale.into(), YMD::long())).transpose()?;
        Ok(Self {
            messages,
            gregorian,
            date: DateTimeFormatter::try_new(locale.clone().into(), YMD::long())?,
            weekday: DateTimeFormatter::try_new(locale.clone().into(), YMDE::long())?,
            time: NoCalendarFormatter::try_new(locale.into(), T::hm())?,
        })
    }

    /// The message `id` with its arguments filled in.
    ///
    /// # Errors
    /// There is no such message, or it needs another argument.
    pub fn text(&self, id: &str, args: Option<&FluentArgs<'_>>) -> Result<String, String> {
        let message =
            self.messages.get_message(id).and_then(|message| message.value()).ok_or_else(|| format!("no message {id}"))?;
        let mut errors = Vec::new();
        let text = self.messages.format_pattern(message, args, &mut errors);
        if errors.is_empty() { Ok(text.into_owned()) } else { Err(format!("message {id}: {errors:?}")) }
    }

    /// A day in words, by the language's calendar and the Gregorian one.
    pub fn date(&self, date: NaiveDate) -> Option<String> {
        let day = iso(date)?;
        Some(self.with_gregorian(self.date.format(&day).to_string(), day))
    }

    /// A day in words with its weekday.
    pub fn weekday(&self, date: NaiveDate) -> Option<String> {
        let day = iso(date)?;
        Some(self.with_gregorian(self.weekday.format(&day).to_string(), day))
    }

    fn with_gregorian(&self, date: String, day: Date<Iso>) -> String {
        match &self.gregorian {
            Some(gregorian) => format!("{date} ({})", gregorian.format(&day)),
            None => date,
        }
    }

    /// A time of day.
    pub fn time(&self, time: NaiveTime) -> Option<String> {
        let (hour, minute) = (u8::try_from(time.hour()).ok()?, u8::try_from(time.minute()).ok()?);
        Some(self.time.format(&Time::try_new(hour, minute, 0, 0).ok()?).to_string())
    }
}

/// A day as the calendars take it.
fn iso(date: NaiveDate) -> Option<Date<Iso>> {
    Date::try_new_iso(date.year(), u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?).ok()
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
        assert_eq!(owners("fa", 1_234_567), "۱٬۲۳۴٬۵۶۷ صاحب حیوان");
    }

    #[test]
    fn days_and_times_are_written_as_in_the_language() {
        let catalogue = |tag: &str| Catalogue::new(&LANGUAGES[known(tag).unwrap()], &Source::BuiltIn).unwrap();
        let (date, time) = (NaiveDate::from_ymd_opt(2013, 1, 4).unwrap(), NaiveTime::from_hms_opt(14, 5, 0).unwrap());
        for (tag, day, weekday, clock) in [
            ("en", "January 4, 2013", "Friday, January 4, 2013", "2:05\u{202f}PM"),
            ("ko", "2013년 1월 4일", "2013년 1월 4일 금요일", "오후 2:05"),
            ("de", "4. Januar 2013", "Freitag, 4. Januar 2013", "14:05"),
            ("fa", "۱۵ دی ۱۳۹۱ (۴ ژانویه ۲۰۱۳)", "جمعه ۱۵ دی ۱۳۹۱ (۴ ژانویه ۲۰۱۳)", "۱۴:۰۵"),
        ] {
            let catalogue = catalogue(tag);
            assert_eq!(
                [catalogue.date(date), catalogue.weekday(date), catalogue.time(time)],
                [day, weekday, clock].map(|text| Some(text.to_owned()))
            );
        }
    }

    #[test]
    fn unknown_language_is_not_chosen() {
        assert_eq!(negotiate("tlh, en-GB;q=0.1"), Some(0));
        assert_eq!(negotiate("tlh"), None);
        assert_eq!(negotiate("en;q=0"), None);
    }

    #[test]
    fn highest_weight_wins() {
        let tag = |accept| negotiate(accept).map(|index| LANGUAGES[index].tag);
        assert_eq!(tag("de;q=0.7, ko-KR, en;q=0.9"), Some("ko"));
        assert_eq!(tag("fr-CH, fr;q=0.9, pt-BR;q=0.8, *;q=0.5"), Some("pt"));
        assert_eq!(tag("ja;q=0.3, tr;q=0.3"), Some("ja"));
        assert_eq!(tag("FA"), Some("fa"));
    }
}
