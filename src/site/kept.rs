//! What of a plan may serve the next one. In a watched site each save changes a file or two, and nearly always leaves the
//! courses, their order and their addresses as they are.

use std::sync::{Arc, Mutex, PoisonError};

use super::courses::{self, Entry};
use super::groups::Groups;
use super::plan::Input;
use super::related::{self, Related};
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::document::Overlay;

/// The courses in one language, joined with local content, in order, with what is known of them together.
#[derive(Debug, Clone)]
pub(super) struct Courses {
    pub(super) entries: Arc<Vec<Entry>>,
    /// Their places, in the order of their ids.
    pub(super) by_id: Arc<[u32]>,
    /// What else may interest whoever looks at one.
    pub(super) related: Arc<Related>,
    pub(super) groups: Arc<Groups>,
    pub(super) warnings: Vec<String>,
    /// From which second since 1970 on they stand as they do, and until which.
    pub(super) window: (i64, i64),
}

/// What the courses of the last plan were made from.
#[derive(Debug)]
struct Before {
    catalogue: Catalogue,
    overlays: Vec<Arc<Overlay>>,
    courses: Courses,
}

/// Keeps the courses of the last plan, a language each. All plans that share one have the same configuration.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<Option<Before>>>);

/// So many files at once are looked at one by one; where more have changed, everything is made anew.
const FEW: usize = 8;

impl Kept {
    /// The courses in the language at `language`, made of what is kept as far as that holds.
    pub(super) fn courses(&self, input: &Input<'_>, language: usize) -> Result<Courses> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() <= language {
            all.resize_with(language + 1, || None);
        }
        // Taken out first: what fails half-way is not kept.
        let before = all[language].take();
        let courses = match before.as_ref().and_then(|before| before.renewed(input)) {
            Some(courses) => courses,
            None => Courses::join(input)?,
        };
        let overlays = input.content.overlays.clone();
        all[language] =
            Some(Before { catalogue: input.catalogue.clone(), overlays, courses: courses.clone() });
        Ok(courses)
    }
}

impl Courses {
    /// Joins all of them.
    pub(super) fn join(input: &Input<'_>) -> Result<Self> {
        let (config, now, overlays) = (input.config, input.now, &input.content.overlays);
        let has_archive = has_archive(input);
        let mut warnings = Vec::new();
        let (entries, by_id) =
            courses::join(config, input.catalogue, overlays, input.changed_at, now, &mut warnings)?;
        let ((related, groups), window) = rayon::join(
            || rayon::join(|| related::courses(&entries), || Groups::of(config, &entries, has_archive)),
            || courses::window(config, &entries, now),
        );
        let (entries, related, groups) = (entries.into(), related.into(), groups.into());
        Ok(Self { entries, by_id: by_id.into(), related, groups, warnings, window })
    }
}

impl Before {
    /// The same courses for other content, where only few files of courses have changed, and nothing that moves a course.
    fn renewed(&self, input: &Input<'_>) -> Option<Courses> {
        let Courses { entries, window: (since, until), .. } = &self.courses;
        let is_same_catalogue = self.catalogue.len() == input.catalogue.len()
            // Archived courses come from the memory, as copies.
            && (self.catalogue.shared().zip(input.catalogue.shared()))
                .all(|(a, b)| Arc::ptr_eq(a, b) || (a.archived_at.is_some() && a == b));
        let is_same_change = |entry: &Entry| {
            entry.course.updated_at.is_some() || (input.changed_at)(&entry.course) == entry.updated_at
        };
        let now = input.now.as_second();
        let holds = *since <= now
            && now < *until
            && self.courses.groups.has_archive == has_archive(input)
            && is_same_catalogue
            && entries.iter().all(is_same_change);
        let changed = self.changed(&input.content.overlays).filter(|_| holds)?;
        if changed.is_empty() {
            return Some(self.courses.clone());
        }
        let mut entries = Vec::clone(entries);
        let mut is_alike = true;
        for overlay in changed {
            let is_of = |entry: &&mut Entry| {
                entry.overlay.as_ref().is_some_and(|known| known.source == overlay.source)
            };
            for entry in entries.iter_mut().filter(is_of) {
                let course = input.catalogue.get_shared(&entry.course.id)?;
                let new = courses::again(entry, course, overlay, input.config, input.now)?;
                is_alike &= is_grouped_alike(entry, &new);
                *entry = new;
            }
        }
        let window = courses::window(input.config, &entries, input.now);
        let (related, groups) = match is_alike {
            true => (self.courses.related.clone(), self.courses.groups.clone()),
            false => {
                let groups = Groups::of(input.config, &entries, self.courses.groups.has_archive);
                (related::courses(&entries).into(), groups.into())
            }
        };
        let Courses { by_id, warnings, .. } = self.courses.clone();
        Some(Courses { entries: entries.into(), by_id, related, groups, warnings, window })
    }

    /// The files of courses that say something else than before; nothing where there are many, or where it is other files,
    /// or they belong to other courses.
    fn changed<'o>(&self, overlays: &'o [Arc<Overlay>]) -> Option<Vec<&'o Arc<Overlay>>> {
        if overlays.len() != self.overlays.len() {
            return None;
        }
        let mut changed = Vec::new();
        for (old, new) in self.overlays.iter().zip(overlays).filter(|(old, new)| old != new) {
            let is_at_home = old.source == new.source
                && old.language == new.language
                && old.course == new.course
                && old.course_id == new.course_id
                && old.front.is_held_back == new.front.is_held_back;
            if !is_at_home || changed.len() == FEW {
                return None;
            }
            changed.push(new);
        }
        Some(changed)
    }
}

/// Whether courses that are over have lists of their own.
fn has_archive(input: &Input<'_>) -> bool {
    (input.has_layout)("archive")
}

/// Whether a course stands in the same lists as before.
fn is_grouped_alike(old: &Entry, new: &Entry) -> bool {
    let terms = |entry: &Entry| entry.overlay.as_ref().map(|overlay| overlay.front.terms.clone());
    let (a, b) = (&old.course, &new.course);
    a.location == b.location
        && (a.level, a.start, a.end, old.is_past) == (b.level, b.start, b.end, new.is_past)
        && terms(old) == terms(new)
}
