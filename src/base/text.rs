//! Small text work that several rooms need: suggestions for a misspelt name, slugs, counts in sentences.

/// The name among `known` that is most like `asked`, if any is like enough to be worth a "did you mean".
pub fn closest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Of equally close ones the first by name: the same whatever order they come in.
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&asked.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| other.cmp(one)))
        .map(|(_, name)| name)
}

/// "did you mean `name`?" for the closest known name.
pub fn did_you_mean<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(asked, known).map(|name| format!("did you mean `{name}`?"))
}

/// A slug of lowercase ASCII letters, digits and single hyphens, 80 bytes at most; German letters are spelt out (ä is
/// ae), all other scripts transliterated. Empty if nothing in `text` can be spelt.
pub fn slugify(text: &str) -> String {
    const LONGEST: usize = 80;
    // Most texts that come here are slugs already.
    if text.len() < LONGEST && is_slug(text) {
        return text.to_owned();
    }
    let mut slug = String::new();
    let mut gap = false;
    for character in text.chars() {
        let spelt = match character {
            'ä' | 'Ä' => "ae",
            'ö' | 'Ö' => "oe",
            'ü' | 'Ü' => "ue",
            'ß' | 'ẞ' => "ss",
            other => deunicode::deunicode_char(other).unwrap_or(""),
        };
        if !spelt.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            // Quotes join what they stand in ("O'Brien" is one word), everything else separates.
            gap |= !matches!(character, '\'' | '’');
            continue;
        }
        if gap && !slug.is_empty() {
            slug.push('-');
        }
        // A syllable of a script without spaces comes with a space behind it.
        gap = spelt.ends_with(' ');
        slug.extend(spelt.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
        if slug.len() >= LONGEST {
            slug.truncate(LONGEST);
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Whether there is nothing in a text but lowercase ASCII letters, digits, and single hyphens between them.
fn is_slug(text: &str) -> bool {
    let mut before = b'-';
    for byte in text.bytes() {
        let fits = byte.is_ascii_lowercase() || byte.is_ascii_digit() || (byte == b'-' && before != b'-');
        if !fits {
            return false;
        }
        before = byte;
    }
    before != b'-' || text.is_empty()
}

/// A text on one line: line breaks and control characters are spaces, and of several spaces one stays.
pub fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with the characters escaped that mean something in HTML and in its attributes.
pub fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&#39;"),
            other => made.push(other),
        }
    }
    made
}

/// Where the first byte stands that is `special`. Most texts have none for a long way, so they are gone through in pieces
/// that the processor compares at once; `special` has to be put together with `|`, not `||`, for that.
#[inline]
pub fn position(bytes: &[u8], special: impl Fn(u8) -> bool) -> Option<usize> {
    const PIECE: usize = 32;
    let mut at = 0;
    while let Some(piece) = bytes.get(at..at + PIECE) {
        if piece.iter().fold(false, |any, byte| any | special(*byte)) {
            break;
        }
        at += PIECE;
    }
    bytes[at..].iter().position(|byte| special(*byte)).map(|more| at + more)
}

/// Writes a text as a JSON string.
pub fn push_json(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = position(rest.as_bytes(), |byte| (byte < 0x20) | (byte == b'"') | (byte == b'\\')) {
        let (plain, special) = rest.split_at(at);
        json.push_str(plain);
        match special.as_bytes()[0] {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            b'\t' => json.push_str("\\t"),
            b'\r' => json.push_str("\\r"),
            0x08 => json.push_str("\\b"),
            0x0c => json.push_str("\\f"),
            control => json.push_str(&format!("\\u{control:04x}")),
        }
        rest = &special[1..];
    }
    json.push_str(rest);
    json.push('"');
}

/// "1 file" or "3 files".
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Foreign text for a message: on one line, without control characters, and not for ever.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 160;
    // Beside control characters those that turn the direction of text, or that cannot be seen at all.
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut out = String::new();
    for word in text.split(|c: char| c.is_whitespace() || unseen(c)).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.chars().nth(MOST).is_some() {
            return out.chars().take(MOST).chain(['…']).collect();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_holds_nothing_that_a_path_could_trip_over() {
        assert_eq!(slugify("Verhandeln & Überzeugen <Praxis>"), "verhandeln-ueberzeugen-praxis");
        assert_eq!(slugify("../../etc/passwd"), "etc-passwd");
        assert_eq!(slugify("O'Brien’s Straße"), "obriens-strasse");
        assert_eq!(slugify("你好"), "ni-hao");
        assert_eq!(slugify("\u{0}/%2e%2e"), "2e-2e");
        assert_eq!(slugify("..."), "");
        for slug in ["", "a", "a-b-2", "-", "a--b", "a-", "-a"] {
            let slow = slugify(&slug.to_uppercase());
            assert_eq!(slugify(slug), slow, "{slug}");
            assert_eq!(is_slug(slug), slug == slow, "{slug}");
        }
        assert!(slugify(&"a b".repeat(200)).len() <= 80);
    }

    #[test]
    fn only_a_name_that_is_alike_is_suggested() {
        assert_eq!(closest("base_ulr", ["title", "base_url"]), Some("base_url"));
        assert_eq!(closest("zzz", ["title", "base_url"]), None);
    }
}
