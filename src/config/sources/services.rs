//! The tables of the services with tokens: OneRoster and Ed-Fi.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::read::{keep, not_empty};
use super::super::source::{Credentials, EdFi, Levels, OneRoster, OneRosterAuth, Paging, Service};
use super::super::{checks, paths};
use super::{DAY, Manner, Place, variable};
use crate::base::mistakes::shown;
use crate::base::oauth1::Algorithm;
use crate::base::tables::Table;

/// The scopes that a pull needs.
const ONEROSTER_SCOPE: &str = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly \
     https://purl.imsglobal.org/spec/or/v1p2/scope/roster.readonly";

/// The scopes that a push needs: a look at what stands there, and the right to write.
const GRADEBOOK_SCOPE: &str = "https://purl.imsglobal.org/spec/or/v1p2/scope/gradebook.readonly \
     https://purl.imsglobal.org/spec/or/v1p2/scope/gradebook.createput";

fn service_keys(service: &mut Service, table: &mut Table<'_, '_>, largest_page: u32) {
    let manner = Manner {
        base_url: &mut service.base_url,
        requests_per_minute: &mut service.requests_per_minute,
        connect_timeout: &mut service.connect_timeout,
        read_timeout: &mut service.read_timeout,
        budget: &mut service.budget,
        retries: &mut service.retries,
        max_body: &mut service.max_body,
    };
    manner.read(table, 60_000);
    service.page_size = table.integer("page_size", 1..=largest_page).unwrap_or(service.page_size);
}

