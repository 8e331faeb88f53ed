//! Writing the content of a batch: workers read ranges of packs, open and verify the blobs, and write them to their files.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::batch::{Batch, FileState, PendingFile, Piece, Unit};
use super::elsewhere::read_elsewhere;
use super::run::{Run, lock};
use super::sink::{RandomSink, Refusal, Shape};
use crate::repository::blob_reader::BlobReader;
use crate::repository::{Error, FileKind, Id};

/// How many unfinished files stay open. Beside them are the open folders and whatever else the process has.
const OPEN_FILES: usize = 256;

/// The carrying out of one batch.
pub(super) struct Content<'a, S: RandomSink> {
    run: &'a Run<'a, S>,
    batch: &'a Batch<S>,
    units: &'a [Unit],
    next: AtomicUsize,
    open: Mutex<VecDeque<u32>>,
}

impl<'a, S: RandomSink> Content<'a, S> {
    pub(super) fn new(run: &'a Run<'a, S>, batch: &'a Batch<S>, units: &'a [Unit]) -> Self {
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
        let mut reader = BlobReader::new(self.run.repository.key());
        while let Some(unit) = self.units.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.run.stopped() {
                return;
            }
            self.unit(unit, &mut reader);
        }
    }

    fn unit(&self, unit: &Unit, reader: &mut BlobReader<'_>) {
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
                    Some(sealed) => reader.open(id, sealed, first.uncompressed_length()),
                    None => Err("it is shorter than its index says".into()),
                },
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(content) => self.write_pieces(same, content),
                Err(problem) => self.again(unit, same, id, &problem, reader),
            }
            pieces = rest;
        }
    }

    /// A blob could not be had from its range. It is asked for alone, then wherever else it lies.
    fn again(&self, unit: &Unit, pieces: &[Piece], id: &Id, problem: &str, reader: &mut BlobReader<'_>) {
        let written = read_elsewhere(self.run.repository, id, reader, |content| self.write_pieces(pieces, content));
        if written.is_none() {
            let reason = format!("pack {}: blob {id}: {problem}", unit.pack);
            for piece in pieces {
                self.lose_piece(piece, &reason);
            }
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
                self.or_break(&mut state, |state| self.open(piece.file, file, state))
            }
        };
        if let Some(open) = opened {
            let written = self.run.sink.write_at(&open, content, piece.at, file.node.size);
            if written.is_err() {
                self.or_break(&mut lock(&file.state), |_| written);
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

    fn piece_done(&self, piece: &Piece, file: &PendingFile<S>) {
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
        let wanted = state.broken.is_none() && (state.made.is_some() || state.lost == 0);
        if wanted && let Some(open) = self.or_break(&mut state, |state| self.open(number, file, state)) {
            let missing = self.run.sink.finish_file(&open, &file.node);
            if missing.privileged {
                self.run.report.ownership_skipped();
            }
            faults = missing.faults;
        }
        state.open = None;
        if let Some(broken) = state.broken.take() {
            faults.insert(0, broken);
        } else if let Some(reason) = state.reason.take() {
            let (lost, all) = (state.lost, file.node.content.len());
            faults.insert(0, format!("incomplete, {lost} of its {all} pieces are lost: {reason}"));
        }
        if let Some(name) = &file.first_name {
            name.decide(state.made.is_some(), faults.is_empty());
        }
        if faults.is_empty() {
            self.run.report.file();
            self.run.report.bytes(file.node.size);
        } else {
            let path = self.run.sink.path(&file.folder).join(&file.node.name);
            self.run.report.failure(&path, faults.join("; "));
        }
        self.run.control.progress.advance(1, 0);
    }

    /// Runs a step of a file's restore. When it fails, the file is broken; when it cannot go better for others, all stops.
    fn or_break<T>(
        &self,
        state: &mut FileState<S>,
        step: impl FnOnce(&mut FileState<S>) -> Result<T, Refusal>,
    ) -> Option<T> {
        match step(state) {
            Ok(value) => Some(value),
            Err(Refusal::All(source)) => {
                state.broken = Some(source.to_string());
                self.run.report.stop(Error::Target { path: self.run.sink.place(), source });
                None
            }
            Err(Refusal::Item(reason)) => {
                state.broken = Some(reason);
                None
            }
        }
    }

    /// The open file. The first time the file is made; after it was closed in between it must be the same one.
    fn open(&self, number: u32, file: &PendingFile<S>, state: &mut FileState<S>) -> Result<S::Open, Refusal> {
        if let Some(open) = &state.open {
            return Ok(open.clone());
        }
        // What is all zeros does not come at all.
        let one_part = file.node.content.len() == 1 && file.left.load(Ordering::Acquire) > 0;
        let shape = if one_part { Shape::OnePart } else { Shape::Parts };
        let open = self.run.sink.open(&file.folder, &file.node, shape, &mut state.made)?;
        state.open = Some(open.clone());
        if file.left.load(Ordering::Acquire) > 1 {
            lock(&self.open).push_back(number);
        }
        Ok(open)
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
                lock(&self.batch.files[number as usize].state).open = None;
            }
        }
    }
}
