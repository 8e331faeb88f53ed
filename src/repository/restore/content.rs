//! Writing the content of a batch: workers read ranges of packs, open and verify the blobs, and write them to their files.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::batch::{Batch, FileState, PendingFile, Piece, Unit};
use super::target::lock;
use super::{Run, inheritance, metadata};
use crate::repository::open_folder::Identity;
use crate::repository::opened::Opener;
use crate::repository::{BlobKind, Error, FileKind, Id};

/// How many unfinished files stay open. Beside them are the open folders and whatever else the process has.
const OPEN_FILES: usize = 256;
/// Zeros are left out where a whole block of the file is zero: it becomes a hole.
const BLOCK: usize = 4096;

/// The carrying out of one batch.
pub(super) struct Content<'a> {
    run: &'a Run<'a>,
    batch: &'a Batch,
    units: &'a [Unit],
    next: AtomicUsize,
    open: Mutex<VecDeque<u32>>,
}

impl<'a> Content<'a> {
    pub(super) fn new(run: &'a Run<'a>, batch: &'a Batch, units: &'a [Unit]) -> Self {
        Self { run, batch, units, next: AtomicUsize::new(0), open: Mutex::new(VecDeque::new()) }
    }

    /// Works until all is written, or until the restore was stopped.
    pub(super) fn write(&self) {
        // Files without pieces, empty or all hole, are finished by nobody else.
        for (number, file) in self.batch.files.iter().enumerate() {
            if file.left.load(Ordering::Relaxed) == 0 {
                self.finish(number as u32);
            }
        }
        let threads = self.run.workers.min(self.units.len());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work());
            }
        });
    }

    fn work(&self) {
        let mut opener = Opener::new(self.run.repository.key());
        while let Some(unit) = self.units.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.run.stopped() {
                return;
            }
            self.unit(unit, &mut opener);
        }
    }

    fn unit(&self, unit: &Unit, opener: &mut Opener<'_>) {
        let mut range = self.run.repository.storage().read_range(FileKind::Pack, &unit.pack, unit.start, unit.length);
        let mut pieces = &self.batch.pieces[unit.pieces.clone()];
        while let Some(first) = pieces.first() {
            if self.run.stopped() {
                return;
            }
            let (same, rest) = pieces.split_at(pieces.partition_point(|piece| piece.offset == first.offset));
            let id = self.batch.blob(first);
            let start = (u64::from(first.offset) - unit.start) as usize;
            let outcome = match &mut range {
                Ok(range) => match range.get_mut(start..start + first.length as usize) {
                    Some(sealed) => opener.open(id, sealed, first.uncompressed_length()),
                    None => Err("it is shorter than its index says".into()),
                },
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(content) => self.write_pieces(same, content),
                Err(problem) => self.again(unit, same, id, &problem, opener),
            }
            pieces = rest;
        }
    }

    /// A blob could not be had from its range. It is asked for alone, then wherever else it lies.
    fn again(&self, unit: &Unit, pieces: &[Piece], id: &Id, problem: &str, opener: &mut Opener<'_>) {
        let repository = self.run.repository;
        let locations = repository.index().find_all(BlobKind::Data, id);
        for location in locations {
            let (offset, length) = (u64::from(location.offset), location.length as usize);
            let error = match repository.storage().read_range(FileKind::Pack, &location.pack, offset, length) {
                Err(error) => error,
                Ok(mut sealed) => match opener.open(id, &mut sealed, location.uncompressed_length) {
                    Ok(content) => {
                        self.write_pieces(pieces, content);
                        return;
                    }
                    Err(problem) => Error::damaged(format!("pack {}", location.pack), problem),
                },
            };
            repository.report_unreadable(&location, &error);
        }
        let reason = format!("pack {}: blob {id}: {problem}", unit.pack);
        for piece in pieces {
            self.lose_piece(piece, &reason);
        }
    }

    fn write_pieces(&self, pieces: &[Piece], content: &[u8]) {
        for piece in pieces {
            self.write_piece(piece, content);
        }
    }

    fn write_piece(&self, piece: &Piece, content: &[u8]) {
        let file = &self.batch.files[piece.file as usize];
        let opened = {
            let mut state = lock(&file.state);
            if state.broken.is_some() {
                None
            } else {
                self.or_break(file, &mut state, |state| self.open(piece.file, file, state))
            }
        };
        if let Some(descriptor) = opened {
            let written = write_with_holes(&descriptor, content, piece.at, file.node.size);
            if written.is_err() {
                self.or_break(file, &mut lock(&file.state), |_| written);
            }
        }
        self.close_some();
        self.piece_done(piece, file);
    }

    fn lose_piece(&self, piece: &Piece, reason: &str) {
        let file = &self.batch.files[piece.file as usize];
        {
            let mut state = lock(&file.state);
            state.lost += 1;
            state.reason.get_or_insert_with(|| reason.to_owned());
        }
        self.piece_done(piece, file);
    }

    fn piece_done(&self, piece: &Piece, file: &PendingFile) {
        self.run.control.progress.advance(0, piece.content_length());
        if file.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.finish(piece.file);
        }
    }

    /// All pieces of a file were written or lost: it gets its metadata and is closed.
    pub(super) fn finish(&self, number: u32) {
        let file = &self.batch.files[number as usize];
        let mut state = lock(&file.state);
        let mut faults = Vec::new();
        // Where nothing at all could be read, no file full of zeros is left behind.
        let wanted = state.broken.is_none() && (state.identity.is_some() || state.lost == 0);
        if wanted && let Some(descriptor) = self.or_break(file, &mut state, |state| self.open(number, file, state)) {
            let lacking = metadata::apply_to_open(&descriptor, &file.node);
            if lacking.privileged {
                self.run.report.ownership_skipped();
            }
            faults = lacking.faults;
        }
        state.descriptor = None;
        if let Some(broken) = state.broken.take() {
            faults.insert(0, broken);
        } else if let Some(reason) = state.reason.take() {
            let (lost, all) = (state.lost, file.node.content.len());
            faults.insert(0, format!("incomplete, {lost} of its {all} pieces are lost: {reason}"));
        }
        if let Some(fate) = &file.fate {
            fate.decide(state.identity.is_some(), faults.is_empty());
        }
        if faults.is_empty() {
            self.run.report.file();
            self.run.report.bytes(file.node.size);
        } else {
            self.run.report.failure(&file.path(), faults.join("; "));
        }
        self.run.control.progress.advance(1, 0);
    }

    /// Runs a step of a file's restore. When it fails, the file is broken; when it cannot go better for others, all stops.
    fn or_break<T>(
        &self,
        file: &PendingFile,
        state: &mut FileState,
        step: impl FnOnce(&mut FileState) -> rustix::io::Result<T>,
    ) -> Option<T> {
        match step(state) {
            Ok(value) => Some(value),
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::ROFS)) => {
                self.run.report.stop(Error::Target { path: self.run.path.to_owned(), source: error.into() });
                state.broken = Some(error.to_string());
                None
            }
            Err(error) => {
                state.broken = Some(describe(error, file));
                None
            }
        }
    }

    /// The file's descriptor. The first time the file is made; after it was closed in between it must be the same one.
    fn open(&self, number: u32, file: &PendingFile, state: &mut FileState) -> rustix::io::Result<Arc<OwnedFd>> {
        if let Some(descriptor) = &state.descriptor {
            return Ok(Arc::clone(descriptor));
        }
        let folder = self.run.target.descriptor(&file.folder)?;
        let name = file.node.name.as_slice();
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = if let Some(identity) = state.identity {
            let descriptor = rustix::fs::openat(&folder, name, flags, Mode::empty())?;
            if Identity::of(&descriptor)? != identity {
                return Err(Errno::STALE);
            }
            descriptor
        } else {
            let make =
                || rustix::fs::openat(&folder, name, flags | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR);
            let descriptor = match make() {
                Err(Errno::EXIST) if self.run.merge => {
                    self.run.target.clear(&file.folder, name)?;
                    make()?
                }
                made => made?,
            };
            state.identity = Some(Identity::of(&descriptor)?);
            if file.folder.passes_on() {
                inheritance::disown(&descriptor)?;
            }
            // A single piece makes the file as long as it is; several come in any order, and holes do not come at all.
            if file.node.content.len() != 1 || file.left.load(Ordering::Acquire) == 0 {
                rustix::fs::ftruncate(&descriptor, file.node.size)?;
            }
            descriptor
        };
        let descriptor = Arc::new(descriptor);
        state.descriptor = Some(Arc::clone(&descriptor));
        if file.left.load(Ordering::Acquire) > 1 {
            lock(&self.open).push_back(number);
        }
        Ok(descriptor)
    }

    /// Closes the files that were opened longest ago while too many are open.
    fn close_some(&self) {
        loop {
            let oldest = {
                let mut open = lock(&self.open);
                if open.len() <= OPEN_FILES {
                    return;
                }
                open.pop_front()
            };
            if let Some(number) = oldest {
                lock(&self.batch.files[number as usize].state).descriptor = None;
            }
        }
    }
}

