//! Neptune: a resource is a graph store of a server that speaks SPARQL and hands out its whole dataset at `/store`, as Oxigraph does.
//!
//! A recovery point holds all statements of all graphs in `/graph/graph.nq`, one a line in N-Quads, which is a form that Neptune's
//! bulk loader takes. They are sorted, so that the same ones give the same file and a small change stores little again; above
//! 256 MiB they are in the order in which the server gives them. Blank nodes have the labels that the server gives them. A named graph without
//! statements is none, since N-Quads has no way to write it.
//!
//! The statements are those of one request: of one moment on Oxigraph, which is said then, and otherwise not known to be.
//!
//! A restore fills an empty store with one request, which the server does wholly or not at all.
//!
//! A store's query is `URL/query`, its dataset `URL/store`. Gremlin and openCypher, by Bolt or HTTP, are not spoken.

mod client;
mod dataset;
mod rows;
mod source;
mod target;
#[cfg(test)]
mod tests;

use crate::domain::types::database::check_identifier;
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::neptune::{ENGINE, ENGINE_KEY, FACTS, IDENTIFIER_KEY};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::proof::{Counted, Files, Noted};
use crate::engine::drivers::{
    BackupCx, Driver, Fault, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx, RestorePlan, Source, Target,
};
use client::Client;

/// The driver of graph stores.
pub struct Neptune;

/// What stands before a resource's id in its ARN.
const PREFIX: &str = "cluster:";

/// The file of all statements.
const GRAPH: &str = "graph.nq";

/// What is proven of a recovery point.
static PROOF: Files = Files {
    what: "files of the graph",
    noted: &[Noted {
        name: "Statements",
        what: "Statements in the file of the graph",
        ending: ".nq",
        by: Counted::Lines,
    }],
};

impl Driver for Neptune {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let given = url_of(cx.at);
        if given.starts_with("bolt") {
            let rule =
                "must begin with http:// or https://: this engine speaks SPARQL, and neither Bolt nor openCypher";
            return Err(Invalid::value("Url", rule).into());
        }
        let url = check_endpoint(given).map_err(|rule| Invalid::value("Url", rule))?;
        let location = location(url);
        let client = Client::open(&location, BRIEF)?;
        client.is_empty()?;
        client.dataset(None)?;
        Ok(Probed { location, mark: None })
    }

    /// The name, in small letters as AWS keeps it.
    fn new_id(&self, name: &str, _: &Location) -> Result<String, Fault> {
        check_identifier(name).map_err(|rule| Invalid::value("Name", rule))?;
        Ok(name.to_ascii_lowercase())
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        source::open(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = resource.resource().strip_prefix(PREFIX).unwrap_or_else(|| resource.resource());
        let base: String = name.chars().take(44).collect();
        let name = format!("{}-restored-{}", base.trim_end_matches('-'), &unique[..8]);
        [(IDENTIFIER_KEY, name), (ENGINE_KEY, ENGINE.to_owned())].map(|(key, value)| (key.to_owned(), value)).into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        target::plan(ask)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(&PROOF)
    }
}

/// How many statements end in a piece of text.
fn statements_in(text: &[u8]) -> u64 {
    text.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

fn location(url: String) -> Location {
    Location::of([(Part::Url, url)])
}

fn url_of(location: &Location) -> &str {
    location.part(Part::Url).unwrap_or_default()
}
