//! Looks over the pages of a site before anybody else does: links and anchors, ids, titles, pictures, JSON-LD, HTML. Where
//! the source of a page is known, a finding has its file and line.

mod data;
mod external;
mod html;
mod links;
mod pictures;

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

pub use external::External;
use html::Facts;

/// A page of the site as it is published.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its path below the output.
    pub path: String,
    /// Its HTML.
    pub html: String,
    /// The file that its text comes from.
    pub source: Option<Source>,
}

/// A file of the site.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, for people: `content/faq.md`.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// What is looked over.
pub struct Input<'a> {
    /// The pages, in the order of their paths.
    pub pages: &'a [Page],
    /// The paths of all other files in the output.
    pub files: &'a HashSet<String>,
    /// The address of the site, without a slash at its end.
    pub base_url: &'a str,
    /// Why the file at a path of the output is no picture.
    pub no_picture: &'a dyn Fn(&str) -> Option<String>,
    /// Files for machines in JSON: their paths and texts.
    pub exports: &'a [(String, String)],
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody will run into it.
    Error,
    /// Somebody should look at it.
    Warning,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Finding {
    /// The file, or the page by its path in the output where no file is known.
    pub file: String,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at: `link`, `anchor`, `alt`, `picture`, `html`, `id`, `title`, `json-ld`, `export`, `translation`,
    /// `content`, `external`, `build`.
    pub check: &'static str,
    /// What is wrong.
    pub message: String,
    /// The pages on which it is, by their paths in the output; the first few.
    pub pages: Vec<String>,
    /// On how many pages it is.
    pub count: usize,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The findings, in the order of files and lines.
    pub findings: Vec<Finding>,
    /// Pages to which no other page links.
    pub orphans: Vec<String>,
    /// How many links were looked at.
    pub links: usize,
}

/// Looks at everything; with `external`, also at the addresses of others.
pub fn run(input: &Input<'_>, external: Option<&mut External<'_>>) -> Found {
    let facts: Vec<Facts> = input.pages.par_iter().map(|page| html::read(&page.html)).collect();
    let mut notes = Notes { input, found: BTreeMap::new() };
    let mut linked = HashSet::new();
    let mut outside = BTreeMap::new();
    let links = links::look(input, &facts, &mut notes, &mut linked, &mut outside);
    pages(input, &facts, &mut notes);
    titles(input, &facts, &mut notes);
    pictures::look(input, &facts, &mut notes);
    if let Some(external) = external {
        for (address, places) in &outside {
            if let Some(message) = external.check(address) {
                for (page, line) in places {
                    notes.add(*page, *line, Severity::Error, "external", message.clone(), &[address]);
                }
            }
        }
    }
    let orphans =
        input.pages.iter().enumerate().filter(|(at, page)| !linked.contains(at) && is_reachable(page));
    Found { orphans: orphans.map(|(_, page)| page.path.clone()).collect(), findings: notes.finish(), links }
}

/// Whether readers are meant to get to a page by links.
fn is_reachable(page: &Page) -> bool {
    !matches!(page.path.as_str(), "index.html" | "404.html") && !page.path.ends_with("sync-status.html")
}

/// What is wrong with pages in themselves.
fn pages(input: &Input<'_>, facts: &[Facts], notes: &mut Notes<'_>) {
    for (page, facts) in facts.iter().enumerate() {
        for (line, message) in &facts.wrong {
            notes.add(page, *line, Severity::Error, "html", message.clone(), &[]);
        }
        for (line, id) in &facts.doubled {
            let message = format!("the id `{id}` is given twice");
            notes.add(page, *line, Severity::Error, "id", message, &[id]);
        }
        for (line, text) in &facts.data {
            for message in data::mistakes(text) {
                notes.add(page, *line, Severity::Error, "json-ld", message, &[]);
            }
        }
        for picture in &facts.pictures {
            let source = picture.source.as_str();
            let needles = links::spellings(source, input.base_url);
            let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
            if picture.is_blank {
                let message = format!(
                    "the text of the picture {source} (`alt`) is only blanks: say what it shows, or write \
                     `alt=\"\"` if it is decoration"
                );
                notes.add(page, picture.line, Severity::Error, "alt", message, &needles);
            } else if !picture.is_decoration {
                let message = format!("the picture {source} has no text instead (`alt`)");
                notes.add(page, picture.line, Severity::Error, "alt", message, &needles);
            } else if notes.place(page, &needles).is_some_and(|(_, text)| text.contains("![]")) {
                let message = format!(
                    "the picture {source} has no text instead: write it between the brackets of `![…]`"
                );
                notes.add(page, picture.line, Severity::Warning, "alt", message, &needles);
            }
        }
    }
}

