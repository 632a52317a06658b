//! All assets of a site: what each of them is published as, under which names, and who asks for them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::cache::Cache;
use super::image::{Ask, Options as ImageOptions, Original, Store, Variant, without_metadata};
use super::names;
use super::picture::Answers;
use super::remote::Remote;
use super::script;
use super::source::{Body, Source};
use super::work::{Work, is_sheet};
use crate::base::digest::{Digest, Fingerprint, integrity};
use crate::base::{files, text};
use crate::error::{Error, Kind, Result};

/// How assets are made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The site's folder: paths in messages are relative to it.
    pub root: PathBuf,
    /// Where what was made is kept for the next build; nowhere for a build that leaves no traces.
    pub cache: Option<PathBuf>,
    /// Whether the cache may be written to.
    pub may_write: bool,
    /// The path of the site's base address: empty, or `/academy`.
    pub base_path: String,
    /// Whether names carry the hash of their bytes where a template asks for an address by `asset_url`.
    pub fingerprint: bool,
    /// Whether style sheets are made small.
    pub minify_css: bool,
    /// Whether scripts are made small.
    pub minify_js: bool,
    /// Folders in which Sass looks for what is imported, best first.
    pub load_paths: Vec<PathBuf>,
    /// How pictures are made.
    pub images: ImageOptions,
}

/// A file to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its address in the site, relative, with `/` between the parts.
    pub route: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// The bytes of a published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bytes {
    /// Those of a file, by its absolute path.
    File(PathBuf),
    /// Those in the program.
    BuiltIn(&'static [u8]),
    /// Those that were made.
    Here(Arc<[u8]>),
    /// Those that are yet to be made from a picture; see [`Assets::load`].
    Picture(Arc<Original>, Arc<Variant>),
}

/// An asset as a page refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address from the root of the host.
    pub url: String,
    /// The value of the attribute `integrity` (Subresource Integrity).
    pub integrity: String,
}

impl Link {
    /// A quick hash of it.
    pub fn mark(&self) -> u64 {
        Fingerprint::new(41).text(&self.url).text(&self.integrity).get()
    }
}

/// The assets of one site.
#[derive(Debug)]
pub struct Assets {
    pub(super) options: Options,
    pub(super) entries: BTreeMap<String, Entry>,
    /// Files beside content files: they are published as they are, and become known later than the others.
    beside: OnceLock<BTreeMap<String, Entry>>,
    pub(super) images: Store,
    pub(super) answers: Answers,
    pub(super) remote: OnceLock<Remote>,
    pub(super) cache: Cache,
    made: OnceLock<Result<Sheets, (String, Vec<String>)>>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) source: Source,
    digests: OnceLock<(Digest, String)>,
}

impl Entry {
    fn of(source: Source) -> (String, Self) {
        (source.route.clone(), Self { source, digests: OnceLock::new() })
    }
}

/// The style sheets and scripts, with what was noticed on the way.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    /// By route.
    pub(super) texts: BTreeMap<String, Arc<[u8]>>,
    /// Routes that a style sheet names: these are published under their fingerprinted names as well.
    pub(super) named: BTreeSet<String>,
    pub(super) warnings: BTreeSet<String>,
}

impl Assets {
    /// The assets at these sources; of two with one route the later counts. Reads nothing yet.
    pub fn new(options: Options, sources: impl IntoIterator<Item = Source>) -> Self {
        let cache = Cache::new(options.cache.clone(), options.may_write);
        let entries = sources.into_iter().map(Entry::of).collect();
        let images = Store::new(options.images.clone(), options.may_write);
        let (beside, answers, remote, made) = Default::default();
        Self { options, entries, beside, images, answers, remote, cache, made }
    }

    /// Adds the files beside content files, once. One at the route of another is that other one.
    pub fn add_beside(&self, sources: impl IntoIterator<Item = Source>) {
        let _ = self.beside.set(sources.into_iter().map(Entry::of).collect());
    }

