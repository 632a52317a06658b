//! The dialect of Liquid that themes are written in: the standard language with the site's filters and Jekyll's.

mod assets;
mod dates;
mod lists;
mod locale;
mod moments;
mod numbers;
mod picture;
mod tags;
mod texts;
mod toc;
mod tongue;
mod urls;

pub(super) use picture::{call as image_call, objection as image_objection};

use std::sync::Arc;

use jiff::tz::TimeZone;

use self::locale::Locale;
pub(super) use self::texts::escaped;
use crate::assets::Assets;
use crate::config::Config;
use crate::liquid::{Args, Arity, Context, Error, Filter, Language, Value};

/// What filters need to know of the site.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// A BCP 47 tag.
    pub(super) language: String,
    pub(super) zone: TimeZone,
    /// Scheme, host and path, without a slash at the end.
    pub(super) base_url: String,
    pub(super) assets: Arc<Assets>,
    /// The path before the addresses of this language: empty, or `/en`.
    pub(super) prefix: String,
    /// How the language writes dates and numbers, for those that have no way of their own here.
    locale: Arc<Locale>,
}

impl Settings {
    /// What filters need to know of a site in the language of this configuration.
    pub(super) fn of(config: &Config, assets: &Arc<Assets>) -> Self {
        Self {
            language: config.site.language.clone(),
            zone: config.site.time_zone.clone(),
            base_url: config.site.base_url.clone(),
            prefix: config.site.prefix.clone(),
            assets: assets.clone(),
            locale: Arc::new(Locale::of(&config.site.language)),
        }
    }

    /// The path of the base URL: empty, or `/academy`.
    fn base_path(&self) -> &str {
        let after_scheme = self.base_url.find("://").map_or(0, |at| at + 3);
        self.base_url[after_scheme..].find('/').map_or("", |at| &self.base_url[after_scheme + at..])
    }

    fn is_german(&self) -> bool {
        self.primary().eq_ignore_ascii_case("de")
    }

    /// Whether German is written as in Switzerland: 1’480.50.
    fn is_swiss(&self) -> bool {
        ["de-CH", "de-LI"].iter().any(|region| self.language.eq_ignore_ascii_case(region))
    }

    /// The way of the language, unless it is one of those that the filters know themselves.
    fn foreign(&self) -> Option<&Locale> {
        let is_known = ["de", "en"].iter().any(|known| self.primary().eq_ignore_ascii_case(known));
        (!is_known).then_some(&*self.locale)
    }

    /// Whether a currency stands before its amount, as CLDR's patterns for the language have it.
    fn writes_currency_first(&self) -> bool {
        const FIRST: [&str; 11] = ["en", "ga", "hi", "id", "ja", "ko", "mt", "nl", "th", "tr", "zh"];
        let regions = ["pt-BR", "de-AT", "de-CH", "de-LI"];
        regions.iter().any(|region| self.language.eq_ignore_ascii_case(region))
            || FIRST.iter().any(|first| self.primary().eq_ignore_ascii_case(first))
    }

    /// The first part of the language's tag.
    fn primary(&self) -> &str {
        self.language.split('-').next().unwrap_or_default()
    }
}

type Made<'a> = Result<Value<'a>, Error>;
type Run = for<'a, 'x> fn(&Settings, &mut Context<'a>, Value<'a>, &Args<'a, 'x>) -> Made<'a>;

/// The site in each of its languages, the main one first.
pub(super) type Languages = Arc<[Settings]>;

/// The site in the language of the page.
fn spoken<'s>(languages: &'s Languages, cx: &Context<'_>) -> Result<&'s Settings, Error> {
    languages.get(cx.locale()).ok_or_else(|| Error::value("the page is in no language of the site"))
}

/// A filter that knows the site.
struct OfSite {
    languages: Languages,
    run: Run,
}

impl Filter for OfSite {
    fn apply<'a>(&self, cx: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
        (self.run)(spoken(&self.languages, cx)?, cx, input, args)
    }
}

const NONE: Arity = Arity::of(0, 0);
const UP_TO_ONE: Arity = Arity::of(0, 1);

const FILTERS: &[(&str, Arity, Run)] = &[
    ("absolute_url", NONE, urls::absolute),
    ("array_to_sentence_string", UP_TO_ONE, texts::sentence),
    ("asset_integrity", NONE, assets::integrity),
    ("asset_url", NONE, assets::url),
    ("cgi_escape", NONE, urls::cgi_escape),
    ("date", UP_TO_ONE, dates::date),
    ("date_range", UP_TO_ONE, dates::range),
    ("date_to_long_string", Arity::of(0, 2), dates::long_string),
    ("date_to_rfc822", NONE, dates::rfc822),
    ("date_to_string", Arity::of(0, 2), dates::string),
    ("date_to_xmlschema", NONE, dates::xmlschema),
    ("direction", NONE, tongue::direction),
    ("group_by", Arity::of(1, 1), lists::group_by),
    ("group_by_exp", Arity::of(2, 2).expression(1), lists::group_by_exp),
    ("inspect", NONE, texts::inspect),
    ("jsonify", NONE, texts::jsonify),
    ("language_url", NONE, urls::of_language),
    ("markdownify", NONE, texts::markdownify),
    ("money", UP_TO_ONE, numbers::money),
    ("normalize_whitespace", NONE, texts::normalize_whitespace),
    ("number", NONE, numbers::number),
    ("number_of_words", UP_TO_ONE, texts::number_of_words),
    ("og_locale", NONE, tongue::og_locale),
    ("plural", Arity::of(1, 1), numbers::plural),
    ("pop", UP_TO_ONE, lists::pop),
    ("push", Arity::of(1, 1), lists::push),
    ("relative_url", NONE, urls::relative),
    ("sample", UP_TO_ONE, lists::sample),
    ("shift", UP_TO_ONE, lists::shift),
    ("slugify", UP_TO_ONE, texts::slugify),
    ("to_integer", NONE, numbers::to_integer),
    ("unshift", Arity::of(1, 1), lists::unshift),
    ("uri_escape", NONE, urls::uri_escape),
    ("where_exp", Arity::of(2, 2).expression(1), lists::where_exp),
    ("xml_escape", NONE, texts::xml_escape),
];

/// The language of the themes of one site.
pub(super) fn language(languages: &Languages) -> Language {
    let mut language = Language::standard();
    language.jekyll_include(true);
    for (name, arity, run) in FILTERS {
        language.filter(name, *arity, OfSite { languages: languages.clone(), run: *run });
    }
    tags::register(&mut language, languages);
    picture::register(&mut language, languages);
    toc::register(&mut language);
    language
}
