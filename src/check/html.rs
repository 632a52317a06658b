//! One page as its HTML says: what it links to, which ids and pictures it has, and where it is not well-formed.

use std::collections::HashSet;

use html5gum::{DefaultEmitter, StartTag, State, Token, Tokenizer};

/// What is known of a page.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The title in its head.
    pub(super) title: Option<String>,
    /// The ids that links can lead to.
    pub(super) ids: HashSet<String>,
    /// Where it links to, in the order of the page.
    pub(super) links: Vec<Link>,
    /// The addresses of all pictures, with the lines of the page.
    pub(super) images: Vec<(usize, String)>,
    /// Pictures without a text instead.
    pub(super) pictures: Vec<Picture>,
    /// The texts of its JSON-LD scripts.
    pub(super) data: Vec<(usize, String)>,
    /// What is wrong with the HTML itself: the line and what it is.
    pub(super) wrong: Vec<(usize, String)>,
    /// Ids that are given twice.
    pub(super) doubled: Vec<(usize, String)>,
}

/// An address in a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) address: String,
    /// The line of the page.
    pub(super) line: usize,
    /// Whether a reader follows it, rather than the browser.
    pub(super) is_anchor: bool,
}

/// A picture that says nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) source: String,
    pub(super) line: usize,
    /// Whether it says at least that it is decoration (`alt=""`).
    pub(super) is_decoration: bool,
    /// Whether its text is nothing but blanks.
    pub(super) is_blank: bool,
}

/// Elements that have no end tag.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements whose end tag may be left out.
const OPTIONAL: &[&str] = &[
    "li", "dt", "dd", "p", "rt", "rp", "optgroup", "option", "colgroup", "caption", "thead", "tbody",
    "tfoot", "tr", "td", "th", "html", "head", "body",
];

/// Elements before which an open paragraph ends.
const ENDS_PARAGRAPH: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "details",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Reads a page.
pub(super) fn read(html: &str) -> Facts {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut reader =
        Reader { html, facts: Facts::default(), open: Vec::new(), text: None, lines: Lines::default() };
    let mut tokens = Tokenizer::new_with_emitter(html, emitter);
    tokens.set_state(State::Data);
    for Ok(token) in tokens {
        reader.token(token);
    }
    reader.finish()
}

struct Reader<'h> {
    html: &'h str,
    facts: Facts,
    /// The elements that are open, with their lines; what stands in foreign elements (SVG) is marked.
    open: Vec<(String, usize)>,
    /// What is collected of the title or of a script.
    text: Option<(Kept, usize, String)>,
    lines: Lines,
}

#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Title,
    Data,
}

/// Counts lines along the way: tokens come in the order of the text.
#[derive(Default)]
struct Lines {
    at: usize,
    line: usize,
}

impl Lines {
    fn of(&mut self, html: &str, at: usize) -> usize {
        let at = at.min(html.len());
        if at < self.at {
            return html.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        }
        self.line += html.as_bytes()[self.at..at].iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
        self.line + 1
    }
}

