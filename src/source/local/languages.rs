//! Translations lean on the file in the main language: what they don't say holds there as well.

use std::collections::HashMap;

use crate::base::text::slugify;
use crate::model::document::{Document, Overlay};

/// Fills what translations leave out.
pub(super) fn inherit(documents: &mut [Document], overlays: &mut [Overlay]) {
    let main: HashMap<_, _> = (documents.iter().filter(|document| document.language == 0))
        .map(|document| (document.original.clone(), document.front.clone()))
        .collect();
    for document in documents.iter_mut().filter(|document| document.language != 0) {
        if let Some(front) = main.get(&document.original) {
            document.front.inherit(front);
        }
    }
    let main: HashMap<String, Overlay> = (overlays.iter().filter(|overlay| overlay.language == 0))
        .map(|overlay| (slugify(&overlay.course), overlay.clone()))
        .collect();
    for overlay in overlays.iter_mut().filter(|overlay| overlay.language != 0) {
        if let Some(main) = main.get(&slugify(&overlay.course)) {
            overlay.inherit(main);
        }
    }
}
