//! The configuration: `aither.toml` and the environment, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::files;
use crate::base::secret::Secret;
use crate::error::{Error, Kind, Result};

mod checks;
mod features;
mod languages;
mod notify;
mod outputs;
mod paths;
mod read;
mod serve;
mod source;
mod sources;

pub use features::{MenuEntry, Taxonomy, Titles};
pub use languages::Language;
pub use notify::{Mail, Notify, Rollbar};
pub use outputs::{Mode, Organisation, Outputs};
pub use serve::{KEPT, Serve, ServeLimits, Tokens, listen_address};
pub use source::{
    Credentials, EdFi, Entry, Levels, MatchBy, OneRoster, OneRosterAuth, Paging, Service, Source, Sync,
};

/// Everything that a run has to know, checked. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that holds `aither.toml`.
    pub root: PathBuf,
    /// `[site]`.
    pub site: Site,
    /// `[languages]`: all languages of the site, the main one, that of `[site]`, first.
    pub languages: Vec<Language>,
    /// `source` and the table of that source, or `[[sources]]`.
    pub source: Source,
    /// `[sync]`.
    pub sync: Sync,
    /// `[theme]`: how the site looks.
    pub theme: Theme,
    /// `[assets]`.
    pub assets: Assets,
    /// `[images]`.
    pub images: Images,
    /// `[paths]`.
    pub paths: Paths,
    /// `[courses]`.
    pub courses: Courses,
    /// `[markdown]`.
    pub markdown: Markdown,
    /// What goes out after a run.
    pub notify: Notify,
    /// `[taxonomies]`.
    pub taxonomies: Vec<Taxonomy>,
    /// `[[menus.NAME]]`: the entries of the menus, by the names of these.
    pub menus: BTreeMap<String, Vec<MenuEntry>>,
    /// `[output]`.
    pub outputs: Outputs,
    /// `[limits]`.
    pub limits: Limits,
    /// `[privacy]`: what may be shown of people.
    pub privacy: Privacy,
    /// `[freshness]`: from which age on data are old.
    pub freshness: Freshness,
    /// `[serve]`.
    pub serve: Serve,
}

/// `[site]`: what the site is.
#[derive(Debug, Clone)]
pub struct Site {
    /// `title`: the name of the site.
    pub title: String,
    /// `description`, one sentence for search engines and feeds.
    pub description: String,
    /// `base_url` without a slash at its end: `https://academy.example` or `https://example.org/academy`.
    pub base_url: String,
    /// `language`, a BCP 47 tag such as `de` or `en-GB`.
    pub language: String,
    /// The path before every address of this language: empty for the main one, `/en` for another.
    pub prefix: String,
    /// `time_zone`, an IANA name.
    pub time_zone: TimeZone,
    /// `[site.organisation]`: who offers the courses.
    pub organisation: Organisation,
    /// `extra`: whatever templates want to know, handed to them as `site.extra`.
    pub extra: toml::Table,
}

/// `[hemera]`: how to talk to the Hemera Academy Service API.
#[derive(Debug, Clone)]
pub struct Hemera {
    /// `base_url` or `HEMERA_API_BASE_URL`, without a slash at its end.
    pub base_url: String,
    /// `HEMERA_API_KEY`; never in the file. Only a pull needs it: [`Hemera::required_key`].
    pub api_key: Option<Secret>,
    /// `secret_env`: the environment variable of the key; HEMERA_API_KEY, if nothing else is said.
    pub key_variable: String,
    /// What asks for this source: `aither.toml:4`, or the name of the variable.
    pub declared: String,
    /// `details`: whose bookings are read.
    pub details: Details,
    /// `requests_per_minute`: our own limit, below the server's 100.
    pub requests_per_minute: u32,
    /// `connect_timeout_seconds`: for finding and reaching the service.
    pub connect_timeout: Duration,
    /// `read_timeout_seconds`: for a whole answer.
    pub read_timeout: Duration,
    /// `sync_budget_seconds`: how long a whole pull may take.
    pub budget: Duration,
    /// `retries`: how often a failed request is tried again.
    pub retries: u32,
    /// `max_body_bytes`: the longest answer that is read.
    pub max_body: u64,
}

/// Whose bookings are read from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// `"needed"`: those of upcoming courses where `[privacy] public_fields` lets pages show something of them, else
    /// nobody's.
    Needed,
    /// `"none"`: nobody's.
    None,
    /// `"upcoming"`: those of courses that are not over.
    Upcoming,
    /// `"all"`: everybody's, upcoming courses first.
    All,
}

