//! Checks of single values. Each says in its error what it expected.

use std::path::Path;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::PERSONAL_FIELDS;
use crate::base::files;
use crate::base::mistakes::shown;
use crate::base::text::{closest, did_you_mean};

/// An absolute address of a site or service, without a slash at its end.
pub(super) fn address(text: &str) -> Result<String, String> {
    let text = text.trim();
    let expected = || format!("expected an address such as https://academy.example, found `{}`", shown(text));
    let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(expected());
    }
    // Before all that would show the text: it may hold a password.
    if rest.contains('@') {
        return Err("an address here must not contain a user or a password".into());
    }
    if rest.contains(['?', '#']) {
        return Err("an address here must end before any `?` or `#`".into());
    }
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if !host.is_ascii() {
        return Err(format!("write the host `{}` in its ASCII form (xn--…)", shown(host)));
    }
    let path_is_plain = path.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b))
        && path.split('/').all(|part| part != "." && part != "..");
    if !is_host_and_port(host) || !path_is_plain {
        return Err(expected());
    }
    Ok(format!("{}://{host}{}", scheme.to_ascii_lowercase(), path.trim_end_matches('/')))
}

fn is_host_and_port(text: &str) -> bool {
    let is_port =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0);
    if let Some(v6) = text.strip_prefix('[') {
        let Some((inner, after)) = v6.split_once(']') else { return false };
        let port_fits = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return inner.parse::<std::net::Ipv6Addr>().is_ok() && port_fits;
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let labels_fit = host.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    labels_fit && port.is_none_or(is_port)
}

/// The widths of pictures, in pixels.
pub(super) fn widths(value: &toml::de::DeValue<'_>) -> Option<Vec<u32>> {
    let toml::de::DeValue::Array(list) = value else { return None };
    let width = |value: &toml::de::DeValue<'_>| match value {
        toml::de::DeValue::Integer(number) => number.as_str().replace('_', "").parse::<u32>().ok(),
        _ => None,
    };
    let widths: Option<Vec<u32>> = list.iter().map(|item| width(item.get_ref())).collect();
    widths.filter(|widths| {
        (1..=12).contains(&widths.len()) && widths.iter().all(|width| (1..=8_192).contains(width))
    })
}

/// A key that Hemera may have given.
pub(super) fn key(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if !(32..=256).contains(&length) {
        return Err(format!("has {length} characters, where a key has 32 to 256"));
    }
    key_characters(text).map_err(str::to_owned)
}

/// The characters of a secret: it has to fit into a header.
pub(super) fn key_characters(text: &str) -> Result<(), &'static str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err("holds characters that a key cannot have (spaces, line breaks, letters beyond ASCII)")
}

/// A language tag in the form of BCP 47.
pub(super) fn language(text: &str) -> Result<String, String> {
    let fits = |text: &str| {
        let mut parts = text.split('-');
        let primary = parts.next().unwrap_or_default();
        (2..=8).contains(&primary.len())
            && primary.bytes().all(|b| b.is_ascii_alphabetic())
            && parts
                .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
            && text.len() <= 35
    };
    if fits(text) {
        return Ok(text.to_owned());
    }
    let meant = text.replace('_', "-");
    if fits(&meant) {
        return Err(format!("`{}` is no language tag: did you mean `{meant}`?", shown(text)));
    }
    Err(format!("expected a language tag such as `de` or `en-GB`, found `{}`", shown(text)))
}

/// An IANA time zone.
pub(super) fn time_zone(text: &str) -> Result<TimeZone, String> {
    if let Some(zone) = of_system(text) {
        return Ok(zone);
    }
    TimeZone::get(text).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
        match closest(text, known.iter().map(String::as_str)) {
            Some(name) => format!("`{}` is no time zone: did you mean `{name}`?", shown(text)),
            None => format!("expected a time zone such as `Europe/Berlin`, found `{}`", shown(text)),
        }
    })
}

