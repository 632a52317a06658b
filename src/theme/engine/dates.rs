//! Dates for people: in the site's time zone and language, over moments that are parsed once and cheaply.

use jiff::civil::{Date, Weekday};
use jiff::fmt::strtime::{BrokenDownTime, Config};
use jiff::{Timestamp, Zoned};
use liquid_core::Error;
use liquid_core::error::Result;
use liquid_core::model::{Value, ValueView};

use super::filters::Call;
use crate::model::moment::Moment;

const MONTHS_DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const MONTHS_DE_SHORT: [&str; 12] =
    ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."];
const DAYS_DE: [&str; 7] = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];
const DAYS_DE_SHORT: [&str; 7] = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"];

/// How the site's language writes dates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    German,
    American,
    International,
}

impl Style {
    fn of(call: &Call<'_>) -> Self {
        if call.trace.settings.is_german() {
            Self::German
        } else if call.trace.settings.language.to_ascii_lowercase().starts_with("en-us") {
            Self::American
        } else {
            Self::International
        }
    }

    /// The strftime pattern behind a name such as `long`; anything else is a pattern itself.
    fn pattern(self, name: &str) -> &str {
        match (name, self) {
            ("short", Self::German) => "%d.%m.%Y",
            ("short", Self::American) => "%m/%d/%Y",
            ("short", Self::International) => "%Y-%m-%d",
            ("medium", Self::German) => "%-d. %b %Y",
            ("medium", Self::American) => "%b %-d, %Y",
            ("medium", Self::International) => "%-d %b %Y",
            ("long", Self::German) => "%-d. %B %Y",
            ("long", Self::American) => "%B %-d, %Y",
            ("long", Self::International) => "%-d %B %Y",
            ("full", Self::German) => "%A, %-d. %B %Y",
            ("full", Self::American) => "%A, %B %-d, %Y",
            ("full", Self::International) => "%A, %-d %B %Y",
            ("datetime", Self::German) => "%-d. %B %Y, %H:%M Uhr",
            ("datetime", Self::American) => "%B %-d, %Y, %-I:%M %p",
            ("datetime", Self::International) => "%-d %B %Y, %H:%M",
            ("time", Self::American) => "%-I:%M %p",
            ("time", _) => "%H:%M",
            ("iso", _) => "%Y-%m-%d",
            (pattern, _) => pattern,
        }
    }
}

/// A moment as it came: a day has no time of day.
enum When {
    Day(Date),
    Instant(Timestamp),
}

/// What the value means as a date. `now` and `today` are the build's moment, wherever the word comes from.
fn when(call: &Call<'_>, value: &dyn ValueView) -> Option<When> {
    let text = value.to_kstr();
    let text = text.trim();
    if matches!(text, "now" | "today") {
        return Some(When::Instant(call.trace.clock()));
    }
    if text.contains(['T', 't', ' ', ':']) {
        // An instant at midnight stays one: only sources write days that way, and they are read elsewhere.
        if let Ok(timestamp) = text.parse() {
            return Some(When::Instant(timestamp));
        }
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        return civil.to_zoned(call.trace.settings.zone.clone()).ok().map(|z| When::Instant(z.timestamp()));
    }
    text.parse::<Moment>().ok().map(|moment| match moment {
        Moment::Day(date) => When::Day(date),
        Moment::Instant(timestamp) => When::Instant(timestamp),
    })
}

fn zoned(call: &Call<'_>, when: &When) -> Result<Zoned> {
    let zone = call.trace.settings.zone.clone();
    match when {
        When::Day(date) => {
            date.to_zoned(zone).map_err(|_| Error::with_msg(format!("{date} is too far away to be shown")))
        }
        When::Instant(timestamp) => Ok(timestamp.to_zoned(zone)),
    }
}

