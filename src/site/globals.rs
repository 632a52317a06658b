//! `site`: what every page sees of the site.

use super::courses::Entry;
use super::documents::{Documents, Placed};
use super::groups::Cut;
use super::jekyll;
use super::machine;
use super::plan::Input;
use super::records::Records;
use super::views;
use crate::base::digest::Fingerprint;
use crate::config::Config;
use crate::model::course::Level;
use crate::model::view::{List, Map, Value};

/// What every page sees of the site.
pub(super) fn view<const N: usize>(
    input: &Input<'_>,
    records: &Records,
    course_maps: &[Map],
    documents: &Documents<'_>,
    page_maps: &[Map],
    more: [(&'static str, Map); N],
) -> Map {
    let Records { addresses, entries, groups, .. } = records;
    let site = &input.config.site;
    let those = |wanted: &dyn Fn(&Entry) -> bool| -> List {
        let both = entries.iter().zip(course_maps);
        both.filter(|(entry, _)| wanted(entry)).map(|(_, map)| map.clone()).collect()
    };
    let is_listed = |entry: &Entry| entry.course.archived_at.is_none();
    let levels: List = (Level::ALL.into_iter())
        .map(|level| {
            let count = groups.of_level(entries, level).len();
            Cut::Level(level).map(count, addresses)
        })
        .collect();
    let [places, months] = groups.lists(addresses);
    let sections: List =
        documents.sections.values().map(|placed| views::section(placed, input.config, addresses)).collect();
    let pages: List = page_maps.iter().cloned().collect();
    let mut dated: Vec<(&Placed<'_>, &Map)> =
        (documents.all().zip(page_maps)).filter(|(placed, _)| placed.document.front.date.is_some()).collect();
    dated.sort_by_key(|(placed, _)| {
        (std::cmp::Reverse(placed.document.front.date.map(|date| date.sort_key())), &placed.document.source)
    });
    let posts: List = dated.into_iter().map(|(_, map)| map.clone()).collect();
    let outputs = &input.config.outputs;
    let link = |wanted: bool, name: &str| {
        if wanted { Value::from(addresses.link(&format!("/{name}"))) } else { Value::Nil }
    };
    let extra = Map::from(&site.extra);
    let mut entries = vec![
        ("title".into(), site.title.as_str().into()),
        ("description".into(), site.description.as_str().into()),
        ("base_url".into(), addresses.base_url.as_str().into()),
        ("url".into(), jekyll::origin(addresses).into()),
        ("baseurl".into(), addresses.base_path.as_str().into()),
        ("language".into(), site.language.as_str().into()),
        ("lang".into(), site.language.as_str().into()),
        ("languages".into(), records.languages.list(records.language).into()),
        ("home_url".into(), addresses.link("/").into()),
        // Filters for dates know the word, and how long what they make of it holds.
        ("time".into(), "now".into()),
        ("time_zone".into(), site.time_zone.iana_name().unwrap_or("UTC").into()),
        ("courses".into(), those(&is_listed).into()),
        ("upcoming".into(), those(&|entry| !entry.is_past).into()),
        ("past".into(), those(&|entry| entry.is_past && is_listed(entry)).into()),
        ("archived".into(), those(&|entry| !is_listed(entry)).into()),
        ("levels".into(), levels.into()),
        ("places".into(), places.into()),
        ("months".into(), months.into()),
        ("sections".into(), sections.into()),
        ("pages".into(), pages.into()),
        ("posts".into(), posts.into()),
        ("freshness".into(), freshness(input.config).into()),
        ("data_changed_at".into(), Value::maybe(input.data_changed_at)),
        ("has_data".into(), input.data_changed_at.is_some().into()),
        ("feed_url".into(), link(outputs.feeds, machine::ATOM)),
        ("rss_url".into(), link(outputs.feeds, machine::RSS)),
        ("json_feed_url".into(), link(outputs.feeds, machine::JSON)),
        ("calendar_url".into(), link(outputs.calendar, machine::CALENDAR)),
        ("search_url".into(), link(outputs.search && (input.has_layout)("search"), "search/")),
        ("organisation".into(), views::organisation(input.config, addresses).into()),
        ("extra".into(), extra.clone().into()),
    ];
    entries.extend(more.map(|(name, map)| (name.into(), map.into())));
    Map::new(jekyll::with_extra(entries, &extra))
}

/// From which age on data are old, in minutes.
fn freshness(config: &Config) -> Map {
    let limits = config.freshness;
    Map::new(vec![
        ("warning_minutes".into(), limits.warning_minutes.into()),
        ("error_minutes".into(), limits.error_minutes.into()),
    ])
}

/// A quick hash of everything that [`view`] shows.
pub(super) fn fingerprint(input: &Input<'_>, records: &Records, documents: &Documents<'_>) -> u64 {
    let site = &input.config.site;
    let texts = [&site.title, &site.description, &site.base_url, &site.language];
    let mark = texts.into_iter().fold(Fingerprint::new(14), |mark, text| mark.text(text));
    // Switches and the organisation are few and change seldom: all of them, as they are shown to a programmer.
    let mark = mark.text(&format!("{:?}{:?}", site.organisation, input.config.outputs));
    let mark = mark.maybe(site.time_zone.iana_name()).number(Map::from(&site.extra).digest().short());
    let mark = mark.text(&site.prefix).number(records.languages.list(records.language).digest().short());
    let config = input.config;
    let mark = mark.text(&format!("{:?}{:?}{:?}", config.taxonomies, config.menus, config.freshness));
    let mark = mark.number(input.data.digest().short());
    let mark = mark.number(input.data_changed_at.map_or(u64::MAX, |at| at.as_nanosecond() as u64));
    let mark = mark.number(u64::from(records.groups.has_archive));
    let mark = records.entries.iter().fold(mark, |mark, entry| mark.number(entry.mark));
    let documents = documents.sections.values().chain(documents.pages.values().flatten());
    documents
        .fold(mark, |mark, placed| {
            let mark = mark.number(placed.document.fingerprint()).text(placed.route.path());
            mark.number(u64::from(placed.is_fallback))
        })
        .get()
}
