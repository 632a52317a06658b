//! `/dashboard`: how the site and its sources are doing, and buttons for what has to be decided. Pages are rendered on the
//! server and work without a script; with it they show at once what changes.

mod actions;
mod attempts;
mod chart;
mod compare;
mod door;
mod form;
mod frame;
mod pages;
mod press;
mod progress;
mod session;
mod standing;
mod stream;
mod visit;
mod words;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use jiff::tz::TimeZone;

use self::attempts::Attempts;
use self::form::Form;
use self::frame::{Frame, add_cookie, asset_response, dress, redirect};
use self::pages::Page;
use self::press::Press;
pub use self::progress::Progress;
use self::session::{Said, Sessions, Visitor};
pub use self::standing::Freshness;
use self::stream::Streams;
use self::visit::{Visit, way_back};
use self::words::{Tongue, Words};
use super::auth::random_token;
use super::body::Body;
use super::connection::Activity;
use super::reply::Failure;
use super::shared::Shared;
use crate::base::digest::{Digest, Hasher};
use crate::base::secret::Secret;
use crate::error::{Error, Kind, Result};
use crate::model::view::{Key, Map, Value};

/// The cookies of a session, and of the form for signing in.
const SESSION: &str = "aither-session";
const SIGN_IN: &str = "aither-sign-in";

/// What the dashboard needs to know of a site.
#[derive(Debug)]
pub struct DashboardOptions {
    /// The site's title.
    pub title: String,
    /// The site's language, as a BCP 47 tag: for browsers that ask for none of the dashboard's own.
    pub language: String,
    /// The site's colour, such as `#0f5257`; none for the dashboard's own.
    pub accent: Option<String>,
    /// The zone that times are shown in.
    pub time_zone: TimeZone,
    /// From when on data count as old.
    pub freshness: Freshness,
    /// Who knows how far a run is.
    pub progress: Arc<Progress>,
}

impl Default for DashboardOptions {
    fn default() -> Self {
        Self {
            title: String::new(),
            language: String::new(),
            accent: None,
            time_zone: TimeZone::UTC,
            freshness: Freshness::default(),
            progress: Arc::default(),
        }
    }
}

/// The dashboard, for the threads that answer.
#[derive(Debug)]
pub(super) struct Dashboard {
    title: String,
    tongue: Tongue,
    accent: Option<String>,
    zone: TimeZone,
    /// Made when somebody comes for the first time: most servers run for weeks without.
    words: OnceLock<[Words; 2]>,
    press: OnceLock<Press>,
    sessions: Sessions,
    attempts: Attempts,
    streams: Streams,
    /// What the tokens of sign-in forms are made with.
    seal: Secret,
    freshness: Freshness,
    progress: Arc<Progress>,
}

/// The changing part of a page.
struct Made {
    title: String,
    html: String,
    /// Tells two looks of a page apart.
    mark: String,
}

/// A map of these entries, for templates.
fn entries(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    Map::new(entries.into_iter().map(|(name, value)| (Key::Fixed(name), value)).collect())
}

/// Does on another thread what waits for locks and disks.
async fn aside<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T> + Send + 'static,
) -> Result<T> {
    let away = Arc::clone(shared);
    let failed = |failure: Failure| match failure.status {
        StatusCode::SERVICE_UNAVAILABLE => Error::new(Kind::Unavailable, failure.message),
        _ => Error::new(Kind::Io, failure.message),
    };
    shared.aside.run(move || work(&away)).await.map_err(failed)?
}

