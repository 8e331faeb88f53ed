//! `vaultdeck serve --metrics`: the numbers of `vaultdeck metrics` on a port, for monitors that come again and again.

use super::failure::Failure;
use super::watch::Watch;
use crate::client::metrics::text::MEDIA_TYPE;
use crate::server::{Page, Shutdown, serve_page};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The port, before anything else is begun.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|e| Failure::failed(format!("--metrics: cannot listen on {address}: {e}")))?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "--metrics: whoever reaches it reads names of accounts, vaults and resources");
    }
    Ok(listener)
}

/// Serves them until a stop is asked for.
pub(super) fn serve(listener: TcpListener, watch: &Arc<Watch>, shutdown: &Shutdown) -> JoinHandle<()> {
    let watch = Arc::clone(watch);
    // The first look takes longest: it is over when the first monitor comes.
    tokio::spawn(Arc::clone(&watch).metrics());
    let page: Page = Arc::new(move || Box::pin(Arc::clone(&watch).metrics()));
    tokio::spawn(serve_page(listener, MEDIA_TYPE, page, shutdown.clone()))
}
