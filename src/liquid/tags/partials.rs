//! `include` and `render`, in Shopify's form and in Jekyll's.

use crate::liquid::ast::{Bind, Expr, Filtered, Include, Literal, Name, Node, Partial, name_hash};
use crate::liquid::context::{Binding, Context, Flow, LoopState};
use crate::liquid::error::{Error, ErrorKind, Frame, did_you_mean, locate};
use crate::liquid::eval::Want;
use crate::liquid::markup::Markup;
use crate::liquid::parse::Parser;
use crate::liquid::reads::PartialRead;
use crate::liquid::template::Template;
use crate::liquid::text;
use crate::liquid::tokens::Tag;
use crate::liquid::value::{Text, Value};

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

impl<'a> Context<'a> {
    pub(in crate::liquid) fn run_include(&mut self, tag: &'a Include) -> Result<Flow, Error> {
        if self.isolated && !tag.isolated {
            let message = "\"include\" cannot be used in a partial that was called by \"render\"";
            return Err(Error::new(ErrorKind::Partial, message).with_hint(Some("use \"render\"".to_owned())));
        }
        let name = match &tag.what {
            Partial::Fixed(name) => Text::Borrowed(name),
            Partial::Dynamic(value) => match self.filtered(value)? {
                Value::Str(name) | Value::Html(name) => name,
                other => {
                    let message = format!("the name of a partial is a string, not {}", other.kind());
                    return Err(self.place(Error::new(ErrorKind::Partial, message), value.at));
                }
            },
        };
        let template = self.partial(&name)?;
        let how = if tag.isolated { "render" } else { "include" };
        let bound = match &tag.bind {
            Some(Bind::With(value)) => Some(self.expr(value, Want::Value)?),
            Some(Bind::For(value)) => Some(self.expr(value, Want::Value)?),
            None => None,
        };
        let mut args = Vec::with_capacity(tag.args.len());
        for (name, value) in &tag.args {
            args.push((name, self.expr(value, Want::Quiet)?.shared()));
        }
        let list = bound.as_ref().is_some_and(|v| matches!(v, Value::List(_) | Value::Array(_)));
        let each = match (&tag.bind, &bound) {
            (Some(Bind::For(_)), Some(v)) if tag.isolated => {
                list || matches!(v, Value::Range(..) | Value::Object(_) | Value::Record(_))
            }
            // Shopify's `include "x" with list` goes through the list, like `for`.
            (Some(_), Some(_)) => !tag.isolated && list,
            _ => false,
        };
        let call = Call { tag, template, how };
        if each {
            let list = bound.unwrap_or_default();
            let segment = self.segment(&list, 0, None)?;
            self.partial_call(&call, args, |this, flow| {
                let length = segment.len();
                let parameters = this.assigns.clone();
                for i in 0..length {
                    let item = this.element(&segment, i)?;
                    if call.tag.isolated {
                        // Each call begins with its parameters and nothing else.
                        drop(this.isolate());
                        this.assigns = parameters.clone();
                    }
                    *flow = this.bound_block(&call, item, Some((i, length)))?;
                    if *flow == Flow::Break && !call.tag.isolated {
                        break;
                    }
                }
                Ok(())
            })
        } else {
            self.partial_call(&call, args, |this, flow| {
                *flow = match bound {
                    Some(value) => this.bound_block(&call, value, None)?,
                    None => this.block_inner(&call.template.root)?,
                };
                Ok(())
            })
        }
    }

    fn bound_block(
        &mut self,
        call: &Call<'a>,
        value: Value<'a>,
        place: Option<(usize, usize)>,
    ) -> Result<Flow, Error> {
        let slot = self.locals.len();
        let loops = self.loops.len();
        let binding = match &call.tag.alias {
            Some(alias) => Binding::of(alias, value.shared()),
            None => {
                let name = call.template.name();
                let name = name.rsplit('/').next().unwrap_or(name);
                let name = name.split('.').next().unwrap_or(name);
                Binding::new(name_hash(name), name, value.shared())
            }
        };
        self.parameter(binding, call.tag.isolated);
        if let Some((index, length)) = place
            && call.tag.isolated
        {
            let mut state = LoopState::new(call.template.name(), length, None);
            state.index = index;
            state.visible = false;
            self.loops.push(state);
            let hash = name_hash("forloop");
            self.locals.push(Binding::new(hash, "forloop", Value::Loop(loops as u32)));
        }
        let flow = self.block_inner(&call.template.root);
        self.locals.truncate(slot);
        self.loops.truncate(loops);
        flow
    }

