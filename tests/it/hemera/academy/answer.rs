//! The routes that a pull uses: what is answered to what, in the order in which the service checks.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::data::{Booking, Course};
use super::{Academy, Logged, State, Ties, WINDOW};

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

/// An answer, and what is to go wrong on its way.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    pub(crate) cut_off: bool,
}

/// What a route comes to.
enum Outcome {
    Good(Value),
    /// An error of the service. `bare` ones come from what stands before it: no `meta`.
    Bad {
        status: u16,
        code: &'static str,
        message: &'static str,
        bare: bool,
    },
    /// The page of a website.
    Page(u16),
}

fn bad(status: u16, code: &'static str, message: &'static str) -> Outcome {
    Outcome::Bad { status, code, message, bare: false }
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Academy {
    /// Answers a request.
    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let mut state = self.state();
        let number = state.log.len() + 1;
        if state.meanwhile.as_ref().is_some_and(|(at, _)| *at == number)
            && let Some((_, change)) = state.meanwhile.take()
        {
            change(&mut state.courses);
        }
        let mut limit = Vec::new();
        let path = asked.target.strip_prefix("/api/service").unwrap_or_default();
        let faulty = state.faults.only.as_ref().is_none_or(|only| path.starts_with(only.as_str()));
        let outcome = self.outcome(&mut state, asked, path, number, faulty, &mut limit);
        let mut reply = self.wrap(&mut state, outcome, limit);
        if faulty {
            spoil(&state, &mut reply);
        }
        if state.etags && reply.status == 200 {
            tag(asked, &mut reply);
        }
        let at = self.clock.elapsed();
        state.log.push(Logged { target: asked.target.clone(), status: reply.status, at });
        reply
    }

    fn outcome(
        &self,
        state: &mut State,
        asked: &Asked,
        path: &str,
        number: usize,
        faulty: bool,
        limit: &mut Vec<(String, String)>,
    ) -> Outcome {
        // What stands before the service only looks whether there is a key or a token at all.
        if asked.header("x-api-key").is_none() && asked.header("authorization").is_none() {
            let message = "Missing authentication token";
            return Outcome::Bad { status: 401, code: "UNAUTHORIZED", message, bare: true };
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let known = match parts.as_slice() {
            ["courses"] | ["courses", _] | ["participations", _] => true,
            ["templates"] => state.templates.is_some(),
            _ => false,
        };
        if !known {
            return Outcome::Page(404);
        }
        // The id comes before the key.
        if parts.get(1).is_some_and(|id| !is_id(id)) {
            return bad(400, "VALIDATION_ERROR", "Invalid course ID format");
        }
        if faulty && let Some(fault) = fail(state, number) {
            return fault;
        }
        let key = asked.header("x-api-key").unwrap_or_default();
        if !(32..=256).contains(&key.chars().count()) || key != state.key {
            return bad(401, "UNAUTHORIZED", "Not authenticated");
        }
        if let Some(refusal) = self.count_request(state, limit) {
            return refusal;
        }
        match parts.as_slice() {
            ["courses"] => list(state, query),
            ["courses", id] => course(state, id),
            ["participations", id] => participation(state, id),
            _ => Outcome::Good(json!(state.templates)),
        }
    }

    /// Counts the request in the fixed window, and tells what is left of it.
    fn count_request(&self, state: &mut State, limit: &mut Vec<(String, String)>) -> Option<Outcome> {
        let now = self.clock.elapsed();
        if state.window.1 == 0 || now.saturating_sub(state.window.0) >= WINDOW {
            state.window = (now, 0);
        }
        state.window.1 += 1;
        let (begin, count) = state.window;
        let wait = (begin + WINDOW).saturating_sub(now);
        let reset = self.clock.now().as_millisecond() + wait.as_millis() as i64;
        let mut header = |name: &str, value: String| limit.push((name.to_owned(), value));
        header("x-ratelimit-limit", state.rate_limit.to_string());
        header("x-ratelimit-remaining", state.rate_limit.saturating_sub(count).to_string());
        header("x-ratelimit-reset", (reset / 1000 + i64::from(reset % 1000 > 0)).to_string());
        (count > state.rate_limit).then(|| {
            header("retry-after", wait.as_secs_f64().ceil().to_string());
            let message = "Zu viele Anfragen. Bitte versuche es später erneut.";
            bad(429, "RATE_LIMITED", message)
        })
    }

    fn wrap(&self, state: &mut State, outcome: Outcome, limit: Vec<(String, String)>) -> Reply {
        let now = self.clock.now();
        let bits = state.random.u128(..);
        let uuid = format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            (bits >> 96) as u32,
            (bits >> 80) as u16,
            (bits >> 64) as u16 & 0xfff,
            (bits >> 48) as u16 & 0xfff,
            bits & 0xffff_ffff_ffff
        );
        let meta = json!({"requestId": uuid, "timestamp": format!("{now:.3}"), "version": "1.0"});
        let (status, kind, body) = match outcome {
            Outcome::Good(data) => {
                (200, "application/json", json!({"success": true, "data": data, "meta": meta}).to_string())
            }
            Outcome::Bad { status, code, message, bare } => {
                let mut body = json!({"success": false, "error": {"code": code, "message": message}});
                if !bare {
                    body["meta"] = meta;
                }
                (status, "application/json", body.to_string())
            }
            Outcome::Page(status) => (status, "text/html; charset=utf-8", WEB_PAGE.to_owned()),
        };
        let date = httpdate::fmt_http_date(SystemTime::from(now));
        let mut headers = vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("x-request-id".to_owned(), uuid),
            ("date".to_owned(), date),
        ];
        headers.extend(limit);
        Reply { status, headers, body: body.into_bytes(), delay: Duration::ZERO, cut_off: false }
    }
}

