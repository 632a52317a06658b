//! The options of a theme: what each may be, its default, and what the site says instead.
//!
//! What templates put into `style=` and `href=` is checked here, so that no value leaves its place.

use crate::base::text;
use crate::error::{Error, Kind, Result};
use crate::model::view::Map;

/// What a theme may say of an option.
const KEYS: [&str; 8] = ["type", "default", "description", "values", "min", "max", "translate", "files"];

/// The options that a theme declares, by name.
#[derive(Debug, Default)]
pub(super) struct Options(Vec<(String, Spec)>);

#[derive(Debug)]
struct Spec {
    sort: Sort,
    default: toml::Value,
    /// Whether it holds words, so that a site in several languages says it in each.
    is_words: bool,
    /// Of an address: the first of these files that the site or the theme brings is the default.
    files: Vec<String>,
}

/// What an option may be.
#[derive(Debug)]
enum Sort {
    /// Whatever is of the default's type: an option that only gives a default.
    Like(&'static str),
    Text,
    Colour,
    Address,
    Switch,
    Number(i64, i64),
    /// One of these words.
    Choice(Vec<String>),
    /// Some of these words, each once, in any order.
    Choices(Vec<String>),
    /// `{ title = "…", url = "…" }`, with `children` of the same kind below.
    Links,
}

const SORTS: [&str; 8] = ["text", "colour", "address", "switch", "number", "choice", "choices", "links"];

impl Options {
    /// Reads `[options]` of the `theme.toml` that `label` names.
    pub(super) fn parse(label: &str, table: &toml::Table) -> Result<Self> {
        let read = |(name, value): (&String, &toml::Value)| {
            let wrong = |what: String| Error::new(Kind::Config, format!("{label}: [options.{name}]: {what}"));
            let spec = Spec::parse(value).map_err(wrong)?;
            if let Some(wanted) = spec.sort.objection(&spec.default) {
                return Err(wrong(format!("the default must be {wanted}")));
            }
            Ok((name.clone(), spec))
        };
        table.iter().map(read).collect::<Result<_>>().map(Self)
    }

    /// The names of the options that `given` has and that hold words of a language.
    pub(super) fn words<'g>(&self, given: &'g toml::Table) -> Vec<&'g str> {
        let is_empty = |value: &toml::Value| {
            value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty)
        };
        let is_words = |name: &str| self.0.iter().any(|(known, spec)| known == name && spec.is_words);
        let given = given.iter().filter(|(name, value)| is_words(name) && !is_empty(value));
        given.map(|(name, _)| name.as_str()).collect()
    }

    /// The defaults with the site's `[theme.options]` over them. `brings` says which static files there are.
    pub(super) fn with(&self, given: &toml::Table, brings: &dyn Fn(&str) -> bool) -> Result<Map> {
        let place = "[theme.options] in aither.toml";
        let mut options: toml::Table =
            self.0.iter().map(|(name, spec)| (name.clone(), spec.default(brings))).collect();
        for (key, value) in given {
            let Some((_, spec)) = self.0.iter().find(|(name, _)| name == key) else {
                let message = format!("{place}: the theme has no option `{key}`");
                let known: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
                let moved = matches!(key.as_str(), "warning_minutes" | "error_minutes")
                    .then(|| format!("`{key}` belongs under [freshness] in aither.toml"));
                let all = moved.unwrap_or_else(|| format!("its options are {}", known.join(", ")));
                let alike = text::did_you_mean(key, known.iter().copied());
                return Err(Error::new(Kind::Config, message).hint(alike.unwrap_or(all)));
            };
            if let Some(wanted) = spec.sort.objection(value) {
                let message = format!("{place}: `{key}` must be {wanted}, not {}", shown(value));
                let error = Error::new(Kind::Config, message);
                return Err(error.maybe_hint(spec.sort.alike(value)).hint(spec.hint(key)));
            }
            options.insert(key.clone(), value.clone());
        }
        Ok(Map::from(&options))
    }
}

