//! Where data comes from: sources of courses, and the local content.

pub mod file;
pub mod hemera;
pub mod local;
mod rows;
pub mod sample;

use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::http::{Network, Transport};
use crate::base::report::Reporter;
use crate::config::{Config, Source as Configured};
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::change::{Pull, RemoteTemplate, Validator};
use crate::model::course::CourseId;

/// A place that courses come from.
pub trait Source {
    /// Its name in messages: `hemera`, `sample`, `file`.
    fn name(&self) -> &'static str;

    /// Whether it is asked over the network, so that its last good answer is worth keeping.
    fn is_remote(&self) -> bool;

    /// Asks for what changed since `request.known`. Never returns half an answer: it is an error then.
    fn pull_changes(&mut self, request: &PullRequest<'_>) -> Result<Pull>;
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
    /// Whether participants' results are shown somewhere, so that participations have to be read one by one.
    pub results_wanted: bool,
    /// How long the pull may take.
    pub budget: Duration,
    /// The courses that are enough to be read, all of them known: a source that can do with less than everything gives
    /// an incomplete pull then. Nothing for all that there is.
    pub only: Option<&'a [CourseId]>,
}

/// The source that the configuration names.
///
/// `transport` is the way to the network where it is not to be the real one.
pub fn open(
    config: &Config,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    transport: Option<Box<dyn Transport>>,
) -> Result<Box<dyn Source>> {
    Ok(match &config.source {
        Configured::Sample => Box::new(sample::open(config, clock)),
        Configured::File(path) => Box::new(file::open(path, config.site.time_zone.clone())),
        Configured::Hemera(hemera) => {
            let transport = transport.unwrap_or_else(|| Box::new(Network::new()));
            Box::new(hemera::Hemera::new(hemera, transport, clock, reporter)?)
        }
    })
}
