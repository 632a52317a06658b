//! The routes: what the service answers when nothing goes wrong.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::data::{self, Booking, Catalogue, Course, Participation};
use super::fault::Fault;
use super::limit::Window;
use super::reply::{Reply, Stamp};
use super::route::{Query, Route};
use super::{Asked, Options};

const LONGEST: usize = 2000;

/// What a request meets: the catalogue, the window, and chance.
pub(crate) struct Shop {
    pub(crate) options: Options,
    pub(crate) catalogue: Catalogue,
    pub(crate) window: Window,
    pub(crate) random: fastrand::Rng,
}

impl Shop {
    /// Answers a request. The order of the checks is the service's own.
    pub(crate) fn answer(&mut self, asked: &Asked, now: Timestamp, faults: &[Fault]) -> Reply {
        let stamp = Stamp::new(&mut self.random, now);
        if asked.key.is_none() && !asked.bearer {
            return Reply::bare_error(401, "UNAUTHORIZED", "Missing authentication token");
        }
        if asked.route == Route::Missing || (asked.route == Route::Templates && !self.options.templates) {
            return Reply::page(404);
        }
        if !asked.route.takes(&asked.method) {
            return Reply::new(405, "application/json", "");
        }
        if !asked.route.has_good_course_id() {
            return Reply::error(400, &stamp, "VALIDATION_ERROR", "Invalid course ID format");
        }
        let key = asked.key.as_deref().filter(|key| (32..=256).contains(&key.chars().count()));
        if key != Some(self.options.key.as_str()) {
            return Reply::error(401, &stamp, "UNAUTHORIZED", "Not authenticated");
        }
        let standing = self.window.take(now, self.options.rate);
        if let Some(seconds) = standing.retry_after {
            return Reply::limited(&stamp, seconds).within(&standing);
        }
        self.route(asked, &stamp, faults).within(&standing)
    }

    fn route(&mut self, asked: &Asked, stamp: &Stamp, faults: &[Fault]) -> Reply {
        let invalid = || Reply::error(400, stamp, "VALIDATION_ERROR", "Ungültige Anfrage");
        match &asked.route {
            Route::Courses => match Query::of(&asked.query) {
                Some(query) => self.list(&query, asked, stamp, faults),
                None => invalid(),
            },
            Route::Course(id) => self.course(id, asked, stamp, faults),
            Route::Materials(id) => self.materials(id, asked, stamp, faults),
            Route::Participation(id) => self.participation(id, asked, stamp),
            Route::Result(id) => self.result(id, asked, stamp),
            Route::Templates => self.templates(asked, stamp),
            Route::Missing => Reply::page(404),
        }
    }

    fn list(&mut self, query: &Query, asked: &Asked, stamp: &Stamp, faults: &[Fault]) -> Reply {
        let mut courses = offered(&self.catalogue, faults);
        courses.retain(|course| {
            course.published == query.published
                && query.level.as_ref().is_none_or(|level| *level == course.level)
        });
        if faults.contains(&Fault::NoCourses) {
            courses.clear();
        }
        if faults.contains(&Fault::Duplicates) {
            let again: Vec<Cow<'_, Course>> = courses.iter().step_by(3).cloned().collect();
            courses.extend(again);
        }
        let total = courses.len();
        let tag = tag(&(query.limit, query.offset, query.published, &query.level, comparable(&courses)));
        // The service has no tie-break: shuffled first, equal dates come in another order at every request.
        self.random.shuffle(&mut courses);
        courses.sort_by(|a, b| (a.start.is_none(), &a.start).cmp(&(b.start.is_none(), &b.start)));
        let rows: Vec<Value> =
            courses.iter().skip(query.offset).take(query.limit).map(|course| row(course, faults)).collect();
        let data = match self.options.wrapped {
            true => json!({ "courses": rows, "total": total }),
            false => Value::Array(rows),
        };
        self.tagged(asked, stamp, &data, tag)
    }

