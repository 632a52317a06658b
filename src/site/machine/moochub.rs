//! The catalogue in the format of moochub.org, version 3: JSON:API documents that lead from one to the next.
//!
//! Written straight from the records: a tree of values for each of thousands of courses costs more than all their pages.

use std::collections::BTreeSet;

use super::super::courses::Entry;
use super::super::records::Records;
use super::super::views;
use super::xml::escape;
use crate::base::digest::Hasher;
use crate::base::text::push_json;
use crate::config::Mode;
use crate::model::moment::Moment;

/// Courses in one document: few enough that a changed one leaves most documents as they are.
pub(super) const PAGE: usize = 100;

/// So many bytes are about as much as is told of a course.
const COURSE: usize = 3072;

/// The path of a document, by its number from 0.
pub(super) fn path(number: usize) -> String {
    match number {
        0 => "moochub/courses.json".to_owned(),
        number => format!("moochub/courses-{}.json", number + 1),
    }
}

/// JSON as it is written.
struct Json(String);

impl Json {
    /// Begins a member of an object.
    fn key(&mut self, key: &str) -> &mut Self {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
        self
    }

    fn text(&mut self, key: &str, text: &str) {
        push_json(&mut self.key(key).0, text);
    }

    /// A member that is left out where there is nothing to say.
    fn maybe(&mut self, key: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.text(key, text.as_ref());
        }
    }

    /// A list of one text.
    fn one(&mut self, key: &str, text: &str) {
        self.key(key).0.push('[');
        push_json(&mut self.0, text);
        self.0.push(']');
    }

    /// JSON that is there already.
    fn raw(&mut self, key: &str, json: &str) {
        self.key(key).0.push_str(json);
    }

    /// An object between these signs.
    fn object(&mut self, key: &str, [begin, end]: [&str; 2], members: impl FnOnce(&mut Self)) {
        self.key(key).0.push_str(begin);
        members(self);
        self.0.push_str(end);
    }
}

const OBJECT: [&str; 2] = ["{", "}"];
const LIST_OF_ONE: [&str; 2] = ["[{", "}]"];
const RESOURCE_TYPE: &str = r#"{"identifier":"https://w3id.org/kim/hcrt/course","type":"Concept","inScheme":"https://w3id.org/kim/hcrt/scheme"}"#;

/// What all courses have in common, as JSON.
struct Common {
    organisation: String,
    /// A list of one licence.
    license: String,
}

/// One document.
pub(super) fn page(records: &Records, courses: &[u32], number: usize, total: usize) -> Vec<u8> {
    let link = |number: usize| records.addresses.absolute(&format!("/{}", path(number)));
    let mut json = Json(String::with_capacity(courses.len() * COURSE));
    json.0.push('{');
    json.object("links", OBJECT, |json| {
        json.text("self", &link(number));
        json.text("first", &link(0));
        json.text("last", &link(total.saturating_sub(1)));
        json.maybe("prev", number.checked_sub(1).map(link));
        json.maybe("next", (number + 1 < total).then(|| link(number + 1)));
    });
    let common =
        Common { organisation: organisation(records), license: license(&records.config.outputs.license) };
    json.key("data").0.push('[');
    let entries = courses.iter().filter_map(|at| records.entries.get(*at as usize));
    for (at, entry) in entries.enumerate() {
        json.0.push_str(if at > 0 { ",{" } else { "{" });
        course(&mut json, records, &common, entry);
        json.0.push('}');
    }
    json.0.push_str("]}\n");
    json.0.into_bytes()
}

fn course(json: &mut Json, records: &Records, common: &Common, entry: &Entry) {
    let mut id = Hasher::new("moochub course");
    id.field(records.addresses.base_url.as_bytes()).field(entry.id.as_bytes());
    json.text("id", &id.finish().uuid());
    json.text("type", "Course");
    json.object("attributes", OBJECT, |json| attributes(json, records, common, entry));
}

