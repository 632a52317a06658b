//! What the dashboard says, in German and English: texts, dates, spans, numbers.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::run::iso_millis;
use crate::model::view::{Map, Value};

/// A language of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tongue {
    German,
    English,
}

impl Tongue {
    pub(super) const ALL: [Self; 2] = [Self::German, Self::English];

    /// Its BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// Its own name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::German => "Deutsch",
            Self::English => "English",
        }
    }

    /// The language of a tag such as `de-AT`, if it is one of these.
    pub(super) fn of(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|tongue| tongue.tag().eq_ignore_ascii_case(primary))
    }

    /// The one of these that a header asks for first (RFC 9110, section 12.5.4).
    pub(super) fn accepted(header: &str) -> Option<Self> {
        let ranges = header.split(',').filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f64 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
            Some((Self::of(tag)?, weight))
        });
        // Of two with one weight the first counts.
        let best = ranges.filter(|(_, weight)| *weight > 0.0).reduce(|a, b| if b.1 > a.1 { b } else { a });
        best.map(|(tongue, _)| tongue)
    }
}

/// The texts of one language, and how it writes figures.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) tongue: Tongue,
    texts: HashMap<String, String>,
    /// The same, as templates see them.
    pub(super) view: Map,
    zone: TimeZone,
}

impl Words {
    pub(super) fn new(tongue: Tongue, zone: TimeZone) -> Self {
        let source = match tongue {
            Tongue::German => include_str!("de.toml"),
            Tongue::English => include_str!("en.toml"),
        };
        // They are a part of the program: tests hold that they can be read.
        let table: toml::Table = source.parse().unwrap_or_default();
        let text = |(key, value): (&String, &toml::Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Self { tongue, texts: table.iter().filter_map(text).collect(), view: Map::from(&table), zone }
    }

    /// The text of this key.
    pub(super) fn get(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    /// The text of this key with values in the place of `{name}`.
    pub(super) fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let mut rest = self.get(key);
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            text.push_str(value.unwrap_or_default());
            rest = after;
        }
        text + rest
    }

    /// A number of things: the text of `KEY_one` or `KEY_other`, with the number in the place of `{n}`.
    pub(super) fn count(&self, key: &str, number: u64) -> String {
        let form = if number == 1 { "one" } else { "other" };
        self.say(&format!("{key}_{form}"), &[("n", &self.number(number))])
    }

    /// A whole number with separators between the thousands.
    pub(super) fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let separator = match self.tongue {
            Tongue::German => '.',
            Tongue::English => ',',
        };
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A moment for templates: for machines, for people, and how long ago it is.
    pub(super) fn moment(&self, at: Timestamp, now: Timestamp) -> Value {
        let entries = [
            ("iso", iso_millis(at)),
            ("text", self.date(at)),
            ("long", self.long_date(at)),
            ("ago", self.ago(at, now)),
        ];
        entries.into_iter().collect::<Map>().into()
    }

    /// `26.11.2026, 11:08` or `26 Nov 2026, 11:08`, in the site's time zone.
    fn date(&self, at: Timestamp) -> String {
        let pattern = match self.tongue {
            Tongue::German => "%d.%m.%Y, %H:%M",
            Tongue::English => "%-d %b %Y, %H:%M",
        };
        at.to_zoned(self.zone.clone()).strftime(pattern).to_string()
    }

    /// The day, to the second, with its zone: for the tip over a short date.
    fn long_date(&self, at: Timestamp) -> String {
        let pattern = match self.tongue {
            Tongue::German => "%d.%m.%Y, %H:%M:%S %Z",
            Tongue::English => "%-d %b %Y, %H:%M:%S %Z",
        };
        at.to_zoned(self.zone.clone()).strftime(pattern).to_string()
    }

