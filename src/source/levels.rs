//! Words of a source, such as grades, that stand for one of the three levels.

use crate::config::Levels;
use crate::model::course::Level;

/// The level of the first of these words that stands for one.
pub(super) fn level<'w>(levels: &Levels, words: impl IntoIterator<Item = &'w str>) -> Level {
    let known = |word: &str| {
        let word = word.trim().to_lowercase();
        levels.words.get(&word).map_or(word.parse(), |name| name.parse()).ok()
    };
    let otherwise = || levels.otherwise.parse().unwrap_or(Level::Beginner);
    words.into_iter().find_map(known).unwrap_or_else(otherwise)
}
