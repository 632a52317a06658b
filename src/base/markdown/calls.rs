//! Shortcodes: `{% name key: value %}` in the text of a local file, where the site has a shortcode of that name. All else
//! that looks like it stays text, and so does everything in code.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag};

use super::Wrong;

/// Which shortcodes there are, and what they make.
pub trait Shortcodes: Sync {
    /// Whether the shortcode has a block (`{% name %}…{% endname %}`); nothing where there is none of this name.
    fn has_block(&self, name: &str) -> Option<bool>;

    /// "did you mean", for a name that is none.
    fn suggestion(&self, name: &str) -> Option<String>;

    /// The HTML that stands in the place of the call.
    fn make(&self, call: &Call<'_>) -> Result<String, String>;
}

/// A call of a shortcode.
#[derive(Debug)]
pub struct Call<'t> {
    /// The name of the shortcode.
    pub name: &'t str,
    /// What it is given, in the order of the text.
    pub arguments: Vec<(&'t str, Argument)>,
    /// The block as HTML, where it has one.
    pub body: Option<String>,
}

/// What a shortcode may be given.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// `"text"` or `'text'`.
    Text(String),
    /// `12`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// `true` or `false`
    Bool(bool),
}

/// A call as it stands in the text.
#[derive(Debug)]
pub(super) struct Found<'t> {
    pub(super) name: &'t str,
    pub(super) arguments: Vec<(&'t str, Argument)>,
    /// All of it, its end included.
    pub(super) span: Range<usize>,
    pub(super) body: Option<Range<usize>>,
    /// Whether it has its lines for itself.
    pub(super) is_alone: bool,
}

/// All calls in a text, in order; those within the block of another belong to that block.
pub(super) fn find<'t>(
    text: &'t str,
    options: pulldown_cmark::Options,
    shortcodes: &dyn Shortcodes,
    wrong: &mut Vec<Wrong>,
    remarks: &mut Vec<Wrong>,
) -> Vec<Found<'t>> {
    let mut found = Vec::new();
    if !text.contains("{%") {
        return found;
    }
    let tags = tags(text, &code(text, options));
    let mut rest = tags.iter();
    while let Some(tag) = rest.next() {
        let Some(has_block) = shortcodes.has_block(tag.name) else {
            if let Some(opened) =
                tag.name.strip_prefix("end").filter(|name| shortcodes.has_block(name).is_some())
            {
                wrong.push(Wrong::new(&tag.span, format!("`{{% {} %}}` closes nothing", tag.name)).hint(Some(
                    match shortcodes.has_block(opened) {
                        Some(true) => format!("`{{% {opened} %}}` must stand before it"),
                        _ => format!("the shortcode `{opened}` has no block; `block: true` in its front matter gives it one"),
                    },
                )));
            } else if !tag.name.starts_with("end") {
                let message = format!("`{{% {} %}}` is no shortcode, and is shown as it stands", tag.name);
                let hint = shortcodes.suggestion(tag.name);
                let hint =
                    hint.unwrap_or_else(|| "if that is meant, write `\\{%` or set it as code".to_owned());
                remarks.push(Wrong::new(&tag.span, message).hint(Some(hint)));
            }
            continue;
        };
        let arguments = match arguments(text, &tag.inside) {
            Ok(arguments) => arguments,
            Err(mistake) => {
                wrong.push(mistake);
                Vec::new()
            }
        };
        let (mut span, mut body) = (tag.span.clone(), None);
        if has_block {
            let Some(end) = end_of(tag.name, &mut rest) else {
                let message = format!("the shortcode `{}` has no end", tag.name);
                let hint = format!("close it with `{{% end{} %}}`", tag.name);
                wrong.push(Wrong::new(&tag.span, message).hint(Some(hint)));
                continue;
            };
            body = Some(span.end..end.start);
            span.end = end.end;
        }
        let is_alone = is_alone(text, &span);
        found.push(Found { name: tag.name, arguments, span, body, is_alone });
    }
    found
}

