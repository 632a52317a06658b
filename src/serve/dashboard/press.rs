//! The templates of the dashboard, parsed once, and the style sheet and the script under names that carry their hashes.

use std::collections::HashMap;

use super::entries;
use super::words::Words;
use crate::base::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::liquid::{self, Found, Language, Partials, Scene, Template};
use crate::model::view::{Map, Value};
use crate::theme;

const TEMPLATES: [(&str, &str); 12] = [
    ("layout", include_str!("templates/layout.liquid")),
    ("sign-in", include_str!("templates/sign-in.liquid")),
    ("overview", include_str!("templates/overview.liquid")),
    ("source", include_str!("templates/source.liquid")),
    ("error", include_str!("templates/error.liquid")),
    ("time", include_str!("templates/time.liquid")),
    ("running", include_str!("templates/running.liquid")),
    ("run-now", include_str!("templates/run-now.liquid")),
    ("runs", include_str!("templates/runs.liquid")),
    ("chart", include_str!("templates/chart.liquid")),
    ("letters", include_str!("templates/letters.liquid")),
    ("conflicts", include_str!("templates/conflicts.liquid")),
];

/// A file that pages refer to.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) path: String,
    pub(super) media_type: &'static str,
    pub(super) text: String,
}

impl Asset {
    fn new(stem: &str, ending: &str, media_type: &'static str, text: String) -> Self {
        let hash = &Digest::of(text.as_bytes()).to_string()[..16];
        Self { path: format!("/dashboard/{stem}.{hash}.{ending}"), media_type, text }
    }
}

/// What pages are made with.
pub(super) struct Press {
    templates: HashMap<&'static str, std::result::Result<Template, String>>,
    pub(super) assets: [Asset; 2],
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Press").finish_non_exhaustive()
    }
}

impl Partials for Press {
    fn find<'p>(&'p self, name: &str) -> Found<'p> {
        Found {
            template: self.templates.get(name).and_then(|parsed| parsed.as_ref().ok()),
            ..Found::default()
        }
    }
}

impl Press {
    pub(super) fn new(accent: Option<&str>) -> Self {
        let language = Language::standard();
        let parse = |(name, source)| {
            let parsed = Template::parse(name, source, &language);
            (name, parsed.map_err(|errors| errors.iter().map(ToString::to_string).collect()))
        };
        let templates = TEMPLATES.into_iter().map(parse).collect();
        let assets = [
            Asset::new("style", "css", "text/css; charset=utf-8", style(accent)),
            Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("live.js").to_owned()),
        ];
        Self { templates, assets }
    }

    /// Renders a template. Whatever it writes is escaped, and a name that is not there is an error.
    pub(super) fn render(
        &self,
        name: &str,
        words: &Words,
        view: Vec<(&'static str, Value)>,
    ) -> Result<String> {
        let template = match self.templates.get(name) {
            Some(Ok(template)) => template,
            Some(Err(why)) => return Err(broken(name, why)),
            None => return Err(broken(name, "it is not there")),
        };
        let mut all = vec![
            ("t", words.view.clone().into()),
            ("language", words.tongue.tag().into()),
            ("style", self.assets[0].path.as_str().into()),
            ("script", self.assets[1].path.as_str().into()),
        ];
        all.extend(view);
        let globals: Map = entries(all);
        let options = liquid::Options {
            autoescape: true,
            strict: true,
            render_sees_globals: true,
            ..liquid::Options::default()
        };
        let scene = Scene { partials: self, options, ..Scene::new(&globals) };
        template.render(scene).map(|rendered| rendered.text).map_err(|error| broken(name, &error.to_string()))
    }
}

/// The style sheet, in the colour of the house where that is one.
fn style(accent: Option<&str>) -> String {
    let sheet = format!("{}{}", theme::common_style(), include_str!("style.css"));
    let is_colour = |colour: &&str| {
        let digits = colour.strip_prefix('#').unwrap_or_default();
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match accent.filter(is_colour) {
        Some(colour) => sheet.replacen("--accent: #0f5257", &format!("--accent: {colour}"), 1),
        None => sheet,
    }
}

fn broken(name: &str, why: &str) -> Error {
    Error::new(Kind::Template, format!("the page `{name}` of the dashboard cannot be made: {why}"))
}
