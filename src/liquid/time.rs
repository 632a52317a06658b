//! A point in time as templates see it: civil dates, and reading the ways people write them.

/// A point in time with its offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    seconds: i64,
    nanos: u32,
    offset: i32,
}

/// Date and time of day as a calendar shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    /// From Sunday, which is 0.
    pub(super) weekday: u32,
    /// From 1.
    pub(super) day_of_year: u32,
}

/// About the years ±9999: what a calendar on a page can mean.
const FARTHEST: i64 = 400_000_000_000;

impl Time {
    /// A point in time: seconds since 1970 in UTC, nanoseconds, and the offset of the clock it was read from.
    pub fn new(seconds: i64, nanos: u32, offset: i32) -> Time {
        Time {
            seconds: seconds.clamp(-FARTHEST, FARTHEST),
            nanos: nanos.min(999_999_999),
            offset: offset.clamp(-86_399, 86_399),
        }
    }

    /// Seconds since 1970 in UTC.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub fn nanos(&self) -> u32 {
        self.nanos
    }

    /// Seconds by which the clock is ahead of UTC.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// The midnight (or other time of day) of a calendar date at an offset.
    pub fn from_civil(year: i64, month: u32, day: u32, second_of_day: i64, offset: i32) -> Time {
        let year = year.clamp(-9999, 9999);
        Time::new(days(year, month, day) * 86_400 + second_of_day - i64::from(offset), 0, offset)
    }

    /// Reads a time as people and programs write it, or nothing if it is none.
    ///
    /// `default_offset` is used where the text names no zone.
    pub fn parse(text: &str, default_offset: i32) -> Option<Time> {
        Time::parse_in(text, |_| default_offset)
    }

    /// Reads a time, asking for the zone's offset (by what would be UTC) only if the text names no zone.
    pub(super) fn parse_in(text: &str, offset_at: impl FnOnce(i64) -> i32) -> Option<Time> {
        parse(text).map(|(time, zoned)| if zoned { time } else { time.at_offset(offset_at(time.seconds)) })
    }

    /// The same time of day on the clock of another zone.
    fn at_offset(self, offset: i32) -> Time {
        Time::new(self.seconds + i64::from(self.offset) - i64::from(offset), self.nanos, offset)
    }

    pub(super) fn civil(&self) -> Civil {
        let local = self.seconds + i64::from(self.offset);
        let (day, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, dom) = civil_of(day);
        Civil {
            year,
            month,
            day: dom,
            hour: (rest / 3600) as u32,
            minute: (rest / 60 % 60) as u32,
            second: (rest % 60) as u32,
            weekday: (day + 4).rem_euclid(7) as u32,
            day_of_year: (day - days(year, 1, 1)) as u32 + 1,
        }
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
pub(super) fn days(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let shifted = i64::from((month + 9) % 12);
    let doy = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn civil_of(day: i64) -> (i64, u32, u32) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let shifted = (5 * doy + 2) / 153;
    let day = (doy - (153 * shifted + 2) / 5 + 1) as u32;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What has been found so far while reading a date.
#[derive(Default)]
struct Found {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    clock: Option<(u32, u32, u32, u32)>,
    offset: Option<i32>,
    pm: Option<bool>,
}

/// The time, and whether the text names its zone; if not, UTC is taken.
fn parse(text: &str) -> Option<(Time, bool)> {
    if text.len() > 128 {
        return None;
    }
    let bytes = text.trim().as_bytes();
    let mut found = Found::default();
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes[at] {
            b'0'..=b'9' => number(&bytes[at..], &mut found)?,
            c if c.is_ascii_alphabetic() => word(&bytes[at..], &mut found)?,
            b'+' | b'-' if found.clock.is_some() => zone_offset(&bytes[at..], &mut found)?,
            b' ' | b',' | b'.' | b'-' | b'/' | b'\t' | b'(' | b')' => 1,
            _ => return None,
        };
    }
    if found.month.is_none() && found.year.is_none() {
        return None;
    }
    let (month, day) = (found.month.unwrap_or(1), found.day.unwrap_or(1));
    let year = found.year?;
    if !(1..=12).contains(&month) || day < 1 || day > length_of_month(year, month) {
        return None;
    }
    let (mut hour, minute, second, nanos) = found.clock.unwrap_or_default();
    match found.pm {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let time = Time::from_civil(year, month, day, of_day, found.offset.unwrap_or(0));
    Some((Time { nanos, ..time }, found.offset.is_some()))
}

fn length_of_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn value(bytes: &[u8]) -> Option<i64> {
    (bytes.len() <= 18).then(|| bytes.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
}

/// A number: part of a date, a time of day, a year or a day.
fn number(bytes: &[u8], found: &mut Found) -> Option<usize> {
    let n = digits(bytes);
    let first = value(&bytes[..n])?;
    let next = bytes.get(n).copied();
    if next == Some(b':') && n <= 2 {
        return clock(bytes, found);
    }
    if let Some(sep @ (b'-' | b'/' | b'.')) = next
        && found.month.is_none()
        && let second = digits(&bytes[n + 1..])
        && (1..=2).contains(&second)
        && n <= 4
    {
        let b = value(&bytes[n + 1..n + 1 + second])?;
        let mut used = n + 1 + second;
        let mut third = None;
        if bytes.get(used) == Some(&sep) {
            let len = digits(&bytes[used + 1..]);
            if len > 0 && len <= 4 {
                third = Some((value(&bytes[used + 1..used + 1 + len])?, len));
                used += 1 + len;
            }
        }
        // Year first as ISO has it; otherwise day first, as Ruby reads it.
        if n >= 3 {
            found.year = Some(first);
            found.month = Some(b as u32);
            found.day = third.map(|(c, _)| c as u32);
        } else {
            found.day = Some(first as u32);
            found.month = Some(b as u32);
            found.year = third.map(|(c, len)| full_year(c, len));
        }
        if bytes.get(used).is_some_and(|b| matches!(b, b'T' | b't')) {
            used += 1;
        }
        return Some(used);
    }
    match n {
        8 if found.month.is_none() => {
            found.year = Some(first / 10_000);
            found.month = Some((first / 100 % 100) as u32);
            found.day = Some((first % 100) as u32);
            let zoned = bytes.get(8).is_some_and(|b| matches!(b, b'T' | b't'));
            if zoned && digits(&bytes[9..]) == 6 {
                let t = value(&bytes[9..15])? as u32;
                found.clock = Some((t / 10_000, t / 100 % 100, t % 100, 0));
                return Some(15);
            }
        }
        3..=4 if found.year.is_none() => found.year = Some(first),
        1..=2 if found.day.is_none() => {
            found.day = Some(first as u32);
            // 1st, 2nd, 3rd, 4th
            let suffix = bytes.get(n..n + 2).map(<[u8]>::to_ascii_lowercase);
            if matches!(suffix.as_deref(), Some(b"st" | b"nd" | b"rd" | b"th")) {
                return Some(n + 2);
            }
        }
        1..=2 if found.year.is_none() => found.year = Some(full_year(first, n)),
        _ => return None,
    }
    Some(n)
}

fn full_year(year: i64, len: usize) -> i64 {
    match year {
        0..=68 if len <= 2 => 2000 + year,
        69..=99 if len <= 2 => 1900 + year,
        _ => year,
    }
}

/// `10:00`, `10:00:00`, `10:00:00.123`
fn clock(bytes: &[u8], found: &mut Found) -> Option<usize> {
    let mut parts = [0u32; 3];
    let mut at = 0;
    for (i, part) in parts.iter_mut().enumerate() {
        let n = digits(&bytes[at..]);
        if n == 0 || n > 2 {
            return None;
        }
        *part = value(&bytes[at..at + n])? as u32;
        at += n;
        if i < 2 && bytes.get(at) == Some(&b':') {
            at += 1;
        } else {
            break;
        }
    }
    let mut nanos = 0;
    if bytes.get(at) == Some(&b'.') {
        let n = digits(&bytes[at + 1..]);
        let mut scale = 100_000_000;
        for b in &bytes[at + 1..at + 1 + n] {
            nanos += u32::from(b - b'0') * scale;
            scale /= 10;
        }
        at += 1 + n;
    }
    found.clock = Some((parts[0], parts[1], parts[2], nanos));
    Some(at)
}

/// A name of a month or day, `am`, `pm`, `T`, `Z`, `UTC`, `EST`.
fn word(bytes: &[u8], found: &mut Found) -> Option<usize> {
    let n = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let word = std::str::from_utf8(&bytes[..n]).ok()?.to_ascii_lowercase();
    let names = |full: &[&str]| {
        full.iter().position(|name| {
            let name = name.to_ascii_lowercase();
            word == name || (word.len() >= 3 && word.len() <= 4 && name.starts_with(&word))
        })
    };
    if let Some(month) = names(&MONTHS) {
        found.month = Some(month as u32 + 1);
        return Some(n);
    }
    if names(&DAYS).is_some() {
        return Some(n);
    }
    match word.as_str() {
        "am" | "pm" if found.clock.is_some() => found.pm = Some(word == "pm"),
        "z" | "utc" | "gmt" if found.clock.is_some() => {
            found.offset = Some(0);
            if matches!(bytes.get(n), Some(b'+' | b'-')) {
                return Some(n + zone_offset(&bytes[n..], found)?);
            }
        }
        "est" | "cdt" => found.offset = Some(-5 * 3600),
        "edt" => found.offset = Some(-4 * 3600),
        "cst" | "mdt" => found.offset = Some(-6 * 3600),
        "mst" | "pdt" => found.offset = Some(-7 * 3600),
        "pst" => found.offset = Some(-8 * 3600),
        "cet" | "bst" => found.offset = Some(3600),
        "cest" | "eet" => found.offset = Some(2 * 3600),
        "t" | "of" | "at" => {}
        _ => return None,
    }
    Some(n)
}

/// `+0200`, `-05:30`, `+02`
fn zone_offset(bytes: &[u8], found: &mut Found) -> Option<usize> {
    let n = digits(&bytes[1..]);
    let sign = if bytes[0] == b'-' { -1 } else { 1 };
    let (hours, minutes, used) = match n {
        4 => (value(&bytes[1..3])?, value(&bytes[3..5])?, 5),
        1 | 2 if bytes.get(n + 1) == Some(&b':') && digits(&bytes[n + 2..]) == 2 => {
            (value(&bytes[1..=n])?, value(&bytes[n + 2..n + 4])?, n + 4)
        }
        1 | 2 => (value(&bytes[1..=n])?, 0, n + 1),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    found.offset = Some(sign * (hours * 3600 + minutes * 60) as i32);
    Some(used)
}
