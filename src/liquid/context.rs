//! A running render: its variables, its output, its budget.

use super::ast::{Bind, Block, Include, Name, Node, Partial};
use super::error::{Error, ErrorKind, Frame, did_you_mean, locate};
use super::eval::Want;
use super::language::{Body, Expression};
use super::reads::{PartialRead, ROOT, Reads};
use super::template::{Rendered, Scene, Template};
use super::text;
use super::time::Time;
use super::value::{Array, ListRef, ObjectRef, Record, Text, Value, ValueRef};
use std::rc::Rc;

/// What a block leaves behind for the loop around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

#[derive(Clone)]
pub(super) struct Binding<'a> {
    hash: u32,
    name: Text<'a>,
    pub(super) value: Value<'a>,
}

impl<'a> Binding<'a> {
    pub(super) fn new(hash: u32, name: &'a str, value: Value<'a>) -> Binding<'a> {
        Binding { hash, name: Text::Borrowed(name), value }
    }

    pub(super) fn of(name: &'a Name, value: Value<'a>) -> Binding<'a> {
        Binding::new(name.hash, &name.text, value)
    }

    fn is(&self, name: &Name) -> bool {
        self.hash == name.hash && *self.name == *name.text
    }
}

pub(super) struct LoopState<'a> {
    pub(super) name: &'a str,
    pub(super) length: usize,
    pub(super) index: usize,
    pub(super) parent: Option<u32>,
    /// Whether loops inside see it as their parent.
    pub(super) visible: bool,
    /// For `tablerow`: columns, row, column.
    pub(super) cols: Option<(i64, i64, i64)>,
}

