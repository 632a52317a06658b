//! Many pages that failed, as one error.

use std::collections::{BTreeSet, HashMap};

use crate::base::text;
use crate::error::Error;

/// After so many files that cannot be made a build gives up: what is wrong with one template is wrong with all its pages, and
/// each may take as long as a page is allowed to.
pub(super) const FAILURES: usize = 20;

/// One error of many: the first, with the number of the others and what they say. `left` files were not tried any more.
/// A mistake in a partial is told once, however many pages include it.
pub(super) fn together(errors: Vec<Error>, left: usize) -> Option<Error> {
    const SHOWN: usize = 5;
    let mut pages: HashMap<String, usize> = HashMap::new();
    errors.iter().for_each(|error| *pages.entry(error.mistake().to_owned()).or_default() += 1);
    let told = |error: &Error| match pages.get(error.mistake()) {
        Some(count @ 2..) => {
            format!("{}\n  and on {}", error.message(), text::count(count - 1, "more page", "more pages"))
        }
        _ => error.message().to_owned(),
    };
    let mut seen = BTreeSet::new();
    let mut errors = errors.into_iter().filter(|error| seen.insert(error.mistake().to_owned()));
    let first = errors.next()?;
    let rest: Vec<Error> = errors.collect();
    if rest.is_empty() && left == 0 && pages.values().all(|count| *count == 1) {
        return Some(first);
    }
    let mut message = told(&first);
    for error in rest.iter().take(SHOWN - 1) {
        message.push_str("\n\n");
        message.push_str(&told(error));
    }
    if rest.len() >= SHOWN {
        message.push_str(&format!("\n\n… and {} more", rest.len() + 1 - SHOWN));
    }
    if left > 0 {
        let left = text::count(left, "more page was", "more pages were");
        message.push_str(&format!("\n\nAfter {FAILURES} failures {left} not tried"));
    }
    let error = Error::new(first.kind(), message);
    Some(first.hints().iter().fold(error, |error, hint| error.hint(hint)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_mistake_is_told_once_however_many_pages_meet_it() {
        let failure = |what: &str, page: &str| {
            Error::new(Kind::Template, what)
                .met_by(&format!("\n  in the `include` at base.liquid:1:1\n  on the page {page}"))
        };
        let one = together(vec![failure("a.liquid:1:1: x", "a")], 0).unwrap();
        assert!(!one.message().contains("more page"), "{one:?}");
        let errors = vec![
            failure("a.liquid:1:1: x", "a"),
            failure("b.liquid:2:2: y", "b"),
            failure("a.liquid:1:1: x", "c"),
            failure("a.liquid:1:1: x", "d"),
        ];
        let all = together(errors, 3).unwrap();
        assert_eq!(all.message().matches("a.liquid:1:1: x").count(), 1);
        assert!(
            all.message().contains("  on the page a\n  and on 2 more pages\n\nb.liquid:2:2: y"),
            "{all:?}"
        );
        assert!(all.message().ends_with("After 20 failures 3 more pages were not tried"), "{all:?}");
    }
}
