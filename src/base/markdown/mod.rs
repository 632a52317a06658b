//! Markdown to HTML: CommonMark with tables, footnotes, task lists and strikethrough, heading ids, and quotation marks as
//! the language of the site sets them. What a stranger wrote can do no more than text can.

mod links;
mod quotes;

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::text::slugify;
use quotes::Quotes;

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The owner of the site, in a file of theirs: raw HTML goes through.
    Local,
    /// Somebody else: raw HTML is shown as text, and links lead nowhere but to the web, to mail and to telephones.
    Foreign,
}

/// The HTML of a Markdown text. `language` decides on the quotation marks.
pub fn render(text: &str, trust: Trust, language: &str) -> String {
    render_with(text, trust, language, &|_| None)
}

/// The same, and `link` may give the target of a link or image a new address.
pub fn render_with(
    text: &str,
    trust: Trust,
    language: &str,
    link: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    // `{#id .class onclick=…}` after a heading.
    options.set(Options::ENABLE_HEADING_ATTRIBUTES, trust == Trust::Local);
    let mut page = Page {
        trust,
        link,
        quotes: Quotes::of(text, language),
        ids: Ids::default(),
        open: vec![Vec::new()],
        dropped: Vec::new(),
        heading: None,
        footnotes: Footnotes::default(),
    };
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        page.event(event, span);
    }
    page.finish(text.len())
}

/// The page as it comes together: events are kept until it is known which ids and footnotes there are.
struct Page<'a> {
    trust: Trust,
    link: &'a dyn Fn(&str) -> Option<String>,
    quotes: Quotes<'a>,
    ids: Ids,
    /// Where events go: the page, and on top of it the footnote that is being defined.
    open: Vec<Vec<Event<'a>>>,
    /// Of the links and images that are open, whether they were dropped.
    dropped: Vec<bool>,
    /// Where the open heading begins among the events.
    heading: Option<usize>,
    footnotes: Footnotes<'a>,
}

impl<'a> Page<'a> {
    fn event(&mut self, event: Event<'a>, span: Range<usize>) {
        let event = match event {
            Event::Text(text) => Event::Text(self.quotes.set(text, span)),
            Event::Html(html) | Event::InlineHtml(html) if self.trust == Trust::Foreign => Event::Text(html),
            Event::FootnoteReference(label) => self.footnotes.reference(label),
            Event::Start(tag) => match self.start(tag) {
                Some(tag) => Event::Start(tag),
                None => return,
            },
            Event::End(tag) => match self.end(tag) {
                Some(tag) => Event::End(tag),
                None => return,
            },
            other => other,
        };
        self.push(event);
    }

    fn push(&mut self, event: Event<'a>) {
        if let Some(events) = self.open.last_mut() {
            events.push(event);
        }
    }

