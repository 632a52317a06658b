//! A conflict: a text was edited here and changed at its source since both last agreed on it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::push::TextField;
use crate::base::digest::Hasher;

/// A text of a record that both sides changed. Until somebody decides, what the source says is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// `conflict-` and 16 hexadecimal digits: of record and field, so that there is one of each.
    pub id: String,
    /// The source.
    pub connector: String,
    /// `course`, `participation`, `result`, `lineItem`.
    pub entity_type: String,
    /// The record, as the catalogue calls it.
    pub record_id: String,
    /// The field that both sides changed.
    pub field: TextField,
    /// How it stands.
    pub status: ConflictStatus,
    /// What stands here.
    pub local_snapshot: String,
    /// What the source says.
    pub remote_snapshot: String,
    /// When the source last changed the record, where it says so.
    pub remote_updated_at: Option<Timestamp>,
    /// Who was right.
    pub resolution: Option<Resolution>,
    /// When it was seen.
    pub created_at: Timestamp,
    /// When it was decided.
    pub resolved_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(rename = "last_updated_at")]
    pub last_updated_at: Timestamp,
}

impl Conflict {
    /// A hash of both texts: it tells whether somebody decides on what they have seen.
    pub fn mark(&self) -> String {
        let mut hasher = Hasher::new("conflict texts");
        hasher.field(self.local_snapshot.as_bytes()).field(self.remote_snapshot.as_bytes());
        format!("{:016x}", hasher.finish().short())
    }
}

/// How a conflict stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictStatus {
    /// Somebody has to decide.
    Open,
    /// Somebody has decided, or both sides say the same by now.
    Resolved,
}

/// Who was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// What stands here: it is shown, and pushed when pushes are next asked for.
    Local,
    /// What the source says.
    Remote,
}

/// A text that is edited here and meant for the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The course, as the catalogue calls it.
    pub course: String,
    /// The field.
    pub field: TextField,
    /// What stands here.
    pub local: String,
    /// What the source said when it was last asked.
    pub remote: String,
    /// When the source last changed the record, where it says so.
    pub remote_updated_at: Option<Timestamp>,
}

/// What an edit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Both sides say the same.
    Agreed,
    /// Edited here alone: it is shown, and may be pushed.
    Edited,
    /// The source has changed since: what it says is shown.
    Superseded,
    /// Both have changed.
    Conflict,
}
