//! `vaultdeck serve`: the engine for other programs.

use super::arguments::{Clock, ServeOptions};
use super::failure::{Exit, Failure};
use super::host::{allow_regions, announce_socket, open_patiently, rest};
use super::output;
use super::watch::Watch;
use super::{Session, absolute, alert, notifications, own_regions, scrape};
use crate::config::Config;
use crate::domain::extension::{Health, ProblemSeverity};
use crate::engine::data_dir::Access;
use crate::engine::{ClockKind, Engine, EngineOptions};
use crate::server::{RestoreFolders, Shutdown, Surface, check_address, router, serve_tcp};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the engine's health is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How long connections may take to end, once the engine rests.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn run(session: &Session, options: &ServeOptions) -> Result<Exit, Failure> {
    check_address(options.listen).map_err(|e| Failure::usage(e.to_string()))?;
    let metrics = match options.metrics {
        Some(address) => Some(scrape::listen(address).await?),
        None => None,
    };
    let given = notifications::given(options.on_finding_webhook.as_ref(), options.on_finding_command.as_ref())?;
    let simulated = options.clock == Clock::Simulated;
    let opening = EngineOptions {
        data_dir: session.data_dir.clone(),
        clock: if simulated { ClockKind::Simulated } else { ClockKind::System },
        scheduler: true,
        simulated_rate: options.simulated_rate,
        cold: session.cold.clone(),
    };
    let engine = open_patiently(opening, &session.keeper).await?;
    allow_regions(&engine, session.own_regions.clone()).await;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|e| Failure::failed(format!("cannot listen on {}: {e}", options.listen)))?;
    let url = format!("http://{}", listener.local_addr()?);
    let shutdown = Shutdown::new();
    let alerts = notifications::start(session, &engine, &given, &shutdown).await?;
    let local = router(Arc::clone(&engine), Surface::Local { shutdown: shutdown.clone() });
    let watch = Watch::of(session, &engine, local.clone(), metrics.is_some())?;
    if alerts {
        alert::start(&watch, &shutdown);
    }
    let socket = match engine.data_dir().access() {
        Access::Write => Some(announce_socket(&engine, local, &shutdown, Some(url.clone()))?),
        Access::Read(why) => {
            tracing::warn!("the {why}; it is served for that");
            None
        }
    };
    let mut settings = Settings::of(session, options)?;
    let surface = Surface::Tcp { restore_roots: settings.restore_roots.clone(), simulated_clock: simulated };
    let remote = router(Arc::clone(&engine), surface);
    let tcp = tokio::spawn(serve_tcp(listener, remote, shutdown.clone()));
    let mut signals = Signals::take()?;
    tracing::info!(url, data_dir = %session.data_dir.display(), clock = ?options.clock, "the engine serves");
    output::write(&format!("listening on {url}\n"))?;
    let page = match metrics {
        Some(listener) => {
            output::write(&format!("metrics at http://{}/metrics\n", listener.local_addr()?))?;
            Some(scrape::serve(listener, &watch, &shutdown))
        }
        None => None,
    };
    let exit = serve(&mut settings, &engine, &mut signals, &shutdown).await;
    shutdown.request();
    rest(engine).await;
    let others = async {
        if let Some(socket) = socket {
            let _ = socket.await;
        }
        if let Some(page) = page {
            let _ = page.await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, async { tokio::join!(tcp, others) }).await;
    Ok(exit)
}

/// What of the config counts while the engine serves. SIGHUP reads it again.
struct Settings<'a> {
    session: &'a Session,
    /// What was read last.
    config: Config,
    /// The folders of the command line, below which restores may write whatever the config says.
    given: Vec<PathBuf>,
    /// Those and the config's, as the port has them.
    restore_roots: RestoreFolders,
}

impl<'a> Settings<'a> {
    fn of(session: &'a Session, options: &ServeOptions) -> Result<Self, Failure> {
        let given = options.restore_roots.iter().map(|root| absolute(root)).collect::<Result<Vec<_>, _>>()?;
        let this = Self { session, config: session.config.clone(), given, restore_roots: RestoreFolders::default() };
        this.allow_restores();
        Ok(this)
    }

