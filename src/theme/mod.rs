//! Themes: finds layouts and partials (the site's over the source's over the theme's), renders a page, and hands back
//! its bytes with what it read. Only this room knows which template engine is at work.

mod assets;
mod builtin;
mod engine;
mod front;
mod manifest;
mod places;
mod privacy;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::assets::{Asset, Body};
use self::engine::{Engine, Failure, Input, Partial, Partials, Settings};
use self::manifest::Manifest;
use self::places::{Folder, Places, Template, Use};
use crate::base::digest::{Digest, Hasher};
use crate::base::{files, text};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::change::RemoteTemplate;
use crate::model::view::{Map, Value};

/// The theme that is built into the program.
const DEFAULT: &str = "academy";
/// How many layouts may stand around one another.
const LONGEST_CHAIN: usize = 16;

/// A theme with its options, as one site uses it. Templates are parsed at their first use and then shared.
#[derive(Debug)]
pub struct Theme {
    engine: Engine,
    places: Places,
    folder: Folder,
    options: Map,
    options_value: Value,
    strings: Value,
    statics: PathBuf,
}

/// One page to be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Names of layouts; the first that exists is taken.
    pub layouts: &'a [&'a str],
    /// What templates see: `site`, `page`, `course` and so on. `theme` and `t` are added by the theme.
    pub view: &'a Map,
    /// The HTML of the page itself: `content` in the innermost layout.
    pub content: Option<&'a Arc<str>>,
    /// The moment of the build.
    pub now: Timestamp,
    /// The page's name in errors, for example its route.
    pub name: &'a str,
}

/// A rendered page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file to be written.
    pub bytes: Vec<u8>,
    /// What was read, sorted, each once.
    pub reads: Vec<Read>,
    /// What a person should look at, although the page could be made.
    pub warnings: Vec<String>,
}

/// One thing that a page was made from. The page has to be rendered again only if one of them changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Read {
    /// A part of the view: `site.title`, `theme.accent`, else a name at its root such as `course`.
    Path(String),
    /// A layout or partial by name (`layouts/base`), in whatever place it stands, or its absence.
    Template(String),
    /// The moment of the build.
    Clock,
}

impl Theme {
    /// Opens the theme that `config` names: reads its `theme.toml`, merges the options and finds all files. Parses no
    /// template.
    pub fn open(config: &Config, remote: &[RemoteTemplate]) -> Result<Self> {
        let folder = folder_of(config)?;
        let (label, source) = match &folder {
            Folder::Disk(path) => {
                let file = path.join("theme.toml");
                let label = files::slashed(file.strip_prefix(&config.root).unwrap_or(&file));
                (label, if file.is_file() { Some(files::read_text(&file)?) } else { None })
            }
            Folder::BuiltIn => ("built-in academy/theme.toml".to_owned(), Some(builtin::MANIFEST.to_owned())),
        };
        let manifest = Manifest::parse(&label, source.as_deref())?;
        let options = manifest.options(&config.theme.options)?;
        let settings = Settings {
            language: config.site.language.clone(),
            zone: config.site.time_zone.clone(),
            base_url: config.site.base_url.clone(),
        };
        Ok(Self {
            engine: Engine::new(settings),
            places: Places::read(&config.root, &config.paths.templates, remote, &folder)?,
            folder,
            options_value: Value::Map(options.clone()),
            options,
            strings: Value::Map(manifest.strings(&config.site.language)),
            statics: config.paths.statics.clone(),
        })
    }

    /// The theme's options with the site's over them: `theme` in templates.
    pub fn options(&self) -> &Map {
        &self.options
    }

    /// Static files to be published, sorted by route: the theme's, with the site's own over them.
    pub fn assets(&self) -> Result<Vec<Asset>> {
        assets::all(&self.folder, &self.statics)
    }

    /// Whether there is a layout of this name.
    pub fn has_layout(&self, name: &str) -> bool {
        self.places.get(Use::Layout, name).is_some()
    }

    /// Renders a page: the innermost layout over the page's content, then each layout around it.
    pub fn render(&self, request: &Request<'_>) -> Result<Rendered> {
        let mut reads = BTreeSet::new();
        let chain = self.chain(request, &mut reads)?;
        let mut content = self.content(request);
        let mut html = String::new();
        for (index, layout) in chain.iter().enumerate() {
            let added = [("theme", &self.options_value), ("t", &self.strings), ("content", &content)];
            let input = Input { view: request.view, added: &added, now: request.now, partials: &Found(self) };
            let parsed = layout.parsed(&self.engine).map_err(|f| self.error(f, request, &chain, &reads))?;
            let mut output = self.engine.render(&layout.file, &parsed, &input);
            if index > 0 {
                // What an outer layout sees as `content` was made from reads that are already noted.
                output.reads.remove(&Read::Path("content".to_owned()));
            }
            reads.append(&mut output.reads);
            html = output.result.map_err(|f| self.error(f, request, &chain, &reads))?;
            if index + 1 < chain.len() {
                content = Value::Html(html.as_str().into());
            }
        }
        Ok(Rendered { bytes: html.into_bytes(), reads: reads.into_iter().collect(), warnings: Vec::new() })
    }

