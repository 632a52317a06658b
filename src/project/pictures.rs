//! The pictures of the web that courses name.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::assets::{Fetch, Told};
use crate::base::http::{Network, Transport};
use crate::base::mistakes::shown;
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::document::Content;
use crate::theme::Theme;

use super::{Options, Project};

/// Whether a course or a file names this picture.
fn names(image: Option<&Arc<str>>, address: &str) -> bool {
    image.is_some_and(|image| image.trim() == address)
}

impl Project {
    /// The same project with another way to pictures of the web: for tests. The usual one reaches no private network.
    #[must_use]
    pub fn with_pictures(mut self, transport: Box<dyn Transport>) -> Self {
        self.pictures = Some(transport);
        self
    }

    /// Fetches the pictures that courses name by an address of the web, as far as they are not kept yet. Comes with what
    /// went wrong, and from which second on one is to be asked for again.
    pub(super) fn fetch_pictures(
        &self,
        theme: &Theme,
        catalogue: &Catalogue,
        content: &Content,
        options: Options,
    ) -> Result<(Vec<String>, i64)> {
        let images = &self.config.images;
        let named = catalogue.iter().filter_map(|course| course.image.as_deref());
        let named = named.chain(content.overlays.iter().filter_map(|overlay| overlay.image.as_deref()));
        let is_remote = |address: &&str| {
            let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
            lower.starts_with("https://") || lower.starts_with("http://")
        };
        let addresses: BTreeSet<&str> = named.map(str::trim).filter(is_remote).collect();
        let outside;
        let transport: Option<&dyn Transport> = if options.offline || options.dry_run || !images.fetch_remote
        {
            None
        } else if let Some(transport) = &self.pictures {
            Some(&**transport)
        } else if addresses.is_empty() {
            None
        } else {
            outside = Network::outside();
            Some(&outside)
        };
        let refetch_seconds = i64::from(images.refetch_hours) * 3_600;
        let fetch = Fetch { transport, now: self.clock.now(), refetch_seconds };
        let (told, until) = theme.assets().fetch(&addresses, &fetch)?;
        let name = |(address, message): Told| {
            let courses = catalogue.iter().filter(|course| names(course.image.as_ref(), &address));
            let courses = courses.map(|course| format!("course {}", shown(course.id.as_str())));
            let files = content.overlays.iter().filter(|overlay| names(overlay.image.as_ref(), &address));
            let mut places = courses.chain(files.map(|overlay| format!("content/{}", overlay.source)));
            match (places.next(), places.count()) {
                (None, _) => message,
                (Some(first), 0) => format!("{first}: {message}"),
                (Some(first), more) => format!("{first} and {more} more: {message}"),
            }
        };
        Ok((told.into_iter().map(name).collect(), until))
    }
}