/// Whether a path belongs to the dashboard.
pub(super) fn is_at(path: &str) -> bool {
    path.strip_prefix("/dashboard").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Dashboard {
    pub(super) fn new(options: DashboardOptions) -> Result<Self> {
        let DashboardOptions { title, language, accent, time_zone, freshness, progress } = options;
        Ok(Self {
            title,
            tongue: Tongue::of(&language).unwrap_or(Tongue::English),
            accent,
            zone: time_zone,
            words: OnceLock::new(),
            press: OnceLock::new(),
            sessions: Sessions::new(),
            attempts: Attempts::default(),
            streams: Streams::default(),
            seal: random_token()?,
            freshness,
            progress,
        })
    }

    /// A run begins.
    pub(super) fn run_begins(&self) {
        self.progress.begin_anew();
    }

    /// The server stops: no stream goes on.
    pub(super) fn close(&self) {
        self.sessions.close();
    }

    fn words(&self, tongue: Tongue) -> &Words {
        let make = || [Tongue::German, Tongue::English].map(|tongue| Words::new(tongue, self.zone.clone()));
        let [german, english] = self.words.get_or_init(make);
        if tongue == Tongue::German { german } else { english }
    }

    fn press(&self) -> &Press {
        self.press.get_or_init(|| Press::new(self.accent.as_deref()))
    }

    /// The changing part of a page as it looks now. Reads files and waits for locks.
    fn content(&self, shared: &Shared, page: &Page, tongue: Tongue, csrf: &Secret) -> Result<Option<Made>> {
        let words = self.words(tongue);
        let Some(mut content) = page.content(shared, words)? else { return Ok(None) };
        content.view.push(("csrf", csrf.reveal().into()));
        content.view.push(("here", page.address().into()));
        let html = self.press().render(content.template, words, content.view)?;
        let mark = Digest::of(html.as_bytes()).to_string()[..16].to_owned();
        Ok(Some(Made { title: content.title, html, mark }))
    }

    /// The token that the form for signing in carries, for a browser with this cookie.
    fn sign_in_token(&self, cookie: &str) -> String {
        let mut hasher = Hasher::new("sign-in");
        hasher.field(self.seal.reveal().as_bytes()).field(cookie.as_bytes());
        hasher.finish().to_string()
    }
}

/// Answers a request for the dashboard.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    peer: IpAddr,
    activity: &Activity,
    head: &Parts,
    body: Incoming,
) -> Response<Body> {
    let visit = Visit::new(shared, peer, &head.headers, head.uri.query().unwrap_or_default());
    let exchange = Exchange { shared, visit: &visit };
    let visitor = visit
        .secret_cookie(SESSION)
        .and_then(|id| shared.dashboard.sessions.find(id, shared.clock.elapsed()));
    let path = head.uri.path();
    let is_reading = head.method == Method::GET || head.method == Method::HEAD;
    let mut response = match (path, is_reading) {
        ("/dashboard/sign-in", true) => exchange.sign_in_page(visitor.as_ref()),
        ("/dashboard/sign-in", _) if head.method == Method::POST => exchange.sign_in(body).await,
        (
            "/dashboard/sign-out" | "/dashboard/sync" | "/dashboard/conflicts" | "/dashboard/dead-letters",
            _,
        ) => match (head.method == Method::POST, &visitor) {
            (false, _) => exchange.wrong_method("POST", visitor.as_ref()),
            (true, None) => {
                exchange.sign_in_form(StatusCode::UNAUTHORIZED, Some(notice("session_over", "")), None)
            }
            (true, Some(visitor)) => exchange.act(path, visitor, body).await,
        },
        (_, false) => exchange.wrong_method("GET, HEAD", visitor.as_ref()),
        ("/dashboard/events", true) => exchange.events(activity, visitor),
        _ => match shared.dashboard.press().assets.iter().find(|asset| asset.path == path) {
            Some(asset) => return asset_response(asset),
            None => exchange.page(path, visitor).await,
        },
    };
    if let Some(cookie) = visit.language_cookie() {
        add_cookie(&mut response, &cookie);
    }
    response
}

fn notice(key: &'static str, about: &str) -> Said {
    Said { key, about: about.to_owned(), is_good: false }
}

/// One request that is being answered.
struct Exchange<'r> {
    shared: &'r Arc<Shared>,
    visit: &'r Visit<'r>,
}

