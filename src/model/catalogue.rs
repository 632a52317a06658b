//! The catalogue: all courses, in one fixed order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Change;
use super::course::{Course, CourseId};
use crate::base::order::sort_by_text;

/// All courses that are known, by id. A clone shares all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    courses: Arc<BTreeMap<CourseId, Arc<Course>>>,
}

impl Catalogue {
    /// A catalogue of these courses; of two with one id the later holds.
    pub fn new(courses: impl IntoIterator<Item = Course>) -> Self {
        let courses: BTreeMap<_, _> =
            courses.into_iter().map(|course| (course.id.clone(), course.into())).collect();
        Self { courses: courses.into() }
    }

    /// How many courses there are.
    pub fn len(&self) -> usize {
        self.courses.len()
    }

    /// Whether there is no course.
    pub fn is_empty(&self) -> bool {
        self.courses.is_empty()
    }

    /// The course with this id.
    pub fn get(&self, id: &CourseId) -> Option<&Course> {
        self.courses.get(id).map(|course| &**course)
    }

    /// The course with this id, to be shared.
    pub fn get_shared(&self, id: &CourseId) -> Option<&Arc<Course>> {
        self.courses.get(id)
    }

    /// The courses by id.
    pub fn iter(&self) -> impl Iterator<Item = &Course> {
        self.courses.values().map(|course| &**course)
    }

    /// The courses by id, to be shared.
    pub fn shared(&self) -> impl Iterator<Item = &Arc<Course>> {
        self.courses.values()
    }

    /// The catalogue with some more courses; of two with one id the one that is there holds.
    #[must_use]
    pub fn with(&self, more: &[Course]) -> Self {
        if more.is_empty() {
            return self.clone();
        }
        let mut courses = BTreeMap::clone(&self.courses);
        for course in more {
            courses.entry(course.id.clone()).or_insert_with(|| course.clone().into());
        }
        Self { courses: courses.into() }
    }

    /// The catalogue after these changes. `complete` says that what is not among them has gone.
    pub fn after(&self, changes: Vec<Change>, complete: bool) -> Self {
        if complete && changes.iter().all(|change| matches!(change, Change::Upsert(_))) {
            let all = changes.into_iter().filter_map(|change| match change {
                Change::Upsert(course) => Some((course.id.clone(), course)),
                Change::Remove(_) => None,
            });
            // Built at once, and in order, which takes less than to find the place of each.
            let mut all: Vec<(CourseId, Arc<Course>)> = all.collect();
            sort_by_text(&mut all, |(id, _)| id.as_str());
            return Self { courses: Arc::new(all.into_iter().collect()) };
        }
        let mut courses = if complete { BTreeMap::new() } else { BTreeMap::clone(&self.courses) };
        for change in changes {
            match change {
                Change::Upsert(course) => drop(courses.insert(course.id.clone(), course)),
                Change::Remove(id) => drop(courses.remove(&id)),
            }
        }
        Self { courses: courses.into() }
    }
}
