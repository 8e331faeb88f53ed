//! The suite of drivers over buckets of real servers: SeaweedFS, which has an order of its own, and moto, which takes any key.
//!
//! `VAULTDECK_WEED` and `VAULTDECK_MOTO` name the servers' programs; `tests/run` sets them.

use super::client::Client;
use super::{FACTS, S3, bucket_of, location};
use crate::domain::types::Location;
use crate::domain::{Resource, Scope, Secret, Tags};
use crate::engine::drivers::conformance::{Content, World, free_port, run};
use crate::engine::drivers::{Driver, Fault, ProbeCx};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SECRET: &str = r#"{"AccessKeyId": "test", "SecretAccessKey": "testtest"}"#;

/// A server of its own; stopped when dropped.
struct Server {
    child: Child,
    endpoint: String,
    buckets: AtomicU64,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(variable: &str, command: impl Fn(&mut Command, &Path, u16)) -> Self {
        let program = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: tests/run sets it"));
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let mut started = Command::new(program);
        started.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command(&mut started, folder.path(), port);
        let child = started.spawn().unwrap();
        let endpoint = format!("http://127.0.0.1:{port}");
        let server = Self { child, endpoint, buckets: AtomicU64::new(0), _folder: folder };
        server.wait(port);
        server
    }

    fn weed() -> Self {
        Self::start("VAULTDECK_WEED", |command, folder, port| {
            let named = ["master", "filer", "volume", "admin"].map(|part| format!("-{part}.port={}", free_port()));
            command
                .args(["mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false", "-admin.ui=false"])
                .args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"])
                .arg(format!("-dir={}", folder.display()))
                .arg(format!("-s3.port={port}"))
                .args(named)
                .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "testtest")])
                .current_dir(folder);
        })
    }

    fn moto() -> Self {
        Self::start("VAULTDECK_MOTO", |command, _, port| {
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        })
    }

    /// Until it makes buckets.
    fn wait(&self, port: u16) {
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() || Bucket::new(self, &[]).is_err() {
            assert!(Instant::now() < until, "the server does not come up");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bucket with what is done to it from outside.
struct Bucket {
    client: Client,
    at: Location,
    hostile: &'static [&'static [u8]],
}

impl Bucket {
    fn new(server: &Server, hostile: &'static [&'static [u8]]) -> Result<Self, Fault> {
        let number = server.buckets.fetch_add(1, Ordering::Relaxed);
        let at = location(server.endpoint.clone(), format!("source-{number}"));
        let client = Client::open(&at, Some(&Secret::new(SECRET.to_owned())))?;
        let made = client.wait(client.sdk().create_bucket().bucket(bucket_of(&at)).send());
        made.map_err(|error| Fault::Failed(error.to_string()))?;
        Ok(Self { client, at, hostile })
    }

    fn store(&self, key: &str, content: &[u8]) {
        let call = self.client.sdk().put_object().bucket(bucket_of(&self.at)).key(key);
        self.client.wait(call.body(ByteStream::from(content.to_vec())).send()).unwrap();
    }

    fn delete(&self, at: &Location, key: &str) {
        self.client.wait(self.client.sdk().delete_object().bucket(bucket_of(at)).key(key).send()).unwrap();
    }
}