/// `[theme]`.
#[derive(Debug, Clone)]
pub struct Theme {
    /// `name`: a folder below `themes/`, or `academy`, which is built in.
    pub name: String,
    /// `strict`: whether a template that uses a name that is not there is an error; unset leaves it to the theme.
    pub strict: Option<bool>,
    /// `options`: over the theme's own defaults; handed to templates as `theme`.
    pub options: toml::Table,
}

/// `[assets]`: what is made of style sheets, scripts and pages.
#[derive(Debug, Clone)]
pub struct Assets {
    /// `fingerprint`: addresses that templates ask for by `asset_url` carry the hash of the bytes.
    pub fingerprint: bool,
    /// `minify_css`: style sheets are made small.
    pub minify_css: bool,
    /// `minify_js`: scripts are made small.
    pub minify_js: bool,
    /// `minify_html`: pages are made small.
    pub minify_html: bool,
}

impl Default for Assets {
    fn default() -> Self {
        Self { fingerprint: true, minify_css: true, minify_js: false, minify_html: false }
    }
}

/// `[images]`: how pictures are published.
#[derive(Debug, Clone)]
pub struct Images {
    /// `formats`, in the order in which browsers are offered them.
    pub formats: Vec<ImageFormat>,
    /// `widths` in pixels, where a template names none.
    pub widths: Vec<u32>,
    /// `quality` of JPEG and WebP.
    pub quality: u8,
    /// `avif_quality`, on a scale of its own.
    pub avif_quality: u8,
    /// `avif_speed`: from 1, slow and small, to 10, which is the quickest.
    pub avif_speed: u8,
    /// `max_megapixels`: larger pictures are refused.
    pub max_megapixels: u32,
    /// `max_megabytes`: larger files are refused.
    pub max_megabytes: u32,
    /// `fetch_remote`: whether pictures that courses name by an address of the web are fetched.
    pub fetch_remote: bool,
    /// `refetch_hours`: after how long a picture of the web is asked for again.
    pub refetch_hours: u32,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            formats: vec![ImageFormat::Avif, ImageFormat::WebP, ImageFormat::Jpeg],
            widths: vec![400, 800, 1200],
            quality: 78,
            avif_quality: 60,
            avif_speed: 10,
            max_megapixels: 50,
            max_megabytes: 32,
            fetch_remote: true,
            refetch_hours: 168,
        }
    }
}

/// A format in which pictures are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// `"avif"`.
    Avif,
    /// `"webp"`.
    WebP,
    /// `"jpeg"`: JPEG, or PNG where one can see through the picture.
    Jpeg,
}

/// `[paths]`: the folders of the site.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `content`: pages and sections in Markdown, and what is added to courses.
    pub content: PathBuf,
    /// `data`: files here are `site.data` in templates. Not configurable.
    pub data: PathBuf,
    /// `themes`: themes of the site's own.
    pub themes: PathBuf,
    /// `templates`: files here replace the theme's.
    pub templates: PathBuf,
    /// `static`: files here are published as they are, over the theme's.
    pub statics: PathBuf,
    /// `sass`: Sass files here are compiled to style sheets; partials here stand over those of the theme.
    pub sass: PathBuf,
    /// `i18n`: files here replace the theme's texts. Not configurable.
    pub texts: PathBuf,
    /// `output`: the built site. It may hold nothing else.
    pub output: PathBuf,
    /// `.aither`: snapshot, memory, build state, lock. Not published, not configurable.
    pub state: PathBuf,
}

/// `[markdown]`: how the texts of `content/` become pages.
#[derive(Debug, Clone)]
pub struct Markdown {
    /// `highlight`: whether the parts of code are marked, where its language is named.
    pub highlight: bool,
    /// `heading_anchors`: whether headings carry a link to themselves.
    pub heading_anchors: bool,
}

/// `[courses]`: the catalogue and its lists.
#[derive(Debug, Clone)]
pub struct Courses {
    /// `order`: of the catalogue, and so of listings and neighbours.
    pub order: Order,
    /// `page_size`: courses on one page of a listing.
    pub page_size: usize,
    /// `feed_size`: entries in a feed, of courses and of sections alike.
    pub feed_size: usize,
    /// `archive`: a course that the source no longer has stays as an archived page.
    pub archive: bool,
    /// Whether drafts are built (`--drafts`).
    pub drafts: bool,
    /// Whether pages are built whose date is yet to come (`--future`).
    pub future: bool,
    /// `mode`: how a course takes place whose data does not say so.
    pub mode: Mode,
    /// `currency`: that of a price that comes without one, an ISO 4217 code.
    pub currency: String,
}