/// A tag: its name, all of it, and what stands behind the name.
struct Piece<'t> {
    name: &'t str,
    span: Range<usize>,
    inside: Range<usize>,
}

/// Where the block ends that has just begun, those of the same name within it left out.
fn end_of<'p>(name: &str, rest: &mut std::slice::Iter<'p, Piece<'_>>) -> Option<Range<usize>> {
    let mut depth = 0_usize;
    let at = rest.as_slice().iter().position(|tag| {
        if tag.name == name {
            depth += 1;
        } else if tag.name.strip_prefix("end") == Some(name) {
            if depth == 0 {
                return true;
            }
            depth -= 1;
        }
        false
    })?;
    rest.nth(at).map(|tag| tag.span.clone())
}

/// Where there is code, in order.
fn code(text: &str, options: pulldown_cmark::Options) -> Vec<Range<usize>> {
    let events = Parser::new_ext(text, options).into_offset_iter();
    let code =
        |(event, span)| matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_))).then_some(span);
    events.filter_map(code).collect()
}

/// Everything that has the form of a tag with a name, outside code.
fn tags<'t>(text: &'t str, code: &[Range<usize>]) -> Vec<Piece<'t>> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("{%").map(|found| found + at) {
        at = start + 2;
        let next = code.partition_point(|span| span.end <= start);
        if let Some(span) = code.get(next).filter(|span| span.start <= start) {
            at = span.end;
            continue;
        }
        // As everywhere in Markdown.
        if text[..start].ends_with('\\') {
            continue;
        }
        let Some(end) = end_of_tag(text, at) else { continue };
        let inside = text[at..end].trim_start_matches('-').trim_end_matches('-');
        let from = at + text[at..end].len() - text[at..end].trim_start_matches('-').len();
        let named = inside.trim_start();
        let length = named
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))
            .unwrap_or(named.len());
        let name_start = from + inside.len() - named.len();
        let name = &named[..length];
        if !name.is_empty() {
            tags.push(Piece { name, span: start..end + 2, inside: name_start + length..from + inside.len() });
            at = end + 2;
        }
    }
    tags
}

/// Where the `%}` of a tag stands: what is in quotes is no end.
fn end_of_tag(text: &str, from: usize) -> Option<usize> {
    /// A call is no essay; what is longer is text with a stray brace.
    const LONGEST: usize = 4_096;
    let mut quote = None;
    let bytes = text.as_bytes();
    for at in from..bytes.len().min(from + LONGEST) {
        match (quote, bytes[at]) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(bytes[at]),
            (None, b'%') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            (None, b'{') if bytes.get(at + 1) == Some(&b'%') => return None,
            _ => {}
        }
    }
    None
}

fn is_alone(text: &str, span: &Range<usize>) -> bool {
    let before = text[..span.start].rsplit('\n').next().unwrap_or_default();
    let after = text[span.end..].split('\n').next().unwrap_or_default();
    before.chars().all(|c| matches!(c, ' ' | '\t' | '>')) && after.trim().is_empty()
}

/// `key: value` or `key=value`, with commas or spaces between them.
fn arguments<'t>(text: &'t str, inside: &Range<usize>) -> Result<Vec<(&'t str, Argument)>, Wrong> {
    let mut arguments: Vec<(&str, Argument)> = Vec::new();
    let mut rest = &text[inside.clone()];
    let wrong = |rest: &str, message: String| {
        let at = inside.end - rest.len();
        Err(Wrong::new(&(at..(at + 1).min(inside.end)), message).hint(Some(
            "a shortcode is given texts, numbers, true and false: `key: \"text\", other: 3`".to_owned(),
        )))
    };
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return Ok(arguments);
        }
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        let after = after.trim_start();
        let Some(value) = after.strip_prefix([':', '=']).map(str::trim_start).filter(|_| !name.is_empty())
        else {
            return wrong(rest, "expected an argument `key: value`".to_owned());
        };
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return wrong(rest, format!("`{name}` is no name for an argument"));
        }
        if arguments.iter().any(|(known, _)| *known == name) {
            return wrong(rest, format!("`{name}` is given twice"));
        }
        let (argument, left) = match literal(value) {
            Some(read) => read,
            None => match value.chars().next().filter(|quote| "„“”«»‚‘’‹›".contains(*quote))
            {
                Some(quote) => {
                    let message =
                        format!("`{quote}` is no quotation mark that a call knows: `{name}: \"…\"`");
                    return wrong(value, message);
                }
                None => return wrong(value, format!("`{name}` has no value that can be read")),
            },
        };
        arguments.push((name, argument));
        rest = left;
    }
}

