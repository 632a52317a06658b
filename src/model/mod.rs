//! The nouns of the product: courses, participants, documents, the catalogue, and what a template may see of them.
//! Pure data; nothing here reads or writes.

pub mod catalogue;
pub mod change;
pub mod conflict;
pub mod course;
pub mod document;
pub mod event;
pub mod history;
pub mod material;
pub mod moment;
pub mod ordered;
pub mod participant;
pub mod people;
pub mod publication;
pub mod push;
pub mod run;
pub mod text;
pub mod view;
