//! Where the catalogue comes from: one source, or several side by side.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::Hemera;
use crate::base::oauth1::Algorithm;
use crate::base::secret::Secret;
use crate::error::{Error, Kind, Result};

/// Where the catalogue comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// `source = "sample"`: the catalogue in `content/`'s data files.
    Sample,
    /// `source = "file"`: a JSON file, `[file] path`.
    File(PathBuf),
    /// `source = "hemera"`: the Hemera Academy Service API.
    Hemera(Hemera),
    /// `source = "oneroster"`: OneRoster 1.1 or 1.2, over REST or from CSV.
    OneRoster(Box<OneRoster>),
    /// `source = "edfi"`: an Ed-Fi ODS/API.
    EdFi(Box<EdFi>),
    /// `[[sources]]`: several side by side, in the order of precedence.
    Several(Vec<Entry>),
}

/// `[[sources]]`: one of several sources.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `id`: its name in messages, in the history of runs and before the ids of its courses.
    pub id: String,
    /// `prefix`: whether the ids of its courses begin with its own, `sis:4711`.
    pub has_prefix: bool,
    /// `precedence`: of two sources that describe the same course the one with the smaller number has the word; 100 if
    /// nothing else is said.
    pub precedence: i64,
    /// `type`: `"hemera"`, `"oneroster"`, `"edfi"`, `"file"` or `"sample"`; the keys of that source's own table stand beside
    /// it.
    pub source: Source,
}

/// How to talk to a service; each a key of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `base_url`, without a slash at its end.
    pub base_url: String,
    /// What asks for this source: `aither.toml:4`, or the name of a variable.
    pub declared: String,
    /// `requests_per_minute`: our own limit.
    pub requests_per_minute: u32,
    /// `connect_timeout_seconds`.
    pub connect_timeout: Duration,
    /// `read_timeout_seconds`: for a whole answer.
    pub read_timeout: Duration,
    /// `sync_budget_seconds`: how long a whole pull may take.
    pub budget: Duration,
    /// `retries`: how often a failed request is tried again.
    pub retries: u32,
    /// `max_body_bytes`: the longest answer that is read.
    pub max_body: u64,
    /// `page_size`: how many records to ask for at once.
    pub page_size: u32,
}

/// A name and a secret from the environment, and the variables that they come from, for messages.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The client's name, where there is one.
    pub id: Option<String>,
    /// Its secret, or the token itself.
    pub secret: Option<Secret>,
    /// `client_id_env`: the environment variable of the name.
    pub id_variable: String,
    /// `secret_env`: the environment variable of the secret or token.
    pub secret_variable: String,
}

/// How words of a source become one of the three levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// `level`: the level of courses that no word speaks of, by its name.
    pub otherwise: String,
    /// `levels`: grades, subjects or other words of the source, in lower case, with the level that they stand for.
    pub words: BTreeMap<String, String>,
    /// `level_from`: a field of the record's `metadata` that holds the word; grades and subjects are looked at else.
    pub field: Option<String>,
}

/// `[oneroster]`: OneRoster 1.1 and 1.2.
#[derive(Debug, Clone)]
pub struct OneRoster {
    /// `csv`: a zip file or a folder of CSV files; then nothing is asked over the network.
    pub csv: Option<PathBuf>,
    /// How to talk to the service.
    pub service: Service,
    /// `gradebook_url`: where results are pushed to.
    pub gradebook_url: String,
    /// `auth`: how the service knows who asks.
    pub auth: OneRosterAuth,
    /// Name and secret.
    pub credentials: Credentials,
    /// `overlap_seconds`: how far before its cursor a pull begins, for servers that round and clocks that differ.
    pub overlap: Duration,
    /// Which words are which level.
    pub levels: Levels,
}

/// How a OneRoster service knows who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneRosterAuth {
    /// `"bearer"`: a token that does not change.
    Bearer,
    /// `"oauth1"`: OAuth 1.0a, each request signed.
    OAuth1(
        /// `signature`: how requests are signed, `"HMAC-SHA256"` or `"HMAC-SHA1"`.
        Algorithm,
    ),
    /// `"oauth2"`: client credentials.
    OAuth2 {
        /// `token_url`.
        token_url: String,
        /// `scope`, for pulls.
        scope: String,
        /// `gradebook_scope`, for pushes.
        gradebook_scope: String,
    },
}

/// `[edfi]`: an Ed-Fi ODS/API.
#[derive(Debug, Clone)]
pub struct EdFi {
    /// How to talk to the service. `base_url` is where it answers with its own description.
    pub service: Service,
    /// Name and secret.
    pub credentials: Credentials,
    /// `paging`: how the server is asked for the next page.
    pub paging: Paging,
    /// `tenant`: as `year`, for servers that have a place for it in their addresses.
    pub tenant: Option<String>,
    /// `year`.
    pub year: Option<u16>,
    /// Which words are which level.
    pub levels: Levels,
}

