//! Where records live, and where they have lived: what only history knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The present and the past addresses of records, by an identity such as `course:ck9zz` or `document:about.md`.
///
/// An address is a path below the site's base address: `/courses/ruhig/`. Records that have gone keep their past, so that
/// one which comes back is found under all the addresses that it ever had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    #[serde(default, rename = "addresses")]
    present: BTreeMap<String, String>,
    #[serde(default, rename = "pastAddresses")]
    past: BTreeMap<String, Vec<String>>,
}

impl History {
    /// Takes note of where a record lives now.
    pub fn learn(&mut self, id: &str, address: &str) {
        match self.present.get_mut(id) {
            Some(known) if known == address => return,
            Some(known) => {
                let past = self.past.entry(id.to_owned()).or_default();
                let left = std::mem::replace(known, address.to_owned());
                past.retain(|old| *old != left && old != address);
                past.push(left);
            }
            None => drop(self.present.insert(id.to_owned(), address.to_owned())),
        }
        self.past.retain(|_, past| !past.is_empty());
    }

    /// Where a record lives, as far as is known.
    pub fn address(&self, id: &str) -> Option<&str> {
        self.present.get(id).map(String::as_str)
    }

    /// The past addresses of records, oldest first, with the identity and the present address.
    pub fn moves(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.past
            .iter()
            .filter_map(|(id, past)| Some((id.as_str(), self.present.get(id)?.as_str(), past.as_slice())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_past_address_is_kept_once_and_a_way_back_is_no_move() {
        let mut history = History::default();
        for address in ["/a/", "/b/", "/b/", "/c/", "/b/", "/d/"] {
            history.learn("course:1", address);
        }
        history.learn("course:2", "/x/");
        let moves: Vec<_> = history.moves().collect();
        assert_eq!(moves, [("course:1", "/d/", ["/a/", "/c/", "/b/"].map(str::to_owned).as_slice())]);
    }
}
