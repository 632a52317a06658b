//! A server as a whole: started, asked for its address, stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::aside::{self, Aside};
use super::auth::{self, Keys};
use super::bodies::Bodies;
use super::dashboard::{Dashboard, DashboardOptions};
use super::files::Site;
use super::gatekeeper::Gatekeeper;
use super::head::{host_of, path_of};
use super::intake::Clerk;
use super::listen;
use super::log::Log;
use super::metrics::Metrics;
use super::reload::Hub;
use super::shared::Shared;
use super::state::State;
use super::watch::{Watch, Watching, run as follow};
use super::work::{Audience, Factory};
use super::worker::{Event, Worker};
use crate::base::clock::SharedClock;
use crate::base::report::Reporter;
use crate::base::secret::Secret;
use crate::base::signature::Keys as SignatureKeys;
use crate::base::text::count;
use crate::config::Serve;
use crate::error::{Error, Kind, Result};
use crate::model::run::RunType;
use crate::notify::Notifier;
use crate::sync::{Queues, locked};

/// How long what is to be told of runs may still take when the server stops.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(5);

/// How long what is done for requests may still take when the server has stopped.
const LAST_LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// Threads that read files.
const READERS: usize = 4;

/// What a server needs to know.
pub struct Options {
    /// `[serve]`.
    pub serve: Serve,
    /// The site's address, without a slash at its end: its host is answered, and pages lie below its path.
    pub base_url: String,
    /// The output folder.
    pub output: PathBuf,
    /// The state folder.
    pub state: PathBuf,
    /// The sources that a sync may name; the first is asked where none is named.
    pub connectors: Vec<String>,
    /// Whether pages carry the script that follows changes.
    pub live: bool,
    /// Whether SIGINT and SIGTERM stop the server.
    pub signals: bool,
    /// The clock.
    pub clock: SharedClock,
    /// Who hears of warnings, and of each request as a detail.
    pub reporter: Arc<dyn Reporter>,
    /// Who hears of runs.
    pub audience: Audience,
    /// The queues of the site.
    pub queues: Queues,
    /// Who tells others of runs.
    pub notifier: Arc<Notifier>,
    /// What the dashboard shows besides.
    pub dashboard: DashboardOptions,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("serve", &self.serve)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

/// A server that runs on threads of its own. Dropped, it goes on; [`Server::stop`] and [`Server::wait`] end it.
pub struct Server {
    address: SocketAddr,
    token: Option<Secret>,
    events: Sender<Event>,
    stop: watch::Sender<bool>,
    reporter: Arc<dyn Reporter>,
    listener: JoinHandle<()>,
    worker: JoinHandle<()>,
    notifier: Arc<Notifier>,
    /// Ends when the log has been written down.
    logged: Mutex<Receiver<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Server {
    /// Binds the address and starts to answer. `factory` makes whoever syncs and builds.
    ///
    /// Without an admin token one is made for this run: [`Server::token`]. A server that others can reach is refused
    /// then, with [`Kind::Config`].
    pub fn start(options: Options, factory: Factory) -> Result<Self> {
        let Options {
            mut serve,
            base_url,
            output,
            state,
            connectors,
            live,
            signals,
            clock,
            reporter,
            audience,
            queues,
            notifier,
            dashboard,
        } = options;
        let token = own_token(&mut serve)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(READERS + aside::PLACES)
            .thread_name("aither-read")
            .build()
            .map_err(|e| Error::new(Kind::Io, format!("cannot start the server: {e}")).caused_by(e))?;
        let listener = {
            let _here = runtime.enter();
            listen::bind(SocketAddr::new(serve.host, serve.port))?
        };
        let cannot =
            |e: std::io::Error| Error::new(Kind::Io, format!("cannot start the server: {e}")).caused_by(e);
        let address = listener.local_addr().map_err(cannot)?;
        let limits = &serve.limits;
        let room = listen::room_for_connections(limits.connections);
        let gatekeeper = Gatekeeper::new(room, limits.connections_per_address, &serve.trusted_proxies);
        let (events, received) = channel();
        let heard = Arc::clone(&reporter);
        let damaged = queues.all().iter().map(|(_, queue)| locked(queue).damaged()).sum::<usize>();
        if damaged > 0 {
            let records = count(damaged, "record", "records");
            reporter.warn(&format!("{records} of the queues' journals cannot be read and are left out"));
        }
        let (intake, clerk) =
            Clerk::new(queues.events.clone(), clock.clone(), events.clone(), Arc::clone(&reporter));
        let (log, scribe) = Log::new(Arc::clone(&reporter));
        let shared = Arc::new(Shared {
            hosts: serve.hosts.iter().cloned().chain(host_of(&base_url)).collect(),
            keys: Keys::new(&serve.tokens),
            connector: connectors.first().cloned().unwrap_or_default(),
            connectors,
            lock: state.join("lock"),
            runs_file: state.join("runs.jsonl"),
            output,
            state_folder: state,
            clock,
            reporter,
            audience,
            site: Site::new(&serve, path_of(&base_url), live),
            state: watch::Sender::new(Arc::new(State::default())),
            events: events.clone(),
            metrics: Metrics::default(),
            gatekeeper,
            reload: Hub::default(),
            queues,
            notifier: Arc::clone(&notifier),
            signatures: SignatureKeys::of(&serve.tokens.webhook),
            intake,
            dashboard: Dashboard::new(dashboard)?,
            aside: Aside::default(),
            log,
            bodies: Bodies::new(serve.limits.max_body),
            serve,
        });
        let worker = Worker::new(Arc::clone(&shared), (events.clone(), received), factory)?;
        spawn("aither-intake", move || clerk.run())?;
        let (written, logged) = channel();
        let logged = Mutex::new(logged);
        spawn("aither-log", move || {
            scribe.run();
            drop(written);
        })?;
        let (stop, stopped) = watch::channel(false);
        let worker = spawn("aither-worker", move || worker.run())?;
        let by_signal = signals.then(|| stop.clone());
        let listener =
            spawn("aither-http", move || serve_all(runtime, listener, shared, stopped, by_signal))?;
        Ok(Self { address, token, events, stop, reporter: heard, listener, worker, notifier, logged })
    }

    /// Where it listens, with the port that was found where any was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The admin token that was made for this run, where none was configured. To be shown once, to whoever started it.
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// Something to ask for a sync with, from any thread, without waiting for it; while one is under way nothing happens.
    pub fn puller(&self, run_type: RunType) -> impl Fn() + Send + 'static {
        let events = self.events.clone();
        move || drop(events.send(Event::Pull(run_type)))
    }

