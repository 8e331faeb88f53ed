//! What a store does only in bad company.

use super::client::Client;
use super::{FACTS, Neptune, location};
use crate::domain::{Resource, Scope, Tags};
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::http::stand_in::{Asked, StandIn, Told};
use crate::engine::drivers::{BackupCx, Driver, Fault, ProbeCx, Registered};
use crate::repository::{Control, Refusal};
use std::io::{self, Read};
use std::path::Path;

const QUADS: &str = "<http://a> <http://p> \"1\" .\n<http://a> <http://p> \"2\" .\n";

/// A store that answers queries well, and its dataset as it is told to.
fn store(dataset: impl Fn() -> Told + Send + Sync + 'static) -> StandIn {
    StandIn::that(move |asked: &Asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/store") => dataset(),
        ("POST", "/query") => Told::of(200, r#"{"head": {}, "boolean": false}"#),
        _ => Told::of(204, ""),
    })
}

fn quads(text: &str) -> Told {
    Told::of(200, text).with("content-type", "application/n-quads")
}

fn probed(server: &StandIn) -> Result<(), Fault> {
    let at = location(server.url());
    Neptune.probe(&ProbeCx { at: &at, secret: None, data_dir: Path::new("/nowhere") }).map(drop)
}

/// Reads a store as a backup does.
fn read(server: &StandIn) -> Result<Vec<u8>, Fault> {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let resource = Resource {
        arn: FACTS.arn(&scope, "facts").unwrap(),
        scope,
        resource_type: FACTS.resource_type(),
        name: "facts".to_owned(),
        location: location(server.url()),
        tags: Tags::new(),
    };
    let of = Registered { resource, mark: None, secret: None };
    let control = Control::new();
    let source = Neptune.source(&BackupCx {
        of: &of,
        options: &std::collections::BTreeMap::new(),
        before: None,
        line: "tests",
        is_last: false,
        control: &control,
    })?;
    let mut arrivals = source.items().arrivals(&control).unwrap();
    let fault = |error: io::Error| Fault::behind(&error).unwrap().clone();
    let (mut content, mut buffer) = (Vec::new(), [0; 7]);
    while arrivals.next().map_err(fault)?.is_some() {
        loop {
            match arrivals.read(&mut buffer).map_err(fault)? {
                0 => break,
                length => content.extend_from_slice(&buffer[..length]),
            }
        }
    }
    Ok(content)
}

#[test]
fn a_dataset_comes_sorted_and_each_statement_once() {
    let server = store(|| quads("<b> <p> <o> .\n<a> <p> <o> .\n<b> <p> <o> .\n"));
    assert_eq!(probed(&server), Ok(()));
    assert_eq!(read(&server).unwrap(), b"<a> <p> <o> .\n<b> <p> <o> .\n");
    assert_eq!(read(&store(|| quads(""))).unwrap(), b"");
}

#[test]
fn a_dataset_that_breaks_off_is_none() {
    let fault = read(&store(|| quads(QUADS).that_breaks_off_after(40))).unwrap_err();
    assert!(matches!(&fault, Fault::Temporary { why, .. } if why.contains("broke off")), "{fault:?}");
    let fault = read(&store(|| quads(&QUADS[..40]))).unwrap_err();
    assert!(matches!(&fault, Fault::Failed(why) if why.contains("within a statement")), "{fault:?}");
}

#[test]
fn a_server_without_such_a_dataset_is_refused() {
    for dataset in [|| Told::of(404, ""), || Told::of(200, "{}").with("content-type", "application/json")] {
        let fault = probed(&store(dataset)).unwrap_err();
        assert!(matches!(fault, Fault::Unsupported { .. }), "{fault:?}");
    }
    let fault = probed(&StandIn::that(|_| Told::of(200, "<html>"))).unwrap_err();
    assert!(matches!(&fault, Fault::Failed(why) if why.contains("check its URL")), "{fault:?}");
}

/// Gives some bytes, and then an error.
struct Broken(&'static [u8]);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::Error::other("damaged"));
        }
        self.0.read(buffer)
    }
}

#[test]
fn a_content_that_cannot_be_read_is_not_sent_as_if_it_were_whole() {
    let server = store(|| quads(""));
    let client = Client::open(&location(server.url()), BRIEF).unwrap();
    client.add(&mut QUADS.as_bytes()).unwrap();
    let refused = client.add(&mut Broken(QUADS.as_bytes())).unwrap_err();
    assert!(matches!(&refused, Refusal::Item(why) if why == "damaged"), "{refused:?}");
    let whole: Vec<String> = server.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(whole, [QUADS], "only what came to its end is a request");
}