    pub(super) fn entry(&self, route: &str) -> Option<&Entry> {
        self.entries.get(route).or_else(|| self.beside.get()?.get(route))
    }

    fn routes(&self) -> impl Iterator<Item = &str> {
        let beside = self.beside.get().into_iter().flatten();
        self.entries.iter().chain(beside).map(|(route, _)| route.as_str())
    }

    /// Every file but those beside content files under its own name, and those that style sheets name under their fingerprinted names, too.
    pub fn files(&self) -> Result<Vec<Made>> {
        let sheets = self.sheets()?;
        self.cache.prune()?;
        let plain = self.entries.keys().map(|route| Ok((route.clone(), route.as_str())));
        let named = sheets.named.iter().map(|route| Ok((self.name(route)?, route.as_str())));
        let all = plain.chain(named).map(|named: Result<(String, &str)>| {
            let (route, source) = named?;
            Ok(Made { route, bytes: self.bytes(source)? })
        });
        all.collect()
    }

    /// What a person should look at.
    pub fn warnings(&self) -> Result<Vec<String>> {
        Ok(self.sheets()?.warnings.iter().cloned().collect())
    }

    /// The asset of this name, as a page refers to it. What follows a `?` or `#` stays.
    pub fn find(&self, name: &str) -> Result<Option<Link>> {
        let (path, rest) = name.split_at(name.find(['?', '#']).unwrap_or(name.len()));
        let Some(route) = self.route(path) else { return Ok(None) };
        let (_, integrity) = self.digests(route)?;
        let url = names::escaped(&self.name(route)?);
        Ok(Some(Link { url: format!("{}/{url}{rest}", self.options.base_path), integrity }))
    }

    /// "did you mean", over all assets.
    pub fn suggestion(&self, name: &str) -> Option<String> {
        let name = name.trim_start_matches('/');
        let sass = name.strip_suffix(".scss").or_else(|| name.strip_suffix(".sass"));
        let compiled = sass.map(|stem| format!("{stem}.css")).filter(|route| self.entry(route).is_some());
        if let Some(route) = compiled {
            return Some(format!("it is published as `{route}`"));
        }
        let file = name.rsplit('/').next().unwrap_or(name);
        match self.routes().find(|route| route.rsplit('/').next() == Some(file)) {
            Some(route) => Some(format!("did you mean `{route}`?")),
            None => text::did_you_mean(name, self.routes()),
        }
    }

    /// A quick hash of what asking for `name` gives; another one means that whoever asked has to be made anew.
    pub fn mark(&self, name: &str) -> u64 {
        match Ask::read(name) {
            Some(ask) => self.picture_mark(&ask, name),
            None => self.find(name).ok().flatten().map_or(0, |link| link.mark()),
        }
    }

    /// The files that must be published because somebody asked for `name`, besides those of [`Assets::files`].
    pub fn made_for(&self, name: &str) -> Result<Vec<Made>> {
        if let Some(ask) = Ask::read(name) {
            return self.picture_files(&ask, name);
        }
        let path = &name[..name.find(['?', '#']).unwrap_or(name.len())];
        let Some(route) = self.route(path).filter(|_| self.options.fingerprint) else {
            return Ok(Vec::new());
        };
        Ok(vec![Made { route: self.name(route)?, bytes: self.bytes(route)? }])
    }

