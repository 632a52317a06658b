//! The bookings of the courses that need them: one request a course, and the server allows a hundred a minute. So
//! there is an order of need, and whoever's turn does not come keeps what is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::client::{Answer, Client, Fault, Patience, asked};
use super::wire;
use crate::base::report::Reporter;
use crate::base::retry::Deadline;
use crate::config::Details;
use crate::error::{Kind, Result};
use crate::model::change::{Change, Pull, Refused};
use crate::model::course::{Course, CourseId, nearest};
use crate::model::participant::{Participant, Personal};
use crate::model::people::People;
use crate::source::PullRequest;

/// How long bookings are young enough not to be read again, unless something in the list says that they changed.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// How many courses in a row may fail before the source counts as ill and is left alone.
const ILL: usize = 3;

/// Whose bookings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Nobodys,
    /// Those of the course that comes next, for pages that the house alone sees.
    Nearest,
    Upcoming,
    Everybodys,
}

impl Whose {
    /// What the configuration comes to, given whether anything of a participant can be shown at all.
    pub(super) fn of(details: Details, participants_wanted: bool, internal_wanted: bool) -> Self {
        match details {
            Details::Needed if participants_wanted => Self::Upcoming,
            Details::Needed if internal_wanted => Self::Nearest,
            Details::Needed | Details::None => Self::Nobodys,
            Details::Upcoming => Self::Upcoming,
            Details::All => Self::Everybodys,
        }
    }
}

impl Whose {
    /// What holds for one course, given whether it is the one that comes next.
    fn of_course(self, is_near: bool) -> Self {
        match self {
            Self::Nearest if !is_near => Self::Nobodys,
            other => other,
        }
    }
}

/// The frame of one reading.
pub(super) struct Reading<'a> {
    pub(super) client: &'a mut Client,
    pub(super) request: &'a PullRequest<'a>,
    pub(super) deadline: Deadline,
    pub(super) now: Timestamp,
    pub(super) random: &'a mut fastrand::Rng,
    pub(super) reporter: &'a Arc<dyn Reporter>,
}

/// How reading one course ended.
enum Turn {
    /// All of it was read.
    Read,
    /// A part was read; there is no allowance for the rest.
    Part,
    /// It cannot be read; the next may.
    Failed,
    /// There is no allowance or no time for more.
    Over,
}

/// Gives every course the bookings that are known of it, and reads those anew whose turn it is.
pub(super) fn refresh(
    mut reading: Reading<'_>,
    whose: Whose,
    courses: &mut [Course],
    pull: &mut Pull,
) -> Result<()> {
    let near = reading.request.internal.and_then(|zone| nearest(courses.iter(), zone, reading.now));
    let near = near.map(|course| course.id.clone());
    if let Some(course) = courses.iter_mut().find(|course| Some(&course.id) == near.as_ref()) {
        reading.materials(course, pull)?;
    }
    for course in courses.iter_mut() {
        let whose = whose.of_course(near.as_ref() == Some(&course.id));
        keep(course, reading.request.known.get(&course.id), whose, reading.now);
        if course.participants.is_some()
            && let Some((path, validator)) = reading.request.validators.get_key_value(&path(&course.id))
        {
            pull.validators.insert(path.clone(), validator.clone());
        }
    }
    let due = due(courses, &reading, whose, near.as_ref());
    let (mut left, mut failures) = (due.iter().copied().collect::<BTreeSet<_>>(), 0);
    for index in due {
        match reading.course(&mut courses[index], pull)? {
            Turn::Read => {
                failures = 0;
                left.remove(&index);
                pull.details_read += 1;
            }
            Turn::Part => failures = 0,
            Turn::Failed => failures += 1,
            Turn::Over => break,
        }
        if failures == ILL {
            reading
                .reporter
                .warn("three courses in a row could not be read in detail: the rest keeps what is known");
            break;
        }
    }
    pull.details_left = left.len();
    pull.details_unread = left.into_iter().filter(|index| courses[*index].participants.is_none()).count();
    Ok(())
}

/// Reads courses by their details alone. Says whether each of them was there and could be used.
pub(super) fn named(
    mut reading: Reading<'_>,
    whose: Whose,
    ids: &[CourseId],
    pull: &mut Pull,
) -> Result<bool> {
    let request = reading.request;
    let near = request.internal.and_then(|zone| nearest(request.known.iter(), zone, reading.now));
    let near = near.map(|course| course.id.clone());
    for id in ids {
        let is_near = near.as_ref() == Some(id);
        let whose = whose.of_course(is_near);
        let path = path(id);
        let body = match reading.client.get(&path, None, reading.deadline, Patience::Waits) {
            Ok(Answer::Body(body, _)) => body,
            Ok(Answer::Unchanged) | Err(Fault { status: Some(404 | 410), .. }) => return Ok(false),
            Err(fault) => return Err(fault.error),
        };
        let Ok((mut course, bookings)) = wire::detail(&asked(&path), id.as_str(), &body) else {
            return Ok(false);
        };
        pull.validators.remove(&path);
        if whose != Whose::Nobodys {
            let known = reading.request.known.get(id).and_then(|known| known.participants.clone());
            let mut participants = merge(id, bookings, known.as_ref(), pull);
            if reading.request.results_wanted {
                reading.results(&mut participants)?;
            }
            pull.participants_read += participants.len();
            pull.details_read += 1;
            course.participants = Some(participants.into());
            course.details_at = Some(reading.now);
        }
        if is_near {
            reading.materials(&mut course, pull)?;
        }
        pull.changes.push(Change::Upsert(course.into()));
    }
    Ok(true)
}

