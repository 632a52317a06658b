//! `strftime` as Ruby has it, with flags and widths.

use super::time::{Civil, DAYS, MONTHS, Time, days};

/// How long the text of a time stays as it is, in the units of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Always,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// A width beyond this is written as it stands.
const WIDEST: usize = 256;

/// Formats a time, and tells the finest unit that was used.
pub(super) fn strftime(time: Time, format: &str, out: &mut String) -> Unit {
    let civil = time.civil();
    let mut finest = Unit::Always;
    let mut rest = format;
    while let Some(i) = rest.find('%') {
        out.push_str(&rest[..i]);
        let spec = &rest[i..];
        match directive(spec) {
            Some(d) => {
                finest = finest.max(field(time, &civil, &d, out));
                rest = &spec[d.len..];
            }
            None => {
                out.push('%');
                rest = &spec[1..];
            }
        }
    }
    out.push_str(rest);
    finest
}

/// The first instant at which a time, shown to a unit, looks different.
pub(super) fn changes_at(time: Time, unit: Unit) -> Option<i64> {
    let c = time.civil();
    let offset = i64::from(time.offset());
    let next_month = if c.month == 12 { days(c.year + 1, 1, 1) } else { days(c.year, c.month + 1, 1) };
    Some(match unit {
        Unit::Always => return None,
        Unit::Year => days(c.year + 1, 1, 1) * 86_400 - offset,
        Unit::Month => next_month * 86_400 - offset,
        Unit::Day => (days(c.year, c.month, c.day) + 1) * 86_400 - offset,
        Unit::Hour => time.seconds() - i64::from(c.minute * 60 + c.second) + 3600,
        Unit::Minute => time.seconds() - i64::from(c.second) + 60,
        Unit::Second => time.seconds() + 1,
    })
}

struct Directive {
    letter: char,
    flag_pad: Option<char>,
    upper: bool,
    swap: bool,
    colons: usize,
    width: Option<usize>,
    len: usize,
}

/// Reads `%-d`, `%^10b`, `%::z`; `text` begins with `%`.
fn directive(text: &str) -> Option<Directive> {
    let mut d =
        Directive { letter: ' ', flag_pad: None, upper: false, swap: false, colons: 0, width: None, len: 1 };
    for c in text[1..].chars() {
        d.len += c.len_utf8();
        match c {
            '-' if d.width.is_none() => d.flag_pad = Some('-'),
            '0' if d.width.is_none() => d.flag_pad = Some('0'),
            '_' if d.width.is_none() => d.flag_pad = Some(' '),
            '^' if d.width.is_none() => d.upper = true,
            '#' if d.width.is_none() => d.swap = true,
            ':' if d.colons < 3 => d.colons += 1,
            '0'..='9' => {
                let width = d.width.unwrap_or(0) * 10 + (c as usize - '0' as usize);
                if width > WIDEST {
                    return None;
                }
                d.width = Some(width);
            }
            'E' | 'O' => {}
            c if c.is_ascii_alphabetic() || matches!(c, '%' | '+') => {
                d.letter = c;
                return Some(d);
            }
            _ => return None,
        }
    }
    None
}

fn number(out: &mut String, d: &Directive, n: i64, width: usize, pad: char) {
    let pad = d.flag_pad.unwrap_or(pad);
    let width = if pad == '-' { 0 } else { d.width.unwrap_or(width) };
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut left = n.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let len = digits.len() - at + usize::from(n < 0);
    if n < 0 && pad != ' ' {
        out.push('-');
    }
    for _ in len..width {
        out.push(pad);
    }
    if n < 0 && pad == ' ' {
        out.push('-');
    }
    for d in &digits[at..] {
        out.push(char::from(*d));
    }
}

