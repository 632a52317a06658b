//! The only place that knows the `liquid` crate: parses a template, renders it over a view, and turns the crate's
//! errors and panics into messages.

mod dates;
mod filters;
mod guard;
mod json;
mod loops;
mod scope;
mod tags;
mod view;

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use liquid_core::runtime::PartialStore;
use liquid_core::{Language, Renderable, Runtime};
use liquid_lib::stdlib;

use self::scope::{Scope, Trace};
use super::Read;
use crate::model::view::{Map, Value};

/// What filters need to know of the site.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// A BCP 47 tag.
    pub(super) language: String,
    pub(super) zone: TimeZone,
    /// Scheme, host and path, without a slash at the end.
    pub(super) base_url: String,
}

impl Settings {
    /// The path of the base URL: empty, or `/academy`.
    fn base_path(&self) -> &str {
        let after_scheme = self.base_url.find("://").map_or(0, |at| at + 3);
        self.base_url[after_scheme..].find('/').map_or("", |at| &self.base_url[after_scheme + at..])
    }

    fn is_german(&self) -> bool {
        self.language.to_ascii_lowercase().starts_with("de")
    }
}

/// Parses and renders templates.
pub(super) struct Engine {
    language: Language,
    settings: Arc<Settings>,
}

/// A parsed template.
#[derive(Debug)]
pub(super) struct Parsed {
    template: liquid_core::Template,
    nesting: usize,
}

/// Where a render gets partials from.
pub(super) trait Partials {
    /// The partial of this name, or what is wrong with it.
    fn partial(&self, name: &str) -> Option<Result<Partial, Failure>>;
    /// The name under which reads of it are noted.
    fn read(&self, name: &str) -> Read;
    /// A hint for a name that is not there.
    fn suggestion(&self, name: &str) -> Option<String>;
}

/// A partial, and the file that it comes from.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) file: Arc<str>,
    pub(super) parsed: Arc<Parsed>,
}

/// What one template is rendered over.
pub(super) struct Input<'a> {
    pub(super) view: &'a Map,
    /// Names over those of the view.
    pub(super) added: &'a [(&'static str, &'a Value)],
    pub(super) now: Timestamp,
    pub(super) partials: &'a dyn Partials,
}

/// What a render gave, with what it read; that counts after a failure as well.
pub(super) struct Output {
    pub(super) result: Result<String, Failure>,
    pub(super) reads: BTreeSet<Read>,
}

/// Why a template cannot be used.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The file of the template at fault.
    pub(super) file: Arc<str>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The participant's field that was read although it is not public.
    pub(super) withheld: Option<&'static str>,
}

