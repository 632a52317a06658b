//! A stand-in for a OneRoster server on loopback, over recorded answers, with the habits of real servers.

#![allow(dead_code, unused_imports)]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aither::base::encode::pairs;
use aither::base::oauth1::{Algorithm, Consumer, Once};
use aither::base::secret::Secret;
use serde_json::{Value, json};

use super::stand::{Asked, Reply, Stand, lock};

/// Where the rostering service begins.
pub(crate) const ROSTERING: &str = "/ims/oneroster/rostering/v1p2";
/// Where the gradebook begins.
pub(crate) const GRADEBOOK: &str = "/ims/oneroster/gradebook/v1p2";

/// Name and secret that are taken.
pub(crate) const CLIENT: (&str, &str) = ("demo-client", "demo-secret-demo-secret");
/// The token that is taken as it is.
pub(crate) const BEARER: &str = "demo-token-demo-token";

/// How the service knows who asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Auth {
    Bearer,
    OAuth1(Algorithm),
    OAuth2,
}

/// What it writes into `Link`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Links {
    None,
    Good,
    OtherHost,
    LosesFilter,
}

/// The habits of the server.
#[derive(Debug, Clone)]
pub(crate) struct Habits {
    pub(crate) auth: Auth,
    /// More than this many records are never handed out at once, whatever is asked for.
    pub(crate) clamp: usize,
    pub(crate) links: Links,
    /// Whether `X-Total-Count` is sent.
    pub(crate) total: bool,
    /// Whether the seconds of a filter are rounded, so that the last record comes again.
    pub(crate) rounds: bool,
    /// Whether a filter is answered with 400.
    pub(crate) refuses_filter: bool,
    /// Whether `fields` is answered with 400.
    pub(crate) refuses_fields: bool,
    /// Whether records are sorted within a page alone, newest first.
    pub(crate) sorts_after_cut: bool,
    /// What `expires_in` says.
    pub(crate) expires_in: Value,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            auth: Auth::Bearer,
            clamp: 500,
            links: Links::None,
            total: false,
            rounds: false,
            refuses_filter: false,
            refuses_fields: false,
            sorts_after_cut: false,
            expires_in: json!(3600),
        }
    }
}

/// Everything that the server has.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) collections: BTreeMap<String, Vec<Value>>,
    /// What was put into the gradebook.
    pub(crate) results: BTreeMap<String, Value>,
    pub(crate) line_items: BTreeMap<String, Value>,
    pub(crate) tokens: Vec<String>,
}

/// The running service.
pub(crate) struct Service {
    pub(crate) stand: Stand,
    pub(crate) data: Arc<Mutex<Data>>,
    pub(crate) habits: Arc<Mutex<Habits>>,
}

impl Service {
    /// Over the recorded answers in `tests/captures/oneroster`.
    pub(crate) fn start(port: u16, habits: Habits) -> io::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/oneroster");
        let mut data = Data::default();
        for name in ["academicSessions", "orgs", "courses", "classes", "enrollments", "users"] {
            let mut records = Vec::new();
            for file in [format!("{name}.json"), format!("{name}.page2.json")] {
                let Ok(bytes) = std::fs::read(folder.join(file)) else { continue };
                let page: Value = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
                records.extend(page[name].as_array().cloned().unwrap_or_default());
            }
            data.collections.insert(name.to_owned(), records);
        }
        Self::over(port, habits, data)
    }

    pub(crate) fn over(port: u16, habits: Habits, data: Data) -> io::Result<Self> {
        let (data, habits) = (Arc::new(Mutex::new(data)), Arc::new(Mutex::new(habits)));
        let (shared, how) = (Arc::clone(&data), Arc::clone(&habits));
        let stand =
            Stand::start(port, move |asked, base| answer(asked, base, &lock(&how), &mut lock(&shared)))?;
        Ok(Self { stand, data, habits })
    }

    /// The address before `/classes`.
    pub(crate) fn base_url(&self) -> String {
        format!("{}{ROSTERING}", self.stand.url())
    }

    /// Changes the records of a collection.
    pub(crate) fn edit(&self, collection: &str, change: impl FnOnce(&mut Vec<Value>)) {
        change(lock(&self.data).collections.entry(collection.to_owned()).or_default());
    }

    /// Changes the habits.
    pub(crate) fn behave(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut lock(&self.habits));
    }
}

fn answer(asked: &Asked, base: &str, habits: &Habits, data: &mut Data) -> Reply {
    if asked.path == "/token" {
        return token(asked, habits, data);
    }
    if !is_known(asked, base, habits, data) {
        return failure(401, "unauthorisedrequest");
    }
    if let Some(rest) = asked.path.strip_prefix(&format!("{GRADEBOOK}/")) {
        return gradebook(asked, rest, data);
    }
    let Some(name) = asked.path.strip_prefix(&format!("{ROSTERING}/")) else {
        return failure(404, "unknownobject");
    };
    if let Some((name, id)) = name.split_once('/') {
        let record =
            data.collections.get(name).into_iter().flatten().find(|record| record["sourcedId"] == id);
        let envelope = if name == "classes" { "class" } else { name.trim_end_matches('s') };
        return record.map_or_else(
            || failure(404, "unknownobject"),
            |record| Reply::json(200, &json!({ envelope: record })),
        );
    }
    let Some(records) = data.collections.get(name) else { return failure(404, "unknownobject") };
    page(asked, base, name, records, habits)
}