    /// `vor 3 Minuten`.
    pub(super) fn ago(&self, at: Timestamp, now: Timestamp) -> String {
        let seconds = now.duration_since(at).as_secs();
        if seconds < -60 {
            return self.say("in_time", &[("span", &self.whole(seconds.unsigned_abs()))]);
        }
        if seconds < 60 {
            return self.get("just_now").to_owned();
        }
        self.say("ago", &[("span", &self.whole(seconds.unsigned_abs()))])
    }

    /// A span in its largest unit alone: `3 Minuten`.
    pub(super) fn whole(&self, seconds: u64) -> String {
        let (unit, size) = match seconds {
            0..60 => ("second", 1),
            60..3_600 => ("minute", 60),
            3_600..172_800 => ("hour", 3_600),
            _ => ("day", 86_400),
        };
        self.count(unit, seconds / size)
    }

    /// How long something took: `340 ms`, `2,4 s`, `3 min 12 s`, `1 h 5 min`.
    pub(super) fn span(&self, millis: u64) -> String {
        let seconds = millis / 1_000;
        match millis {
            0..1_000 => format!("{millis}\u{a0}ms"),
            1_000..60_000 => {
                let tenths = millis / 100 % 10;
                let point = if self.tongue == Tongue::German { ',' } else { '.' };
                format!("{seconds}{point}{tenths}\u{a0}s")
            }
            60_000..3_600_000 => format!("{}\u{a0}min {}\u{a0}s", seconds / 60, seconds % 60),
            _ => format!("{}\u{a0}h {}\u{a0}min", seconds / 3_600, seconds / 60 % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tongue: Tongue) -> Words {
        Words::new(tongue, TimeZone::get("Europe/Berlin").unwrap())
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_places_in_them() {
        let [german, english] = Tongue::ALL.map(words);
        let places = |text: &str| -> Vec<String> {
            let mut all: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            all.sort();
            all
        };
        let shape = |words: &Words| {
            let mut all: Vec<_> = words.texts.iter().map(|(key, text)| (key.clone(), places(text))).collect();
            all.sort();
            all
        };
        assert!(german.texts.len() > 100);
        assert_eq!(shape(&german), shape(&english));
        assert!(german.texts.values().chain(english.texts.values()).all(|text| !text.trim().is_empty()));
    }

    #[test]
    fn figures_are_written_as_the_language_does() {
        let [german, english] = Tongue::ALL.map(words);
        assert_eq!((&*german.number(1_234_567), &*english.number(1_234)), ("1.234.567", "1,234"));
        let spans = [340, 2_499, 192_000, 3_900_000].map(|millis| german.span(millis));
        assert_eq!(spans, ["340\u{a0}ms", "2,4\u{a0}s", "3\u{a0}min 12\u{a0}s", "1\u{a0}h 5\u{a0}min"]);
        let at: Timestamp = "2026-11-26T10:08:00Z".parse().unwrap();
        assert_eq!((&*german.date(at), &*english.date(at)), ("26.11.2026, 11:08", "26 Nov 2026, 11:08"));
        let later = |seconds: i64| Timestamp::from_second(at.as_second() + seconds).unwrap();
        assert_eq!(german.ago(at, later(59)), "gerade eben");
        assert_eq!(
            (&*german.ago(at, later(60)), &*english.ago(at, later(7_200))),
            ("vor 1 Minute", "2 hours ago")
        );
        assert_eq!(
            (&*german.ago(at, later(3 * 86_400)), &*english.ago(later(600), at)),
            ("vor 3 Tagen", "in 10 minutes")
        );
    }

    #[test]
    fn the_language_is_what_the_browser_asks_for() {
        let accepted = Tongue::accepted;
        assert_eq!(accepted("de-AT,de;q=0.9,en;q=0.8"), Some(Tongue::German));
        assert_eq!(accepted("fr, en;q=0.5, de;q=0.7"), Some(Tongue::German));
        assert_eq!(accepted("en-GB"), Some(Tongue::English));
        assert_eq!(
            (accepted("fr"), accepted("de;q=0"), accepted(""), accepted("de;q=x")),
            (None, None, None, None)
        );
    }
}
