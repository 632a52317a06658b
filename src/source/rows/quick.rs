//! Reads a row as nearly all files have it: names without escapes, texts, numbers, and lists of people. Whatever is otherwise
//! is left to the JSON library, which is slower and knows everything that JSON may be, and what is wrong with what is none.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::stretch::length_of_plain;
use super::wire::{Booked, Row, Scalar};

/// The row in `text`; nothing where somebody else has to look at it.
pub(super) fn row(text: &str) -> Option<Row<'_>> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_space();
    let row = cursor.row()?;
    cursor.skip_space();
    (cursor.at == text.len()).then_some(row)
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Takes a value for a field that has none yet. A field that stands there twice is a mistake, and others tell of those.
macro_rules! fill {
    ($seen:ident, $cursor:ident, $into:ident, $name:ident, { $($key:literal => $field:ident,)* }) => {
        let mut bit = 1_u32;
        $(
            if $name == $key {
                if $seen & bit != 0 {
                    return None;
                }
                $seen |= bit;
                $into.$field = $cursor.scalar()?;
                return Some(());
            }
            bit <<= 1;
        )*
        let _ = bit;
    };
}

impl<'a> Cursor<'a> {
    fn row(&mut self) -> Option<Row<'a>> {
        let mut row = Row::default();
        let mut seen = 0_u32;
        self.object(|cursor, name| {
            let people = match name {
                "participants" => &mut row.participants,
                "participations" => &mut row.participations,
                _ => {
                    fill!(seen, cursor, row, name, {
                        "id" => id, "title" => title, "slug" => slug, "code" => code, "level" => level,
                        "startDate" => start_date, "endDate" => end_date,
                        "participantCount" => participant_count, "description" => description,
                        "price" => price, "currency" => currency, "location" => location,
                        "instructor" => instructor, "image" => image, "updatedAt" => updated_at,
                    });
                    return cursor.skip_value();
                }
            };
            if people.is_some() {
                return None;
            }
            *people = Some(cursor.people()?);
            Some(())
        })?;
        Some(row)
    }

    fn people(&mut self) -> Option<Vec<Booked<'a>>> {
        let mut people = Vec::new();
        self.expect(b'[')?;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Some(people);
        }
        loop {
            people.push(self.booked()?);
            self.skip_space();
            match self.next()? {
                b',' => self.skip_space(),
                b']' => return Some(people),
                _ => return None,
            }
        }
    }

    fn booked(&mut self) -> Option<Booked<'a>> {
        let mut booked = Booked::default();
        let mut seen = 0_u32;
        self.object(|cursor, name| {
            fill!(seen, cursor, booked, name, {
                "name" => name, "status" => status, "id" => id, "bookingId" => booking_id,
                "participationId" => participation_id, "userId" => user_id, "imageUrl" => image_url,
                "preparationIntent" => preparation_intent, "desiredResults" => desired_results,
                "lineManagerProfile" => line_manager_profile,
                "preparationCompletedAt" => preparation_completed_at, "resultOutcome" => result_outcome,
                "resultNotes" => result_notes, "resultCompletedAt" => result_completed_at,
                "createdAt" => created_at,
            });
            cursor.skip_value()
        })?;
        Some(booked)
    }

    /// Goes through an object; `take` is called before each value, with its name.
    fn object(&mut self, mut take: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Some(());
        }
        loop {
            let name = self.plain()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            take(self, name)?;
            self.skip_space();
            match self.next()? {
                b',' => self.skip_space(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A value that is neither a list nor an object.
    fn scalar(&mut self) -> Option<Scalar<'a>> {
        match self.peek()? {
            b'"' => {
                let start = self.at;
                if let Some(text) = self.plain() {
                    return Some(Scalar::Text(Cow::Borrowed(text)));
                }
                self.at = start;
                self.skip_text()?;
                serde_json::from_str(self.text.get(start..self.at)?).ok()
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.word("null", Scalar::Absent),
            b't' => self.word("true", Scalar::Truth),
            b'f' => self.word("false", Scalar::Truth),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Scalar<'a>> {
        /// So many digits are a number of 64 bits, whatever they are.
        const SURE: usize = 18;
        let rest = self.text.get(self.at..)?;
        let is_part = |b: u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.bytes().position(|b| !is_part(b)).unwrap_or(rest.len());
        let (number, _) = rest.split_at_checked(length)?;
        self.at += length;
        let is_whole = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        match is_whole && length <= SURE {
            true => number.parse().ok().map(Scalar::Whole),
            false => serde_json::from_str(number).ok(),
        }
    }

    fn word(&mut self, word: &str, value: Scalar<'a>) -> Option<Scalar<'a>> {
        self.text.get(self.at..)?.starts_with(word).then_some(())?;
        self.at += word.len();
        Some(value)
    }

    /// A value that nobody asks for.
    fn skip_value(&mut self) -> Option<()> {
        /// The library counts how deep values lie in one another, from the row on: what could come near its limit is its own.
        const SHALLOW: usize = 64;
        if !matches!(self.peek()?, b'[' | b'{') {
            return self.scalar().map(drop);
        }
        let rest = self.text.get(self.at..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let length = values.byte_offset();
        let deep = rest.get(..length)?.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
        self.at += length;
        (deep <= SHALLOW).then_some(())
    }

    /// A text that is what stands there.
    fn plain(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let rest = self.text.get(self.at..)?;
        let length = length_of_plain(rest.as_bytes());
        let (text, _) = rest.split_at_checked(length)?;
        self.at += length;
        self.expect(b'"')?;
        Some(text)
    }

    /// Goes behind a text with escapes in it.
    fn skip_text(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            self.at += length_of_plain(rest) + 1;
            match self.text.as_bytes().get(self.at - 1)? {
                b'"' => return Some(()),
                b'\\' => self.at += 1,
                _ => return None,
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Both ways say the same of a row, wherever the quick one says anything.
    fn check(text: &str) -> bool {
        let slow = serde_json::from_str::<Row<'_>>(text);
        match row(text) {
            Some(quick) => {
                assert_eq!(Some(&quick), slow.as_ref().ok(), "{text}");
                true
            }
            None => false,
        }
    }

    #[test]
    fn ordinary_rows_are_read_the_quick_way() {
        for text in [
            "{}",
            r#" {"id": 7, "title": "Grüße", "price": 12.5, "image": null, "more": [1, {"a": "]}"}], "x": {}} "#,
            r#"{"id":"a","title":"a \"b\" \u00e4\ud83d\ude00\\","level":true,"code":-0,"price":1e3,"y":"\\"}"#,
            "{\"participants\":[],\"participations\":[\n{\"id\":\"p\",\"bookingId\":1, \"z\":false}]\r\t}",
            r#"{"participants": [{"name": "Ana", "status": "SUMMARY"}, {}], "participantCount": 99999999999999999999}"#,
        ] {
            assert!(check(text), "{text}");
        }
        assert!(row("[]").is_none(), "the library reads it as a row with nothing in it");
        // What the library does not take, nobody takes.
        for text in [
            "",
            "{",
            "7",
            r#"{"id":1,}"#,
            r#"{"id":1 "title":2}"#,
            r#"{"id":1,"id":2}"#,
            r#"{"participants":[],"participants":[]}"#,
            r#"{"participants":[1]}"#,
            r#"{"participants":[{},]}"#,
            r#"{"id":01}"#,
            r#"{"id":1.}"#,
            r#"{"price":1e999}"#,
            r#"{"id":nul}"#,
            r#"{"id":"\ud800"}"#,
            r#"{"id":"\x"}"#,
            "{\"id\":\"\t\"}",
            r#"{"id":"a"#,
            r#"{"id":1}x"#,
            r#"{"x":[}"#,
        ] {
            assert!(row(text).is_none() && serde_json::from_str::<Row<'_>>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_say_the_same(
            parts in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"id\"", "\"title\"", "\"participants\"", "\"name\"", "\"bookingId\"",
                "\"a\\u00e4\"", "\"\\", "\"", "1", "-", "0.5", "e", "null", "true", " ", "\n", "ä", "\\n", "{\"id\":", "[{",
                "}]", "},{", "\"participations\":[{\"status\":\"x\"}]",
            ]), 0..12),
        ) {
            check(&parts.concat());
            check(&format!("{{\"id\":1,\"participants\":[{{\"name\":\"x\"}}],{}}}", parts.concat()));
            check(&format!("{{\"x\":{}}}", parts.concat()));
        }
    }
}
