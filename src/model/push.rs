//! What goes from here to a source: results of participations, lines and scores of a gradebook, texts of courses.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::participant::Personal;
use crate::base::digest::{Digest, Hasher};

/// One thing to be pushed.
#[derive(Debug, Clone, PartialEq)]
pub enum Push {
    /// What came out of a participation (Hemera).
    Outcome(Outcome),
    /// A line of a gradebook: what there are scores for (OneRoster).
    LineItem(LineItem),
    /// A score in a gradebook (OneRoster).
    Score(Score),
    /// Texts of a course (Ed-Fi).
    Text(CourseText),
}

/// What came out of a participation; at least one of the three is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The participation.
    pub participation: Personal,
    /// What came out of it; 2,000 characters at most.
    pub outcome: Option<Personal>,
    /// Notes; 2,000 characters at most.
    pub notes: Option<Personal>,
    /// Whether the result is complete.
    pub complete: Option<bool>,
    /// The hash of what both sides last agreed on: something else there is somebody's change. See [`Outcome::mark`].
    pub expected: Option<Digest>,
}

impl Outcome {
    /// A hash of these texts, of those alone that are sent: it tells a change without giving anything away.
    pub fn mark(&self, outcome: Option<&str>, notes: Option<&str>) -> String {
        let mut hasher = Hasher::new("outcome");
        for (is_sent, text) in [(self.outcome.is_some(), outcome), (self.notes.is_some(), notes)] {
            if is_sent {
                hasher.field(text.unwrap_or_default().trim().as_bytes());
            }
        }
        hasher.finish().to_string()
    }

    /// The hash of what is sent.
    pub fn own_mark(&self) -> String {
        let text = |text: &Option<Personal>| text.as_ref().map(|text| text.reveal().clone());
        self.mark(text(&self.outcome).as_deref(), text(&self.notes).as_deref())
    }
}

/// A score of a student on a line of a gradebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The result's id; it becomes part of an address.
    pub id: Personal,
    /// The line of the gradebook.
    pub line_item: String,
    /// The student.
    pub student: Personal,
    /// `exempt`, `fully graded`, `not submitted`, `partially graded`, `submitted`, or a word of one's own after `ext:`.
    pub score_status: String,
    /// The day of the score.
    pub score_date: Date,
    /// The score.
    pub score: Option<f64>,
    /// A word on it.
    pub comment: Option<Personal>,
    /// The hash of what both sides last agreed on: see [`Outcome::expected`].
    pub expected: Option<Digest>,
}

impl Score {
    /// A hash of a score, of those parts alone that are sent: see [`Outcome::mark`].
    pub fn mark(&self, score: Option<f64>, status: &str, day: &str, comment: Option<&str>) -> String {
        let mut hasher = Hasher::new("score");
        hasher.field(status.trim().as_bytes()).field(day.trim().as_bytes());
        if self.score.is_some() {
            hasher.field(score.map(|score| score.to_string()).unwrap_or_default().as_bytes());
        }
        if self.comment.is_some() {
            hasher.field(comment.unwrap_or_default().trim().as_bytes());
        }
        hasher.finish().to_string()
    }

    /// The hash of what is sent.
    pub fn own_mark(&self) -> String {
        let comment = self.comment.as_ref().map(|text| &**text.reveal());
        self.mark(self.score, &self.score_status, &self.score_date.to_string(), comment)
    }
}

/// A line of a gradebook: something that students of a class get scores for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineItem {
    /// Its id; it becomes part of an address.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// When it is given out.
    pub assign_date: Date,
    /// When it is due.
    pub due_date: Date,
    /// The class, as its source calls it.
    pub class: String,
    /// The school; nothing where it is that of the class.
    pub school: Option<String>,
    /// The category of the gradebook.
    pub category: String,
    /// The hash of what both sides last agreed on: see [`Outcome::expected`].
    pub expected: Option<Digest>,
}

impl LineItem {
    /// A hash of a line as it stands somewhere.
    pub fn mark(title: &str, assigned: &str, due: &str, class: &str, category: &str) -> String {
        let mut hasher = Hasher::new("line item");
        for field in [title, assigned, due, class, category] {
            hasher.field(field.trim().as_bytes());
        }
        hasher.finish().to_string()
    }

