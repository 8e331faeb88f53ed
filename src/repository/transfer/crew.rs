//! The threads of one transfer: who walks, who reads and packs, and who waits for whom.

use std::thread::{self, Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::run::Run;
use super::units::Unit;
use super::{Whole, walk};
use crate::repository::blob_reader::BlobReader;
use crate::repository::packing::{Encoder, WRITERS};
use crate::repository::{Error, Options, Result};

/// Stores all that a snapshot refers to.
pub(super) fn run(run: &Run<'_>, whole: &Whole, options: &Options) -> Result<()> {
    thread::scope(|scope| {
        let mut crew = Crew { run, scope, options, units: None, workers: Vec::new(), has_writers: false };
        let encoder = Encoder::new(options.compression_level);
        if let Err(error) = walk::walk(run, whole, encoder, &mut |units| crew.send(units)) {
            run.fail(error);
        }
        if let Err(error) = crew.finish() {
            run.fail(error);
        }
    });
    let failure = run.failure.lock().take();
    failure.map_or(Ok(()), Err)
}

/// The threads, which are started when there is something for them to do: most transfers of what did not change have nothing.
struct Crew<'scope, 'env> {
    run: &'env Run<'env>,
    scope: &'scope Scope<'scope, 'env>,
    options: &'env Options,
    units: Option<Sender<Unit>>,
    workers: Vec<ScopedJoinHandle<'scope, ()>>,
    has_writers: bool,
}

impl<'scope> Crew<'scope, '_> {
    /// Has ranges read and packed.
    fn send(&mut self, units: Vec<Unit>) -> Result<()> {
        for unit in units {
            self.run.check()?;
            // The workers go only after a failure, which is reported as such.
            self.channel()?.send(unit).map_err(|_| Error::Cancelled)?;
        }
        Ok(())
    }

    /// No more comes: what is open is written, and all threads end.
    fn finish(mut self) -> Result<()> {
        drop(self.units.take());
        for worker in std::mem::take(&mut self.workers) {
            if worker.join().is_err() {
                self.run.fail(Error::System { what: "a thread of the transfer", problem: "it panicked".into() });
            }
        }
        // Folders alone may have been packed, with nobody to write them yet.
        let started = if self.run.packing.has_any() { self.start_writers() } else { Ok(()) };
        self.run.packing.end().and(started)
    }

    fn channel(&mut self) -> Result<&Sender<Unit>> {
        if self.units.is_none() {
            self.start_writers()?;
            let number = self.options.workers.max(1);
            let (sender, receiver) = bounded(number);
            for number in 0..number {
                let (run, level, units) = (self.run, self.options.compression_level, receiver.clone());
                let worker = self.spawn(format!("transfer-{number}"), move || work(run, level, &units))?;
                self.workers.push(worker);
            }
            self.units = Some(sender);
        }
        self.units.as_ref().ok_or(Error::Cancelled)
    }

    fn start_writers(&mut self) -> Result<()> {
        if self.has_writers {
            return Ok(());
        }
        let run = self.run;
        for number in 0..WRITERS {
            self.spawn(format!("pack-writer-{number}"), move || run.packing.write_packs(&|error| run.fail(error)))?;
        }
        self.has_writers = true;
        run.packing.begin()
    }

    fn spawn(&self, name: String, body: impl FnOnce() + Send + 'scope) -> Result<ScopedJoinHandle<'scope, ()>> {
        let refused = |error: std::io::Error| Error::System { what: "a thread", problem: error.to_string() };
        thread::Builder::new().name(name).spawn_scoped(self.scope, body).map_err(refused)
    }
}

/// What each worker does: reads ranges and packs what is wanted of them, until no more come.
fn work(run: &Run<'_>, level: i32, units: &Receiver<Unit>) {
    let mut reader = BlobReader::new(run.source.key());
    let mut encoder = Encoder::new(level);
    for unit in units {
        let stored = run.read(&unit, &mut reader, &mut |blob, content| {
            run.check()?;
            run.packing.store(&mut encoder, blob.kind, &blob.id, content)?;
            run.control.progress.advance(0, content.len() as u64);
            Ok(())
        });
        if let Err(error) = stored {
            return run.fail(error);
        }
    }
}
