//! Where layouts and partials come from: the site's own over the source's over the theme's. Names are foreign text,
//! so they are only ever looked up in what was found on the disk; no name becomes a path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::builtin;
use super::engine::{Engine, Failure, Parsed};
use super::front;
use crate::base::digest::{Digest, Hasher};
use crate::base::{files, text};
use crate::error::{Error, Kind, Result};
use crate::model::change::RemoteTemplate;

/// A template may have this many bytes.
const LONGEST: u64 = 1 << 20;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Layout,
    Partial,
}

impl Use {
    /// The folders that hold such templates: ours, then Jekyll's spelling.
    fn folders(self) -> [&'static str; 2] {
        match self {
            Self::Layout => ["layouts", "_layouts"],
            Self::Partial => ["partials", "_includes"],
        }
    }

    /// The name of the template in reads.
    pub(super) fn key(self, name: &str) -> String {
        format!("{}/{}", self.folders()[0], canonical(name))
    }
}

/// The folder of a theme: on the disk, or built into the program.
#[derive(Debug)]
pub(super) enum Folder {
    Disk(PathBuf),
    BuiltIn,
}

/// One template.
#[derive(Debug)]
pub(super) struct Template {
    /// Where it stands, for people.
    pub(super) file: Arc<str>,
    /// The text below the front matter, on the lines that it has in the file.
    pub(super) text: String,
    /// The layout around it.
    pub(super) parent: Option<String>,
    /// Of the whole file.
    pub(super) digest: Digest,
    parsed: OnceLock<Result<Arc<Parsed>, Failure>>,
}

impl Template {
    fn new(file: String, whole: &str) -> Result<Self> {
        let mut hasher = Hasher::new("template");
        hasher.field(whole.as_bytes());
        let front::Split { text, layout } = front::split(whole)
            .map_err(|message| Error::new(Kind::Template, format!("{file}: {message}")))?;
        let digest = hasher.finish();
        Ok(Self { file: file.into(), text, parent: layout, digest, parsed: OnceLock::new() })
    }

    /// The template, parsed at the first use.
    pub(super) fn parsed(&self, engine: &Engine) -> Result<Arc<Parsed>, Failure> {
        self.parsed.get_or_init(|| engine.parse(&self.file, &self.text).map(Arc::new)).clone()
    }
}

/// All layouts and partials, each from the first place that has it.
#[derive(Debug, Default)]
pub(super) struct Places {
    layouts: BTreeMap<String, Template>,
    partials: BTreeMap<String, Template>,
}

impl Places {
    /// Reads what is there. `root` shortens the paths in messages.
    pub(super) fn read(
        root: &Path,
        templates: &Path,
        remote: &[RemoteTemplate],
        theme: &Folder,
    ) -> Result<Self> {
        let mut places = Self::default();
        places.read_folder(root, templates)?;
        for template in remote {
            let wanted =
                if template.kind.to_lowercase().contains("layout") { Use::Layout } else { Use::Partial };
            let file = format!("template `{}` of the source", template.name.escape_debug());
            places.add(wanted, &template.name, file, &template.markup)?;
        }
        match theme {
            Folder::Disk(folder) => places.read_folder(root, folder)?,
            Folder::BuiltIn => {
                for (path, bytes) in builtin::FILES {
                    for wanted in [Use::Layout, Use::Partial] {
                        let name =
                            path.strip_prefix(wanted.folders()[0]).and_then(|name| name.strip_prefix('/'));
                        if let (Some(name), Ok(whole)) = (name, std::str::from_utf8(bytes)) {
                            places.add(wanted, name, format!("built-in academy/{path}"), whole)?;
                        }
                    }
                }
            }
        }
        Ok(places)
    }

    fn read_folder(&mut self, root: &Path, place: &Path) -> Result<()> {
        for wanted in [Use::Layout, Use::Partial] {
            for folder in wanted.folders() {
                let folder = place.join(folder);
                let mut found = files::walk(&folder)?;
                // Of `x.liquid` and `x.html` beside each other the first holds.
                found.sort_by_key(|path| path.extension().is_none_or(|extension| extension != "liquid"));
                for path in found {
                    let full = folder.join(&path);
                    let label = files::slashed(full.strip_prefix(root).unwrap_or(&full));
                    let bytes = files::read_capped(&full, LONGEST)?;
                    let whole = String::from_utf8(bytes).map_err(|_| {
                        Error::new(Kind::Template, format!("{label} is not UTF-8 text"))
                            .hint("save the file as UTF-8")
                    })?;
                    self.add(wanted, &files::slashed(&path), label, &whole)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a template, unless a place before has one of this name.
    fn add(&mut self, wanted: Use, name: &str, file: String, whole: &str) -> Result<()> {
        let all = match wanted {
            Use::Layout => &mut self.layouts,
            Use::Partial => &mut self.partials,
        };
        let name = canonical(name);
        if !all.contains_key(name) {
            all.insert(name.to_owned(), Template::new(file, whole)?);
        }
        Ok(())
    }

    fn all(&self, wanted: Use) -> &BTreeMap<String, Template> {
        match wanted {
            Use::Layout => &self.layouts,
            Use::Partial => &self.partials,
        }
    }

    /// The template of this name.
    pub(super) fn get(&self, wanted: Use, name: &str) -> Option<&Template> {
        self.all(wanted).get(canonical(name))
    }

    /// The template that a read names.
    pub(super) fn of_key(&self, key: &str) -> Option<&Template> {
        let (folder, name) = key.split_once('/')?;
        let wanted = if folder == "layouts" { Use::Layout } else { Use::Partial };
        self.get(wanted, name)
    }

    /// "did you mean", over the templates of this use.
    pub(super) fn suggestion(&self, wanted: Use, name: &str) -> Option<String> {
        text::did_you_mean(canonical(name), self.all(wanted).keys().map(String::as_str))
    }
}

/// The name without what may be left out: the extension, and the folder as other generators write it.
fn canonical(name: &str) -> &str {
    let name = name.trim();
    let name = name.strip_prefix("partials/").or_else(|| name.strip_prefix("layouts/")).unwrap_or(name);
    let name = name.strip_suffix(".liquid").unwrap_or(name);
    name.strip_suffix(".html").unwrap_or(name)
}
