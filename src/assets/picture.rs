//! Pictures as pages show them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::image::{self, Ask, Kind, Meta, Original, Set, Variant};
use super::names;
use super::remote::{Fetch, Remote, Told};
use super::shelf::{Assets, Bytes, Made};
use super::source::{Body, Source};
use crate::base::digest::Fingerprint;
use crate::error::{Error, Kind as ErrorKind, Result};

/// What there is to show of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// In several sizes and formats.
    Sized(Picture),
    /// As it is: it moves, or is drawn, or cannot be read here.
    AsIs {
        /// The name under which [`Assets::find`] knows it.
        name: String,
        /// Width and height, where they are known.
        size: Option<(u32, u32)>,
    },
    /// Nothing, and why, in a few words.
    Nothing(String),
}

/// A picture in several sizes and formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The width of the largest size.
    pub width: u32,
    /// The height of the largest size.
    pub height: u32,
    /// By format, the best first; in the last one every browser can show it.
    pub sources: Vec<Sources>,
    original: Original,
    sets: Vec<Set>,
}

/// One format of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// Its media type.
    pub media_type: &'static str,
    /// Addresses from the root of the host with the width of each, the smallest first.
    pub files: Vec<(String, u32)>,
}

/// The answers that were given in this build, by the line of text that asks.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<HashMap<String, Answer>>);

/// What there is to show, or a message with hints.
type Answer = Arc<Result<Shown, (String, Vec<String>)>>;

impl Assets {
    /// The picture at `src`: a file beside the page at the route `page`, a static file, or one of the web that was
    /// fetched. Comes with the name to be remembered as what was asked for.
    pub fn picture(&self, src: &str, page: &str, widths: &[u32]) -> (String, Result<Shown>) {
        let mut ask = Ask { widths: widths.to_vec(), folder: String::new(), src: src.trim().to_owned() };
        if !ask.is_remote() && !ask.src.starts_with('/') {
            ask.folder = names::folder(page).to_owned();
        }
        let name = ask.to_string();
        let shown = self.answer(&ask, &name);
        (name, shown)
    }

    /// Why the picture at `src` cannot be shown on the page at the route `page`. One of the web that nobody has asked for
    /// yet may well be there.
    pub fn objection(&self, src: &str, page: &str) -> Option<String> {
        let ask = Ask { widths: Vec::new(), folder: String::new(), src: src.trim().to_owned() };
        if ask.is_remote() {
            return self.remote.get().and_then(|remote| remote.failure(&ask.src));
        }
        match self.picture(src, page, &[]).1 {
            Ok(Shown::Nothing(told)) => Some(told),
            Ok(_) => None,
            Err(error) => Some(error.message().to_owned()),
        }
    }

    fn answer(&self, ask: &Ask, name: &str) -> Result<Shown> {
        let lock = || self.answers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(name).cloned();
        let answer = match known {
            Some(answer) => answer,
            None => {
                let answer = self.look_for(ask);
                let answer =
                    Arc::new(answer.map_err(|error| (error.message().to_owned(), error.hints().to_vec())));
                lock().entry(name.to_owned()).or_insert(answer).clone()
            }
        };
        match &*answer {
            Ok(shown) => Ok(shown.clone()),
            Err((message, hints)) => Err(hints
                .iter()
                .fold(Error::new(ErrorKind::Content, message.as_str()), |error, hint| error.hint(hint))),
        }
    }

    fn look_for(&self, ask: &Ask) -> Result<Shown> {
        if ask.is_remote() {
            return self.look_for_remote(ask);
        }
        let path = &ask.src[..ask.src.find(['?', '#']).unwrap_or(ask.src.len())];
        let Some(path) = names::unescaped(path) else {
            return Ok(Shown::Nothing("its address has a broken escape in it".to_owned()));
        };
        let Some(route) = self.beside(&ask.folder, &path) else {
            let hint = self.suggestion(&path).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Ok(Shown::Nothing(format!("there is no such file{hint}")));
        };
        let Some(source) = self.source(&route) else {
            return Ok(Shown::Nothing("there is no such file".to_owned()));
        };
        let (digest, meta) = self.images.look(source)?;
        let label = self.label(source);
        match meta {
            Err(told) => Err(Error::new(ErrorKind::Content, format!("{label}: {told}"))),
            Ok(meta) if meta.kind == Kind::AsIs => {
                let size =
                    Some((meta.width, meta.height)).filter(|(width, height)| *width > 0 && *height > 0);
                Ok(Shown::AsIs { name: route, size })
            }
            Ok(meta) => {
                let original = Original { source: source.clone(), label, digest };
                let name = route.rsplit('/').next().unwrap_or(&route).to_owned();
                Ok(Shown::Sized(self.sized(original, &meta, &name, &ask.widths)))
            }
        }
    }

