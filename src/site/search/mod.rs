//! The search of the site: an index in small files, made for a browser that fetches only those that it needs.
//!
//! `search/terms.json` lists all words. `search/t/N.json` says for each of its words which records have it in their
//! title, and which elsewhere; a word is found by its hash. `search/d/N.json` holds what is shown of records. A record is
//! named by five letters that its identity decides on, so a record that comes or goes renames no other.

mod words;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use self::words::Tongue;
pub(super) use self::words::text_of;
use super::courses::Entry;
use super::documents::{Documents, Placed};
use super::page::Rank;
use super::planner::Planner;
use super::records::Records;
use crate::base::digest::Fingerprint;
use crate::error::Result;
use crate::model::document::{Document, FrontMatter};

/// The folder of the index, below the home page of a language; the page of the search lives there, too.
pub(super) const FOLDER: &str = "search";

/// Records of which one file of the index shows something.
const DOCUMENTS: usize = 16;
/// Records for each of which the words fill one more file.
const SHARES: usize = 16;
/// The most letters of a record's text that are shown.
const SUMMARY: usize = 160;

/// A record that can be found.
struct Found {
    key: String,
    url: String,
    title: Arc<str>,
    text: Text,
    mark: u64,
}

/// Where the words of a record come from.
enum Text {
    Course(u32),
    Document { html: Arc<str>, description: Option<Arc<str>>, tags: Vec<Arc<str>> },
}

/// Words, each with the records that have it in their title, and those that have it elsewhere.
type Words = BTreeMap<String, [Vec<u32>; 2]>;

/// The words of all records: made when the first file of the index is.
struct Index {
    records: Arc<Records>,
    found: Vec<Found>,
    tongue: Tongue,
    shards: usize,
    /// By the file that they stand in.
    words: OnceLock<Vec<Words>>,
}

impl Planner<'_> {
    /// The index of the records of this language that anybody may find.
    pub(super) fn search_index(&mut self, documents: &Documents<'_>) -> Result<()> {
        if !self.has_search() {
            return Ok(());
        }
        let found = self.found(documents);
        let (shards, buckets) = (power(found.len() / SHARES, 256), power(found.len() / DOCUMENTS, 256));
        let language = &self.input.config.site.language;
        let all = found.iter().fold(Fingerprint::new(50).text(language), |mark, one| mark.number(one.mark));
        let mut by_bucket = vec![(Fingerprint::new(51), Vec::new()); buckets];
        for (number, one) in found.iter().enumerate() {
            let (mark, list) = &mut by_bucket[bucket(&one.key, buckets)];
            *mark = mark.number(one.mark).text(&one.key);
            list.push(number);
        }
        let (records, tongue) = (self.records.clone(), Tongue::of(language));
        let index = Arc::new(Index { records, found, tongue, shards, words: OnceLock::new() });
        for (number, (mark, list)) in by_bucket.into_iter().enumerate() {
            let own = index.clone();
            self.made(&format!("{FOLDER}/d/{number}.json"), Rank::Leaf, mark, move || own.shown(&list))?;
        }
        let all = all.number(shards as u64).number(buckets as u64);
        for number in 0..shards {
            let own = index.clone();
            let path = format!("{FOLDER}/t/{number}.json");
            self.made(&path, Rank::Leaf, all, move || own.shard(number))?;
        }
        self.made(&format!("{FOLDER}/terms.json"), Rank::List, all, move || index.terms(buckets))
    }

    /// What may be found: nothing that search engines are not to know of, and no course that the source no longer has.
    fn found(&self, documents: &Documents<'_>) -> Vec<Found> {
        let mut taken = HashSet::new();
        let mut found = Vec::with_capacity(self.records.entries.len());
        let addresses = &self.records.addresses;
        let mut add = |id: &str, url: String, title: &Arc<str>, text: Text, mark: Fingerprint| {
            let key = key(id, &mut taken);
            let mark = mark.text(title).text(&url).get();
            found.push(Found { key, url, title: title.clone(), text, mark });
        };
        let mut courses: Vec<(u32, &Entry)> = (0..).zip(self.records.entries.iter()).collect();
        courses.sort_unstable_by_key(|(_, entry)| &entry.id);
        for (number, entry) in courses {
            let hidden = entry.overlay.as_ref().is_some_and(|overlay| overlay.front.is_hidden());
            if hidden || entry.course.archived_at.is_some() {
                continue;
            }
            let course = &entry.course;
            let overlay = entry.overlay.as_ref().map_or(0, |overlay| overlay.fingerprint());
            let mark = Fingerprint::new(52).number(overlay).number(course.description_mark());
            let mark = mark.maybe(course.location.as_deref()).maybe(course.instructor.as_deref());
            let mark = mark.number(course.start.map_or(0, |start| start.number()));
            let url = addresses.link(&entry.route.address());
            add(&entry.id, url, &course.title, Text::Course(number), mark);
        }
        let placed = documents.sections.values().chain(documents.pages.values().flatten());
        let mut placed: Vec<&Placed<'_>> = placed.filter(|p| !p.document.front.is_hidden()).collect();
        placed.sort_unstable_by_key(|placed| &placed.document.source);
        for Placed { document, title, route, .. } in placed {
            let Document { html, front, .. } = document;
            let FrontMatter { description, tags, .. } = front;
            let text =
                Text::Document { html: html.clone(), description: description.clone(), tags: tags.clone() };
            let mark = Fingerprint::new(53).number(document.fingerprint());
            add(
                &format!("document:{}", document.source),
                addresses.link(&route.address()),
                title,
                text,
                mark,
            );
        }
        found
    }
}

