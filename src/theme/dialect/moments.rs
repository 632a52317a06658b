//! What counts as a date, and how long an answer to "what time is it?" holds.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::Settings;
use crate::liquid::{Context, Error, Time, Value};
use crate::model::moment::Moment;

/// A moment as it came: a day has no time of day and is the same in every zone.
pub(super) enum When {
    Day(Date),
    Instant(Timestamp),
    /// The moment of the build, asked for by `now` or `today`, wherever the word comes from.
    Now(Timestamp),
}

/// What the value means as a date.
pub(super) fn when<'a>(
    site: &Settings,
    cx: &mut Context<'a>,
    value: &Value<'a>,
) -> Result<Option<When>, Error> {
    let instant = |time: Time| {
        Timestamp::new(time.seconds(), i32::try_from(time.nanos()).unwrap_or(0)).ok().map(When::Instant)
    };
    Ok(match value {
        Value::Time(time) => instant(*time),
        Value::Int(seconds) => Timestamp::from_second(*seconds).ok().map(When::Instant),
        Value::Str(text) | Value::Html(text) => {
            let text = text.trim();
            if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today") {
                instant(cx.now_unrecorded()).map(|now| match now {
                    When::Instant(now) => When::Now(now),
                    other => other,
                })
            } else {
                written(site, text).or_else(|| {
                    // Whatever else people write, read at the zone's offset at about that time.
                    let near = Time::parse(text, 0)?;
                    Time::parse(text, cx.offset_at(near.seconds())).and_then(instant)
                })
            }
        }
        _ => None,
    })
}

/// Dates as this program and most others write them.
fn written(site: &Settings, text: &str) -> Option<When> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().and_then(|s| Timestamp::from_second(s).ok()).map(When::Instant);
    }
    if text.contains(['T', 't', ' ', ':']) {
        // An instant at midnight stays one: only sources write days that way, and they are read elsewhere.
        if let Ok(timestamp) = text.parse() {
            return Some(When::Instant(timestamp));
        }
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        return civil.to_zoned(site.zone.clone()).ok().map(|zoned| When::Instant(zoned.timestamp()));
    }
    text.parse::<Moment>().ok().map(|moment| match moment {
        Moment::Day(date) => When::Day(date),
        Moment::Instant(timestamp) => When::Instant(timestamp),
    })
}

impl When {
    /// The wall time in the site's zone; a day is its midnight.
    pub(super) fn zoned(&self, site: &Settings) -> Result<Zoned, Error> {
        match self {
            Self::Day(date) => date
                .to_zoned(site.zone.clone())
                .map_err(|_| Error::value(format!("{date} is too far away to be shown"))),
            Self::Instant(timestamp) | Self::Now(timestamp) => Ok(timestamp.to_zoned(site.zone.clone())),
        }
    }

    /// Notes that the output depends on the clock, if it does, and until when it is the same.
    pub(super) fn record(&self, site: &Settings, cx: &mut Context<'_>, unit: Unit) {
        if let Self::Now(now) = self
            && let Some(until) = unit.end(*now, &site.zone)
        {
            cx.clock_read(until);
        }
    }
}

/// The finest part of a date that a pattern shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Nothing,
    Year,
    Month,
    Day,
    /// Hours as well: clocks are put forward and back at full minutes, and few pages show the time of the build.
    Minute,
    Second,
    Less,
}

impl Unit {
    /// The finest unit in a strftime pattern.
    pub(super) fn of(pattern: &str) -> Self {
        let mut finest = Self::Nothing;
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                continue;
            }
            let flag = |c: &char| matches!(c, '-' | '_' | '0'..='9' | '^' | '#' | ':' | '.');
            let letter = characters.by_ref().find(|c| !flag(c));
            finest = finest.max(match letter {
                Some('n' | 't' | '%') => Self::Nothing,
                Some('Y' | 'C' | 'y') => Self::Year,
                Some('m' | 'B' | 'b' | 'h') => Self::Month,
                Some(
                    'G' | 'g' | 'd' | 'e' | 'j' | 'A' | 'a' | 'u' | 'w' | 'V' | 'U' | 'W' | 'F' | 'D' | 'x'
                    | 'v' | 'q',
                ) => Self::Day,
                Some('H' | 'k' | 'I' | 'l' | 'P' | 'p' | 'M' | 'R' | 'z' | 'Z' | 'Q') => Self::Minute,
                Some('S' | 's' | 'T' | 'X' | 'r' | 'c') => Self::Second,
                _ => Self::Less,
            });
        }
        finest
    }

    /// The first instant, in seconds since 1970, at which `now` looks different.
    fn end(self, now: Timestamp, zone: &TimeZone) -> Option<i64> {
        let today = now.to_zoned(zone.clone()).date();
        let begin = |date: Date| date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp().as_second());
        let next = match self {
            Self::Nothing => return None,
            Self::Year => today.first_of_year().checked_add(1.year()).and_then(begin),
            Self::Month => today.first_of_month().checked_add(1.month()).and_then(begin),
            Self::Day => today.tomorrow().and_then(begin),
            Self::Minute => Ok((now.as_second().div_euclid(60) + 1) * 60),
            Self::Second => Ok(now.as_second() + 1),
            Self::Less => Ok(now.as_second()),
        };
        // At the end of all calendars the answer holds for no longer than this moment.
        Some(next.unwrap_or_else(|_| now.as_second()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_until_the_calendar_turns() -> Result<(), jiff::Error> {
        let zone = TimeZone::get("Europe/Berlin")?;
        let end = |now: &str, pattern: &str| -> Result<Option<String>, jiff::Error> {
            let end = Unit::of(pattern).end(now.parse()?, &zone);
            Ok(end.map(|end| Timestamp::from_second(end).unwrap_or_default().to_string()))
        };
        for (pattern, expected) in [
            ("no date, 100 %%", None),
            ("%Y", Some("2027-12-31T23:00:00Z")),
            ("%b %y", Some("2027-03-31T22:00:00Z")),
            // The day on which the clocks are put forward has 23 hours.
            ("%-d. %B %Y", Some("2027-03-28T22:00:00Z")),
            ("%H", Some("2027-03-28T00:31:00Z")),
            ("%^10Z", Some("2027-03-28T00:31:00Z")),
            ("%F %T", Some("2027-03-28T00:30:01Z")),
            ("%s.%3N", Some("2027-03-28T00:30:00Z")),
        ] {
            assert_eq!(end("2027-03-28T00:30:00.5Z", pattern)?.as_deref(), expected, "{pattern}");
        }
        Ok(())
    }
}
