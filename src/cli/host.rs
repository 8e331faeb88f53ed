//! The way to the engine of a data directory: the socket of the process that runs it, or an engine in this process.

use super::Session;
use super::failure::Failure;
use super::keeper::CommandLine;
use super::link::transport_to;
use super::watch::Watch;
use super::{alert, notifications};
use crate::client::connect::Transport;
use crate::client::control::Control;
use crate::domain::Region;
use crate::domain::extension::RescanReport;
use crate::engine::data_dir::live_engine;
use crate::engine::{ClockKind, Engine, EngineOptions, Error};
use crate::server::{Shutdown, Surface, router, serve_unix};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a command waits for another one that holds the directory for a moment, or for an engine that starts.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// How often it looks again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How long an engine may take to come to rest.
const REST: Duration = Duration::from_secs(4);

/// What an engine in this process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To look something up or to register it: nothing runs, and no other process is let in.
    Look,
    /// To run jobs and plans, open to other processes by its socket.
    Work,
}

/// An engine that can be reached.
pub(super) struct Host {
    transport: Transport,
    /// Where it listens for HTTP.
    served_at: Option<String>,
    own: Option<Own>,
}

/// An engine in this process.
struct Own {
    engine: Arc<Engine>,
    shutdown: Shutdown,
    socket: Option<tokio::task::JoinHandle<()>>,
}

impl Own {
    /// Lets it tell the config's targets, of new findings too where one takes them.
    async fn tell(&self, session: &Session) -> Result<(), Failure> {
        if notifications::start(session, &self.engine, &[], &self.shutdown).await? {
            let routes = router(Arc::clone(&self.engine), Surface::Local { shutdown: self.shutdown.clone() });
            alert::start(&Watch::of(session, &self.engine, routes, false)?, &self.shutdown);
        }
        Ok(())
    }
}

impl Host {
    /// Connects to the engine that lives in the session's data directory, or opens it.
    pub(super) async fn reach(session: &Session, purpose: Purpose) -> Result<Self, Failure> {
        let begun = Instant::now();
        loop {
            match Self::try_once(session, purpose).await {
                Err(Wait::Stop(failure)) => return Err(failure),
                Err(Wait::Again(failure)) if begun.elapsed() > PATIENCE => return Err(failure),
                Err(Wait::Again(_)) => tokio::time::sleep(PAUSE).await,
                Ok(host) => return Ok(host),
            }
        }
    }

    /// The same for a look, but that a catalog that is gone is made anew from the vaults; what came back then.
    pub(super) async fn reach_rebuilding(session: &Session) -> Result<(Self, Option<RescanReport>), Failure> {
        let failure = match Self::reach(session, Purpose::Look).await {
            Ok(host) => return Ok((host, None)),
            Err(failure) => failure,
        };
        if !failure.is_damage() {
            return Err(failure);
        }
        let options = EngineOptions {
            data_dir: session.data_dir.clone(),
            clock: ClockKind::System,
            scheduler: false,
            simulated_rate: None,
            cold: session.cold.clone(),
        };
        let keeper = session.keeper.clone();
        let opened = tokio::task::spawn_blocking(move || Engine::open_rebuilding_under(options, &keeper)).await;
        let (engine, report) = opened.map_err(|e| Failure::failed(format!("the engine did not open: {e}")))??;
        Ok((Self::of(engine, Purpose::Look)?, report))
    }

    async fn try_once(session: &Session, purpose: Purpose) -> Result<Self, Wait> {
        let data_dir = session.data_dir.as_path();
        if let Some(announced) = live_engine(data_dir) {
            let pid = announced.pid;
            let Some(socket) = announced.socket else { return Err(Wait::Again(held(data_dir, Some(pid)))) };
            return match tokio::net::UnixStream::connect(&socket).await {
                Ok(_) => Ok(Self { transport: Transport::Socket(socket), served_at: announced.url, own: None }),
                Err(e) => Err(Wait::Again(Failure::out_of_reach(format!(
                    "process {pid} runs the engine in {}, but its socket {} does not answer: {e}",
                    data_dir.display(),
                    socket.display()
                )))),
            };
        }
        let options = EngineOptions {
            data_dir: data_dir.to_owned(),
            clock: ClockKind::System,
            scheduler: purpose == Purpose::Work,
            simulated_rate: None,
            cold: session.cold.clone(),
        };
        match open(options, &session.keeper).await {
            Ok(engine) => {
                allow_regions(&engine, session.own_regions.clone()).await;
                let host = Self::of(engine, purpose).map_err(Wait::Stop)?;
                if let (Purpose::Work, Some(own)) = (purpose, &host.own) {
                    own.tell(session).await.map_err(Wait::Stop)?;
                }
                Ok(host)
            }
            Err(Error::Held { pid, .. }) => Err(Wait::Again(held(data_dir, pid))),
            Err(error) => Err(Wait::Stop(error.into())),
        }
    }

