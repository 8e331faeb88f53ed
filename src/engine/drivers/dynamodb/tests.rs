//! The suite of drivers over tables of a real ministack, whose program `VAULTDECK_MINISTACK` names (`tests/run` sets it), and what
//! a service does only in bad company.

use super::batch::Batch;
use super::client::Client;
use super::{DynamoDb, FACTS, location, table_of};
use crate::domain::types::Location;
use crate::domain::{Resource, Scope, Secret, Tags};
use crate::engine::drivers::conformance::{Content, World, free_port, run};
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::http::stand_in::{Asked, StandIn, Told};
use crate::engine::drivers::{Driver, Fault, ProbeCx};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SECRET: &str = r#"{"AccessKeyId": "test", "SecretAccessKey": "testtest"}"#;

fn secret() -> Secret {
    Secret::new(SECRET.to_owned())
}

/// A server of its own; stopped when dropped.
struct Server {
    child: Child,
    endpoint: String,
    tables: AtomicU64,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let program = std::env::var_os("VAULTDECK_MINISTACK").expect("VAULTDECK_MINISTACK: tests/run sets it");
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let child = Command::new(program)
            .envs([("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", &port.to_string()), ("SERVICES", "dynamodb")])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let endpoint = format!("http://127.0.0.1:{port}");
        let server = Self { child, endpoint, tables: AtomicU64::new(0), _folder: folder };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not come up");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A table with what is done to it from outside. An item of the suite is as many as it takes, since none may have 400 KB.
struct Table {
    at: Location,
}

const PART: usize = 200_000;

fn binary(content: &[u8]) -> Value {
    json!({ "B": BASE64.encode(content) })
}

impl Table {
    fn new(server: &Server) -> Self {
        let number = server.tables.fetch_add(1, Ordering::Relaxed);
        let table = Self { at: location(server.endpoint.clone(), format!("source-{number}")) };
        let made = json!({
            "TableName": table_of(&table.at),
            "AttributeDefinitions": [
                { "AttributeName": "name", "AttributeType": "B" }, { "AttributeName": "part", "AttributeType": "N" },
            ],
            "KeySchema": [{ "AttributeName": "name", "KeyType": "HASH" }, { "AttributeName": "part", "KeyType": "RANGE" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        table.client().call("CreateTable", &made, None).unwrap();
        table
    }

    fn client(&self) -> Client {
        Client::open(&self.at, Some(&secret()), BRIEF).unwrap()
    }
}

fn items(at: &Location) -> Vec<serde_json::Map<String, Value>> {
    let client = Client::open(at, Some(&secret()), BRIEF).unwrap();
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        let page = client.scan(next.as_ref(), None).unwrap();
        items.extend(page.items);
        next = page.next;
        if next.is_none() {
            return items;
        }
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    BASE64.decode(value["B"].as_str().unwrap()).unwrap()
}

impl World for Table {
    fn driver(&self) -> &dyn Driver {
        &DynamoDb
    }

    fn resource(&self) -> Resource {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        Resource {
            arn: FACTS.arn(&scope, table_of(&self.at)).unwrap(),
            scope,
            resource_type: FACTS.resource_type(),
            name: "table".to_owned(),
            location: self.at.clone(),
            tags: Tags::new(),
        }
    }

    fn put(&self, name: &[u8], content: &[u8]) {
        self.remove(name);
        let parts = content.chunks(PART).chain(content.is_empty().then_some(&[][..]));
        for (part, content) in parts.enumerate() {
            let item = json!({ "name": binary(name), "part": { "N": part.to_string() }, "content": binary(content) });
            self.client().call("PutItem", &json!({ "TableName": table_of(&self.at), "Item": item }), None).unwrap();
        }
    }

    fn remove(&self, name: &[u8]) {
        for item in items(&self.at).iter().filter(|item| item["name"] == binary(name)) {
            let key = json!({ "name": item["name"], "part": item["part"] });
            self.client().call("DeleteItem", &json!({ "TableName": table_of(&self.at), "Key": key }), None).unwrap();
        }
    }

    fn deny(&self) -> bool {
        false
    }

    fn vanish(&self) {
        self.clear(&self.at);
    }

    fn content(&self, at: &Location) -> Content {
        let part = |item: &serde_json::Map<String, Value>| item["part"]["N"].as_str().unwrap().parse::<u64>().unwrap();
        let mut items = items(at);
        items.sort_by_key(part);
        let mut content = Content::new();
        for item in items {
            content.entry(decoded(&item["name"])).or_default().extend(decoded(&item["content"]));
        }
        content
    }

    fn hostile(&self) -> Vec<&'static [u8]> {
        vec![b"/", b"..", b"\xff\xfe", b"\n", b"\"\\", b"\0", b"{}", "größe".as_bytes()]
    }

    fn clear(&self, at: &Location) {
        let client = Client::open(at, Some(&secret()), BRIEF).unwrap();
        client.call("DeleteTable", &json!({ "TableName": table_of(at) }), None).unwrap();
    }

    fn secret(&self) -> Option<Secret> {
        Some(secret())
    }
}

#[test]
#[ignore = "needs the servers that tests/run installs, which runs it"]
fn the_driver_of_tables_conforms_on_ministack() {
    let server = Server::start();
    run(|| Table::new(&server));
}

fn operation(asked: &Asked) -> &str {
    asked.headers["x-amz-target"].strip_prefix("DynamoDB_20120810.").unwrap()
}

fn refusal(code: &str) -> Told {
    Told::of(400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "so" }).to_string())
}

fn client(server: &StandIn) -> Client {
    Client::open(&location(server.url(), "orders".to_owned()), Some(&secret()), BRIEF).unwrap()
}

#[test]
fn a_request_is_signed_with_the_key_and_does_not_tell_it() {
    let server = StandIn::that(|_| Told::of(200, r#"{"Table": {}}"#));
    client(&server).describe(None).unwrap();
    let asked = &server.asked()[0];
    let signature = &asked.headers["authorization"];
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=test/"), "{signature}");
    assert!(
        signature.contains("/us-east-1/dynamodb/aws4_request") && signature.contains("x-amz-target"),
        "{signature}"
    );
    assert!(!format!("{asked:?}").contains("testtest"));
}

#[test]
fn a_scan_that_is_throttled_goes_on_where_it_was() {
    let busy = AtomicU64::new(3);
    let server = StandIn::that(move |asked| {
        let input: Value = serde_json::from_str(&asked.body).unwrap();
        let has_time = busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err();
        match input.get("ExclusiveStartKey") {
            None => {
                Told::of(200, r#"{"Items": [{"id": {"S": "a"}}], "Count": 1, "LastEvaluatedKey": {"id": {"S": "a"}}}"#)
            }
            Some(_) if has_time => Told::of(200, r#"{"Items": [], "Count": 0}"#),
            Some(_) => refusal("ProvisionedThroughputExceededException"),
        }
    });
    let client = client(&server);
    let page = client.scan(None, None).unwrap();
    assert_eq!((page.items.len(), page.next.is_some()), (1, true));
    assert!(client.scan(page.next.as_ref(), None).unwrap().next.is_none());
    assert!(server.asked().len() > 2);
}

#[test]
fn what_the_service_did_not_get_to_is_written_again_and_only_that() {
    let server = StandIn::that(|asked| {
        let input: Value = serde_json::from_str(&asked.body).unwrap();
        let requests = input["RequestItems"]["orders"].as_array().unwrap();
        let taken = requests.len().min(7);
        Told::of(200, json!({ "UnprocessedItems": { "orders": requests[taken..] } }).to_string())
    });
    let client = client(&server);
    let mut batch = Batch::new(&client);
    for number in 0..26 {
        batch.add(json!({ "id": { "N": number.to_string() } }), 20).unwrap();
    }
    let lengths = || {
        let calls = server.asked().into_iter().map(|asked| serde_json::from_str::<Value>(&asked.body).unwrap());
        calls.map(|input| input["RequestItems"]["orders"].as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(batch.write(), Ok(()));
    assert_eq!(lengths(), [25, 18, 11, 4, 1]);
}

#[test]
fn what_is_no_such_service_or_refuses_is_told_with_the_way_out() {
    let fault = |told: fn() -> Told| {
        let server = StandIn::that(move |asked| {
            assert_eq!(operation(asked), "DescribeTable");
            told()
        });
        let at = location(server.url(), "orders".to_owned());
        let cx = ProbeCx { at: &at, secret: Some(&secret()), data_dir: Path::new("/nowhere") };
        DynamoDb.probe(&cx).map(drop).unwrap_err()
    };
    let told = fault(|| Told::of(200, "<!DOCTYPE html><p>Welcome")).to_string();
    assert!(told.contains("web page") && told.contains("URL"), "{told}");
    assert!(matches!(fault(|| Told::of(404, "no")), Fault::Failed(_)));
    assert!(matches!(fault(|| refusal("ResourceNotFoundException")), Fault::Gone(_)));
    assert!(matches!(fault(|| refusal("UnrecognizedClientException")), Fault::Denied(_)));
    assert!(matches!(fault(|| Told::of(200, "[1")), Fault::Failed(_)));
}