impl Exchange<'_> {
    fn words(&self) -> &Words {
        self.shared.dashboard.words(self.visit.tongue)
    }

    /// A page of the dashboard, or the way to the form for signing in.
    async fn page(&self, path: &str, visitor: Option<Visitor>) -> Response<Body> {
        let Some(visitor) = visitor else {
            let next = match self.visit.query {
                "" => path.to_owned(),
                query => format!("{path}?{query}"),
            };
            let next = crate::base::encode::form([("next", way_back(Some(&next)))]);
            return redirect(&format!("/dashboard/sign-in?{next}"));
        };
        let Some(page) = Page::at(path, self.visit.query) else {
            return self.failure(StatusCode::NOT_FOUND, Some(&visitor));
        };
        let (asked, tongue, csrf) = (page.clone(), self.visit.tongue, visitor.csrf.clone());
        let make = move |shared: &Shared| shared.dashboard.content(shared, &asked, tongue, &csrf);
        match aside(self.shared, make).await {
            Ok(Some(made)) => {
                let said = self.shared.dashboard.sessions.hear(&visitor);
                let frame = Frame {
                    title: &made.title,
                    said,
                    visitor: Some(&visitor),
                    page: Some(&page),
                    mark: &made.mark,
                };
                self.framed(StatusCode::OK, made.html, &frame)
            }
            Ok(None) => self.failure(StatusCode::NOT_FOUND, Some(&visitor)),
            Err(error) if error.kind() == Kind::Unavailable => {
                self.failure(StatusCode::SERVICE_UNAVAILABLE, Some(&visitor))
            }
            Err(error) => {
                self.shared.log.warn(error.message().to_owned());
                self.failure(StatusCode::INTERNAL_SERVER_ERROR, Some(&visitor))
            }
        }
    }

    /// The changes of a page, as they happen.
    fn events(&self, activity: &Activity, visitor: Option<Visitor>) -> Response<Body> {
        let Some(visitor) = visitor else {
            return self.sign_in_form(StatusCode::UNAUTHORIZED, Some(notice("session_over", "")), None);
        };
        let value = |name: &str| {
            crate::base::encode::pairs(self.visit.query).find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let view = value("view").unwrap_or_default();
        let (path, query) = view.split_once('?').unwrap_or((&view, ""));
        let page = Page::at(path, query).filter(|_| self.visit.is_from_here(self.shared));
        let Some(page) = page else { return self.failure(StatusCode::NOT_FOUND, Some(&visitor)) };
        let known = self.visit.header(HeaderName::from_static("last-event-id")).map(str::to_owned);
        let mark = known.or_else(|| value("mark")).unwrap_or_default();
        match stream::open(self.shared, visitor.clone(), page, self.visit.tongue, mark) {
            Some(receiver) => {
                activity.never_ends();
                let mut response = Response::new(Body::events(receiver));
                dress(&mut response, "text/event-stream");
                response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
                response
            }
            None => self.failure(StatusCode::SERVICE_UNAVAILABLE, Some(&visitor)),
        }
    }

    /// Does what a button is for, and leads back to its page.
    async fn act(&self, path: &str, visitor: &Visitor, body: Incoming) -> Response<Body> {
        let form = match self.form(body).await {
            Ok(form) => form,
            Err(status) => return self.failure(status, Some(visitor)),
        };
        if !visitor.wrote(form.get("csrf").unwrap_or_default()) {
            return self.failure(StatusCode::FORBIDDEN, Some(visitor));
        }
        let sessions = &self.shared.dashboard.sessions;
        let outcome = match path {
            "/dashboard/sync" => actions::run(self.shared, &form).await,
            "/dashboard/conflicts" => actions::resolve(self.shared, &form).await,
            "/dashboard/dead-letters" => actions::settle(self.shared, &form).await,
            _ => {
                sessions.end(visitor);
                let mut response = redirect("/dashboard/sign-in?out=1");
                add_cookie(&mut response, &self.visit.set_cookie(SESSION, "", Some(0)));
                return response;
            }
        };
        match outcome {
            Ok(said) => {
                sessions.say(visitor, said);
                redirect(way_back(form.get("back")))
            }
            Err(actions::Incomplete) => self.failure(StatusCode::BAD_REQUEST, Some(visitor)),
        }
    }

    /// The form of a request that comes from one of our own pages.
    async fn form(&self, body: Incoming) -> std::result::Result<Form, StatusCode> {
        if !self.visit.is_from_here(self.shared) {
            return Err(StatusCode::FORBIDDEN);
        }
        Form::read(self.shared, self.visit, body).await
    }
}