const WEB_PAGE: &str = "<!DOCTYPE html><html lang=\"de\"><head><meta charSet=\"utf-8\"/><title>404</title></head>\
    <body><h1>Diese Seite gibt es nicht.</h1></body></html>";

/// The service's ids are cuids.
fn is_id(id: &str) -> bool {
    id.len() >= 9 && id.starts_with(['c', 'C']) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn fail(state: &mut State, number: usize) -> Option<Outcome> {
    let faults = &mut state.faults;
    let now = if faults.fail_next > 0 {
        faults.fail_next -= 1;
        true
    } else {
        faults.fail_every.is_some_and(|every| number.is_multiple_of(every.max(1)))
    };
    now.then(|| match faults.status.unwrap_or(500) {
        400 => bad(400, "VALIDATION_ERROR", "Ungültige Anfrage"),
        401 => bad(401, "UNAUTHORIZED", "Not authenticated"),
        403 => bad(403, "FORBIDDEN", "Insufficient permissions"),
        404 => bad(404, "NOT_FOUND", "Course not found"),
        429 => bad(429, "RATE_LIMITED", "Zu viele Anfragen. Bitte versuche es später erneut."),
        503 => Outcome::Bad {
            status: 503,
            code: "AUTH_CONFIGURATION_ERROR",
            message: "Authentication is not configured",
            bare: true,
        },
        status => bad(status, "INTERNAL_ERROR", "Interner Serverfehler"),
    })
}

/// What goes wrong with an answer on its way.
fn spoil(state: &State, reply: &mut Reply) {
    let faults = &state.faults;
    reply.delay = faults.delay;
    reply.cut_off = faults.cut_off;
    if faults.half_json {
        reply.body.truncate(reply.body.len() / 2);
    }
    if faults.garbage {
        reply.body = (0..400_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    }
    if faults.html {
        reply.body = WEB_PAGE.into();
        reply.headers.retain(|(name, _)| name != "content-type");
        reply.headers.push(("content-type".to_owned(), "text/html".to_owned()));
    }
}

/// Gives the answer an `ETag` of its data, and turns it into a 304 where the client knows that one.
fn tag(asked: &Asked, reply: &mut Reply) {
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else { return };
    let tag = format!("\"{}\"", aither::base::digest::Digest::of(body["data"].to_string().as_bytes()));
    if asked.header("if-none-match") == Some(tag.as_str()) {
        (reply.status, reply.body) = (304, Vec::new());
    }
    reply.headers.push(("etag".to_owned(), tag));
}

fn list(state: &mut State, query: &str) -> Outcome {
    let invalid = || bad(400, "VALIDATION_ERROR", "Ungültige Anfrage");
    let (mut limit, mut offset, mut level, mut published) = (100, 0, None, true);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match (name, value.parse::<usize>()) {
            ("limit", Ok(number @ 1..=500)) => limit = number,
            ("offset", Ok(number)) => offset = number,
            ("limit" | "offset", _) => return invalid(),
            ("level", _) if ["BEGINNER", "INTERMEDIATE", "ADVANCED"].contains(&value) => level = Some(value),
            ("level", _) => return invalid(),
            ("published", _) => published = value == "true",
            _ => {}
        }
    }
    let mut found: Vec<&Course> = state
        .courses
        .iter()
        .filter(|course| course.published == published && level.is_none_or(|level| course.level == level))
        .collect();
    // The order of the database among equal dates is nobody's business.
    match state.ties {
        Ties::Stable => {}
        Ties::Shuffled => state.random.shuffle(&mut found),
        Ties::Reversed if state.turn % 2 == 1 => found.reverse(),
        Ties::Reversed => {}
        Ties::Rotated(places) if !found.is_empty() => {
            let places = state.turn * places % found.len();
            found.rotate_left(places);
        }
        Ties::Rotated(_) => {}
    }
    state.turn += 1;
    found.sort_by_key(|course| (course.start.is_none(), course.start.clone()));
    let total = found.len() + state.extra_rows.len();
    limit = limit.min(state.page_cap);
    if state.ignores_offset {
        offset = 0;
    }
    let rows: Vec<Value> =
        found.into_iter().map(row).chain(state.extra_rows.clone()).skip(offset).take(limit).collect();
    Outcome::Good(if state.wrapped {
        json!({"courses": rows, "total": state.wrong_total.unwrap_or(total)})
    } else {
        json!(rows)
    })
}

fn row(course: &Course) -> Value {
    let mut row = json!({
        "id": course.id, "title": course.title, "slug": course.slug, "level": course.level,
        "startDate": course.start, "endDate": course.end,
        "participantCount": course.bookings.len() + course.cancelled,
    });
    if let (Some(row), Some(Value::Object(spoilt))) = (row.as_object_mut(), &course.spoilt) {
        for (name, value) in spoilt {
            // A field that is to be missing is spoilt with `{}`.
            if value == &json!({}) {
                row.remove(name);
            } else {
                row.insert(name.clone(), value.clone());
            }
        }
    }
    row
}

fn course(state: &mut State, id: &str) -> Outcome {
    let State { courses, random, wrapped, .. } = state;
    let Some(course) = courses.iter().find(|course| course.id == id) else {
        return bad(404, "NOT_FOUND", "Course not found");
    };
    let mut bookings: Vec<&Booking> = course.bookings.iter().collect();
    random.shuffle(&mut bookings);
    let participants: Vec<Value> = bookings
        .iter()
        .map(|one| {
            json!({
                "bookingId": one.id, "participationId": one.participation, "userId": one.user, "name": one.name,
                "imageUrl": format!("https://img.example.test/{}.png?{}", one.user, random.u32(..)),
                "status": one.status, "preparationIntent": one.intent, "desiredResults": null,
                "lineManagerProfile": null, "preparationCompletedAt": null,
            })
        })
        .collect();
    random.shuffle(&mut bookings);
    let participations: Vec<Value> = bookings
        .iter()
        .map(|one| {
            let status = one.participation.as_ref().map(|_| &one.status);
            json!({"id": one.participation, "bookingId": one.id, "userId": one.user, "status": status,
                "createdAt": "2026-10-01T10:00:00.000Z"})
        })
        .collect();
    let data = json!({
        "id": course.id, "title": course.title, "slug": course.slug, "level": course.level,
        "startDate": course.start, "endDate": course.end,
        "participants": participants, "participations": participations,
    });
    Outcome::Good(if *wrapped { json!({"course": data}) } else { data })
}

fn participation(state: &State, id: &str) -> Outcome {
    let found = state.courses.iter().find_map(|course| {
        let booking = course.bookings.iter().find(|one| one.participation.as_deref() == Some(id))?;
        Some((course, booking))
    });
    let Some((course, one)) = found else { return bad(404, "NOT_FOUND", "Participation not found") };
    let data = json!({
        "id": id, "userId": one.user, "courseId": course.id, "status": one.status,
        "preparationIntent": one.intent, "desiredResults": null,
        "resultOutcome": one.outcome, "resultNotes": one.notes, "resultCompletedAt": one.completed,
        "createdAt": "2026-10-05T09:00:00.000Z", "updatedAt": "2026-10-20T09:30:00.000Z",
    });
    Outcome::Good(if state.wrapped { json!({"participation": data}) } else { data })
}
