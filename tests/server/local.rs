//! The socket and the same process: the control routes, and who may reach them.

use crate::harness::{ACCOUNT, Answer, REGION, Server, encoded, open, sign};
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokio::net::UnixStream;
use vaultdeck::engine::ClockKind;
use vaultdeck::server::{Shutdown, Surface, router, serve_unix};

/// A server on a Unix socket.
struct Local {
    socket: PathBuf,
    shutdown: Shutdown,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    folder: tempfile::TempDir,
}

impl Local {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shutdown = Shutdown::new();
        let engine = open(folder.path(), ClockKind::System);
        let router = router(engine, Surface::Local { shutdown: shutdown.clone() });
        let socket = folder.path().join("data/engine.sock");
        let (path, stop) = (socket.clone(), shutdown.clone());
        let task = tokio::spawn(async move { serve_unix(&path, router, stop).await });
        while !socket.exists() {
            assert!(!task.is_finished(), "the server ended");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Self { socket, shutdown, task, folder }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.send(Request::builder().method(method).uri(format!("http://engine{path}")).body(body).unwrap()).await
    }

    async fn send(&self, request: Request<Bytes>) -> Answer {
        let stream = UnixStream::connect(&self.socket).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = request;
        let host = request.uri().authority().unwrap().as_str().parse().unwrap();
        request.headers_mut().insert("host", host);
        let (parts, body) = sender.send_request(request.map(Full::new)).await.unwrap().into_parts();
        Answer(Response::from_parts(parts, body.collect().await.unwrap().to_bytes()))
    }
}

