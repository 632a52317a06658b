//! Footnotes: numbered in the order in which the text refers to them, shown at its end.

use std::collections::HashMap;
use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, TagEnd, html};

/// Footnotes stand at the end, numbered in the order in which the text refers to them.
#[derive(Default)]
pub(super) struct Footnotes<'a> {
    /// Stands in the ids, so that those of a shortcode's body are none of the page's own.
    pub(super) prefix: String,
    /// The labels of the definitions that are open.
    pub(super) defined: Vec<CowStr<'a>>,
    pub(super) texts: HashMap<CowStr<'a>, Vec<Event<'a>>>,
    numbers: HashMap<CowStr<'a>, usize>,
    /// By number: the label, and how often it was referred to.
    order: Vec<(CowStr<'a>, usize)>,
}

impl<'a> Footnotes<'a> {
    pub(super) fn reference(&mut self, label: CowStr<'a>) -> Event<'a> {
        let number = *self.numbers.entry(label.clone()).or_insert_with(|| {
            self.order.push((label, 0));
            self.order.len()
        });
        let times = self.order.get_mut(number - 1).map_or(1, |(_, times)| {
            *times += 1;
            *times
        });
        // A colon keeps these ids apart from those of headings.
        let (id, prefix) = (self.reference_id(number, times), &self.prefix);
        Event::InlineHtml(
            format!(
                "<sup class=\"footnote-reference\" id=\"{id}\"><a href=\"#fn:{prefix}{number}\">{number}</a></sup>"
            )
            .into(),
        )
    }

    pub(super) fn write(mut self, out: &mut String) {
        if self.order.is_empty() {
            return;
        }
        out.push_str("<section class=\"footnotes\">\n<ol>\n");
        for (index, (label, times)) in std::mem::take(&mut self.order).iter().enumerate() {
            let number = index + 1;
            let mut events = self.texts.remove(label).unwrap_or_default();
            let mut back = String::new();
            for time in 1..=*times {
                let id = self.reference_id(number, time);
                let _ =
                    write!(back, " <a class=\"footnote-back\" role=\"doc-backlink\" href=\"#{id}\">↩</a>");
            }
            let back = Event::InlineHtml(back.into());
            let in_paragraph = matches!(events.last(), Some(Event::End(TagEnd::Paragraph)));
            events.insert(events.len() - usize::from(in_paragraph), back);
            let _ = writeln!(out, "<li id=\"fn:{}{number}\">", self.prefix);
            html::push_html(out, events.into_iter());
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n</section>\n");
    }

    fn reference_id(&self, number: usize, time: usize) -> String {
        let prefix = &self.prefix;
        if time == 1 { format!("fnref:{prefix}{number}") } else { format!("fnref:{prefix}{number}:{time}") }
    }
}
