//! The open packs, and the threads that write full ones.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::claims::Claims;
use super::encoder::Encoded;
use crate::repository::pack::MOST_BLOBS;
use crate::repository::{BlobKind, Error, Id, PackBuilder, Repository, Result};

/// A pack that is not full by then is written all the same: at a crash no more than this is lost.
const LONGEST_OPEN: Duration = Duration::from_secs(30);

/// One open pack for data and one for trees: they never share one, so that trees can be read without the data.
pub(super) struct Packer {
    data: Mutex<Option<Open>>,
    trees: Mutex<Option<Open>>,
    pack_size: usize,
    /// Gone when no more packs will come.
    full: Mutex<Option<Sender<PackBuilder>>>,
    /// Full packs of the time before anybody writes them; none from then on.
    early: Mutex<Option<Vec<PackBuilder>>>,
    /// Buffers of packs that were written.
    spare: Receiver<Vec<u8>>,
}

struct Open {
    pack: PackBuilder,
    since: Instant,
}

/// The end of the channel that a writing thread holds.
#[derive(Clone)]
pub(super) struct PackWriter {
    full: Receiver<PackBuilder>,
    spare: Sender<Vec<u8>>,
}

/// A packer and its writing end. At most one full pack waits.
pub(super) fn packer(pack_size: usize) -> (Packer, PackWriter) {
    let (full, full_receiver) = bounded(1);
    let (spare_sender, spare) = bounded(2);
    let packer = Packer {
        data: Mutex::default(),
        trees: Mutex::default(),
        pack_size,
        full: Mutex::new(Some(full)),
        early: Mutex::new(Some(Vec::new())),
        spare,
    };
    (packer, PackWriter { full: full_receiver, spare: spare_sender })
}

impl Packer {
    /// Appends a blob; a pack that is full goes to the writers.
    pub(super) fn add(&self, kind: BlobKind, id: Id, blob: &Encoded<'_>) -> Result<()> {
        let open = match kind {
            BlobKind::Data => &self.data,
            BlobKind::Tree => &self.trees,
        };
        let full = {
            let mut open = open.lock();
            let current = open.get_or_insert_with(|| self.open());
            current.pack.add(kind, id, &[&blob.seal.nonce, blob.ciphertext, &blob.seal.tag], blob.uncompressed_length);
            let pack = &current.pack;
            let full =
                pack.len() >= self.pack_size || pack.count() >= MOST_BLOBS || current.since.elapsed() > LONGEST_OPEN;
            if full { open.take() } else { None }
        };
        full.map_or(Ok(()), |open| self.send(open))
    }

    fn open(&self) -> Open {
        let buffer = self.spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(self.pack_size + self.pack_size / 8));
        Open { pack: PackBuilder::new(buffer), since: Instant::now() }
    }

    /// Whether there is anything to write.
    pub(super) fn has_any(&self) -> bool {
        let open = |open: &Mutex<Option<Open>>| open.lock().is_some();
        let early = self.early.lock();
        open(&self.data) || open(&self.trees) || early.as_ref().is_some_and(|early| !early.is_empty())
    }

    /// There are writers from now on.
    pub(super) fn send_what_waits(&self) -> Result<()> {
        let early = self.early.lock().take();
        early.into_iter().flatten().try_for_each(|pack| self.send_now(pack))
    }

    fn send(&self, open: Open) -> Result<()> {
        let mut early = self.early.lock();
        if let Some(early) = early.as_mut() {
            early.push(open.pack);
            return Ok(());
        }
        drop(early);
        self.send_now(open.pack)
    }

    fn send_now(&self, pack: PackBuilder) -> Result<()> {
        let full = self.full.lock().clone();
        // The writers go only after a failure, which is reported as such.
        full.and_then(|full| full.send(pack).ok()).ok_or(Error::Cancelled)
    }

    /// Sends what is open to the writers.
    pub(super) fn flush(&self) -> Result<()> {
        for open in [&self.data, &self.trees] {
            let open = open.lock().take();
            open.map_or(Ok(()), |open| self.send(open))?;
        }
        Ok(())
    }

    /// Lets the writers end when they have written what they were sent.
    pub(super) fn close(&self) {
        self.full.lock().take();
    }
}

impl PackWriter {
    /// Writes packs until no more come. A failure is told at once, and the rest is dropped, so that nobody waits.
    pub(super) fn run(
        &self,
        repository: &Repository,
        claims: &Claims,
        written: &dyn Fn(&Id, u64),
        failed: &dyn Fn(Error),
    ) {
        let mut works = true;
        for pack in &self.full {
            if works && let Err(error) = self.write(pack, repository, claims, written) {
                works = false;
                failed(error);
            }
        }
    }

    fn write(
        &self,
        pack: PackBuilder,
        repository: &Repository,
        claims: &Claims,
        written: &dyn Fn(&Id, u64),
    ) -> Result<()> {
        let pack = pack.finish(repository.key())?;
        repository.add_pack(&pack)?;
        written(&pack.index.id, pack.content.len() as u64);
        for blob in &pack.index.blobs {
            claims.release(blob.kind, &blob.id);
        }
        // A buffer that a huge folder blew up is not kept.
        if pack.content.capacity() <= 2 * repository.options().pack_size {
            let _ = self.spare.try_send(pack.content);
        }
        repository.checkpoint()
    }
}
