//! Two texts side by side: which words of each the other does not have.

use crate::model::view::{List, Map, Value};

/// Texts with more pairs of words are shown without marks.
const MOST: usize = 250_000;

/// Both texts as pieces `{text, is_own}`, in order: own is what the other does not have.
pub(super) fn pieces(one: &str, other: &str) -> (List, List) {
    let (a, b) = (words(one), words(other));
    if a.len() * b.len() > MOST {
        return (whole(one), whole(other));
    }
    let shared = longest_common(&a, &b);
    let in_a = a.iter().enumerate().map(|(at, word)| (*word, !shared.iter().any(|(i, _)| *i == at)));
    let in_b = b.iter().enumerate().map(|(at, word)| (*word, !shared.iter().any(|(_, j)| *j == at)));
    (joined(in_a), joined(in_b))
}

fn whole(text: &str) -> List {
    joined(std::iter::once((text, false)))
}

/// Words and marks of punctuation, each with the white space after it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut from, mut before) = (0, None);
    for (at, char) in text.char_indices() {
        let kind = (char.is_alphanumeric(), char.is_whitespace());
        let begins = match before {
            // Space belongs to the word before it; a word ends at the first of anything else.
            Some((_, was_space)) => !kind.1 && (was_space || !kind.0 || before != Some(kind)),
            None => false,
        };
        if begins {
            words.push(&text[from..at]);
            from = at;
        }
        before = Some(kind);
    }
    if from < text.len() {
        words.push(&text[from..]);
    }
    words
}

/// The places of a longest common subsequence.
fn longest_common(a: &[&str], b: &[&str]) -> Vec<(usize, usize)> {
    let same = |i: usize, j: usize| a[i].trim_end() == b[j].trim_end();
    let width = b.len() + 1;
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = match same(i, j) {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut shared) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if same(i, j) {
            shared.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    shared
}

/// Neighbours of one kind become one piece. White space at the end of marked words is not marked.
fn joined<'t>(words: impl Iterator<Item = (&'t str, bool)>) -> List {
    let mut pieces: Vec<(String, bool)> = Vec::new();
    for (word, is_own) in words {
        match pieces.last_mut() {
            Some((text, kind)) if *kind == is_own => text.push_str(word),
            _ => pieces.push((word.to_owned(), is_own)),
        }
    }
    let maps = pieces.into_iter().flat_map(|(text, is_own)| {
        let end = if is_own { text.trim_end().len() } else { text.len() };
        let (text, space) = text.split_at(end);
        [(text.to_owned(), is_own), (space.to_owned(), false)]
    });
    maps.filter(|(text, _)| !text.is_empty()).map(|(text, is_own)| piece(text, is_own)).collect()
}

fn piece(text: String, is_own: bool) -> Value {
    Map::new(vec![("text".into(), text.into()), ("is_own".into(), is_own.into())]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &List) -> String {
        let pieces = list.values().iter().map(|piece| {
            let Value::Map(piece) = piece else { panic!("{piece:?}") };
            let Some(Value::Text(text)) = piece.get("text") else { panic!("{piece:?}") };
            if piece.get("is_own") == Some(&Value::Bool(true)) {
                format!("[{text}]")
            } else {
                text.to_string()
            }
        });
        pieces.collect()
    }

    #[test]
    fn own_words_are_marked_and_nothing_is_lost() {
        let (here, there) = pieces("Ruhig reden, gut hören", "Ruhig und klar reden, hören");
        assert_eq!(
            (&*shown(&here), &*shown(&there)),
            ("Ruhig reden, [gut] hören", "Ruhig [und klar] reden, hören")
        );
        assert_eq!(words(" Ein Wort: (zwei) "), [" ", "Ein ", "Wort", ": ", "(", "zwei", ") "]);
        let (here, there) = pieces("verhandeln und", "verhandeln: und");
        assert_eq!((&*shown(&here), &*shown(&there)), ("verhandeln und", "verhandeln[:] und"));
        let (here, there) = pieces("", "neu");
        assert_eq!((&*shown(&here), &*shown(&there)), ("", "[neu]"));
        let long = "wort ".repeat(2_000);
        assert_eq!(shown(&pieces(&long, &long).0), long);
    }
}
