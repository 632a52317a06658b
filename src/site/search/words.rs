//! Words as the search knows them: folded, without endings. The script in the browser does the same; both have to agree.

use std::collections::HashSet;
use std::sync::LazyLock;

/// How a language forms its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    German,
    English,
    Other,
}

impl Tongue {
    /// That of a BCP 47 tag.
    pub(super) fn of(tag: &str) -> Self {
        match tag.to_ascii_lowercase().split('-').next() {
            Some("de") => Self::German,
            Some("en") => Self::English,
            _ => Self::Other,
        }
    }

    /// Whether a folded word says too little to be looked for.
    fn is_filler(self, word: &str) -> bool {
        const GERMAN: &str = " aber als am an auch auf aus bei bis das dass dem den der des die du ein eine einem einen einer \
            eines er es fuer hat ich ihr ihre im in ist kann man mit nach nicht noch oder sein sich sie sind so ueber um und \
            uns von vor was wenn werden wer wie wir wird zu zum zur ";
        const ENGLISH: &str = " a about an and are as at be been but by can do for from has have he her his how if in is it \
            its not of on or our so that the their they this to up was we were what when which who will with you your ";
        /// The longest of them.
        const LONGEST: usize = 6;
        static SETS: LazyLock<[HashSet<&str>; 2]> =
            LazyLock::new(|| [GERMAN, ENGLISH].map(|all| all.split_ascii_whitespace().collect()));
        let [german, english] = &*SETS;
        word.len() <= LONGEST
            && match self {
                Self::German => german.contains(word),
                Self::English => english.contains(word),
                Self::Other => false,
            }
    }

    /// A folded word without its endings.
    pub(super) fn stem(self, word: &str) -> String {
        match self {
            Self::German => german(word),
            Self::English => english(word),
            Self::Other => word.to_owned(),
        }
    }

    /// All words of a text that say something, without their endings.
    pub(super) fn words(self, text: &str, mut take: impl FnMut(String)) {
        let mut word = String::new();
        let mut end = |word: &mut String| {
            if word.chars().nth(1).is_some() && !self.is_filler(word) {
                take(self.stem(word));
            }
            word.clear();
        };
        for character in text.chars() {
            if character.is_ascii_alphanumeric() {
                word.push(character.to_ascii_lowercase());
            } else if character.is_ascii() || !fold(character, &mut word) {
                end(&mut word);
            }
        }
        end(&mut word);
    }
}

/// Adds a letter, folded; false where it is none.
fn fold(character: char, word: &mut String) -> bool {
    match character {
        'ä' | 'Ä' => word.push_str("ae"),
        'ö' | 'Ö' => word.push_str("oe"),
        'ü' | 'Ü' => word.push_str("ue"),
        'ß' | 'ẞ' => word.push_str("ss"),
        // A soft hyphen stands in words, and an accent behind its letter belongs to it.
        '\u{ad}' => {}
        '\u{308}' => word.push('e'),
        '\u{300}'..='\u{36f}' => {}
        'À'..='ɏ' | 'Ḁ'..='ỿ' if character.is_alphanumeric() => {
            let plain = deunicode::deunicode_char(character).unwrap_or("");
            word.extend(plain.chars().map(|c| c.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric));
        }
        other if other.is_alphanumeric() => word.extend(other.to_lowercase()),
        _ => return false,
    }
    true
}

/// Endings are taken away as long as something is left of the word (after L. Weissweiler and A. Fraser, 2017); a noun in
/// `-ung` is its verb, and one in `-eln` loses the same vowel as that noun.
fn german(word: &str) -> String {
    let stem = short(word);
    let stem = match stem.strip_suffix("ung") {
        Some(verb) if verb.len() > 3 => short(verb),
        _ => stem,
    };
    match stem.strip_suffix("el") {
        Some(root) if root.len() > 3 => format!("{root}l"),
        _ => stem.to_owned(),
    }
}

fn short(word: &str) -> &str {
    let mut stem = word;
    while stem.len() > 3 {
        let long =
            ["em", "er", "nd"].into_iter().find_map(|end| stem.strip_suffix(end).filter(|_| stem.len() > 5));
        let Some(shorter) = long.or_else(|| stem.strip_suffix(['t', 'e', 's', 'n'])) else { break };
        stem = shorter;
    }
    stem
}

fn english(word: &str) -> String {
    let length = word.len();
    let mut stem = word.to_owned();
    if let Some(rest) = word.strip_suffix("ies").filter(|_| length > 4) {
        stem = format!("{rest}y");
    } else if word.ends_with('s')
        && !word.ends_with("ss")
        && !word.ends_with("us")
        && !word.ends_with("is")
        && length > 3
    {
        stem.pop();
    }
    for (end, least) in [("ing", 5), ("ed", 4), ("ly", 5)] {
        if stem.len() > least && stem.ends_with(end) {
            stem.truncate(stem.len() - end.len());
            let bytes = stem.as_bytes();
            if let [.., a, b] = bytes
                && a == b
                && !b"lsz".contains(a)
            {
                stem.pop();
            }
            break;
        }
    }
    if stem.len() > 4 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

/// The text of HTML that the program made: no tags, the five entities resolved.
pub(in crate::site) fn text_of(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        text.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    text.push_str(rest);
    if text.contains('&') {
        for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        {
            text = text.replace(entity, sign);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tongue: Tongue, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        tongue.words(text, |word| found.push(word));
        found
    }

    #[test]
    fn words_lose_their_endings_and_umlauts_are_spelt_out() {
        let german = |text: &str| words(Tongue::German, text).join(" ");
        assert_eq!(german("Führen & FÜHRTEN, führe; Fuehren"), "fuehr fuehr fuehr fuehr");
        assert_eq!(german("Die Verhandlungen der Teams"), "verhandl team");
        assert_eq!(
            german("verhandeln verhandelte Führung Beratung beraten"),
            "verhandl verhandl fuehr bera bera"
        );
        assert_eq!(german("Stra\u{ad}ße Café gru\u{308}n Łódź x"), "stra caf gru lodz");
        let english = |text: &str| words(Tongue::English, text).join(" ");
        assert_eq!(english("The stories of planning teams, planned quickly"), "story plan team plan quick");
        assert_eq!(words(Tongue::Other, "Ёлка 2027"), ["ёлка", "2027"]);
    }

    #[test]
    fn html_is_read_as_text() {
        assert_eq!(
            text_of("<p>a &amp; b</p><p>c &lt;d&gt;").split_whitespace().collect::<Vec<_>>().join(" "),
            "a & b c <d>"
        );
    }
}
