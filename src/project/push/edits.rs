//! Texts that are edited here and meant for a source; which source takes what.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Job;
use crate::base::text::slugify;
use crate::config::{Entry, Source as Configured};
use crate::model::catalogue::Catalogue;
use crate::model::conflict::Edit;
use crate::model::course::{Course, CourseId};
use crate::model::document::Overlay;
use crate::model::push::{Push, TextField};
use crate::sync::Conflicts;

/// Whether something of it is meant for the source. Translations are not: sources have one language.
pub(super) fn is_meant(overlay: &Overlay) -> bool {
    overlay.language == 0 && !overlay.push.is_empty()
}

/// The course that an overlay belongs to.
pub(super) fn course_of<'c>(catalogue: &'c Catalogue, overlay: &Overlay) -> Option<&'c Course> {
    match &overlay.course_id {
        Some(id) => catalogue.get(&CourseId::new(id.clone())),
        None => catalogue
            .iter()
            .find(|course| course.slug == overlay.course || slugify(&course.slug) == *overlay.course),
    }
}

pub(super) fn edits(overlay: &Overlay, course: &Course) -> Vec<Edit> {
    let edit = |field: &TextField| {
        let (local, remote) = match field {
            TextField::Result => return None,
            TextField::Title => (overlay.front.title.as_deref()?, &*course.title),
            TextField::Description => {
                (overlay.front.description.as_deref()?, course.description.as_deref().unwrap_or_default())
            }
        };
        Some(Edit {
            course: course.id.as_str().to_owned(),
            field: *field,
            local: local.to_owned(),
            remote: remote.to_owned(),
            remote_updated_at: course.updated_at,
        })
    };
    overlay.push.iter().filter_map(edit).collect()
}

/// A result as an edit: by hashes, for it is somebody's.
pub(super) fn result_edit(push: &Push) -> Option<Edit> {
    Some(Edit {
        course: push.key(),
        field: TextField::Result,
        local: push.own_mark()?,
        remote: String::new(),
        remote_updated_at: None,
    })
}

pub(super) fn hide(overlay: &mut Overlay, field: TextField) {
    match field {
        TextField::Result => {}
        TextField::Title => overlay.front.title = None,
        TextField::Description => overlay.front.description = None,
    }
}

pub(super) fn collide(
    conflicts: &mut Conflicts,
    job: &Job,
    id: &str,
    remote: &BTreeMap<TextField, String>,
    now: Timestamp,
) {
    for edit in &job.edits {
        let remote = remote.get(&edit.field).cloned().unwrap_or_default();
        if remote != edit.remote {
            conflicts.collided(&Edit { remote, ..edit.clone() }, id, now);
        }
    }
}

/// The source that a result is for: the one that is named, or the only one that takes such a thing.
pub(super) fn target<'e>(
    entries: &'e [Entry],
    named: Option<&str>,
    push: &Push,
) -> std::result::Result<&'e Entry, String> {
    let takes = |entry: &&Entry| match push {
        Push::Outcome(_) => matches!(entry.source, Configured::Hemera(_)),
        Push::Score(_) | Push::LineItem(_) => {
            matches!(&entry.source, Configured::OneRoster(roster) if roster.csv.is_none())
        }
        Push::Text(_) => matches!(entry.source, Configured::EdFi(_)),
    };
    let fitting: Vec<&Entry> = entries.iter().filter(takes).collect();
    match named {
        Some(id) => fitting
            .into_iter()
            .find(|entry| entry.id == id)
            .ok_or_else(|| format!("there is no source `{id}` that takes such a result")),
        None => match fitting.as_slice() {
            [one] => Ok(one),
            [] => Err("no source of this site takes such a result".to_owned()),
            _ => Err("several sources take such a result: name one by `source`".to_owned()),
        },
    }
}
