//! Style sheets and scripts in the making.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::css::{Sheet, SheetLink};
use super::names;
use super::sass;
use super::script;
use super::shelf::{Assets, Sheets};
use super::source::{Body, Source};
use crate::base::digest::{Digest, Hasher};
use crate::error::{Error, Kind, Result};

pub(super) fn is_sheet(route: &str) -> bool {
    route.ends_with(".css")
}

/// Style sheets in the making: one that names another needs that one's hash first.
pub(super) struct Work<'a> {
    assets: &'a Assets,
    pub(super) sheets: Sheets,
    /// The sheets that wait for each other.
    open: Vec<String>,
}

impl<'a> Work<'a> {
    pub(super) fn new(assets: &'a Assets) -> Self {
        Self { assets, sheets: Sheets::default(), open: Vec::new() }
    }

    /// Makes the style sheet at a route, and those that it names before.
    pub(super) fn sheet(&mut self, route: &str) -> Result<()> {
        if self.sheets.texts.contains_key(route) {
            return Ok(());
        }
        let Some(entry) = self.assets.entries.get(route) else { return Ok(()) };
        let label = self.assets.label(&entry.source);
        if self.open.iter().any(|open| open == route) {
            let message =
                format!("{label}: style sheets import each other in a circle: {}", self.open.join(" > "));
            return Err(Error::new(Kind::Template, message).hint("take one of the imports out"));
        }
        self.open.push(route.to_owned());
        let made = self.make(route, &entry.source, &label)?;
        self.open.pop();
        self.sheets.texts.insert(route.to_owned(), made.into());
        Ok(())
    }

    fn make(&mut self, route: &str, source: &Source, label: &str) -> Result<Vec<u8>> {
        let options = &self.assets.options;
        let (text, label) = match source.is_sass() {
            true => (Cow::Owned(self.compiled(source)?.into_bytes()), format!("{label} (compiled)")),
            false => (source.read()?, label.to_owned()),
        };
        // Somebody else's finished work is published as it is.
        if route.ends_with(".min.css") || !(options.minify_css || options.fingerprint) {
            return Ok(text.into_owned());
        }
        let Ok(css) = std::str::from_utf8(&text) else {
            return Err(Error::new(Kind::Template, format!("{label} is not UTF-8 text"))
                .hint("save the file as UTF-8"));
        };
        let sheet = match self.parsed(&label, css) {
            Ok(sheet) => sheet,
            Err(error) if options.minify_css => {
                return Err(error.hint(
                    "if it is meant as it is, name the file `….min.css`, which is published without a look, or set `minify_css = false` under `[assets]`",
                ));
            }
            Err(error) => {
                self.sheets.warnings.insert(error.message().to_owned());
                return Ok(text.into_owned());
            }
        };
        if !options.minify_css && sheet.links.is_empty() {
            return Ok(text.into_owned());
        }
        let mut addresses = BTreeMap::new();
        for link in &sheet.links {
            addresses.insert(link.url.clone(), self.address(route, &label, link)?);
        }
        Ok(sheet.filled(|link| addresses.get(&link.url).unwrap_or(&link.url).clone()).into_bytes())
    }

    /// Makes the script at a route small, now or before.
    pub(super) fn script(&mut self, route: &str) -> Result<()> {
        let Some(entry) = self.assets.entries.get(route) else { return Ok(()) };
        let label = self.assets.label(&entry.source);
        let text = entry.source.read()?;
        let Ok(text) = std::str::from_utf8(&text) else {
            return Err(Error::new(Kind::Template, format!("{label} is not UTF-8 text"))
                .hint("save the file as UTF-8"));
        };
        let mut key = Hasher::new("js");
        key.field(env!("CARGO_PKG_VERSION").as_bytes()).field(text.as_bytes());
        let key = key.finish();
        let made = match self.assets.cache.get::<String>(&key) {
            Some(made) => made,
            None => {
                let made = script::minified(&label, text)?;
                self.assets.cache.put(&key, &made)?;
                made
            }
        };
        self.sheets.texts.insert(route.to_owned(), made.into_bytes().into());
        Ok(())
    }

    /// The text of a Sass file, compiled now or before.
    fn compiled(&mut self, source: &Source) -> Result<String> {
        let Body::File(path) = &source.body else { return Ok(String::new()) };
        let options = &self.assets.options;
        let key = sass::key(path, &options.load_paths);
        let known = self.assets.cache.get(&key).filter(sass::Compiled::holds);
        let compiled = match known {
            Some(compiled) => compiled,
            None => {
                let mut roots = options.load_paths.clone();
                roots.push(options.root.clone());
                let compiled = sass::compile(path, &options.load_paths, &options.root, &roots)?;
                self.assets.cache.put(&key, &compiled)?;
                compiled
            }
        };
        self.sheets.warnings.extend(compiled.warnings);
        Ok(compiled.css)
    }

    /// A style sheet taken apart, now or before.
    fn parsed(&self, label: &str, css: &str) -> Result<Sheet> {
        let minify = self.assets.options.minify_css;
        let mut key = Hasher::new("css");
        key.field(env!("CARGO_PKG_VERSION").as_bytes()).number(u64::from(minify)).field(css.as_bytes());
        let key = key.finish();
        if let Some(sheet) = self.assets.cache.get(&key) {
            return Ok(sheet);
        }
        let sheet = Sheet::parse(label, css, minify)?;
        self.assets.cache.put(&key, &sheet)?;
        Ok(sheet)
    }

    /// What stands in a style sheet for an address of its author.
    fn address(&mut self, route: &str, label: &str, link: &SheetLink) -> Result<String> {
        let assets = self.assets;
        let url = link.url.as_str();
        let has_scheme = url.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
        let (path, rest) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
        if has_scheme || path.is_empty() || url.starts_with("//") || !assets.options.fingerprint {
            return Ok(url.to_owned());
        }
        let plain = names::unescaped(path);
        let target = plain.as_deref().and_then(|plain| match plain.starts_with('/') {
            true => assets.route(plain),
            false => assets.route(&names::joined(names::folder(route), plain)?),
        });
        let Some(target) = target else {
            let hint = assets.suggestion(path).map(|hint| format!(" ({hint})")).unwrap_or_default();
            let warning = format!("{label}:{}:{}: there is no file {path}{hint}", link.line, link.column);
            self.sheets.warnings.insert(warning);
            return Ok(url.to_owned());
        };
        let digest = match is_sheet(target) {
            true => {
                self.sheet(target)?;
                self.sheets.texts.get(target).map_or_else(|| Digest::of(b""), |text| Digest::of(text))
            }
            false => assets.plain_digests(target)?.0,
        };
        self.sheets.named.insert(target.to_owned());
        let name = names::fingerprinted(target, &digest);
        let escaped = names::escaped(&name);
        Ok(match path.starts_with('/') {
            true => format!("{}/{escaped}{rest}", assets.options.base_path),
            false => {
                let file = escaped.rsplit('/').next().unwrap_or(&escaped);
                format!("{}{file}{rest}", &path[..path.rfind('/').map_or(0, |slash| slash + 1)])
            }
        })
    }
}
