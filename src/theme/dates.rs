//! Dates as templates write them, for what no template makes.

use super::Theme;
use crate::liquid::{Scene, Template, Value};

/// Writes dates in the languages of a site.
#[derive(Debug)]
pub struct Dates(Option<Template>);

impl Theme {
    /// The dates of this theme's site.
    pub fn dates(&self) -> Dates {
        Dates(Template::parse("dates", "{{ first | date_range: last }}", &self.language).ok())
    }
}

impl Dates {
    /// Both days in as few words as they need, in the language at this place in the configuration's list.
    pub fn range(&self, language: usize, first: &str, last: &str) -> String {
        let Some(template) = &self.0 else { return first.to_owned() };
        let variables =
            vec![("first", Value::string(first.to_owned())), ("last", Value::string(last.to_owned()))];
        let scene =
            Scene { variables: variables.into_iter().collect(), locale: language, ..Scene::default() };
        template.render(scene).map_or_else(|_| first.to_owned(), |rendered| rendered.text)
    }
}