    fn look_for_remote(&self, ask: &Ask) -> Result<Shown> {
        let nowhere = Remote::default();
        let path = match self.remote.get().unwrap_or(&nowhere).file(&ask.src) {
            Ok(path) => path,
            Err(told) => return Ok(Shown::Nothing(told)),
        };
        let source = Source { route: String::new(), body: Body::File(path) };
        let (digest, meta) = self.images.look(&source)?;
        match meta {
            Err(told) => Ok(Shown::Nothing(told)),
            Ok(meta) => {
                let address = &ask.src[..ask.src.find(['?', '#']).unwrap_or(ask.src.len())];
                let name = address.rsplit('/').next().unwrap_or_default().to_owned();
                let original = Original { source, label: address.to_owned(), digest };
                Ok(Shown::Sized(self.sized(original, &meta, &name, &ask.widths)))
            }
        }
    }

    /// Fetches the pictures of the web that may be shown, as far as they are not kept yet. Comes with what went wrong, and
    /// from which second since 1970 on something is to be asked for again. Once for each build.
    pub fn fetch(&self, addresses: &BTreeSet<&str>, fetch: &Fetch<'_>) -> Result<(Vec<Told>, i64)> {
        let options = &self.images.options;
        let Some(folder) = &options.folder else { return Ok((Vec::new(), i64::MAX)) };
        let limits = (options.max_pixels, options.max_bytes);
        let (remote, warnings, due) = Remote::open(folder, self.options.may_write, addresses, limits, fetch)?;
        let _ = self.remote.set(remote);
        Ok((warnings, due))
    }

    /// The route of a file that a page names: in the folder of the page's address, in the one above (a page `a.md` has its
    /// address in a folder of its own), or from the root.
    fn beside(&self, folder: &str, path: &str) -> Option<String> {
        if path.starts_with('/') {
            return self.route(path).map(str::to_owned);
        }
        let folders = [folder, names::folder(folder), ""];
        let mut routes = folders.iter().filter_map(|folder| names::joined(folder, path));
        routes.find_map(|route| self.route(&route).map(str::to_owned))
    }

    fn sized(&self, original: Original, meta: &Meta, name: &str, widths: &[u32]) -> Picture {
        let options = &self.images.options;
        let widths = if widths.is_empty() { &options.widths } else { widths };
        let sets = image::sets(options, meta, &original.digest, name, widths);
        let largest = sets.first().and_then(|set| set.variants.last());
        let (width, height) =
            largest.map_or((meta.width, meta.height), |largest| (largest.width, largest.height));
        let address = |variant: &Variant| {
            (format!("{}/{}", self.options.base_path, names::escaped(&variant.route)), variant.width)
        };
        let sources = sets.iter().map(|set| Sources {
            media_type: set.format.media_type(),
            files: set.variants.iter().map(address).collect(),
        });
        Picture { width, height, sources: sources.collect(), original, sets }
    }

    /// A quick hash of the answer to the line of text that asks for a picture.
    pub(super) fn picture_mark(&self, ask: &Ask, name: &str) -> u64 {
        self.answer(ask, name).map_or(0, |shown| shown.mark())
    }

    /// The files that have to be there because a page asked for a picture.
    pub(super) fn picture_files(&self, ask: &Ask, name: &str) -> Result<Vec<Made>> {
        match self.answer(ask, name)? {
            Shown::Sized(picture) => {
                let original = Arc::new(picture.original);
                let made = |variant: Variant| Made {
                    route: variant.route.clone(),
                    bytes: Bytes::Picture(original.clone(), Arc::new(variant)),
                };
                Ok(picture.sets.into_iter().flat_map(|set| set.variants).map(made).collect())
            }
            Shown::AsIs { .. } | Shown::Nothing(_) => Ok(Vec::new()),
        }
    }
}

impl Shown {
    /// A quick hash of it.
    pub fn mark(&self) -> u64 {
        match self {
            Self::Nothing(_) => Fingerprint::new(43).get(),
            Self::AsIs { name, size } => {
                let (width, height) = size.unwrap_or_default();
                Fingerprint::new(44).text(name).number(width.into()).number(height.into()).get()
            }
            Self::Sized(picture) => {
                let mark = Fingerprint::new(45).number(picture.width.into()).number(picture.height.into());
                let files = picture.sources.iter().flat_map(|sources| &sources.files);
                files.fold(mark, |mark, (address, width)| mark.text(address).number((*width).into())).get()
            }
        }
    }
}

impl Assets {
    fn source(&self, route: &str) -> Option<&Source> {
        self.entry(route).map(|entry| &entry.source)
    }
}
