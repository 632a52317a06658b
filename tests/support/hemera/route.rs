//! From the request line to a route and a query.

/// The routes of the service, and `Templates`, which is named by its plans but not deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Courses,
    Course(String),
    Materials(String),
    Participation(String),
    Result(String),
    Templates,
    Missing,
}

impl Route {
    /// Reads a path, without its query.
    pub(crate) fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/api/service/") else { return Self::Missing };
        let parts: Vec<String> = rest.split('/').map(|part| decode(part, false)).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["courses"] => Self::Courses,
            ["courses", id] if !id.is_empty() => Self::Course((*id).to_owned()),
            ["courses", id, "materials"] => Self::Materials((*id).to_owned()),
            ["participations", id] if !id.is_empty() => Self::Participation((*id).to_owned()),
            ["participations", id, "result"] => Self::Result((*id).to_owned()),
            ["templates"] => Self::Templates,
            _ => Self::Missing,
        }
    }

    /// Whether the route takes this method. The service answers `HEAD` wherever it answers `GET`.
    pub(crate) fn takes(&self, method: &str) -> bool {
        match self {
            Self::Result(_) => method == "PUT",
            _ => matches!(method, "GET" | "HEAD"),
        }
    }

    /// Whether a course id in the path has the syntax of one. The service looks at that before it looks at the key.
    pub(crate) fn has_good_course_id(&self) -> bool {
        match self {
            Self::Course(id) | Self::Materials(id) => {
                let mut letters = id.chars();
                matches!(letters.next(), Some('c' | 'C'))
                    && letters.clone().count() >= 8
                    && letters.all(|letter| !letter.is_whitespace() && letter != '-' && !letter.is_control())
            }
            _ => true,
        }
    }
}

/// What a list was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) level: Option<String>,
    pub(crate) published: bool,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl Query {
    /// Reads the query of the list; `None` when it does not validate.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut query = Self { level: None, published: true, limit: 100, offset: 0 };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value, true);
            match decode(name, true).as_str() {
                "level" if super::data::LEVELS.contains(&value.as_str()) => query.level = Some(value),
                "level" => return None,
                "published" => query.published = value == "true",
                "limit" => query.limit = value.parse().ok().filter(|limit| (1..=500).contains(limit))?,
                "offset" => query.offset = value.parse().ok()?,
                _ => {}
            }
        }
        Some(query)
    }
}

/// Resolves `%41` and, in a query, `+`. What is no escape stays as it is; what is no UTF-8 becomes U+FFFD.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = &after[2..];
                continue;
            }
            (b'+', ..) if plus_is_space => bytes.push(b' '),
            _ => bytes.push(first),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
