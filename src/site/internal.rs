//! Pages for the house: the course that comes next with its participants and materials. They are no part of the site, and
//! nothing of the site leads to them.

use std::sync::Arc;

use super::plan::{Edition, Site};
use super::records::Records;
use super::route::Route;
use super::views::{self, PageView};
use crate::base::text::slugify;
use crate::error::Result;
use crate::model::course::{Course, CourseId};
use crate::model::material::{Material, Scalars, fill};
use crate::model::participant::Participant;
use crate::model::people::People;
use crate::model::view::{List, Map, Value};

/// The layout that is rendered once for each material; every other one is rendered once.
const MATERIAL: &str = "material";

/// A page for the house.
#[derive(Debug)]
pub struct InternalPage {
    /// Where it lives, below the folder of internal pages.
    pub route: Route,
    /// Its layout.
    pub layout: String,
    /// What the layout sees: participants with all their fields.
    pub view: Map,
    /// Its language, by the place in the configuration's list.
    pub language: usize,
}

/// The pages about one course, for these layouts, in every language.
pub fn internal(site: &Site, course: &CourseId, layouts: &[&str]) -> Result<Vec<InternalPage>> {
    let mut pages = Vec::new();
    for (language, edition) in site.editions.iter().enumerate() {
        let at = edition.records.entries.iter().position(|entry| entry.course.id == *course);
        if let Some(at) = at.and_then(|at| u32::try_from(at).ok()) {
            let house = House::new(site, edition, language, at, layouts);
            for layout in layouts {
                match *layout {
                    MATERIAL => house.materials(&mut pages)?,
                    layout => pages.push(house.page(layout, &[layout], None)?),
                }
            }
        }
    }
    Ok(pages)
}

/// What all internal pages of a language see.
struct House<'a> {
    edition: &'a Edition,
    language: usize,
    /// The title of the course, in the language.
    title: Arc<str>,
    course: Map,
    internal: Map,
    /// The materials with their placeholders filled, each with the last part of its address.
    materials: Vec<(String, Map)>,
    /// What the addresses of internal pages begin with.
    prefix: String,
}

impl<'a> House<'a> {
    fn new(site: &Site, edition: &'a Edition, language: usize, at: u32, layouts: &[&str]) -> Self {
        let records = &edition.records;
        // Internal pages of all languages live in one tree: its address is all that has to be protected.
        let root = site.editions.first().map_or(&records.addresses, |main| &main.records.addresses);
        let prefix = format!("{}{}", root.link("/internal"), records.config.site.prefix);
        let mut house = Self {
            edition,
            language,
            title: "".into(),
            course: Records::map(records, at),
            internal: Map::default(),
            materials: Vec::new(),
            prefix,
        };
        let Some(entry) = records.entries.get(at as usize) else { return house };
        let course = &entry.course;
        house.title = course.title.clone();
        let people = course.participants.iter().flat_map(People::iter);
        let participants: List = people.map(|person| views::person(&person)).collect();
        house.course = house.course.with("participants", participants);
        house.materials = house.filled(course);
        let link = |layout: &str| format!("{}/{layout}/", house.prefix);
        let pages: List = (layouts.iter().filter(|layout| **layout != MATERIAL))
            .map(|layout| {
                Map::new(vec![("name".into(), (*layout).into()), ("url".into(), link(layout).into())])
            })
            .collect();
        let topics = house.topics(course, layouts.contains(&MATERIAL));
        house.internal = Map::new(vec![
            ("pages".into(), pages.into()),
            ("has_participants".into(), course.participants.is_some().into()),
            ("has_materials".into(), course.materials.is_some().into()),
            ("topics".into(), topics.into()),
        ]);
        house
    }

    /// The materials with their placeholders filled.
    fn filled(&self, course: &Course) -> Vec<(String, Map)> {
        let zone = &self.edition.records.config.site.time_zone;
        let day = |moment: Option<crate::model::moment::Moment>| moment.map(|at| at.date(zone).to_string());
        let scalars = Scalars {
            title: course.title.to_string(),
            slug: course.slug.to_string(),
            level: course.level.name().to_owned(),
            start: day(course.start),
            end: day(course.end),
            participant_count: course.participant_count,
        };
        let people: Vec<Participant> = course.participants.iter().flat_map(People::iter).collect();
        let topics = course.materials.iter().flat_map(|materials| &materials.topics);
        let mut found: Vec<(String, Map)> = Vec::new();
        for (topic, material) in topics.flat_map(|topic| topic.materials.iter().map(move |m| (topic, m))) {
            let Material { id, identifier, title, html } = material;
            let own = [&**identifier, &**id].into_iter().map(slugify).find(|slug| !slug.is_empty());
            let mut slug = own.unwrap_or_else(|| "material".to_owned());
            if found.iter().any(|(taken, _)| *taken == slug) {
                slug = format!("{slug}-{}", found.len() + 1);
            }
            let content = html.as_ref().map(|html| Value::Html(fill(html, &scalars, &people).into()));
            let entries = vec![
                ("id".into(), Value::from(id)),
                ("identifier".into(), Value::from(identifier)),
                ("title".into(), Value::from(title)),
                ("topic".into(), Value::from(&topic.title)),
                ("url".into(), format!("{}/{MATERIAL}/{slug}/", self.prefix).into()),
                ("content".into(), content.unwrap_or_default()),
            ];
            found.push((slug, Map::new(entries)));
        }
        found
    }

    /// The materials by topic; without addresses where no layout makes pages of them.
    fn topics(&self, course: &Course, have_pages: bool) -> List {
        let mut materials = self.materials.iter();
        let topics = course.materials.iter().flat_map(|materials| &materials.topics);
        let topic = |topic: &crate::model::material::Topic| {
            let own: List = (materials.by_ref().take(topic.materials.len()))
                .map(|(_, map)| if have_pages { map.clone() } else { map.with("url", Value::Nil) })
                .collect();
            Map::new(vec![("title".into(), Value::from(&topic.title)), ("materials".into(), own.into())])
        };
        topics.map(topic).collect()
    }

    fn materials(&self, pages: &mut Vec<InternalPage>) -> Result<()> {
        for (slug, map) in &self.materials {
            pages.push(self.page(MATERIAL, &[MATERIAL, slug], Some(map))?);
        }
        Ok(())
    }

    fn page(&self, layout: &str, parts: &[&str], material: Option<&Map>) -> Result<InternalPage> {
        let records = &self.edition.records;
        let title = match material.and_then(|material| material.get("title")) {
            Some(Value::Text(title)) => title.clone(),
            _ => self.title.clone(),
        };
        let page = PageView {
            kind: "internal",
            title: &title,
            url: format!("{}/{}/", self.prefix, parts.join("/")),
            description: None,
            section: "",
            front: None,
            content: None,
            prose: None,
            updated_at: None,
            related: List::default(),
            previous: None,
            next: None,
            card: None,
            language: &records.config.site.language,
            is_fallback: false,
        };
        let view = Map::new(vec![
            ("site".into(), self.edition.view.clone().into()),
            ("page".into(), page.map(&records.addresses).into()),
            ("course".into(), self.course.clone().into()),
            ("internal".into(), self.internal.clone().into()),
            ("material".into(), Value::maybe(material.cloned())),
        ]);
        let route = Route::page(parts)?.below(&records.config.site.prefix);
        Ok(InternalPage { route, layout: layout.to_owned(), view, language: self.language })
    }
}
