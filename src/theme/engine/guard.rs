//! A look at a template before the crate parses it: templates come from afar as well, and the crate's parser works by
//! recursion, so that 5,000 nested blocks would end the process.

/// How deep blocks may nest in one template.
const BLOCKS: usize = 60;
/// How deep `a[b[c]]` may nest.
const BRACKETS: usize = 30;

/// A template that the crate can be given.
#[derive(Debug)]
pub(super) struct Checked {
    /// The text, with tabs in tags replaced by the spaces that the crate's grammar knows.
    pub(super) text: String,
    /// How deep its blocks nest.
    pub(super) nesting: usize,
}

/// Checks `text`, or says in which line it goes too deep.
pub(super) fn check(text: &str) -> Result<Checked, String> {
    let mut result = Checked { text: String::with_capacity(text.len()), nesting: 0 };
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(start) = next_markup(rest) {
        let (before, markup) = rest.split_at(start);
        result.text.push_str(before);
        let close = if markup.starts_with("{{") { "}}" } else { "%}" };
        let end = markup.find(close).map_or(markup.len(), |end| end + 2);
        let (markup, after) = markup.split_at(end);
        let line = || 1 + text[..text.len() - rest.len() + start].matches('\n').count();
        if brackets(markup) > BRACKETS {
            return Err(format!("line {}: brackets nest deeper than {BRACKETS}", line()));
        }
        let name = if close == "%}" { tag_name(markup) } else { "" };
        if OPENING.contains(&name) {
            depth += 1;
            result.nesting = result.nesting.max(depth);
        } else if name.strip_prefix("end").is_some_and(|name| OPENING.contains(&name)) {
            depth = depth.saturating_sub(1);
        }
        if depth > BLOCKS {
            return Err(format!("line {}: blocks nest deeper than {BLOCKS}", line()));
        }
        result.text.push_str(&markup.replace('\t', " "));
        rest = after;
        if name == "raw" {
            let end = after.find("endraw").unwrap_or(after.len());
            let (raw, after) = after.split_at(end);
            result.text.push_str(raw);
            rest = after;
        }
    }
    result.text.push_str(rest);
    Ok(result)
}

fn next_markup(text: &str) -> Option<usize> {
    let follows = |at: usize| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%'));
    text.match_indices('{').map(|(at, _)| at).find(|at| follows(*at))
}

const OPENING: [&str; 8] = ["if", "unless", "for", "case", "capture", "tablerow", "ifchanged", "comment"];

fn tag_name(markup: &str) -> &str {
    let inner = markup.trim_start_matches("{%").trim_start_matches('-').trim_start();
    inner.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("")
}

fn brackets(markup: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in markup.bytes() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_before_the_crate_sees_it() {
        assert_eq!(check("a{% if x %}{%- for y in z -%}{% endfor %}{% endif %}").map(|c| c.nesting), Ok(2));
        let error = check(&format!("\n{}", "{% if x %}".repeat(61))).map(|c| c.nesting);
        assert_eq!(error, Err("line 2: blocks nest deeper than 60".to_owned()));
        assert!(check(&format!("{{{{ {}x{} }}}}", "a[".repeat(31), "]".repeat(31))).is_err());
        assert_eq!(check("{%\tif\tx %}\t{% endif %}").map(|c| c.text), Ok("{% if x %}\t{% endif %}".into()));
        assert_eq!(
            check(&format!("{{% raw %}}{}{{% endraw %}}", "{% if %}".repeat(99))).map(|c| c.nesting),
            Ok(0)
        );
        for odd in ["{{", "{%", "{{ %}", "{% raw", "{%-", "ä{{ü"] {
            assert_eq!(check(odd).map(|c| c.text), Ok(odd.to_owned()));
        }
    }
}