impl Spec {
    fn parse(value: &toml::Value) -> Result<Self, String> {
        let told = value.as_table().filter(|t| t.contains_key("type") && t.contains_key("default"));
        let Some(table) = told else {
            return Ok(Self {
                sort: Sort::Like(value.type_str()),
                default: value.clone(),
                is_words: false,
                files: Vec::new(),
            });
        };
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let alike = text::did_you_mean(key, KEYS).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(format!("an option has no key `{key}`{alike}"));
        }
        let number = |key: &str, or: i64| match table.get(key) {
            None => Ok(or),
            Some(toml::Value::Integer(number)) => Ok(*number),
            Some(_) => Err(format!("`{key}` must be a whole number")),
        };
        let values = || {
            let values = table.get("values").and_then(toml::Value::as_array).into_iter().flatten();
            let values: Vec<String> = values.filter_map(|v| v.as_str().map(str::to_owned)).collect();
            if values.is_empty() {
                Err("`values` must list the words that are allowed".to_owned())
            } else {
                Ok(values)
            }
        };
        let sort = match table["type"].as_str().unwrap_or_default() {
            "text" => Sort::Text,
            "colour" | "color" => Sort::Colour,
            "address" => Sort::Address,
            "switch" => Sort::Switch,
            "number" => Sort::Number(number("min", i64::MIN)?, number("max", i64::MAX)?),
            "choice" => Sort::Choice(values()?),
            "choices" => Sort::Choices(values()?),
            "links" => Sort::Links,
            other => {
                let alike = text::did_you_mean(other, SORTS).map(|hint| format!("; {hint}"));
                let alike = alike.unwrap_or_else(|| format!("; types are {}", SORTS.join(", ")));
                return Err(format!("there is no type `{other}`{alike}"));
            }
        };
        let is_words = match table.get("translate") {
            None => matches!(sort, Sort::Text | Sort::Links),
            Some(toml::Value::Boolean(is_words)) => *is_words,
            Some(_) => return Err("`translate` must be true or false".to_owned()),
        };
        let files = match table.get("files") {
            None => Vec::new(),
            Some(files) => names(files).filter(|_| matches!(sort, Sort::Address)).ok_or(
                "`files` is for options of the type `address`, and must list names such as \"favicon.svg\"",
            )?,
        };
        Ok(Self { sort, default: table["default"].clone(), is_words, files })
    }

    fn default(&self, brings: &dyn Fn(&str) -> bool) -> toml::Value {
        let found = self.files.iter().find(|file| brings(file));
        found.map_or_else(|| self.default.clone(), |file| toml::Value::String(format!("/{file}")))
    }

    fn hint(&self, key: &str) -> String {
        match &self.default {
            toml::Value::Array(list) if list.is_empty() => format!("leave `{key}` out for the theme's own"),
            default => format!("the default is `{key} = {default}`"),
        }
    }
}

impl Sort {
    /// What the option should have been, if the value is not that.
    fn objection(&self, value: &toml::Value) -> Option<String> {
        use toml::Value as Toml;
        let (is_good, wanted) = match (self, value) {
            (Self::Like(kind), value) => {
                return (value.type_str() != *kind).then(|| format!("of type {kind}"));
            }
            (Self::Text, value) => (value.is_str(), "a text".to_owned()),
            (Self::Colour, value) => (
                value.as_str().is_some_and(is_colour),
                "a colour such as \"#0f5257\" or \"oklch(0.4 0.07 200)\"".to_owned(),
            ),
            (Self::Address, value) => (
                value.as_str().is_some_and(|text| text.is_empty() || is_address(text)),
                "an address such as \"/img/logo.svg\" or \"https://…\"".to_owned(),
            ),
            (Self::Switch, value) => (value.is_bool(), "true or false".to_owned()),
            (Self::Number(min, max), value) => {
                let is_good = matches!(value, Toml::Integer(number) if (min..=max).contains(&number));
                let wanted = match (*min, *max) {
                    (i64::MIN, i64::MAX) => "a whole number".to_owned(),
                    (min, i64::MAX) => format!("a whole number from {min} on"),
                    (min, max) => format!("a whole number from {min} to {max}"),
                };
                (is_good, wanted)
            }
            (Self::Choice(words), value) => (
                value.as_str().is_some_and(|text| words.iter().any(|word| word == text)),
                format!("one of {}", words.join(", ")),
            ),
            (Self::Choices(words), value) => {
                (are_choices(value, words), format!("a list of some of {}, each once", words.join(", ")))
            }
            (Self::Links, value) => (
                are_links(value, 2),
                "a list of { title = \"…\", url = \"/…/\" }, with `children` of the same kind or without"
                    .to_owned(),
            ),
        };
        (!is_good).then_some(wanted)
    }

