//! `theme.toml`: the options of a theme with their defaults, its texts in several languages, and how its templates are
//! rendered.

use super::front;
use super::options::Options;
use crate::base::text;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::view::Map;

const KEYS: [&str; 9] =
    ["name", "version", "description", "license", "author", "autoescape", "strict", "options", "strings"];

/// What a theme says about itself.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The options that the theme says it has; one without `theme.toml` takes any.
    options: Option<Options>,
    /// `[strings.LANG]`, for themes that keep their texts in `theme.toml`.
    pub(super) strings: toml::Table,
    /// Whether what templates write is escaped for HTML, unless a layout says otherwise.
    pub(super) autoescape: bool,
    /// Whether names that are not there are errors, unless the site says otherwise.
    pub(super) strict: bool,
}

impl Manifest {
    /// Reads `theme.toml`; `label` names it in messages.
    pub(super) fn parse(label: &str, source: Option<&str>) -> Result<Self> {
        let Some(source) = source else {
            return Ok(Self { options: None, strings: toml::Table::new(), autoescape: false, strict: false });
        };
        let table: toml::Table = source.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| 1 + source[..span.start].matches('\n').count());
            Error::new(Kind::Config, format!("{label}:{line}: {}", error.message()))
        })?;
        for key in table.keys() {
            if !KEYS.contains(&key.as_str()) {
                return Err(Error::new(Kind::Config, format!("{label}: a theme has no key `{key}`"))
                    .maybe_hint(text::did_you_mean(key, KEYS)));
            }
        }
        let part = |key: &str| match table.get(key) {
            None => Ok(toml::Table::new()),
            Some(toml::Value::Table(part)) => Ok(part.clone()),
            Some(_) => Err(Error::new(Kind::Config, format!("{label}: `{key}` must be a table"))),
        };
        let wrong = |message: &str| Error::new(Kind::Config, format!("{label}: {message}"));
        let autoescape = match table.get("autoescape") {
            None => false,
            Some(toml::Value::String(kind)) => {
                front::escaping(kind).ok_or_else(|| wrong("`autoescape` must be \"html\" or \"none\""))?
            }
            Some(_) => return Err(wrong("`autoescape` must be \"html\" or \"none\"")),
        };
        let strict = match table.get("strict") {
            None => false,
            Some(toml::Value::Boolean(strict)) => *strict,
            Some(_) => return Err(wrong("`strict` must be true or false")),
        };
        let options = Some(Options::parse(label, &part("options")?)?);
        Ok(Self { options, strings: part("strings")?, autoescape, strict })
    }

    /// One warning of the options that hold words in the main language, and that a language does not say anew.
    pub(super) fn untranslated(&self, config: &Config, language: &str) -> Option<String> {
        let at = config.language_at(language).filter(|at| *at > 0)?;
        let own = config.languages.get(at)?;
        let given = self.options.as_ref()?.words(&config.theme.options);
        let missing: Vec<String> = (given.into_iter())
            .filter(|name| !own.options.contains_key(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let (code, main) = (&own.code, &config.site.language);
        (!missing.is_empty()).then(|| {
            format!(
                "[theme.options] {} {verb} not translated into `{code}` and shown in `{main}`: write them under [languages.{code}.options]",
                missing.join(", ")
            )
        })
    }

    /// The theme's options with the site's `[theme.options]` over them. `brings` says which static files there are.
    pub(super) fn options(&self, given: &toml::Table, brings: &dyn Fn(&str) -> bool) -> Result<Map> {
        self.options.as_ref().map_or_else(|| Ok(Map::from(given)), |options| options.with(given, brings))
    }
}
