//! Where layouts and partials come from: the site's own over the source's over the theme's. Names are foreign text,
//! so they are only ever looked up in what was found on the disk; no name becomes a path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::trace::TemplateRead;
use super::{builtin, front};
use crate::base::digest::{Digest, Hasher};
use crate::base::{files, text};
use crate::error::{Error, Kind, Result};
use crate::liquid::{self, Language};
use crate::model::change::RemoteTemplate;
use crate::model::view::Map;

/// A template may have this many bytes.
const LONGEST: u64 = 1 << 20;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Layout,
    Partial,
    Shortcode,
}

impl Use {
    const ALL: [Self; 3] = [Self::Layout, Self::Partial, Self::Shortcode];

    /// The folders that hold such templates: ours, then Jekyll's spelling where it has one.
    fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Layout => &["layouts", "_layouts"],
            Self::Partial => &["partials", "_includes"],
            Self::Shortcode => &["shortcodes"],
        }
    }

    /// The name of the template in traces.
    pub(super) fn key(self, name: &str) -> String {
        [self.folders()[0], "/", canonical(name)].concat()
    }
}

/// The folder of a theme: on the disk, or built into the program.
#[derive(Debug)]
pub(super) enum Folder {
    Disk(PathBuf),
    BuiltIn,
}

/// How templates are rendered that don't say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    pub(super) autoescape: bool,
    pub(super) strict: bool,
    /// Whether what a page becomes is made small.
    pub(super) minify: bool,
}

/// One template.
#[derive(Debug)]
pub(super) struct Template {
    /// Where it stands, for people.
    pub(super) file: Arc<str>,
    /// The layout around it, and the line that says so.
    pub(super) parent: Option<(String, usize)>,
    pub(super) autoescape: bool,
    /// Whether it is for pages that the house alone sees.
    pub(super) is_internal: bool,
    /// Its front matter.
    pub(super) matter: Map,
    /// The text below the front matter.
    text: String,
    /// How many lines of front matter stand before it.
    lines: u32,
    /// Of the whole file, and of how it is rendered.
    digest: Digest,
    /// Which of the places it stands in.
    place: usize,
    parsed: OnceLock<Result<liquid::Template, Vec<liquid::Error>>>,
}

impl Template {
    fn new(file: String, whole: &str, place: usize, manner: Manner) -> Result<Self> {
        let split = front::split(whole)
            .map_err(|message| Error::new(Kind::Template, format!("{file}: {message}")))?;
        let autoescape = split.autoescape.unwrap_or(manner.autoescape);
        let mut hasher = Hasher::new("template");
        hasher.field(whole.as_bytes()).number(u64::from(autoescape)).number(u64::from(manner.strict));
        let line = || 1 + whole.lines().position(|line| line.starts_with("layout")).unwrap_or(0);
        Ok(Self {
            parent: split.layout.map(|layout| (layout, line())),
            autoescape,
            is_internal: front::is_internal(&split.matter)
                .map_err(|message| Error::new(Kind::Template, format!("{file}: {message}")))?,
            matter: split.matter,
            text: split.text,
            lines: split.lines,
            digest: hasher.finish(),
            place,
            parsed: OnceLock::new(),
            file: file.into(),
        })
    }

    /// A template in the program.
    pub(super) fn built_in(name: &str, text: &str, manner: Manner) -> Result<Self> {
        Self::new(name.to_owned(), text, 0, manner)
    }

    /// The template, parsed at the first use, or all that is wrong with it.
    pub(super) fn parsed(&self, language: &Language) -> Result<&liquid::Template, &[liquid::Error]> {
        let parsed = self.parsed.get_or_init(|| liquid::Template::parse(&self.file, &self.text, language));
        parsed.as_ref().map_err(Vec::as_slice)
    }
}

/// All layouts and partials, each from the first place that has it.
#[derive(Debug, Default)]
pub(super) struct Places {
    layouts: Shelf,
    partials: Shelf,
    shortcodes: Shelf,
    manner: Manner,
}

/// The templates for one use.
#[derive(Debug, Default)]
struct Shelf {
    templates: BTreeMap<String, Template>,
    /// The places in the order in which they are looked in, for people.
    places: Vec<String>,
}

