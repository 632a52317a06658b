//! A person booked on a course. All of it is personal data: it is never logged, never stored in the clear, and no
//! public page shows it unless the configuration says so field by field.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::view::Value;

/// A text about a person. `Debug` hides it, there is no `Display`: whoever wants the text has to say [`reveal`].
///
/// [`reveal`]: Personal::reveal
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(Arc<str>);

impl Personal {
    /// Wraps a text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself: for a page that may show it, or for a sealed file.
    pub fn reveal(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹personal›")
    }
}

/// One booking of one person on one course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The booking. Unique in its course; participants are kept in the order of it.
    pub booking_id: Personal,
    /// The participation that belongs to the booking, once there is one.
    pub participation_id: Option<Personal>,
    /// The person's account.
    pub user_id: Personal,
    /// The person's name.
    pub name: Option<Personal>,
    /// A picture. The source changes the address at will, so it takes no part in hashes.
    pub image_url: Option<Personal>,
    /// How far the person is: PREPARATION, SUMMARY, DEBRIEFING, RESULT, COMPLETE or NONE at Hemera.
    pub status: Option<Personal>,
    /// What the person wants to work on; 2,000 characters at most.
    pub preparation_intent: Option<Personal>,
    /// What the person wants to reach; 2,000 characters at most.
    pub desired_results: Option<Personal>,
    /// How the person describes their manager; 2,000 characters at most.
    pub line_manager_profile: Option<Personal>,
    /// When the preparation was completed.
    pub preparation_completed_at: Option<Timestamp>,
    /// What came out of it; 2,000 characters at most.
    pub result_outcome: Option<Personal>,
    /// Notes on the result; 2,000 characters at most.
    pub result_notes: Option<Personal>,
    /// When the result was completed.
    pub result_completed_at: Option<Timestamp>,
    /// When the booking was made.
    pub created_at: Option<Timestamp>,
}

impl Participant {
    /// A booking of which nothing more is known.
    pub fn bare(booking_id: Personal, user_id: Personal) -> Self {
        Self {
            booking_id,
            participation_id: None,
            user_id,
            name: None,
            image_url: None,
            status: None,
            preparation_intent: None,
            desired_results: None,
            line_manager_profile: None,
            preparation_completed_at: None,
            result_outcome: None,
            result_notes: None,
            result_completed_at: None,
            created_at: None,
        }
    }
}

/// The fields of a participant by the names that templates and `[privacy] public_fields` use.
pub const FIELDS: [&str; 14] = [
    "booking_id",
    "participation_id",
    "user_id",
    "name",
    "image_url",
    "status",
    "preparation_intent",
    "desired_results",
    "line_manager_profile",
    "preparation_completed_at",
    "result_outcome",
    "result_notes",
    "result_completed_at",
    "created_at",
];

/// Every field, withheld: what a template gets that asks a person for something that is not public.
pub static WITHHELD: [Value; FIELDS.len()] = {
    let mut values = [const { Value::Nil }; FIELDS.len()];
    let mut index = 0;
    while index < FIELDS.len() {
        // `Nil` owns nothing, so forgetting it leaks nothing; a constant may not drop it.
        std::mem::forget(std::mem::replace(&mut values[index], Value::Withheld(FIELDS[index])));
        index += 1;
    }
    values
};

/// The fields that only `GET /participations/{id}` tells, one request a person.
pub const RESULT_FIELDS: [&str; 3] = ["result_outcome", "result_notes", "result_completed_at"];
