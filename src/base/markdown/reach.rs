//! What makes a page fit for everybody: whoever moves by keyboard reaches what scrolls, and boxes to tick have their words.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::outline::Ids;
use crate::base::text::escaped;

/// The beginning of a frame around a table, so that a wide one can be scrolled by keyboard. Its name for whoever does not see it
/// are the heads of its columns, which are in the language of the text; else the heading above it.
pub(super) fn frame(head: &[Event<'_>], above: Option<&str>, names: &mut Ids) -> String {
    let columns = columns(head);
    let name =
        if columns.is_empty() { above.unwrap_or_default().trim().to_owned() } else { columns.join(", ") };
    if name.is_empty() {
        return "<div class=\"table-frame\" tabindex=\"0\">\n".to_owned();
    }
    // Two regions of one name cannot be told apart.
    let name = escaped(&names.unique(name));
    format!("<div class=\"table-frame\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\">\n")
}

/// The heads of columns, without those that are empty.
fn columns(head: &[Event<'_>]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for event in head {
        match event {
            Event::Start(Tag::TableCell) => columns.push(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(column) = columns.last_mut() {
                    column.push_str(part);
                }
            }
            _ => {}
        }
    }
    columns.iter().map(|column| column.trim().to_owned()).filter(|column| !column.is_empty()).collect()
}

/// The box of a task, inside of a label that its words stand in as well.
pub(super) fn task(is_done: bool) -> &'static str {
    if is_done {
        "<label><input type=\"checkbox\" disabled checked> "
    } else {
        "<label><input type=\"checkbox\" disabled> "
    }
}

/// Whether the words of a task end before this.
pub(super) fn ends_task(event: &Event<'_>) -> bool {
    match event {
        Event::End(TagEnd::Paragraph | TagEnd::Item) | Event::Rule => true,
        Event::Start(tag) => matches!(
            tag,
            Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::BlockQuote(_)
                | Tag::CodeBlock(_)
                | Tag::HtmlBlock
                | Tag::List(_)
                | Tag::Table(_)
        ),
        _ => false,
    }
}