impl Place<'_, '_, '_, '_, '_> {
    fn service(&self) -> Service {
        Service {
            base_url: String::new(),
            declared: self.declared.clone(),
            requests_per_minute: 600,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            budget: Duration::from_secs(600),
            retries: 3,
            max_body: 64 << 20,
            page_size: 500,
        }
    }

    fn credentials(&mut self, table: &mut Option<Table<'_, '_>>, prefix: &str) -> Credentials {
        let mut credentials = Credentials {
            id: None,
            secret: None,
            id_variable: format!("{prefix}_CLIENT_ID"),
            secret_variable: format!("{prefix}_CLIENT_SECRET"),
        };
        if let Some(table) = table {
            for key in ["client_id", "client_secret", "secret", "token", "password", "api_key"] {
                let hint =
                    "remove the line; `client_id_env` and `secret_env` name variables of the environment";
                table.forbid(key, "credentials must not stand in a file", hint);
            }
            keep(&mut credentials.id_variable, table.checked("client_id_env", variable));
            keep(&mut credentials.secret_variable, table.checked("secret_env", variable));
        }
        credentials.id = self.variables.secret(&credentials.id_variable).map(|id| id.reveal().to_owned());
        credentials.secret = self.variables.secret(&credentials.secret_variable);
        credentials
    }

    fn levels(&self, table: &mut Option<Table<'_, '_>>) -> Levels {
        let mut levels = Levels { otherwise: "BEGINNER".into(), words: BTreeMap::new(), field: None };
        let Some(table) = table else { return levels };
        keep(&mut levels.otherwise, table.checked("level", level));
        levels.field = table.checked("level_from", not_empty).map(|found| found.value);
        for (word, value) in table.free("levels") {
            match value.as_str().map(level) {
                Some(Ok(level)) => drop(levels.words.insert(word.trim().to_lowercase(), level)),
                _ => self.wrong(
                    &format!(
                        "`levels`: `{}` must stand for BEGINNER, INTERMEDIATE or ADVANCED",
                        shown(&word)
                    ),
                    "for example: levels = { \"09\" = \"BEGINNER\", \"12\" = \"ADVANCED\" }",
                ),
            }
        }
        levels
    }

    pub(super) fn oneroster(&mut self, mut table: Option<Table<'_, '_>>, is_wanted: bool) -> OneRoster {
        let mut credentials = self.credentials(&mut table, "ONEROSTER");
        let levels = self.levels(&mut table);
        let mut roster = OneRoster {
            csv: None,
            service: self.service(),
            gradebook_url: String::new(),
            auth: OneRosterAuth::Bearer,
            overlap: Duration::from_secs(120),
            credentials: credentials.clone(),
            levels,
        };
        let (mut auth, mut token_url, mut scope, mut gradebook_scope) = (None, None, None, None);
        let mut signature = Algorithm::Sha256;
        if let Some(mut table) = table {
            service_keys(&mut roster.service, &mut table, 10_000);
            roster.csv = table.checked("csv", not_empty).map(|found| paths::below(self.root, &found.value));
            keep(&mut roster.gradebook_url, table.checked("gradebook_url", checks::address));
            let words = [("bearer", Auth::Bearer), ("oauth1", Auth::OAuth1), ("oauth2", Auth::OAuth2)];
            auth = table.choice("auth", &words).map(|found| found.value);
            token_url = table.checked("token_url", checks::address).map(|found| found.value);
            scope = table.checked("scope", not_empty).map(|found| found.value);
            gradebook_scope = table.checked("gradebook_scope", not_empty).map(|found| found.value);
            let hashes = [("HMAC-SHA256", Algorithm::Sha256), ("HMAC-SHA1", Algorithm::Sha1)];
            keep(&mut signature, table.choice("signature", &hashes));
            let overlap = table.integer("overlap_seconds", 0..=DAY).map(Duration::from_secs);
            roster.overlap = overlap.unwrap_or(roster.overlap);
            table.finish(None);
        }
        if roster.csv.is_some() || !is_wanted {
            return roster;
        }
        if roster.service.base_url.is_empty() {
            roster.service.base_url = self.variables.address("ONEROSTER_BASE_URL").unwrap_or_default();
        }
        if roster.service.base_url.is_empty() {
            self.wrong(
                "the source `oneroster` needs `base_url`, the whole address before `/classes`, or `csv`",
                format!("set `base_url` in {}, or ONEROSTER_BASE_URL in the environment", self.table),
            );
        }
        if roster.gradebook_url.is_empty() {
            roster.gradebook_url = roster.service.base_url.replace("/rostering/", "/gradebook/");
        }
        let token_url = token_url.or_else(|| self.variables.address("ONEROSTER_TOKEN_URL"));
        let is_old = roster.service.base_url.contains("v1p1");
        let token = self.variables.secret("ONEROSTER_TOKEN");
        let auth = auth.unwrap_or(match &token_url {
            Some(_) => Auth::OAuth2,
            None if token.is_some() => Auth::Bearer,
            None if is_old => Auth::OAuth1,
            None => Auth::OAuth2,
        });
        roster.auth = match auth {
            Auth::Bearer => {
                if credentials.secret.is_none() && credentials.secret_variable == "ONEROSTER_CLIENT_SECRET" {
                    credentials.secret_variable = "ONEROSTER_TOKEN".into();
                    credentials.secret = token;
                }
                OneRosterAuth::Bearer
            }
            Auth::OAuth1 => OneRosterAuth::OAuth1(signature),
            Auth::OAuth2 => {
                if token_url.is_none() {
                    let hint = "set `token_url`, or ONEROSTER_TOKEN_URL in the environment; \
                                or `auth = \"oauth1\"` or `\"bearer\"`";
                    self.wrong("OAuth 2 needs the address of the token", hint);
                }
                let scope = scope.unwrap_or_else(|| ONEROSTER_SCOPE.to_owned());
                let gradebook_scope = gradebook_scope.unwrap_or_else(|| GRADEBOOK_SCOPE.to_owned());
                OneRosterAuth::OAuth2 { token_url: token_url.unwrap_or_default(), scope, gradebook_scope }
            }
        };
        roster.credentials = credentials;
        roster
    }

    pub(super) fn edfi(&mut self, mut table: Option<Table<'_, '_>>, is_wanted: bool) -> EdFi {
        let credentials = self.credentials(&mut table, "EDFI");
        let levels = self.levels(&mut table);
        let mut edfi = EdFi {
            service: self.service(),
            credentials,
            paging: Paging::Auto,
            tenant: None,
            year: None,
            levels,
        };
        if let Some(mut table) = table {
            service_keys(&mut edfi.service, &mut table, 500);
            let words = [("auto", Paging::Auto), ("offset", Paging::Offset), ("token", Paging::Token)];
            keep(&mut edfi.paging, table.choice("paging", &words));
            edfi.tenant = table.checked("tenant", not_empty).map(|found| found.value);
            edfi.year = table.integer("year", 1_900..=2_200);
            table.finish(None);
        }
        if is_wanted && edfi.service.base_url.is_empty() {
            edfi.service.base_url = self.variables.address("EDFI_BASE_URL").unwrap_or_default();
        }
        if is_wanted && edfi.service.base_url.is_empty() {
            self.wrong(
                "the source `edfi` needs `base_url`, the address at which the server describes itself",
                format!("set `base_url` in {}, or EDFI_BASE_URL in the environment", self.table),
            );
        }
        edfi
    }
}

#[derive(Clone, Copy)]
enum Auth {
    Bearer,
    OAuth1,
    OAuth2,
}

fn level(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_uppercase();
    if ["BEGINNER", "INTERMEDIATE", "ADVANCED"].contains(&name.as_str()) {
        return Ok(name);
    }
    Err(format!("must be BEGINNER, INTERMEDIATE or ADVANCED, not `{}`", shown(text)))
}
