//! Markdown to HTML: CommonMark with tables, footnotes, task lists and strikethrough, heading ids, and quotation marks as
//! the language of the site sets them; for local files also shortcodes and coloured code. What a stranger wrote can do no
//! more than text can.

mod calls;
mod footnotes;
mod links;
mod outline;
mod page;
mod quotes;
mod reach;

use std::ops::Range;

use pulldown_cmark::Options;

pub use calls::{Argument, Call, Shortcodes};
pub use outline::Heading;

use calls::{Found, Swapped};
use outline::Ids;
use page::Page;

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The owner of the site, in a file of theirs: raw HTML goes through.
    Local,
    /// Somebody else: raw HTML is shown as text, and links lead nowhere but to the web, to mail and to telephones.
    Foreign,
}

/// What becomes of the target of a link or image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// It stays as it is written.
    Same,
    /// It gets this address.
    To(String),
    /// It leads nowhere.
    Wrong(String, Option<String>),
    /// What it leads to is not there at this time: its text stays, and somebody should hear of it.
    Gone(String, Option<String>),
}

/// Something that is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Wrong {
    fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        Self { span: span.clone(), message: message.into(), hint: None }
    }

    fn hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// Code as HTML with its parts marked, by the name of its language; nothing where the language is not known.
pub type Colours<'a> = &'a (dyn Fn(&str, &str) -> Option<String> + Sync);

/// How a local text becomes a page.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// Decides on the quotation marks.
    pub language: &'a str,
    /// Whether headings carry a link to themselves.
    pub anchors: bool,
    /// What becomes of links.
    pub link: &'a dyn Fn(&str, Range<usize>) -> Target,
    /// What marks the parts of code.
    pub colours: Option<Colours<'a>>,
    /// The shortcodes of the site.
    pub shortcodes: Option<&'a dyn Shortcodes>,
}

impl std::fmt::Debug for Manner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manner").field("language", &self.language).finish_non_exhaustive()
    }
}

/// A page that was made of Markdown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Composed {
    /// The page.
    pub html: String,
    /// Its headings, as a tree.
    pub outline: Vec<Heading>,
    /// Whether it has code whose parts are marked.
    pub has_code: bool,
    /// What is wrong with it.
    pub wrong: Vec<Wrong>,
    /// What is not as it is meant, though the page can do without.
    pub remarks: Vec<Wrong>,
}

/// The HTML of a Markdown text. `language` decides on the quotation marks.
pub fn render(text: &str, trust: Trust, language: &str) -> String {
    let link = |_: &str, _: Range<usize>| Target::Same;
    let manner = Manner { language, anchors: false, link: &link, colours: None, shortcodes: None };
    let mut all = All::default();
    Page::new(text, trust, &manner, &mut all, None).run(text)
}

/// The page that a local Markdown text makes.
pub fn compose(text: &str, manner: &Manner<'_>) -> Composed {
    let mut all = All::default();
    let html = part(text, 0, manner, &mut all, String::new());
    let All { headings, has_code, mut wrong, mut remarks, .. } = all;
    wrong.sort_by_key(|wrong| wrong.span.start);
    remarks.sort_by_key(|remark| remark.span.start);
    Composed { html, outline: outline::nested(headings), has_code, wrong, remarks }
}

/// A text, or the block of a shortcode, which begins at `base` of the text.
fn part(text: &str, base: usize, manner: &Manner<'_>, all: &mut All, prefix: String) -> String {
    /// Blocks in blocks: no page needs more, and the stack has an end.
    const DEEPEST: usize = 16;
    let mut found = Vec::new();
    if let Some(shortcodes) = manner.shortcodes {
        let (mut wrong, mut remarks) = (Vec::new(), Vec::new());
        found = calls::find(text, options(Trust::Local), shortcodes, &mut wrong, &mut remarks);
        let in_all = |wrong: Wrong| Wrong { span: wrong.span.start + base..wrong.span.end + base, ..wrong };
        all.wrong.extend(wrong.into_iter().map(in_all));
        all.remarks.extend(remarks.into_iter().map(in_all));
    }
    if prefix.matches('-').count() > DEEPEST {
        all.wrong.push(Wrong::new(&(base..base), "shortcodes stand too deep in one another"));
        return String::new();
    }
    let swapped = if found.is_empty() { None } else { Some(Swapped::new(text, &found)) };
    let mut inserts =
        Inserts { text, base, found: &found, swapped: swapped.as_ref(), used: vec![false; found.len()] };
    let source = swapped.as_ref().map_or(text, |swapped| &swapped.text);
    let mut page = Page::new(source, Trust::Local, manner, all, Some(&mut inserts));
    page.footnotes.prefix = prefix;
    let html = page.run(source);
    for (call, used) in found.iter().zip(&inserts.used) {
        if !used {
            let span = call.span.start + base..call.span.end + base;
            let message = format!("the shortcode `{}` cannot stand here", call.name);
            let hint =
                "a shortcode stands where text stands: not in an address, a footnote's name or the like";
            all.wrong.push(Wrong::new(&span, message).hint(Some(hint.to_owned())));
        }
    }
    html
}

fn options(trust: Trust) -> Options {
    let mut options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    // `{#id .class onclick=…}` after a heading.
    options.set(Options::ENABLE_HEADING_ATTRIBUTES, trust == Trust::Local);
    options
}

/// What a page and the blocks of its shortcodes have in common.
#[derive(Default)]
struct All {
    ids: Ids,
    /// The names of what can be scrolled.
    names: Ids,
    headings: Vec<Heading>,
    has_code: bool,
    wrong: Vec<Wrong>,
    remarks: Vec<Wrong>,
    /// How many blocks there were: each numbers footnotes of its own.
    blocks: usize,
}

/// The calls of shortcodes in a text.
struct Inserts<'p> {
    text: &'p str,
    base: usize,
    found: &'p [Found<'p>],
    swapped: Option<&'p Swapped>,
    used: Vec<bool>,
}

impl Inserts<'_> {
    /// What stands in the place of a call.
    fn make(&mut self, number: usize, manner: &Manner<'_>, all: &mut All, prefix: &str) -> String {
        let (Some(call), Some(shortcodes)) = (self.found.get(number), manner.shortcodes) else {
            return String::new();
        };
        // Some places are shown twice, such as the text of a picture; once is enough.
        if std::mem::replace(&mut self.used[number], true) {
            return String::new();
        }
        let body = call.body.clone().map(|body| {
            all.blocks += 1;
            let prefix = format!("{prefix}s{}-", all.blocks);
            part(&self.text[body.clone()], self.base + body.start, manner, all, prefix)
        });
        let wanted = Call { name: call.name, arguments: call.arguments.clone(), body };
        shortcodes.make(&wanted).unwrap_or_else(|message| {
            let span = call.span.start + self.base..call.span.end + self.base;
            all.wrong.push(Wrong::new(&span, message));
            String::new()
        })
    }
}

#[cfg(test)]
mod tests;
