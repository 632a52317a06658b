//! A stand-in for an Ed-Fi ODS/API on loopback: change versions, tombstones, changes of keys, etags, pages by offset and by
//! token, a tenant in its addresses.

#![allow(dead_code, unused_imports)]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use aither::base::secret::Secret;
use serde_json::{Value, json};

use super::stand::{Asked, Reply, Stand, lock};

/// Name and secret that are taken.
pub(crate) const CLIENT: (&str, &str) = ("demo-key", "demo-secret-demo-secret");

/// Where the data are: a tenant and a year stand in the path.
pub(crate) const DATA: &str = "/tenant-1/2027/data/v3";

/// The habits of the server.
#[derive(Debug, Clone)]
pub(crate) struct Habits {
    pub(crate) version: &'static str,
    pub(crate) counts_changes: bool,
    pub(crate) gives_tokens: bool,
    /// The place of the tenant in its addresses is to be filled by who asks.
    pub(crate) has_places: bool,
    pub(crate) expires_in: Value,
    /// Whether a question for some records is answered with all of them.
    pub(crate) ignores_questions: bool,
    /// Above this `limit` the server answers 400.
    pub(crate) most: usize,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            version: "7.2",
            counts_changes: true,
            gives_tokens: false,
            has_places: false,
            // Seen in the field: the moment of the end, where its life belongs.
            expires_in: json!(1_900_000_000_u64),
            ignores_questions: false,
            most: 500,
        }
    }
}

/// A record with the version of its last change.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) version: u64,
    pub(crate) body: Value,
}

/// Everything that the server has.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) oldest: u64,
    pub(crate) newest: u64,
    pub(crate) resources: BTreeMap<String, Vec<Row>>,
    pub(crate) deletes: BTreeMap<String, Vec<Value>>,
    pub(crate) key_changes: BTreeMap<String, Vec<Value>>,
    pub(crate) tokens: usize,
    /// Runs before each `PUT` once: somebody else who is quicker.
    pub(crate) quicker: Option<(String, Value)>,
}

/// The running service.
pub(crate) struct Service {
    pub(crate) stand: Stand,
    pub(crate) data: Arc<Mutex<Data>>,
    pub(crate) habits: Arc<Mutex<Habits>>,
}

/// A natural key of a section.
fn offering(code: &str, session: &str) -> Value {
    json!({ "localCourseCode": code, "schoolId": 255, "schoolYear": 2027, "sessionName": session })
}

fn id(kind: u32, number: usize) -> String {
    format!("{kind:08x}{number:024x}")
}

impl Data {
    /// `courses` courses, each with two sections and three students in the first.
    pub(crate) fn made_up(courses: usize) -> Self {
        let mut data = Self { oldest: 1, ..Self::default() };
        data.put("schools", json!({ "id": id(1, 0), "schoolId": 255, "nameOfInstitution": "Nordschule" }));
        data.put(
            "sessions",
            json!({
                "id": id(2, 0), "schoolReference": { "schoolId": 255 }, "schoolYearTypeReference": { "schoolYear": 2027 },
                "sessionName": "Herbst", "beginDate": "2026-12-01", "endDate": "2027-01-31",
                "termDescriptor": "uri://ed-fi.org/TermDescriptor#Fall Semester",
            }),
        );
        for n in 0..courses {
            let code = format!("K-{n:03}");
            data.put(
                "courses",
                json!({
                    "id": id(3, n), "courseCode": code, "educationOrganizationReference": { "educationOrganizationId": 255 },
                    "courseTitle": format!("Kurs {n:03}"), "courseDescription": format!("Worum es in Kurs {n:03} geht."),
                    "academicSubjects": [{ "academicSubjectDescriptor": "uri://ed-fi.org/AcademicSubjectDescriptor#Mathematics" }],
                    "identificationCodes": [{ "identificationCode": code }], "_ext": { "TX": { "a": 1 } },
                }),
            );
            data.put(
                "courseOfferings",
                json!({
                    "id": id(4, n), "localCourseCode": code, "schoolReference": { "schoolId": 255 },
                    "sessionReference": { "schoolId": 255, "schoolYear": 2027, "sessionName": "Herbst" },
                    "courseReference": { "courseCode": code, "educationOrganizationId": 255 },
                }),
            );
            for section in 0..2 {
                data.put(
                    "sections",
                    json!({
                        "id": id(5, 2 * n + section), "sectionIdentifier": format!("S{section}"),
                        "courseOfferingReference": offering(&code, "Herbst"),
                        "locationReference": { "classroomIdentificationCode": format!("R{n}"), "schoolId": 255 },
                    }),
                );
            }
            for student in 0..3 {
                let mut section = offering(&code, "Herbst");
                section["sectionIdentifier"] = json!("S0");
                data.put(
                    "studentSectionAssociations",
                    json!({
                        "id": id(6, 3 * n + student), "beginDate": "2026-12-01", "sectionReference": section,
                        "studentReference": { "studentUniqueId": format!("{}", 600_000 + student) },
                    }),
                );
            }
        }
        for student in 0..3 {
            data.put(
                "students",
                json!({
                    "id": id(7, student), "studentUniqueId": format!("{}", 600_000 + student),
                    "firstName": "Ana", "lastSurname": format!("Beispiel-{student}"),
                }),
            );
        }
        data
    }

