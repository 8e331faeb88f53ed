//! A sign-in that is over: the command that renews it is told, and once somebody did so elsewhere all goes on in the same session.

use crate::child::{given_url, in_child_with};
use crate::recorder::{options, scope};
use crate::standin::{Asked, Told, serve};
use serde_json::json;
use sha1::{Digest, Sha1};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::fetch::{Fetcher, Visibility};
use vaultdeck::client::{Event, Fault, FaultKind, Key, Offer, Query, Reply};

/// So long nothing is waited for that must come.
const WAIT: Duration = Duration::from_secs(90);
/// When the sign-in ended.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// Signs in, as `aws sso login` does: writes the token of the session where the SDKs look for it.
fn sign_in(token: &str, until: &str) {
    let folder = PathBuf::from(std::env::var("HOME").unwrap()).join(".aws/sso/cache");
    std::fs::create_dir_all(&folder).unwrap();
    let text = json!({"accessToken": token, "expiresAt": until, "region": "eu-central-1"}).to_string();
    let name = hex::encode(Sha1::digest(b"corporate"));
    // In one step, as that does.
    std::fs::write(folder.join("new"), text).unwrap();
    std::fs::rename(folder.join("new"), folder.join(name).with_extension("json")).unwrap();
}

fn connect(url: &str) -> Arc<Connection> {
    let options = Options {
        regions: vec!["us-east-1".parse().unwrap()],
        profile: Some("sso".to_owned()),
        ..options(Transport::Endpoint(url.to_owned()))
    };
    Connection::new(options).unwrap()
}

/// The next answer to a question.
async fn next(events: &mut mpsc::UnboundedReceiver<Event>) -> Reply {
    loop {
        let event = tokio::time::timeout(WAIT, events.recv()).await.expect("it answers").expect("it runs");
        if let Event::Answered(reply) = event {
            return reply;
        }
    }
}

fn assert_says_how(fault: &Fault) {
    assert_eq!(fault.kind, FaultKind::Expired, "{fault:?}");
    assert_eq!(fault.offer(), Offer::LogIn("aws sso login --profile sso".to_owned()));
    assert!(fault.to_string().ends_with("; to sign in again: aws sso login --profile sso"), "{fault}");
}

/// The credentials that the sign-in gives, and AWS itself; and what tokens came.
async fn service(tokens: Arc<Mutex<Vec<String>>>) -> String {
    serve(move |asked: &Asked| match asked.line.as_str() {
        "GET /federation/credentials?role_name=Backup&account_id=123456789012" => {
            tokens.lock().unwrap().push(asked.token.clone());
            match asked.token.as_str() {
                "behind-a-proxy" => Told::html(200, "<html><title>Sign in</title></html>"),
                "renewed" => Told::json(&json!({"roleCredentials": {
                    "accessKeyId": "ASIASSO", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4_102_444_800_000_i64
                }})),
                _ => Told {
                    headers: "x-amzn-errortype: UnauthorizedException\r\n",
                    status: 401,
                    ..Told::json(&json!({"message": "Session token not found or invalid"}))
                },
            }
        }
        "POST /" => Told::identity(),
        line if line.starts_with("GET /backup-vaults") && asked.authorization.contains("Credential=ASIASSO/") => {
            Told::json(&json!({"BackupVaultList": []}))
        }
        line if line.starts_with("GET /backup/plans") => Told::json(&json!({"BackupPlansList": []})),
        _ => Told::unknown(),
    })
    .await
}

#[tokio::test]
async fn a_sign_in_that_is_over_says_the_command_and_goes_on_when_it_is_renewed() {
    let Some(url) = given_url() else {
        let url = service(Arc::default()).await;
        let run = move || {
            in_child_with(
                "sso::a_sign_in_that_is_over_says_the_command_and_goes_on_when_it_is_renewed",
                &url,
                ("AKIAMOTO", "secret"),
                &[("AWS_ENDPOINT_URL_SSO", &url)],
            );
        };
        return tokio::task::spawn_blocking(run).await.unwrap();
    };
    // Nobody ever signed in: that there is no token is said.
    let vaults = Key::scoped(scope(), Query::Vaults);
    let never = connect(&url).read(vaults.clone()).await.unwrap_err();
    assert_says_how(&never);
    assert!(never.message.contains("the cached SSO token"), "{never}");
    // A token that the service knows not, or not any more.
    sign_in("revoked", "2099-01-01T00:00:00Z");
    let revoked = connect(&url).read(vaults.clone()).await.unwrap_err();
    assert_says_how(&revoked);
    assert!(revoked.message.contains("Session token not found or invalid"), "{revoked}");
    // Where a proxy keeps the service from being reached, signing in again is no help and not offered.
    sign_in("behind-a-proxy", "2099-01-01T00:00:00Z");
    let proxy = connect(&url).read(vaults.clone()).await.unwrap_err();
    assert_eq!((&proxy.kind, proxy.offer()), (&FaultKind::Network, Offer::Retry), "{proxy}");
    assert!(proxy.message.starts_with("no credentials could be had: an HTML page instead of an answer"), "{proxy}");

    // One that is over, in a session that asks on and on, of several things.
    sign_in("old", LONG_AGO);
    let (events, mut told) = mpsc::unbounded_channel();
    let fetcher = Fetcher::new(connect(&url), events);
    let plans = Key::scoped(scope(), Query::Plans);
    for key in [&vaults, &plans] {
        fetcher.want(key.clone(), Visibility::Shown);
    }
    for _ in 0..2 {
        assert_says_how(&next(&mut told).await.result.unwrap_err());
    }
    sign_in("renewed", "2099-01-01T00:00:00Z");
    let mut answered = Vec::new();
    while answered.len() < 2 {
        let reply = next(&mut told).await;
        match reply.result {
            Ok(_) if !answered.contains(&reply.key) => answered.push(reply.key),
            Ok(_) => {}
            Err(fault) => assert_says_how(&fault),
        }
    }
    assert!(answered.contains(&vaults) && answered.contains(&plans), "{answered:?}");
}
