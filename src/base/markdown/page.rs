//! One text as the parser goes through it: what becomes of each event.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Parser, Tag, TagEnd, html};

use super::footnotes::Footnotes;
use super::outline::Heading;
use super::quotes::Quotes;
use super::{All, Inserts, Manner, Target, Trust, Wrong, links, options, reach};
use crate::base::text::{escaped, slugify};

/// The page as it comes together: events are kept until it is known which ids and footnotes there are.
pub(super) struct Page<'a, 'w> {
    trust: Trust,
    manner: &'w Manner<'w>,
    all: &'w mut All,
    inserts: Option<&'w mut Inserts<'a>>,
    quotes: Quotes<'a>,
    /// Where events go: the page, and on top of it the footnote that is being defined.
    open: Vec<Vec<Event<'a>>>,
    /// Of the links and images that are open, whether they were dropped.
    dropped: Vec<bool>,
    /// Where the open heading begins among the events.
    heading: Option<usize>,
    /// Where the open table begins among the events.
    table: Option<usize>,
    /// Whether the words of a task are open.
    task: bool,
    /// The code block that is open: its language and what was read of it.
    code: Option<(String, String)>,
    pub(super) footnotes: Footnotes<'a>,
}

impl<'a, 'w> Page<'a, 'w> {
    pub(super) fn new(
        text: &'a str,
        trust: Trust,
        manner: &'w Manner<'w>,
        all: &'w mut All,
        inserts: Option<&'w mut Inserts<'a>>,
    ) -> Self {
        Self {
            trust,
            manner,
            all,
            inserts,
            quotes: Quotes::of(text, manner.language),
            open: vec![Vec::new()],
            dropped: Vec::new(),
            heading: None,
            table: None,
            task: false,
            code: None,
            footnotes: Footnotes::default(),
        }
    }

    pub(super) fn run(mut self, text: &'a str) -> String {
        for (event, span) in Parser::new_ext(text, options(self.trust)).into_offset_iter() {
            self.event(event, span);
        }
        self.finish(text.len())
    }

    fn event(&mut self, event: Event<'a>, span: Range<usize>) {
        if let (Some((_, code)), Event::Text(text)) = (&mut self.code, &event) {
            code.push_str(text);
            return;
        }
        if self.task && reach::ends_task(&event) {
            self.task = false;
            self.push(Event::InlineHtml("</label>".into()));
        }
        let event = match event {
            Event::Text(text) => Event::Text(self.quotes.set(text, span)),
            Event::TaskListMarker(is_done) => {
                self.task = true;
                Event::InlineHtml(reach::task(is_done).into())
            }
            Event::Html(html) | Event::InlineHtml(html) if self.trust == Trust::Foreign => Event::Text(html),
            Event::Html(html) => Event::Html(self.filled(html)),
            Event::InlineHtml(html) => Event::InlineHtml(self.filled(html)),
            Event::FootnoteReference(label) => self.footnotes.reference(label),
            Event::Start(tag) => match self.start(tag, span) {
                Some(tag) => Event::Start(tag),
                None => return,
            },
            Event::End(tag) => match self.end(tag) {
                Some(tag) => Event::End(tag),
                None => return,
            },
            other => other,
        };
        let ended = match event {
            Event::End(tag) => Some(tag),
            _ => None,
        };
        self.push(event);
        match ended {
            Some(TagEnd::Heading(_)) if self.manner.anchors => self.anchor(),
            Some(TagEnd::TableHead) => self.frame(),
            Some(TagEnd::Table) => self.push(Event::Html("</div>\n".into())),
            _ => {}
        }
    }

    fn push(&mut self, event: Event<'a>) {
        if let Some(events) = self.open.last_mut() {
            events.push(event);
        }
    }

