//! `{% image src: course.image, alt: course.title, sizes: "50vw", widths: "400,800" %}`: a picture in the sizes and formats
//! that browsers choose from.

use std::fmt::Write as _;

use super::texts::escaped;
use super::{Languages, Settings, spoken};
use crate::assets::{Picture, Shown, Sources};
use crate::base::text::did_you_mean;
use crate::liquid::{Body, Context, Error, Expression, Language, Run, Tag, TagMarkup, Value};

/// What the tag may be told. `loading` is `lazy` unless it says `eager`, for a picture that is seen at once.
const PARAMETERS: [&str; 7] = ["src", "alt", "sizes", "widths", "class", "loading", "fetchpriority"];
/// The width that browsers without `srcset` get, where there is one that is not larger.
const PLAIN_WIDTH: u32 = 1200;
const WIDEST: u32 = 8_192;
const MOST_WIDTHS: usize = 12;

pub(super) fn register(language: &mut Language, languages: &Languages) {
    language.tag("image", Image(languages.clone()));
}

/// The tag as Markdown calls it: with whatever it is given, by name.
pub(in crate::theme) fn call() -> String {
    let given: Vec<String> = PARAMETERS.iter().map(|name| format!("{name}: {name}")).collect();
    format!("{{% image {} %}}", given.join(", "))
}

/// What is wrong with the names that the tag is given in Markdown.
pub(in crate::theme) fn objection<'n>(
    mut names: impl Iterator<Item = &'n str> + Clone,
) -> Option<(String, Option<String>)> {
    if let Some(unknown) = names.clone().find(|name| !PARAMETERS.contains(name)) {
        let hint = did_you_mean(unknown, PARAMETERS)
            .unwrap_or_else(|| format!("it knows {}", PARAMETERS.join(", ")));
        return Some((format!("`image` has no parameter `{unknown}`"), Some(hint)));
    }
    (!names.any(|name| name == "src")).then(|| ("`image` needs a `src`".to_owned(), None))
}

struct Image(Languages);

struct Asked {
    languages: Languages,
    parameters: Vec<(&'static str, Expression)>,
}

impl Tag for Image {
    fn parse(&self, markup: &mut TagMarkup<'_, '_, '_>, _: Option<Body>) -> Result<Box<dyn Run>, Error> {
        let mut parameters = Vec::new();
        for (name, value) in markup.arguments()? {
            let Some(known) = PARAMETERS.into_iter().find(|known| **known == *name) else {
                let hint = did_you_mean(&name, PARAMETERS)
                    .unwrap_or_else(|| format!("it knows {}", PARAMETERS.join(", ")));
                return Err(markup.error(format!("`image` has no parameter `{name}`")).with_hint(Some(hint)));
            };
            parameters.push((known, value));
        }
        if !parameters.iter().any(|(name, _)| *name == "src") {
            return Err(markup.error("`image` needs a `src`"));
        }
        Ok(Box::new(Asked { languages: self.0.clone(), parameters }))
    }
}

/// The attributes that all forms of the element have.
#[derive(Default)]
struct Attributes {
    alt: Option<String>,
    sizes: String,
    class: String,
    loading: String,
    priority: String,
}

impl Asked {
    fn parameter(&self, name: &str) -> Option<&Expression> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn text<'a>(&'a self, cx: &mut Context<'a>, name: &str) -> Result<Option<String>, Error> {
        let Some(expression) = self.parameter(name) else { return Ok(None) };
        let value = cx.evaluate(expression)?;
        if value.is_nil() {
            return Ok(None);
        }
        Ok(Some(cx.text(value)?.into_string()))
    }

    /// The route of the page, where a file may be named that lies beside it.
    fn page(&self, cx: &mut Context<'_>, site: &Settings) -> Result<String, Error> {
        let page = cx.variable("page")?;
        let url = cx.property(&page, "url")?;
        if let Some(url) = url.as_str() {
            let path = url.strip_prefix(site.base_path()).unwrap_or(url);
            let path = path.strip_prefix(&site.prefix).unwrap_or(path);
            return Ok(format!("{}index.html", path.trim_start_matches('/')));
        }
        // A shortcode knows the file that calls it: `content/about/team.md`.
        let file = cx.property(&page, "file")?;
        let file = file.as_str().unwrap_or_default();
        Ok(file.split_once('/').map_or(file, |(_, below)| below).to_owned())
    }

    fn warn(&self, cx: &mut Context<'_>, message: String, hint: Option<&str>) {
        let at = self.parameter("src").map(Expression::at);
        cx.warn(Error::value(message).with_hint(hint.map(str::to_owned)), at);
    }

    fn attributes<'a>(&'a self, cx: &mut Context<'a>) -> Result<Attributes, Error> {
        let loading = self.text(cx, "loading")?.unwrap_or_else(|| "lazy".to_owned());
        if !matches!(loading.as_str(), "lazy" | "eager") {
            return Err(Error::value("`loading` of `image` is \"lazy\" or \"eager\""));
        }
        let priority = self.text(cx, "fetchpriority")?.unwrap_or_default();
        if !matches!(priority.as_str(), "" | "high" | "low" | "auto") {
            return Err(Error::value("`fetchpriority` of `image` is \"high\", \"low\" or \"auto\""));
        }
        Ok(Attributes {
            alt: self.text(cx, "alt")?,
            sizes: self.text(cx, "sizes")?.unwrap_or_else(|| "100vw".to_owned()),
            class: self.text(cx, "class")?.unwrap_or_default(),
            loading,
            priority,
        })
    }

    fn widths<'a>(&'a self, cx: &mut Context<'a>) -> Result<Vec<u32>, Error> {
        let Some(text) = self.text(cx, "widths")? else { return Ok(Vec::new()) };
        let width = |part: &str| part.trim().parse().ok().filter(|width| (1..=WIDEST).contains(width));
        let widths: Option<Vec<u32>> = text.split(',').map(width).collect();
        widths.filter(|widths| widths.len() <= MOST_WIDTHS).ok_or_else(|| {
            Error::value(format!(
                "`widths` of `image` is a list of at most {MOST_WIDTHS} numbers of pixels up to {WIDEST}, such as \"400,800,1200\""
            ))
        })
    }
}

