//! The suite of drivers over a real server: SecantusDB, which speaks MongoDB's protocol.
//!
//! `VAULTDECK_SECANTUS` names its program; `tests/run` sets it.

use super::client::Client;
use super::{DocumentDb, FACTS, address_of, inventory};
use crate::domain::types::Location;
use crate::domain::types::location::Part;
use crate::domain::{Resource, Scope, Secret, Tags};
use crate::engine::drivers::Driver;
use crate::engine::drivers::conformance::{Content, World, free_port, run};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, doc};
use parking_lot::Mutex;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DATABASE: &str = "suite";

/// Longer than the name of a file can be, once it is written as one.
const LONG: &[u8] = &[b'%'; 120];

/// A server of its own; stopped when dropped.
struct Server {
    child: Mutex<Child>,
    at: Location,
    _folder: tempfile::TempDir,
}

fn binary(bytes: &[u8]) -> Bson {
    Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() })
}

fn text(name: &[u8]) -> String {
    String::from_utf8(name.to_vec()).unwrap()
}

impl Server {
    fn start() -> Self {
        let program = std::env::var_os("VAULTDECK_SECANTUS").expect("VAULTDECK_SECANTUS is not set: tests/run sets it");
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Command::new(program)
            .args(["--host", "127.0.0.1", "--cache-size", "64M", "--port", &port.to_string(), "--storage-path"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        let at = Location::of([(Part::Url, format!("mongodb://127.0.0.1:{port}/?directConnection=true"))]);
        Self { child: Mutex::new(child), at, _folder: folder }
    }

    fn client(&self) -> Client {
        Client::open(&address_of(&self.at).unwrap(), None).unwrap()
    }

    fn end(&self) {
        let mut child = self.child.lock();
        let _ = child.kill();
        let _ = child.wait();
    }

    /// The database of a location: the restored one has something behind its name.
    fn database(at: &Location) -> String {
        format!("{DATABASE}{}", at.part(Part::Database).unwrap_or_default().trim_start_matches('*'))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// An item is a collection of one document.
impl World for Server {
    fn driver(&self) -> &dyn Driver {
        &DocumentDb
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: FACTS.arn(&scope, "source").unwrap(),
            scope,
            resource_type: FACTS.resource_type(),
            name: "source".to_owned(),
            location: self.at.clone(),
            tags: Tags::new(),
        }
    }

    fn put(&self, name: &[u8], content: &[u8]) {
        self.remove(name);
        let document = doc! { "_id": 1, "content": binary(content) };
        self.client().command(DATABASE, doc! { "insert": text(name), "documents": [document] }).unwrap();
    }

    fn remove(&self, name: &[u8]) {
        if inventory::collection_names(&self.client(), DATABASE).unwrap().contains(&text(name)) {
            self.client().command(DATABASE, doc! { "drop": text(name) }).unwrap();
        }
    }

    fn deny(&self) -> bool {
        false
    }

    fn vanish(&self) {
        self.end();
    }

    fn content(&self, at: &Location) -> Content {
        let (client, database) = (self.client(), Self::database(at));
        let names = inventory::collection_names(&client, &database).unwrap();
        let content = |name: &str| -> Vec<u8> {
            let rows = client.all(&database, doc! { "find": name }).unwrap();
            rows.iter().flat_map(|row| row.get_binary_generic("content").unwrap().clone()).collect()
        };
        names.into_iter().map(|name| (name.clone().into_bytes(), content(&name))).collect()
    }

    fn hostile(&self) -> Vec<&'static [u8]> {
        vec![b"a b", b"a/b", b"x/../y", b"%2F", b"x+y", b"a\\b", b"-rf", b"*", "gr\u{f6}\u{df}e".as_bytes(), LONG]
    }

    fn clear(&self, at: &Location) {
        self.client().command(&Self::database(at), doc! { "dropDatabase": 1 }).unwrap();
    }

    fn secret(&self) -> Option<Secret> {
        None
    }
}

#[test]
#[ignore = "needs SecantusDB: tests/run installs it and runs this"]
fn the_driver_of_documents_conforms() {
    run(Server::start);
}