/// What is known of a course's bookings, as long as its bookings may be known at all.
fn keep(course: &mut Course, known: Option<&Course>, whose: Whose, now: Timestamp) {
    let known = known.filter(|_| whose != Whose::Nobodys);
    course.participants = known.and_then(|known| known.participants.clone());
    course.details_at = known.and_then(|known| known.details_at);
    let known_empty = course.participants.as_ref().is_some_and(|participants| participants.is_empty());
    if whose != Whose::Nobodys && course.participant_count == 0 && !known_empty {
        // The count includes every booking, so there is nothing to be asked.
        course.participants = Some(People::default());
        course.details_at = Some(now);
    }
}

/// The courses to be read, by need: upcoming before past, changed before unchanged, then the longest unread.
fn due(courses: &[Course], reading: &Reading<'_>, whose: Whose, near: Option<&CourseId>) -> Vec<usize> {
    let over = |course: &Course| {
        let end = course.end.or(course.start);
        end.is_some_and(|end| end.end(&TimeZone::UTC) <= reading.now)
    };
    let changed = |course: &Course| match reading.request.known.get(&course.id) {
        Some(known) => known.participants.is_none() || known.summary_digest() != course.summary_digest(),
        None => true,
    };
    let mut due: Vec<_> = courses
        .iter()
        .enumerate()
        .filter(|(_, course)| match whose {
            Whose::Nobodys => false,
            Whose::Nearest => Some(&course.id) == near,
            Whose::Upcoming => !over(course),
            Whose::Everybodys => true,
        })
        .filter(|(_, course)| course.participant_count > 0)
        .filter(|(_, course)| changed(course) || !is_fresh(course, reading))
        .map(|(index, course)| {
            // Of coming courses the next are of most interest, of past ones the latest.
            let begins = course.start.map_or(i64::MAX, |start| start.sort_key().as_second());
            let distance = if over(course) { -begins } else { begins };
            let is_far = Some(&course.id) != near;
            (over(course), is_far, !changed(course), course.details_at, distance, course.id.clone(), index)
        })
        .collect();
    due.sort();
    let (over, upcoming): (Vec<_>, Vec<_>) = due.into_iter().partition(|(over, ..)| *over);
    shared(upcoming.into_iter().map(|(.., index)| index), over.into_iter().map(|(.., index)| index))
}

/// Whether the bookings were read only just now. Results don't come with them: where they are wanted, being fresh says
/// nothing about them.
fn is_fresh(course: &Course, reading: &Reading<'_>) -> bool {
    let age = course.details_at.map(|read| reading.now.duration_since(read));
    let asked_for = reading.request.full || reading.request.results_wanted;
    !asked_for && age.is_some_and(|age| !age.is_negative() && age < FRESH)
}

/// The first list before the second, but for every eighth turn: where there are more upcoming courses than a minute
/// allows, those that are over would otherwise never be read at all.
fn shared(first: impl Iterator<Item = usize>, mut second: impl Iterator<Item = usize>) -> Vec<usize> {
    const TURN: usize = 8;
    let mut first = first.peekable();
    let mut all = Vec::new();
    while first.peek().is_some() {
        all.extend(first.by_ref().take(TURN - 1));
        all.extend(second.next());
    }
    all.extend(second);
    all
}

fn path(id: &CourseId) -> String {
    format!("/courses/{id}")
}