/// The order of the catalogue, and so of listings and neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `"start"`: by first day, courses without one last; then by title and id.
    Start,
    /// `"title"`: by title, then by id.
    Title,
    /// `"id"`: by id, numbers by their value.
    Id,
}

/// `[limits]`: how much is too much.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `max_shrink_percent`: a pull that loses more of the catalogue than this is refused; fewer than five courses may always
    /// go, unless none is left.
    pub max_shrink_percent: u8,
}

/// `[privacy]`.
#[derive(Debug, Clone, Default)]
pub struct Privacy {
    /// `public_fields`: the fields of a participant that public pages may show.
    pub public_fields: Vec<String>,
}

/// `[freshness]`: from which age on data count as old: for the notices on pages, and for `health` of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// `warning_minutes`: older data are not quite fresh; 0 for never.
    pub warning_minutes: u32,
    /// `error_minutes`: older data may be wrong, and pages say so; 0 for never.
    pub error_minutes: u32,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { warning_minutes: 60, error_minutes: 180 }
    }
}

impl Freshness {
    /// `fresh`, `warning` or `error` for data that are so old.
    pub fn of(self, age: Duration) -> &'static str {
        let reached = |minutes: u32| minutes > 0 && age >= Duration::from_secs(u64::from(minutes) * 60);
        match (reached(self.error_minutes), reached(self.warning_minutes)) {
            (true, _) => "error",
            (false, true) => "warning",
            (false, false) => "fresh",
        }
    }
}

/// What the process' environment says; given in by `main`, so that tests need no environment.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The names of variables whose values are no text.
    garbled: Vec<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            // A name that is no text is none of ours.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) => environment.garbled.push(name),
            }
        }
        environment
    }

    /// The value of a variable; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// The variables of ours whose values are not UTF-8: they are set, but not to anything that can be used.
    fn garbled(&self) -> impl Iterator<Item = &str> {
        let names = self.garbled.iter().map(String::as_str);
        names.filter(|name| {
            ["AITHER_", "HEMERA_", "ONEROSTER_", "EDFI_"].iter().any(|prefix| name.starts_with(prefix))
        })
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { variables, garbled: Vec::new() }
    }
}

/// The fields of a participant that `[privacy] public_fields` may name.
pub const PERSONAL_FIELDS: [&str; 14] = [
    "booking_id",
    "participation_id",
    "user_id",
    "name",
    "image_url",
    "status",
    "preparation_intent",
    "desired_results",
    "line_manager_profile",
    "preparation_completed_at",
    "result_outcome",
    "result_notes",
    "result_completed_at",
    "created_at",
];

/// The name of the configuration file in the root of a site.
pub const FILE: &str = "aither.toml";

impl Config {
    /// Whether pages for the house are made: where nobody has a token to read them by, they are not.
    pub fn has_internal_pages(&self) -> bool {
        !self.serve.tokens.admin.is_empty()
    }

    /// Reads `aither.toml` in `root` and the environment. Paths in either are relative to `root`.
    pub fn load(root: &Path, environment: &Environment) -> Result<Self> {
        let root = std::path::absolute(root).map_err(|e| files::io_error("find", root, e))?;
        let path = root.join(FILE);
        let Some(bytes) = files::read_if_present(&path)? else {
            return Err(Error::new(Kind::Config, format!("there is no {FILE} in {}", root.display()))
                .hint(format!("`aither init {}` writes a small working site", root.display()))
                .hint("`--root DIR` builds the site in another folder"));
        };
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            Error::new(Kind::Config, format!("{FILE} is not UTF-8 text (byte {at})"))
                .hint("save the file as UTF-8")
        })?;
        read::config(&root, &text, environment)
    }
}

impl Hemera {
    /// The key, for a pull. Without one, or with one that cannot be any, an error that says where it belongs: it is told
    /// before anything is sent.
    pub fn required_key(&self) -> Result<Secret> {
        let wrong = |what: &str| {
            let message = format!(
                "{}: the source `hemera` needs a key, and {} {what}",
                self.declared, self.key_variable
            );
            Error::new(Kind::Config, message)
        };
        let Some(key) = &self.api_key else {
            return Err(wrong("is not set")
                .hint(format!("set {} in the environment; it has no place in a file", self.key_variable))
                .hint("`aither build --offline` renders from the last good snapshot without a key"));
        };
        let key = key.reveal().trim();
        checks::key(key).map(|()| Secret::new(key)).map_err(|reason| {
            wrong(&reason)
                .hint("check that the key was copied whole, without quotes, spaces and line breaks around or inside it")
        })
    }
}