    /// Writes a record, and counts it as a change.
    pub(crate) fn put(&mut self, resource: &str, body: Value) {
        self.newest += 1;
        let version = self.newest;
        let mut body = body;
        body["_etag"] = json!(version.to_string());
        body["_lastModifiedDate"] = json!("2026-11-21T09:00:00Z");
        let rows = self.resources.entry(resource.to_owned()).or_default();
        match rows.iter_mut().find(|row| row.body["id"] == body["id"]) {
            Some(row) => *row = Row { version, body },
            None => rows.push(Row { version, body }),
        }
    }

    pub(crate) fn row(&self, resource: &str, at: usize) -> Value {
        self.resources[resource][at].body.clone()
    }

    /// Changes a field of a record.
    pub(crate) fn edit(&mut self, resource: &str, at: usize, field: &str, value: Value) {
        let mut body = self.row(resource, at);
        body[field] = value;
        self.put(resource, body);
    }

    /// Removes a record and leaves a tombstone.
    pub(crate) fn delete(&mut self, resource: &str, at: usize) {
        self.newest += 1;
        let row = self.resources.get_mut(resource).unwrap().remove(at);
        let tombstone = json!({ "id": row.body["id"], "changeVersion": self.newest, "keyValues": {} });
        self.deletes.entry(resource.to_owned()).or_default().push(tombstone);
    }

    /// Notes that a record has another key.
    pub(crate) fn change_key(&mut self, resource: &str, id: &Value, old: Value, new: Value) {
        self.newest += 1;
        self.key_changes.entry(resource.to_owned()).or_default().push(json!({
            "id": id, "changeVersion": self.newest, "oldKeyValues": old, "newKeyValues": new,
        }));
    }
}

impl Service {
    pub(crate) fn start(port: u16, habits: Habits, data: Data) -> io::Result<Self> {
        let (data, habits) = (Arc::new(Mutex::new(data)), Arc::new(Mutex::new(habits)));
        let (shared, how) = (Arc::clone(&data), Arc::clone(&habits));
        let stand =
            Stand::start(port, move |asked, base| answer(asked, base, &lock(&how), &mut lock(&shared)))?;
        Ok(Self { stand, data, habits })
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Data)) {
        change(&mut lock(&self.data));
    }
}

fn answer(asked: &Asked, base: &str, habits: &Habits, data: &mut Data) -> Reply {
    match asked.path.as_str() {
        "/" => return describe(base, habits),
        "/tenant-1/oauth/token" => return token(asked, habits, data),
        _ => {}
    }
    if data.tokens == 0 || asked.authorization.as_deref() != Some(format!("Bearer t{}", data.tokens).as_str())
    {
        return problem(
            401,
            "urn:ed-fi:api:security:authentication",
            "The caller could not be authenticated.",
        );
    }
    if asked.path == "/tenant-1/2027/changeQueries/v1/availableChangeVersions" && habits.counts_changes {
        let (oldest, newest) = (data.oldest, data.newest);
        return Reply::json(200, &json!({ "oldestChangeVersion": oldest, "newestChangeVersion": newest }));
    }
    let Some(rest) = asked.path.strip_prefix(&format!("{DATA}/ed-fi/")) else { return not_found() };
    match rest.split_once('/') {
        None => list(asked, rest, habits, data),
        Some((resource, "deletes")) => changes(asked, data.deletes.get(resource), habits),
        Some((resource, "keyChanges")) => changes(asked, data.key_changes.get(resource), habits),
        Some((resource, id)) => item(asked, resource, id, data),
    }
}

fn describe(base: &str, habits: &Habits) -> Reply {
    let tenant = if habits.has_places { "{tenantIdentifier}/{schoolYearFromRoute}" } else { "tenant-1/2027" };
    let oauth = if habits.has_places { "{tenantIdentifier}" } else { "tenant-1" };
    let mut urls = json!({
        "dependencies": format!("{base}/metadata/data/v3/dependencies"),
        "oauth": format!("{base}/{oauth}/oauth/token"),
        "dataManagementApi": format!("{base}/{tenant}/data/v3/"),
    });
    if habits.counts_changes {
        urls["changeQueries"] = json!(format!("{base}/{tenant}/changeQueries/v1/"));
    }
    let models = json!([{ "name": "Ed-Fi", "version": "5.0.0" }]);
    Reply::json(200, &json!({ "version": habits.version, "dataModels": models, "urls": urls }))
}

