//! The headings of a page: their ids, and the tree that they make.

use std::collections::{HashMap, HashSet};

/// Ids that the page has, so that none is given twice.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) taken: HashSet<String>,
    /// The number to try next for a name: many headings of one name stay cheap.
    next: HashMap<String, usize>,
}

impl Ids {
    pub(super) fn unique(&mut self, wish: String) -> String {
        let wish = if wish.is_empty() { "section".to_owned() } else { wish };
        if self.taken.insert(wish.clone()) {
            return wish;
        }
        let next = self.next.entry(wish.clone()).or_insert(2);
        loop {
            let id = format!("{wish}-{next}");
            *next += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// A heading, with those below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its id in the page.
    pub id: String,
    /// Its text, plain.
    pub title: String,
    /// From 1 to 6.
    pub level: u8,
    /// The headings of deeper levels up to the next one of its own.
    pub children: Vec<Heading>,
}

/// The tree of headings that come in the order of the text. A level that is left out leaves no gap.
pub(super) fn nested(flat: Vec<Heading>) -> Vec<Heading> {
    let mut open: Vec<Heading> = Vec::new();
    let mut roots = Vec::new();
    let close = |open: &mut Vec<Heading>, roots: &mut Vec<Heading>| {
        if let Some(done) = open.pop() {
            open.last_mut().map_or(roots, |parent| &mut parent.children).push(done);
        }
    };
    for heading in flat {
        while open.last().is_some_and(|above| above.level >= heading.level) {
            close(&mut open, &mut roots);
        }
        open.push(heading);
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    roots
}
