//! Begins things: a small working site, a page, the file of a course. Nothing that exists is ever touched.

use std::path::{Path, PathBuf};

use super::walk::in_main_language;
use crate::base::clock::Clock;
use crate::base::files;
use crate::base::mistakes::shown;
use crate::base::text::slugify;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::source::sample;

/// The files of a new site: those of this repository's own.
macro_rules! site_files {
    ($($path:literal),+ $(,)?) => { [$(($path, include_str!(concat!("../../../", $path)))),+] };
}

const SITE: &[(&str, &str)] = &site_files![
    "aither.toml",
    "content/_index.md",
    "content/courses/fuehren-und-delegieren.md",
    "content/courses/gehaltsgespraeche.md",
    "content/courses/kollegiale-beratung.md",
    "content/courses/konflikte-klaeren.md",
    "content/courses/mehrparteien-verhandlung.md",
    "content/courses/nein-sagen.md",
    "content/courses/praesentieren.md",
    "content/courses/ruhig-verhandeln.md",
    "content/courses/systemisches-coaching.md",
    "content/datenschutz.md",
    "content/faq.md",
    "content/kontakt.md",
    "content/neues/_index.md",
    "content/neues/glashaus.md",
    "content/neues/mehrere-parteien.md",
    "content/ueber-uns.md",
];

const IGNORED: &str = "# What aither makes: the site, and what it keeps between builds.\n/output\n/.aither\n";

const COURSE: &str = r#"+++
# This file adds to a course what its source does not have, or says it differently: the source's word holds for every
# line that stays out. The course is the one whose slug is the name of this file.
# course = "ck9zz0001"        # or the one with this id
# title = "…"
# level = "BEGINNER"          # BEGINNER, INTERMEDIATE, ADVANCED
# start_date = 2027-02-10
# end_date = 2027-02-11
# description = "One or two sentences for lists, feeds and search engines."
# price = 490
# currency = "EUR"
# location = "…"
# instructor = "…"
# image = "/pictures/….jpg"
# seats = 12
# tags = ["…"]
# draft = true                # leaves the course out of the site

# [extra]                     # whatever only your own templates know
+++

"#;

/// Writes a small working site into a folder, which may exist but must hold none of its files. Gives back what was
/// written.
pub fn init(folder: &Path) -> Result<Vec<PathBuf>> {
    let sample = format!("content/{}", sample::FILE);
    let mut site: Vec<(PathBuf, &str)> = SITE.iter().map(|(path, text)| (folder.join(path), *text)).collect();
    site.push((folder.join(sample), sample::BUILT_IN));
    if folder.exists() && !folder.is_dir() {
        return Err(refused(format!("{} is not a folder", folder.display())));
    }
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    if let Some(site) = whole.ancestors().skip(1).find(|above| exists(&above.join("aither.toml"))) {
        let message = format!("{} lies in another site ({})", folder.display(), site.display());
        return Err(refused(message).hint("nothing was written; choose a folder beside it"));
    }
    let there: Vec<&Path> = site.iter().map(|(path, _)| &**path).filter(|path| exists(path)).collect();
    if let [first, others @ ..] = there.as_slice() {
        let message = match others.len() {
            0 => format!("{} is there already", first.display()),
            more => format!("{} and {more} more of the site's files are there already", first.display()),
        };
        return Err(refused(message).hint("nothing was written; choose an empty folder"));
    }
    // A folder that is under version control mostly has one, and its rules are not ours to replace.
    let ignored = folder.join(".gitignore");
    if !exists(&ignored) {
        site.push((ignored, IGNORED));
    }
    let mut written: Vec<PathBuf> = Vec::with_capacity(site.len());
    for (path, text) in site {
        if let Err(error) = files::create(&path, text.as_bytes()) {
            // Half a site would be in the way of the next try.
            written.iter().for_each(|path| drop(files::remove(path)));
            return Err(error);
        }
        written.push(path);
    }
    Ok(written)
}

/// Writes a content file with its front matter: `courses/SLUG` adds to a course, `PAGE.md` and `SECTION/PAGE.md` are
/// pages. Gives back its path.
pub fn new(config: &Config, what: &str, clock: &dyn Clock) -> Result<PathBuf> {
    let content = &config.paths.content;
    let folder = content.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (original, language) = of_language(config, what);
    let parts = parts(&original, &folder)?;
    let (path, text) = match *parts.as_slice() {
        ["courses", name] if name != "_index.md" => course(content, name, language == 0)?,
        ["courses", _, _, ..] => {
            return Err(refused(format!("`{}` is no place for a course", shown(what)))
                .hint("a course belongs directly into `courses/`: `aither new courses/SLUG`"));
        }
        _ => page(config, what, &parts, clock)?,
    };
    let (path, text) = match config.languages.get(language).filter(|_| language > 0) {
        Some(own) => translation(&path, &text, &own.code),
        None => (path, text),
    };
    if exists(&path) {
        return Err(refused(format!("{} is there already", path.display())).hint("nothing was written"));
    }
    // A link on the way could lead out of the content although the name does not.
    let outside = path
        .ancestors()
        .skip(1)
        .find(|folder| exists(folder))
        .is_some_and(|folder| folder.starts_with(content) && !files::stays_inside(content, folder));
    if outside {
        return Err(refused(format!("`{}` leads out of the content by a link", shown(what))));
    }
    files::create(&path, text.as_bytes())?;
    Ok(path)
}

