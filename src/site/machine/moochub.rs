//! The catalogue in the format of moochub.org, version 3: JSON:API documents that lead from one to the next.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::super::courses::Entry;
use super::super::records::Records;
use super::super::views;
use super::xml::escape;
use crate::base::digest::Hasher;
use crate::config::{Config, Mode};
use crate::model::moment::Moment;

/// Courses in one document: few enough that a changed one leaves most documents as they are.
pub(super) const PAGE: usize = 100;

/// The path of a document, by its number from 0.
pub(super) fn path(number: usize) -> String {
    match number {
        0 => "moochub/courses.json".to_owned(),
        number => format!("moochub/courses-{}.json", number + 1),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    links: Links,
    data: Vec<Course<'a>>,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    own: String,
    first: String,
    last: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Course<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Attributes<'a>,
}

/// Written straight from the record: a tree of values for each of thousands of courses costs more than all their pages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'a> {
    name: &'a str,
    course_code: &'a str,
    learning_resource_type: ResourceType,
    course_mode: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    in_language: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructor: Option<[Person<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<String>,
    publisher: &'a Organisation,
    url: String,
    license: &'a [License; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<[&'static str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<[Offer<'a>; 1]>,
    creator: [&'a Organisation; 1],
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    keywords: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_location: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceType {
    identifier: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    in_scheme: &'static str,
}

const COURSE: ResourceType = ResourceType {
    identifier: "https://w3id.org/kim/hcrt/course",
    kind: "Concept",
    in_scheme: "https://w3id.org/kim/hcrt/scheme",
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Image<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    content_url: String,
    license: &'a [License; 1],
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Person<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    honorific_prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    honorific_suffix: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> Person<'a> {
    /// Somebody by their full name: titles have fields of their own.
    fn named(full: &'a str) -> Self {
        const SUFFIXES: [&str; 8] = ["PhD", "Ph.D.", "MD", "M.D.", "MBA", "M.A.", "M.Sc.", "LL.M."];
        let full = full.trim();
        let suffix = full.rsplit_once(", ").filter(|(_, last)| SUFFIXES.contains(last));
        let (rest, honorific_suffix) = suffix.map_or((full, None), |(rest, last)| (rest, Some(last)));
        let mut begin = 0;
        for word in rest.split_inclusive(' ') {
            let title = word.trim_end();
            // An abbreviation, and not the first letter of a name; behind one also such as in "Dr. h. c.".
            let is_short = title.chars().count() < 3;
            let is_title = title == "PD"
                || title.ends_with('.')
                    && (!is_short || begin > 0 && title.starts_with(|c: char| c.is_lowercase()));
            if !is_title && !title.is_empty() {
                break;
            }
            begin += word.len();
        }
        let (prefix, name) = rest.split_at(begin);
        if name.is_empty() {
            return Self { name: full, honorific_prefix: None, honorific_suffix: None, kind: "Person" };
        }
        let prefix = Some(prefix.trim_end()).filter(|prefix| !prefix.is_empty());
        Self { name, honorific_prefix: prefix, honorific_suffix, kind: "Person" }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offer<'a> {
    price: f64,
    price_currency: &'a str,
    payment_frequency: &'static str,
    category: &'static str,
}

#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Organisation {
    name: String,
    url: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct License {
    identifier: String,
    url: Option<String>,
    content_url: Option<String>,
}

/// What all courses have in common.
struct Common {
    organisation: Organisation,
    license: [License; 1],
}

/// One document.
pub(super) fn page(records: &Records, courses: &[u32], number: usize, total: usize) -> Vec<u8> {
    let link = |number: usize| records.addresses.absolute(&format!("/{}", path(number)));
    let links = Links {
        own: link(number),
        first: link(0),
        last: link(total.saturating_sub(1)),
        prev: number.checked_sub(1).map(link),
        next: (number + 1 < total).then(|| link(number + 1)),
    };
    let common = Common { organisation: organisation(records), license: [license(&records.config)] };
    let entries = courses.iter().filter_map(|at| records.entries.get(*at as usize));
    let data = entries.map(|entry| course(records, &common, entry)).collect();
    let mut text = serde_json::to_vec(&Document { links, data }).unwrap_or_default();
    text.push(b'\n');
    text
}

fn course<'a>(records: &'a Records, common: &'a Common, entry: &'a Entry) -> Course<'a> {
    let (config, addresses, course) = (&*records.config, &records.addresses, &*entry.course);
    let mut id = Hasher::new("moochub course");
    id.field(addresses.base_url.as_bytes()).field(entry.id.as_bytes());
    let mode = views::mode(entry, config);
    let url = || addresses.absolute(&entry.route.address());
    // Wall time with its offset: a day begins at midnight where the academy is.
    let stamp = |at: Moment| [at.zoned(&config.site.time_zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()];
    let tags = entry.overlay.as_ref().map(|overlay| overlay.front.tags.as_slice()).unwrap_or_default();
    let image = |image: &Arc<str>| Image {
        kind: "ImageObject",
        content_url: if image.contains("://") { image.to_string() } else { addresses.absolute(image) },
        license: &common.license,
    };
    let offer = |price: f64| Offer {
        price,
        price_currency: course.currency.as_deref().unwrap_or(&config.courses.currency),
        payment_frequency: "one-time",
        category: "complete",
    };
    let attributes = Attributes {
        name: &course.title,
        course_code: &entry.slug,
        learning_resource_type: COURSE,
        course_mode: [mode.name()],
        description: course.description.as_ref().map(|text| format!("<p>{}</p>", escape(text))),
        in_language: [&config.site.language],
        start_date: course.start.map(stamp),
        end_date: course.end.map(stamp),
        image: course.image.as_ref().map(image),
        instructor: course.instructor.as_deref().map(|name| [Person::named(name)]),
        duration: views::days(entry, config).map(|days| format!("P{days}D")),
        publisher: &common.organisation,
        url: url(),
        license: &common.license,
        access: course.price.map(|price| [if price > 0.0 { "paid" } else { "free" }]),
        offer: course.price.map(|price| [offer(price)]),
        creator: [&common.organisation],
        keywords: tags.iter().map(|tag| &**tag).collect(),
        content_location: course
            .location
            .as_deref()
            .map(|name| Place { name, url: (mode != Mode::Onsite).then(url) }),
        date_modified: entry.updated_at.map(|at| at.to_string()),
    };
    Course { id: id.finish().uuid(), kind: "Course", attributes }
}

fn organisation(records: &Records) -> Organisation {
    let (config, addresses) = (&*records.config, &records.addresses);
    let organisation = &config.site.organisation;
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let description = &config.site.description;
    Organisation {
        name: or(&organisation.name, &config.site.title),
        url: or(&organisation.url, &addresses.absolute("/")),
        kind: "Organization",
        description: (!description.is_empty()).then(|| escape(description)),
    }
}

fn license(config: &Config) -> License {
    let name = config.outputs.license.as_str();
    let url = (name != "proprietary").then(|| format!("https://spdx.org/licenses/{name}.html"));
    License { identifier: name.to_owned(), url, content_url: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_no_part_of_a_name() {
        for (full, prefix, name, suffix) in [
            ("Dr. Henriette Musterfrau", Some("Dr."), "Henriette Musterfrau", None),
            ("Prof. Dr. h. c. Anna B. Weber", Some("Prof. Dr. h. c."), "Anna B. Weber", None),
            ("PD Dr.-Ing. Å. Ek, PhD", Some("PD Dr.-Ing."), "Å. Ek", Some("PhD")),
            ("Joost van Beispiel", None, "Joost van Beispiel", None),
            ("J. R. Roe, Jane Roe", None, "J. R. Roe, Jane Roe", None),
            ("Dr.", None, "Dr.", None),
            ("", None, "", None),
        ] {
            let honorific_suffix = suffix;
            let wanted = Person { name, honorific_prefix: prefix, honorific_suffix, kind: "Person" };
            assert_eq!(Person::named(full), wanted, "{full}");
        }
    }
}
