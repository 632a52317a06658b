//! `assign`, `capture`, `increment`, `decrement`.

use crate::liquid::ast::{Assign, Capture, Counter, Node};
use crate::liquid::context::{Context, Flow};
use crate::liquid::error::Error;
use crate::liquid::parse::Parser;
use crate::liquid::tokens::Tag;
use crate::liquid::value::{Text, Value, ValueRef};

pub(in crate::liquid) fn assign<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    parser.read(tag, |m| {
        let name = m.target()?;
        if !m.equals() {
            return Err(m.error(m.at(), "expected \"=\" after the name"));
        }
        Ok(Node::Assign(Box::new(Assign { name, value: m.filtered()? })))
    })
}

pub(in crate::liquid) fn capture<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    let name = parser.read(tag, |m| {
        let name = m.target()?;
        m.expect_end()?;
        Ok(name)
    });
    let (body, _) = parser.block(tag, &["endcapture"]);
    Some(Node::Capture(Box::new(Capture { name: name?, body })))
}

pub(in crate::liquid) fn counter<'s>(parser: &mut Parser<'s>, tag: Tag<'s>, down: bool) -> Option<Node> {
    parser.read(tag, |m| {
        let name = m.target()?;
        m.expect_end()?;
        Ok(Node::Counter(Box::new(Counter { name, down })))
    })
}

impl<'a> Context<'a> {
    pub(in crate::liquid) fn run_assign(&mut self, tag: &'a Assign) -> Result<(), Error> {
        let value = self.filtered(&tag.value)?.shared();
        self.assign(&tag.name, value);
        Ok(())
    }

    pub(in crate::liquid) fn run_capture(&mut self, tag: &'a Capture) -> Result<Flow, Error> {
        let (flow, text) = self.captured(&tag.body)?;
        let text = Text::Owned(text);
        // Under autoescape what was captured has been escaped already.
        let value = if self.autoescape() { Value::Html(text) } else { Value::Str(text) };
        self.assign(&tag.name, value.shared());
        Ok(flow)
    }

    pub(in crate::liquid) fn run_counter(&mut self, tag: &'a Counter) -> Result<(), Error> {
        let index = match self.counters.iter().position(|(n, _)| n.text == tag.name.text) {
            Some(index) => index,
            None => {
                // A number of the data of the same name is where counting starts.
                let start = match self.global_quietly(&tag.name)? {
                    Some(ValueRef::Int(n)) => n,
                    _ => 0,
                };
                self.counters.push((&tag.name, start));
                self.counters.len() - 1
            }
        };
        let value = &mut self.counters[index].1;
        let shown = if tag.down {
            *value = value.wrapping_sub(1);
            *value
        } else {
            let before = *value;
            *value = value.wrapping_add(1);
            before
        };
        self.write_int(shown);
        Ok(())
    }
}
