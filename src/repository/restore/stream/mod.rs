//! Restoring item by item, each with its content in order.
//!
//! ```text
//! planner ─ items, in the snapshot's order ──────────────▶ putters ─▶ sink
//!    └───── ranges of packs ─▶ fetchers ─ verified blobs ────┘
//! ```
//!
//! The planner walks the snapshot and has blobs fetched before anybody needs them, but never more of them than
//! [`READ_AHEAD`] bytes: it waits until what it asked for was taken.

mod budget;
mod content;
mod fetch;
mod plan;
mod run;

use std::thread;

use crossbeam_channel::{Receiver, bounded, unbounded};

use self::budget::Budget;
use self::content::Content;
use self::plan::Planner;
use self::run::{Job, Run};
use super::report::{Report, RestoreOutcome};
use super::selection::Selection;
use super::sink::{Put, Refusal, StreamSink, Wanted};
use super::walk::Walk;
use crate::repository::{Control, Error, Repository, Result};

/// So many bytes of content are held at most between the storage and the sink; one blob that is larger is held alone.
const READ_AHEAD: usize = 32 << 20;
/// Items that wait for a putter. They are only paths and metadata.
const WAITING_ITEMS: usize = 256;
/// Threads that read packs and open blobs.
const FETCHERS: usize = 4;

impl Repository {
    /// Restores items of a snapshot into a sink that takes them one after the other.
    ///
    /// What cannot be restored is in the outcome's failures, and all else was put. An error says that nothing could be done
    /// at all, or that the restore was stopped: cancelled, or nothing more fits into the target.
    pub fn restore_stream(
        &self,
        wanted: Wanted<'_>,
        sink: &dyn StreamSink,
        control: &Control,
    ) -> Result<RestoreOutcome> {
        control.check()?;
        self.sync_index()?;
        let (_, tree) = self.folder(&wanted.snapshot, wanted.strip)?;
        let walk = Walk::new(self, &tree, Selection::of(wanted.items))?;
        let run = Run { repository: self, control, report: Report::default(), budget: Budget::new(READ_AHEAD) };
        thread::scope(|scope| {
            let (jobs, items) = bounded(WAITING_ITEMS);
            let (units, ranges) = unbounded();
            for _ in 0..FETCHERS {
                let ranges = ranges.clone();
                scope.spawn(|| fetch::work(&run, ranges));
            }
            for _ in 0..sink.at_once().max(1) {
                let items = items.clone();
                scope.spawn(|| put_all(&run, sink, items));
            }
            drop((items, ranges));
            Planner::new(&run, jobs, units).carry_out(walk);
        });
        self.try_to_save_integrity();
        control.check()?;
        run.report.finish()
    }
}

/// Puts items until no more come or the restore was stopped.
fn put_all<'r>(run: &'r Run<'_>, sink: &dyn StreamSink, items: Receiver<Job<'r>>) {
    // However this thread ends, the planner must not wait for it.
    let _closing = run.budget.close_when_done();
    for job in items {
        if run.stopped() {
            return;
        }
        put(run, sink, job);
    }
}

fn put<'r>(run: &'r Run<'_>, sink: &dyn StreamSink, job: Job<'r>) {
    let Job { path, node, parts } = job;
    let mut content = Content::new(run, parts);
    let outcome = sink.put(&path, &node, &mut content);
    let expected = if node.is_file() { node.size } else { 0 };
    let (taken, lost) = content.finish();
    let failure = match (outcome, lost) {
        (Err(Refusal::All(source)), _) => {
            return run.report.stop(Error::Target { path: sink.place(), source });
        }
        // Whoever was stopped failed for no reason of their own.
        _ if run.stopped() => return,
        (Ok(Put::Left), _) => {
            if node.is_file() {
                run.control.progress.advance(1, expected.saturating_sub(taken));
            }
            return;
        }
        (_, Some(lost)) => Some(format!("incomplete: {lost}")),
        (Err(Refusal::Item(reason)), None) => Some(reason),
        (Ok(Put::Written), None) if taken != expected => {
            Some(format!("the target took {taken} of its {expected} bytes"))
        }
        (Ok(Put::Written), None) => None,
    };
    match failure {
        Some(reason) => run.report.failure(&path, reason),
        None if node.is_file() => {
            run.report.file();
            run.report.bytes(node.size);
        }
        None => run.report.item(),
    }
    if node.is_file() {
        run.control.progress.advance(1, expected.saturating_sub(taken));
    }
}
