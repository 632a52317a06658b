//! Languages by their tags: the direction of their script, and how social networks name them.

use super::{Made, Settings};
use crate::liquid::{Args, Context, Value};

/// `rtl` or `ltr`: the direction in which the language of a BCP 47 tag is written, for the attribute `dir`.
pub(super) fn direction<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let tag = cx.text(input)?;
    Ok(Value::string(if is_right_to_left(&tag) { "rtl" } else { "ltr" }.to_owned()))
}

/// `de_DE`: a BCP 47 tag as Open Graph has it; nothing where the country is not known.
pub(super) fn og_locale<'a>(
    _: &Settings,
    cx: &mut Context<'a>,
    input: Value<'a>,
    _: &Args<'a, '_>,
) -> Made<'a> {
    let tag = cx.text(input)?;
    Ok(territorial(&tag).map_or(Value::Nil, Value::string))
}

/// Scripts that are written from right to left (ISO 15924).
const SCRIPTS: [&str; 9] = ["adlm", "arab", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"];

/// Languages whose usual script is one of those (CLDR, likely subtags).
const LANGUAGES: [&str; 22] = [
    "ar", "arc", "arz", "ckb", "dv", "fa", "glk", "he", "iw", "khw", "ks", "lrc", "mzn", "nqo", "pnb", "prs",
    "ps", "sd", "syr", "ug", "ur", "yi",
];

fn is_right_to_left(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    match parts.find(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        Some(script) => SCRIPTS.contains(&script),
        None => LANGUAGES.contains(&language),
    }
}

/// The country that a language is taken to be of where its tag names none: mostly where most of its readers live; English is written
/// as pages write it, the day before the month.
const HOMES: [(&str, &str); 45] = [
    ("ar", "EG"),
    ("bg", "BG"),
    ("bs", "BA"),
    ("ca", "ES"),
    ("cs", "CZ"),
    ("cy", "GB"),
    ("da", "DK"),
    ("de", "DE"),
    ("el", "GR"),
    ("en", "GB"),
    ("es", "ES"),
    ("et", "EE"),
    ("eu", "ES"),
    ("fa", "IR"),
    ("fi", "FI"),
    ("fr", "FR"),
    ("ga", "IE"),
    ("gl", "ES"),
    ("he", "IL"),
    ("hi", "IN"),
    ("hr", "HR"),
    ("hu", "HU"),
    ("id", "ID"),
    ("is", "IS"),
    ("it", "IT"),
    ("ja", "JP"),
    ("ko", "KR"),
    ("lt", "LT"),
    ("lv", "LV"),
    ("nb", "NO"),
    ("nl", "NL"),
    ("no", "NO"),
    ("pl", "PL"),
    ("pt", "PT"),
    ("ro", "RO"),
    ("ru", "RU"),
    ("sk", "SK"),
    ("sl", "SI"),
    ("sr", "RS"),
    ("sv", "SE"),
    ("tr", "TR"),
    ("uk", "UA"),
    ("ur", "PK"),
    ("vi", "VN"),
    ("zh", "CN"),
];

fn territorial(tag: &str) -> Option<String> {
    let mut parts = tag.split('-');
    let language = parts.next()?.to_ascii_lowercase();
    let is_country = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let said = parts.take_while(|part| part.len() > 1).find(is_country).map(str::to_ascii_uppercase);
    let home = || HOMES.iter().find(|(known, _)| *known == language).map(|(_, home)| (*home).to_owned());
    Some(format!("{language}_{}", said.or_else(home)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_decides_and_else_the_language() {
        for tag in ["ar", "he-IL", "fa", "AR-eg", "az-Arab", "pa-Arab-PK", "ckb"] {
            assert!(is_right_to_left(tag), "{tag}");
        }
        for tag in ["de", "en-GB", "az", "ar-Latn", "arn", "", "he-Latn-IL"] {
            assert!(!is_right_to_left(tag), "{tag}");
        }
    }

    #[test]
    fn open_graph_wants_a_country() {
        let shown = |tag| territorial(tag).unwrap_or_default();
        let tags = ["de", "de-CH", "EN-us", "zh-Hant-TW", "sr-Latn", "tlh", "en-x-gb"];
        assert_eq!(tags.map(shown), ["de_DE", "de_CH", "en_US", "zh_TW", "sr_RS", "", "en_GB"]);
    }
}
