//! The tags that nearly every theme written for Jekyll has from plug-ins: `seo`, `feed_meta`, `highlight`.

use std::fmt::Write as _;

use super::texts::escaped;
use super::{Languages, Settings, spoken, urls};
use crate::liquid::{Body, Context, Error, Language, Run, Tag, TagMarkup, Value};

pub(super) fn register(language: &mut Language, languages: &Languages) {
    language
        .tag("seo", Plain { languages: languages.clone(), write: seo })
        .tag("feed_meta", Plain { languages: languages.clone(), write: feed_meta })
        .tag("highlight", Highlight);
}

type Write = for<'a> fn(&Settings, &mut Context<'a>) -> Result<(), Error>;

/// A tag without a block that writes something of its own.
#[derive(Clone)]
struct Plain {
    languages: Languages,
    write: Write,
}

impl Tag for Plain {
    // What stands in it are switches of the plug-in (`title=false`).
    fn parse(&self, _: &mut TagMarkup<'_, '_, '_>, _: Option<Body>) -> Result<Box<dyn Run>, Error> {
        Ok(Box::new(self.clone()))
    }
}

impl Run for Plain {
    fn run<'a>(&'a self, cx: &mut Context<'a>) -> Result<(), Error> {
        (self.write)(spoken(&self.languages, cx)?, cx)
    }
}

/// `page.title`, `site.title`: a text, or nothing.
fn text(cx: &mut Context<'_>, root: &str, key: &str) -> Result<Option<String>, Error> {
    let owner = cx.variable(root)?;
    let value = cx.property(&owner, key)?;
    Ok(value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned))
}

fn meta(head: &mut String, kind: &str, name: &str, content: Option<&str>) {
    if let Some(content) = content {
        let _ = writeln!(head, "<meta {kind}=\"{name}\" content=\"{}\">", escaped(content));
    }
}

/// Title, description, canonical address, and the same for those who show links.
fn seo(site: &Settings, cx: &mut Context<'_>) -> Result<(), Error> {
    let (page, whole) = (text(cx, "page", "title")?, text(cx, "site", "title")?);
    let is_home = text(cx, "page", "kind")?.as_deref() == Some("home");
    let title = match (&page, &whole) {
        (Some(page), Some(whole)) if page != whole && !is_home => format!("{page} | {whole}"),
        (Some(page), _) => page.clone(),
        (None, whole) => whole.clone().unwrap_or_default(),
    };
    let description = match text(cx, "page", "description")? {
        Some(description) => Some(description),
        None => text(cx, "site", "description")?,
    };
    let mut head = format!("<title>{}</title>\n", escaped(&title));
    meta(&mut head, "name", "description", description.as_deref());
    meta(&mut head, "property", "og:title", page.as_deref().or(whole.as_deref()));
    meta(&mut head, "property", "og:description", description.as_deref());
    meta(&mut head, "property", "og:site_name", whole.as_deref());
    if let Some(address) = text(cx, "page", "url")? {
        let address = urls::whole(site, &address);
        let _ = writeln!(head, "<link rel=\"canonical\" href=\"{}\">", escaped(&address));
        meta(&mut head, "property", "og:url", Some(&address));
    }
    cx.charge(head.len())?;
    cx.write_raw(head.trim_end());
    Ok(())
}

fn feed_meta(site: &Settings, cx: &mut Context<'_>) -> Result<(), Error> {
    let title = text(cx, "site", "title")?.unwrap_or_default();
    cx.write_raw(&format!(
        "<link type=\"application/atom+xml\" rel=\"alternate\" href=\"{}\" title=\"{}\">",
        escaped(&urls::whole(site, "/feed.xml")),
        escaped(&title)
    ));
    Ok(())
}

/// `{% highlight ruby linenos %}…{% endhighlight %}`: code as it is; colours are the style sheet's affair.
struct Highlight;

struct Code {
    language: String,
    body: Body,
}

impl Tag for Highlight {
    fn end(&self) -> Option<&'static str> {
        Some("endhighlight")
    }

    fn parse(&self, markup: &mut TagMarkup<'_, '_, '_>, body: Option<Body>) -> Result<Box<dyn Run>, Error> {
        let word = markup.rest().split_whitespace().next().unwrap_or("text");
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '#');
        let language = word.chars().filter(plain).collect();
        let Some(body) = body else { return Err(markup.error("`highlight` needs an end")) };
        Ok(Box::new(Code { language, body }))
    }
}

impl Run for Code {
    fn run<'a>(&'a self, cx: &mut Context<'a>) -> Result<(), Error> {
        let text = cx.body_text(&self.body)?;
        let text = text.trim_matches(['\n', '\r']);
        let code = escaped(text);
        let made = format!(
            "<figure class=\"highlight\"><pre><code class=\"language-{0}\" data-lang=\"{0}\">{code}</code></pre></figure>",
            self.language
        );
        cx.write(&Value::html(made))
    }
}