    /// What may have been meant.
    fn alike(&self, value: &toml::Value) -> Option<String> {
        let (Self::Choice(words) | Self::Choices(words)) = self else { return None };
        let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let wrong =
            texts.iter().filter_map(toml::Value::as_str).find(|text| !words.iter().any(|w| w == text))?;
        text::did_you_mean(wrong, words.iter().map(String::as_str))
    }
}

/// A value for people, not longer than a line.
fn shown(value: &toml::Value) -> String {
    let mut text = value.to_string().replace('\n', " ");
    if text.chars().count() > 60 {
        text = text.chars().take(59).chain(['…']).collect();
    }
    text
}

/// `#rgb`, `#rrggbb`, with or without opacity, or a colour function of CSS with numbers in it. Nothing that could end a
/// declaration or fetch something.
fn is_colour(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix('#') {
        return matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let functions = ["rgb", "hsl", "hwb", "lab", "lch", "oklab", "oklch"];
    let Some((name, rest)) = text.split_once('(') else { return false };
    let Some(numbers) = rest.strip_suffix(')') else { return false };
    let plain = |word: &str| {
        let number = word.trim_end_matches('%').trim_end_matches("deg");
        number == "none" || number.parse::<f32>().is_ok_and(f32::is_finite)
    };
    let words: Vec<&str> = numbers.split([' ', ',', '/']).filter(|word| !word.is_empty()).collect();
    functions.contains(&name) && matches!(words.len(), 3 | 4) && words.into_iter().all(plain)
}

/// An address that a link or an image may have: of this site, of the web, or of a person.
fn is_address(text: &str) -> bool {
    let schemes = ["https://", "http://", "mailto:", "tel:"];
    let is_plain =
        !text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\'));
    let is_relative = !text.split(['/', '?', '#']).next().unwrap_or_default().contains(':');
    is_plain && !text.is_empty() && (is_relative || schemes.iter().any(|scheme| text.starts_with(scheme)))
}

/// A list of names of files, which become addresses.
fn names(value: &toml::Value) -> Option<Vec<String>> {
    let name = |value: &toml::Value| {
        let name = value.as_str().filter(|name| !name.starts_with('/') && is_address(name))?;
        Some(name.to_owned())
    };
    value.as_array()?.iter().map(name).collect()
}

fn are_choices(value: &toml::Value, words: &[String]) -> bool {
    let Some(list) = value.as_array() else { return false };
    let texts: Vec<&str> = list.iter().filter_map(toml::Value::as_str).collect();
    let is_known = |text: &&str| words.iter().any(|word| word == text);
    let is_first = |(at, text): (usize, &&str)| !texts[..at].contains(text);
    texts.len() == list.len() && texts.iter().all(is_known) && texts.iter().enumerate().all(is_first)
}

fn are_links(value: &toml::Value, depth: usize) -> bool {
    let is_link = |link: &toml::Value| {
        let Some(table) = link.as_table() else { return false };
        let has_title = table.get("title").is_some_and(toml::Value::is_str);
        let has_url = table.get("url").and_then(toml::Value::as_str).is_some_and(is_address);
        let children = table.get("children").is_none_or(|below| depth > 1 && are_links(below, depth - 1));
        has_title
            && has_url
            && children
            && table.keys().all(|k| matches!(k.as_str(), "title" | "url" | "children"))
    };
    value.as_array().is_some_and(|list| list.iter().all(is_link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_nothing_but_a_colour() {
        for good in
            ["#fff", "#0F5257", "#0f525780", "rgb(1 2 3)", "oklch(0.4 0.07 200)", "hsl(200deg, 50%, 20%)"]
        {
            assert!(is_colour(good), "{good}");
        }
        let bad = [
            "",
            "red",
            "#ff",
            "#ggg",
            "#fff;color:red",
            "rgb(1 2 3",
            "rgb(1,2)",
            "url(x)",
            "oklch(var(--x) 1 2)",
            "rgb(1 2 inf)",
        ];
        for bad in bad {
            assert!(!is_colour(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_runs_nothing() {
        for good in
            ["/", "/courses/", "neues/", "https://a.example/x?y=1#z", "mailto:a@b.example", "#top", "?a=b:c"]
        {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "javascript:alert(1)", "data:text/html,x", "/a\"b", "/a b", "\\\\a", "JaVaScRiPt:x"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