    /// What a read of the page in `request` gives now: another digest means that the page has to be rendered again.
    /// Nothing for the clock, which is never the same.
    pub fn digest(&self, read: &Read, request: &Request<'_>) -> Option<Digest> {
        let mut hasher = Hasher::new("read");
        match read {
            Read::Clock => return None,
            Read::Template(key) => {
                let template = self.places.of_key(key);
                hasher.field(template.map_or(&[][..], |template| template.digest.as_bytes()));
            }
            Read::Path(path) => self.at_path(path, request).digest_into(&mut hasher),
        }
        Some(hasher.finish())
    }

    fn at_path(&self, path: &str, request: &Request<'_>) -> Value {
        let (root, child) = path.split_once('.').map_or((path, None), |(root, child)| (root, Some(child)));
        let value = match root {
            "theme" => self.options_value.clone(),
            "t" => self.strings.clone(),
            "content" => self.content(request),
            _ => request.view.get(root).cloned().unwrap_or_default(),
        };
        match (value, child) {
            (Value::Map(map), Some(child)) => map.get(child).cloned().unwrap_or_default(),
            (value, _) => value,
        }
    }

    fn content(&self, request: &Request<'_>) -> Value {
        match request.content {
            Some(html) => Value::Html(html.clone()),
            None => request.view.get("content").cloned().unwrap_or_default(),
        }
    }

    /// The layouts around a page, innermost first.
    fn chain(&self, request: &Request<'_>, reads: &mut BTreeSet<Read>) -> Result<Vec<&Template>> {
        let mut look_up = |name: &str| {
            reads.insert(Read::Template(Use::Layout.key(name)));
            self.places.get(Use::Layout, name)
        };
        let Some(first) = request.layouts.iter().find_map(|name| look_up(name)) else {
            let names: Vec<_> = request.layouts.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("{}: there is no layout {}", request.name, names.join(" or "));
            let last = request.layouts.last().copied().unwrap_or_default();
            return Err(Error::new(Kind::Template, message)
                .maybe_hint(self.places.suggestion(Use::Layout, last))
                .hint("layouts stand in `templates/layouts/` or in the theme's `layouts/`"));
        };
        let mut chain = vec![first];
        let mut innermost = first;
        while let Some(parent) = &innermost.parent {
            let Some(next) = look_up(parent) else {
                let message = format!("{}: there is no layout `{parent}`", innermost.file);
                let hint = self.places.suggestion(Use::Layout, parent);
                return Err(Error::new(Kind::Template, message).maybe_hint(hint));
            };
            if chain.iter().any(|layout| layout.file == next.file) || chain.len() == LONGEST_CHAIN {
                let message = format!("the layouts go round in a circle: {}", names(&chain, Some(next)));
                return Err(Error::new(Kind::Template, message)
                    .hint(format!("take `layout: {parent}` out of {}", innermost.file)));
            }
            chain.push(next);
            innermost = next;
        }
        Ok(chain)
    }

    fn error(
        &self,
        failure: Failure,
        request: &Request<'_>,
        chain: &[&Template],
        reads: &BTreeSet<Read>,
    ) -> Error {
        let page = format!("(page {}, layouts {})", request.name, names(chain, None));
        if let Some(field) = failure.withheld {
            let used: Vec<&Template> = reads
                .iter()
                .filter_map(|read| match read {
                    Read::Template(key) => self.places.of_key(key),
                    _ => None,
                })
                .collect();
            return privacy::error(field, &used, &failure.file, &page);
        }
        Error::new(Kind::Template, format!("{}: {} {page}", failure.file, failure.message))
            .maybe_hint(failure.hint)
    }
}

fn names(chain: &[&Template], next: Option<&Template>) -> String {
    let files: Vec<&str> = chain.iter().copied().chain(next).map(|layout| &*layout.file).collect();
    files.join(" > ")
}

/// The folder of the theme: the site's own, or the one in the program.
fn folder_of(config: &Config) -> Result<Folder> {
    let name = config.theme.name.as_str();
    // The name becomes a path, so it must be one plain folder name.
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    let path = config.paths.themes.join(name);
    if plain && path.is_dir() {
        return Ok(Folder::Disk(path));
    }
    if name == DEFAULT {
        return Ok(Folder::BuiltIn);
    }
    let mut known = vec![DEFAULT.to_owned()];
    if let Ok(entries) = std::fs::read_dir(&config.paths.themes) {
        known.extend(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()));
    }
    known.sort();
    let message = format!("there is no theme `{}` in {}", name.escape_debug(), config.paths.themes.display());
    Err(Error::new(Kind::Config, message)
        .maybe_hint(text::did_you_mean(name, known.iter().map(String::as_str)))
        .hint(
            "`[theme] name` in aither.toml names a folder below `themes/`, or `academy`, which is built in",
        ))
}

/// The partials as the engine asks for them.
struct Found<'a>(&'a Theme);

impl Partials for Found<'_> {
    fn partial(&self, name: &str) -> Option<Result<Partial, Failure>> {
        let template = self.0.places.get(Use::Partial, name)?;
        let file = template.file.clone();
        Some(template.parsed(&self.0.engine).map(|parsed| Partial { file, parsed }))
    }

    fn read(&self, name: &str) -> Read {
        Read::Template(Use::Partial.key(name))
    }

    fn suggestion(&self, name: &str) -> Option<String> {
        self.0.places.suggestion(Use::Partial, name)
    }
}
