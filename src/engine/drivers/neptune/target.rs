//! Restoring into an empty store.

use super::client::Client;
use super::dataset::Dataset;
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
    Ok(Box::new(Filled::new(client, restore.identifier)))
}

/// A store that is filled.
struct Filled {
    client: Client,
    identifier: String,
    /// Whether an earlier attempt may have filled it.
    is_resumed: bool,
    /// How many statements were restored.
    statements: AtomicU64,
}

impl Filled {
    fn new(client: Client, identifier: String) -> Self {
        Self { client, identifier, is_resumed: false, statements: AtomicU64::new(0) }
    }

    fn write(&self, content: &mut dyn Read) -> Result<(), Refusal> {
        let all = |fault: Fault| Refusal::All(fault.into_io());
        if self.client.is_empty().map_err(all)? {
            let mut counted = Counted { content, lines: 0 };
            self.client.add(&mut counted)?;
            self.statements.store(counted.lines, Ordering::Relaxed);
            return Ok(());
        }
        if !self.is_resumed {
            return Err(all(self.in_use()));
        }
        // What an earlier attempt of this job came to, of which nothing told any more.
        let expected = dataset_of(content)?;
        if self.client.read_dataset().map_err(all)? != expected {
            return Err(all(Fault::Failed(format!(
                "The store {} has other statements than those that this job restored: somebody else wrote into it. Clear it and \
                 restore again.",
                self.client.url()
            ))));
        }
        self.statements.store(expected.statements, Ordering::Relaxed);
        Ok(())
    }

    fn in_use(&self) -> Fault {
        Fault::Failed(format!(
            "The store {} has statements already: name an empty one with {URL_KEY}, since nothing is mixed with what is there.",
            self.client.url()
        ))
    }
}

fn dataset_of(content: &mut dyn Read) -> io::Result<Dataset> {
    let (mut dataset, mut buffer) = (Dataset::default(), vec![0; 1 << 18]);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(dataset),
            length => dataset.take(&buffer[..length]),
        }
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
            return Err(self.in_use());
        }
        Ok(Mark::of(&self.client.url()))
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        if before.read::<String>().as_deref() == Some(self.client.url()) {
            self.is_resumed = true;
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

    const TWO: &str = "<a> <b> <c> .\n<d> <e> _:f .\n";

    /// A store that has these statements, and keeps what it has.
    fn store(has: &'static str) -> StandIn {
        StandIn::that(move |asked| {
            if asked.path == "/store" && asked.method == "GET" {
                return Told::of(200, has).with("content-type", "application/n-quads");
            }
            if asked.path == "/store" {
                return Told::of(204, "");
            }
            let count = has.lines().count();
            let some = count > 0;
            let told =
                format!(r#"{{"boolean": {some}, "results": {{"bindings": [{{"n": {{"value": "{count}"}}}}]}}}}"#);
            Told::of(200, told)
        })
    }

    fn restored(store: &StandIn, is_resumed: bool) -> Result<Restored, String> {
        let client = Client::open(&location(store.url()), BRIEF).unwrap();
        let mut target = Filled::new(client, "new".to_owned());
        if is_resumed {
            target.resume(&Mark::of(&store.url())).unwrap();
        }
        target.write(&mut TWO.as_bytes()).map_err(|refusal| format!("{refusal:?}"))?;
        Box::new(target).finish(&RestoreOutcome::default()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_an_earlier_attempt_restored_is_not_restored_twice_and_what_others_wrote_not_taken_for_it() {
        let written = |store: &StandIn| store.asked().iter().filter(|asked| asked.body == TWO).count();
        let filled = store("<d> <e> _:other .\n<a> <b> <c> .\n");
        assert_eq!(restored(&filled, true).unwrap().name.as_deref(), Some("new"));
        for (other, is_resumed, why) in [
            (store("<d> <e> _:f .\n<a> <b> <x> .\n"), true, "has other statements"),
            (store("<a> <b> <c> .\n"), true, "has other statements"),
            (store(TWO), false, "has statements already"),
        ] {
            let refused = restored(&other, is_resumed).unwrap_err();
            assert!(refused.contains(why) && written(&other) == 0, "{refused}");
        }
        let empty = store("");
        let refused = restored(&empty, true).unwrap_err();
        assert!(refused.contains("2 statements were restored") && written(&empty) == 1, "{refused}");
    }
}
