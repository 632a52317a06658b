//! What can go wrong, and to which requests it happens.

use std::time::Duration;

use super::route::Route;

/// One way for the service to misbehave.
///
/// No fault hides the 401 of a wrong key or the 429 of a spent window, so that a test with a fault still notices a
/// client that forgets its key or its pace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// The answer comes after this long.
    Delay(Duration),
    /// 500 `INTERNAL_ERROR`, as with the database stopped.
    InternalError,
    /// 503 `AUTH_CONFIGURATION_ERROR`, without `meta`.
    AuthConfiguration,
    /// 401 `UNAUTHORIZED`, as if the key had been withdrawn.
    Unauthorized,
    /// 429 whatever was sent before, with this many seconds in `Retry-After`.
    Limited(u64),
    /// The length announced is that of the whole body; half of it is sent, then the connection is closed.
    CutOff,
    /// Half of the JSON, with the right length for that half.
    Truncated,
    /// Bytes that are neither JSON nor text, announced as JSON.
    Garbage,
    /// A page of HTML with status 200.
    Html,
    /// Status 200 and nothing in it.
    Empty,
    /// Valid JSON in the right envelope, with numbers for texts and the other way round.
    WrongTypes,
    /// `success: false` with status 200.
    NotSuccessful,
    /// A body of this many bytes, `u64::MAX` for one without an end.
    Huge(u64),
    /// Nobody listens. Confined to some requests by [`Plan::only`], [`Plan::starting_at`] or [`Plan::first`], these are hung
    /// up on without a byte.
    Refuse,
    /// Only this share of the catalogue is there, 0.0 to 1.0. Courses that are gone are 404 in detail.
    Shrink(f64),
    /// The list is empty.
    NoCourses,
    /// Every third course is listed twice.
    Duplicates,
    /// The first three published courses of the catalogue don't validate: an unknown level, no title, a bad date.
    BadRecords,
}

impl Fault {
    /// Confines the fault to one kind of request.
    pub(crate) fn only(self, scope: Scope) -> Plan {
        Plan::from(self).only(scope)
    }

    /// The fault starts at the `n`th request, counted from 1.
    pub(crate) fn starting_at(self, n: usize) -> Plan {
        Plan::from(self).starting_at(n)
    }

    /// The fault ends after `n` requests.
    pub(crate) fn first(self, n: usize) -> Plan {
        Plan::from(self).first(n)
    }

    /// Whether the fault replaces the whole answer or shapes the right one.
    pub(crate) fn shapes_the_catalogue(&self) -> bool {
        matches!(self, Self::Shrink(_) | Self::NoCourses | Self::Duplicates | Self::BadRecords)
    }
}

/// The kind of request that a fault is confined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Scope {
    /// Every request.
    #[default]
    All,
    /// The list of courses.
    List,
    /// A course in detail.
    Details,
    /// The materials of a course.
    Materials,
    /// A participation and its result.
    Participations,
    /// The templates.
    Templates,
}

impl Scope {
    fn covers(self, route: &Route) -> bool {
        match self {
            Self::All => true,
            Self::List => matches!(route, Route::Courses),
            Self::Details => matches!(route, Route::Course(_)),
            Self::Materials => matches!(route, Route::Materials(_)),
            Self::Participations => matches!(route, Route::Participation(_) | Route::Result(_)),
            Self::Templates => matches!(route, Route::Templates),
        }
    }
}

/// A fault and the requests that it happens to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// What happens.
    pub(crate) fault: Fault,
    /// To which kind of request.
    pub(crate) scope: Scope,
    /// From which request of this kind on, counted from 1 since the fault was set.
    pub(crate) from: usize,
    /// To how many of them, all when absent.
    pub(crate) count: Option<usize>,
    seen: usize,
}

impl From<Fault> for Plan {
    fn from(fault: Fault) -> Self {
        Self { fault, scope: Scope::All, from: 1, count: None, seen: 0 }
    }
}

impl Plan {
    /// Confines the fault to one kind of request.
    pub(crate) fn only(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The fault starts at the `n`th request, counted from 1.
    pub(crate) fn starting_at(mut self, n: usize) -> Self {
        self.from = n.max(1);
        self
    }

    /// The fault ends after `n` requests.
    pub(crate) fn first(mut self, n: usize) -> Self {
        self.count = Some(n);
        self
    }

    /// Whether nothing but the fault itself was asked for.
    pub(crate) fn is_unconfined(&self) -> bool {
        self.scope == Scope::All && self.from == 1 && self.count.is_none()
    }

    /// Counts a request, and says whether the fault happens to it.
    pub(crate) fn strikes(&mut self, route: &Route) -> bool {
        if !self.scope.covers(route) {
            return false;
        }
        self.seen += 1;
        let after = self.seen.checked_sub(self.from);
        after.is_some_and(|after| self.count.is_none_or(|count| after < count))
    }
}