    /// The hash of what is sent.
    pub fn own_mark(&self) -> String {
        let (assigned, due) = (self.assign_date.to_string(), self.due_date.to_string());
        Self::mark(&self.title, &assigned, &due, &self.class, &self.category)
    }
}

/// A field of a course that can be edited here and pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextField {
    /// The title.
    Title,
    /// The description.
    Description,
    /// What came out of a participation: personal, so that only hashes of it are told. No field of a course.
    Result,
}

impl TextField {
    /// Those of a course.
    pub const ALL: [Self; 2] = [Self::Title, Self::Description];

    /// The name in front matter and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Result => "result",
        }
    }
}

/// Texts of a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseText {
    /// The course as its source calls it.
    pub course: String,
    /// The texts that are to be there.
    pub texts: BTreeMap<TextField, String>,
    /// What the source said in these fields when it was last read: if that has changed since, it is a conflict.
    pub expected: BTreeMap<TextField, String>,
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The source took it.
    Accepted,
    /// The source's record changed meanwhile: what it says now.
    Conflict(BTreeMap<TextField, String>),
    /// The source does not take it, and will not; why, in words without personal data.
    Refused(String),
    /// It may work later; why, in words without personal data.
    Later(String),
}

impl Push {
    /// What tells this push from those of other records, without giving away whose it is.
    pub fn key(&self) -> String {
        let (kind, id) = match self {
            Self::Outcome(outcome) => ("participation", &**outcome.participation.reveal()),
            Self::Score(score) => ("result", &**score.id.reveal()),
            Self::LineItem(line) => return format!("lineItem {}", line.id),
            Self::Text(text) => return format!("course {}", text.course),
        };
        let digest = Digest::of(id.as_bytes()).short();
        format!("{kind} {digest:016x}")
    }

    /// The hash by which a change at the other side is told from what both sides agreed on; nothing for texts of courses,
    /// which are compared as they are.
    pub fn own_mark(&self) -> Option<String> {
        match self {
            Self::Outcome(outcome) => {
                let has_texts = outcome.outcome.is_some() || outcome.notes.is_some();
                has_texts.then(|| outcome.own_mark())
            }
            Self::LineItem(line) => Some(line.own_mark()),
            Self::Score(score) => Some(score.own_mark()),
            Self::Text(_) => None,
        }
    }

    /// Takes note of what both sides last agreed on.
    pub fn expect(&mut self, agreed: Option<Digest>) {
        match self {
            Self::Outcome(Outcome { expected, .. })
            | Self::LineItem(LineItem { expected, .. })
            | Self::Score(Score { expected, .. }) => *expected = agreed,
            Self::Text(_) => {}
        }
    }

    /// The hash of what is pushed: the same again need not go again.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new("push");
        let mut text = |value: Option<&str>| {
            hasher.number(u64::from(value.is_some())).field(value.unwrap_or_default().as_bytes());
        };
        match self {
            Self::Outcome(Outcome { participation, outcome, notes, complete, expected: _ }) => {
                text(Some(participation.reveal()));
                text(outcome.as_ref().map(|text| &**text.reveal()));
                text(notes.as_ref().map(|text| &**text.reveal()));
                text(complete.map(|complete| if complete { "yes" } else { "no" }));
            }
            Self::LineItem(line) => {
                let LineItem { id, title, assign_date, due_date, class, school, category, expected: _ } =
                    line;
                text(Some(id));
                text(Some(title));
                text(Some(&assign_date.to_string()));
                text(Some(&due_date.to_string()));
                text(Some(class));
                text(school.as_deref());
                text(Some(category));
            }
            Self::Score(one) => {
                let Score { id, line_item, student, score_status, score_date, score, comment, expected: _ } =
                    one;
                text(Some(id.reveal()));
                text(Some(line_item));
                text(Some(student.reveal()));
                text(Some(score_status));
                text(Some(&score_date.to_string()));
                text(score.map(|score| score.to_string()).as_deref());
                text(comment.as_ref().map(|text| &**text.reveal()));
            }
            Self::Text(CourseText { course, texts, expected: _ }) => {
                text(Some(course));
                for (field, value) in texts {
                    text(Some(field.name()));
                    text(Some(value));
                }
            }
        }
        hasher.finish()
    }
}