impl Reading<'_> {
    /// Reads the materials of a course. What is known of them stays where they cannot be read.
    fn materials(&mut self, course: &mut Course, pull: &mut Pull) -> Result<()> {
        let known = self.request.known.get(&course.id).and_then(|known| known.materials.clone());
        course.materials.clone_from(&known);
        if self.client.spare() == 0 {
            return Ok(());
        }
        let path = format!("/courses/{}/materials", course.id);
        let read = match self.client.get(&path, None, self.deadline, Patience::Hurries) {
            Ok(Answer::Body(body, _)) => wire::materials(&asked(&path), course.id.as_str(), &body),
            Ok(Answer::Unchanged) => return Ok(()),
            Err(fault) if fault.error.kind() == Kind::Credentials => return Err(fault.error),
            // A course without any, or a server without the route.
            Err(Fault { status: Some(404), .. }) => return Ok(()),
            Err(fault) => Err(fault.error),
        };
        match read {
            Ok((mut materials, set_aside)) => {
                pull.refused.extend(set_aside);
                if let Some(known) = &known {
                    materials.keep(known);
                }
                course.materials = Some(materials.into());
            }
            Err(error) => self.reporter.warn(&format!(
                "the materials of course {} could not be read, what is known is kept: {}",
                course.id,
                error.message()
            )),
        }
        Ok(())
    }

    /// Reads one course, and the results of its participants if they are wanted.
    fn course(&mut self, course: &mut Course, pull: &mut Pull) -> Result<Turn> {
        if self.client.spare() == 0 {
            return Ok(Turn::Over);
        }
        let path = path(&course.id);
        let known = course.participants.clone();
        let validator = known.as_ref().and_then(|_| self.request.validators.get(&path));
        let answer = self.client.get(&path, validator, self.deadline, Patience::Hurries);
        let (mut participants, validator) = match answer {
            Ok(Answer::Unchanged) => (known.iter().flat_map(People::iter).collect(), validator.cloned()),
            Ok(Answer::Body(body, validator)) => {
                pull.validators.remove(&path);
                match wire::bookings(&asked(&path), course.id.as_str(), &body) {
                    Ok(read) => (merge(&course.id, read, known.as_ref(), pull), validator),
                    Err(error) => return Ok(self.set_aside(&course.id, error.message())),
                }
            }
            Err(fault) => return self.failed(&course.id, fault),
        };
        let mut turn = Turn::Read;
        if self.request.results_wanted {
            turn = self.results(&mut participants)?;
        }
        pull.participants_read += participants.len();
        if let (Some(validator), Turn::Read) = (validator, &turn) {
            pull.validators.insert(path, validator);
        }
        course.participants = Some(participants.into());
        // Also where some results are left: a course with very many people must not be first in line for ever.
        course.details_at = Some(self.now);
        Ok(turn)
    }

    /// Reads the results of the people who can have some.
    fn results(&mut self, participants: &mut [Participant]) -> Result<Turn> {
        let mut order: Vec<usize> = (0..participants.len()).collect();
        if !order.is_empty() {
            // Where the allowance ends within a course, it is not always the same people who are left.
            order.rotate_left(self.random.usize(0..participants.len()));
        }
        for index in order {
            let participant = &mut participants[index];
            let Some(id) = participant.participation_id.clone() else { continue };
            if self.client.spare() == 0 {
                return Ok(Turn::Part);
            }
            let path = format!("/participations/{}", id.reveal());
            // The id is the person's: it stands in no message.
            let told = asked("/participations/{id}");
            match self.client.get_as(&told, &path, None, self.deadline, Patience::Hurries) {
                Ok(Answer::Body(body, _)) => match wire::outcome(&told, id.reveal(), &body) {
                    Ok(outcome) => outcome.note(participant),
                    Err(error) => {
                        self.reporter.warn(&format!("{}: the last known result is kept", error.message()))
                    }
                },
                Ok(Answer::Unchanged) => {}
                Err(fault) if fault.error.kind() == Kind::Credentials => return Err(fault.error),
                Err(Fault { status: Some(400..=428 | 430..=499), error }) => {
                    self.reporter.detail(&format!("{}: the last known result is kept", error.message()));
                }
                Err(_) => return Ok(Turn::Part),
            }
        }
        Ok(Turn::Read)
    }

    /// A request for a course that failed: only the key concerns the pull as a whole.
    fn failed(&self, id: &CourseId, Fault { status, error }: Fault) -> Result<Turn> {
        match (error.kind(), status) {
            (Kind::Credentials, _) => Err(error),
            // Either the limit or the time is used up.
            (_, Some(429)) => Ok(Turn::Over),
            (_, None) if self.client_is_out_of_time() => Ok(Turn::Over),
            _ => Ok(self.set_aside(id, error.message())),
        }
    }

    fn client_is_out_of_time(&self) -> bool {
        self.client.left(self.deadline).is_zero()
    }

    fn set_aside(&self, id: &CourseId, why: &str) -> Turn {
        self.reporter
            .warn(&format!("the bookings of course {id} could not be read, what is known is kept: {why}"));
        Turn::Failed
    }
}

/// Bookings as read, with what only was known before: results, and bookings that are refused now.
fn merge(
    course: &CourseId,
    read: wire::Bookings,
    known: Option<&People>,
    pull: &mut Pull,
) -> Vec<Participant> {
    let known = known.into_iter().flat_map(People::iter);
    let known: BTreeMap<Arc<str>, Participant> =
        known.map(|one| (one.booking_id.reveal().clone(), one)).collect();
    let before = |booking: &Personal| known.get(booking.reveal());
    let mut participants = read.participants;
    for participant in &mut participants {
        if let Some(known) = before(&participant.booking_id)
            && known.participation_id == participant.participation_id
        {
            participant.result_outcome = known.result_outcome.clone();
            participant.result_notes = known.result_notes.clone();
            participant.result_completed_at = known.result_completed_at;
        }
    }
    for refused in read.refused {
        if let Some(known) = refused.booking.as_ref().and_then(before) {
            participants.push(known.clone());
        }
        let id = format!("{course}, {}", refused.place);
        pull.refused.push(Refused { entity: "booking", id, reason: refused.reason });
    }
    participants.sort_by(|a, b| a.booking_id.reveal().cmp(b.booking_id.reveal()));
    participants.dedup_by(|a, b| a.booking_id == b.booking_id);
    participants
}