    fn course(&mut self, id: &str, asked: &Asked, stamp: &Stamp, faults: &[Fault]) -> Reply {
        let courses = offered(&self.catalogue, faults);
        let Some(course) = courses.iter().find(|course| course.id == id) else {
            return Reply::error(404, stamp, "NOT_FOUND", "Course not found");
        };
        let mut data = fields(course, faults);
        let mut bookings: Vec<&Booking> = course.bookings.iter().collect();
        self.random.shuffle(&mut bookings);
        let participants = bookings.iter().map(|booking| participant(booking, &mut self.random)).collect();
        self.random.shuffle(&mut bookings);
        let participations = bookings.iter().map(|booking| booked(booking)).collect();
        data.insert("participants".to_owned(), Value::Array(participants));
        data.insert("participations".to_owned(), Value::Array(participations));
        let data = self.wrap("course", Value::Object(data));
        self.tagged(asked, stamp, &data, tag(&format!("{course:?}")))
    }

    fn materials(&mut self, id: &str, asked: &Asked, stamp: &Stamp, faults: &[Fault]) -> Reply {
        let courses = offered(&self.catalogue, faults);
        let Some(course) = courses.iter().find(|course| course.id == id) else {
            return Reply::error(404, stamp, "NOT_FOUND", "Course not found");
        };
        let mut order = 0;
        let mut topics = Vec::with_capacity(course.topics.len());
        for topic in &course.topics {
            let mut materials = Vec::with_capacity(topic.materials.len());
            for material in &topic.materials {
                let html = material.html.as_ref().filter(|_| !self.options.null_materials);
                materials.push(json!({
                    "materialId": material.id, "identifier": material.identifier, "title": material.title,
                    "sortOrder": order, "htmlContent": html,
                }));
                order += 1;
            }
            topics.push(json!({ "topicId": topic.id, "topicTitle": topic.title, "materials": materials }));
        }
        let data = json!({ "courseId": course.id, "topics": topics });
        let tag = tag(&data.to_string());
        self.tagged(asked, stamp, &data, tag)
    }

    fn participation(&mut self, id: &str, asked: &Asked, stamp: &Stamp) -> Reply {
        let Some((course, booking, found)) = self.catalogue.participation(id) else {
            return Reply::error(404, stamp, "NOT_FOUND", "Participation not found");
        };
        let data = json!({
            "id": found.id, "userId": booking.user, "courseId": course.id, "status": found.status,
            "preparationIntent": found.preparation_intent, "desiredResults": found.desired_results,
            "resultOutcome": found.result_outcome, "resultNotes": found.result_notes,
            "resultCompletedAt": found.result_completed, "createdAt": found.created, "updatedAt": found.updated,
        });
        let tag = tag(&data.to_string());
        let data = self.wrap("participation", data);
        self.tagged(asked, stamp, &data, tag)
    }

    fn result(&mut self, id: &str, asked: &Asked, stamp: &Stamp) -> Reply {
        let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else {
            return Reply::error(400, stamp, "INVALID_INPUT", "Invalid JSON body");
        };
        let Some(change) = Change::of(&body) else {
            return Reply::error(400, stamp, "VALIDATION_ERROR", "Invalid request body");
        };
        let Some(found) = self.catalogue.participation_mut(id) else {
            return Reply::error(404, stamp, "NOT_FOUND", "Participation not found");
        };
        change.apply(found, &data::stamp(stamp.moment));
        Reply::message(stamp, "Participation result updated successfully")
    }

    fn templates(&mut self, asked: &Asked, stamp: &Stamp) -> Reply {
        let rows = self.catalogue.templates.iter().map(|template| {
            json!({
                "id": template.id, "name": template.name, "kind": template.kind,
                "markup": template.markup, "updatedAt": template.updated,
            })
        });
        let data = Value::Array(rows.collect());
        let tag = tag(&data.to_string());
        self.tagged(asked, stamp, &data, tag)
    }

    fn wrap(&self, name: &str, data: Value) -> Value {
        match self.options.wrapped {
            true => json!({ name: data }),
            false => data,
        }
    }

    /// With validators switched on, whoever holds the present state gets a 304.
    fn tagged(&self, asked: &Asked, stamp: &Stamp, data: &Value, tag: String) -> Reply {
        if !self.options.etag {
            return Reply::data(stamp, data);
        }
        let known = asked
            .if_none_match
            .as_deref()
            .is_some_and(|sent| sent.split(',').any(|one| one.trim() == "*" || one.trim() == tag));
        let reply = if known {
            Reply { status: 304, headers: Vec::new(), body: Vec::new() }.with("x-request-id", &stamp.request)
        } else {
            Reply::data(stamp, data)
        };
        reply.with("etag", tag)
    }
}

/// A valid body of the one write.
struct Change {
    outcome: Option<String>,
    notes: Option<String>,
    complete: Option<bool>,
}

