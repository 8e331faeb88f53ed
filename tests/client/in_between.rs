//! What stands between this program and a service answers in its place: a proxy's login page, a gateway's error, a redirect.

use crate::child::{given_url, in_child, in_child_with};
use crate::recorder::{options, scope};
use crate::standin::{Asked, Told, serve};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::{Fault, FaultKind, Key, Offer, Query};

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to\n the \u{1b}[31mcorporate\u{1b}[0m proxy</title></head>\
                    <body><form action=/login></form></body></html>";

/// A service of which everything that `is_caught` takes answers with a proxy's page, and the rest as AWS does; its URL.
async fn service(status: u16, is_caught: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> String {
    serve(move |asked: &Asked| {
        if is_caught(asked) {
            return Told {
                headers: "server: squid/5.7\r\nvia: 1.1 gw.corp.example (squid)\r\n",
                ..Told::html(status, PAGE)
            };
        }
        match asked.line.as_str() {
            "POST /" => Told::identity(),
            _ => Told::unknown(),
        }
    })
    .await
}

fn connect(url: &str) -> Arc<Connection> {
    let options = Options {
        regions: vec!["us-east-1".parse().unwrap()],
        profile: Some("moto".to_owned()),
        ..options(Transport::Endpoint(url.to_owned()))
    };
    Connection::new(options).unwrap()
}

/// The fault says that it was a page, from whom, and what to do, and nothing that acts on a terminal.
fn assert_is_page(fault: &Fault, url: &str, status: u16, advice: &str) {
    let host = url.strip_prefix("http://").unwrap();
    let begin = format!(
        "an HTML page instead of an answer from {host} (HTTP {status}, titled \"Sign in to the [31mcorporate[0m proxy\", \
         Server: squid/5.7, Via: 1.1 gw.corp.example (squid)): "
    );
    assert!(fault.message.starts_with(&begin) && fault.message.contains(advice), "{}", fault.message);
    assert_eq!(fault.kind, FaultKind::Network, "whoever was asked was not reached");
    assert_eq!(fault.offer(), Offer::Retry, "it goes on by itself once somebody signed in there");
}

#[tokio::test]
async fn a_proxys_page_is_told_as_one_whatever_was_asked() {
    const KEYS: (&str, &str) = ("AKIAPAGE", "secret");
    let Some(_) = given_url() else {
        return in_child("in_between::a_proxys_page_is_told_as_one_whatever_was_asked", "http://127.0.0.1", KEYS);
    };
    let keyed = Query::KmsKey { name: "alias/x".to_owned() };
    // The first call of all, which says who one is.
    let url = service(200, |_| true).await;
    let fault = connect(&url).read(Key::scoped(scope(), Query::Vaults)).await.unwrap_err();
    assert_is_page(&fault, &url, 200, "sign in there with a browser, or name the host in NO_PROXY");
    for (status, advice) in [
        (200, "sign in there"),
        (403, "sign in there"),
        (407, "wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT"),
        (502, "does not get through to it"),
    ] {
        // A call of the SDK, one that is signed here, and one of an engine's own routes.
        let url = service(status, |asked| asked.line != "POST /" || asked.authorization.contains("/kms/")).await;
        for query in [Query::Vaults, keyed.clone()] {
            let fault = connect(&url).read(Key::scoped(scope(), query.clone())).await.unwrap_err();
            assert_is_page(&fault, &url, status, advice);
        }
        assert_is_page(&connect(&url).health().await.unwrap_err(), &url, status, advice);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_and_a_redirect_say_so() {
    const KEYS: (&str, &str) = ("AKIAPAGE", "secret");
    let Some(_) = given_url() else {
        return in_child("in_between::an_answer_that_is_none_and_a_redirect_say_so", "http://127.0.0.1", KEYS);
    };
    let fault = |told: fn() -> Told| async move {
        let url = serve(move |asked: &Asked| if asked.line == "POST /" { Told::identity() } else { told() }).await;
        connect(&url).read(Key::scoped(scope(), Query::Vaults)).await.unwrap_err()
    };
    let moved =
        fault(|| Told { headers: "location: https://portal.example/in?token=secret\r\n", ..Told::xml(302, "") });
    let moved = moved.await;
    assert!(moved.message.starts_with("a redirect instead of an answer from 127.0.0.1:"), "{}", moved.message);
    assert!(moved.message.contains("leads to: https://portal.example)"), "{}", moved.message);
    let text = fault(|| Told { content_type: "text/plain", ..Told::xml(200, "It works!") }).await;
    assert!(text.message.starts_with("ListBackupVaults: an unreadable answer (HTTP 200): "), "{}", text.message);
    // An operation that is not there may be told of by a page.
    let lacking = fault(|| Told::html(404, PAGE)).await;
    assert!(matches!(lacking.kind, FaultKind::NotSupported { .. }), "{lacking:?}");
}

#[tokio::test]
async fn a_proxy_that_does_not_connect_is_named_with_what_to_do() {
    if given_url().is_some() {
        let connection = connect("https://backup.us-east-1.amazonaws.com");
        let fault = connection.health().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Network);
        println!("told: {}", fault.message);
        let wanted = std::env::var("VAULTDECK_TEST_WANTED").unwrap();
        assert!(fault.message.starts_with("backup.us-east-1.amazonaws.com: the proxy 127.0.0.1:"), "{fault}");
        assert!(fault.message.contains(&wanted) && !fault.message.contains("hidden"), "{fault}");
        return;
    }
    for (status, wanted) in [
        ("407 Proxy Authentication Required", "wants a name and a password (HTTP 407)"),
        ("403 Forbidden", "refuses to connect to it: sign in there with a browser, or name the host in NO_PROXY"),
        ("502 Bad Gateway", "refuses to connect to it"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://ada:hidden@{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let count = stream.read(&mut asked).await.unwrap_or_default();
                assert!(asked[..count].starts_with(b"CONNECT backup.us-east-1.amazonaws.com:443 "));
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{PAGE}", PAGE.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let (proxy, wanted) = (proxy.clone(), wanted.to_owned());
        let run = move || {
            in_child_with(
                "in_between::a_proxy_that_does_not_connect_is_named_with_what_to_do",
                "https://backup.us-east-1.amazonaws.com",
                ("AKIAPAGE", "secret"),
                &[("HTTPS_PROXY", &proxy), ("NO_PROXY", ""), ("VAULTDECK_TEST_WANTED", &wanted)],
            );
        };
        tokio::task::spawn_blocking(run).await.unwrap();
    }
}
