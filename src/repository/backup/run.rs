//! The threads of one backup: who starts when, and who waits for whom.

use std::path::PathBuf;
use std::thread::{self, Scope, ScopedJoinHandle};

use super::arrivals;
use super::previous::Previous;
use super::queue::Work;
use super::reader::Reader;
use super::session::Session;
use super::walker;
use crate::repository::packing::WRITERS;
use crate::repository::{Control, Error, Id, Result, Snapshot};

/// Runs a backup up to the last pack and returns the root folder.
pub(super) fn run(
    session: &Session<'_>,
    paths: &[PathBuf],
    previous: Previous<'_>,
    parent: Option<&Snapshot>,
) -> Result<Id> {
    let estimating = Control::new();
    thread::scope(|scope| -> Result<()> {
        expect(session, scope, paths, parent, &estimating)?;
        let (mut writers, mut workers) = (Vec::new(), Vec::new());
        // Where nothing has changed this thread alone is quicker than others are started.
        let help = || -> Result<()> {
            for number in 0..WRITERS {
                writers.push(spawn(scope, format!("pack-writer-{number}"), || {
                    session.packing.write_packs(&|error| session.fail(error));
                })?);
            }
            session.packing.begin()?;
            for number in 0..session.repository.options().workers.max(1) {
                match spawn(scope, format!("backup-{number}"), || work(session)) {
                    Ok(worker) => workers.push(worker),
                    Err(error) => session.fail(error),
                }
            }
            Ok(())
        };
        let mut help = Some(help);
        let stored = match session.source.arrivals(session.control) {
            None => Ok(()),
            Some(coming) => {
                help.take().map_or(Ok(()), |mut help| help()).and_then(|()| arrivals::store(session, paths, coming))
            }
        };
        let help = || help.map_or(Ok(()), |mut help| help());
        if let Err(error) = stored.and_then(|()| walker::walk(session, paths, previous, help)) {
            session.fail(error);
        }
        session.queue.close();
        for worker in workers {
            join(session, worker);
        }
        if let Err(error) = session.packing.end() {
            session.fail(error);
        }
        for writer in writers {
            join(session, writer);
        }
        estimating.cancel();
        Ok(())
    })?;
    session.control.progress.complete();
    session.finish()
}

/// Tells the progress how much there is to do: as the parent had it, or by a quick look at the source.
fn expect<'scope>(
    session: &'scope Session<'_>,
    scope: &'scope Scope<'scope, '_>,
    paths: &'scope [PathBuf],
    parent: Option<&Snapshot>,
    estimating: &'scope Control,
) -> Result<()> {
    let progress = &session.control.progress;
    if let Some(summary) = parent.and_then(|parent| parent.summary.as_ref()) {
        progress.expect(summary.total_files_processed, summary.total_bytes_processed);
        return Ok(());
    }
    spawn(scope, "estimate".into(), move || {
        for estimate in paths.iter().filter_map(|path| session.source.estimate(path, estimating)) {
            progress.expect(estimate.files, estimate.bytes);
        }
    })?;
    Ok(())
}

/// What each worker does.
fn work(session: &Session<'_>) {
    let _guard = AbortOnPanic(session);
    if let Err(error) = work_until_done(session) {
        session.fail(error);
    }
}

fn work_until_done(session: &Session<'_>) -> Result<()> {
    // Its buffers are large: where nothing has changed there is nothing to read.
    let mut unmade = None;
    while let Some(work) = session.queue.next() {
        session.control.check()?;
        let reader = unmade.get_or_insert_with(|| Reader::new(session));
        match work {
            Work::File(file) => {
                let outcome = reader.read(file);
                session.queue.file_read();
                outcome?;
            }
            Work::Piece(piece) => reader.store(piece)?,
        }
    }
    Ok(())
}

fn join(session: &Session<'_>, thread: ScopedJoinHandle<'_, ()>) {
    if thread.join().is_err() {
        session.fail(Error::System { what: "a thread of the backup", problem: "it panicked".into() });
    }
}

/// A worker that panics must not leave the others waiting for it.
struct AbortOnPanic<'s, 'a>(&'s Session<'a>);

impl Drop for AbortOnPanic<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.queue.abort();
            self.0.arrived.abort();
        }
    }
}

fn spawn<'scope, F: FnOnce() + Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    body: F,
) -> Result<ScopedJoinHandle<'scope, ()>> {
    thread::Builder::new()
        .name(name)
        .spawn_scoped(scope, body)
        .map_err(|error| Error::System { what: "a thread", problem: error.to_string() })
}
