//! `source = "sample"`: a catalogue to look at, without a network and without a key. Its dates are counted from today,
//! so that it never ages.

use std::borrow::Cow;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::rows::{self, Calendar};
use super::{PullRequest, Source};
use crate::base::clock::SharedClock;
use crate::base::files;
use crate::config::Config;
use crate::error::Result;
use crate::model::change::Pull;

/// The file of the sample, below `content/`.
pub const FILE: &str = "_data/sample.json";

/// The sample that is built in, for a site that has no file of its own.
pub const BUILT_IN: &str = include_str!("../../../content/_data/sample.json");

/// The sample of a site.
pub struct Sample {
    path: PathBuf,
    zone: TimeZone,
    clock: SharedClock,
}

/// The sample of the site, with dates counted from the clock's day in the site's time zone.
pub fn open(config: &Config, clock: SharedClock) -> Sample {
    Sample { path: config.paths.content.join(FILE), zone: config.site.time_zone.clone(), clock }
}

impl Source for Sample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn pull_changes(&mut self, _: &PullRequest<'_>) -> Result<Pull> {
        let bytes =
            files::read_if_present(&self.path)?.map_or(Cow::Borrowed(BUILT_IN.as_bytes()), Cow::Owned);
        let calendar = Calendar::counting_from(self.clock.now(), self.zone.clone());
        rows::read(&self.path.display().to_string(), &bytes, &calendar)
    }
}
