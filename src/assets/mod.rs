//! What is published besides pages: style sheets compiled from Sass and made small, names that carry the hash of their
//! bytes, pictures in the sizes and formats that browsers want.
//!
//! Whatever takes time is kept in the state folder under the hash of what it was made from, so that a build in which
//! nothing changed compiles no Sass, parses no style sheet and decodes no picture.

mod cache;
mod css;
mod image;
mod names;
mod picture;
mod remote;
mod sass;
mod script;
mod shelf;
mod source;
mod told;
mod work;

pub use image::{
    Format, Options as ImageOptions, Original, Variant, has_metadata, is_picture, without_metadata,
};
pub use names::is_fingerprinted;
pub use picture::{Picture, Shown, Sources};
pub use remote::{Fetch, Told};
pub use shelf::{Assets, Bytes, Link, Made, Options};
pub use source::{Body, Source, published_route};
