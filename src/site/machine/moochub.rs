//! The catalogue in the format of moochub.org, version 3: JSON:API documents that lead from one to the next.

use serde_json::{Map, Value, json};

use super::super::courses::Entry;
use super::super::records::Records;
use super::super::views;
use super::xml::escape;
use crate::base::digest::Hasher;
use crate::config::Config;

/// Courses in one document: few enough that a changed one leaves most documents as they are.
pub(super) const PAGE: usize = 100;

/// The path of a document, by its number from 0.
pub(super) fn path(number: usize) -> String {
    match number {
        0 => "moochub/courses.json".to_owned(),
        number => format!("moochub/courses-{}.json", number + 1),
    }
}

/// One document.
pub(super) fn page(records: &Records, courses: &[u32], number: usize, total: usize) -> Vec<u8> {
    let link = |number: usize| Value::from(records.addresses.absolute(&format!("/{}", path(number))));
    let mut links = Map::new();
    links.insert("self".into(), link(number));
    links.insert("first".into(), link(0));
    links.insert("last".into(), link(total.saturating_sub(1)));
    if let Some(before) = number.checked_sub(1) {
        links.insert("prev".into(), link(before));
    }
    if number + 1 < total {
        links.insert("next".into(), link(number + 1));
    }
    let entries = courses.iter().filter_map(|at| records.entries.get(*at as usize));
    let data: Vec<Value> = entries.map(|entry| course(records, entry)).collect();
    let mut text = json!({ "links": links, "data": data }).to_string();
    text.push('\n');
    text.into_bytes()
}

fn course(records: &Records, entry: &Entry) -> Value {
    let (config, addresses, course) = (&*records.config, &records.addresses, &*entry.course);
    let mut id = Hasher::new("moochub course");
    id.field(addresses.base_url.as_bytes()).field(entry.id.as_bytes());
    let organisation = organisation(records);
    let mode = views::mode(entry, config);
    let mut all = Map::new();
    all.insert("name".into(), json!(course.title));
    all.insert("courseCode".into(), json!(entry.slug));
    all.insert(
        "learningResourceType".into(),
        json!({
            "identifier": "https://w3id.org/kim/hcrt/course",
            "type": "Concept",
            "inScheme": "https://w3id.org/kim/hcrt/scheme",
        }),
    );
    all.insert("courseMode".into(), json!([mode.name()]));
    if let Some(description) = &course.description {
        all.insert("description".into(), format!("<p>{}</p>", escape(description)).into());
    }
    all.insert("inLanguage".into(), json!([config.site.language]));
    // Wall time with its offset: a day begins at midnight where the academy is.
    let stamp = |at: crate::model::moment::Moment| {
        json!([at.zoned(&config.site.time_zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()])
    };
    if let Some(start) = course.start {
        all.insert("startDate".into(), stamp(start));
    }
    if let Some(end) = course.end {
        all.insert("endDate".into(), stamp(end));
    }
    if let Some(image) = &course.image {
        let address = if image.contains("://") { image.to_string() } else { addresses.absolute(image) };
        let image = json!({ "type": "ImageObject", "contentUrl": address, "license": license(config) });
        all.insert("image".into(), image);
    }
    if let Some(instructor) = &course.instructor {
        all.insert("instructor".into(), json!([{ "name": instructor, "type": "Person" }]));
    }
    if let Some(days) = views::days(entry, config) {
        all.insert("duration".into(), format!("P{days}D").into());
    }
    all.insert("publisher".into(), organisation.clone());
    all.insert("url".into(), addresses.absolute(&entry.route.address()).into());
    all.insert("license".into(), license(config));
    if let Some(price) = course.price {
        all.insert("access".into(), json!([if price > 0.0 { "paid" } else { "free" }]));
        let currency = course.currency.as_deref().unwrap_or(&config.courses.currency);
        let offer = json!({
            "price": price, "priceCurrency": currency, "paymentFrequency": "one-time", "category": "complete",
        });
        all.insert("offer".into(), json!([offer]));
    }
    all.insert("creator".into(), json!([organisation]));
    let tags = entry.overlay.as_ref().map(|overlay| overlay.front.tags.as_slice()).unwrap_or_default();
    if !tags.is_empty() {
        let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
        all.insert("keywords".into(), json!(distinct));
    }
    if let Some(location) = &course.location {
        let place = match mode {
            crate::config::Mode::Onsite => json!({ "name": location }),
            _ => json!({ "name": location, "url": addresses.absolute(&entry.route.address()) }),
        };
        all.insert("contentLocation".into(), place);
    }
    if let Some(updated) = entry.updated_at {
        all.insert("dateModified".into(), updated.to_string().into());
    }
    json!({ "id": id.finish().uuid(), "type": "Course", "attributes": all })
}

fn organisation(records: &Records) -> Value {
    let (config, addresses) = (&*records.config, &records.addresses);
    let organisation = &config.site.organisation;
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let mut all = Map::new();
    all.insert("name".into(), or(&organisation.name, &config.site.title).into());
    all.insert("url".into(), or(&organisation.url, &addresses.absolute("/")).into());
    all.insert("type".into(), "Organization".into());
    if !config.site.description.is_empty() {
        all.insert("description".into(), escape(&config.site.description).into());
    }
    all.into()
}

fn license(config: &Config) -> Value {
    let name = config.outputs.license.as_str();
    let url = (name != "proprietary").then(|| format!("https://spdx.org/licenses/{name}.html"));
    json!([{ "identifier": name, "url": url, "contentUrl": null }])
}
