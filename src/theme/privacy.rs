//! The error for a template that reads what a public page may not show. The engine gives no line for a read, so the
//! templates that took part are searched for the field's name.

use super::places::Template;
use crate::error::{Error, Kind};

/// The error for a read of `field` by one of the templates in `used`.
pub(super) fn error(field: &str, used: &[&Template], file: &str, page: &str) -> Error {
    let place = used
        .iter()
        .filter_map(|template| find(&template.text, field).map(|(sure, line)| (sure, template, line)))
        // The surest find; of equal ones the first.
        .reduce(|best, other| if other.0 && !best.0 { other } else { best })
        .map_or_else(|| file.to_owned(), |(_, template, line)| format!("{}:{line}", template.file));
    let message =
        format!("{place}: this template reads `{field}` of a participant, which is not public {page}");
    Error::new(Kind::Privacy, message)
        .hint(format!(
            "if these pages may show it, add \"{field}\" to `public_fields` under `[privacy]` in aither.toml"
        ))
        .hint("how many participants there are is always public: `course.participant_count`")
}

/// The line that reads `field`, and whether the name before it stands for a participant.
fn find(text: &str, field: &str) -> Option<(bool, usize)> {
    let people: Vec<&str> = text
        .match_indices("participants")
        .filter_map(|(at, _)| text[..at].rsplit_once("for ")?.1.split_whitespace().next())
        .collect();
    let mut first = None;
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices(field) {
            let (before, after) = (&line[..at], &line[at + field.len()..]);
            let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
            let Some(owner) = before.strip_suffix(['.', '"', '\'']).filter(|_| ends) else { continue };
            let owner = owner.trim_end_matches('[');
            let name = owner.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            if people.contains(&name) || owner.contains("participants") {
                return Some((true, index + 1));
            }
            first.get_or_insert((false, index + 1));
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_line_that_reads_a_participant_is_preferred() {
        let text =
            "{{ page.name }}\n{% for p in course.participants %}\n{{ p.name_of }}{{ p.name | escape }}\n";
        assert_eq!(find(text, "name"), Some((true, 3)));
        assert_eq!(find("\n{{ x.name }}", "name"), Some((false, 2)));
        assert_eq!(find("{{ x['name'] }}", "name"), Some((false, 1)));
        assert_eq!(find("\n{{ course.participants | map: 'name' }}", "name"), Some((true, 2)));
        assert_eq!(find("{{ names }}", "name"), None);
    }
}
