//! Which files there are below `content/`, and what each is for.

use std::path::Path;

use super::Folder;
use crate::base::files;
use crate::base::mistakes::{Mistake, shown};
use crate::config::Config;
use crate::error::Result;

/// A folder of data for the program, at the top of `content/`.
const DATA: &str = "_data";
/// Results of courses, which are not pages.
const RESULTS: &str = "results";

/// A file of the content.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path below `content/`, with `/` between the parts.
    pub(super) path: String,
    /// The same without its language: `about.md` for `about.en.md`.
    pub(super) original: String,
    /// Its language, by the place in the configuration's list.
    pub(super) language: usize,
    pub(super) role: Role,
}

/// What a file is for.
#[derive(Debug, PartialEq)]
pub(super) enum Role {
    /// A page, or a section where it is an `_index.md`.
    Document { is_section: bool },
    /// Additions to the course with this slug.
    Overlay { course: String },
    /// Published as it is.
    Asset,
}

/// All files in the order of their paths, and what is wrong with some.
pub(super) fn walk(config: &Config, folder: &Folder) -> Result<(Vec<Entry>, Vec<Mistake>)> {
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    if !folder.path.exists() {
        return Ok((entries, mistakes));
    }
    let mut walk = walkdir::WalkDir::new(&folder.path).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = below(folder, error.path().unwrap_or(Path::new("")));
                let message =
                    error.io_error().map_or_else(|| error.to_string(), |e| format!("cannot be read: {e}"));
                mistakes.push(Mistake::new(folder.file(&path), message));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy();
        let is_folder = entry.file_type().is_dir();
        let is_ours = entry.depth() == 1 && is_folder && matches!(&*name, DATA | RESULTS);
        if is_ours || name.starts_with('.') || name.ends_with('~') {
            if is_folder {
                walk.skip_current_dir();
            }
            continue;
        }
        let path = below(folder, entry.path());
        match objection(folder, &entry) {
            Some((message, hint)) => {
                if is_folder {
                    walk.skip_current_dir();
                }
                mistakes.push(Mistake::new(folder.file(&shown(&path)), message).hint(Some(hint)));
            }
            None if is_folder => {}
            None => {
                let (original, language) = in_main_language(config, &path);
                match role(&original) {
                    Ok(role) => entries.push(Entry { path, original, language, role }),
                    Err((message, hint)) => {
                        mistakes.push(Mistake::new(folder.file(&path), message).hint(Some(hint)));
                    }
                }
            }
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((entries, mistakes))
}

fn below(folder: &Folder, path: &Path) -> String {
    files::slashed(path.strip_prefix(&folder.path).unwrap_or(path))
}

type Objection = (&'static str, &'static str);

/// What keeps an entry of the folder from being used at all.
fn objection(folder: &Folder, entry: &walkdir::DirEntry) -> Option<Objection> {
    let Some(name) = entry.file_name().to_str() else {
        return Some(("has a name that is not UTF-8", "rename it"));
    };
    if entry.file_type().is_dir() {
        return name.starts_with('_').then_some((
            "is a folder whose name begins with `_`, which is reserved",
            "rename it, or begin the name with a dot to leave it out",
        ));
    }
    if entry.path_is_symlink() {
        return match entry.path().metadata() {
            Err(_) => Some(("is a link that leads nowhere", "remove the link, or put the file there")),
            Ok(target) if target.is_dir() => {
                Some(("is a link to a folder, which is not followed", "copy the folder into the content"))
            }
            Ok(target) if !target.is_file() => Some(("is neither a file nor a folder", "remove it")),
            Ok(_) if !files::stays_inside(&folder.path, entry.path()) => {
                Some(("is a link that leads out of the content", "copy the file into the content"))
            }
            Ok(_) => None,
        };
    }
    (!entry.file_type().is_file()).then_some(("is neither a file nor a folder", "remove it"))
}

/// The path without its language, and which that is: `about.en.md` is the English `about.md`. Where the site has one
/// language, every name is a name.
pub(super) fn in_main_language(config: &Config, path: &str) -> (String, usize) {
    let parts = path.strip_suffix(".md").and_then(|stem| stem.rsplit_once('.'));
    let known =
        parts.filter(|(stem, _)| config.languages.len() > 1 && !stem.is_empty() && !stem.ends_with('/'));
    match known.and_then(|(stem, code)| Some((stem, config.language_at(code)?))) {
        Some((stem, language)) => (format!("{stem}.md"), language),
        None => (path.to_owned(), 0),
    }
}

fn role(path: &str) -> Result<Role, Objection> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    if name != lower && lower.ends_with(".md") && !name.ends_with(".md") || lower.ends_with(".markdown") {
        return Err(("is Markdown by another name", "let the name end in `.md`"));
    }
    let Some(stem) = name.strip_suffix(".md") else { return Ok(Role::Asset) };
    if stem.starts_with('_') && stem != "_index" {
        return Err((
            "begins with `_`, which only `_index.md` may",
            "rename it, or begin the name with a dot to leave it out",
        ));
    }
    match *path.split('/').collect::<Vec<_>>() {
        ["index.md"] => Err(("has no page", "the text of the home page belongs in `_index.md`")),
        ["courses", "index.md"] => {
            Err(("is no course", "the text above the list of courses belongs in `_index.md`"))
        }
        ["courses", "_index.md"] => Ok(Role::Document { is_section: true }),
        ["courses", _] => Ok(Role::Overlay { course: stem.to_owned() }),
        ["courses", course, "index.md"] => Ok(Role::Overlay { course: course.to_owned() }),
        ["courses", ..] => Err((
            "stands too deep for a course",
            "a course belongs in `courses/SLUG.md`, or with its pictures in `courses/SLUG/index.md`",
        )),
        _ => Ok(Role::Document { is_section: stem == "_index" }),
    }
}