impl Index {
    /// Title and other texts of a record.
    fn texts(&self, one: &Found) -> Vec<String> {
        match &one.text {
            Text::Course(number) => {
                let Some(entry) = self.records.entries.get(*number as usize) else { return Vec::new() };
                let course = &entry.course;
                let texts = [course.location.as_deref(), course.instructor.as_deref()];
                let texts = [course.description.as_deref()].into_iter().chain(texts);
                let mut texts: Vec<String> = texts.flatten().map(str::to_owned).collect();
                if let Some(overlay) = &entry.overlay {
                    texts.extend(overlay.front.tags.iter().map(|tag| tag.to_string()));
                    texts.push(text_of(&overlay.html));
                }
                texts
            }
            Text::Document { html, description, tags } => {
                let texts = description.iter().chain(tags).map(|text| text.to_string());
                texts.chain([text_of(html)]).collect()
            }
        }
    }

    fn words(&self) -> &[Words] {
        self.words.get_or_init(|| {
            let of_one = |one: &Found| -> [Vec<String>; 2] {
                let (mut title, mut text) = (Vec::new(), Vec::new());
                self.tongue.words(&one.title, |word| title.push(word));
                self.texts(one).iter().for_each(|part| self.tongue.words(part, |word| text.push(word)));
                for words in [&mut title, &mut text] {
                    words.sort_unstable();
                    words.dedup();
                }
                text.retain(|word| title.binary_search(word).is_err());
                [title, text]
            };
            // On threads of its own: one of the pool could come upon another file of the index while it waits for the
            // others here, and then wait for itself.
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let all: Vec<[Vec<String>; 2]> = std::thread::scope(|scope| {
                let parts = self.found.chunks(self.found.len().div_ceil(threads).max(1));
                let work = parts.map(|part| scope.spawn(move || part.iter().map(of_one).collect::<Vec<_>>()));
                let work: Vec<_> = work.collect();
                let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<_>>| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                work.into_iter().flat_map(join).collect()
            });
            let mut shards = vec![Words::new(); self.shards];
            for (number, lists) in (0..).zip(all) {
                for (place, list) in lists.into_iter().enumerate() {
                    for word in list {
                        let shard = &mut shards[hash(&word) as usize % self.shards];
                        shard.entry(word).or_default()[place].push(number);
                    }
                }
            }
            shards
        })
    }

    fn terms(&self, buckets: usize) -> Vec<u8> {
        let mut terms: Vec<&str> = self.words().iter().flat_map(Words::keys).map(String::as_str).collect();
        terms.sort_unstable();
        let shards = self.shards;
        let json = serde_json::json!({
            "language": self.records.config.site.language, "shards": shards, "buckets": buckets, "terms": terms.join(" "),
        });
        json.to_string().into_bytes()
    }

    /// One file of words.
    fn shard(&self, number: usize) -> Vec<u8> {
        let mut json = String::from("{");
        let here = self.words().get(number).into_iter().flatten();
        for (at, (word, places)) in here.enumerate() {
            let list = |set: &[u32]| -> String {
                let mut keys: Vec<&str> =
                    set.iter().filter_map(|at| Some(self.found.get(*at as usize)?.key.as_str())).collect();
                keys.sort_unstable();
                keys.concat()
            };
            let comma = if at > 0 { ",\n" } else { "\n" };
            // Words are letters and digits.
            let _ = write!(json, "{comma}\"{word}\":[\"{}\",\"{}\"]", list(&places[0]), list(&places[1]));
        }
        json.push_str("\n}\n");
        json.into_bytes()
    }

    /// What is shown of some records.
    fn shown(&self, list: &[usize]) -> Vec<u8> {
        let mut all = serde_json::Map::new();
        for one in list.iter().filter_map(|at| self.found.get(*at)) {
            let texts = self.texts(one);
            let text =
                texts.iter().find(|text| !text.trim().is_empty()).map(String::as_str).unwrap_or_default();
            let mut shown = serde_json::json!({ "t": one.title, "u": one.url, "s": summary(text) });
            if let Text::Course(number) = one.text
                && let Some(start) =
                    self.records.entries.get(number as usize).and_then(|entry| entry.course.start)
            {
                let day = start.date(&self.records.config.site.time_zone);
                shown["d"] = day.to_string().into();
            }
            all.insert(one.key.clone(), shown);
        }
        serde_json::Value::from(all).to_string().into_bytes()
    }
}

/// The first words of a text.
fn summary(text: &str) -> String {
    let mut summary = String::new();
    for word in text.split_whitespace() {
        if summary.len() + word.len() > SUMMARY {
            summary.push('…');
            break;
        }
        if !summary.is_empty() {
            summary.push(' ');
        }
        summary.push_str(word);
    }
    summary
}

/// A power of two, at most `most`.
fn power(wanted: usize, most: usize) -> usize {
    wanted.max(1).next_power_of_two().min(most)
}

/// FNV-1a, 32 bits: quick to write down in any language.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Five letters for a record.
fn key(id: &str, taken: &mut HashSet<u32>) -> String {
    const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";
    const ALL: u32 = (1 << 30) - 1;
    let mut number = Fingerprint::new(54).text(id).get() as u32 & ALL;
    while !taken.insert(number) {
        number = (number + 1) & ALL;
    }
    (0..5).map(|at| char::from(LETTERS[(number >> (6 * at) & 63) as usize])).collect()
}

fn bucket(key: &str, buckets: usize) -> usize {
    hash(key) as usize % buckets
}