impl Failure {
    fn new(file: &Arc<str>, message: impl Into<String>) -> Self {
        Self { file: file.clone(), message: message.into(), hint: None, withheld: None }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A template's output may have this many bytes.
const LONGEST_OUTPUT: usize = 64 << 20;

impl Engine {
    pub(super) fn new(settings: Settings) -> Self {
        Self { language: language(), settings: Arc::new(settings) }
    }

    /// Parses a template.
    pub(super) fn parse(&self, file: &Arc<str>, text: &str) -> Result<Parsed, Failure> {
        let checked = guard::check(text).map_err(|message| Failure::new(file, message))?;
        let parsed = guarded(|| liquid_core::parser::parse(&checked.text, &self.language));
        let parsed =
            parsed.ok_or_else(|| Failure::new(file, "the template parser cannot cope with this file"))?;
        let elements = parsed.map_err(|error| {
            let hint = context(&error, "requested filter").and_then(|filter| {
                let known: Vec<&str> = self.language.filters.plugin_names().collect();
                crate::base::text::did_you_mean(&filter, known)
            });
            Failure { hint, ..Failure::new(file, message_of(&error)) }
        })?;
        Ok(Parsed { template: liquid_core::Template::new(elements), nesting: checked.nesting })
    }

    /// Renders a template over `input`.
    pub(super) fn render(&self, file: &Arc<str>, parsed: &Parsed, input: &Input<'_>) -> Output {
        let trace = Rc::new(Trace::new(self.settings.clone(), input.now));
        view::take_withheld();
        let store = Store { partials: input.partials, trace: trace.clone() };
        let scope = Scope::new(input.view, input.added, &store, trace.clone());
        let mut writer = Capped(Vec::new());
        let done = guarded(|| {
            trace.enter(file, parsed.nesting)?;
            parsed.template.render_to(&mut writer, &scope)
        });
        let at = trace.stack.borrow().last().map_or_else(|| file.clone(), |(file, _)| file.clone());
        let hint = trace.hint.take();
        let result = match (view::take_withheld(), done) {
            (Some(field), _) => Err(Failure { withheld: Some(field), ..Failure::new(&at, "") }),
            (None, None) => Err(Failure::new(&at, "the template engine gave up on this template")),
            (None, Some(Err(error))) => Err(Failure { hint, ..Failure::new(&at, message_of(&error)) }),
            (None, Some(Ok(()))) => Ok(String::from_utf8_lossy(&writer.0).into_owned()),
        };
        drop(scope);
        Output { result, reads: trace.reads.take() }
    }
}

/// Runs `work`, and gives nothing where the crate panics: a template from afar must not end the process.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// The crate's message without the values that it adds: they may be personal.
fn message_of(error: &liquid_core::Error) -> String {
    let text = error.to_string();
    let mut message = String::new();
    for line in text.lines().take_while(|line| !line.starts_with("from: ") && !line.starts_with("  with:")) {
        let line = line.strip_prefix("liquid: ").unwrap_or(line);
        if !message.is_empty() {
            message.push('\n');
        }
        message.push_str(line.trim_end());
    }
    let inner = text.lines().find_map(|line| line.strip_prefix("from: ")).filter(|from| from.contains("{%"));
    if let Some(from) = inner {
        message.push_str(&format!(" in `{}`", from.trim()));
    }
    if let Some(filter) = context(error, "requested filter") {
        message.push_str(&format!(" `{filter}`"));
    } else if let Some(filter) = context(error, "filter") {
        message.push_str(&format!(" in `| {filter}`"));
    }
    message
}

fn context(error: &liquid_core::Error, key: &str) -> Option<String> {
    let prefix = format!("    {key}=");
    error.to_string().lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
}

/// A page that a template makes too long ends its render, not the machine's memory.
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_OUTPUT {
            return Err(io::Error::other("the output of this template is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The partials of one render.
struct Store<'a> {
    partials: &'a dyn Partials,
    trace: Rc<Trace>,
}

impl fmt::Debug for Store<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl PartialStore for Store<'_> {
    fn contains(&self, name: &str) -> bool {
        self.partials.partial(name).is_some()
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    fn try_get(&self, name: &str) -> Option<Arc<dyn Renderable>> {
        self.get(name).ok()
    }

    fn get(&self, name: &str) -> liquid_core::Result<Arc<dyn Renderable>> {
        self.trace.read(self.partials.read(name));
        match self.partials.partial(name) {
            Some(Ok(partial)) => Ok(Arc::new(partial)),
            Some(Err(failure)) => {
                self.trace.stack.borrow_mut().push((failure.file, 0));
                *self.trace.hint.borrow_mut() = failure.hint;
                Err(liquid_core::Error::with_msg(failure.message))
            }
            None => {
                *self.trace.hint.borrow_mut() = self.partials.suggestion(name);
                Err(liquid_core::Error::with_msg(format!("there is no partial `{name}`")))
            }
        }
    }
}

/// Says in the trace when it is at work.
impl Renderable for Partial {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> liquid_core::Result<()> {
        let trace = scope::trace_of(runtime)?;
        trace.enter(&self.file, self.parsed.nesting)?;
        self.parsed.template.render_to(writer, runtime)?;
        trace.leave();
        Ok(())
    }
}

fn language() -> Language {
    let mut language = Language::empty();
    macro_rules! register {
        ($kind:ident, $name:ident: $($plugin:expr),+ $(,)?) => {
            $({
                let plugin: Box<dyn liquid_core::$kind> = $plugin.into();
                register!(@ $name plugin);
            })+
        };
        (@ blocks $plugin:ident) => {
            language.blocks.register($plugin.reflection().start_tag().to_owned(), $plugin)
        };
        (@ tags $plugin:ident) => { language.tags.register($plugin.reflection().tag().to_owned(), $plugin) };
        (@ filters $plugin:ident) => {
            language.filters.register($plugin.reflection().name().to_owned(), $plugin)
        };
    }
    register!(ParseTag, tags:
        stdlib::AssignTag, stdlib::BreakTag, stdlib::ContinueTag, stdlib::CycleTag, stdlib::IncrementTag,
        stdlib::DecrementTag, tags::IncludeTag, tags::RenderTag,
    );
    register!(ParseBlock, blocks:
        stdlib::RawBlock, stdlib::IfBlock, stdlib::UnlessBlock, stdlib::IfChangedBlock, stdlib::CaseBlock,
        stdlib::CaptureBlock, stdlib::CommentBlock, loops::ForBlock,
    );
    register!(ParseFilter, filters:
        stdlib::Abs, stdlib::Append, stdlib::AtLeast, stdlib::AtMost, stdlib::Capitalize, stdlib::Ceil,
        stdlib::Compact, stdlib::Concat, stdlib::Default, stdlib::DividedBy, stdlib::Downcase, stdlib::Escape,
        stdlib::EscapeOnce, stdlib::First, stdlib::Floor, stdlib::Join, stdlib::Last, stdlib::Lstrip,
        stdlib::Map, stdlib::Minus, stdlib::Modulo, stdlib::NewlineToBr, stdlib::Plus, stdlib::Prepend,
        stdlib::Remove, stdlib::RemoveFirst, stdlib::Replace, stdlib::ReplaceFirst, stdlib::Reverse,
        stdlib::Round, stdlib::Rstrip, stdlib::Size, stdlib::Slice, stdlib::Sort, stdlib::SortNatural,
        stdlib::Split, stdlib::Strip, stdlib::StripHtml, stdlib::StripNewlines, stdlib::Times,
        stdlib::Truncate, stdlib::TruncateWords, stdlib::Uniq, stdlib::Upcase, stdlib::UrlDecode,
        stdlib::UrlEncode, stdlib::Where,
    );
    for filter in filters::ALL {
        language.filters.register(filter.name.to_owned(), Box::new(*filter));
    }
    language
}