fn token(asked: &Asked, habits: &Habits, data: &mut Data) -> Reply {
    let basic = aither::base::encode::basic(CLIENT.0, &Secret::new(CLIENT.1));
    let form: Vec<_> = pairs(std::str::from_utf8(&asked.body).unwrap_or_default()).collect();
    let is_grant = form.contains(&("grant_type".into(), "client_credentials".into()));
    if asked.method != "POST" || asked.authorization.as_deref() != Some(basic.reveal()) || !is_grant {
        return Reply::json(401, &json!({ "error": "invalid_client" }));
    }
    let token = format!("token-{}", data.tokens.len() + 1);
    data.tokens.push(token.clone());
    Reply::json(
        200,
        &json!({ "access_token": token, "token_type": "Bearer", "expires_in": habits.expires_in }),
    )
}

fn is_known(asked: &Asked, base: &str, habits: &Habits, data: &Data) -> bool {
    let Some(sent) = &asked.authorization else { return false };
    match habits.auth {
        Auth::Bearer => *sent == format!("Bearer {BEARER}"),
        Auth::OAuth2 => data.tokens.last().is_some_and(|token| *sent == format!("Bearer {token}")),
        Auth::OAuth1(algorithm) => {
            let field = |name: &str| {
                let (_, rest) = sent.split_once(&format!("{name}=\""))?;
                rest.split('"').next()
            };
            let (Some(nonce), Some(timestamp)) = (field("oauth_nonce"), field("oauth_timestamp")) else {
                return false;
            };
            let consumer = Consumer { key: CLIENT.0.into(), secret: Secret::new(CLIENT.1), algorithm };
            let once = Once { nonce, timestamp: timestamp.parse().unwrap_or(0) };
            let url = format!("{base}{}", asked.target);
            consumer.authorization(&asked.method, &url, once).reveal() == *sent
        }
    }
}

fn gradebook(asked: &Asked, path: &str, data: &mut Data) -> Reply {
    let (collection, envelope, needed): (_, _, &[&str]) = match path.split_once('/') {
        Some(("results", _)) => {
            (&mut data.results, "result", &["lineItem", "student", "scoreStatus", "scoreDate"])
        }
        Some(("lineItems", _)) => (
            &mut data.line_items,
            "lineItem",
            &["title", "assignDate", "dueDate", "class", "school", "category"],
        ),
        _ => return failure(404, "unknownobject"),
    };
    let id = path.rsplit('/').next().unwrap_or_default();
    if asked.method == "GET" {
        let found = collection.get(id).map(|record| Reply::json(200, record));
        return found.unwrap_or_else(|| failure(404, "unknownobject"));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else { return failure(400, "invaliddata") };
    let always = ["sourcedId", "status", "dateLastModified"];
    let mut all = always.iter().chain(needed);
    if asked.method != "PUT" || all.any(|name| body[envelope].get(*name).is_none()) {
        return failure(400, "invaliddata");
    }
    collection.insert(id.to_owned(), body);
    Reply::empty(201)
}

fn page(asked: &Asked, base: &str, name: &str, records: &[Value], habits: &Habits) -> Reply {
    let mut found: Vec<&Value> = records.iter().collect();
    if let Some(filter) = asked.get("filter") {
        let since = filter.strip_prefix("dateLastModified>'").and_then(|rest| rest.strip_suffix('\''));
        let (Some(since), false) = (since, habits.refuses_filter) else {
            return failure(400, "invalidfilterfield");
        };
        let since = if habits.rounds { format!("{}.000Z", &since[..19]) } else { since.to_owned() };
        found.retain(|record| record["dateLastModified"].as_str().unwrap_or_default() > since.as_str());
    }
    if asked.get("fields").is_some() && habits.refuses_fields {
        return failure(400, "invalidselectionfield");
    }
    let total = found.len();
    let limit = asked.number("limit").unwrap_or(100).min(habits.clamp);
    let offset = asked.number("offset").unwrap_or(0);
    let mut cut: Vec<Value> = found.into_iter().skip(offset).take(limit).cloned().collect();
    if habits.sorts_after_cut {
        cut.sort_by_key(|record| std::cmp::Reverse(record["dateLastModified"].to_string()));
    }
    if let Some(fields) = asked.get("fields") {
        for record in &mut cut {
            if let Some(record) = record.as_object_mut() {
                record.retain(|name, _| fields.split(',').any(|field| field == name));
            }
        }
    }
    let next = offset + cut.len();
    let mut reply = Reply::json(200, &json!({ name: cut }));
    if habits.total {
        reply = reply.header("X-Total-Count", total.to_string());
    }
    let filter = asked.get("filter").filter(|_| habits.links != Links::LosesFilter);
    let filter = filter.map(|filter| format!("&filter={}", aither::base::encode::percent(filter)));
    let fields =
        asked.get("fields").map(|fields| format!("&fields={}", aither::base::encode::percent(fields)));
    let host = if habits.links == Links::OtherHost { "http://10.255.255.1" } else { base };
    let asked_limit = asked.get("limit").unwrap_or("100");
    let (filter, fields) = (filter.unwrap_or_default(), fields.unwrap_or_default());
    if habits.links != Links::None && next < total {
        let link =
            format!("<{host}{}?limit={asked_limit}&offset={next}{filter}{fields}>; rel=\"next\"", asked.path);
        reply = reply.header("Link", link);
    }
    reply
}

fn failure(status: u16, minor: &str) -> Reply {
    Reply::json(
        status,
        &json!({
            "imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": minor,
            "imsx_CodeMinor": { "imsx_codeMinorField": [
                { "imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor },
            ] },
        }),
    )
}
