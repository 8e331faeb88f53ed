//! Restoring into an empty store.

use super::client::Client;
use super::{GRAPH, location, statements_in, url_of};
use crate::domain::types::keys::URL_KEY;
use crate::domain::types::neptune::{NeptuneRestore, supported_by_engine};
use crate::engine::drivers::http::LONG;
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target, endpoint};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a restore of a graph is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = NeptuneRestore::read(ask.metadata)?;
    supported_by_engine(ask.metadata)?;
    let of_source = ask.source.map(|source| url_of(&source.resource.location));
    let url = endpoint::of_restore(ask, URL_KEY, restore.url.as_deref(), of_source)?;
    Ok(RestorePlan { target: location(url), makes: Some(restore.identifier), is_whole: true })
}

/// Opens nothing yet but the client.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = NeptuneRestore::read(cx.metadata)?;
    let client = Client::open(cx.target, LONG)?;
    Ok(Box::new(Filled { client, identifier: restore.identifier, statements: AtomicU64::new(0) }))
}

/// A store that is filled.
struct Filled {
    client: Client,
    identifier: String,
    /// How many statements were restored.
    statements: AtomicU64,
}

impl Filled {
    fn write(&self, content: &mut dyn Read) -> Result<(), Refusal> {
        let all = |fault: Fault| Refusal::All(fault.into_io());
        let mut counted = Counted { content, lines: 0 };
        if self.client.is_empty().map_err(all)? {
            self.client.add(&mut counted)?;
        } else {
            // What an earlier attempt of this job came to, of which nothing told any more: the end compares how much it is.
            io::copy(&mut counted, &mut io::sink())?;
        }
        self.statements.store(counted.lines, Ordering::Relaxed);
        Ok(())
    }
}

/// Content whose lines are counted while it is read.
struct Counted<'a> {
    content: &'a mut dyn Read,
    lines: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(buffer)?;
        self.lines += statements_in(&buffer[..length]);
        Ok(length)
    }
}

impl Target for Filled {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        if !self.client.is_empty()? {
            return Err(Fault::Failed(format!(
                "The store {} has statements already: name an empty one with {URL_KEY}, since nothing is mixed with what is there.",
                self.client.url()
            )));
        }
        Ok(Mark::of(&self.client.url()))
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        if before.read::<String>().as_deref() == Some(self.client.url()) {
            return Ok(());
        }
        Err(Fault::Failed(format!("The store {} was not begun by this job.", self.client.url())))
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        Ok(Sink::InOrder(self))
    }

    /// Counts what arrived.
    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let (written, found) = (self.statements.load(Ordering::Relaxed), self.client.count()?);
        if outcome.failures.is_empty() && written != found {
            return Err(Fault::Failed(format!(
                "{written} statements were restored into the store {}, and it has {found}: somebody else wrote into it. Clear it and \
                 restore again.",
                self.client.url()
            )));
        }
        Ok(Restored { name: Some(self.identifier), shares_secret: true, ..Restored::default() })
    }
}

impl StreamSink for Filled {
    fn place(&self) -> PathBuf {
        PathBuf::from(self.client.url())
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        match path.components().iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
            _ if !node.is_file() => {}
            [name] if *name == GRAPH.as_bytes() => self.write(content)?,
            _ => return Err(Refusal::Item("it is no part of a graph".to_owned())),
        }
        Ok(Put::Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::http::BRIEF;
    use crate::engine::drivers::http::stand_in::{StandIn, Told};

    /// A store that has so many statements.
    fn store(has: u64) -> StandIn {
        StandIn::that(move |asked| {
            if asked.path == "/store" {
                return Told::of(204, "");
            }
            let count =
                format!(r#"{{"boolean": {}, "results": {{"bindings": [{{"n": {{"value": "{has}"}}}}]}}}}"#, has > 0);
            Told::of(200, count)
        })
    }

    fn restored(store: &StandIn, statements: &str) -> Result<Restored, Fault> {
        let client = Client::open(&location(store.url()), BRIEF).unwrap();
        let target = Filled { client, identifier: "new".to_owned(), statements: AtomicU64::new(0) };
        target.write(&mut statements.as_bytes()).unwrap();
        Box::new(target).finish(&RestoreOutcome::default())
    }

    #[test]
    fn what_an_earlier_attempt_restored_is_not_restored_twice_and_what_others_wrote_not_taken_for_it() {
        let written = |store: &StandIn| store.asked().iter().filter(|asked| asked.path == "/store").count();
        let filled = store(2);
        assert_eq!(restored(&filled, "<a> <b> <c> .\n<d> <e> <f> .\n").unwrap().name.as_deref(), Some("new"));
        assert_eq!(written(&filled), 0);
        let other = store(3);
        let fault = restored(&other, "<a> <b> <c> .\n<d> <e> <f> .\n").unwrap_err();
        assert!(fault.to_string().contains("2 statements were restored") && written(&other) == 0, "{fault}");
        assert_eq!(restored(&store(0), "").map(|restored| restored.shares_secret), Ok(true));
    }
}