impl World for Bucket {
    fn driver(&self) -> &dyn Driver {
        &S3
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: FACTS.arn(&scope, bucket_of(&self.at)).unwrap(),
            scope,
            resource_type: FACTS.resource_type(),
            name: "bucket".to_owned(),
            location: self.at.clone(),
            tags: Tags::new(),
        }
    }

    fn put(&self, name: &[u8], content: &[u8]) {
        self.store(std::str::from_utf8(name).unwrap(), content);
    }

    fn remove(&self, name: &[u8]) {
        self.delete(&self.at, std::str::from_utf8(name).unwrap());
    }

    fn deny(&self) -> bool {
        false
    }

    fn vanish(&self) {
        self.clear(&self.at);
    }

    fn content(&self, at: &Location) -> Content {
        let call = self.client.sdk().list_objects_v2().bucket(bucket_of(at)).encoding_type(EncodingType::Url);
        let keys = self.client.wait(call.send()).unwrap();
        let get = |key: &str| {
            let call = self.client.sdk().get_object().bucket(bucket_of(at)).key(key);
            let answer = self.client.wait(call.send()).unwrap();
            self.client.wait(answer.body.collect()).unwrap().to_vec()
        };
        let decode = |key: &str| percent_decode_str(&key.replace('+', "%20")).decode_utf8().unwrap().into_owned();
        let keys = keys.contents().iter().map(|object| decode(object.key().unwrap()));
        keys.map(|key| (key.as_bytes().to_vec(), get(&key))).collect()
    }

    fn hostile(&self) -> Vec<&'static [u8]> {
        self.hostile.to_vec()
    }

    fn clear(&self, at: &Location) {
        for key in self.content(at).keys() {
            self.delete(at, std::str::from_utf8(key).unwrap());
        }
        self.client.wait(self.client.sdk().delete_bucket().bucket(bucket_of(at)).send()).unwrap();
    }

    fn secret(&self) -> Option<Secret> {
        Some(Secret::new(SECRET.to_owned()))
    }
}

/// SeaweedFS keeps no key that is no path; `a/b` comes before `a-b` in its listings.
const PATHS: &[&[u8]] =
    &[b"a", b"a/b", b"a-b", b"%2F", b"a b+c", b"*", "\u{e9}/e\u{301}".as_bytes(), b"tab\t<&>\"'", b"a.b/c.d", b"~"];

/// What a key can be: moto keeps all but line ends.
const KEYS: &[&[u8]] = &[
    b"a", b"a/b", b"a-b", b"a//b", b"../x", b"..", b".", b"/", b"/etc", b"x/", b"%2F", b"a b+c", b"a\\b", b"\x01", LONG,
];
const LONG: &[u8] = &[b'k'; 1024];

#[test]
#[ignore = "needs the servers that tests/run installs, which runs it"]
fn the_driver_of_buckets_conforms_on_seaweedfs() {
    let server = Server::weed();
    run(|| Bucket::new(&server, PATHS).unwrap());
}

#[test]
#[ignore = "needs the servers that tests/run installs, which runs it"]
fn the_driver_of_buckets_conforms_on_moto() {
    let server = Server::moto();
    run(|| Bucket::new(&server, KEYS).unwrap());
}

fn probed(endpoint: &str, secret: Option<&str>, bucket: &str) -> Result<(), Fault> {
    let secret = secret.map(|text| Secret::new(text.to_owned()));
    let at = location(endpoint.to_owned(), bucket.to_owned());
    S3.probe(&ProbeCx { at: &at, secret: secret.as_ref(), data_dir: Path::new("/nowhere") }).map(drop)
}

#[test]
#[ignore = "needs the servers that tests/run installs, which runs it"]
fn what_cannot_be_backed_up_is_refused_with_the_reason() {
    let server = Server::weed();
    let bucket = Bucket::new(&server, &[]).unwrap();
    let (here, name) = (server.endpoint.as_str(), bucket_of(&bucket.at));
    assert_eq!(probed(here, Some(SECRET), name), Ok(()));
    let wrong = r#"{"AccessKeyId": "test", "SecretAccessKey": "hunter2"}"#;
    for secret in [Some(wrong), None] {
        let fault = probed(here, secret, name).unwrap_err();
        assert!(matches!(fault, Fault::Denied(_)) && !fault.to_string().contains("hunter2"), "{fault:?}");
    }
    assert!(matches!(probed(here, Some(SECRET), "not-there"), Err(Fault::Gone(_))));
    let away = format!("http://127.0.0.1:{}", free_port());
    let fault = probed(&away, Some(SECRET), name).unwrap_err();
    assert!(matches!(&fault, Fault::Temporary { why, .. } if why.contains("cannot be reached")), "{fault:?}");
    for (secret, field) in [("hunter2", "Secret"), (r#"{"AccessKeyId": 1, "SecretAccessKey": "x"}"#, "Secret")] {
        let fault = probed(here, Some(secret), name).unwrap_err();
        assert!(matches!(&fault, Fault::Invalid(invalid) if invalid.field == field), "{fault:?}");
    }
}
