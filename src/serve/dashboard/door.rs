//! Signing in.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use super::frame::{Frame, add_cookie, redirect};
use super::session::{self, Said, Visitor, is_same};
use super::visit::way_back;
use super::{Exchange, SESSION, SIGN_IN, notice};
use crate::serve::auth::random_token;
use crate::serve::body::Body;

impl Exchange<'_> {
    /// The form for signing in; whoever is signed in already goes on.
    pub(super) fn sign_in_page(&self, visitor: Option<&Visitor>) -> Response<Body> {
        let pairs: Vec<(String, String)> = crate::base::encode::pairs(self.visit.query).collect();
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if visitor.is_some() {
            return redirect(way_back(value("next")));
        }
        let out = value("out").map(|_| Said { key: "signed_out", about: String::new(), is_good: true });
        self.sign_in_form(StatusCode::OK, out, value("next"))
    }

    pub(super) fn sign_in_form(
        &self,
        status: StatusCode,
        said: Option<Said>,
        next: Option<&str>,
    ) -> Response<Body> {
        let known = self.visit.secret_cookie(SIGN_IN).map(str::to_owned);
        let cookie = match known.map_or_else(|| random_token().map(|t| t.reveal().to_owned()), Ok) {
            Ok(cookie) => cookie,
            Err(error) => return self.broken(&error),
        };
        let view = vec![
            ("csrf", self.shared.dashboard.sign_in_token(&cookie).into()),
            ("next", way_back(next).into()),
            ("site", self.shared.dashboard.title.as_str().into()),
        ];
        let title = self.words().get("sign_in_title").to_owned();
        let mut response = match self.shared.dashboard.press().render("sign-in", self.words(), view) {
            Ok(html) => {
                let frame = Frame { title: &title, said, visitor: None, page: None, mark: "" };
                self.framed(status, html, &frame)
            }
            Err(error) => self.broken(&error),
        };
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Form realm=\"aither\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        add_cookie(&mut response, &self.visit.set_cookie(SIGN_IN, &cookie, None));
        response
    }

    pub(super) async fn sign_in(&self, body: Incoming) -> Response<Body> {
        let form = match self.form(body).await {
            Ok(form) => form,
            Err(status) => return self.failure(status, None),
        };
        let dashboard = &self.shared.dashboard;
        let cookie = self.visit.secret_cookie(SIGN_IN);
        let token = form.get("csrf").unwrap_or_default();
        let next = form.get("next");
        if !cookie.is_some_and(|cookie| is_same(&dashboard.sign_in_token(cookie), token)) {
            return self.sign_in_form(StatusCode::FORBIDDEN, Some(notice("stale_form", "")), next);
        }
        let now = self.shared.clock.elapsed();
        if let Err(wait) = dashboard.attempts.begin(self.visit.client, now) {
            if dashboard.attempts.is_news(now) {
                self.shared.log.warn("too many wrong tokens at the door of the dashboard".to_owned());
            }
            return self.too_many(wait, next);
        }
        if !self.shared.keys.is_admin(form.get("token").unwrap_or_default().trim()) {
            return self.sign_in_form(StatusCode::UNAUTHORIZED, Some(notice("wrong_token", "")), next);
        }
        dashboard.attempts.succeeded(self.visit.client);
        match dashboard.sessions.begin(now, self.visit.secret_cookie(SESSION)) {
            Ok(id) => {
                let mut response = redirect(way_back(next));
                let age = session::LONGEST.as_secs();
                add_cookie(&mut response, &self.visit.set_cookie(SESSION, id.reveal(), Some(age)));
                add_cookie(&mut response, &self.visit.set_cookie(SIGN_IN, "", Some(0)));
                response
            }
            Err(error) => self.broken(&error),
        }
    }

    pub(super) fn too_many(&self, wait: Duration, next: Option<&str>) -> Response<Body> {
        let seconds = wait.as_secs() + 1;
        let span = self.words().count("second", seconds);
        let mut response =
            self.sign_in_form(StatusCode::TOO_MANY_REQUESTS, Some(notice("too_many", &span)), next);
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        response
    }
}