impl Change {
    fn of(body: &Value) -> Option<Self> {
        let body = body.as_object()?;
        let text = |name: &str| match body.get(name) {
            None => Some(None),
            Some(Value::String(text)) if text.chars().count() <= LONGEST => Some(Some(text.clone())),
            Some(_) => None,
        };
        let complete = match body.get("complete") {
            None => None,
            Some(value) => Some(value.as_bool()?),
        };
        let change = Self { outcome: text("resultOutcome")?, notes: text("resultNotes")?, complete };
        let says_something = change.outcome.is_some() || change.notes.is_some() || change.complete.is_some();
        says_something.then_some(change)
    }

    fn apply(self, participation: &mut Participation, now: &str) {
        if self.outcome.is_some() {
            participation.result_outcome = self.outcome;
        }
        if self.notes.is_some() {
            participation.result_notes = self.notes;
        }
        if self.complete == Some(true) {
            participation.status = "COMPLETE".to_owned();
            participation.result_completed = Some(now.to_owned());
        }
        participation.updated = now.to_owned();
    }
}

/// The courses that are there, drafts included.
fn offered<'a>(catalogue: &'a Catalogue, faults: &[Fault]) -> Vec<Cow<'a, Course>> {
    let mut courses: Vec<Cow<'_, Course>> = catalogue.courses.iter().map(Cow::Borrowed).collect();
    for fault in faults {
        if let Fault::Shrink(share) = fault {
            // Of the published ones: a draft more or less is nobody's loss.
            let published = courses.iter().filter(|course| course.published).count();
            let mut kept = (published as f64 * share.clamp(0.0, 1.0)).round() as usize;
            courses.retain(|course| {
                let stays = !course.published || kept > 0;
                kept -= usize::from(course.published && stays);
                stays
            });
        }
    }
    if faults.contains(&Fault::BadRecords) {
        let mut published = courses.iter_mut().filter(|course| course.published);
        if let Some(course) = published.next() {
            course.to_mut().level = "EXPERT".to_owned();
        }
        if let Some(course) = published.next() {
            course.to_mut().title.clear();
        }
        if let Some(course) = published.next() {
            course.to_mut().start = Some("demnächst".to_owned());
        }
    }
    courses
}

fn row(course: &Course, faults: &[Fault]) -> Value {
    let mut row = fields(course, faults);
    row.insert("participantCount".to_owned(), json!(course.bookings.len()));
    Value::Object(row)
}

fn fields(course: &Course, faults: &[Fault]) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("id", json!(course.id));
    // A title that the bad records emptied is left out altogether.
    if !(course.title.is_empty() && faults.contains(&Fault::BadRecords)) {
        set("title", json!(course.title));
    }
    set("slug", json!(course.slug));
    set("level", json!(course.level));
    set("startDate", json!(course.start));
    set("endDate", json!(course.end));
    fields
}

fn participant(booking: &Booking, random: &mut fastrand::Rng) -> Value {
    let participation = booking.participation.as_ref();
    let image = booking.image.as_ref().map(|image| format!("{image}?signature={:016x}", random.u64(..)));
    json!({
        "bookingId": booking.id,
        "participationId": participation.map(|found| &found.id),
        "userId": booking.user,
        "name": booking.name,
        "imageUrl": image,
        "status": participation.map_or("NONE", |found| &found.status),
        "preparationIntent": participation.and_then(|found| found.preparation_intent.as_ref()),
        "desiredResults": participation.and_then(|found| found.desired_results.as_ref()),
        "lineManagerProfile": booking.line_manager_profile,
        "preparationCompletedAt": booking.preparation_completed,
    })
}

fn booked(booking: &Booking) -> Value {
    let participation = booking.participation.as_ref();
    json!({
        "id": participation.map(|found| &found.id),
        "bookingId": booking.id,
        "userId": booking.user,
        "status": participation.map(|found| &found.status),
        "createdAt": booking.created,
    })
}

/// What of a list matters to a validator: not the order, which changes by itself.
fn comparable(courses: &[Cow<'_, Course>]) -> String {
    let mut rows: Vec<String> = courses.iter().map(|course| row(course, &[]).to_string()).collect();
    rows.sort_unstable();
    rows.concat()
}

fn tag(state: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    format!("W/\"{:016x}\"", hasher.finish())
}
