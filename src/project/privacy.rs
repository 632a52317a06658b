//! Whether the templates keep to `[privacy]`, also while no booking has been read: what would leak, or end the build,
//! with the first person who books is told at the first build.

use std::collections::HashSet;

use jiff::Timestamp;

use super::Project;
use crate::error::{Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::course::{Course, CourseId, Level};
use crate::model::document::Content;
use crate::model::history::History;
use crate::model::participant::{Participant, Personal};
use crate::model::people::People;
use crate::model::view::Map;
use crate::site::{self, Body};
use crate::theme::{Request, Theme};

impl Project {
    /// Renders a page of each kind for a course with somebody on it, where templates read of people and no course has any
    /// yet. Nothing of it is kept.
    pub(super) fn rehearse(
        &self,
        theme: &Theme,
        catalogue: &Catalogue,
        content: &Content,
        data: &Map,
        now: Timestamp,
    ) -> Result<()> {
        let has_people =
            |course: &Course| course.participants.as_ref().is_some_and(|people| !people.is_empty());
        if !theme.reads_people() || catalogue.iter().any(has_people) {
            return Ok(());
        }
        let nobody = Personal::new("");
        let somebody: People = [Participant::bare(nobody.clone(), nobody)].into_iter().collect();
        let course = catalogue.iter().next().cloned().unwrap_or_else(example);
        let course = Course { participants: Some(somebody), archived_at: None, ..course };
        let input = site::Input {
            config: &self.config,
            catalogue: &Catalogue::new([course]),
            content,
            data,
            has_layout: &|name| theme.has_layout(name),
            changed_at: &|_| None,
            data_changed_at: Some(now),
            synced_at: Some(now),
            now,
            lacks: &|_, _| None,
            brings: &|_| false,
            cards: None,
            redirects: "",
            kept: None,
        };
        // What else is wrong is told better by the build itself.
        let Ok(site) = site::plan(&input, History::default()) else { return Ok(()) };
        let mut seen = HashSet::new();
        for page in site.all() {
            let Body::Layout { layouts, view, content } = &page.body else { continue };
            if !seen.insert(layouts.clone()) {
                continue;
            }
            let layouts: Vec<&str> = layouts.iter().map(|layout| &**layout).collect();
            let (view, name) = (view.map(), page.route.path());
            let request = Request {
                layouts: &layouts,
                view: &view,
                content: content.as_ref(),
                language: page.language,
                now,
                name,
            };
            match theme.render_telling(&request, |_| ()) {
                Err(error) if error.kind() == Kind::Privacy => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A course where there is none.
fn example() -> Course {
    let course = Course::new(CourseId::new("example"), "Example", Level::Beginner);
    Course { slug: "example".into(), participant_count: 1, ..course }
}
