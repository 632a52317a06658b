//! `include` and `render`, in Shopify's form and in Jekyll's.

use crate::liquid::ast::{Bind, Expr, Filtered, Include, Literal, Name, Node, Partial};
use crate::liquid::error::Error;
use crate::liquid::markup::Markup;
use crate::liquid::parse::Parser;
use crate::liquid::tokens::Tag;

pub(in crate::liquid) fn include<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    let at = tag.at as u32;
    let jekyll = parser.language.jekyll_include;
    parser.read(tag, |m| {
        if jekyll && let Some(what) = jekyll_name(m)? {
            let args = jekyll_arguments(m)?;
            let include = Include { what, bind: None, alias: None, args, isolated: false, jekyll: true, at };
            return Ok(Node::Include(Box::new(include)));
        }
        let start = m.at() as u32;
        let what = match m.expression()? {
            Expr::Literal(Literal::Str(name)) => Partial::Fixed(name),
            base => Partial::Dynamic(Filtered { base, calls: Box::default(), at: start }),
        };
        tail(m, what, false, at)
    })
}

pub(in crate::liquid) fn render<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    let at = tag.at as u32;
    parser.read(tag, |m| match m.string() {
        Some(name) => tail(m, Partial::Fixed(name.into()), true, at),
        None => Err(m.error(m.at(), "expected the name of a partial in quotes")),
    })
}

/// `with a as b, key: value`
fn tail(m: &mut Markup<'_, '_>, what: Partial, isolated: bool, at: u32) -> Result<Node, Error> {
    let bind = if m.word("with") {
        Some(Bind::With(m.expression()?))
    } else if m.word("for") {
        Some(Bind::For(m.expression()?))
    } else {
        None
    };
    let alias = if m.word("as") { Some(Name::new(m.expect_ident("a variable's name")?)) } else { None };
    let args = m.arguments()?;
    Ok(Node::Include(Box::new(Include { what, bind, alias, args, isolated, jekyll: false, at })))
}

/// A bare file name (`card.html`, `nav/top.html`, `{{ page.card }}`): Jekyll's form. A bare word followed by
/// nothing or by `with` is a variable, as Shopify has it.
fn jekyll_name(m: &mut Markup<'_, '_>) -> Result<Option<Partial>, Error> {
    let rest = m.rest();
    if rest.starts_with("{{") {
        return m.embedded_output().map(|value| Some(Partial::Dynamic(value)));
    }
    if rest.starts_with(['"', '\'']) {
        return Ok(None);
    }
    let word = rest.split(|c: char| c.is_whitespace()).next().unwrap_or("");
    let params = rest[word.len()..].trim_start();
    let assigns = params.split(|c: char| c.is_whitespace()).next().is_some_and(|p| p.contains('='));
    let looks =
        word.ends_with(".html") || word.ends_with(".md") || word.contains('/') || word.contains(".liquid");
    if !looks
        && !assigns
        && !word
            .rsplit('.')
            .next()
            .is_some_and(|ext| ["svg", "xml", "txt", "json", "css", "js"].contains(&ext))
    {
        return Ok(None);
    }
    m.skip_word(word.len());
    Ok(Some(Partial::Fixed(word.into())))
}

fn jekyll_arguments(m: &mut Markup<'_, '_>) -> Result<Vec<(Name, Expr)>, Error> {
    let mut args = Vec::new();
    while !m.is_end() {
        let key = Name::new(m.expect_ident("a parameter's name")?);
        if !m.equals() {
            return Err(m.error(m.at(), "expected \"=\" after the parameter's name"));
        }
        args.push((key, m.expression()?));
    }
    Ok(args)
}