fn source(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_private_and_gone_after_the_stop() {
    let local = Local::start().await;
    assert_eq!(std::fs::metadata(&local.socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(local.call("POST", "/_vaultdeck/shutdown", &Value::Null).await.status(), 200);
    local.task.await.unwrap().unwrap();
    assert!(!local.socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_socket_is_replaced_and_anything_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), ClockKind::System);
    let shutdown = Shutdown::new();
    let router = router(engine, Surface::Local { shutdown: shutdown.clone() });
    let path = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    shutdown.request();
    serve_unix(&path, router.clone(), shutdown.clone()).await.unwrap();
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "data").unwrap();
    let refused = serve_unix(&precious, router.clone(), shutdown.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("is not a socket"), "{refused}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "data");
    let long = folder.path().join("x".repeat(120));
    let refused = serve_unix(&long, router, shutdown).await.unwrap_err();
    assert!(refused.to_string().contains("at most 107"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_added_listed_and_removed() {
    let local = Local::start().await;
    let path = source(local.folder.path(), "projects");
    let request = json!({ "ResourceType": "EFS", "Name": "projects", "Path": path, "Tags": { "env": "prod" } });
    let added = local.call("POST", "/_vaultdeck/resources", &request).await;
    assert_eq!(added.status(), 200, "{added:?}");
    let arn = added.json()["ResourceArn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with(&format!("arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-")), "{arn}");
    let again = local.call("POST", "/_vaultdeck/resources", &request).await;
    assert_eq!(again.json()["ResourceArn"], arn);
    let listed = local.call("GET", "/_vaultdeck/resources", &Value::Null).await.json();
    let expected = json!({ "ResourceArn": arn, "ResourceType": "EFS", "Name": "projects", "AccountId": ACCOUNT, "Region": REGION, "Path": path,
        "Location": { "Path": path }, "Facts": {}, "Tags": { "env": "prod" } });
    assert_eq!(listed, json!({ "Resources": [expected] }));
    let removed = local.call("DELETE", &format!("/_vaultdeck/resources/{}", encoded(&arn)), &Value::Null).await;
    assert_eq!(removed.status(), 200, "{removed:?}");
    assert_eq!(local.call("GET", "/_vaultdeck/resources", &Value::Null).await.json(), json!({ "Resources": [] }));
    let missing = local.call("DELETE", &format!("/_vaultdeck/resources/{}", encoded(&arn)), &Value::Null).await;
    assert_eq!(missing.status(), 404, "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_checks_all_that_registering_does_and_writes_nothing() {
    let local = Local::start().await;
    let probe = |request: Value| {
        let local = &local;
        async move { local.call("POST", "/_vaultdeck/resources/probe", &request).await }
    };
    let path = source(local.folder.path(), "projects");
    let request = json!({ "ResourceType": "EFS", "Name": "projects", "Path": path, "Tags": { "env": "prod" } });
    let found = probe(request.clone()).await;
    assert_eq!((found.status(), found.json()), (200, json!({ "Location": { "Path": path }, "Facts": {} })));
    let image = local.folder.path().join("disk.img");
    std::fs::write(&image, [7; 5000]).unwrap();
    let volume = json!({ "ResourceType": "EBS", "Name": "disk", "Path": image });
    assert_eq!(probe(volume).await.json()["Facts"], json!({ "SizeBytes": "5000" }));
    assert_eq!(local.call("GET", "/_vaultdeck/resources", &Value::Null).await.json(), json!({ "Resources": [] }));
    // What is registered already is told, and another place under its name is refused.
    let arn = local.call("POST", "/_vaultdeck/resources", &request).await.json()["ResourceArn"].clone();
    assert_eq!(probe(request).await.json()["ResourceArn"], arn);
    let elsewhere = source(local.folder.path(), "elsewhere");
    for (request, status, told) in [
        (json!({ "ResourceType": "EFS", "Name": "projects", "Path": elsewhere }), 409, "is registered already"),
        (json!({ "ResourceType": "EFS", "Name": "x", "Path": "/nowhere/at/all" }), 400, "/nowhere/at/all"),
        (json!({ "ResourceType": "EFS", "Name": " x", "Path": path }), 400, "Invalid Name"),
        (json!({ "ResourceType": "Floppy", "Name": "x", "Path": path }), 400, "Floppy"),
        (json!({ "ResourceType": "EFS", "Name": "x", "Location": { "Url": "u" } }), 400, "EFS takes --path"),
        (json!({ "ResourceType": "RDS", "Name": "x", "Location": { "Url": "ftp://x" } }), 400, "Invalid Url"),
        (json!({ "ResourceType": "EFS", "Name": "x", "Path": path, "AccountId": "999999999999" }), 404, "999999999999"),
    ] {
        let refused = probe(request.clone()).await;
        assert_eq!(refused.status(), status, "{request}: {refused:?}");
        assert!(refused.error().2.contains(told), "{request}: {refused:?}");
    }
    local.shutdown.request();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_roles_status_and_credentials() {
    let local = Local::start().await;
    let account =
        local.call("POST", "/_vaultdeck/accounts", &json!({ "Name": "dev", "AccountId": "210987654321" })).await;
    assert_eq!(account.json()["AccountId"], "210987654321", "{account:?}");
    let accounts = local.call("GET", "/_vaultdeck/accounts", &Value::Null).await.json();
    assert_eq!(accounts["Accounts"][0]["AccountId"], ACCOUNT, "the management account comes first");
    let role = "arn:aws:iam::123456789012:role/backup";
    assert_eq!(local.call("POST", "/_vaultdeck/roles", &json!({ "RoleArn": role })).await.status(), 200);
    let roles = local.call("GET", "/_vaultdeck/roles", &Value::Null).await.json();
    assert!(roles["RoleArns"].as_array().unwrap().contains(&json!(role)), "{roles}");
    let removed = local.call("DELETE", &format!("/_vaultdeck/roles/{}", encoded(role)), &Value::Null).await;
    assert_eq!(removed.status(), 200, "{removed:?}");
    let status = local.call("GET", "/_vaultdeck/status", &Value::Null).await.json();
    assert_eq!(
        (status["Clock"].as_str(), status["Pid"].as_u64()),
        (Some("system"), Some(u64::from(std::process::id())))
    );
    let keys = local.call("POST", "/_vaultdeck/credentials", &json!({ "AccountId": "210987654321" })).await.json();
    assert_eq!(keys["AccountId"], "210987654321");
    // What was handed out is good for AWS's operations on the same socket.
    let keys = Credentials::new(
        keys["AccessKeyId"].as_str().unwrap(),
        keys["SecretAccessKey"].as_str().unwrap(),
        None,
        None,
        "test",
    );
    let request = Request::builder().uri("http://engine/backup-vaults").body(Bytes::new()).unwrap();
    let vaults = local.send(sign(request, &keys, "backup", SystemTime::now())).await;
    assert_eq!(vaults.status(), 200, "{vaults:?}");
    local.shutdown.request();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_control_calls_say_what_is_wrong() {
    let local = Local::start().await;
    let nowhere = json!({ "ResourceType": "EFS", "Name": "x", "Path": "/nowhere/at/all" });
    let bogus = json!({ "ResourceType": "EFS", "Name": "x", "Path": "/", "Bogus": 1 });
    for (method, path, body, expected) in [
        ("POST", "/_vaultdeck/resources", nowhere, "/nowhere/at/all"),
        ("POST", "/_vaultdeck/resources", bogus, "Bogus"),
        ("POST", "/_vaultdeck/resources", json!({}), "ResourceType"),
        ("POST", "/_vaultdeck/roles", json!({ "RoleArn": "nonsense" }), "RoleArn"),
        ("POST", "/_vaultdeck/accounts", json!({ "Name": "x", "AccountId": "12" }), "12 digits"),
        ("DELETE", "/_vaultdeck/resources/nonsense", Value::Null, "ResourceArn"),
        ("POST", "/_vaultdeck/vaults/1/us-east-1/Default/check", Value::Null, "12 digits"),
        ("GET", "/_vaultdeck/nothing", Value::Null, "/_vaultdeck/nothing"),
        ("PUT", "/_vaultdeck/resources", Value::Null, "PUT"),
        ("GET", "/_vaultdeck/status?x=1", Value::Null, "x is not a known parameter"),
    ] {
        let answer = local.call(method, path, &body).await;
        assert!((400..500).contains(&answer.status()), "{method} {path}: {answer:?}");
        let message = answer.error().2;
        assert!(message.contains(expected), "{method} {path}: {message:?} does not say {expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_routes_are_not_answered_over_tcp() {
    let server = Server::start().await;
    for path in [
        "/_vaultdeck/status",
        "/_vaultdeck/resources",
        "/_vaultdeck/resources/probe",
        "/_vaultdeck/credentials",
        "/_vaultdeck/shutdown",
    ] {
        let answer = server.call("POST", path, "").await;
        assert_eq!((answer.status(), answer.header("x-amzn-errortype")), (403, "AccessDeniedException"), "{path}");
    }
    assert_eq!(server.call("POST", "/_clock", r#"{"advance_seconds":1}"#).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_soon_though_clients_keep_their_connections() {
    let server = Server::start().await;
    let client = server.backup();
    client.list_backup_vaults().send().await.unwrap();
    let idle = tokio::net::TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    let took = server.stop().await;
    assert!(took.as_secs_f64() < 5.0, "{took:?}");
    drop(idle);
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    for address in ["0.0.0.0:9860", "192.168.1.4:80", "[::]:9860"] {
        let refused = vaultdeck::server::check_address(address.parse().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("not a loopback address"), "{refused}");
    }
    for address in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:9860"] {
        vaultdeck::server::check_address(address.parse().unwrap()).unwrap();
    }
}
