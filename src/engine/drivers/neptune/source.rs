//! Reading a store.

use super::client::Client;
use super::{GRAPH, statements_in, url_of};
use crate::domain::Consistency;
use crate::engine::drivers::feed::{Feed, Files};
use crate::engine::drivers::http::{Coming, LONG};
use crate::engine::drivers::{BackupCx, Fault, PointFacts, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use std::path::{Path, PathBuf};

/// Where a graph lies in a snapshot.
const ROOT: &str = "/graph";

/// So much is sorted.
const MOST_SORTED: usize = 256 << 20;

/// A store that is open for a backup.
struct Open {
    feed: Feed<Graph>,
    consistency: Consistency,
}

/// The statements while they are read.
struct Graph {
    url: String,
    coming: Coming,
    has_begun: bool,
    /// What is read already, and up to where it was given on.
    content: Vec<u8>,
    given: usize,
    has_ended: bool,
    statements: u64,
    /// The byte that came last.
    last: u8,
}

/// Opens the store of a resource: from here on the server holds the view that is read.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let at = &cx.of.resource.location;
    let coming = Client::open(at, LONG)?.dataset(Some(cx.control))?;
    // It gives what its storage had at one moment, whatever is written meanwhile.
    let is_known = coming.header("server").is_some_and(|server| server.starts_with("Oxigraph"));
    let consistency = if is_known { Consistency::Transaction } else { Consistency::None };
    let url = url_of(at).to_owned();
    let graph = Graph {
        url,
        coming,
        has_begun: false,
        content: Vec::new(),
        given: 0,
        has_ended: false,
        statements: 0,
        last: b'\n',
    };
    Ok(Box::new(Open { feed: Feed::new(ROOT, 0, graph), consistency }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.feed
    }

    fn root(&self) -> &Path {
        self.feed.root()
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let graph = self.feed.into_files()?;
        if let Some(issue) = outcome.issues.first() {
            return Err(Fault::Failed(format!("{} is not in the backup: {}", issue.path.display(), issue.reason)));
        }
        let details = [self.consistency.detail(), ("Statements".to_owned(), graph.statements.to_string())].into();
        Ok(PointFacts { details, ..PointFacts::default() })
    }
}

impl Graph {
    /// Takes what comes next.
    fn take(&mut self, stop: &Control) -> Result<(), Fault> {
        match self.coming.next(Some(stop))? {
            None if self.last != b'\n' => {
                return Err(Fault::Failed(format!("The dataset of the store {} ends within a statement.", self.url)));
            }
            None => self.has_ended = true,
            Some(bytes) => {
                self.statements += statements_in(&bytes);
                self.last = bytes.last().copied().unwrap_or(self.last);
                self.content.extend_from_slice(&bytes);
            }
        }
        Ok(())
    }
}

/// Lines in the order of their bytes, each once: a dataset is a set.
fn sorted(content: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines.dedup();
    lines.concat()
}

impl Files for Graph {
    fn next(&mut self, stop: &Control) -> Result<Option<PathBuf>, Fault> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(None);
        }
        while !self.has_ended && self.content.len() < MOST_SORTED {
            self.take(stop)?;
        }
        if self.has_ended {
            self.content = sorted(&self.content);
            self.statements = statements_in(&self.content);
        }
        Ok(Some(GRAPH.into()))
    }

    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> Result<usize, Fault> {
        while self.given == self.content.len() {
            (self.given, self.content) = (0, Vec::new());
            if self.has_ended {
                return Ok(0);
            }
            self.take(stop)?;
        }
        let rest = &self.content[self.given..];
        let length = buffer.len().min(rest.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_in_one_order_each_once() {
        assert_eq!(sorted(b"<b> .\n<a> .\n<b> .\n_:c .\n"), b"<a> .\n<b> .\n_:c .\n");
        assert_eq!(sorted(b""), b"");
    }
}