    fn start(&mut self, tag: Tag<'a>) -> Option<Tag<'a>> {
        match tag {
            Tag::Link { link_type, dest_url, title, id } => {
                let dest_url = self.target(dest_url)?;
                Some(Tag::Link { link_type, dest_url, title, id })
            }
            Tag::Image { link_type, dest_url, title, id } => {
                let dest_url = self.target(dest_url)?;
                Some(Tag::Image { link_type, dest_url, title, id })
            }
            Tag::HtmlBlock if self.trust == Trust::Foreign => Some(Tag::Paragraph),
            Tag::FootnoteDefinition(label) => {
                self.footnotes.defined.push(label);
                self.open.push(Vec::new());
                None
            }
            Tag::Heading { .. } => {
                self.heading = self.open.last().map(Vec::len);
                Some(tag)
            }
            tag => Some(tag),
        }
    }

    fn end(&mut self, tag: TagEnd) -> Option<TagEnd> {
        match tag {
            TagEnd::Link | TagEnd::Image => (!self.dropped.pop().unwrap_or(false)).then_some(tag),
            TagEnd::HtmlBlock if self.trust == Trust::Foreign => Some(TagEnd::Paragraph),
            TagEnd::FootnoteDefinition => {
                if let (Some(label), true) = (self.footnotes.defined.pop(), self.open.len() > 1) {
                    let events = self.open.pop().unwrap_or_default();
                    self.footnotes.texts.entry(label).or_insert(events);
                }
                None
            }
            TagEnd::Heading(_) => {
                self.name_heading();
                Some(tag)
            }
            TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell => {
                self.quotes.end_of_block();
                Some(tag)
            }
            tag => Some(tag),
        }
    }

    /// The address that a link may have, noting whether it may have any.
    fn target(&mut self, address: CowStr<'a>) -> Option<CowStr<'a>> {
        let drop = self.trust == Trust::Foreign && !links::is_harmless(&address);
        self.dropped.push(drop);
        if drop {
            return None;
        }
        Some((self.link)(&address).map_or(address, CowStr::from))
    }

    fn name_heading(&mut self) {
        let (Some(events), Some(start)) = (self.open.last_mut(), self.heading.take()) else { return };
        let mut text = String::new();
        for event in events.iter().skip(start) {
            match event {
                Event::Text(part) | Event::Code(part) => text.push_str(part),
                Event::SoftBreak | Event::HardBreak => text.push(' '),
                _ => {}
            }
        }
        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(start) {
            let wish = match id.take() {
                Some(id) => id.into_string(),
                None => slugify(&text),
            };
            *id = Some(self.ids.unique(wish).into());
        }
        self.quotes.end_of_block();
    }

    fn finish(mut self, length: usize) -> String {
        let mut out = String::with_capacity(length + length / 4);
        let events = self.open.drain(..).flatten();
        html::push_html(&mut out, events);
        self.footnotes.write(&mut out);
        out
    }
}

/// Ids that the page has, so that none is given twice.
#[derive(Default)]
struct Ids {
    taken: HashSet<String>,
    /// The number to try next for a name: many headings of one name stay cheap.
    next: HashMap<String, usize>,
}

impl Ids {
    fn unique(&mut self, wish: String) -> String {
        let wish = if wish.is_empty() { "section".to_owned() } else { wish };
        if self.taken.insert(wish.clone()) {
            return wish;
        }
        let next = self.next.entry(wish.clone()).or_insert(2);
        loop {
            let id = format!("{wish}-{next}");
            *next += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// Footnotes stand at the end, numbered in the order in which the text refers to them.
#[derive(Default)]
struct Footnotes<'a> {
    /// The labels of the definitions that are open.
    defined: Vec<CowStr<'a>>,
    texts: HashMap<CowStr<'a>, Vec<Event<'a>>>,
    numbers: HashMap<CowStr<'a>, usize>,
    /// By number: the label, and how often it was referred to.
    order: Vec<(CowStr<'a>, usize)>,
}

impl<'a> Footnotes<'a> {
    fn reference(&mut self, label: CowStr<'a>) -> Event<'a> {
        let number = *self.numbers.entry(label.clone()).or_insert_with(|| {
            self.order.push((label, 0));
            self.order.len()
        });
        let times = self.order.get_mut(number - 1).map_or(1, |(_, times)| {
            *times += 1;
            *times
        });
        // A colon keeps these ids apart from those of headings.
        Event::InlineHtml(
            format!(
                "<sup class=\"footnote-reference\" id=\"{}\"><a href=\"#fn:{number}\">{number}</a></sup>",
                reference_id(number, times)
            )
            .into(),
        )
    }

    fn write(mut self, out: &mut String) {
        if self.order.is_empty() {
            return;
        }
        out.push_str("<section class=\"footnotes\">\n<ol>\n");
        for (index, (label, times)) in self.order.iter().enumerate() {
            let number = index + 1;
            let mut events = self.texts.remove(label).unwrap_or_default();
            let mut back = String::new();
            for time in 1..=*times {
                let id = reference_id(number, time);
                let _ =
                    write!(back, " <a class=\"footnote-back\" role=\"doc-backlink\" href=\"#{id}\">↩</a>");
            }
            let back = Event::InlineHtml(back.into());
            let in_paragraph = matches!(events.last(), Some(Event::End(TagEnd::Paragraph)));
            events.insert(events.len() - usize::from(in_paragraph), back);
            let _ = writeln!(out, "<li id=\"fn:{number}\">");
            html::push_html(out, events.into_iter());
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n</section>\n");
    }
}

fn reference_id(number: usize, time: usize) -> String {
    if time == 1 { format!("fnref:{number}") } else { format!("fnref:{number}:{time}") }
}

#[cfg(test)]
mod tests;