impl Run for Asked {
    fn run<'a>(&'a self, cx: &mut Context<'a>) -> Result<(), Error> {
        let Some(src) = self.text(cx, "src")?.map(|src| src.trim().to_owned()).filter(|src| !src.is_empty())
        else {
            return Ok(());
        };
        // What follows a question mark may be a secret.
        let shown_as = src.split(['?', '#']).next().unwrap_or_default().escape_debug().to_string();
        let attributes = self.attributes(cx)?;
        let widths = self.widths(cx)?;
        let is_relative = !src.starts_with('/') && !src.contains("://");
        let site = spoken(&self.languages, cx)?;
        let page = if is_relative { self.page(cx, site)? } else { String::new() };
        let (name, shown) = site.assets.picture(&src, &page, &widths);
        let is_literal = self.parameter("src").is_some_and(|src| src.is_literal());
        let shown = match shown {
            Ok(shown) => shown,
            // What a template says itself is a mistake of its author; what data says must not stop the site.
            Err(error) if is_literal => {
                let hint = error.hints().first().map(String::to_owned);
                return Err(Error::value(error.message()).with_hint(hint));
            }
            Err(error) => {
                cx.look_up(&name, 0);
                self.warn(cx, format!("the picture \"{shown_as}\" is left out: {}", error.message()), None);
                return Ok(());
            }
        };
        cx.look_up(&name, shown.mark());
        let html = match shown {
            Shown::Sized(picture) => sized(&picture, &attributes),
            Shown::AsIs { name, size } => as_is(site, cx, &name, size, &attributes)?,
            Shown::Nothing(told) => {
                let message = format!("the picture \"{shown_as}\" is left out: {told}");
                if is_literal {
                    return Err(Error::value(message));
                }
                self.warn(cx, message, None);
                return Ok(());
            }
        };
        if attributes.alt.is_none() {
            let message = format!("the picture \"{shown_as}\" has no alternative text");
            let hint = "say what it shows by `alt:`; `alt: \"\"` says that it is mere decoration";
            self.warn(cx, message, Some(hint));
        }
        cx.charge(html.len())?;
        cx.write(&Value::html(html))
    }
}

fn as_is(
    site: &Settings,
    cx: &mut Context<'_>,
    name: &str,
    size: Option<(u32, u32)>,
    attributes: &Attributes,
) -> Result<String, Error> {
    let link = match site.assets.find(name) {
        Ok(Some(link)) => link,
        Ok(None) => return Ok(String::new()),
        Err(error) => return Err(Error::value(error.message())),
    };
    cx.look_up(name, link.mark());
    let mut html = format!("<img src=\"{}\"", escaped(&link.url));
    common(&mut html, size, attributes);
    Ok(html)
}

fn sized(picture: &Picture, attributes: &Attributes) -> String {
    let mut html = String::from("<picture>");
    let Some((last, others)) = picture.sources.split_last() else { return String::new() };
    for sources in others {
        let _ = write!(html, "<source type=\"{}\"", sources.media_type);
        choice(&mut html, sources, &attributes.sizes);
        html.push('>');
    }
    let plain = last.files.iter().rev().find(|(_, width)| *width <= PLAIN_WIDTH).or(last.files.first());
    let _ = write!(html, "<img src=\"{}\"", plain.map_or("", |(address, _)| address));
    if last.files.len() > 1 {
        choice(&mut html, last, &attributes.sizes);
    }
    common(&mut html, Some((picture.width, picture.height)), attributes);
    html.push_str("</picture>");
    html
}

/// `srcset`, and `sizes` where there is something to choose.
fn choice(html: &mut String, sources: &Sources, sizes: &str) {
    html.push_str(" srcset=\"");
    for (index, (address, width)) in sources.files.iter().enumerate() {
        html.push_str(if index > 0 { ", " } else { "" });
        html.push_str(address);
        if sources.files.len() > 1 {
            let _ = write!(html, " {width}w");
        }
    }
    html.push('"');
    if sources.files.len() > 1 {
        let _ = write!(html, " sizes=\"{}\"", escaped(sizes));
    }
}

fn common(html: &mut String, size: Option<(u32, u32)>, attributes: &Attributes) {
    let _ = write!(html, " alt=\"{}\"", escaped(attributes.alt.as_deref().unwrap_or_default()));
    if let Some((width, height)) = size {
        let _ = write!(html, " width=\"{width}\" height=\"{height}\"");
    }
    if !attributes.class.is_empty() {
        let _ = write!(html, " class=\"{}\"", escaped(&attributes.class));
    }
    if attributes.loading == "lazy" {
        html.push_str(" loading=\"lazy\"");
    }
    if !attributes.priority.is_empty() {
        let _ = write!(html, " fetchpriority=\"{}\"", attributes.priority);
    }
    html.push_str(" decoding=\"async\">");
}
