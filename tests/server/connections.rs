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

/// A signed request as it goes over the wire.
fn signed(server: &Server) -> String {
    let request = server.signed("backup", "GET", "/backup-vaults", &[], b"");
    let mut head = format!("GET /backup-vaults HTTP/1.1\r\nhost: {}\r\n", server.url.strip_prefix("http://").unwrap());
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != "host") {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    head + "\r\n"
}

/// Sends a signed request and waits for the answer; how long that took.
async fn is_served(stream: &mut TcpStream, request: &str) -> Duration {
    let begun = Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = told(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    begun.elapsed()
}

/// Whether the server has closed a connection; it is not waited for.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_requests_give_way_and_a_signed_caller_is_served_throughout() {
    let server = Server::start().await;
    // One who keeps its connection, one who leaves it alone for long, and one who makes a new one each time.
    let (mut kept, mut idle) = (connect(&server).await, connect(&server).await);
    is_served(&mut kept, &signed(&server)).await;
    is_served(&mut idle, &signed(&server)).await;
    let (mut strangers, mut took) = (Vec::new(), Vec::new());
    let mut opened = 2;
    for number in 0..STRANGERS {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /backup-vaults HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        strangers.push(stream);
        opened += 1;
        if number % 10 == 9 || number >= STRANGERS - 2 {
            let request = signed(&server);
            let begun = Instant::now();
            let mut stream = connect(&server).await;
            opened += 1;
            is_served(&mut stream, &request).await;
            took.push(begun.elapsed());
            took.push(is_served(&mut kept, &signed(&server)).await);
            // Served at the cost of one place for each connection there ever was, and not of one more.
            let gone = strangers.iter().filter(|stream| is_closed(stream)).count();
            assert!(gone <= opened.max(PLACES) - PLACES, "{gone} strangers gave way to {opened} connections");
        }
    }
    took.push(is_served(&mut idle, &signed(&server)).await);
    took.sort();
    println!("a signed caller waited {:?} in the middle, {:?} at most", took[took.len() / 2], took[took.len() - 1]);

    // The oldest gave way, and nobody else: from the first one that is still open on, all are.
    let must = STRANGERS + 2 - PLACES;
    for stream in &mut strangers[..must] {
        let ended =
            tokio::time::timeout(Duration::from_secs(30), stream.read(&mut [0])).await.expect("it must give way");
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
    let first = strangers.iter().position(|stream| !is_closed(stream)).unwrap();
    assert!(strangers[first..].iter().all(|stream| !is_closed(stream)), "only the oldest give way");
}
