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

    /// For sorting without a zone: days count as their midnight UTC.
    pub fn sort_key(&self) -> Timestamp {
        self.begin(&TimeZone::UTC)
    }
}

/// `2027-02-10` for a day, RFC 3339 with `Z` for an instant.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
        let moment = match text.len() {
            ..=10 => text.parse().map(Self::Day),
            _ => text.parse().map(Self::from_timestamp),
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
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_utc_is_the_same_day_everywhere() -> Result<(), Box<dyn std::error::Error>> {
        let moment: Moment = "2027-02-10T00:00:00.000Z".parse()?;
        for zone in ["America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland"] {
            assert_eq!(moment.date(&TimeZone::get(zone)?).to_string(), "2027-02-10", "{zone}");
        }
        assert_eq!(moment.to_string(), "2027-02-10");
        assert_eq!("2027-02-10T09:30:00Z".parse::<Moment>()?.to_string(), "2027-02-10T09:30:00Z");
        for bad in ["", "tomorrow", "2027-13-01", "2027-02-10T25:00:00Z", "2027-02-30", "9999-12-31"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
        Ok(())
    }
}
