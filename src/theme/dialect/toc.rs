//! `{% toc %}`, `{% toc depth: 2 %}`: where the headings of a page are.

use super::super::toc::{Heading, html};
use crate::base::text::did_you_mean;
use crate::liquid::{Body, Context, Error, Expression, Language, Run, Tag, TagMarkup, Value};

/// Markdown knows six levels.
pub(super) const DEEPEST: usize = 6;

pub(super) fn register(language: &mut Language) {
    language.tag("toc", Toc);
}

struct Toc;

struct Asked {
    depth: Option<Expression>,
}

impl Tag for Toc {
    fn parse(&self, markup: &mut TagMarkup<'_, '_, '_>, _: Option<Body>) -> Result<Box<dyn Run>, Error> {
        let mut depth = None;
        for (name, value) in markup.arguments()? {
            if &*name != "depth" {
                let hint = did_you_mean(&name, ["depth"]).unwrap_or_else(|| "it knows `depth`".to_owned());
                return Err(markup.error(format!("`toc` has no parameter `{name}`")).with_hint(Some(hint)));
            }
            depth = Some(value);
        }
        Ok(Box::new(Asked { depth }))
    }
}

impl Run for Asked {
    fn run<'a>(&'a self, cx: &mut Context<'a>) -> Result<(), Error> {
        let depth = match &self.depth {
            None => DEEPEST,
            Some(depth) => match cx.evaluate(depth)? {
                Value::Int(depth) if (1..=6).contains(&depth) => usize::try_from(depth).unwrap_or(DEEPEST),
                _ => return Err(Error::value("`depth` of `toc` is a whole number from 1 to 6")),
            },
        };
        let page = cx.variable("page")?;
        let toc = cx.property(&page, "toc")?;
        let headings = headings(cx, &toc, depth)?;
        let words = cx.variable("t")?;
        let label = cx.property(&words, "toc")?;
        let html = html(&headings, label.as_str(), depth);
        cx.charge(html.len())?;
        cx.write(&Value::html(html))
    }
}

fn headings<'a>(cx: &mut Context<'a>, list: &Value<'a>, depth: usize) -> Result<Vec<Heading>, Error> {
    if depth == 0 || !cx.is_list(list) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for item in cx.items(list)? {
        let (id, title) = (cx.property(&item, "id")?, cx.property(&item, "title")?);
        let below = cx.property(&item, "children")?;
        let below = headings(cx, &below, depth - 1)?;
        let text = |value: &Value<'_>| value.as_str().unwrap_or_default().to_owned();
        found.push(Heading { id: text(&id), title: text(&title), below });
    }
    Ok(found)
}