    /// Builds the site anew, as if any of its files had changed.
    pub fn rebuild(&self) {
        let _ = self.events.send(Event::Changed(Vec::new(), Instant::now()));
    }

    /// Watches files of the site, and builds it anew when they change; none is missed that changes after this. What is to be watched is asked `again` when the
    /// configuration changes; nothing where that cannot be read.
    pub fn watch(
        &self,
        watching: Watching,
        again: impl Fn() -> Option<Watching> + Send + 'static,
    ) -> Result<()> {
        let (events, stopped, reporter) =
            (self.events.clone(), self.stop.subscribe(), Arc::clone(&self.reporter));
        let watch = Watch::begin(watching, &|text| reporter.warn(text));
        let body = move || {
            let goes_on = || !*stopped.borrow();
            let tell = |paths, since| drop(events.send(Event::Changed(paths, since)));
            follow(watch, &again, &|text| reporter.warn(text), &goes_on, &tell);
        };
        spawn("aither-watch", body).map(drop)
    }

    /// Waits until a signal has stopped the server, and what was under way has ended.
    pub fn wait(self) -> Result<()> {
        let gone = |_| Error::new(Kind::Io, "the server was ended by a fault of the program");
        self.listener.join().map_err(gone)?;
        let _ = self.events.send(Event::Stop);
        self.worker.join().map_err(gone)?;
        if let Some(notifier) = Arc::into_inner(self.notifier) {
            notifier.finish(LAST_WORDS);
        }
        let logged = self.logged.into_inner().unwrap_or_else(PoisonError::into_inner);
        let _ = logged.recv_timeout(LAST_LOOK);
        Ok(())
    }

    /// Stops: nothing more is accepted, what is under way ends, within `[serve] shutdown_seconds`.
    pub fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        self.wait()
    }
}

/// What can be tried out over a network has at least as many bytes.
const SHORTEST_TOKEN: usize = 16;

/// Makes an admin token where none is configured, unless others could reach the server.
fn own_token(serve: &mut Serve) -> Result<Option<Secret>> {
    let others_can_reach_it = !serve.host.to_canonical().is_loopback();
    if let Some(shortest) = serve.tokens.admin.iter().map(|token| token.reveal().len()).min() {
        if others_can_reach_it && shortest < SHORTEST_TOKEN {
            return Err(Error::new(
                Kind::Config,
                format!(
                    "{} can be reached by others, and AITHER_ADMIN_TOKEN has {shortest} bytes",
                    serve.host
                ),
            )
            .hint(format!("take at least {SHORTEST_TOKEN} random ones: openssl rand -hex 32")));
        }
        return Ok(None);
    }
    if others_can_reach_it {
        return Err(Error::new(
            Kind::Config,
            format!("{} can be reached by others, and there is no admin token", serve.host),
        )
        .hint("set AITHER_ADMIN_TOKEN in the environment, or listen on 127.0.0.1"));
    }
    let token = auth::random_token()?;
    serve.tokens.admin.push(token.clone());
    Ok(Some(token))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map_err(|e| Error::new(Kind::Io, format!("cannot start a thread: {e}")).caused_by(e))
}

fn serve_all(
    runtime: Runtime,
    listener: TcpListener,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    by_signal: Option<watch::Sender<bool>>,
) {
    runtime.block_on(async {
        if let Some(stop) = by_signal {
            tokio::spawn(async move {
                signal().await;
                stop.send_replace(true);
            });
        }
        listen::run(listener, shared, stopped).await;
    });
    // What waits for a lock that another process has may wait for ever.
    runtime.shutdown_timeout(LAST_LOOK);
}

/// Waits for SIGINT or SIGTERM.
async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