fn text(out: &mut String, d: &Directive, s: &str) {
    let pad = if d.flag_pad == Some('0') { '0' } else { ' ' };
    for _ in s.len()..d.width.unwrap_or(0) {
        out.push(pad);
    }
    if d.upper || (d.swap && !s.bytes().all(|b| b.is_ascii_uppercase())) {
        out.extend(s.chars().map(|c| c.to_ascii_uppercase()));
    } else if d.swap {
        out.extend(s.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        out.push_str(s);
    }
}

fn field(time: Time, c: &Civil, d: &Directive, out: &mut String) -> Unit {
    let composite = |format: &str, out: &mut String| {
        let mut inner = String::new();
        let unit = strftime(time, format, &mut inner);
        text(out, d, &inner);
        unit
    };
    let hour12 = i64::from(if c.hour.is_multiple_of(12) { 12 } else { c.hour % 12 });
    match d.letter {
        'Y' => number(out, d, c.year, 4, '0'),
        'C' => number(out, d, c.year.div_euclid(100), 2, '0'),
        'y' => number(out, d, c.year.rem_euclid(100), 2, '0'),
        'G' => number(out, d, iso_week(c).0, 4, '0'),
        'g' => number(out, d, iso_week(c).0.rem_euclid(100), 2, '0'),
        'm' => number(out, d, i64::from(c.month), 2, '0'),
        'B' => text(out, d, MONTHS[c.month as usize - 1]),
        'b' | 'h' => text(out, d, &MONTHS[c.month as usize - 1][..3]),
        'd' => number(out, d, i64::from(c.day), 2, '0'),
        'e' => number(out, d, i64::from(c.day), 2, ' '),
        'j' => number(out, d, i64::from(c.day_of_year), 3, '0'),
        'H' => number(out, d, i64::from(c.hour), 2, '0'),
        'k' => number(out, d, i64::from(c.hour), 2, ' '),
        'I' => number(out, d, hour12, 2, '0'),
        'l' => number(out, d, hour12, 2, ' '),
        'P' => text(out, d, if c.hour < 12 { "am" } else { "pm" }),
        'p' => text(out, d, if c.hour < 12 { "AM" } else { "PM" }),
        'M' => number(out, d, i64::from(c.minute), 2, '0'),
        'S' => number(out, d, i64::from(c.second), 2, '0'),
        'L' | 'N' => fraction(time, d, out),
        'z' => zone(time, d, out),
        'Z' => match time.offset() {
            0 => text(out, d, "UTC"),
            _ => zone(time, d, out),
        },
        'A' => text(out, d, DAYS[c.weekday as usize]),
        'a' => text(out, d, &DAYS[c.weekday as usize][..3]),
        'u' => number(out, d, i64::from(if c.weekday == 0 { 7 } else { c.weekday }), 1, '0'),
        'w' => number(out, d, i64::from(c.weekday), 1, '0'),
        'V' => number(out, d, iso_week(c).1, 2, '0'),
        'U' => number(out, d, i64::from((c.day_of_year + 6 - c.weekday) / 7), 2, '0'),
        'W' => number(out, d, i64::from((c.day_of_year + 6 - (c.weekday + 6) % 7) / 7), 2, '0'),
        's' => number(out, d, time.seconds(), 1, '0'),
        'n' => text(out, d, "\n"),
        't' => text(out, d, "\t"),
        '%' => text(out, d, "%"),
        'c' => return composite("%a %b %e %H:%M:%S %Y", out),
        'D' | 'x' => return composite("%m/%d/%y", out),
        'F' => return composite("%Y-%m-%d", out),
        'v' => return composite("%e-%^b-%Y", out),
        'r' => return composite("%I:%M:%S %p", out),
        'R' => return composite("%H:%M", out),
        'T' | 'X' => return composite("%H:%M:%S", out),
        '+' => return composite("%a %b %e %H:%M:%S %Z %Y", out),
        other => {
            out.push('%');
            out.push(other);
        }
    }
    match d.letter {
        'Y' | 'C' | 'y' => Unit::Year,
        'm' | 'B' | 'b' | 'h' => Unit::Month,
        'G' | 'g' | 'd' | 'e' | 'j' | 'A' | 'a' | 'u' | 'w' | 'V' | 'U' | 'W' => Unit::Day,
        'H' | 'k' | 'I' | 'l' | 'P' | 'p' | 'z' | 'Z' => Unit::Hour,
        'M' => Unit::Minute,
        'S' | 'L' | 'N' | 's' => Unit::Second,
        _ => Unit::Always,
    }
}

fn fraction(time: Time, d: &Directive, out: &mut String) {
    let width = d.width.unwrap_or(if d.letter == 'L' { 3 } else { 9 });
    let digits = format!("{:09}", time.nanos());
    out.push_str(&digits[..width.min(9)]);
    for _ in 9..width {
        out.push('0');
    }
}

fn zone(time: Time, d: &Directive, out: &mut String) {
    let offset = time.offset();
    let (h, m, s) = (offset.abs() / 3600, offset.abs() / 60 % 60, offset.abs() % 60);
    out.push(if offset < 0 { '-' } else { '+' });
    match d.colons {
        0 => out.push_str(&format!("{h:02}{m:02}")),
        1 => out.push_str(&format!("{h:02}:{m:02}")),
        _ => out.push_str(&format!("{h:02}:{m:02}:{s:02}")),
    }
}

/// Year and week by ISO 8601: weeks begin on Monday, week 1 has the year's first Thursday.
fn iso_week(c: &Civil) -> (i64, i64) {
    let monday = i64::from((c.weekday + 6) % 7);
    let week = (i64::from(c.day_of_year) - 1 - monday + 10) / 7;
    if week < 1 {
        let last = days(c.year - 1, 12, 31);
        let doy = last - days(c.year - 1, 1, 1) + 1;
        let weekday = (last + 3).rem_euclid(7);
        return (c.year - 1, (doy - 1 - weekday + 10) / 7);
    }
    let thursday = days(c.year, c.month, c.day) - monday + 3;
    if thursday >= days(c.year + 1, 1, 1) { (c.year + 1, 1) } else { (c.year, week) }
}
