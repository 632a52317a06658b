//! The front matter of a template: `layout: base` between lines of `---`, or `layout = "base"` between `+++`.

/// A template taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// The template itself. Where there was front matter, a comment holds its lines, so that line numbers stay.
    pub(super) text: String,
    /// The layout around it.
    pub(super) layout: Option<String>,
}

/// Takes the front matter off, or says what is wrong with it.
pub(super) fn split(whole: &str) -> Result<Split, String> {
    let whole = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let fence = whole.lines().next().map(str::trim_end).filter(|line| matches!(*line, "---" | "+++"));
    let Some(fence) = fence else { return Ok(Split { text: whole.to_owned(), layout: None }) };
    let mut lines = whole.split_inclusive('\n');
    let mut length = lines.next().map_or(0, str::len);
    let start = length;
    let mut count = 1;
    for line in lines {
        count += 1;
        if line.trim_end() == fence {
            let matter = &whole[start..length];
            let layout = if fence == "---" { of_yaml(matter) } else { of_toml(matter)? };
            let body = &whole[length + line.len()..];
            let text = format!("{{% comment %}}{}{{% endcomment %}}{body}", "\n".repeat(count));
            return Ok(Split { text, layout });
        }
        length += line.len();
    }
    Err(format!("the front matter has no closing `{fence}`"))
}

fn of_yaml(matter: &str) -> Option<String> {
    let value = matter.lines().find_map(|line| line.strip_prefix("layout:"))?;
    let value = value.split(" #").next().unwrap_or("").trim();
    let value = value.trim_matches(['"', '\'']);
    (!matches!(value, "" | "none" | "null" | "nil" | "false" | "~")).then(|| value.to_owned())
}

fn of_toml(matter: &str) -> Result<Option<String>, String> {
    let table: toml::Table = matter
        .parse()
        .map_err(|error: toml::de::Error| format!("the front matter is not TOML: {}", error.message()))?;
    match table.get("layout") {
        None => Ok(None),
        Some(toml::Value::String(layout)) => Ok(Some(layout.clone())),
        Some(_) => Err("`layout` in the front matter must be a text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_names_the_layout_and_keeps_the_lines() {
        let layout = |whole: &str| split(whole).map(|split| split.layout);
        assert_eq!(layout("---\nlayout: base # frame\n---\nx"), Ok(Some("base".to_owned())));
        assert_eq!(layout("---\r\nlayout: \"base\"\r\n---\r\nx"), Ok(Some("base".to_owned())));
        assert_eq!(layout("---\nlayout: none\n---\nx"), Ok(None));
        assert_eq!(layout("---\ntitle: x\n---\n"), Ok(None));
        assert_eq!(layout("+++\nlayout = \"base\"\n+++\nx"), Ok(Some("base".to_owned())));
        assert_eq!(layout("x\n---\nlayout: base\n---\n"), Ok(None));
        assert!(layout("---\nlayout: base\n").is_err());
        assert!(layout("+++\nlayout = 1\n+++\n").is_err());
        let text = split("---\nlayout: base\n---\nline 4").map(|split| split.text);
        assert_eq!(text, Ok("{% comment %}\n\n\n{% endcomment %}line 4".to_owned()));
    }
}