/// The zone as this machine has it, which may be newer than what the program carries. The library would go through all of them
/// first, to find one: a name that it carries is the name of a file.
fn of_system(text: &str) -> Option<TimeZone> {
    const FOLDER: &str = "/usr/share/zoneinfo";
    // Whoever says where the zones are has others in mind.
    if std::env::var_os("TZDIR").is_some() {
        return None;
    }
    let carried = TimeZoneDatabase::bundled().get(text).ok()?;
    let name = carried.iana_name()?;
    let bytes = files::read_capped(&Path::new(FOLDER).join(name), 1 << 20).ok()?;
    TimeZone::tzif(name, &bytes).ok()
}

/// The name of a theme: one folder below `themes/`.
pub(super) fn theme_name(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' '));
    if fits { Ok(text.to_owned()) } else { Err(format!("`{}` is no name of a folder", shown(text))) }
}

/// A participant's field, by our name or by the source's: `preparation_intent`, `preparationIntent`,
/// `participants.name`. The error is a message and, where a known name is alike, a hint.
pub(super) fn personal_field(text: &str) -> Result<&'static str, (String, Option<String>)> {
    let bare =
        text.strip_prefix("participants.").or_else(|| text.strip_prefix("participant.")).unwrap_or(text);
    let mut snake = String::with_capacity(bare.len() + 4);
    for character in bare.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    PERSONAL_FIELDS.into_iter().find(|field| *field == snake).ok_or_else(|| {
        (format!("a participant has no field `{}`", shown(bare)), did_you_mean(&snake, PERSONAL_FIELDS))
    })
}

/// A currency as ISO 4217 writes it.
pub(super) fn currency(text: &str) -> Result<String, &'static str> {
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(text.to_owned()) } else { Err("expected an ISO 4217 code such as EUR") }
}

/// An SPDX licence identifier, or `proprietary`.
pub(super) fn license(text: &str) -> Result<String, &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+');
    if !text.is_empty() && text.bytes().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("expected an SPDX identifier such as CC-BY-4.0, or `proprietary`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_no_slash_at_its_end() {
        for (given, kept) in [
            ("https://academy.example/", "https://academy.example"),
            (" HTTP://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
            ("https://example.org/academy//", "https://example.org/academy"),
            ("http://[::1]:9/x", "http://[::1]:9/x"),
        ] {
            assert_eq!(address(given).as_deref(), Ok(kept));
        }
        for bad in [
            "",
            "academy.example",
            "ftp://a.b",
            "https://",
            "https:///x",
            "https://a b",
            "https://a..b",
            "https://a:0",
            "https://a:99999",
            "https://a:+1",
            "https://a/?x",
            "https://a/../b",
            "https://a/\"",
            "https://münchen.example",
            "javascript://x",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert!(!address("https://me:hunter2@a.b").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn a_personal_field_goes_by_several_names() {
        for name in ["preparation_intent", "preparationIntent", "participants.preparationIntent"] {
            assert_eq!(personal_field(name), Ok("preparation_intent"));
        }
        let (message, hint) = personal_field("participants.nmae").unwrap_err();
        assert_eq!(message, "a participant has no field `nmae`");
        assert_eq!(hint.as_deref(), Some("did you mean `name`?"));
    }

    #[test]
    fn languages_and_zones_are_checked() {
        for good in ["de", "en-GB", "de-CH-1996", "zh-Hant-TW"] {
            assert!(language(good).is_ok(), "{good}");
        }
        assert_eq!(language("de_DE").unwrap_err(), "`de_DE` is no language tag: did you mean `de-DE`?");
        for bad in ["", "d", "german language", "de-", "12"] {
            assert!(language(bad).is_err(), "{bad}");
        }
        assert_eq!(
            time_zone("Europe/Berln").unwrap_err(),
            "`Europe/Berln` is no time zone: did you mean `Europe/Berlin`?"
        );
    }
}