impl Reader<'_> {
    fn token(&mut self, token: Token<usize>) {
        match token {
            Token::StartTag(tag) => self.start(&tag),
            Token::EndTag(tag) => {
                let line = self.lines.of(self.html, tag.span.start);
                self.end(&String::from_utf8_lossy(&tag.name), line);
            }
            Token::String(text) => {
                if let Some((_, _, kept)) = &mut self.text {
                    kept.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Token::Error(error) => {
                let line = self.lines.of(self.html, error.span.start);
                self.facts.wrong.push((line, error.as_str().replace('-', " ")));
            }
            Token::Comment(_) | Token::Doctype(_) => {}
        }
    }

    fn start(&mut self, tag: &StartTag<usize>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let line = self.lines.of(self.html, tag.span.start);
        let attribute = |name: &str| {
            tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).trim().to_owned())
        };
        let is_foreign = self.open.iter().any(|(name, _)| matches!(name.as_str(), "svg" | "math"));
        if let Some(id) = attribute("id").filter(|id| !id.is_empty())
            && !self.facts.ids.insert(id.clone())
        {
            self.facts.doubled.push((line, id));
        }
        if name == "a"
            && let Some(name) = attribute("name")
        {
            self.facts.ids.insert(name);
        }
        self.links(&name, line, &attribute);
        if name == "img"
            && let Some(source) = attribute("src").filter(|source| !source.is_empty())
        {
            self.facts.images.push((line, source));
        }
        if name == "img" && attribute("alt").is_none_or(|alt| alt.is_empty()) {
            let source = attribute("src").unwrap_or_default();
            let said = tag.attributes.get(&b"alt"[..]).map(|alt| alt.is_empty());
            let (is_decoration, is_blank) = (said == Some(true), said == Some(false));
            self.facts.pictures.push(Picture { source, line, is_decoration, is_blank });
        }
        if name == "title" && !is_foreign && self.facts.title.is_none() {
            self.text = Some((Kept::Title, line, String::new()));
        }
        if name == "script" && attribute("type").as_deref() == Some("application/ld+json") {
            self.text = Some((Kept::Data, line, String::new()));
        }
        if !is_foreign {
            self.close_implied(&name);
        }
        let is_void = VOID.contains(&name.as_str());
        if !(is_void || (tag.self_closing && (is_foreign || matches!(name.as_str(), "svg" | "math")))) {
            if tag.self_closing {
                self.facts.wrong.push((line, format!("`<{name}/>` does not close itself")));
            }
            self.open.push((name, line));
        }
    }

    fn links(&mut self, name: &str, line: usize, attribute: &dyn Fn(&str) -> Option<String>) {
        let mut add =
            |address: String, is_anchor: bool| self.facts.links.push(Link { address, line, is_anchor });
        let named = match name {
            "a" | "area" => &["href"][..],
            "link" => &["href"],
            "img" | "script" | "iframe" | "audio" | "embed" | "track" => &["src"],
            "source" => &["src", "srcset"],
            "video" => &["src", "poster"],
            "form" => &["action"],
            _ => &[],
        };
        for attribute_name in named.iter().chain(&["srcset"][..usize::from(name == "img")]) {
            let Some(value) = attribute(attribute_name) else { continue };
            if *attribute_name == "srcset" {
                let sources = value.split(',').filter_map(|part| part.split_whitespace().next());
                sources.for_each(|source| add(source.to_owned(), false));
            } else {
                add(value, matches!(name, "a" | "area"));
            }
        }
    }

    /// Closes what the beginning of this element closes without a word.
    fn close_implied(&mut self, name: &str) {
        let closes = |open: &str| match name {
            "li" => open == "li",
            "dt" | "dd" => matches!(open, "dt" | "dd"),
            "tr" => matches!(open, "tr" | "td" | "th"),
            "td" | "th" => matches!(open, "td" | "th"),
            "tbody" | "tfoot" => matches!(open, "thead" | "tbody" | "tr" | "td" | "th"),
            "option" => open == "option",
            "body" => open == "head",
            _ => open == "p" && ENDS_PARAGRAPH.contains(&name),
        };
        while self.open.last().is_some_and(|(open, _)| closes(open)) {
            self.open.pop();
        }
    }

    fn end(&mut self, name: &str, line: usize) {
        if let Some((kept, at, text)) = self.text.take() {
            match kept {
                Kept::Title => self.facts.title = Some(text.trim().to_owned()),
                Kept::Data => self.facts.data.push((at, text)),
            }
        }
        if VOID.contains(&name) {
            self.facts.wrong.push((line, format!("`</{name}>` is no end: the element has none")));
            return;
        }
        let Some(at) = self.open.iter().rposition(|(open, _)| open == name) else {
            self.facts.wrong.push((line, format!("`</{name}>` closes nothing")));
            return;
        };
        for (left, begun) in self.open.drain(at..).skip(1) {
            if !OPTIONAL.contains(&left.as_str()) {
                let message = format!("`<{left}>` of line {begun} is still open at `</{name}>`");
                self.facts.wrong.push((line, message));
            }
        }
    }

    fn finish(mut self) -> Facts {
        for (left, line) in std::mem::take(&mut self.open) {
            if !OPTIONAL.contains(&left.as_str()) {
                self.facts.wrong.push((line, format!("`<{left}>` is never closed")));
            }
        }
        self.facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(html: &str) -> Vec<String> {
        read(html).wrong.into_iter().map(|(line, message)| format!("{line}: {message}")).collect()
    }

    #[test]
    fn what_is_sound_is_not_complained_of() {
        for html in [
            "<!doctype html><html><head><title>a</title></head><body><p>a<br>b<ul><li>a<li>b</ul></body></html>",
            "<table><tr><td>a<td>b<tr><th>c</table>",
            "<svg viewBox=\"0 0 1 1\"><path d=\"M0\"/><title>x</title></svg>",
            "<script>if (a < b && '</p>') {}</script><style>a > b {}</style><textarea><b></textarea>",
            "<p>a &amp; b &copy; c<p>d",
        ] {
            assert_eq!(wrong(html), [] as [&str; 0], "{html}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_told_with_its_line() {
        for (html, expected) in [
            ("<div>\n<section>\n</div>", "3: `<section>` of line 2 is still open at `</div>`"),
            ("<p>\n<div></div>\n</p>", "3: `</p>` closes nothing"),
            ("\n<b>", "2: `<b>` is never closed"),
            ("<div/>", "1: `<div/>` does not close itself"),
            ("<a href=x href=y></a>", "1: duplicate attribute"),
            ("<br></br>", "1: `</br>` is no end: the element has none"),
        ] {
            assert!(wrong(html).iter().any(|told| told == expected), "{html}: {:?}", wrong(html));
        }
    }

    #[test]
    fn links_ids_pictures_and_data_are_found() {
        let facts = read(
            "<title>A &amp; B</title>\n<h1 id=a>x</h1><i id=a></i><a href=\" /x/#y \">l</a>\n<img src=p.png><img alt='' \
             src=q.png srcset=\"r.png 1x, s.png 2x\"><script type=\"application/ld+json\">{\"a\": \"<b>\"}</script>",
        );
        assert_eq!(facts.title.as_deref(), Some("A & B"));
        let links: Vec<(&str, usize)> = facts.links.iter().map(|link| (&*link.address, link.line)).collect();
        assert_eq!(links, [("/x/#y", 2), ("p.png", 3), ("q.png", 3), ("r.png", 3), ("s.png", 3)]);
        assert_eq!(facts.doubled, [(2, "a".to_owned())]);
        assert_eq!(
            facts.pictures.iter().map(|picture| picture.is_decoration).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(facts.data, [(3, "{\"a\": \"<b>\"}".to_owned())]);
    }
}
