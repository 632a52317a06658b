//! Themes: finds layouts and partials (the site's over the source's over the theme's), renders a page, and hands back
//! its bytes with what it read. The language of the templates is that of the room `liquid`, with the site's own filters.

mod builtin;
mod data;
mod dates;
mod dialect;
mod failure;
mod front;
mod manifest;
mod options;
mod places;
mod render;
mod shortcode;
mod statics;
mod strings;
mod toc;
mod trace;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::builtin::common_style;
pub use self::data::Records;
pub use self::dates::Dates;
use self::dialect::{Languages, Settings};
use self::manifest::Manifest;
use self::places::{Folder, Manner, Places, Template, Use};
pub use self::render::{Drawn, Told};
use self::strings::Strings;
pub use self::trace::{Change, TemplateRead, Trace, Window};
use crate::assets::Assets;
pub use crate::assets::{Body, Source as Asset};
use crate::base::{files, text};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::liquid::Language;
pub use crate::liquid::{Entities, Note, Read, ReadKind, Top, Treat};
use crate::model::change::RemoteTemplate;
use crate::model::view::Map;

/// The theme that is built into the program.
const DEFAULT: &str = "academy";

/// A theme with its options, as one site uses it. Templates are parsed at their first use and then shared.
pub struct Theme {
    language: Language,
    /// The site in each of its languages, the main one first.
    editions: Vec<Edition>,
    manner: Manner,
    places: Places,
    /// What `{% image %}` in Markdown calls.
    image: Template,
    folder: Folder,
    jekyll: Map,
    statics: Vec<Asset>,
    assets: Arc<Assets>,
}

/// What the theme is in one language.
struct Edition {
    settings: Settings,
    options: Map,
    strings: Map,
    /// What is missing in it.
    warnings: Vec<String>,
}

impl std::fmt::Debug for Theme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Theme").field("folder", &self.folder).finish_non_exhaustive()
    }
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
    /// The language of the page, by its place in the configuration's list.
    pub language: usize,
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
    /// What it was made from.
    pub trace: Trace,
    /// What a person should look at, although the page could be made.
    pub warnings: Vec<String>,
}

impl Theme {
    /// Opens the theme that `config` names: reads its `theme.toml`, merges the options and finds all files. Parses no
    /// template.
    pub fn open(config: &Config, remote: &[RemoteTemplate]) -> Result<Self> {
        Self::open_keeping(config, remote, false)
    }

    /// The same, with a cache of what is made of static files if `keeps_cache` says so.
    pub fn open_keeping(config: &Config, remote: &[RemoteTemplate], keeps_cache: bool) -> Result<Self> {
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
        let manner = Manner {
            autoescape: manifest.autoescape,
            strict: config.theme.strict.unwrap_or(manifest.strict),
            minify: config.assets.minify_html,
        };
        let statics = statics::all(&folder, &config.paths)?;
        let options = statics::options(&folder, config, keeps_cache);
        let assets = Arc::new(Assets::new(options, statics.iter().cloned()));
        let brings = |name: &str| statics.iter().any(|asset| asset.route == name);
        let strings = Strings::read(&config.root, &config.paths.texts, &folder, &manifest.strings)?;
        let edition = |own: &Arc<Config>| {
            Ok(Edition {
                settings: Settings::of(own, &assets),
                options: manifest.options(&own.theme.options, &brings)?,
                strings: strings.of(&own.site.language, &config.site.language),
                warnings: (strings.missing(&own.site.language, &config.site.language).into_iter())
                    .chain(manifest.untranslated(config, &own.site.language))
                    .collect(),
            })
        };
        let mut editions = config.editions().iter().map(edition).collect::<Result<Vec<_>>>()?;
        let places = Places::read(&config.root, &config.paths.templates, remote, &folder, manner)?;
        let spoken: Vec<&str> = editions.iter().map(|edition| &*edition.settings.language).collect();
        let templates: Vec<&str> = places.all_texts().collect();
        let unseen = strings.unseen(&spoken, &templates, &places.internal().collect::<Vec<_>>());
        // Not of one language alone.
        if let Some(main) = editions.first_mut() {
            main.warnings.extend(unseen);
        }
        let languages: Languages = editions.iter().map(|edition| edition.settings.clone()).collect();
        Ok(Self {
            language: dialect::language(&languages),
            editions,
            manner,
            image: Template::built_in("{% image %} in Markdown", &dialect::image_call(), manner)?,
            places,
            folder,
            jekyll: [("environment", "production")].into_iter().collect(),
            statics,
            assets,
        })
    }

    /// What a person should look at: texts and options that are missing in one of the site's languages.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.editions.iter().flat_map(|edition| &edition.warnings).map(String::as_str)
    }

    /// The theme's options with the site's over them: `theme` in templates.
    pub fn options(&self) -> &Map {
        &self.edition(0).options
    }

    fn edition(&self, language: usize) -> &Edition {
        // A theme is opened with one edition a language, the main one always among them.
        self.editions.get(language).unwrap_or(&self.editions[0])
    }

    /// Static files to be published, sorted by route: the theme's, with the site's own over them.
    pub fn statics(&self) -> &[Asset] {
        &self.statics
    }

    /// What is published of them, and under which names.
    pub fn assets(&self) -> &Arc<Assets> {
        &self.assets
    }

    /// Whether there is a layout of this name.
    pub fn has_layout(&self, name: &str) -> bool {
        self.places.get(Use::Layout, name).is_some_and(|layout| !layout.is_internal)
    }

    /// What to do where there is no layout of this name.
    pub fn suggest_layout(&self, name: &str) -> String {
        let known = || self.places.names(Use::Layout).filter(|name| self.has_layout(name));
        text::did_you_mean(name, known()).unwrap_or_else(|| {
            format!(
                "put it into `templates/layouts/`, or take one of {}",
                known().collect::<Vec<_>>().join(", ")
            )
        })
    }

    /// "did you mean", for the name of a shortcode.
    pub fn suggest_shortcode(&self, name: &str) -> Option<String> {
        text::did_you_mean(name, self.places.names(Use::Shortcode))
    }

    /// Whether templates of public pages may look at the people of a course.
    pub fn reads_people(&self) -> bool {
        self.places.texts().any(places::names_people)
    }

    /// The names of the layouts for pages that the house alone sees: `audience: internal` in their front matter.
    pub fn internal_layouts(&self) -> Vec<&str> {
        self.places.internal().collect()
    }
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