/// Titles that do not tell pages apart.
fn titles(input: &Input<'_>, facts: &[Facts], notes: &mut Notes<'_>) {
    let mut by_title: HashMap<&str, Vec<usize>> = HashMap::new();
    for (page, facts) in facts.iter().enumerate().filter(|(page, _)| input.pages[*page].path != "404.html") {
        match facts.title.as_deref().unwrap_or_default() {
            "" => notes.add(page, 1, Severity::Error, "title", "the page has no title".to_owned(), &[]),
            title => by_title.entry(title).or_default().push(page),
        }
    }
    for (title, pages) in by_title.into_iter().filter(|(_, pages)| pages.len() > 1) {
        let first = &input.pages[pages[0]].path;
        for page in &pages[1..] {
            let message = format!("the title “{title}” is also that of {first}");
            notes.add(*page, 1, Severity::Warning, "title", message, &["title"]);
        }
    }
}

/// Findings as they come: the same one on many pages is told once.
struct Notes<'a> {
    input: &'a Input<'a>,
    found: BTreeMap<(String, Option<usize>, &'static str, String), Finding>,
}

impl<'a> Notes<'a> {
    /// How many pages a finding names.
    const NAMED: usize = 3;

    /// Notes a finding on a page; `needles` are what its source may have at the place, the likeliest first.
    fn add(
        &mut self,
        page: usize,
        line: usize,
        severity: Severity,
        check: &'static str,
        message: String,
        needles: &[&str],
    ) {
        let path = &self.input.pages[page].path;
        let place = self.place(page, needles).map(|(line, _)| line);
        let source = self.input.pages[page].source.as_ref();
        let (file, line) = match (place, source) {
            (Some(line), Some(source)) => (source.file.clone(), Some(line)),
            _ => (path.clone(), Some(line)),
        };
        // What stands in a template is on many pages, in many lines: it is one finding.
        let key = if place.is_some() {
            (file.clone(), line, check, message.clone())
        } else {
            (String::new(), None, check, message.clone())
        };
        let pages = Vec::new();
        let finding = self.found.entry(key).or_insert(Finding {
            file,
            line,
            severity,
            check,
            message,
            pages,
            count: 0,
        });
        if finding.pages.last() != Some(path) {
            finding.count += 1;
            if finding.pages.len() < Self::NAMED {
                finding.pages.push(path.clone());
            }
        }
    }

    /// Notes a finding in a file that is no page.
    fn add_file(&mut self, path: &str, severity: Severity, check: &'static str, message: String) {
        let key = (path.to_owned(), None, check, message.clone());
        self.found.entry(key).or_insert(Finding {
            file: path.to_owned(),
            line: None,
            severity,
            check,
            message,
            pages: Vec::new(),
            count: 0,
        });
    }

    /// The line of the page's source that holds one of these texts, and the line itself.
    fn place(&self, page: usize, needles: &[&str]) -> Option<(usize, &'a str)> {
        let text = &self.input.pages[page].source.as_ref()?.text;
        let found = needles.iter().filter(|needle| !needle.is_empty()).find_map(|needle| text.find(*needle));
        let at = found?;
        let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        Some((text[..at].matches('\n').count() + 1, line))
    }

    fn finish(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.found.into_values().collect();
        findings.sort();
        findings
    }
}