fn literal(text: &str) -> Option<(Argument, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let (inside, rest) = text[1..].split_once(quote)?;
        return Some((Argument::Text(inside.to_owned()), rest));
    }
    let (word, rest) =
        text.split_at(text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len()));
    let argument = match word {
        "true" => Argument::Bool(true),
        "false" => Argument::Bool(false),
        _ => match word.parse::<i64>() {
            Ok(number) => Argument::Int(number),
            Err(_) => Argument::Float(word.parse().ok().filter(|number: &f64| number.is_finite())?),
        },
    };
    Some((argument, rest))
}

/// The text with a token in the place of each call, and how to get back from places in it to those in the text.
#[derive(Debug, Default)]
pub(super) struct Swapped {
    pub(super) text: String,
    /// What a token begins with.
    mark: String,
    /// Where a token ends, and where the call ends that it stands for.
    cuts: Vec<(usize, usize)>,
}

impl Swapped {
    pub(super) fn new(text: &str, found: &[Found<'_>]) -> Self {
        let mut mark = "shortcode".to_owned();
        while text.contains(&mark) {
            mark.push('x');
        }
        let mut swapped = Self { mark, ..Self::default() };
        let mut from = 0;
        for (number, call) in found.iter().enumerate() {
            swapped.text.push_str(&text[from..call.span.start]);
            // A comment may break off a paragraph and ends with its line; a tag stands within one.
            let token = if call.is_alone {
                format!("<!--{}:{number}-->", swapped.mark)
            } else {
                format!("<{}-{number}/>", swapped.mark)
            };
            swapped.text.push_str(&token);
            swapped.cuts.push((swapped.text.len(), call.span.end));
            from = call.span.end;
        }
        swapped.text.push_str(&text[from..]);
        swapped
    }

    /// The place in the text of a place in the text with tokens.
    pub(super) fn original(&self, at: usize) -> usize {
        let next = self.cuts.partition_point(|(end, _)| *end <= at);
        match next.checked_sub(1).and_then(|last| self.cuts.get(last)) {
            Some((end, original)) => original + (at - end),
            None => at,
        }
    }

    /// HTML with what `make` gives in the place of each token.
    pub(super) fn fill(&self, html: &str, make: &mut dyn FnMut(usize) -> String) -> Option<String> {
        let mut filled = String::new();
        let mut rest = html;
        while let Some(at) = rest.find(&self.mark) {
            let after = &rest[at + self.mark.len()..];
            let digits = after.get(1..).map_or("", |after| {
                &after[..after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())]
            });
            let (opening, closing) = if after.starts_with(':') { ("<!--", "-->") } else { ("<", "/>") };
            let whole = rest[..at]
                .strip_suffix(opening)
                .zip(digits.parse::<usize>().ok())
                .filter(|_| after[1 + digits.len()..].starts_with(closing));
            let Some((before, number)) = whole else {
                filled.push_str(&rest[..at + self.mark.len()]);
                rest = after;
                continue;
            };
            filled.push_str(before);
            filled.push_str(&make(number));
            rest = &after[1 + digits.len() + closing.len()..];
        }
        if rest.len() == html.len() {
            return None;
        }
        filled.push_str(rest);
        Some(filled)
    }
}
