//! The front matter of a template: `layout: base` between lines of `---`, or `layout = "base"` between `+++`.

use crate::model::view::{Key, Map, Value};

/// A template taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Split {
    /// The template itself.
    pub(super) text: String,
    /// How many lines of front matter stand before it.
    pub(super) lines: u32,
    /// The layout around it.
    pub(super) layout: Option<String>,
    /// Whether what it writes is escaped for HTML, where it says so.
    pub(super) autoescape: Option<bool>,
    /// Everything in the front matter, for `layout.NAME` in templates.
    pub(super) matter: Map,
}

/// Takes the front matter off, or says what is wrong with it.
pub(super) fn split(whole: &str) -> Result<Split, String> {
    let whole = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let fence = whole.lines().next().map(str::trim_end).filter(|line| matches!(*line, "---" | "+++"));
    let Some(fence) = fence else {
        return Ok(Split {
            text: whole.to_owned(),
            lines: 0,
            layout: None,
            autoescape: None,
            matter: Map::default(),
        });
    };
    let mut lines = whole.split_inclusive('\n');
    let mut length = lines.next().map_or(0, str::len);
    let start = length;
    for (count, line) in (2..).zip(lines) {
        if line.trim_end() == fence {
            let matter = &whole[start..length];
            let matter = if fence == "---" { of_yaml(matter) } else { of_toml(matter)? };
            let text = whole[length + line.len()..].to_owned();
            return Ok(Split {
                text,
                lines: count,
                layout: layout(&matter)?,
                autoescape: autoescape(&matter)?,
                matter,
            });
        }
        length += line.len();
    }
    Err(format!("the front matter has no closing `{fence}`"))
}

/// The words that name a way of escaping.
pub(super) fn escaping(kind: &str) -> Option<bool> {
    match kind {
        "html" => Some(true),
        "none" => Some(false),
        _ => None,
    }
}

fn layout(matter: &Map) -> Result<Option<String>, String> {
    match matter.get("layout") {
        None | Some(Value::Nil | Value::Bool(false)) => Ok(None),
        Some(Value::Text(layout)) if matches!(&**layout, "" | "none" | "null" | "nil" | "~") => Ok(None),
        Some(Value::Text(layout)) => Ok(Some(layout.to_string())),
        Some(_) => Err("`layout` in the front matter must be a text".to_owned()),
    }
}

/// Whether a layout is for pages that the house alone sees: `audience: internal`.
pub(super) fn is_internal(matter: &Map) -> Result<bool, String> {
    match matter.get("audience") {
        None | Some(Value::Nil) => Ok(false),
        Some(Value::Text(audience)) if &**audience == "internal" => Ok(true),
        Some(Value::Text(audience)) if &**audience == "public" => Ok(false),
        Some(_) => Err("`audience` in the front matter must be `public` or `internal`".to_owned()),
    }
}

fn autoescape(matter: &Map) -> Result<Option<bool>, String> {
    let wrong = || "`autoescape` in the front matter must be `html` or `none`".to_owned();
    match matter.get("autoescape") {
        None => Ok(None),
        Some(Value::Bool(false)) => Ok(Some(false)),
        Some(Value::Text(kind)) => escaping(kind).map(Some).ok_or_else(wrong),
        Some(_) => Err(wrong()),
    }
}

/// The lines `key: value`; what is nested is beyond what a layout needs.
fn of_yaml(matter: &str) -> Map {
    let entry = |line: &str| -> Option<(Key, Value)> {
        let (key, value) = line.split_once(':')?;
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        (!key.is_empty() && key.chars().all(plain)).then(|| (Key::from(key.to_owned()), scalar(value)))
    };
    Map::new(matter.lines().filter_map(entry).collect())
}

fn scalar(value: &str) -> Value {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((text, rest)) = value.strip_prefix(quote).and_then(|inner| inner.split_once(quote))
            && (rest.trim().is_empty() || rest.trim_start().starts_with('#'))
        {
            return Value::text(text);
        }
    }
    let value = if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or("").trim_end() };
    match value {
        "" | "null" | "nil" | "~" => Value::Nil,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => other.parse().map_or_else(|_| Value::text(other), Value::Int),
    }
}

fn of_toml(matter: &str) -> Result<Map, String> {
    let table: toml::Table = matter
        .parse()
        .map_err(|error: toml::de::Error| format!("the front matter is not TOML: {}", error.message()))?;
    Ok(Map::from(&table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_names_the_layout_and_its_lines_are_counted() {
        let layout = |whole: &str| split(whole).map(|split| split.layout);
        assert_eq!(layout("---\nlayout: base # frame\n---\nx"), Ok(Some("base".to_owned())));
        assert_eq!(layout("---\r\nlayout: \"base\"\r\n---\r\nx"), Ok(Some("base".to_owned())));
        assert_eq!(layout("---\nlayout: none\n---\nx"), Ok(None));
        assert_eq!(layout("---\nlayout:\n---\nx"), Ok(None));
        assert_eq!(layout("---\ntitle: x\n---\n"), Ok(None));
        assert_eq!(layout("+++\nlayout = \"base\"\n+++\nx"), Ok(Some("base".to_owned())));
        assert_eq!(layout("x\n---\nlayout: base\n---\n"), Ok(None));
        assert!(layout("---\nlayout: base\n").is_err());
        assert!(layout("+++\nlayout = 1\n+++\n").is_err());
        let text = split("---\nlayout: base\n---\nline 4").map(|split| (split.text, split.lines));
        assert_eq!(text, Ok(("line 4".to_owned(), 3)));
    }

    #[test]
    fn front_matter_says_how_to_escape_and_whatever_else_it_likes() {
        let autoescape = |whole: &str| split(whole).map(|split| split.autoescape);
        assert_eq!(autoescape("---\nautoescape: html\n---\n"), Ok(Some(true)));
        assert_eq!(autoescape("---\nautoescape: none\n---\n"), Ok(Some(false)));
        assert_eq!(autoescape("+++\nautoescape = \"html\"\n+++\n"), Ok(Some(true)));
        assert_eq!(autoescape("x"), Ok(None));
        assert!(autoescape("---\nautoescape: xml\n---\n").is_err());
        let matter = split("---\nclass: 'a: b' # c\nwide: true\ncolumns: 3\n# note: x\nlist:\n  - a\n---\n");
        let matter = matter.map(|split| split.matter).unwrap_or_default();
        assert_eq!(matter.get("class"), Some(&Value::text("a: b")));
        assert_eq!(matter.get("wide"), Some(&Value::Bool(true)));
        assert_eq!(matter.get("columns"), Some(&Value::Int(3)));
        assert_eq!(matter.get("list"), Some(&Value::Nil));
        assert_eq!(matter.entries().len(), 4);
    }
}
