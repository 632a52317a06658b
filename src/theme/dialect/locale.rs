//! How languages write dates, numbers and counts, by the data of the Unicode consortium (CLDR, through ICU4X).
//!
//! German and English have ways of their own in the filters; every other language comes from here. Nothing is made
//! before a page asks for it, and then once a language.

use std::fmt::{Debug, Display};
use std::sync::OnceLock;

use icu_calendar::{Date, Gregorian};
use icu_datetime::fieldsets::{E, M, MD, YMD, YMDE, YMDT};
use icu_datetime::input::{DateTime, Time};
use icu_datetime::options::TimePrecision;
use icu_datetime::{DateTimeFormatterLoadError, FixedCalendarDateTimeFormatter as Formatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_locale_core::Locale as Tag;
use icu_plurals::{PluralCategory, PluralRules};
use jiff::Zoned;

/// What is needed to speak one language.
pub(super) struct Locale {
    tag: Tag,
    days: OnceLock<Option<Days>>,
    numbers: OnceLock<Option<DecimalFormatter>>,
    plurals: OnceLock<Option<PluralRules>>,
}

impl Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Display::fmt(&self.tag, f)
    }
}

/// The ways to write a day.
struct Days {
    short: Formatter<Gregorian, YMD>,
    medium: Formatter<Gregorian, YMD>,
    long: Formatter<Gregorian, YMD>,
    full: Formatter<Gregorian, YMDE>,
    datetime: Formatter<Gregorian, YMDT>,
    day_month: Formatter<Gregorian, MD>,
    month: [Formatter<Gregorian, M>; 2],
    weekday: [Formatter<Gregorian, E>; 2],
}

impl Days {
    fn of(tag: &Tag) -> Result<Self, DateTimeFormatterLoadError> {
        let datetime = YMDT::long().with_time_precision(TimePrecision::Minute);
        Ok(Self {
            short: Formatter::try_new(tag.into(), YMD::short())?,
            medium: Formatter::try_new(tag.into(), YMD::medium())?,
            long: Formatter::try_new(tag.into(), YMD::long())?,
            full: Formatter::try_new(tag.into(), YMDE::long())?,
            datetime: Formatter::try_new(tag.into(), datetime)?,
            day_month: Formatter::try_new(tag.into(), MD::long())?,
            month: [Formatter::try_new(tag.into(), M::long())?, Formatter::try_new(tag.into(), M::medium())?],
            weekday: [
                Formatter::try_new(tag.into(), E::long())?,
                Formatter::try_new(tag.into(), E::short())?,
            ],
        })
    }
}

impl Locale {
    /// The locale of a BCP 47 tag; of one that nobody knows, that which belongs to no language.
    pub(super) fn of(tag: &str) -> Self {
        let tag = tag.parse().unwrap_or(Tag::UNKNOWN);
        Self { tag, days: OnceLock::new(), numbers: OnceLock::new(), plurals: OnceLock::new() }
    }

    fn days(&self) -> Option<&Days> {
        self.days.get_or_init(|| Days::of(&self.tag).ok()).as_ref()
    }

    /// A moment by the name of a style, such as `long`; nothing for what is no such name.
    pub(super) fn date(&self, moment: &Zoned, style: &str) -> Option<String> {
        let date = gregorian(moment)?;
        let days = self.days()?;
        Some(match style {
            "short" => days.short.format(&date).to_string(),
            "medium" => days.medium.format(&date).to_string(),
            "long" => days.long.format(&date).to_string(),
            "full" => days.full.format(&date).to_string(),
            "datetime" => {
                let (hour, minute) = (moment.hour().unsigned_abs(), moment.minute().unsigned_abs());
                let time = Time::try_new(hour, minute, 0, 0).ok()?;
                days.datetime.format(&DateTime { date, time }).to_string()
            }
            _ => return None,
        })
    }

    /// Two days, the first before the second, in as few words as they need.
    pub(super) fn range(&self, first: &Zoned, last: &Zoned) -> Option<String> {
        let (from, to) = (gregorian(first)?, gregorian(last)?);
        let days = self.days()?;
        let end = days.long.format(&to).to_string();
        let day = format!("{}", last.day());
        if (first.year(), first.month()) == (last.year(), last.month()) && end.starts_with(&day) {
            return Some(format!("{}–{end}", first.day()));
        }
        if first.year() == last.year() && end.starts_with(&day) {
            return Some(format!("{} – {end}", days.day_month.format(&from)));
        }
        Some(format!("{} – {end}", days.long.format(&from)))
    }

    /// The name that stands for `%B`, `%b`, `%A` or `%a` in a pattern.
    pub(super) fn name(&self, moment: &Zoned, letter: char) -> Option<String> {
        let date = gregorian(moment)?;
        let days = self.days()?;
        let [month, short_month] = &days.month;
        let [weekday, short_weekday] = &days.weekday;
        Some(match letter {
            'B' => month.format(&date).to_string(),
            'b' | 'h' => short_month.format(&date).to_string(),
            'A' => weekday.format(&date).to_string(),
            'a' => short_weekday.format(&date).to_string(),
            _ => return None,
        })
    }

    /// A number, written in plain figures, with the separators of the language.
    pub(super) fn number(&self, plain: &str) -> Option<String> {
        let make = || DecimalFormatter::try_new((&self.tag).into(), Default::default()).ok();
        let formatter = self.numbers.get_or_init(make).as_ref()?;
        let number: Decimal = plain.parse().ok()?;
        Some(formatter.format(&number).to_string())
    }

    /// Which form of a word belongs to a count, written in plain figures: `one`, `few`, `other`.
    pub(super) fn plural(&self, plain: &str) -> &'static str {
        let rules = self.plurals.get_or_init(|| PluralRules::try_new_cardinal((&self.tag).into()).ok());
        let number: Option<Decimal> = plain.parse().ok();
        match rules.as_ref().zip(number).map(|(rules, number)| rules.category_for(&number)) {
            Some(PluralCategory::Zero) => "zero",
            Some(PluralCategory::One) => "one",
            Some(PluralCategory::Two) => "two",
            Some(PluralCategory::Few) => "few",
            Some(PluralCategory::Many) => "many",
            Some(PluralCategory::Other) | None => "other",
        }
    }
}

fn gregorian(moment: &Zoned) -> Option<Date<Gregorian>> {
    let (month, day) = (moment.month().unsigned_abs(), moment.day().unsigned_abs());
    Date::try_new_gregorian(i32::from(moment.year()), month, day).ok()
}