fn attributes(json: &mut Json, records: &Records, common: &Common, entry: &Entry) {
    let (config, addresses, course) = (&*records.config, &records.addresses, &*entry.course);
    let mode = views::mode(entry, config);
    let url = addresses.absolute(&entry.route.address());
    // Wall time with its offset: a day begins at midnight where the academy is.
    let stamp = |at: Moment| at.zoned(&config.site.time_zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let tags = entry.overlay.as_ref().map(|overlay| overlay.front.tags.as_slice()).unwrap_or_default();
    json.text("name", &course.title);
    json.text("courseCode", &entry.slug);
    json.raw("learningResourceType", RESOURCE_TYPE);
    json.one("courseMode", mode.name());
    json.maybe(
        "description",
        course.description.as_ref().map(|text| ["<p>", &escape(text), "</p>"].concat()),
    );
    json.one("inLanguage", &config.site.language);
    for (key, moment) in [("startDate", course.start), ("endDate", course.end)] {
        if let Some(moment) = moment {
            json.one(key, &stamp(moment));
        }
    }
    if let Some(image) = &course.image {
        json.object("image", OBJECT, |json| {
            json.text("type", "ImageObject");
            let absolute = (!image.contains("://")).then(|| addresses.absolute(image));
            json.text("contentUrl", absolute.as_deref().unwrap_or(image));
            json.raw("license", &common.license);
        });
    }
    if let Some(full) = &course.instructor {
        let Person { name, honorific_prefix, honorific_suffix } = Person::named(full);
        json.object("instructor", LIST_OF_ONE, |json| {
            json.text("name", name);
            json.maybe("honorificPrefix", honorific_prefix);
            json.maybe("honorificSuffix", honorific_suffix);
            json.text("type", "Person");
        });
    }
    json.maybe("duration", views::days(entry, config).map(|days| format!("P{days}D")));
    json.raw("publisher", &common.organisation);
    json.text("url", &url);
    json.raw("license", &common.license);
    if let Some(price) = course.price {
        json.one("access", if price > 0.0 { "paid" } else { "free" });
        json.object("offer", LIST_OF_ONE, |json| {
            json.raw("price", &serde_json::Value::from(price).to_string());
            json.text("priceCurrency", course.currency.as_deref().unwrap_or(&config.courses.currency));
            json.text("paymentFrequency", "one-time");
            json.text("category", "complete");
        });
    }
    json.key("creator").0.extend(["[", &common.organisation, "]"]);
    let keywords: BTreeSet<&str> = tags.iter().map(|tag| &**tag).collect();
    if !keywords.is_empty() {
        json.key("keywords").0.push('[');
        for (at, keyword) in keywords.into_iter().enumerate() {
            json.0.push_str(if at > 0 { "," } else { "" });
            push_json(&mut json.0, keyword);
        }
        json.0.push(']');
    }
    if let Some(name) = &course.location {
        json.object("contentLocation", OBJECT, |json| {
            json.text("name", name);
            json.maybe("url", (mode != Mode::Onsite).then_some(&url));
        });
    }
    json.maybe("dateModified", entry.updated_at.map(|at| at.to_string()));
}

/// Somebody, with what stands before and behind the name.
#[derive(Debug, PartialEq)]
struct Person<'a> {
    name: &'a str,
    honorific_prefix: Option<&'a str>,
    honorific_suffix: Option<&'a str>,
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
            return Self { name: full, honorific_prefix: None, honorific_suffix: None };
        }
        let prefix = Some(prefix.trim_end()).filter(|prefix| !prefix.is_empty());
        Self { name, honorific_prefix: prefix, honorific_suffix }
    }
}

fn organisation(records: &Records) -> String {
    let (config, addresses) = (&*records.config, &records.addresses);
    let organisation = &config.site.organisation;
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let description = &config.site.description;
    let mut json = Json("{".to_owned());
    json.text("name", &or(&organisation.name, &config.site.title));
    json.text("url", &or(&organisation.url, &addresses.absolute("/")));
    json.text("type", "Organization");
    json.maybe("description", (!description.is_empty()).then(|| escape(description)));
    json.0.push('}');
    json.0
}

fn license(name: &str) -> String {
    let mut json = Json("[{".to_owned());
    json.text("identifier", name);
    match name {
        "proprietary" => json.raw("url", "null"),
        name => json.text("url", &format!("https://spdx.org/licenses/{name}.html")),
    }
    json.raw("contentUrl", "null");
    json.0.push_str("}]");
    json.0
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
            let wanted = Person { name, honorific_prefix: prefix, honorific_suffix };
            assert_eq!(Person::named(full), wanted, "{full}");
        }
    }
}
