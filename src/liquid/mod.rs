//! The Liquid template language: parser, interpreter, filters.
//!
//! It knows nothing of sites, files or courses: data comes in by reference through [`Object`] and [`List`],
//! partials through [`Partials`], the time through [`Clock`]. A [`Language`] holds the filters and tags, to which a
//! host adds its own; a [`Template`] is parsed once and rendered by any number of threads; [`Reads`] records what a
//! render looked at, so that the host can tell whether it would come out the same. Whatever a template says, it
//! cannot make the program panic, hang or run out of memory: see [`Limits`].

mod ast;
mod budget;
mod compare;
mod context;
mod error;
mod eval;
mod filters;
mod host;
mod items;
mod language;
mod lex;
mod limits;
mod look;
mod markup;
mod parse;
mod paths;
mod reads;
mod seen;
mod show;
mod strftime;
mod tags;
mod template;
mod text;
mod time;
mod tokens;
mod value;

pub use context::Context;
pub use error::{Error, ErrorKind, Frame, Place};
pub use language::{Args, Arity, Body, Expression, Filter, Language, Run, Tag, TagMarkup};
pub use limits::{Limits, ParseLimits};
pub use look::look;
pub use reads::{Entities, Note, PartialRead, Read, ReadKind, Reads, Trace};
pub use seen::{Seen, Top, Treat};
pub use template::{Clock, Found, Options, Partials, Rendered, Scene, Template};
pub use time::Time;
pub use value::{Array, List, ListRef, NoData, Object, ObjectRef, Record, Text, Value, ValueRef};
