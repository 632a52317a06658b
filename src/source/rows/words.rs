//! Words that come again and again in the rows of a file.

use std::collections::HashSet;
use std::sync::Arc;

/// Statuses, places, currencies, each kept once.
#[derive(Default)]
pub(super) struct Words(HashSet<Arc<str>>);

impl Words {
    /// The word, shared if it is short.
    pub(super) fn get(&mut self, word: &str) -> Arc<str> {
        const LONGEST: usize = 64;
        if let Some(known) = self.0.get(word) {
            return known.clone();
        }
        let new: Arc<str> = word.into();
        if word.len() <= LONGEST {
            self.0.insert(new.clone());
        }
        new
    }
}
