//! What names mean while a template renders: lenient, by reference, and with every read of the view noted.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use liquid_core::error::Result;
use liquid_core::model::{KString, KStringCow, KStringRef, ScalarCow, Value as Liquid, ValueCow, ValueView};
use liquid_core::runtime::{PartialStore, Registers, Runtime};
use liquid_core::{Error, Object};

use super::Settings;
use super::view::NIL;
use crate::model::view::{Map, Value};
use crate::theme::Read;

/// How many elements all loops of one render may visit together.
const STEPS: u64 = 5_000_000;
/// How deep templates may nest: blocks in a template and templates in templates, counted together. The crate
/// renders by recursion, so this is what keeps a template that includes itself from overflowing the stack.
const DEPTH: usize = 200;

/// What one render knows and remembers, shared by its scopes, tags and filters.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) settings: Arc<Settings>,
    pub(super) now: Timestamp,
    pub(super) reads: RefCell<BTreeSet<Read>>,
    /// The templates that are being rendered, outermost first, each with the depth of its blocks. A failed one
    /// stays, so that the error can name it.
    pub(super) stack: RefCell<Vec<(Arc<str>, usize)>>,
    /// What a person can do about the error that ends the render.
    pub(super) hint: RefCell<Option<String>>,
    steps: Cell<u64>,
}

impl Trace {
    pub(super) fn new(settings: Arc<Settings>, now: Timestamp) -> Self {
        Self {
            settings,
            now,
            reads: RefCell::default(),
            stack: RefCell::default(),
            hint: RefCell::default(),
            steps: Cell::new(0),
        }
    }

    pub(super) fn read(&self, read: Read) {
        self.reads.borrow_mut().insert(read);
    }

    /// The build's moment, noted as read.
    pub(super) fn clock(&self) -> Timestamp {
        self.read(Read::Clock);
        self.now
    }

    /// One more element of a loop.
    pub(super) fn step(&self) -> Result<()> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS {
            return Err(Error::with_msg(format!("the loops of this page visit more than {STEPS} elements")));
        }
        Ok(())
    }

    /// A template begins.
    pub(super) fn enter(&self, file: &Arc<str>, nesting: usize) -> Result<()> {
        let mut stack = self.stack.borrow_mut();
        // A template counts for more than its blocks: `include` has frames of its own.
        let depth: usize = stack.iter().map(|(_, nesting)| nesting + 4).sum();
        if depth + nesting > DEPTH {
            return Err(Error::with_msg(format!(
                "templates include one another too deeply (through {file})"
            )));
        }
        stack.push((file.clone(), nesting));
        Ok(())
    }

    /// The template that began last is done.
    pub(super) fn leave(&self) {
        self.stack.borrow_mut().pop();
    }
}

/// The way from a tag or filter to the render that it works for.
#[derive(Default)]
struct Register(Option<Rc<Trace>>);

/// The render that `runtime` belongs to.
pub(super) fn trace_of(runtime: &dyn Runtime) -> Result<Rc<Trace>> {
    runtime
        .registers()
        .get_mut::<Register>()
        .0
        .clone()
        .ok_or_else(|| Error::with_msg("this template is not rendered by a theme"))
}

/// Follows `path` into `value`; what is not there is nil.
fn find<'a>(value: &'a dyn ValueView, path: &[ScalarCow<'_>]) -> ValueCow<'a> {
    match liquid_core::model::try_find(value, path) {
        None | Some(ValueCow::Owned(Liquid::Nil)) => ValueCow::Borrowed(&NIL),
        Some(found) => found,
    }
}

fn find_owned(value: &dyn ValueView, path: &[ScalarCow<'_>]) -> ValueCow<'static> {
    match find(value, path) {
        ValueCow::Owned(value) => ValueCow::Owned(value),
        ValueCow::Borrowed(value) if value.is_nil() => ValueCow::Borrowed(&NIL),
        ValueCow::Borrowed(value) => ValueCow::Owned(value.to_value()),
    }
}

/// The outermost scope: the view, what the theme adds to it, and the variables that the template assigns.
pub(super) struct Scope<'a> {
    view: &'a Map,
    /// Names over the view: `theme`, `t`, `content`.
    added: &'a [(&'static str, &'a Value)],
    assigned: RefCell<Object>,
    counters: RefCell<Object>,
    partials: &'a dyn PartialStore,
    registers: Registers,
    trace: Rc<Trace>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        view: &'a Map,
        added: &'a [(&'static str, &'a Value)],
        partials: &'a dyn PartialStore,
        trace: Rc<Trace>,
    ) -> Self {
        let registers = Registers::default();
        registers.get_mut::<Register>().0 = Some(trace.clone());
        Self {
            view,
            added,
            assigned: RefCell::default(),
            counters: RefCell::default(),
            partials,
            registers,
            trace,
        }
    }

    fn root(&self, name: &str) -> Option<&'a Value> {
        let added = self.added.iter().find(|(added, _)| *added == name).map(|(_, value)| *value);
        added.or_else(|| self.view.get(name))
    }

    fn of_view(&self, path: &[ScalarCow<'_>]) -> ValueCow<'a> {
        let Some((first, rest)) = path.split_first() else { return ValueCow::Borrowed(&NIL) };
        let first = first.to_kstr();
        let root = self.root(&first);
        self.note(&first, root, rest.first());
        root.map_or(ValueCow::Borrowed(&NIL), |value| find(value, rest))
    }

    /// One level below `site` and `theme`, which no page reads whole, and the name alone for the rest.
    fn note(&self, root: &str, value: Option<&Value>, child: Option<&ScalarCow<'_>>) {
        if root == "forloop" && value.is_none() {
            // Every outermost loop asks for the one around it.
            return;
        }
        let child = child.filter(|_| root == "site" || root == "theme").map(ValueView::to_kstr);
        let path = match (&child, value) {
            // How many entries it has is a question about all of it.
            (Some(child), Some(Value::Map(map))) if child != "size" || map.get("size").is_some() => {
                format!("{root}.{child}")
            }
            _ => root.to_owned(),
        };
        self.trace.read(Read::Path(path));
    }
}

impl Runtime for Scope<'_> {
    fn partials(&self) -> &dyn PartialStore {
        self.partials
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        None
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        self.view.entries().iter().map(|(key, _)| KStringCow::from_ref(key.as_str())).collect()
    }

    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let (first, rest) = path.split_first()?;
        if first.to_kstr() == OF_VIEW {
            return Some(self.of_view(rest));
        }
        if let Some(value) = self.assigned.borrow().get(&*first.to_kstr()) {
            return Some(find_owned(value, rest));
        }
        if let Some(value) = self.counters.borrow().get(&*first.to_kstr())
            && self.root(&first.to_kstr()).is_none()
        {
            return Some(find_owned(value, rest));
        }
        Some(self.of_view(path))
    }

    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        Ok(self.try_get(path).unwrap_or(ValueCow::Borrowed(&NIL)))
    }

    fn set_global(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.assigned.borrow_mut().insert(name, value)
    }

    fn set_index(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.counters.borrow_mut().insert(name, value)
    }

    fn get_index<'a>(&'a self, name: &str) -> Option<ValueCow<'a>> {
        self.counters.borrow().get(name).map(|value| ValueCow::Owned(value.clone()))
    }

    fn registers(&self) -> &Registers {
        &self.registers
    }
}

