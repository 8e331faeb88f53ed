//! How an engine is reached, and what happens when it is not.

use crate::recorder::{options, recorded, scope};
use std::time::{Duration, Instant};
use vaultdeck::client::connect::{Connection, Transport};
use vaultdeck::client::{Fault, FaultKind, Feature, Key, Query};

fn vaults() -> Key {
    Key::scoped(scope(), Query::Vaults)
}

#[tokio::test]
async fn a_local_engine_is_reached_without_the_environments_credentials() {
    let (recorder, connection) = recorded();
    connection.read(vaults()).await.unwrap();
    let sent = &recorder.sent()[0];
    assert!(sent.authorization.contains("Credential=AKIDEXAMPLE/"), "{}", sent.authorization);
    assert!(sent.authorization.contains("/us-east-1/backup/aws4_request"), "{}", sent.authorization);
    assert_eq!(sent.host, "vaultdeck.engine");
    assert!(sent.path.starts_with("/backup-vaults"), "{}", sent.path);
}

#[tokio::test]
async fn an_engine_is_known_by_its_header() {
    let (_, connection) = recorded();
    connection.read(Key::context(Query::Status)).await.unwrap();
    let capabilities = connection.capabilities();
    assert_eq!(capabilities.engine.as_deref(), Some("9.9.9"));
    assert_eq!(capabilities.allows(Feature::Items), Ok(()));
    assert_eq!(capabilities.allows(Feature::ColdStorage), Ok(()));
    assert_eq!(capabilities.allows(Feature::ContinuousBackup), Ok(()));
}

async fn fault_within(transport: Transport, limit: Duration) -> Fault {
    let connection = Connection::new(options(transport)).unwrap();
    let started = Instant::now();
    let fault = connection.read(vaults()).await.unwrap_err();
    assert!(started.elapsed() < limit, "it took {:?}", started.elapsed());
    fault
}

#[tokio::test]
async fn a_socket_without_an_engine_says_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let fault = fault_within(Transport::Socket(folder.path().join("engine.sock")), Duration::from_secs(2)).await;
    assert_eq!(fault.kind, FaultKind::Network);
    assert!(fault.message.contains("engine.sock"), "{}", fault.message);
}

#[tokio::test]
async fn a_peer_that_breaks_off_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let fault = fault_within(Transport::Socket(path), Duration::from_secs(2)).await;
    assert_eq!(fault.kind, FaultKind::Network);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_a_fault_after_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let _silent = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    let connection = Connection::new(options(Transport::Socket(path))).unwrap();
    let fault = connection.read(vaults()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Network);
    assert!(fault.message.contains("no answer within 20 s"), "{}", fault.message);
}

#[tokio::test]
async fn an_engine_that_comes_back_on_its_socket_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.sock");
    let connection = Connection::new(options(Transport::Socket(path.clone()))).unwrap();
    assert!(connection.read(Key::context(Query::Status)).await.is_err());
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let body = r#"{"Version":"2","Pid":1,"Clock":"system","Now":"2026-01-01T00:00:00Z","EndpointUrl":null,"Regions":[],"ActiveJobs":0,"VaultsWithoutRecoveryKey":[]}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    assert!(connection.read(Key::context(Query::Status)).await.is_ok());
}

#[test]
fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let fault = Connection::new(options(Transport::Endpoint("http://bastion:9860".to_owned()))).err().unwrap();
    assert_eq!(fault.kind, FaultKind::Refused);
    assert!(fault.message.contains("https://"), "{}", fault.message);
}