    fn allow_restores(&self) {
        self.restore_roots.set(self.given.iter().chain(&self.config.restore_roots).cloned().collect());
    }

    /// Reads the config again. Whatever is wrong with it, what was read before stays.
    async fn reload(&mut self, engine: &Arc<Engine>) {
        let read =
            Config::load(&self.session.places.config_file).map_err(|error| error.to_string()).and_then(|config| {
                let regions =
                    own_regions(&config, &self.session.places).map_err(|failure| failure.message().to_owned())?;
                Ok((config, regions))
            });
        match read {
            Err(error) => tracing::error!(%error, "SIGHUP: the config cannot be read; what was read before stays"),
            Ok((config, _)) if config == self.config => {
                tracing::info!("SIGHUP: the config is read again: nothing changed");
            }
            Ok((config, regions)) => {
                for what in needing_a_restart(&self.config, &config) {
                    tracing::warn!("SIGHUP: what the config says of its {what} counts from the engine's next start on");
                }
                self.config = config;
                self.allow_restores();
                allow_regions(engine, regions.into_iter().collect()).await;
                tracing::info!("SIGHUP: the config is read again: its restore_roots and regions count from now on");
            }
        }
    }
}

/// What differs between two readings of the config and counts only when the engine starts.
fn needing_a_restart(before: &Config, now: &Config) -> Vec<&'static str> {
    let differs = [
        ("cold storage", before.cold != now.cold),
        ("notifications", before.notifications != now.notifications),
        ("keys", before.keys != now.keys),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

/// The signals that a daemon takes. Of SIGPIPE nothing is heard: the runtime ignores it, and a write fails instead.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    user: [Signal; 2],
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user: [signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?],
        })
    }
}

/// Waits until the engine is to end; how the command ends then.
async fn serve(settings: &mut Settings<'_>, engine: &Arc<Engine>, signals: &mut Signals, shutdown: &Shutdown) -> Exit {
    let mut looks = tokio::time::interval(LOOK);
    let mut known = engine.health();
    let [user_1, user_2] = &mut signals.user;
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => {
                tracing::info!("asked to stop by SIGTERM");
                return Exit::Done;
            }
            _ = signals.interrupt.recv() => {
                tracing::info!("asked to stop by SIGINT");
                return Exit::Done;
            }
            () = shutdown.requested() => {
                tracing::info!("asked to stop by a control call");
                return Exit::Done;
            }
            // restic sends it too, to ask whether the holder of a lock lives.
            _ = signals.hang_up.recv() => {
                engine.wake();
                settings.reload(engine).await;
            }
            _ = user_1.recv() => tracing::info!("SIGUSR1 means nothing here"),
            _ = user_2.recv() => tracing::info!("SIGUSR2 means nothing here"),
            _ = looks.tick() => {
                // Asked first: should it end in between, its health would not tell why the engine ends.
                let is_gone = engine.conductor_is_gone();
                let health = engine.health();
                tell_changes(&known, &health);
                known = health;
                if is_gone {
                    tracing::error!("the engine cannot go on without its conductor: it ends, to be started again");
                    return Exit::Failed;
                }
            }
        }
    }
}

/// Logs what became wrong, and what is right again, each once.
fn tell_changes(before: &Health, now: &Health) {
    let knows = |health: &Health, code: &str| health.problems.iter().any(|problem| problem.code == code);
    for problem in now.problems.iter().filter(|problem| !knows(before, &problem.code)) {
        match problem.severity {
            ProblemSeverity::Error => tracing::error!(code = problem.code, "{}", problem.message),
            ProblemSeverity::Warning => tracing::warn!(code = problem.code, "{}", problem.message),
        }
    }
    for problem in before.problems.iter().filter(|problem| !knows(now, &problem.code)) {
        tracing::info!(code = problem.code, "this is right again");
    }
}
