//! Reads HTML and XML as strictly as a test can: what is out of order is a failure.

/// A piece of markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Open(String, Vec<(String, String)>),
    Close(String),
    Text(String),
}

const EMPTY: [&str; 6] = ["meta", "link", "img", "br", "hr", "input"];

/// The pieces of a document: entities resolved, elements closed in their order.
pub(crate) fn read(markup: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = markup;
    let is_html = !markup.starts_with("<?xml");
    while !rest.is_empty() {
        let raw = open.last().filter(|name| matches!(name.as_str(), "script" | "style"));
        let end = match raw {
            Some(name) => rest.find(&format!("</{name}")).expect("the raw text ends"),
            None => rest.find('<').unwrap_or(rest.len()),
        };
        if end > 0 {
            let text = &rest[..end];
            pieces.push(Piece::Text(if raw.is_some() { text.to_owned() } else { resolved(text) }));
            rest = &rest[end..];
            continue;
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            rest = &rest[rest.find('>').expect("a declaration ends") + 1..];
        } else if let Some(inner) = rest.strip_prefix("</") {
            let (name, after) = inner.split_once('>').expect("a tag ends");
            assert_eq!(open.pop().as_deref(), Some(name), "closed in order");
            pieces.push(Piece::Close(name.to_owned()));
            rest = after;
        } else {
            let (name, attributes, closed, after) = tag(&rest[1..]);
            let is_empty = is_html && EMPTY.contains(&name.as_str());
            if !closed && !is_empty {
                open.push(name.clone());
            }
            pieces.push(Piece::Open(name, attributes));
            rest = after;
        }
    }
    assert_eq!(open, Vec::<String>::new(), "all elements are closed");
    pieces
}

fn tag(text: &str) -> (String, Vec<(String, String)>, bool, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_');
    let end = text.find(|c| !is_name(c)).expect("a tag ends");
    assert!(end > 0, "a tag has a name: {}", &text[..text.len().min(60)]);
    let name = text[..end].to_owned();
    let (mut rest, mut attributes) = (&text[end..], Vec::new());
    loop {
        let trimmed = rest.trim_start();
        if let Some(after) = trimmed.strip_prefix("/>") {
            return (name, attributes, true, after);
        }
        if let Some(after) = trimmed.strip_prefix('>') {
            return (name, attributes, false, after);
        }
        assert!(
            trimmed.len() < rest.len(),
            "space before an attribute of {name}: {}",
            &rest[..rest.len().min(60)]
        );
        let end = trimmed.find(|c| !is_name(c)).expect("an attribute ends");
        assert!(end > 0, "an attribute of {name} has a name: {}", &trimmed[..trimmed.len().min(60)]);
        let key = trimmed[..end].to_owned();
        rest = &trimmed[end..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').expect("a value ends");
                rest = after;
                resolved(value)
            }
            None => String::new(),
        };
        attributes.push((key, value));
    }
}

fn resolved(text: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        made.push_str(&rest[..at]);
        let entities = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
        let found = entities.iter().find(|(entity, _)| rest[at..].starts_with(entity));
        let (entity, character) = found.unwrap_or_else(|| panic!("a bare sign in {text}"));
        made.push(*character);
        rest = &rest[at + entity.len()..];
    }
    made.push_str(rest);
    made
}

/// All texts and values of attributes.
pub(crate) fn words(pieces: &[Piece]) -> impl Iterator<Item = &str> {
    pieces.iter().flat_map(|piece| -> Vec<&str> {
        match piece {
            Piece::Open(_, attributes) => attributes.iter().map(|(_, value)| value.as_str()).collect(),
            Piece::Text(text) => vec![text.as_str()],
            Piece::Close(_) => Vec::new(),
        }
    })
}

/// The markup without its words: elements and the names of attributes.
pub(crate) fn bones(pieces: &[Piece]) -> Vec<String> {
    let mut bones = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Open(name, attributes) => {
                let names: Vec<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
                bones.push(format!("<{name} {}>", names.join(" ")));
            }
            Piece::Close(name) => bones.push(format!("</{name}>")),
            Piece::Text(_) => {}
        }
    }
    bones
}
