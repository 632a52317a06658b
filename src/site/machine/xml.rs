//! XML as text.

use crate::base::text::position;

/// Text as XML content or attribute value. Characters that XML 1.0 has no way to write are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    // Most of a text is written as it stands, in long pieces.
    while let Some(at) = position(rest.as_bytes(), may_be_special) {
        let (plain, special) = rest.split_at(at);
        escaped.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('&') => escaped.push_str("&amp;"),
            Some('<') => escaped.push_str("&lt;"),
            Some('>') => escaped.push_str("&gt;"),
            Some('"') => escaped.push_str("&quot;"),
            Some('\'') => escaped.push_str("&#39;"),
            Some('\u{fffe}' | '\u{ffff}') => {}
            Some(c) if (c as u32) < 0x20 && !matches!(c, '\t' | '\n' | '\r') => {}
            other => escaped.extend(other),
        }
        rest = characters.as_str();
    }
    escaped.push_str(rest);
    escaped
}

/// Whether a character that begins with this byte has to be looked at; 0xEF begins the last ones of the first plane.
#[inline]
fn may_be_special(byte: u8) -> bool {
    let is_sign = (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == b'\'');
    is_sign | (byte < 0x20) | (byte == 0xef)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_has_no_character_that_it_cannot_hold() {
        assert_eq!(escape("a\u{1}<b> & \"c\"\n"), "a&lt;b&gt; &amp; &quot;c&quot;\n");
        assert_eq!(escape("ü\u{ffff}\u{fffe}\u{fffd}ﬀ'\t\u{85}"), "ü\u{fffd}ﬀ&#39;\t\u{85}");
    }
}