/// What is to be written, without its language, and which that is: `about.en.md` is the English `about.md`.
fn of_language(config: &Config, what: &str) -> (String, usize) {
    if what.ends_with(".md") {
        return in_main_language(config, what);
    }
    let (original, language) = in_main_language(config, &format!("{what}.md"));
    (original.strip_suffix(".md").unwrap_or(&original).to_owned(), language)
}

/// The same file in another language: the date is that of the original.
fn translation(path: &Path, text: &str, code: &str) -> (PathBuf, String) {
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with("date = "));
    (path.with_extension(format!("{code}.md")), lines.collect())
}

/// The parts of a path below the content, each fit to be a name in it.
fn parts<'w>(what: &'w str, content: &str) -> Result<Vec<&'w str>> {
    let wrong = |reason: &str| {
        refused(format!("`{}` is no name for a content file: {reason}", shown(what)))
            .hint("for example `aither new courses/ruhig-verhandeln` or `aither new neues/sommerfest.md`")
    };
    if Path::new(what).is_absolute() || what.starts_with(['/', '\\']) {
        return Err(wrong("it must be relative to the content folder"));
    }
    let mut parts: Vec<&str> = what.split('/').collect();
    // As the shell completes it from the root of the site.
    if parts.len() > 1 && parts.first() == Some(&content) {
        parts.remove(0);
    }
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let reason = if part.is_empty() {
            "a part of it is empty"
        } else if *part == ".." {
            "it must not lead out of the content folder"
        } else if part.starts_with('.') {
            "names that begin with a dot are left out of the site"
        } else if part.starts_with('_') && !(is_last && *part == "_index.md") {
            "only `_index.md` begins with `_`"
        } else if part.contains(odd) || part.ends_with([' ', '.']) || part.len() > 200 {
            "it holds characters that file names cannot have"
        } else if slugify(part).is_empty() {
            "it needs letters or digits"
        } else {
            continue;
        };
        return Err(wrong(reason));
    }
    Ok(parts)
}

fn course(content: &Path, name: &str, is_original: bool) -> Result<(PathBuf, String)> {
    let slug = name.strip_suffix(".md").unwrap_or(name);
    let safe = slugify(slug);
    if slug != safe || slug == "index" {
        let hint =
            if slug == "index" { "`aither new courses/SLUG`".into() } else { format!("`courses/{safe}`") };
        return Err(refused(format!("`{}` is no slug of a course", shown(slug))).hint(hint));
    }
    let bundle = content.join("courses").join(slug).join("index.md");
    if exists(&bundle) && !is_original {
        return Ok((bundle, COURSE.to_owned()));
    }
    if exists(&bundle) {
        return Err(refused(format!("{} is there already", bundle.display())).hint("nothing was written"));
    }
    Ok((content.join("courses").join(format!("{slug}.md")), COURSE.to_owned()))
}

fn page(config: &Config, what: &str, parts: &[&str], clock: &dyn Clock) -> Result<(PathBuf, String)> {
    let (folders, name) = match parts {
        [folders @ .., name] => (folders, *name),
        [] => (parts, ""),
    };
    let Some(stem) = name.strip_suffix(".md") else {
        return Err(refused(format!("`{}` is no Markdown file", shown(what)))
            .hint(format!("a page ends in `.md`: `aither new {}.md`", shown(what)))
            .hint("a course is `aither new courses/SLUG`"));
    };
    if folders.first() == Some(&"results") {
        return Err(refused("`results` holds results of courses, not pages"));
    }
    if folders.is_empty() && stem == "index" {
        return Err(refused("the home page is `_index.md`").hint("`aither new _index.md`"));
    }
    let title = match (stem, folders.last()) {
        ("_index", None) => config.site.title.clone(),
        ("_index" | "index", Some(folder)) => title(folder),
        _ => title(stem),
    };
    let date = clock.now().to_zoned(config.site.time_zone.clone()).date();
    let text = format!(
        "+++\ntitle = {}\ndate = {date}\n# description = \"One sentence for lists, feeds and search engines.\"\n\
         # tags = [\"…\"]\n# weight = 10                 # lighter pages come first\n\
         # draft = true                # left out, unless drafts are built\n+++\n\n",
        toml::Value::String(title)
    );
    Ok((parts.iter().fold(config.paths.content.clone(), |path, part| path.join(part)), text))
}

/// A title made of a file's name: `ueber-uns` is "Ueber uns".
fn title(name: &str) -> String {
    let words = name.split(['-', '_', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

/// Also true for a link that leads nowhere: writing there would follow it.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Kind::Config, message)
}
