//! `vaultdeck serve`: the engine for other programs.

use super::arguments::{Clock, ServeOptions};
use super::failure::{Exit, Failure};
use super::host::{announce_socket, open_patiently, rest};
use super::output;
use super::{Session, absolute};
use crate::engine::{ClockKind, EngineOptions};
use crate::server::{Shutdown, Surface, check_address, router, serve_tcp};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long connections may take to end, once the engine rests.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn run(session: &Session, options: &ServeOptions) -> Result<Exit, Failure> {
    check_address(options.listen).map_err(|e| Failure::usage(e.to_string()))?;
    let simulated = options.clock == Clock::Simulated;
    let engine = open_patiently(EngineOptions {
        data_dir: session.data_dir.clone(),
        clock: if simulated { ClockKind::Simulated } else { ClockKind::System },
        scheduler: true,
        simulated_rate: options.simulated_rate,
    })
    .await?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|e| Failure::failed(format!("cannot listen on {}: {e}", options.listen)))?;
    let url = format!("http://{}", listener.local_addr()?);
    let shutdown = Shutdown::new();
    let local = router(Arc::clone(&engine), Surface::Local { shutdown: shutdown.clone() });
    let socket = announce_socket(&engine, local, &shutdown, Some(url.clone()))?;
    let mut restore_roots = options.restore_roots.iter().map(|root| absolute(root)).collect::<Result<Vec<_>, _>>()?;
    restore_roots.extend(session.config.restore_roots.iter().cloned());
    let remote = router(Arc::clone(&engine), Surface::Tcp { restore_roots, simulated_clock: simulated });
    let tcp = tokio::spawn(serve_tcp(listener, remote, shutdown.clone()));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tracing::info!(url, data_dir = %session.data_dir.display(), clock = ?options.clock, "the engine serves");
    output::write(&format!("listening on {url}\n"))?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("asked to stop by SIGTERM"),
        _ = interrupt.recv() => tracing::info!("asked to stop by SIGINT"),
        () = shutdown.requested() => tracing::info!("asked to stop by a control call"),
    }
    shutdown.request();
    rest(engine).await;
    let _ = tokio::time::timeout(FAREWELL, async { tokio::join!(tcp, socket) }).await;
    Ok(Exit::Done)
}
