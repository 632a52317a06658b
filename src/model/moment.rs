//! A point in a course's calendar: a whole day, or an instant.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day without a time of day, or an exact instant.
///
/// Sources send "the course starts on the 10th" as midnight UTC. Shown in a zone west of Greenwich that would become
/// the 9th, so an instant at exactly 00:00:00 UTC is read as the day that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// A whole day, the same in every time zone.
    Day(Date),
    /// An exact instant.
    Instant(Timestamp),
}

impl Moment {
    /// A whole day; nothing where it is too far away, as the 31st of December 9999 is that some systems write for "never".
    pub fn of_day(date: Date) -> Option<Self> {
        YEARS.contains(&date.year()).then_some(Self::Day(date))
    }

    /// Reads an instant as sources send it: midnight UTC names a day.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        let utc = timestamp.to_zoned(TimeZone::UTC);
        if utc.time() == jiff::civil::Time::midnight() {
            Self::Day(utc.date())
        } else {
            Self::Instant(timestamp)
        }
    }

    /// The day in `zone`.
    pub fn date(&self, zone: &TimeZone) -> Date {
        match self {
            Self::Day(date) => *date,
            Self::Instant(timestamp) => timestamp.to_zoned(zone.clone()).date(),
        }
    }

    /// The first instant of it in `zone`.
    pub fn begin(&self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(date) if *zone == TimeZone::UTC => midnight(*date),
            Self::Day(date) => date.to_zoned(zone.clone()).map(|z| z.timestamp()).unwrap_or(Timestamp::MAX),
            Self::Instant(timestamp) => *timestamp,
        }
    }

    /// The first instant after it in `zone`: the next midnight for a day, the instant itself else.
    pub fn end(&self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(date) => {
                date.tomorrow().map(|next| Self::Day(next).begin(zone)).unwrap_or(Timestamp::MAX)
            }
            Self::Instant(timestamp) => *timestamp,
        }
    }

    /// The wall time in `zone`; a day is its midnight.
    pub fn zoned(&self, zone: &TimeZone) -> Zoned {
        self.begin(zone).to_zoned(zone.clone())
    }

    /// A number that no other moment has.
    pub fn number(&self) -> u64 {
        match self {
            Self::Day(date) => {
                let (year, month, day) = (date.year() as u16, date.month() as u8, date.day() as u8);
                1 << 63 | u64::from(year) << 16 | u64::from(month) << 8 | u64::from(day)
            }
            // Nanoseconds fit for six hundred years around 1970; beyond, two moments may meet, and nobody lives there.
            Self::Instant(timestamp) => timestamp.as_nanosecond() as u64 & !(1 << 63),
        }
    }

    /// The seconds since 1970 between which it begins, whatever the zone: most moments are too far from others for the zone to matter.
    pub fn begins_within(&self) -> RangeInclusive<i64> {
        /// No zone is further than this from UTC.
        const FURTHEST: i64 = 26 * 60 * 60;
        let begin = self.sort_key().as_second();
        match self {
            Self::Day(_) => begin - FURTHEST..=begin + FURTHEST,
            Self::Instant(_) => begin..=begin,
        }
    }

    /// For sorting without a zone: days count as their midnight UTC.
    pub fn sort_key(&self) -> Timestamp {
        match self {
            Self::Day(date) => midnight(*date),
            Self::Instant(timestamp) => *timestamp,
        }
    }
}

/// A day as nearly all sources write it: `2027-02-10`.
fn plain_day(text: &str) -> Option<Date> {
    let &[y, e, a, r, b'-', m, n, b'-', d, g] = text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let (month, day) = (i8::try_from(number(&[m, n])?).ok()?, i8::try_from(number(&[d, g])?).ok()?);
    Date::new(number(&[y, e, a, r])?, month, day).ok()
}

