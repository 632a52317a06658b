//! The ways in which the catalogue is cut: by level, place and month, and what is over apart.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

use super::courses::Entry;
use super::views::Addresses;
use crate::base::text::slugify;
use crate::config::Config;
use crate::model::course::{Course, Level};
use crate::model::view::{Key, List, Map, Value};

/// The courses of the site in groups, each by its place in the catalogue.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Whether courses that are over have lists of their own, and so stand in no other.
    pub(super) has_archive: bool,
    /// What the catalogue lists.
    pub(super) listed: Vec<u32>,
    /// What is over, newest first, with the courses that the source no longer has.
    pub(super) over: Vec<u32>,
    /// Where courses are to come, by name.
    pub(super) places: Vec<Group>,
    /// When courses are to come, by month.
    pub(super) months: Vec<Group>,
}

/// The courses of one place or month.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) slug: Arc<str>,
    /// The first day of a month.
    day: Option<Date>,
    pub(super) courses: Vec<u32>,
}

/// Which courses a list holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut<'a> {
    All,
    Over,
    Level(Level),
    Place(&'a Group),
    Month(&'a Group),
}

impl Groups {
    pub(super) fn of(config: &Config, entries: &[Entry], has_archive: bool) -> Self {
        let mut groups = Self { has_archive, ..Self::default() };
        let mut places: BTreeMap<Arc<str>, Group> = BTreeMap::new();
        let mut months: BTreeMap<Date, Group> = BTreeMap::new();
        // Few places are shared by many courses.
        let mut known: HashMap<&str, Option<(&str, Arc<str>)>> = HashMap::new();
        for (number, entry) in (0..).zip(entries) {
            let course = &entry.course;
            if entry.is_past {
                groups.over.push(number);
            }
            if course.archived_at.is_none() && !(has_archive && entry.is_past) {
                groups.listed.push(number);
            }
            if entry.is_past {
                continue;
            }
            let location = course.location.as_deref().unwrap_or_default();
            if let Some((name, slug)) = known.entry(location).or_insert_with(|| place(location)) {
                let place = places.entry(slug.clone()).or_insert_with(|| Group::new(name, slug, None));
                place.add(number, name);
            }
            if let Some(day) = month(course, config) {
                let month = months.entry(day).or_insert_with(|| {
                    let name = month_slug(day);
                    Group::new(&name, &name, Some(day))
                });
                month.courses.push(number);
            }
        }
        let start = |number: &u32| {
            let course = entries.get(*number as usize).map(|entry| &entry.course);
            Reverse(course.and_then(|course| course.start).map(|start| start.sort_key()))
        };
        groups.over.sort_by_cached_key(start);
        groups.places = places.into_values().collect();
        groups.places.sort_by_cached_key(|place| (place.name.to_lowercase(), place.slug.clone()));
        groups.months = months.into_values().collect();
        groups
    }

    /// What the catalogue lists of a level.
    pub(super) fn of_level(&self, entries: &[Entry], level: Level) -> Vec<u32> {
        let is_of = |number: &u32| entries.get(*number as usize).is_some_and(|e| e.course.level == level);
        self.listed.iter().copied().filter(is_of).collect()
    }

    /// `site.places` and `site.months`.
    pub(super) fn lists(&self, addresses: &Addresses) -> [List; 2] {
        let places = self.places.iter().map(|place| Cut::Place(place).map(place.courses.len(), addresses));
        let months = self.months.iter().map(|month| Cut::Month(month).map(month.courses.len(), addresses));
        [places.collect(), months.collect()]
    }
}

impl Group {
    fn new(name: &str, slug: &Arc<str>, day: Option<Date>) -> Self {
        Self { name: name.into(), slug: slug.clone(), day, courses: Vec::new() }
    }

    /// Where a place is spelt in several ways, the name does not hang on the order of the courses.
    fn add(&mut self, number: u32, name: &str) {
        if *name < *self.name {
            self.name = name.into();
        }
        self.courses.push(number);
    }
}

impl Cut<'_> {
    /// What templates ask for to tell lists apart.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::All => "courses",
            Self::Over => "archive",
            Self::Level(_) => "level",
            Self::Place(_) => "place",
            Self::Month(_) => "month",
        }
    }

    /// The parts of the address of its first page.
    pub(super) fn parts(&self) -> Vec<Arc<str>> {
        match self {
            Self::All => vec!["courses".into()],
            Self::Over => vec!["courses".into(), ARCHIVE.into()],
            Self::Level(level) => vec!["levels".into(), level.slug().into()],
            Self::Place(place) => vec!["places".into(), place.slug.clone()],
            Self::Month(month) => vec!["months".into(), month.slug.clone()],
        }
    }

    /// Its name, where it has one of its own.
    pub(super) fn title(&self) -> Arc<str> {
        match self {
            Self::All | Self::Over => self.kind().into(),
            Self::Level(level) => level.name().into(),
            Self::Place(group) | Self::Month(group) => group.name.clone(),
        }
    }

    /// The group as lists of its like show it: with the number of its courses.
    pub(super) fn map(&self, count: usize, addresses: &Addresses) -> Map {
        let slug = self.parts().pop().unwrap_or_default();
        let address = format!("/{}/", self.parts().join("/"));
        let mut entries: Vec<(Key, Value)> = vec![
            ("name".into(), Value::from(&self.title())),
            ("slug".into(), Value::from(&slug)),
            ("url".into(), addresses.link(&address).into()),
            ("count".into(), count.into()),
        ];
        if let Self::Month(Group { day: Some(day), .. }) = self {
            entries.push(("date".into(), day.to_string().into()));
        }
        Map::new(entries)
    }
}

/// The last part of the address of the list of what is over. No course lives there.
pub(super) const ARCHIVE: &str = "archive";

/// The place of a course: what its location says before the first comma, with the name in addresses.
pub(super) fn place(location: &str) -> Option<(&str, Arc<str>)> {
    let name = location.split(',').next().unwrap_or_default().trim();
    let slug = slugify(name);
    (!slug.is_empty()).then(|| (name, slug.into()))
}

/// The first day of the month in which a course begins.
pub(super) fn month(course: &Course, config: &Config) -> Option<Date> {
    course.start.map(|start| start.date(&config.site.time_zone).first_of_month())
}

/// `2027-03`: the month in addresses.
pub(super) fn month_slug(first: Date) -> Arc<str> {
    // The first day, without the day: thousands of courses ask for it.
    match first.year() {
        0..=9999 => {
            let digits =
                [first.year() / 1000, first.year() / 100 % 10, first.year() / 10 % 10, first.year() % 10];
            let month = i16::from(first.month());
            let mut slug = String::with_capacity(7);
            slug.extend(digits.map(digit));
            slug.push('-');
            slug.extend([month / 10, month % 10].map(digit));
            slug.into()
        }
        year => format!("{year:04}-{:02}", first.month()).into(),
    }
}

fn digit(number: i16) -> char {
    char::from(b'0' + number as u8)
}
