//! Something done with many files, some of which fail: many failures are one error.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::plan::Work;
use super::run::Request;
use crate::base::text;
use crate::error::{Error, Result};

/// After so many files that cannot be made a build gives up: what is wrong with one template is wrong with all its pages, and
/// each may take as long as a page is allowed to.
const FAILURES: usize = 20;

/// Does something with every file, on all cores. Where many fail, the first ones say why: the others are let be.
pub(super) fn for_all<T: Send>(
    request: &Request<'_>,
    work: &[Work<'_>],
    act: impl Fn(&Work<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    /// Some files take a hundred times longer than others, and stand side by side: nobody is to be left with all of them.
    /// Of few files each is taken by itself.
    const TOGETHER: usize = 4;
    const FEW: usize = 64;
    let at_once = if work.len() < FEW { 1 } else { TOGETHER };
    let failures = AtomicUsize::new(0);
    let results = work.par_iter().with_max_len(at_once).map(|work| {
        if failures.load(Ordering::Relaxed) >= FAILURES {
            return None;
        }
        let result = request.gate.check().and_then(|()| act(work));
        failures.fetch_add(usize::from(result.is_err()), Ordering::Relaxed);
        Some(result)
    });
    let results: Vec<Option<Result<T>>> = results.collect();
    if results.iter().all(|result| matches!(result, Some(Ok(_)))) {
        return Ok(results.into_iter().filter_map(|result| result?.ok()).collect());
    }
    let left = results.iter().filter(|result| result.is_none()).count();
    let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().flatten().partition(Result::is_ok);
    match together(bad.into_iter().filter_map(Result::err).collect(), left) {
        Some(error) => Err(error),
        None => Ok(good.into_iter().flatten().collect()),
    }
}

/// One error of many: the first, with the number of the others and what they say. `left` files were not tried any more.
/// A mistake in a partial is told once, however many pages include it.
fn together(errors: Vec<Error>, left: usize) -> Option<Error> {
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
