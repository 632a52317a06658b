//! Where data comes from: sources of courses, and the local content.

pub mod edfi;
pub mod file;
pub mod hemera;
mod levels;
pub mod local;
pub mod oneroster;
mod rest;
mod rows;
mod runs;
pub mod sample;
mod slugs;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::clock::SharedClock;
use crate::base::http::{Network, Transport};
use crate::base::report::Reporter;
use crate::base::retry::Deadline;
use crate::config::{Config, Source as Configured};
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::change::{Held, Pull, RemoteTemplate, Validator};
use crate::model::course::CourseId;
use crate::model::push::{Push, Pushed};

/// A place that courses come from.
pub trait Source {
    /// Its name in messages: `hemera`, `sample`, `file`.
    fn name(&self) -> &'static str;

    /// Whether it is asked over the network, so that its last good answer is worth keeping.
    fn is_remote(&self) -> bool;

    /// Asks for what changed since `request.known`. Never returns half an answer: it is an error then.
    fn pull_changes(&mut self, request: &PullRequest<'_>) -> Result<Pull>;

    /// Makes courses of the records of the last pull. A source whose answers are courses has nothing to do here.
    fn normalize(&mut self, pull: Pull) -> Pull {
        pull
    }

    /// The courses that a record of this source is part of, by its own id: a class is a run of what is taught. `held` is what
    /// the last pull has left.
    fn runs(&self, _id: &str, _held: &Held) -> Vec<CourseId> {
        Vec::new()
    }

    /// Sends what is to be there at the other side, in order; what became of each. `known` is what the last pull has left.
    fn push_changes(
        &mut self,
        pushes: &[Push],
        _known: Option<&Held>,
        _deadline: Deadline,
    ) -> Vec<Result<Pushed>> {
        let refused = || Ok(Pushed::Refused(format!("the source `{}` takes nothing back", self.name())));
        pushes.iter().map(|_| refused()).collect()
    }

    /// What the last pull had read when it was cut off, for the next one to go on from.
    fn unfinished(&mut self) -> Option<Held> {
        None
    }
}

/// What a source may use to ask for less.
#[derive(Debug)]
pub struct PullRequest<'a> {
    /// The catalogue as of the last good pull; empty before the first.
    pub known: &'a Catalogue,
    /// The templates as of the last good pull.
    pub templates: &'a [RemoteTemplate],
    /// The validators that the last pull left.
    pub validators: &'a std::collections::BTreeMap<String, Validator>,
    /// Whether everything is read, however young that is which is known.
    pub full: bool,
    /// Whether anything of participants can be shown: pages need nothing but counts else.
    pub participants_wanted: bool,
    /// Where pages for the house are made, the zone in which the course that they are about comes next: its bookings and
    /// materials are wanted.
    pub internal: Option<&'a TimeZone>,
    /// Whether participants' results are shown somewhere, so that participations have to be read one by one.
    pub results_wanted: bool,
    /// How long the pull may take.
    pub budget: Duration,
    /// The courses that are enough to be read, all of them known: a source that can do with less than everything gives
    /// an incomplete pull then. Nothing for all that there is.
    pub only: Option<&'a [CourseId]>,
    /// What the last pull has left, so that only changes need be asked for; nothing where all is to be read.
    pub held: Option<&'a Held>,
    /// What a pull that was cut off had read by then.
    pub unfinished: Option<&'a Held>,
}

/// One source as the configuration has it.
///
/// `transport` is the way to the network where it is not to be the real one.
pub fn open(
    source: &Configured,
    config: &Config,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    transport: Option<Box<dyn Transport>>,
) -> Result<Box<dyn Source>> {
    let network = || transport.unwrap_or_else(|| Box::new(Network::new()));
    Ok(match source {
        Configured::Sample => Box::new(sample::open(config, clock)),
        Configured::File(path) => Box::new(file::open(path, config.site.time_zone.clone())),
        Configured::Hemera(hemera) => Box::new(hemera::Hemera::new(hemera, network(), clock, reporter)?),
        Configured::OneRoster(roster) => match &roster.csv {
            Some(path) => Box::new(oneroster::CsvFiles::new(path, roster)),
            None => Box::new(oneroster::OneRoster::new(roster, network(), clock, reporter)?),
        },
        Configured::EdFi(edfi) => Box::new(edfi::EdFi::new(edfi, network(), clock, reporter)?),
        Configured::Several(_) => {
            return Err(Error::new(Kind::Config, "several sources are opened one by one"));
        }
    })
}
