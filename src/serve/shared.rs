//! What all parts of the server see.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::sync::watch;

use super::aside::Aside;
use super::auth::Keys;
use super::bodies::Bodies;
use super::dashboard::Dashboard;
use super::files::Site;
use super::gatekeeper::Gatekeeper;
use super::intake::Intake;
use super::log::Log;
use super::metrics::Metrics;
use super::reload::Hub;
use super::state::State;
use super::work::Audience;
use super::worker::Event;
use crate::base::clock::SharedClock;
use crate::base::report::Reporter;
use crate::base::signature::Keys as SignatureKeys;
use crate::config::Serve;
use crate::notify::Notifier;
use crate::sync::Queues;

/// What all parts of the server see. Only the worker changes `site` and `state`.
pub(super) struct Shared {
    pub(super) serve: Serve,
    pub(super) hosts: Vec<String>,
    pub(super) keys: Keys,
    pub(super) connectors: Vec<String>,
    /// The source that a sync asks if none is named.
    pub(super) connector: String,
    pub(super) output: PathBuf,
    pub(super) state_folder: PathBuf,
    pub(super) lock: PathBuf,
    pub(super) runs_file: PathBuf,
    pub(super) clock: SharedClock,
    pub(super) reporter: Arc<dyn Reporter>,
    pub(super) audience: Audience,
    pub(super) site: Site,
    pub(super) state: watch::Sender<Arc<State>>,
    pub(super) events: Sender<Event>,
    pub(super) metrics: Metrics,
    pub(super) gatekeeper: Arc<Gatekeeper>,
    pub(super) reload: Hub,
    pub(super) queues: Queues,
    pub(super) notifier: Arc<Notifier>,
    /// Keys that events are signed with.
    pub(super) signatures: SignatureKeys,
    pub(super) intake: Intake,
    pub(super) dashboard: Dashboard,
    /// Where work is done that may wait.
    pub(super) aside: Aside,
    /// What the thread that answers has to say.
    pub(super) log: Log,
    pub(super) bodies: Bodies,
}