/// The begin of a day in UTC. Catalogues are sorted and compared by it, so it is worked out without the zone: days since March of
/// the year 0 (Howard Hinnant's `days_from_civil`).
fn midnight(date: Date) -> Timestamp {
    let (month, day) = (i64::from(date.month()), i64::from(date.day()));
    let year = i64::from(date.year()) - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Timestamp::from_second(days * 86_400).unwrap_or(Timestamp::MAX)
}

/// `2027-02-10` for a day, RFC 3339 with `Z` for an instant.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) if (0..=9_999).contains(&date.year()) => {
                let (year, month, day) =
                    (date.year().unsigned_abs(), date.month().unsigned_abs(), date.day().unsigned_abs());
                let digit = |number: u16| b'0' + (number % 10) as u8;
                let [y, m, d] = [year, u16::from(month), u16::from(day)];
                let (century, years) = (y / 100, y % 100);
                let text = [
                    digit(century / 10),
                    digit(century),
                    digit(years / 10),
                    digit(years),
                    b'-',
                    digit(m / 10),
                    digit(m),
                    b'-',
                    digit(d / 10),
                    digit(d),
                ];
                f.write_str(std::str::from_utf8(&text).unwrap_or_default())
            }
            Self::Day(date) => date.fmt(f),
            Self::Instant(timestamp) => timestamp.fmt(f),
        }
    }
}

/// The text is neither an ISO 8601 date nor an RFC 3339 date and time, or nobody could say when that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAMoment;

/// The years in which every time zone knows what time it is. Some systems write the last day of the year 9999 for
/// "never"; that is no day on which a course begins or ends.
const YEARS: RangeInclusive<i16> = 1..=9998;

impl fmt::Display for NotAMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected a date such as 2027-02-10 or a time such as 2027-02-10T09:30:00Z, before the year 9999",
        )
    }
}

impl std::error::Error for NotAMoment {}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        // `Date` would also accept a date with a time and throw the time away; no instant is as short as a date.
        let moment = match (plain_day(text), text.len()) {
            (Some(day), _) => Ok(Self::Day(day)),
            (None, ..=10) => text.parse().map(Self::Day),
            (None, _) => text.parse().map(Self::from_timestamp),
        };
        moment.ok().filter(|moment| YEARS.contains(&moment.date(&TimeZone::UTC).year())).ok_or(NotAMoment)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Moments;
        impl serde::de::Visitor<'_> for Moments {
            type Value = Moment;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date or a time")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Moment, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Moments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_its_midnight() {
        let begin =
            |date: Date| date.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        let mut date = jiff::civil::date(-9999, 1, 1);
        while let Ok(next) = date.checked_add(jiff::Span::new().days(29)) {
            assert_eq!(midnight(date), begin(date), "{date}");
            let text = Moment::Day(date).to_string();
            assert_eq!(text, date.to_string());
            if text.len() == 10 {
                assert_eq!(plain_day(&text), Some(date));
            }
            date = next;
        }
        for date in [Date::MIN, Date::MAX, jiff::civil::date(1970, 1, 1), jiff::civil::date(2028, 2, 29)] {
            assert_eq!(midnight(date), begin(date), "{date}");
            assert_eq!(Moment::Day(date).sort_key(), begin(date));
        }
    }

    #[test]
    fn midnight_utc_is_the_same_day_everywhere() -> Result<(), Box<dyn std::error::Error>> {
        let moment: Moment = "2027-02-10T00:00:00.000Z".parse()?;
        for zone in ["America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland"] {
            assert_eq!(moment.date(&TimeZone::get(zone)?).to_string(), "2027-02-10", "{zone}");
        }
        assert_eq!(moment.to_string(), "2027-02-10");
        assert_eq!("2027-02-10T09:30:00Z".parse::<Moment>()?.to_string(), "2027-02-10T09:30:00Z");
        for bad in
            ["", "tomorrow", "2027-13-01", "2027-02-10T25:00:00Z", "2027-02-30", "9999-12-31", "2027-02-1x"]
        {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
        Ok(())
    }
}