impl Places {
    /// Reads what is there. `root` shortens the paths in messages.
    pub(super) fn read(
        root: &Path,
        templates: &Path,
        remote: &[RemoteTemplate],
        theme: &Folder,
        manner: Manner,
    ) -> Result<Self> {
        let mut places = Self { manner, ..Self::default() };
        places.read_folder(root, templates)?;
        places.begin("the source");
        for template in remote {
            let wanted =
                if template.kind.to_lowercase().contains("layout") { Use::Layout } else { Use::Partial };
            let file = format!("template `{}` of the source", template.name.escape_debug());
            places.add(wanted, &template.name, file, &template.markup)?;
        }
        match theme {
            Folder::Disk(folder) => places.read_folder(root, folder)?,
            Folder::BuiltIn => {
                places.begin("built-in academy");
                for (path, bytes) in builtin::FILES {
                    for wanted in Use::ALL {
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
        for wanted in Use::ALL {
            for folder in wanted.folders() {
                let folder = place.join(folder);
                let label = |path: &Path| files::slashed(path.strip_prefix(root).unwrap_or(path));
                self.shelf_mut(wanted).places.push(label(&folder));
                let mut found = files::walk(&folder)?;
                // Of `x.liquid` and `x.html` beside each other the first holds.
                found.sort_by_key(|path| path.extension().is_none_or(|extension| extension != "liquid"));
                for path in found {
                    let full = folder.join(&path);
                    let bytes = files::read_capped(&full, LONGEST)?;
                    let whole = String::from_utf8(bytes).map_err(|_| {
                        Error::new(Kind::Template, format!("{} is not UTF-8 text", label(&full)))
                            .hint("save the file as UTF-8")
                    })?;
                    self.add(wanted, &files::slashed(&path), label(&full), &whole)?;
                }
            }
        }
        Ok(())
    }

    fn shelf(&self, wanted: Use) -> &Shelf {
        match wanted {
            Use::Layout => &self.layouts,
            Use::Partial => &self.partials,
            Use::Shortcode => &self.shortcodes,
        }
    }

    fn shelf_mut(&mut self, wanted: Use) -> &mut Shelf {
        match wanted {
            Use::Layout => &mut self.layouts,
            Use::Partial => &mut self.partials,
            Use::Shortcode => &mut self.shortcodes,
        }
    }

    fn begin(&mut self, place: &str) {
        for wanted in Use::ALL {
            self.shelf_mut(wanted).places.push(place.to_owned());
        }
    }

    /// Adds a template of the place that began last, unless a place before has one of this name.
    fn add(&mut self, wanted: Use, name: &str, file: String, whole: &str) -> Result<()> {
        let manner = self.manner;
        let shelf = self.shelf_mut(wanted);
        let name = canonical(name);
        if !shelf.templates.contains_key(name) {
            let template = Template::new(file, whole, shelf.places.len() - 1, manner)?;
            shelf.templates.insert(name.to_owned(), template);
        }
        Ok(())
    }

    /// The template of this name.
    pub(super) fn get(&self, wanted: Use, name: &str) -> Option<&Template> {
        self.shelf(wanted).templates.get(canonical(name))
    }

    /// What looking for the template gives, by its name in traces.
    pub(super) fn look(&self, key: &str) -> TemplateRead {
        let (wanted, name) = match key.split_once('/') {
            Some(("layouts", name)) => (Use::Layout, name),
            Some(("shortcodes", name)) => (Use::Shortcode, name),
            Some((_, name)) => (Use::Partial, name),
            None => (Use::Partial, key),
        };
        let shelf = self.shelf(wanted);
        let found = shelf.templates.get(name);
        TemplateRead {
            name: key.to_owned(),
            file: found.map(|template| template.file.to_string()),
            digest: found.map(|template| template.digest),
            missing: shelf.places[..found.map_or(shelf.places.len(), |template| template.place)].to_vec(),
        }
    }

    /// All that is wrong with the template in this file, if it cannot be parsed.
    pub(super) fn mistakes(&self, file: &str) -> Option<&[liquid::Error]> {
        self.in_file(file)?.parsed.get()?.as_ref().err().map(Vec::as_slice)
    }

    /// The line in the file of a line below its front matter.
    pub(super) fn line(&self, file: &str, line: u32) -> u32 {
        line + self.in_file(file).map_or(0, |template| template.lines)
    }

    fn in_file(&self, file: &str) -> Option<&Template> {
        let shelves = [&self.layouts, &self.partials, &self.shortcodes];
        let mut all = shelves.into_iter().flat_map(|shelf| shelf.templates.values());
        all.find(|template| *template.file == *file)
    }

    /// The names of the layouts for pages that the house alone sees.
    pub(super) fn internal(&self) -> impl Iterator<Item = &str> {
        let internal = self.layouts.templates.iter().filter(|(_, template)| template.is_internal);
        internal.map(|(name, _)| name.as_str())
    }

    /// The texts of all templates that public pages may be made of.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let layouts = self.layouts.templates.values().filter(|template| !template.is_internal);
        layouts.chain(self.partials.templates.values()).map(|template| template.text.as_str())
    }

    /// All templates, shortcodes and those of pages that the house alone sees among them.
    pub(super) fn all_texts(&self) -> impl Iterator<Item = &str> {
        let shelves = Use::ALL.map(|wanted| self.shelf(wanted));
        shelves.into_iter().flat_map(|shelf| shelf.templates.values()).map(|template| template.text.as_str())
    }

    /// The names of all templates of this use.
    pub(super) fn names(&self, wanted: Use) -> impl Iterator<Item = &str> {
        self.shelf(wanted).templates.keys().map(String::as_str)
    }

    /// "did you mean", over the templates of this use.
    pub(super) fn suggestion(&self, wanted: Use, name: &str) -> Option<String> {
        text::did_you_mean(canonical(name), self.names(wanted))
    }
}

/// Whether a template speaks of `participants` as of something in a course: not of the word `t.participants`, and not
/// of their number.
pub(super) fn names_people(text: &str) -> bool {
    const NAME: &str = "participants";
    text.match_indices(NAME).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + NAME.len()..]);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        let is_text = before.strip_suffix("t.").is_some_and(|rest| !rest.ends_with(is_word));
        let is_part = before.ends_with(['.', '\'', '"']);
        let is_size = after.starts_with(".size") && !after[5..].starts_with(is_word);
        is_whole && is_part && !is_text && !is_size
    })
}

/// The name without what may be left out: the extension, and the folder as other generators write it.
fn canonical(name: &str) -> &str {
    let name = name.trim();
    let name = name.strip_prefix("partials/").or_else(|| name.strip_prefix("layouts/")).unwrap_or(name);
    let name = name.strip_suffix(".liquid").unwrap_or(name);
    name.strip_suffix(".html").unwrap_or(name)
}
