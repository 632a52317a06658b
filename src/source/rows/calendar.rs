//! Dates in files of courses: a day, an instant, a wall time, and in a sample also days from today.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::base::digest::Fingerprint;
use crate::model::moment::Moment;

/// What a date in a file is read by.
#[derive(Debug, Clone)]
pub(in crate::source) struct Calendar {
    zone: TimeZone,
    /// Where there is one, `+21` is a date: 21 days from it.
    today: Option<Date>,
}

impl Calendar {
    /// Wall times are those of `zone`.
    pub(in crate::source) fn fixed(zone: TimeZone) -> Self {
        Self { zone, today: None }
    }

    /// The same, and dates may be counted from the day of `now`.
    pub(in crate::source) fn counting_from(now: Timestamp, zone: TimeZone) -> Self {
        Self { today: Some(now.to_zoned(zone.clone()).date()), zone }
    }

    /// A quick hash of what decides how dates are read.
    pub(super) fn mark(&self) -> u64 {
        let zone = match self.zone.iana_name() {
            Some(name) => name.to_owned(),
            None => format!("{:?}", self.zone),
        };
        Fingerprint::new(60).text(&zone).maybe(self.today.map(|day| day.to_string()).as_deref()).get()
    }

    /// Reads a date; nothing if it is none.
    pub(super) fn moment(&self, text: &str) -> Option<Moment> {
        if let Some(today) = self.today
            && text.starts_with(['+', '-'])
        {
            return self.counted(today, text);
        }
        text.parse().ok().or_else(|| self.wall_time(text.parse().ok().filter(|_| text.contains(['T', ' ']))?))
    }

    /// Reads an instant; a day counts as its midnight.
    pub(super) fn timestamp(&self, text: &str) -> Option<Timestamp> {
        text.parse().ok().or_else(|| self.moment(text).map(|moment| moment.begin(&self.zone)))
    }

    /// How dates may be written, for messages.
    pub(super) fn expected(&self) -> &'static str {
        match self.today {
            None => "a date such as 2027-02-10 or a time such as 2027-02-10T09:30:00Z",
            Some(_) => "a date such as 2027-02-10, or days from today such as +21 or -3T09:30",
        }
    }

    fn counted(&self, today: Date, text: &str) -> Option<Moment> {
        let (days, time) = text.split_once('T').map_or((text, None), |(days, time)| (days, Some(time)));
        let date = today.checked_add(jiff::Span::new().try_days(days.parse::<i64>().ok()?).ok()?).ok()?;
        match time {
            None => Some(Moment::Day(date)),
            Some(time) => self.wall_time(date.to_datetime(time.parse::<Time>().ok()?)),
        }
    }

    fn wall_time(&self, time: DateTime) -> Option<Moment> {
        time.to_zoned(self.zone.clone()).ok().map(|zoned| Moment::Instant(zoned.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_their_forms() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // Already the 11th in Berlin.
        let counting = Calendar::counting_from("2027-02-10T23:30:00Z".parse().unwrap(), zone.clone());
        let fixed = Calendar::fixed(zone);
        for (text, read) in [
            ("2027-02-10", "2027-02-10"),
            ("2027-02-10T00:00:00.000Z", "2027-02-10"),
            ("2027-02-10T09:30:00+01:00", "2027-02-10T08:30:00Z"),
            ("2027-07-10T09:30:00", "2027-07-10T07:30:00Z"),
            ("2027-07-10 09:30", "2027-07-10T07:30:00Z"),
        ] {
            assert_eq!(fixed.moment(text).map(|m| m.to_string()).as_deref(), Some(read), "{text}");
            assert_eq!(counting.moment(text), fixed.moment(text));
        }
        for (text, read) in [
            ("+0", "2027-02-11"),
            ("+21", "2027-03-04"),
            ("-11", "2027-01-31"),
            ("-1T09:30", "2027-02-10T08:30:00Z"),
        ] {
            assert_eq!(counting.moment(text).map(|m| m.to_string()).as_deref(), Some(read), "{text}");
            assert_eq!(fixed.moment(text), None);
        }
        for bad in
            ["", "+", "+x", "+1T", "+1T25:00", "+9223372036854775807", "morgen", "2027-02-30", "20270210x"]
        {
            assert_eq!(counting.moment(bad), None, "{bad}");
        }
        assert_eq!(fixed.timestamp("2027-02-10T00:00:00Z").unwrap().to_string(), "2027-02-10T00:00:00Z");
    }
}