impl<'a> LoopState<'a> {
    pub(super) fn new(name: &'a str, length: usize, parent: Option<u32>) -> LoopState<'a> {
        LoopState { name, length, index: 0, parent, visible: true, cols: None }
    }
}

/// A running render, as filters and tags see it.
pub struct Context<'a> {
    pub(super) out: String,
    /// Variables of loops and includes, the innermost last.
    pub(super) locals: Vec<Binding<'a>>,
    /// What `assign` and `capture` made.
    pub(super) assigns: Vec<Binding<'a>>,
    pub(super) counters: Vec<(&'a Name, i64)>,
    pub(super) cycles: Vec<(String, usize)>,
    pub(super) offsets: Vec<(&'a str, i64)>,
    pub(super) changed: Option<String>,
    pub(super) loops: Vec<LoopState<'a>>,
    pub(super) template: &'a Template,
    pub(super) scene: Scene<'a>,
    pub(super) reads: Option<Reads<'a>>,
    /// Whether the data is in scope; a partial called by `render` may not see it.
    pub(super) sees_globals: bool,
    steps: u64,
    memory: usize,
    depth: u16,
    partials: u16,
    pub(super) warnings: Vec<Error>,
    warned: Vec<(*const Template, u32)>,
}

/// How many warnings a render collects; a loop over a mistake makes thousands.
const WARNINGS: usize = 100;
/// How often the clock is looked at.
const STEPS_PER_LOOK: u64 = 4096;

impl<'a> Context<'a> {
    pub(super) fn new(template: &'a Template, mut scene: Scene<'a>, reads: Option<Reads<'a>>) -> Context<'a> {
        let assigns = std::mem::take(&mut scene.variables)
            .into_iter()
            .map(|(name, value)| Binding::new(super::ast::name_hash(name), name, value.shared()))
            .collect();
        Context {
            out: String::with_capacity(template.source.len() * 2),
            locals: Vec::new(),
            assigns,
            counters: Vec::new(),
            cycles: Vec::new(),
            offsets: Vec::new(),
            changed: None,
            loops: Vec::new(),
            template,
            reads: reads.map(|r| if r.is_unused() { Reads::new() } else { r }),
            sees_globals: true,
            steps: 0,
            memory: 0,
            depth: 0,
            partials: 0,
            warnings: Vec::new(),
            warned: Vec::new(),
            scene,
        }
    }

    pub(super) fn run(mut self) -> (Result<Rendered, Error>, Option<Reads<'a>>) {
        let result = self.block_inner(&self.template.root);
        let result = match result {
            Ok(_) if self.out.len() > self.scene.options.limits.output => {
                Err(self.place(self.too_much_output(), 0))
            }
            Ok(_) => Ok(Rendered { text: self.out, warnings: self.warnings }),
            Err(e) => Err(e.under(&self.scene.chain)),
        };
        (result, self.reads)
    }

    pub(super) fn place(&self, error: Error, at: u32) -> Error {
        error.at(&self.template.name, &self.template.source, at as usize)
    }

    // ----- running -----

    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        let most = self.scene.options.limits.nesting;
        if self.depth > most {
            self.depth -= 1;
            let message = format!("blocks and partials nest deeper than {most}");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn block(&mut self, block: &'a Block) -> Result<Flow, Error> {
        self.enter()?;
        let flow = self.block_inner(block);
        self.leave();
        flow
    }

    pub(super) fn block_inner(&mut self, block: &'a Block) -> Result<Flow, Error> {
        for node in &block.nodes {
            self.step(1)?;
            match node {
                Node::Text(start, end) => {
                    let template = self.template;
                    self.write_raw(&template.source[*start as usize..*end as usize]);
                }
                Node::Output(value) => self.output(value)?,
                other => match self.tag(other)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                },
            }
        }
        // An empty loop body takes time as well.
        self.step(1)?;
        Ok(Flow::Next)
    }

    #[inline(never)]
    fn tag(&mut self, node: &'a Node) -> Result<Flow, Error> {
        let (result, at) = match node {
            Node::If(tag) => return self.run_if(tag),
            Node::Assign(tag) => return self.run_assign(tag).map(|()| Flow::Next),
            Node::Capture(tag) => return self.run_capture(tag),
            Node::Counter(tag) => return self.run_counter(tag).map(|()| Flow::Next),
            Node::IfChanged(body) => return self.run_ifchanged(body),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::Text(..) | Node::Output(_) => return Ok(Flow::Next),
            Node::For(tag) => (self.run_for(tag), tag.at),
            Node::Case(tag) => (self.run_case(tag), tag.at),
            Node::TableRow(tag) => (self.run_tablerow(tag), tag.at),
            Node::Cycle(tag) => (self.run_cycle(tag).map(|()| Flow::Next), tag.at),
            Node::Include(tag) => (self.run_include(tag), tag.at),
            Node::Custom(tag) => (tag.run.run(self).map(|()| Flow::Next), tag.at),
        };
        result.map_err(|e| self.place(e, at))
    }

    /// Runs a block and takes what it writes.
    pub(super) fn captured(&mut self, block: &'a Block) -> Result<(Flow, String), Error> {
        let outer = std::mem::take(&mut self.out);
        let flow = self.block(block);
        let text = std::mem::replace(&mut self.out, outer);
        let flow = flow?;
        self.charge(text.len())?;
        Ok((flow, text))
    }

    fn run_include(&mut self, tag: &'a Include) -> Result<Flow, Error> {
        let name = match &tag.what {
            Partial::Fixed(name) => Text::Borrowed(&**name),
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
        let each = match (&tag.bind, &bound) {
            (Some(Bind::For(_)), Some(v)) => self.is_list(v),
            // Shopify's `include 'x' with list` goes through the list as well.
            (Some(Bind::With(_)), Some(v)) => !tag.isolated && self.is_list(v),
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
                Binding::new(super::ast::name_hash(name), name, value.shared())
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
            let hash = super::ast::name_hash("forloop");
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
            let entries: Vec<_> = args.into_iter().map(|(n, v)| (Text::Borrowed(&*n.text), v)).collect();
            let hash = super::ast::name_hash("include");
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

    // ----- budget -----

    #[inline]
    pub(super) fn step(&mut self, count: u64) -> Result<(), Error> {
        self.steps += count;
        // Both limits are looked at here, so that neither text nor loops can run away.
        if self.steps % STEPS_PER_LOOK < count {
            self.look_at_clock()?;
        }
        if self.steps > self.scene.options.limits.steps || self.out.len() > self.scene.options.limits.output {
            return Err(self.exhausted());
        }
        Ok(())
    }

    #[cold]
    fn exhausted(&self) -> Error {
        let limits = &self.scene.options.limits;
        if self.steps > limits.steps {
            Error::new(ErrorKind::Limit, format!("the render takes more than {} steps", limits.steps))
        } else {
            self.too_much_output()
        }
    }

    fn too_much_output(&self) -> Error {
        let most = self.scene.options.limits.output;
        Error::new(ErrorKind::Limit, format!("the output has more than {most} bytes"))
    }

    #[cold]
    fn look_at_clock(&self) -> Result<(), Error> {
        let most = self.scene.options.limits.time;
        if self.scene.clock.elapsed() > most {
            return Err(Error::new(ErrorKind::Limit, format!("the render takes longer than {most:?}")));
        }
        Ok(())
    }

    /// Accounts for bytes of a string or list that is being made. Filters that make large ones call it first.
    pub fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        let limits = &self.scene.options.limits;
        if bytes > limits.string {
            let message = format!("a value of {bytes} bytes; at most {}", limits.string);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > limits.memory {
            let message = format!("the values made take more than {} bytes", limits.memory);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.step(1 + bytes as u64 / 256)
    }

    /// Accounts for work of a filter, such as elements gone through.
    pub fn spend(&mut self, steps: usize) -> Result<(), Error> {
        self.step(steps as u64)
    }

    // ----- variables -----

    #[inline]
    pub(super) fn local(&self, name: &Name) -> Option<&Value<'a>> {
        self.locals
            .iter()
            .rev()
            .find(|b| b.is(name))
            .or_else(|| self.assigns.iter().find(|b| b.is(name)))
            .map(|b| &b.value)
    }

    pub(super) fn assign(&mut self, name: &'a Name, value: Value<'a>) {
        match self.assigns.iter_mut().find(|b| b.is(name)) {
            Some(binding) => binding.value = value,
            None => self.assigns.push(Binding::of(name, value)),
        }
    }

    /// Runs something with one more variable in scope.
    pub fn with_variable<T>(
        &mut self,
        name: &str,
        value: Value<'a>,
        run: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let slot = self.locals.len();
        self.locals.push(Binding {
            hash: super::ast::name_hash(name),
            name: Text::Owned(name.to_owned()),
            value: value.shared(),
        });
        let result = run(self);
        self.locals.truncate(slot);
        result
    }

    pub(super) fn local_names(&self) -> Vec<String> {
        self.locals.iter().chain(&self.assigns).map(|b| b.name.to_string()).collect()
    }

    pub(super) fn global_quietly(&mut self, name: &'a Name) -> Result<Option<ValueRef<'a>>, Error> {
        if !self.sees_globals {
            return Ok(None);
        }
        let found = self.scene.globals.get(&name.text);
        if let Some(reads) = &mut self.reads {
            let node = reads.name(ROOT, &name.text, name.hash);
            reads.record(super::reads::ReadKind::Value, node, found);
        }
        Ok(found)
    }

    // ----- for filters and tags of the host -----

    /// Writes a value as an output would, escaped where that is on.
    pub fn write(&mut self, value: &Value<'a>) -> Result<(), Error> {
        match value {
            Value::Str(s) if self.scene.options.autoescape => text::push_escaped(&mut self.out, s),
            Value::Str(s) | Value::Html(s) => self.out.push_str(s),
            Value::Int(n) => text::push_int(&mut self.out, *n),
            Value::Nil | Value::Empty | Value::Blank => {}
            other => return self.write_slowly(other),
        }
        Ok(())
    }

    #[inline(never)]
    fn write_slowly(&mut self, value: &Value<'a>) -> Result<(), Error> {
        match value {
            Value::List(_) | Value::Array(_) => {
                self.record_subtree(value);
                let items = self.children(value)?;
                for item in items {
                    self.step(1)?;
                    self.write(&item)?;
                }
                Ok(())
            }
            other => {
                let mut made = String::new();
                self.stringify(other, &mut made)?;
                if self.scene.options.autoescape {
                    text::push_escaped(&mut self.out, &made);
                } else {
                    self.out.push_str(&made);
                }
                Ok(())
            }
        }
    }

    /// Writes text as it is.
    pub fn write_raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub(super) fn write_int(&mut self, n: i64) {
        text::push_int(&mut self.out, n);
    }

    /// Whether output is escaped for HTML.
    pub fn autoescape(&self) -> bool {
        self.scene.options.autoescape
    }

    /// The time of the build; recorded, so that the page is made anew when it moves on.
    pub fn now(&mut self) -> Time {
        let now = self.scene.clock.now();
        self.clock_read(now.seconds().saturating_add(1));
        now
    }

    /// The time of the build, for a filter that tells by [`Context::clock_read`] how long its answer holds.
    pub fn now_unrecorded(&self) -> Time {
        self.scene.clock.now()
    }

    /// Records that the output depends on the clock, and may differ from `until` (seconds since 1970) on.
    pub fn clock_read(&mut self, until: i64) {
        if let Some(reads) = &mut self.reads {
            reads.clock(until);
        }
    }

    /// Seconds by which the site's zone is ahead of UTC at an instant.
    pub fn offset_at(&self, seconds: i64) -> i32 {
        self.scene.clock.offset_at(seconds)
    }

    /// Evaluates an expression of a tag.
    pub fn evaluate(&mut self, expression: &'a Expression) -> Result<Value<'a>, Error> {
        self.filtered(&expression.0)
    }

    /// Runs the block of a tag, which writes to the output.
    pub fn body(&mut self, body: &'a Body) -> Result<(), Error> {
        self.block(&body.0).map(|_| ())
    }

    /// Runs the block of a tag and gives what it would have written.
    pub fn body_text(&mut self, body: &'a Body) -> Result<String, Error> {
        self.captured(&body.0).map(|(_, text)| text)
    }

    /// Collects a warning.
    pub fn warn(&mut self, warning: Error, at: Option<u32>) {
        let at = at.unwrap_or(0);
        let key = (std::ptr::from_ref(self.template), at);
        if self.warnings.len() < WARNINGS && !self.warned.contains(&key) {
            self.warned.push(key);
            self.warnings.push(self.place(warning, at).under(&self.scene.chain));
        }
    }

    pub(super) fn has_warned(&self, at: u32) -> bool {
        self.warnings.len() >= WARNINGS || self.warned.contains(&(std::ptr::from_ref(self.template), at))
    }

    /// A list made by a filter.
    pub fn array(&mut self, items: Vec<Value<'a>>) -> Result<Value<'a>, Error> {
        let depth = self.nest(items.iter().map(Value::depth).max())?;
        self.charge(items.len() * std::mem::size_of::<Value<'_>>())?;
        Ok(Value::Array(Rc::new(Array { items, depth })))
    }

    /// An object made by a filter; its entries keep their order.
    pub fn record(&mut self, entries: Vec<(Text<'a>, Value<'a>)>) -> Result<Value<'a>, Error> {
        let depth = self.nest(entries.iter().map(|(_, v)| v.depth()).max())?;
        self.charge(entries.len() * std::mem::size_of::<(Text<'_>, Value<'_>)>())?;
        Ok(Value::Record(Rc::new(Record { entries, depth })))
    }

    fn nest(&self, inner: Option<u16>) -> Result<u16, Error> {
        const DEEPEST: u16 = 64;
        let depth = inner.unwrap_or(0) + 1;
        if depth > DEEPEST {
            return Err(Error::new(ErrorKind::Limit, format!("lists nest deeper than {DEEPEST}")));
        }
        Ok(depth)
    }

    /// A value of the data that a filter of the host was given by other means; what is read of it is not recorded.
    pub fn unrecorded(&self, value: ValueRef<'a>) -> Result<Value<'a>, Error> {
        Ok(match value {
            ValueRef::List(list) => Value::List(ListRef { list, node: 0 }),
            ValueRef::Object(object) => Value::Object(ObjectRef { object, node: 0 }),
            other => super::eval::scalar(other)?,
        })
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
}