    /// The bytes of a file that is to be published.
    pub fn load(&self, made: &Made) -> Result<Cow<'static, [u8]>> {
        Ok(match &made.bytes {
            Bytes::File(path) => Cow::Owned(without_metadata(path, files::read(path)?)),
            Bytes::BuiltIn(bytes) => Cow::Borrowed(bytes),
            Bytes::Here(bytes) => Cow::Owned(bytes.to_vec()),
            Bytes::Picture(original, variant) => self.images.load(original, variant)?,
        })
    }

    /// Ends a build: what nobody asked for is not kept. `published` are the routes of what was made for pages.
    pub fn close<'r>(&self, published: impl IntoIterator<Item = &'r str>) -> Result<()> {
        let names = published.into_iter().map(|route| route.rsplit('/').next().unwrap_or(route));
        self.images.close(&names.collect())
    }

    /// The route that a name means: with or without a slash before it, or with the path of the base address.
    pub(super) fn route(&self, name: &str) -> Option<&str> {
        let base = self.options.base_path.as_str();
        let below = name.strip_prefix(base).filter(|rest| !base.is_empty() && rest.starts_with('/'));
        let of = |path: &str| self.entry(path.trim_start_matches('/'));
        let found = of(name).or_else(|| below.and_then(of));
        found.map(|entry| entry.source.route.as_str())
    }

    /// The name under which a route is referred to.
    fn name(&self, route: &str) -> Result<String> {
        if !self.options.fingerprint {
            return Ok(route.to_owned());
        }
        Ok(names::fingerprinted(route, &self.digests(route)?.0))
    }

    fn bytes(&self, route: &str) -> Result<Bytes> {
        if let Some(text) = self.sheets()?.texts.get(route) {
            return Ok(Bytes::Here(text.clone()));
        }
        Ok(match self.entry(route).map(|entry| &entry.source.body) {
            Some(Body::File(path)) => Bytes::File(path.clone()),
            Some(Body::BuiltIn(bytes)) => Bytes::BuiltIn(bytes),
            None => Bytes::BuiltIn(b""),
        })
    }

    /// The hash of what is published at a route, and the same as Subresource Integrity has it.
    fn digests(&self, route: &str) -> Result<(Digest, String)> {
        if let Some(text) = self.sheets()?.texts.get(route) {
            let of = |bytes: &[u8]| (Digest::of(bytes), integrity(bytes));
            return Ok(match self.entry(route) {
                Some(entry) => entry.digests.get_or_init(|| of(text)).clone(),
                None => of(text),
            });
        }
        self.plain_digests(route)
    }

    /// The same for a route that is published as its author wrote it.
    pub(super) fn plain_digests(&self, route: &str) -> Result<(Digest, String)> {
        let Some(entry) = self.entry(route) else { return Ok((Digest::of(b""), integrity(b""))) };
        if let Some(known) = entry.digests.get() {
            return Ok(known.clone());
        }
        let bytes = entry.source.read()?;
        let bytes = match &entry.source.body {
            Body::File(path) => Cow::Owned(without_metadata(path, bytes.into_owned())),
            Body::BuiltIn(_) => bytes,
        };
        Ok(entry.digests.get_or_init(|| (Digest::of(&bytes), integrity(&bytes))).clone())
    }

    /// The style sheets, made at the first use.
    fn sheets(&self) -> Result<&Sheets> {
        let made = self.made.get_or_init(|| {
            let mut work = Work::new(self);
            let all = self.entries.keys().filter(|route| is_sheet(route)).try_for_each(|route| {
                work.sheet(route)?;
                Ok(())
            });
            let scripts =
                self.entries.keys().filter(|route| script::is_ours(route) && self.options.minify_js);
            let all = all.and_then(|()| scripts.into_iter().try_for_each(|route| work.script(route)));
            all.map(|()| work.sheets)
                .map_err(|error: Error| (error.message().to_owned(), error.hints().to_vec()))
        });
        made.as_ref().map_err(|(message, hints)| {
            hints.iter().fold(Error::new(Kind::Template, message.as_str()), |error, hint| error.hint(hint))
        })
    }

    /// How a source is called in messages.
    pub(super) fn label(&self, source: &Source) -> String {
        match &source.body {
            Body::File(path) => files::slashed(path.strip_prefix(&self.options.root).unwrap_or(path)),
            Body::BuiltIn(_) => format!("built-in academy/static/{}", source.route),
        }
    }
}