fn describe(error: Errno, file: &PendingFile) -> String {
    match error {
        Errno::EXIST => "something of this name is already there".into(),
        Errno::ISDIR => "a folder of this name is already there".into(),
        Errno::LOOP | Errno::STALE => "it was replaced in the target while it was restored".into(),
        Errno::NAMETOOLONG => format!("the target's file system allows no name of {} bytes", file.node.name.len()),
        error => format!("it could not be written: {error}"),
    }
}

/// Writes `content` at `at`, but leaves out blocks of zeros. The file is new, so they are zeros already.
fn write_with_holes(descriptor: &OwnedFd, content: &[u8], at: u64, size: u64) -> rustix::io::Result<()> {
    let end = at + content.len() as u64;
    let mut position = 0;
    let mut pending = 0;
    while position < content.len() {
        // Blocks are those of the file, not of the blob.
        let block = BLOCK - ((at + position as u64) % BLOCK as u64) as usize;
        let next = (position + block).min(content.len());
        if is_zero(&content[position..next]) {
            write_all(descriptor, &content[pending..position], at + pending as u64)?;
            pending = next;
        }
        position = next;
    }
    write_all(descriptor, &content[pending..], at + pending as u64)?;
    if pending == content.len() && end == size {
        // The file ends with a hole, which nothing was written behind.
        rustix::fs::ftruncate(descriptor, size)?;
    }
    Ok(())
}

fn write_all(descriptor: &OwnedFd, mut content: &[u8], mut at: u64) -> rustix::io::Result<()> {
    while !content.is_empty() {
        match rustix::io::pwrite(descriptor, content, at) {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => {
                content = &content[count..];
                at += count as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_zero(block: &[u8]) -> bool {
    // Most blocks show with their first bytes that they are not.
    let (head, rest) = block.split_at(block.len().min(16));
    head.iter().all(|byte| *byte == 0) && rest.chunks(64).all(|chunk| chunk.iter().fold(0, |or, byte| or | byte) == 0)
}
