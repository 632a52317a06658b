//! Shortcodes: templates in `shortcodes/` that the Markdown of local files calls by name.

use jiff::Timestamp;

use super::failure::Teller;
use super::places::Use;
use super::render::{BuildClock, Shelf};
use super::{Rendered, Request, Theme, Trace, Window, dialect};
use crate::base::markdown::{Argument, Call};
use crate::error::{Error, Kind, Result};
use crate::liquid::{Options, Reads, Scene};
use crate::model::view::{Key, Map, Value};

impl Theme {
    /// Whether there is a shortcode of this name, and whether it has a block: `block: true` in its front matter.
    pub fn shortcode(&self, name: &str) -> Option<bool> {
        let template = self.places.get(Use::Shortcode, name)?;
        Some(matches!(template.matter.get("block"), Some(Value::Bool(true))))
    }

    /// What a shortcode makes. Its template sees the arguments by their names, `body` where it has a block, and what is
    /// in `request`; a name that the call does not give is nothing.
    pub fn insert(&self, call: &Call<'_>, request: &Request<'_>) -> Result<Rendered> {
        let own = self.places.get(Use::Shortcode, call.name);
        let Some(template) = own.or_else(|| (call.name == "image").then_some(&self.image)) else {
            return Ok(Rendered { bytes: Vec::new(), trace: Trace::default(), warnings: Vec::new() });
        };
        if own.is_none()
            && let Some((message, hint)) =
                dialect::image_objection(call.arguments.iter().map(|(name, _)| *name))
        {
            return Err(Error::new(Kind::Content, message).maybe_hint(hint));
        }
        let mut entries: Vec<(Key, Value)> =
            call.arguments.iter().map(|(name, value)| ((*name).to_owned().into(), given(value))).collect();
        entries
            .push(("body".into(), Value::maybe(call.body.as_deref().map(|body| Value::Html(body.into())))));
        entries.extend(request.view.entries().iter().cloned());
        let view = Map::new(entries);
        let nothing = Map::default();
        let globals = self.globals(&Request { view: &view, ..*request }, &nothing);
        let clock = BuildClock::new(request.now, &self.edition(request.language).settings.zone);
        let partials = Shelf(self);
        let chain = [template];
        let teller = Teller { places: &self.places, page: request.name, chain: &chain };
        let parsed = template.parsed(&self.language).map_err(|errors| teller.unparsable(errors))?;
        let scene = Scene {
            partials: &partials,
            clock: &clock,
            options: Options {
                autoescape: template.autoescape,
                // Arguments may be left out.
                strict: false,
                render_sees_globals: true,
                ..Options::default()
            },
            locale: request.language,
            ..Scene::new(&globals)
        };
        let mut reads = Reads::new();
        let rendered = parsed.render_recorded(scene, &mut reads).map_err(|error| teller.failed(&error))?;
        let read = reads.finish();
        let clock = read.clock.map(|until| Window {
            from: request.now,
            until: Timestamp::from_second(until).unwrap_or(request.now),
        });
        Ok(Rendered {
            bytes: rendered.text.into_bytes(),
            trace: Trace { clock, assets: read.notes, ..Trace::default() },
            warnings: rendered.warnings.iter().map(|warning| teller.warning(warning)).collect(),
        })
    }
}

fn given(argument: &Argument) -> Value {
    match argument {
        Argument::Text(text) => text.as_str().into(),
        Argument::Int(number) => (*number).into(),
        Argument::Float(number) => (*number).into(),
        Argument::Bool(truth) => (*truth).into(),
    }
}