    /// HTML with what shortcodes make in the places of their tokens.
    fn filled(&mut self, html: CowStr<'a>) -> CowStr<'a> {
        let Some(inserts) = self.inserts.as_deref_mut() else { return html };
        let Some(swapped) = inserts.swapped else { return html };
        let (manner, all, prefix) = (self.manner, &mut *self.all, &self.footnotes.prefix);
        let filled = swapped.fill(&html, &mut |number| inserts.make(number, manner, all, prefix));
        filled.map_or(html, CowStr::from)
    }

    fn start(&mut self, tag: Tag<'a>, span: Range<usize>) -> Option<Tag<'a>> {
        match tag {
            Tag::Link { link_type, dest_url, title, id } => {
                let dest_url = self.target(dest_url, span)?;
                Some(Tag::Link { link_type, dest_url, title, id })
            }
            Tag::Image { link_type, dest_url, title, id } => {
                let dest_url = self.target(dest_url, span)?;
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
            Tag::Table(_) => {
                self.table = self.open.last().map(Vec::len);
                // The frame: its name is known when the head of the table is.
                self.push(Event::Html("".into()));
                Some(tag)
            }
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                self.code = Some((language.to_owned(), String::new()));
                None
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
            TagEnd::CodeBlock if self.code.is_some() => {
                self.coloured();
                None
            }
            TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell => {
                self.quotes.end_of_block();
                Some(tag)
            }
            tag => Some(tag),
        }
    }

    /// Closes a code block. Who moves by keyboard must reach it, because long lines scroll.
    fn coloured(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        let colours = self.manner.colours.filter(|_| !language.is_empty());
        let marked = colours.and_then(|colours| colours(&language, &code));
        self.all.has_code |= marked.is_some();
        let code = marked.unwrap_or_else(|| escaped(&code));
        let class = match &*language {
            "" => String::new(),
            language => format!(" class=\"language-{}\"", escaped(language)),
        };
        let html = format!("<pre tabindex=\"0\"><code{class}>{code}</code></pre>\n");
        self.push(Event::Html(html.into()));
    }

    /// Names the frame of the open table, of which the head has ended.
    fn frame(&mut self) {
        let (Some(start), Some(events)) = (self.table.take(), self.open.last_mut()) else { return };
        let above = self.all.headings.last().map(|heading| heading.title.as_str());
        let head = events.get(start..).unwrap_or_default();
        let frame = reach::frame(head, above, &mut self.all.names);
        if let Some(place) = events.get_mut(start) {
            *place = Event::Html(frame.into());
        }
    }

    /// The address that a link may have, noting whether it may have any.
    fn target(&mut self, address: CowStr<'a>, span: Range<usize>) -> Option<CowStr<'a>> {
        if self.trust == Trust::Foreign && !links::is_harmless(&address) {
            self.dropped.push(true);
            return None;
        }
        let span = match self.inserts.as_deref() {
            Some(Inserts { swapped: Some(swapped), base, .. }) => {
                swapped.original(span.start) + base..swapped.original(span.end) + base
            }
            Some(Inserts { base, .. }) => span.start + base..span.end + base,
            None => span,
        };
        let target = (self.manner.link)(&address, span.clone());
        self.dropped.push(matches!(target, Target::Gone(..)));
        match target {
            Target::Same => Some(address),
            Target::To(other) => Some(other.into()),
            Target::Wrong(message, hint) => {
                self.all.wrong.push(Wrong { span, message, hint });
                Some(address)
            }
            Target::Gone(message, hint) => {
                self.all.remarks.push(Wrong { span, message, hint });
                None
            }
        }
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
        if let Some(Event::Start(Tag::Heading { id, level, .. })) = events.get_mut(start) {
            let wish = match id.take() {
                Some(id) => id.into_string(),
                None => slugify(&text),
            };
            let unique = self.all.ids.unique(wish);
            let title = text.trim().to_owned();
            self.all.headings.push(Heading {
                id: unique.clone(),
                title,
                level: *level as u8,
                children: Vec::new(),
            });
            *id = Some(unique.into());
            if self.manner.anchors {
                events.insert(start, Event::Html("<div class=\"heading\">\n".into()));
            }
        }
        self.quotes.end_of_block();
    }

    /// The link of a heading to itself, beside it, so that it is no part of what the heading says.
    fn anchor(&mut self) {
        let Some(heading) = self.all.headings.last() else { return };
        let html = format!(
            "<a class=\"anchor\" href=\"#{}\" aria-label=\"Permalink: {}\">#</a>\n</div>\n",
            escaped(&heading.id),
            escaped(&heading.title)
        );
        self.push(Event::Html(html.into()));
    }

    fn finish(mut self, length: usize) -> String {
        let mut out = String::with_capacity(length + length / 4);
        let events = self.open.drain(..).flatten();
        html::push_html(&mut out, events);
        self.footnotes.write(&mut out);
        out
    }
}