    /// An engine that this process has opened already.
    pub(super) fn of(engine: Arc<Engine>, purpose: Purpose) -> Result<Self, Failure> {
        let shutdown = Shutdown::new();
        let routes = router(Arc::clone(&engine), Surface::Local { shutdown: shutdown.clone() });
        let transport = transport_to(routes.clone());
        // Where the directory cannot be written there is no place for a socket; others open it beside this process.
        let open_to_others = purpose == Purpose::Work && engine.data_dir().is_writable();
        let socket = open_to_others.then(|| announce_socket(&engine, routes, &shutdown, None)).transpose()?;
        let own = Some(Own { engine, shutdown, socket });
        Ok(Self { transport, served_at: None, own })
    }

    /// How the client reaches it.
    pub(super) fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// Where it listens for other programs.
    pub(super) fn served_at(&self) -> Option<String> {
        self.served_at.clone()
    }

    /// The engine's own routes.
    pub(super) fn control(&self) -> Control {
        match &self.transport {
            Transport::Socket(path) => Control::socket(path.clone()),
            Transport::InProcess(handler) => Control::in_process(Arc::clone(handler)),
            // Never made here; a control call over it would be refused by the engine.
            Transport::Endpoint(_) | Transport::Aws => Control::socket(PathBuf::new()),
        }
    }

    /// Whether the engine ends with this process.
    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Brings an engine of our own to rest; jobs that still run resume when it starts again.
    pub(super) async fn close(self) {
        if let Some(own) = self.own {
            own.shutdown.request();
            rest(Arc::clone(&own.engine)).await;
            if let Some(socket) = own.socket {
                let _ = tokio::time::timeout(REST, socket).await;
            }
        }
    }
}

/// Whether it is worth trying again.
enum Wait {
    Again(Failure),
    Stop(Failure),
}

/// Opens an engine off the runtime's threads: it reads and repairs files.
pub(super) async fn open(options: EngineOptions, keeper: &CommandLine) -> Result<Arc<Engine>, Error> {
    let keeper = keeper.clone();
    match tokio::task::spawn_blocking(move || Engine::open_under(options, &keeper)).await {
        Ok(opened) => opened,
        Err(panicked) => Err(Error::Internal(format!("the engine did not open: {panicked}"))),
    }
}

/// Allows an engine these regions, off the runtime's threads: the plans that its policies make are looked at again.
pub(super) async fn allow_regions(engine: &Arc<Engine>, regions: Vec<Region>) {
    let engine = Arc::clone(engine);
    if let Err(panicked) = tokio::task::spawn_blocking(move || engine.set_own_regions(regions)).await {
        tracing::error!(%panicked, "the config's regions were not looked at");
    }
}

/// Opens an engine, waiting for a command that holds the directory for a moment; one that serves is not waited for.
pub(super) async fn open_patiently(options: EngineOptions, keeper: &CommandLine) -> Result<Arc<Engine>, Error> {
    let begun = Instant::now();
    loop {
        match open(options.clone(), keeper).await {
            Err(Error::Held { socket: None, .. }) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            ended => return ended,
        }
    }
}

/// Lets an engine come to rest, within some seconds.
pub(super) async fn rest(engine: Arc<Engine>) {
    let rested = tokio::task::spawn_blocking(move || engine.shutdown(REST)).await;
    if !matches!(rested, Ok(true)) {
        tracing::warn!("the engine did not come to rest in time; its jobs resume at the next start");
    }
}

/// Opens the engine's socket and tells other processes of it, and of the URL where one is served.
pub(super) fn announce_socket(
    engine: &Arc<Engine>,
    routes: axum::Router,
    shutdown: &Shutdown,
    url: Option<String>,
) -> Result<tokio::task::JoinHandle<()>, Failure> {
    let path = engine.data_dir().socket();
    engine.announce(url, Some(path.clone()))?;
    let shutdown = shutdown.clone();
    Ok(tokio::spawn(async move {
        if let Err(error) = serve_unix(&path, routes, shutdown).await {
            tracing::error!(%error, socket = %path.display(), "the socket cannot be served");
        }
    }))
}

fn held(data_dir: &Path, pid: Option<u32>) -> Failure {
    let holder = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    Failure::out_of_reach(format!("{holder} holds the engine in {}; try again when it has ended", data_dir.display()))
}
