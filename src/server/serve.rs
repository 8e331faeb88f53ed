//! Sockets in front of the router: TCP on loopback, a Unix socket, and none at all.

use super::connections::{Connections, Place};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::fs;
use std::future::Future;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// How long requests in flight may take to end once a stop was asked for.
const GRACE: Duration = Duration::from_secs(4);
/// How long a client may take to send a request's head; idle connections are closed after it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How many connections there are at a time; then the one that has waited longest for a request gives way.
const CONNECTIONS: usize = 512;
/// The most that is read ahead of a connection: a head must fit into it.
const READ_AHEAD: usize = 32 * 1024;
/// The longest path that a Unix socket can have on Linux, without the closing zero.
const LONGEST_SOCKET_PATH: usize = 107;

/// A wish to stop, shared by those who can ask for it and those who carry it out.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::channel(false).0))
    }

    /// Asks to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Waits until somebody has asked.
    pub async fn requested(&self) {
        let mut receiver = self.0.subscribe();
        // It cannot fail: the sender lives in `self`.
        let _ = receiver.wait_for(|requested| *requested).await;
    }
}

/// Refuses an address that others than this machine can reach: requests are signed, but what they carry is not encrypted.
pub fn check_address(address: SocketAddr) -> Result<()> {
    if address.ip().is_loopback() {
        Ok(())
    } else {
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!(
                "{address} is not a loopback address: without TLS, which is not built yet, data and credentials would \
                 cross the network in the clear. Listen on 127.0.0.1 or [::1], and reach it through an SSH tunnel"
            ),
        ))
    }
}

/// Serves on a port until a stop is asked for; requests in flight are given a few seconds to end.
pub async fn serve_tcp(listener: TcpListener, router: Router, shutdown: Shutdown) -> Result<()> {
    check_address(listener.local_addr()?)?;
    accept_loop(listener, router, shutdown, Connections::new(CONNECTIONS)).await;
    Ok(())
}

/// Serves on a Unix socket that only its owner can open. The caller holds the data directory's lock, so that whatever lies
/// at `path` is stale and may be replaced.
pub async fn serve_unix(path: &Path, router: Router, shutdown: Shutdown) -> Result<()> {
    let (listener, socket) = bind_unix(path)?;
    accept_loop(listener, router, shutdown, Connections::new(CONNECTIONS)).await;
    drop(socket);
    Ok(())
}

/// A socket's file, removed at the end if it is still the same.
struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|now| now.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Binds beside `path`, closes the socket to others, and renames it: at `path` there is never one that others can open.
fn bind_unix(path: &Path) -> Result<(UnixListener, SocketFile)> {
    let invalid = |what: String| Error::new(ErrorKind::InvalidInput, what);
    let length = path.as_os_str().as_bytes().len();
    if length > LONGEST_SOCKET_PATH {
        return Err(invalid(format!(
            "the socket's path {} has {length} bytes; at most {LONGEST_SOCKET_PATH} are possible. Choose a shorter data \
             directory",
            path.display()
        )));
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(invalid(format!("{} exists and is not a socket", path.display())));
        }
        _ => {}
    }
    let temporary = beside(path).ok_or_else(|| invalid(format!("{} cannot name a socket", path.display())))?;
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&temporary)?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o600))?;
    let inode = fs::symlink_metadata(&temporary)?.ino();
    fs::rename(&temporary, path)?;
    Ok((listener, SocketFile { path: path.to_owned(), inode }))
}

/// A name as long as that of `path` and beside it.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let mut changed: String = name.to_owned();
    let last = changed.pop()?;
    changed.push(if last == '~' { '_' } else { '~' });
    Some(path.with_file_name(changed))
}

/// Where connections come from.
pub(super) trait Listener: Send + Sync {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one.
    fn next(&self) -> impl Future<Output = Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> Result<UnixStream> {
        Ok(self.accept().await?.0)
    }
}

/// Accepts connections until a stop is asked for, then waits for those that are at work.
pub(super) async fn accept_loop(listener: impl Listener, router: Router, shutdown: Shutdown, places: Connections) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => break,
            accepted = listener.next() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: it passes, and must not spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // What was accepted is not let go of while it waits for its place, whatever ends meanwhile.
        let place = tokio::select! {
            () = shutdown.requested() => break,
            place = places.take() => place,
        };
        connections.spawn(connection(stream, place, router.clone(), shutdown.clone()));
    }
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, drained).await.is_err() {
        tracing::warn!("requests were cut off at shutdown");
    }
}

async fn connection<S>(stream: S, place: Place, router: Router, shutdown: Shutdown)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let standing = place.standing();
    let answer = service_fn(move |mut request: Request<Incoming>| {
        let (router, standing) = (router.clone(), standing.clone());
        async move {
            // Told to give way at this very moment: the request is not begun.
            let Some(_busy) = standing.begin() else { return Err(Error::from(ErrorKind::ConnectionAborted)) };
            request.extensions_mut().insert(standing);
            match router.oneshot(request.map(Body::new)).await {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_AHEAD)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = place.evicted() => return,
        () = shutdown.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The future of an in-process call.
pub type InProcessFuture = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// The router as a function: whole requests in, whole responses out, and no socket in between.
pub fn in_process(router: Router) -> impl Fn(Request<Bytes>) -> InProcessFuture + Clone + Send + Sync + 'static {
    move |request| {
        let router = router.clone();
        Box::pin(async move {
            let answered = router.oneshot(request.map(Body::from)).await;
            let (parts, body) = match answered {
                Ok(response) => response.into_parts(),
                Err(never) => match never {},
            };
            match body.collect().await {
                Ok(collected) => Response::from_parts(parts, collected.to_bytes()),
                Err(error) => {
                    tracing::error!(%error, "an answer could not be read");
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    response
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Semaphore;

    async fn asked(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        stream
    }

    #[tokio::test]
    async fn a_connection_that_waits_for_a_place_is_served_when_another_one_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (begun, may_end) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let router = Router::new().fallback({
            let (begun, may_end) = (Arc::clone(&begun), Arc::clone(&may_end));
            move || async move {
                begun.add_permits(1);
                may_end.acquire().await.unwrap().forget();
                "served"
            }
        });
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(accept_loop(listener, router, shutdown.clone(), Connections::new(1)));
        // One is being served and the next waits for its place, many times over: which of two things the loop sees first
        // when one ends is drawn each time.
        let mut served = asked(address).await;
        for number in 0..64 {
            let began = tokio::time::timeout(Duration::from_secs(30), begun.acquire()).await;
            began.unwrap_or_else(|_| panic!("connection {number} was lost while it waited")).unwrap().forget();
            let waiting = asked(address).await;
            // It is accepted: only then is there something to lose.
            tokio::time::sleep(Duration::from_millis(1)).await;
            may_end.add_permits(1);
            let mut answer = String::new();
            served.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("served"), "connection {number}: {answer:?}");
            served = waiting;
        }
        may_end.add_permits(1);
        drop(served);
        shutdown.request();
        serving.await.unwrap();
    }
}
