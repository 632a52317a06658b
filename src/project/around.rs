//! What local files need of theme and catalogue to become pages.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::base::highlight::Highlighter;
use crate::base::markdown::Call;
use crate::config::{Config, Source as Configured};
use crate::model::catalogue::Catalogue;
use crate::model::document::{Asset, Overlay};
use crate::model::view::{List, Map, Value};
use crate::site;
use crate::source::local::{File, Lacking, Surroundings};
use crate::theme::{self, Request, Theme};

/// The surroundings of the local files in one build.
pub(super) struct Around<'a> {
    editions: Vec<Arc<Config>>,
    pub(super) theme: &'a Theme,
    pub(super) catalogue: &'a Catalogue,
    pub(super) now: Timestamp,
    pub(super) highlighter: &'a Highlighter,
    /// What shortcodes see of the site, by language.
    sites: Vec<Map>,
    /// Until when what shortcodes made of the time holds.
    until: Mutex<i64>,
    /// The assets that shortcodes asked for.
    asked: Mutex<BTreeSet<String>>,
    /// What shortcodes had to say.
    told: Mutex<BTreeSet<String>>,
}

impl<'a> Around<'a> {
    pub(super) fn new(
        config: &'a Arc<Config>,
        theme: &'a Theme,
        catalogue: &'a Catalogue,
        now: Timestamp,
        highlighter: &'a Highlighter,
        data: &Map,
    ) -> Self {
        let site = |config: &Arc<Config>| {
            let site = &config.site;
            Map::new(vec![
                ("title".into(), site.title.as_str().into()),
                ("description".into(), site.description.as_str().into()),
                ("base_url".into(), site.base_url.as_str().into()),
                ("language".into(), site.language.as_str().into()),
                ("extra".into(), Map::from(&site.extra).into()),
                ("data".into(), data.clone().into()),
            ])
        };
        let editions = config.editions();
        let sites = editions.iter().map(site).collect();
        Self {
            editions,
            theme,
            catalogue,
            now,
            highlighter,
            sites,
            until: Mutex::new(i64::MAX),
            asked: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The assets that shortcodes asked for.
    pub(super) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().cloned().collect()
    }

    /// What shortcodes had to say, with the file that called them.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// From which second on the pages look as they do, as far as shortcodes asked for the time, and until which.
    pub(super) fn window(&self) -> (i64, i64) {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until == i64::MAX { (i64::MIN, i64::MAX) } else { (self.now.as_second(), until) }
    }
}

impl Surroundings for Around<'_> {
    fn has_block(&self, shortcode: &str) -> Option<bool> {
        self.theme.shortcode(shortcode)
    }

    fn suggestion(&self, shortcode: &str) -> Option<String> {
        self.theme.suggest_shortcode(shortcode)
    }

    fn lacks_layout(&self, name: &str) -> Option<Lacking> {
        if self.theme.has_layout(name) {
            return None;
        }
        let config = self.editions.first()?;
        let is_foreign =
            config.source.entries().iter().any(|entry| matches!(entry.source, Configured::Hemera(_)));
        Some(Lacking { hint: self.theme.suggest_layout(name), is_foreign })
    }

    fn insert(&self, call: &Call<'_>, file: &File<'_>) -> Result<String, String> {
        let page =
            Map::new(vec![("file".into(), file.name.into()), ("title".into(), Value::maybe(file.title))]);
        let site = self.sites.get(file.language).cloned().unwrap_or_default();
        let view = Map::new(vec![("site".into(), site.into()), ("page".into(), page.into())]);
        let (language, now, name) = (file.language, self.now, file.name);
        let request = Request { layouts: &[], view: &view, content: None, language, now, name };
        let made = self.theme.insert(call, &request).map_err(|error| {
            let hints = error.hints().iter().map(|hint| format!("\n  = hint: {hint}")).collect::<String>();
            format!("the shortcode `{}` fails: {}{hints}", call.name, error.message())
        })?;
        let warnings = made.warnings.iter().map(|warning| format!("{}: {warning}", file.name));
        self.told.lock().unwrap_or_else(PoisonError::into_inner).extend(warnings);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(made.trace.assets.into_iter().map(|note| note.key));
        drop(asked);
        if let Some(window) = made.trace.clock {
            let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
            *until = window.until.as_second().min(*until);
        }
        String::from_utf8(made.bytes).map_err(|_| format!("the shortcode `{}` makes no text", call.name))
    }

    fn courses(&self, overlays: &[Arc<Overlay>], language: usize) -> HashMap<String, String> {
        let Some(config) = self.editions.get(language) else { return HashMap::new() };
        // Where the courses themselves are wrong, the build says so later and better.
        site::addresses_of(config, self.catalogue, overlays, self.now).unwrap_or_default()
    }

    fn found(&self, beside: &[Asset]) {
        let source = |asset: &Asset| theme::Asset {
            route: asset.route.clone(),
            body: theme::Body::File(asset.file.clone()),
        };
        self.theme.assets().add_beside(beside.iter().map(source));
    }

    fn toc(&self, headings: &List, language: usize, depth: usize) -> String {
        self.theme.toc(headings, language, depth)
    }

    fn highlighter(&self) -> &Highlighter {
        self.highlighter
    }
}
