//! How far a text of JSON goes: most are short, so eight bytes are looked at in one step.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes there are before the first quote or backslash.
pub(super) fn length_of_text(bytes: &[u8]) -> usize {
    length(bytes, |word| same(word, b'"') | same(word, b'\\'), |byte| matches!(byte, b'"' | b'\\'))
}

/// How many bytes there are before the first quote, backslash or control.
pub(super) fn length_of_plain(bytes: &[u8]) -> usize {
    const SPACE: u64 = 0x20;
    let marks = |word| same(word, b'"') | same(word, b'\\') | below(word, SPACE);
    length(bytes, marks, |byte| matches!(byte, b'"' | b'\\' | ..0x20))
}

/// Marks the bytes that are less than `least`. The lowest that is marked is so; a borrow can be wrong only about those above it.
#[inline]
fn below(word: u64, least: u64) -> u64 {
    word.wrapping_sub(ONES * least) & !word & HIGHS
}

/// Marks the bytes that are this one, in the same way.
#[inline]
fn same(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

#[inline]
fn length(bytes: &[u8], marks: impl Fn(u64) -> u64, is_end: impl Fn(u8) -> bool) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    words.len() * 8 + rest.iter().position(|byte| is_end(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_its_first_special_byte_wherever_that_lies() {
        for length in 0..40 {
            for special in ['"', '\\', '\n', '\u{1f}', '\0'] {
                let text = format!(
                    "{}{special}äöü\"",
                    "a ü~\u{7f}".chars().cycle().take(length).collect::<String>()
                );
                assert_eq!(length_of_plain(text.as_bytes()), text.find(special).unwrap());
                let quote = text.find(['"', '\\']).unwrap();
                assert_eq!(length_of_text(text.as_bytes()), quote);
            }
        }
        assert_eq!(length_of_plain("Grüße, alle zusammen".as_bytes()), "Grüße, alle zusammen".len());
    }
}
