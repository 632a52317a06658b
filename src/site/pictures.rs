//! Pictures of courses that cannot be shown: neither pages nor machines are told of them.

use std::sync::Arc;

use super::courses::Entry;
use crate::base::digest::Fingerprint;
use crate::base::mistakes::shown;
use crate::model::course::Course;

/// Why a picture cannot be shown, by what the course calls it and the route of the page.
pub(super) type Objection<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// Takes the pictures out of courses that have none to show, with a warning that names the course or its file.
pub(super) fn leave_out(entries: &mut Arc<Vec<Entry>>, objection: Objection<'_>, warnings: &mut Vec<String>) {
    let mut without = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let image = entry.course.image.as_deref().filter(|image| !image.trim().is_empty());
        let Some(image) = image else { continue };
        let Some(told) = objection(image, entry.route.path()) else { continue };
        let own = entry.overlay.as_ref().filter(|overlay| overlay.image.is_some());
        let place = match own {
            Some(overlay) => format!("content/{}", overlay.source),
            None => format!("course {}", shown(entry.course.id.as_str())),
        };
        // What follows a question mark may be a secret.
        let address = shown(image.split(['?', '#']).next().unwrap_or_default());
        warnings.push(format!("{place}: the picture \"{address}\" is left out: {told}"));
        without.push(number);
    }
    if without.is_empty() {
        return;
    }
    let entries = Arc::make_mut(entries);
    for number in without {
        let Some(entry) = entries.get_mut(number) else { continue };
        entry.course = Arc::new(Course { image: None, ..Course::clone(&entry.course) });
        entry.mark = Fingerprint::new(48).number(entry.mark).get();
    }
}
