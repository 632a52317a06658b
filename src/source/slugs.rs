//! Addresses for courses of sources that have none.

use std::collections::HashMap;

use crate::base::digest::Digest;
use crate::base::text::slugify;
use crate::model::course::Course;

/// Gives each course a slug of its title. Of several with one title the one with the smallest id has it plain; the others
/// add a few digits that come from their ids alone, so that most addresses do not depend on what else there is.
pub(super) fn give(courses: &mut [Course]) {
    courses.sort_by(|a, b| a.id.cmp(&b.id));
    let mut taken: HashMap<String, ()> = HashMap::with_capacity(courses.len());
    for course in courses {
        let mut slug = slugify(&course.title);
        if slug.is_empty() || taken.contains_key(&slug) {
            let digits = format!("{:016x}", Digest::of(course.id.as_str().as_bytes()).short());
            let mut length = 6;
            let plain = if slug.is_empty() { "course".to_owned() } else { slug };
            slug = format!("{plain}-{}", &digits[..length]);
            while taken.contains_key(&slug) && length < digits.len() {
                length += 2;
                slug = format!("{plain}-{}", &digits[..length]);
            }
        }
        taken.insert(slug.clone(), ());
        course.slug = slug.into();
    }
}