/// `| date: "%-d %B %Y"` or `| date: "long"`. What is not a date is shown as it is.
pub(super) fn date(call: &Call<'_>) -> Result<Value> {
    let Some(when) = when(call, call.input) else { return Ok(call.input.to_value()) };
    let format = call.argument(0).unwrap_or_else(|| "long".to_owned());
    let style = Style::of(call);
    formatted(&zoned(call, &when)?, style.pattern(&format), style == Style::German).map(Value::scalar)
}

/// `| date_range: course.end_date`: both days in as few words as they need.
pub(super) fn date_range(call: &Call<'_>) -> Result<Value> {
    let Some(start) = when(call, call.input) else { return Ok(call.input.to_value()) };
    let start = zoned(call, &start)?;
    let end = match call.value(0).and_then(|end| when(call, end)) {
        Some(end) => zoned(call, &end)?,
        None => start.clone(),
    };
    let style = Style::of(call);
    let (first, last) = (start.date(), end.date());
    let same_month = (first.year(), first.month()) == (last.year(), last.month());
    let same_year = first.year() == last.year();
    let (left, between, right) = match style {
        _ if last <= first => ("", "", style.pattern("long")),
        Style::German if same_month => ("%-d.", "–", "%-d. %B %Y"),
        Style::German if same_year => ("%-d. %B", " – ", "%-d. %B %Y"),
        Style::American if same_month => ("%B %-d", "–", "%-d, %Y"),
        Style::American if same_year => ("%B %-d", " – ", "%B %-d, %Y"),
        Style::International if same_month => ("%-d", "–", "%-d %B %Y"),
        Style::International if same_year => ("%-d %B", " – ", "%-d %B %Y"),
        _ => (style.pattern("long"), " – ", style.pattern("long")),
    };
    let german = style == Style::German;
    // Should the end stand before the start, the start is what people need to know.
    let end = if last <= first { &start } else { &end };
    Ok(Value::scalar(format!(
        "{}{between}{}",
        formatted(&start, left, german)?,
        formatted(end, right, german)?
    )))
}

/// `2027-02-10` for a day, `2027-02-10T10:30:00+01:00` for an instant.
pub(super) fn xmlschema(call: &Call<'_>) -> Result<Value> {
    Ok(match when(call, call.input) {
        None => call.input.to_value(),
        Some(When::Day(date)) => Value::scalar(date.to_string()),
        Some(instant) => Value::scalar(formatted(&zoned(call, &instant)?, "%Y-%m-%dT%H:%M:%S%:z", false)?),
    })
}

/// `Wed, 10 Feb 2027 10:30:00 +0100`.
pub(super) fn rfc822(call: &Call<'_>) -> Result<Value> {
    let Some(when) = when(call, call.input) else { return Ok(call.input.to_value()) };
    formatted(&zoned(call, &when)?, "%a, %d %b %Y %H:%M:%S %z", false).map(Value::scalar)
}

fn formatted(moment: &Zoned, pattern: &str, german: bool) -> Result<String> {
    let pattern = if german { in_german(moment, pattern) } else { pattern.to_owned() };
    let mut text = String::new();
    let config = Config::new().lenient(true);
    BrokenDownTime::from(moment)
        .format_with_config(&config, &pattern, &mut text)
        .map_err(|_| Error::with_msg(format!("`{pattern}` is not a date format")))?;
    Ok(text)
}

/// The pattern with the names of months and days put in.
fn in_german(moment: &Zoned, pattern: &str) -> String {
    let month = usize::from(moment.month().unsigned_abs()) - 1;
    let day = usize::from(moment.weekday().since(Weekday::Monday).unsigned_abs());
    let mut result = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let name = match (character, characters.peek()) {
            ('%', Some('B')) => MONTHS_DE[month],
            ('%', Some('b' | 'h')) => MONTHS_DE_SHORT[month],
            ('%', Some('A')) => DAYS_DE[day],
            ('%', Some('a')) => DAYS_DE_SHORT[day],
            ('%', Some('%')) => "%%",
            _ => {
                result.push(character);
                continue;
            }
        };
        characters.next();
        result.push_str(name);
    }
    result
}
