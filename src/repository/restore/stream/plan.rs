//! Following the walk ahead of the sink: what is put next, and what is fetched for it.

use crossbeam_channel::{Sender, TrySendError, bounded, unbounded};

use super::budget::Permit;
use super::run::{Job, Part, Piece, Run, Unit};
use crate::repository::item_path::ItemPath;
use crate::repository::restore::walk::{Step, Walk};
use crate::repository::restore::zeros::Zeros;
use crate::repository::{BlobKind, Error, Id, Location, Node, NodeKind};

/// Ranges of a pack that are read at once hold about so much content at most.
const UNIT: usize = 4 << 20;
/// It is cheaper to read this many unwanted bytes than to ask again.
const GAP: u64 = 64 << 10;

pub(super) struct Planner<'r, 'a> {
    run: &'r Run<'a>,
    jobs: Sender<Job<'r>>,
    units: Sender<Unit<'r>>,
    /// The unit that still grows.
    open: Option<Unit<'r>>,
    zeros: Zeros,
}

/// Nobody takes anything any more.
struct Stopped;

impl<'r, 'a> Planner<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, jobs: Sender<Job<'r>>, units: Sender<Unit<'r>>) -> Self {
        Self { run, jobs, units, open: None, zeros: Zeros::default() }
    }

    /// Has all that the walk meets put.
    pub(super) fn carry_out(mut self, mut walk: Walk<'_>) {
        while let Some(step) = walk.next() {
            if self.run.stopped() {
                return;
            }
            let planned = match step {
                // The folder was entered already.
                Step::Enter(node) => self.plan(walk.path(), node),
                Step::Item(node) => self.plan(walk.path().join(&node.name), node),
                Step::Leave => Ok(()),
                Step::Fault(path, reason) => {
                    self.run.report.failure(&path, reason);
                    Ok(())
                }
            };
            if planned.is_err() {
                return;
            }
        }
        self.flush();
    }

    fn plan(&mut self, path: ItemPath, node: Node) -> Result<(), Stopped> {
        if node.kind == NodeKind::Other {
            self.run.report.failure(&path, "it is of a kind that this program does not know");
            return Ok(());
        }
        if node.is_file() {
            self.run.control.progress.expect(1, node.size);
            // Nothing is begun of what is known not to end.
            if let Some(reason) = self.fault_of(&node) {
                self.run.report.failure(&path, reason);
                self.run.control.progress.advance(1, node.size);
                return Ok(());
            }
        }
        let content = node.content.clone();
        let (parts, receiver) = unbounded();
        self.send(Job { path, node, parts: receiver })?;
        self.fetch(&content, &parts)
    }

    /// Why a file cannot be whole, as far as the index knows.
    fn fault_of(&self, node: &Node) -> Option<String> {
        let index = self.run.repository.index();
        let mut size = 0;
        for id in &node.content {
            let Some(location) = index.find(BlobKind::Data, id) else {
                let lost = Error::BlobMissing { kind: BlobKind::Data, id: *id };
                return Some(format!("incomplete: {lost}"));
            };
            size += u64::from(location.content_length());
        }
        (size != node.size).then(|| format!("its pieces make {size} bytes and it should have {}", node.size))
    }

    /// Has a file's blobs fetched, until all are asked for or nobody wants them.
    fn fetch(&mut self, content: &[Id], parts: &Sender<Part<'r>>) -> Result<(), Stopped> {
        let mut hole = 0;
        for id in content {
            let location = self.run.repository.index().find(BlobKind::Data, id);
            if let Some(location) = &location
                && self.zeros.contains(id, location)
            {
                hole += u64::from(location.content_length());
                continue;
            }
            if hole > 0 && parts.send(Part::Zeros(std::mem::take(&mut hole))).is_err() {
                return Ok(());
            }
            let (reply, fetched) = bounded(1);
            match location {
                Some(location) => {
                    let permit = self.permit(&location)?;
                    self.ask(Piece { id: *id, location, permit, reply });
                }
                // Lost since the file was begun.
                None => _ = reply.send(Err(Error::BlobMissing { kind: BlobKind::Data, id: *id }.to_string())),
            }
            if parts.send(Part::Blob(fetched)).is_err() {
                // Its sink has given the item up.
                return Ok(());
            }
        }
        if hole > 0 {
            let _ = parts.send(Part::Zeros(hole));
        }
        Ok(())
    }

    /// The right to hold a blob's content, waited for. Nobody else may wait for what this thread has not yet asked for.
    fn permit(&mut self, location: &Location) -> Result<Permit<'r>, Stopped> {
        let bytes = location.content_length() as usize;
        if let Some(permit) = self.run.budget.try_take(bytes) {
            return Ok(permit);
        }
        self.flush();
        self.run.budget.take(bytes).ok_or(Stopped)
    }

    /// Adds a blob to the open unit, or begins a new one with it.
    fn ask(&mut self, piece: Piece<'r>) {
        let (pack, offset) = (piece.location.pack, u64::from(piece.location.offset));
        let (length, content) = (u64::from(piece.location.length), piece.location.content_length() as usize);
        if let Some(unit) = &mut self.open {
            let end = unit.start + unit.length;
            if unit.pack == pack && (end..=end + GAP).contains(&offset) && unit.content + content <= UNIT {
                unit.length = offset + length - unit.start;
                unit.content += content;
                unit.pieces.push(piece);
                return;
            }
        }
        self.flush();
        self.open = Some(Unit { pack, start: offset, length, content, pieces: vec![piece] });
    }

    /// Hands the open unit to the fetchers.
    fn flush(&mut self) {
        if let Some(unit) = self.open.take() {
            // The fetchers end only after this thread.
            let _ = self.units.send(unit);
        }
    }

    fn send(&mut self, job: Job<'r>) -> Result<(), Stopped> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(job)) => {
                self.flush();
                self.jobs.send(job).map_err(|_| Stopped)
            }
            Err(TrySendError::Disconnected(_)) => Err(Stopped),
        }
    }
}