/// How an Ed-Fi server is asked for the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `"auto"`: by tokens from version 7.3 on, if the server gives some.
    Auto,
    /// `"offset"`.
    Offset,
    /// `"token"`.
    Token,
}

/// `[sync]`: how sources are read and put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sync {
    /// `full_every`: after so many pulls of changes everything is read once; 0 for never.
    pub full_every: u32,
    /// `match`: what tells that two sources describe the same course.
    pub match_by: MatchBy,
}

/// What tells that two sources describe the same course. The source that comes first has the word then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchBy {
    /// `"nothing"`: every course stands for itself.
    Nothing,
    /// `"slug"`.
    Slug,
    /// `"code"`: the course's code.
    Code,
    /// `"title"`.
    Title,
}

impl Default for Sync {
    fn default() -> Self {
        Self { full_every: 24, match_by: MatchBy::Nothing }
    }
}

impl Source {
    /// Its kind: `hemera`, `sample`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::File(_) => "file",
            Self::Hemera(_) => "hemera",
            Self::OneRoster(_) => "oneroster",
            Self::EdFi(_) => "edfi",
            Self::Several(_) => "several",
        }
    }

    /// Kind and address: another one's answers are not this one's.
    pub fn address(&self) -> String {
        match self {
            Self::Hemera(hemera) => format!("hemera {}", hemera.base_url),
            Self::OneRoster(roster) if roster.csv.is_none() => {
                format!("oneroster {}", roster.service.base_url)
            }
            Self::EdFi(edfi) => format!("edfi {}", edfi.service.base_url),
            Self::Several(entries) => {
                let addresses = entries.iter().map(|e| format!("{}: {}", e.id, e.source.address()));
                addresses.collect::<Vec<_>>().join(", ")
            }
            other => other.kind().to_owned(),
        }
    }

    /// Whether it, or one of several, is asked over the network.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Sample | Self::File(_) => false,
            Self::Hemera(_) | Self::EdFi(_) => true,
            Self::OneRoster(roster) => roster.csv.is_none(),
            Self::Several(entries) => entries.iter().any(|entry| entry.source.is_remote()),
        }
    }

    /// What seals its participants at rest.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Hemera(hemera) => hemera.api_key.as_ref(),
            Self::OneRoster(roster) => roster.credentials.secret.as_ref(),
            Self::EdFi(edfi) => edfi.credentials.secret.as_ref(),
            _ => None,
        }
    }

    /// The variable that [`Source::secret`] comes from.
    pub fn secret_variable(&self) -> &str {
        match self {
            Self::OneRoster(roster) => &roster.credentials.secret_variable,
            Self::EdFi(edfi) => &edfi.credentials.secret_variable,
            Self::Hemera(hemera) => &hemera.key_variable,
            _ => "",
        }
    }

    /// How long a pull may take.
    pub fn budget(&self) -> Duration {
        match self {
            Self::Hemera(hemera) => hemera.budget,
            Self::OneRoster(roster) if roster.csv.is_none() => roster.service.budget,
            Self::EdFi(edfi) => edfi.service.budget,
            _ => Duration::MAX,
        }
    }

    /// The file or folder on this disk that it reads.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::OneRoster(roster) => roster.csv.as_ref(),
            _ => None,
        }
    }

    /// The sources one by one; a single one goes by its kind, and the ids of its courses are its own.
    pub fn entries(&self) -> Vec<Entry> {
        match self {
            Self::Several(entries) => entries.clone(),
            one => vec![Entry {
                id: one.kind().to_owned(),
                has_prefix: false,
                precedence: 0,
                source: one.clone(),
            }],
        }
    }
}

impl Entry {
    /// The id of a course of this source in the catalogue.
    pub fn course_id(&self, own: &str) -> String {
        if self.has_prefix { format!("{}:{own}", self.id) } else { own.to_owned() }
    }

    /// The id that this source gave a course of the catalogue; nothing where it is another source's.
    pub fn own_id<'c>(&self, course: &'c str) -> Option<&'c str> {
        if !self.has_prefix {
            return Some(course);
        }
        course.strip_prefix(self.id.as_str())?.strip_prefix(':')
    }
}

impl Credentials {
    /// Name and secret, for a pull; an error that says which variable is not set.
    pub fn required(&self, declared: &str, kind: &str) -> Result<(String, Secret)> {
        let id = self.id.clone().ok_or_else(|| missing(declared, kind, &self.id_variable))?;
        Ok((id, self.required_secret(declared, kind)?))
    }

    /// The secret alone.
    pub fn required_secret(&self, declared: &str, kind: &str) -> Result<Secret> {
        self.secret.clone().ok_or_else(|| missing(declared, kind, &self.secret_variable))
    }
}

fn missing(declared: &str, kind: &str, variable: &str) -> Error {
    Error::new(Kind::Config, format!("{declared}: the source `{kind}` needs {variable}, which is not set"))
        .hint(format!("set {variable} in the environment; it has no place in a file"))
        .hint("`aither build --offline` renders from the last good answer without it")
}