fn token(asked: &Asked, habits: &Habits, data: &mut Data) -> Reply {
    let basic = aither::base::encode::basic(CLIENT.0, &Secret::new(CLIENT.1));
    if asked.method != "POST" || asked.authorization.as_deref() != Some(basic.reveal()) {
        return Reply::json(401, &json!({ "error": "invalid_client" }));
    }
    data.tokens += 1;
    let token = format!("t{}", data.tokens);
    Reply::json(
        200,
        &json!({ "access_token": token, "expires_in": habits.expires_in, "token_type": "bearer" }),
    )
}

fn list(asked: &Asked, resource: &str, habits: &Habits, data: &Data) -> Reply {
    let Some(rows) = data.resources.get(resource) else { return Reply::json(200, &json!([])) };
    let since = asked.number("minChangeVersion").unwrap_or(0) as u64;
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.version >= since).collect();
    if let (Some(session), false) = (asked.get("sessionName"), habits.ignores_questions) {
        let wanted = |row: &&Row| {
            let key = &row.body["sectionReference"];
            let same = |name: &str| asked.get(name).is_none_or(|value| key[name].as_str() == Some(value));
            key["sessionName"] == session && same("localCourseCode") && same("sectionIdentifier")
        };
        rows.retain(wanted);
    }
    rows.sort_by_key(|row| row.body["id"].to_string());
    let by_token = asked.get("pageSize").is_some() || asked.get("pageToken").is_some();
    if by_token && asked.get("offset").is_some() {
        return problem(
            400,
            "urn:ed-fi:api:bad-request",
            "Paging by offset and by token exclude each other.",
        );
    }
    let (offset, limit) = match by_token {
        true => {
            let offset =
                asked.get("pageToken").map_or(Some(0), |token| token.strip_prefix("p=")?.parse().ok());
            (offset.unwrap_or(0), asked.number("pageSize").unwrap_or(25))
        }
        false => (asked.number("offset").unwrap_or(0), asked.number("limit").unwrap_or(25)),
    };
    if limit > habits.most {
        return problem(400, "urn:ed-fi:api:bad-request", "Limit must be between 0 and 500.");
    }
    let page: Vec<&Value> = rows.iter().skip(offset).take(limit).map(|row| &row.body).collect();
    let next = offset + page.len();
    let (total, is_empty) = (rows.len(), page.is_empty());
    let mut reply = Reply::json(200, &json!(page));
    if asked.get("totalCount") == Some("true") {
        reply = reply.header("Total-Count", total.to_string());
    }
    if by_token && habits.gives_tokens && !is_empty {
        reply = reply.header("Next-Page-Token", format!("p={next}"));
    }
    reply
}

fn changes(asked: &Asked, list: Option<&Vec<Value>>, habits: &Habits) -> Reply {
    if !habits.counts_changes || asked.get("pageToken").is_some() || asked.get("pageSize").is_some() {
        return not_found();
    }
    let since = asked.number("minChangeVersion").unwrap_or(0) as u64;
    let rows = list.into_iter().flatten().filter(|row| row["changeVersion"].as_u64().unwrap_or(0) >= since);
    let (offset, limit) = (asked.number("offset").unwrap_or(0), asked.number("limit").unwrap_or(25));
    Reply::json(200, &json!(rows.skip(offset).take(limit).collect::<Vec<_>>()))
}

fn item(asked: &Asked, resource: &str, id: &str, data: &mut Data) -> Reply {
    let find = |data: &Data| {
        let row = data.resources.get(resource)?.iter().find(|row| row.body["id"] == id)?;
        Some(row.body.clone())
    };
    if asked.method == "PUT"
        && let Some((field, value)) = data.quicker.take()
        && let Some(mut body) = find(data)
    {
        body[field.as_str()] = value;
        data.put(resource, body);
    }
    let Some(known) = find(data) else { return not_found() };
    let etag = format!("\"{}\"", known["_etag"].as_str().unwrap_or_default());
    match asked.method.as_str() {
        "GET" => Reply::json(200, &known).header("ETag", etag),
        "PUT" if asked.if_match.as_ref().is_some_and(|sent| *sent != etag) => problem(
            412,
            "urn:ed-fi:api:optimistic-lock-failed",
            "The resource item's etag value does not match what was specified.",
        ),
        "PUT" => {
            let Ok(mut body) = serde_json::from_slice::<Value>(&asked.body) else {
                return problem(400, "urn:ed-fi:api:bad-request", "The request body is not JSON.");
            };
            body["id"] = json!(id);
            data.put(resource, body);
            Reply::empty(204)
        }
        _ => Reply::empty(405),
    }
}

fn problem(status: u16, kind: &str, detail: &str) -> Reply {
    let body = json!({
        "detail": detail, "type": kind, "title": "Problem", "status": status, "correlationId": "c-1",
        "validationErrors": {}, "errors": [],
    });
    Reply::json(status, &body)
}

fn not_found() -> Reply {
    problem(404, "urn:ed-fi:api:not-found", "The specified data could not be found.")
}
