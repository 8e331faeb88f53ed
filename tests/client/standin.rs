//! A service that answers as AWS would, over HTTP, by a function of the test: for what moto has not, or answers otherwise.

use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request, as far as tests look at it.
pub struct Asked {
    /// `GET /backup-jobs/?maxResults=1000`.
    pub line: String,
    /// The operation of a JSON service, where it is one of those: `GraniteServiceVersion20100801.GetMetricData`.
    pub target: String,
    /// The `Authorization` header; empty where there is none.
    pub authorization: String,
    /// The token of a sign-in by which it is asked; empty where there is none.
    pub token: String,
    pub body: String,
}

/// What is answered.
pub struct Told {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// More lines of its head, each with its line end.
    pub headers: &'static str,
    /// How long that takes.
    pub after: Duration,
    /// Whether it says that it is an engine.
    pub is_engine: bool,
}

impl Told {
    pub fn json(value: &Value) -> Self {
        Self::of(200, "application/json", value.to_string())
    }

    pub fn xml(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, "text/xml", body.into())
    }

    pub fn html(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, "text/html; charset=utf-8", body.into())
    }

    fn of(status: u16, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, body, headers: "", after: Duration::ZERO, is_engine: false }
    }

    /// What STS says of whoever asks.
    pub fn identity() -> Self {
        Self::xml(
            200,
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        )
    }

    /// What AWS Backup says of what it does not know.
    pub fn unknown() -> Self {
        Self::of(404, "application/json", "{\"message\": \"no such thing\"}".to_owned())
    }
}

/// Serves on the current runtime; the URL.
pub async fn serve(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move { while_open(stream, answer.as_ref()).await });
        }
    });
    url
}

async fn while_open(mut stream: TcpStream, answer: &(impl Fn(&Asked) -> Told + Send + Sync)) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            more(&mut stream, &mut read).await?;
        };
        let head = String::from_utf8(read.drain(..end).collect()).ok()?;
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let length: usize = field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while read.len() < length {
            more(&mut stream, &mut read).await?;
        }
        let line = head.lines().next()?.rsplit_once(' ')?.0.to_owned();
        let body = String::from_utf8(read.drain(..length).collect()).ok()?;
        let (authorization, token) = (field("authorization"), field("x-amz-sso_bearer_token"));
        let target = field("x-amz-target").unwrap_or_default();
        let (authorization, token) = (authorization.unwrap_or_default(), token.unwrap_or_default());
        let Told { status, content_type, body, headers, after, is_engine } =
            answer(&Asked { line, target, authorization, token, body });
        tokio::time::sleep(after).await;
        let version = if is_engine { "x-vaultdeck-version: 9.9.9\r\n" } else { "" };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n{headers}{version}content-length: {length}"
        );
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.ok()?;
    }
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    let mut some = [0; 4096];
    let count = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut some)).await.ok()?.ok()?;
    read.extend_from_slice(&some[..count]);
    (count > 0).then_some(())
}
