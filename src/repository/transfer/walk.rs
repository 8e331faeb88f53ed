//! Walking the folders of the source's snapshot: each once, many at a time, and what of each the destination lacks.

use std::collections::HashSet;

use super::Whole;
use super::run::Run;
use super::units::{Unit, Wanted, units};
use crate::repository::blob_reader::BlobReader;
use crate::repository::packing::Encoder;
use crate::repository::{BlobKind, Error, Id, Node, Result, TreeReader};

/// So many folders are read together, in the order in which they lie.
const FOLDERS: usize = 256;
/// So many blobs are gathered before they are read, in the order in which they lie.
const BLOBS: usize = 16_384;

struct Walk<'w, 'a> {
    run: &'w Run<'a>,
    encoder: Encoder,
    seen: HashSet<Id>,
    waiting: Vec<Id>,
    lacking: Vec<Wanted>,
    send: &'w mut dyn FnMut(Vec<Unit>) -> Result<()>,
    /// What is to be done is known from the beginning.
    is_estimated: bool,
}

/// Stores the folders of a snapshot that the destination lacks, and has the data sent that it lacks.
pub(super) fn walk(
    run: &Run<'_>,
    whole: &Whole,
    encoder: Encoder,
    send: &mut dyn FnMut(Vec<Unit>) -> Result<()>,
) -> Result<()> {
    let snapshot = &whole.snapshot;
    if let Some(summary) = &snapshot.summary {
        run.control.progress.expect(summary.total_files_processed, summary.total_bytes_processed);
    }
    let mut walk = Walk {
        run,
        encoder,
        seen: HashSet::from([snapshot.tree]),
        waiting: Vec::new(),
        lacking: Vec::new(),
        send,
        is_estimated: snapshot.summary.is_some(),
    };
    match &whole.root {
        Some(json) => walk.folder(&snapshot.tree, json)?,
        None => walk.waiting.push(snapshot.tree),
    }
    let mut reader = BlobReader::new(run.source.key());
    while !walk.waiting.is_empty() {
        // The last ones first, so that few wait however broad the folders are.
        let next = walk.waiting.split_off(walk.waiting.len().saturating_sub(FOLDERS));
        let next = next.iter().map(|id| walk.wanted(BlobKind::Tree, id)).collect::<Result<Vec<Wanted>>>()?;
        for unit in units(next) {
            run.check()?;
            run.read(&unit, &mut reader, &mut |blob, json| walk.folder(&blob.id, json))?;
        }
    }
    walk.send()
}

impl Walk<'_, '_> {
    fn wanted(&self, kind: BlobKind, id: &Id) -> Result<Wanted> {
        Ok(Wanted { kind, id: *id, location: self.run.source.find_blob(kind, id)? })
    }

    /// Stores a folder, and gathers what is in it.
    fn folder(&mut self, id: &Id, json: &[u8]) -> Result<()> {
        let packing = self.run.packing;
        if !packing.is_stored(BlobKind::Tree, id)? && packing.claim(BlobKind::Tree, id) {
            packing.store(&mut self.encoder, BlobKind::Tree, id, json)?;
        }
        for node in TreeReader::new(*id, json)? {
            self.item(id, &node?)?;
        }
        Ok(())
    }

    fn item(&mut self, folder: &Id, node: &Node) -> Result<()> {
        if node.is_directory() {
            let subtree = node.subtree.ok_or_else(|| {
                let name = node.name.escape_ascii();
                Error::damaged(format!("tree {folder}"), format!("its folder {name} has no content"))
            })?;
            if self.seen.insert(subtree) {
                self.waiting.push(subtree);
            }
            return Ok(());
        }
        let mut lacking = 0;
        for blob in &node.content {
            lacking += self.gather(blob)?;
        }
        if node.is_file() {
            let progress = &self.run.control.progress;
            if !self.is_estimated {
                progress.expect(1, node.size);
            }
            progress.advance(1, node.size.saturating_sub(lacking));
        }
        if self.lacking.len() >= BLOBS { self.send() } else { Ok(()) }
    }

    /// Gathers a blob if the destination lacks it; the bytes that are still to come.
    fn gather(&mut self, blob: &Id) -> Result<u64> {
        let packing = self.run.packing;
        if packing.is_stored(BlobKind::Data, blob)? || !packing.claim(BlobKind::Data, blob) {
            return Ok(0);
        }
        let wanted = self.wanted(BlobKind::Data, blob)?;
        self.lacking.push(wanted);
        Ok(u64::from(wanted.location.content_length()))
    }

    fn send(&mut self) -> Result<()> {
        (self.send)(units(std::mem::take(&mut self.lacking)))
    }
}