    /// Goes into a partial and comes back: scope, template and depth are as before.
    fn partial_call(
        &mut self,
        call: &Call<'a>,
        args: Vec<(&'a Name, Value<'a>)>,
        run: impl FnOnce(&mut Self, &mut Flow) -> Result<(), Error>,
    ) -> Result<Flow, Error> {
        let limit = self.scene.options.limits.partials;
        if self.partials >= limit {
            let message = format!("partials call each other deeper than {limit}");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.enter()?;
        self.partials += 1;
        let isolated = call.tag.isolated.then(|| self.isolate());
        let slot = self.locals.len();
        if call.tag.jekyll {
            let entries: Vec<_> = args.into_iter().map(|(n, v)| (Text::Borrowed(&n.text), v)).collect();
            let hash = name_hash("include");
            let record = self.record(entries)?;
            self.locals.push(Binding::new(hash, "include", record));
        } else {
            for (name, value) in args {
                self.parameter(Binding::of(name, value), call.tag.isolated);
            }
        }
        let caller = std::mem::replace(&mut self.template, call.template);
        let mut flow = Flow::Next;
        let result = run(self, &mut flow);
        self.template = caller;
        self.locals.truncate(slot);
        if let Some(outer) = isolated {
            self.restore(outer);
            flow = Flow::Next;
        }
        self.partials -= 1;
        self.leave();
        match result {
            Ok(()) => Ok(flow),
            Err(e) => {
                let place = locate(&self.template.name, &self.template.source, call.tag.at as usize);
                Err(e.called_from(Frame {
                    template: place.template,
                    line: place.line,
                    column: place.column,
                    how: call.how.into(),
                }))
            }
        }
    }

    /// A parameter of a partial. In a scope of its own it is a variable like those the partial assigns; otherwise
    /// it covers them until the partial ends.
    fn parameter(&mut self, binding: Binding<'a>, isolated: bool) {
        if !isolated {
            return self.locals.push(binding);
        }
        match self.assigns.iter_mut().find(|b| b.hash == binding.hash && *b.name == *binding.name) {
            Some(known) => *known = binding,
            None => self.assigns.push(binding),
        }
    }

    /// A scope of its own for `render`.
    fn isolate(&mut self) -> Outer<'a> {
        let sees = self.scene.options.render_sees_globals && self.sees_globals;
        Outer {
            locals: std::mem::take(&mut self.locals),
            assigns: std::mem::take(&mut self.assigns),
            counters: std::mem::take(&mut self.counters),
            cycles: std::mem::take(&mut self.cycles),
            offsets: std::mem::take(&mut self.offsets),
            changed: self.changed.take(),
            loops: std::mem::take(&mut self.loops),
            sees_globals: std::mem::replace(&mut self.sees_globals, sees),
            isolated: std::mem::replace(&mut self.isolated, true),
        }
    }

    fn restore(&mut self, outer: Outer<'a>) {
        self.locals = outer.locals;
        self.assigns = outer.assigns;
        self.counters = outer.counters;
        self.cycles = outer.cycles;
        self.offsets = outer.offsets;
        self.changed = outer.changed;
        self.loops = outer.loops;
        self.sees_globals = outer.sees_globals;
        self.isolated = outer.isolated;
    }

    /// Finds a partial and records that it was asked for.
    fn partial(&mut self, name: &str) -> Result<&'a Template, Error> {
        let partials = self.scene.partials;
        let found = partials.find(name);
        if let Some(reads) = &mut self.reads {
            reads.partial(PartialRead {
                name: name.to_owned(),
                found: found.place.or_else(|| found.template.map(|t| t.name().to_owned())),
                missing: found.missing,
            });
        }
        match (found.template, found.errors) {
            (Some(template), _) => Ok(template),
            (None, Some([first, ..])) => Err(first.clone()),
            (None, _) => {
                let names = partials.names();
                let hint = did_you_mean(name, names.iter().map(String::as_str));
                let message = format!("there is no partial \"{}\"", text::brief(name));
                Err(Error::new(ErrorKind::Partial, message).with_hint(hint))
            }
        }
    }
}

struct Call<'a> {
    tag: &'a Include,
    template: &'a Template,
    how: &'static str,
}

struct Outer<'a> {
    locals: Vec<Binding<'a>>,
    assigns: Vec<Binding<'a>>,
    counters: Vec<(&'a Name, i64)>,
    cycles: Vec<(String, usize)>,
    offsets: Vec<(&'a str, i64)>,
    changed: Option<String>,
    loops: Vec<LoopState<'a>>,
    sees_globals: bool,
    isolated: bool,
}
