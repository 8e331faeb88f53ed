//! The requests of SPARQL 1.1 that a backup and a restore need.

use super::dataset::Dataset;
use super::{rows, url_of};
use crate::domain::types::location::Location;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{Answer, Coming, Http, Request, patiently, temporary};
use crate::repository::{Control, Refusal};
use bytes::Bytes;
use serde_json::Value;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// The form of a dataset.
const N_QUADS: &str = "application/n-quads";

/// A client of one store.
pub(super) struct Client {
    http: Arc<Http>,
    url: String,
    patience: Duration,
}

impl Client {
    /// A client for a location. Nothing is called yet.
    pub(super) fn open(at: &Location, patience: Duration) -> Result<Self, Fault> {
        let url = url_of(at).to_owned();
        Ok(Self { http: Http::open(&format!("The store {url}"))?, url, patience })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn request<T>(&self, request: http::request::Builder, body: T) -> Result<http::Request<T>, Fault> {
        request.body(body).map_err(|_| Fault::Failed(format!("{} could not be asked.", self.url)))
    }

    fn query(&self, question: &str) -> Result<Value, Fault> {
        patiently(self.patience, None, || {
            let asked = http::Request::post(format!("{}/query", self.url))
                .header("content-type", "application/sparql-query")
                .header("accept", "application/sparql-results+json");
            let answer = self.http.ask(self.request(asked, Bytes::from(question.to_owned()))?, None)?;
            if !answer.is_good() || answer.is_page() {
                return Err(self.fault("a query", &answer));
            }
            serde_json::from_slice(&answer.body).map_err(|_| self.fault("a query", &answer))
        })
    }

    /// Whether no graph has any statement.
    pub(super) fn is_empty(&self) -> Result<bool, Fault> {
        let found = self.query(rows::HAS_ANY)?;
        found["boolean"].as_bool().map(|has| !has).ok_or_else(|| self.odd("a query"))
    }

    /// How many statements there are.
    pub(super) fn count(&self) -> Result<u64, Fault> {
        let found = self.query(rows::COUNT)?;
        let count = found["results"]["bindings"][0]["n"]["value"].as_str().and_then(|count| count.parse().ok());
        count.ok_or_else(|| self.odd("a query"))
    }

    /// All statements, as they come.
    pub(super) fn dataset(&self, stop: Option<&Control>) -> Result<Coming, Fault> {
        patiently(self.patience, stop, || {
            let asked = http::Request::get(format!("{}/store", self.url)).header("accept", N_QUADS);
            let request: Request = self.request(asked, Bytes::new())?;
            let coming = self.http.begin(request, stop)?;
            match coming.header("content-type") {
                Some(kind) if coming.status == 200 && kind.starts_with(N_QUADS) => Ok(coming),
                Some(_) if coming.status == 200 => Err(self.no_dataset()),
                _ if matches!(coming.status, 404..=406) => Err(self.no_dataset()),
                _ => Err(self.fault("its dataset", &coming.take(stop)?)),
            }
        })
    }

    /// What all statements are compared by.
    pub(super) fn read_dataset(&self) -> Result<Dataset, Fault> {
        let (mut coming, mut dataset) = (self.dataset(None)?, Dataset::default());
        while let Some(piece) = coming.next(None)? {
            dataset.take(&piece);
        }
        Ok(dataset)
    }

    /// Adds statements. It is tried once: blank nodes would come twice.
    pub(super) fn add(&self, content: &mut dyn Read) -> Result<(), Refusal> {
        let all = |fault: Fault| Refusal::All(fault.into_io());
        let head = http::Request::post(format!("{}/store", self.url)).header("content-type", N_QUADS);
        let answer = self.http.upload(self.request(head, ()).map_err(all)?, content)?;
        if answer.is_good() { Ok(()) } else { Err(all(self.fault("statements", &answer))) }
    }

    /// What an answer means that is not the one that was asked for.
    fn fault(&self, what: &str, answer: &Answer) -> Fault {
        let said = format!("HTTP {} {}", answer.status, answer.words());
        match answer.status {
            _ if answer.is_page() => self.odd(what),
            200..300 => self.odd(what),
            401 | 403 => Fault::Denied(format!("The store {} refuses {what}: {said}", self.url)),
            429 | 500 | 502 | 503 | 504 => temporary(format!("The store {} cannot do {what} now: {said}", self.url)),
            404 | 405 => self.odd(what),
            _ => Fault::Failed(format!("The store {} refuses {what}: {said}", self.url)),
        }
    }

    fn odd(&self, what: &str) -> Fault {
        Fault::Failed(format!(
            "{} does not answer {what} as SPARQL's protocol has it: check its URL and port.",
            self.url
        ))
    }

    fn no_dataset(&self) -> Fault {
        Fault::Unsupported {
            found: format!("The store {}, which does not hand out its dataset as N-Quads,", self.url),
            needs: "a server with GET /store, such as Oxigraph,".to_owned(),
        }
    }
}
