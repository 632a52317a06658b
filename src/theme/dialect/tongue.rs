//! Languages by their tags: the direction of their script, and how social networks name them. Both come from the data of the
//! Unicode consortium (CLDR, through ICU4X).

use std::sync::OnceLock;

use icu_locale::{LanguageIdentifier, LocaleDirectionality, LocaleExpander};

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

/// Language, script and region of a tag; its extensions say nothing here.
fn identifier(tag: &str) -> Option<LanguageIdentifier> {
    LanguageIdentifier::try_from_locale_bytes(tag.as_bytes()).ok()
}

fn is_right_to_left(tag: &str) -> bool {
    static DIRECTIONS: OnceLock<LocaleDirectionality> = OnceLock::new();
    let directions = DIRECTIONS.get_or_init(LocaleDirectionality::new_extended);
    identifier(tag).is_some_and(|identifier| directions.is_right_to_left(&identifier))
}

/// Where a tag names no country, the one where most of its readers live; English is written as pages write it, the day before
/// the month.
fn territorial(tag: &str) -> Option<String> {
    static REGIONS: OnceLock<LocaleExpander> = OnceLock::new();
    let mut identifier = identifier(tag)?;
    let language = identifier.language;
    if identifier.region.is_none() && language.as_str() == "en" {
        return Some("en_GB".to_owned());
    }
    REGIONS.get_or_init(LocaleExpander::new_extended).maximize(&mut identifier);
    Some(format!("{language}_{}", identifier.region?))
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
        let tags = ["de", "de-CH", "EN-us", "zh-Hant-TW", "sr-Latn", "tlh", "en-x-gb", "gsw", "fr-u-nu-latn"];
        let expected = ["de_DE", "de_CH", "en_US", "zh_TW", "sr_RS", "", "en_GB", "gsw_CH", "fr_FR"];
        assert_eq!(tags.map(shown), expected);
    }
}
