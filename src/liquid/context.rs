//! A running render: its variables, its output, its budget.

use super::ast::{Block, Name, Node};
use super::error::{Error, ErrorKind};
use super::reads::{ROOT, ReadKind, Reads};
use super::template::{Rendered, Scene, Template};
use super::value::{Text, Value, ValueRef};

/// What a block leaves behind for the loop around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

#[derive(Clone)]
pub(super) struct Binding<'a> {
    pub(super) hash: u32,
    pub(super) name: Text<'a>,
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
    /// Whether this runs in a partial called by `render`.
    pub(super) isolated: bool,
    pub(super) steps: u64,
    pub(super) memory: usize,
    depth: u16,
    pub(super) partials: u16,
    pub(super) warnings: Vec<Error>,
    pub(super) warned: Vec<(*const Template, u32)>,
}

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
            isolated: false,
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
            reads.record(ReadKind::Value, node, found);
        }
        Ok(found)
    }
}
