//! Strangers that take connections and memory: what they get, and that a signed caller is served all the same.

use crate::harness::Server;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than the server lets be open at a time.
const STRANGERS: usize = 638;
/// How many it lets be open.
const PLACES: usize = 512;

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// What is told until the connection ends, or nothing more comes for a moment.
async fn told(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(length)) = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await {
        if length == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..length]);
        if all.windows(4).any(|window| window == b"\r\n\r\n") && all.ends_with(b"}") {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_sign_is_answered_before_a_byte_of_the_body_is_there() {
    let server = Server::start().await;
    for (head, expected) in [
        ("PUT /backup/plans/ HTTP/1.1\r\n", "MissingAuthenticationTokenException"),
        ("POST / HTTP/1.1\r\nx-amz-target: AWSOrganizationsV20161128.ListAccounts\r\n", "MissingAuthenticationToken"),
        (
            "PUT /backup/plans/ HTTP/1.1\r\nx-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/backup/aws4_request, SignedHeaders=host, Signature=00\r\n",
            "UnrecognizedClientException",
        ),
        ("POST /_vaultdeck/resources HTTP/1.1\r\n", "AccessDeniedException"),
        ("POST /nothing HTTP/1.1\r\n", "UnknownOperationException"),
    ] {
        let mut stream = connect(&server).await;
        stream.write_all(format!("{head}host: x\r\ncontent-length: 1048576\r\n\r\n").as_bytes()).await.unwrap();
        let answer = told(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 4") && answer.contains(expected), "{head}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_writes_fifty_megabytes_reads_why_they_were_not_taken() {
    let server = Server::start().await;
    let body = vec![b'x'; 50 * 1024 * 1024];
    for signed in [true, false] {
        let mut request =
            server.signed("backup", "PUT", "/backup-jobs", &[("content-type", "application/json")], &body);
        if !signed {
            request.headers_mut().remove("authorization");
        }
        let mut stream = connect(&server).await;
        let mut head = format!("PUT /backup-jobs HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        if !request.headers().contains_key("host") {
            head.push_str(&format!("host: {}\r\n", server.url.strip_prefix("http://").unwrap()));
        }
        for (name, value) in request.headers() {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        // As many clients do: all of the body first, and only then the answer.
        stream.write_all(&body).await.expect("the connection breaks while the client writes");
        let answer = told(&mut stream).await;
        let expected = if signed { "HTTP/1.1 413" } else { "HTTP/1.1 403" };
        assert!(answer.starts_with(expected), "{answer}");
        assert!(!signed || answer.contains("RequestEntityTooLargeException"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_requests_give_way_and_a_signed_caller_is_served_throughout() {
    let server = Server::start().await;
    assert_eq!(server.call("GET", "/backup-vaults", "").await.status(), 200);
    let mut strangers = Vec::new();
    let mut slowest = Duration::ZERO;
    for number in 0..STRANGERS {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /backup-vaults HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        strangers.push(stream);
        if number % 50 == 49 {
            let begun = Instant::now();
            assert_eq!(server.call("GET", "/backup-vaults", "").await.status(), 200);
            slowest = slowest.max(begun.elapsed());
        }
    }
    let begun = Instant::now();
    assert_eq!(server.call("GET", "/backup-vaults", "").await.status(), 200);
    slowest = slowest.max(begun.elapsed());
    let mut gone = 0;
    for stream in &mut strangers {
        let mut byte = [0];
        match tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await {
            Ok(Ok(0) | Err(_)) => gone += 1,
            _ => break,
        }
    }
    let must = STRANGERS - PLACES;
    assert!((must..=must + 20).contains(&gone), "the oldest give way, and no more than must: {gone} for {must}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
