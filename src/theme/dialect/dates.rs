//! Dates for people: in the site's time zone and language.

use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::fmt::strtime::{BrokenDownTime, Config};

use super::moments::{Unit, When, when};
use super::{Made, Settings};
use crate::liquid::{Args, Context, Error, Value};

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
    fn of(site: &Settings) -> Self {
        if site.is_german() {
            Self::German
        } else if site.language.to_ascii_lowercase().starts_with("en-us") {
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

/// `| date: "%-d %B %Y"` or `| date: "long"`. What is not a date is shown as it is.
pub(super) fn date<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let Some(when) = when(site, cx, &input)? else { return Ok(input) };
    let format = match args.get(0) {
        Some(format) if !format.is_nil() => cx.text(format.clone())?,
        _ => crate::liquid::Text::Borrowed("long"),
    };
    if let Some(locale) = site.foreign()
        && let Some(text) = locale.date(&when.zoned(site)?, &format)
    {
        cx.charge(text.len())?;
        when.record(site, cx, if &*format == "datetime" { Unit::Minute } else { Unit::Day });
        return Ok(Value::string(text));
    }
    shown(site, cx, &when, Style::of(site).pattern(&format), Some(site))
}

/// `| date_range: course.end_date`: both days in as few words as they need.
pub(super) fn range<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    let Some(first) = when(site, cx, &input)? else { return Ok(input) };
    let second = match args.get(0) {
        Some(end) => when(site, cx, end)?,
        None => None,
    };
    first.record(site, cx, Unit::Day);
    let start = first.zoned(site)?;
    let end = match &second {
        Some(end) => {
            end.record(site, cx, Unit::Day);
            end.zoned(site)?
        }
        None => start.clone(),
    };
    let style = Style::of(site);
    let (first, last) = (start.date(), end.date());
    if let Some(locale) = site.foreign() {
        let text = if last <= first { locale.date(&start, "long") } else { locale.range(&start, &end) };
        if let Some(text) = text {
            return Ok(Value::string(text));
        }
    }
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
    // Should the end stand before the start, the start is what people need to know.
    let end = if last <= first { &start } else { &end };
    Ok(Value::string(format!(
        "{}{between}{}",
        formatted(&start, left, Some(site))?,
        formatted(end, right, Some(site))?
    )))
}

/// `2027-02-10` for a day, `2027-02-10T10:30:00+01:00` for an instant.
pub(super) fn xmlschema<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    match when(site, cx, &input)? {
        None => Ok(input),
        Some(When::Day(date)) => Ok(Value::string(date.to_string())),
        Some(instant) => shown(site, cx, &instant, "%Y-%m-%dT%H:%M:%S%:z", None),
    }
}

/// `Wed, 10 Feb 2027 10:30:00 +0100`.
pub(super) fn rfc822<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    match when(site, cx, &input)? {
        Some(when) => shown(site, cx, &when, "%a, %d %b %Y %H:%M:%S %z", None),
        None => Ok(input),
    }
}

/// `10 Feb 2027`; with `"ordinal"` `10th Feb 2027`, with `"ordinal", "US"` `Feb 10th, 2027`.
pub(super) fn string<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    jekyll(site, cx, input, args, "%b")
}

/// The same with the month's whole name.
pub(super) fn long_string<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Made<'a> {
    jekyll(site, cx, input, args, "%B")
}

fn jekyll<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
    month: &str,
) -> Made<'a> {
    let Some(when) = when(site, cx, &input)? else { return Ok(input) };
    let is = |index: usize, word: &str| args.get(index).and_then(Value::as_str) == Some(word);
    if site.is_german() {
        return shown(site, cx, &when, &format!("%d. {month} %Y"), Some(site));
    }
    if !is(0, "ordinal") {
        return shown(site, cx, &when, &format!("%d {month} %Y"), Some(site));
    }
    let day = when.zoned(site)?.day();
    let suffix = match (day % 10, day / 10) {
        (1, 0 | 2 | 3) => "st",
        (2, 0 | 2) => "nd",
        (3, 0 | 2) => "rd",
        _ => "th",
    };
    let pattern =
        if is(1, "US") { format!("{month} %-d{suffix}, %Y") } else { format!("%-d{suffix} {month} %Y") };
    shown(site, cx, &when, &pattern, None)
}

/// Writes a date by a pattern; `names` is the site whose language names months and days, none for English.
fn shown<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    when: &When,
    pattern: &str,
    names: Option<&Settings>,
) -> Made<'a> {
    cx.charge(pattern.len())?;
    when.record(site, cx, Unit::of(pattern));
    formatted(&when.zoned(site)?, pattern, names).map(Value::string)
}

fn formatted(moment: &Zoned, pattern: &str, names: Option<&Settings>) -> Result<String, Error> {
    /// Widths such as `%999999999d` would make texts of that length.
    const LONGEST: usize = 1_000;
    if pattern.len() > LONGEST || widths(pattern) > 2 {
        return Err(Error::value("this date format is too long"));
    }
    let pattern = prepared(moment, pattern, names);
    let mut text = String::new();
    let config = Config::new().lenient(true);
    BrokenDownTime::from(moment)
        .format_with_config(&config, &pattern, &mut text)
        .map_err(|_| Error::value(format!("`{pattern}` is not a date format")))?;
    Ok(text)
}

/// The most digits that stand in a row.
fn widths(pattern: &str) -> usize {
    pattern
        .split('%')
        .skip(1)
        .map(|rest| rest.trim_start_matches(['-', '_', '0', '^', '#', ':', '.']))
        .fold(0, |most, rest| most.max(rest.bytes().take_while(u8::is_ascii_digit).count()))
}

/// The pattern with the names of months and days put in, and with milliseconds, which only Ruby calls `%L`.
fn prepared(moment: &Zoned, pattern: &str, names: Option<&Settings>) -> String {
    let month = usize::from(moment.month().unsigned_abs()) - 1;
    let day = usize::from(moment.weekday().since(Weekday::Monday).unsigned_abs());
    let german = names.is_some_and(Settings::is_german);
    let foreign = names.and_then(Settings::foreign);
    let mut result = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            result.push(character);
            continue;
        }
        let letter = characters.peek().copied().unwrap_or_default();
        let name = foreign.and_then(|locale| locale.name(moment, letter));
        let name = name.as_deref().or(match letter {
            'B' if german => Some(MONTHS_DE[month]),
            'b' | 'h' if german => Some(MONTHS_DE_SHORT[month]),
            'A' if german => Some(DAYS_DE[day]),
            'a' if german => Some(DAYS_DE_SHORT[day]),
            'L' => Some("%3N"),
            '%' => Some("%%"),
            _ => None,
        });
        match name {
            Some(name) => {
                characters.next();
                result.push_str(name);
            }
            None => result.push(character),
        }
    }
    result
}