/// Names over those of `parent`: the variable of a loop, the parameters of a partial.
pub(super) struct Frame<'a> {
    parent: &'a dyn Runtime,
    names: &'a BTreeMap<&'a str, ValueCow<'a>>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(parent: &'a dyn Runtime, names: &'a BTreeMap<&'a str, ValueCow<'a>>) -> Self {
        Self { parent, names }
    }
}

impl Runtime for Frame<'_> {
    fn partials(&self) -> &dyn PartialStore {
        self.parent.partials()
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        None
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        self.parent.roots()
    }

    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let (first, rest) = path.split_first()?;
        match self.names.get(&*first.to_kstr()) {
            Some(value) => Some(find(value.as_view(), rest)),
            None => self.parent.try_get(path),
        }
    }

    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        Ok(self.try_get(path).unwrap_or(ValueCow::Borrowed(&NIL)))
    }

    fn set_global(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.parent.set_global(name, value)
    }

    fn set_index(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.parent.set_index(name, value)
    }

    fn get_index<'a>(&'a self, name: &str) -> Option<ValueCow<'a>> {
        self.parent.get_index(name)
    }

    fn registers(&self) -> &Registers {
        self.parent.registers()
    }
}

/// The scope of a partial by `render`: its parameters, its own variables, and the view; nothing that the template
/// around it assigned or loops over.
pub(super) struct Isolated<'a> {
    parent: &'a dyn Runtime,
    names: &'a BTreeMap<&'a str, ValueCow<'a>>,
    assigned: RefCell<Object>,
    registers: Registers,
}

/// The first part of a path that asks past all frames for the view. No template can write such a name.
const OF_VIEW: &str = "\0view";

impl<'a> Isolated<'a> {
    pub(super) fn new(
        parent: &'a dyn Runtime,
        names: &'a BTreeMap<&'a str, ValueCow<'a>>,
        trace: Rc<Trace>,
    ) -> Self {
        let registers = Registers::default();
        registers.get_mut::<Register>().0 = Some(trace);
        Self { parent, names, assigned: RefCell::default(), registers }
    }
}

impl Runtime for Isolated<'_> {
    fn partials(&self) -> &dyn PartialStore {
        self.parent.partials()
    }

    fn name(&self) -> Option<KStringRef<'_>> {
        None
    }

    fn roots(&self) -> BTreeSet<KStringCow<'_>> {
        self.parent.roots()
    }

    fn try_get(&self, path: &[ScalarCow<'_>]) -> Option<ValueCow<'_>> {
        let (first, rest) = path.split_first()?;
        if let Some(value) = self.assigned.borrow().get(&*first.to_kstr()) {
            return Some(find_owned(value, rest));
        }
        if let Some(value) = self.names.get(&*first.to_kstr()) {
            return Some(find(value.as_view(), rest));
        }
        let mut outer = vec![ScalarCow::new(OF_VIEW)];
        outer.extend(path.iter().filter(|part| part.to_kstr() != OF_VIEW).cloned());
        self.parent.try_get(&outer)
    }

    fn get(&self, path: &[ScalarCow<'_>]) -> Result<ValueCow<'_>> {
        Ok(self.try_get(path).unwrap_or(ValueCow::Borrowed(&NIL)))
    }

    fn set_global(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.assigned.borrow_mut().insert(name, value)
    }

    fn set_index(&self, name: KString, value: Liquid) -> Option<Liquid> {
        self.parent.set_index(name, value)
    }

    fn get_index<'a>(&'a self, name: &str) -> Option<ValueCow<'a>> {
        self.parent.get_index(name)
    }

    fn registers(&self) -> &Registers {
        &self.registers
    }
}
