//! Reading files and cutting them into pieces.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::encoder::Encoder;
use super::folder::Place;
use super::session::{Session, add};
use crate::repository::chunker::Chunker;
use crate::repository::source::{Piece, SourceReader};
use crate::repository::{BlobKind, Id, Node, Result};

/// Read ahead of the largest piece, so that the rest need not be moved for each read.
const READ_AHEAD: usize = 4 << 20;

/// A file to be read.
pub(super) struct FileJob {
    pub(super) path: PathBuf,
    /// All but the content.
    pub(super) node: Node,
    pub(super) place: Place,
}

/// A piece of a file that another worker reads.
pub(super) struct PieceJob {
    file: Arc<SharedFile>,
    position: usize,
    content: Vec<u8>,
}

/// A file of which several workers have pieces.
struct SharedFile {
    /// Pieces in work, and one for the reader.
    left: AtomicUsize,
    pieces: Mutex<Vec<(usize, Id)>>,
    /// Set when it was read to its end.
    file: Mutex<Option<FileJob>>,
}

/// What one worker reads and stores with.
pub(super) struct Reader<'s, 'a> {
    session: &'s Session<'a>,
    encoder: Encoder,
    window: Window,
}

/// A file's pieces so far. Those that others have are filled in at the end.
struct Content {
    ids: Vec<Id>,
    size: u64,
    shared: Option<Arc<SharedFile>>,
}

impl<'s, 'a> Reader<'s, 'a> {
    pub(super) fn new(session: &'s Session<'a>) -> Result<Self> {
        let encoder = Encoder::new(session.repository.options().compression_level)?;
        Ok(Self { session, encoder, window: Window::new(&session.chunker) })
    }

    /// Reads a file and stores its pieces. What is wrong with the file itself becomes an issue or a note.
    pub(super) fn read(&mut self, mut job: FileJob) -> Result<()> {
        let session = self.session;
        let opened = session.source.open(&job.path).and_then(|mut reader| Ok((reader.state()?, reader)));
        let (before, mut reader) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.give_up(&job, &error),
        };
        job.node.size = before.size;
        (job.node.modified, job.node.accessed, job.node.changed) = (before.modified, before.modified, before.changed);
        job.node.inode = before.inode;
        let mut content = Content { ids: Vec::new(), size: 0, shared: None };
        let read = self.read_content(reader.as_mut(), &mut content)?;
        if let Err(error) = read.and_then(|()| reader.state()).map(|after| {
            if after != before || content.size != before.size {
                session.note(&job.path, "it changed while it was read, and is stored as it was read");
            }
        }) {
            return self.give_up(&job, &error);
        }
        drop(reader);
        job.node.size = content.size;
        job.node.content = content.ids;
        match content.shared {
            None => self.finish(job),
            Some(shared) => {
                *shared.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
                self.let_go(&shared)
            }
        }
    }

    /// Stores a piece of a file that another worker reads.
    pub(super) fn store(&mut self, piece: PieceJob) -> Result<()> {
        let id = self.session.save_blob(&mut self.encoder, BlobKind::Data, &piece.content)?;
        piece.file.pieces.lock().unwrap_or_else(PoisonError::into_inner).push((piece.position, id));
        self.let_go(&piece.file)
    }

    /// Whoever lets go last completes the file.
    fn let_go(&mut self, shared: &SharedFile) -> Result<()> {
        if shared.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        let Some(mut job) = shared.file.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        for (position, id) in shared.pieces.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            job.node.content[position] = id;
        }
        self.finish(job)
    }

    fn finish(&mut self, job: FileJob) -> Result<()> {
        add(&self.session.counts.bytes_total, job.node.size);
        self.session.control.progress.advance(1, 0);
        self.session.deliver(&mut self.encoder, &job.place, Some(job.node))
    }

    /// A file that cannot be read is not stored. One that is gone was deleted meanwhile, which is no fault.
    fn give_up(&mut self, job: &FileJob, error: &io::Error) -> Result<()> {
        if error.kind() == io::ErrorKind::NotFound {
            self.session.note(&job.path, "it vanished before it could be read");
        } else {
            self.session.issue(&job.path, error);
        }
        self.session.deliver(&mut self.encoder, &job.place, None)
    }

    /// The outer result is the storage's, the inner one the source's.
    fn read_content(&mut self, reader: &mut dyn SourceReader, content: &mut Content) -> Result<io::Result<()>> {
        self.window.clear();
        loop {
            self.session.control.check()?;
            let edge = match self.window.fill(reader) {
                Ok((edge, read)) => {
                    add(&self.session.counts.bytes_read, read);
                    edge
                }
                Err(error) => return Ok(Err(error)),
            };
            while self.window.has_piece(edge) {
                self.take_piece(edge, content)?;
            }
            match edge {
                Edge::None => {}
                Edge::Hole(length) => self.store_hole(length, content)?,
                Edge::End => return Ok(Ok(())),
            }
        }
    }

    /// Cuts one piece off the window and stores it, or offers it to the others when more will follow.
    fn take_piece(&mut self, edge: Edge, content: &mut Content) -> Result<()> {
        let length = self.session.chunker.cut(self.window.bytes());
        let piece = &self.window.bytes()[..length];
        let more = edge != Edge::End || length < self.window.bytes().len();
        let position = content.ids.len();
        if more && self.session.queue.has_room() {
            let shared = content.shared.get_or_insert_with(SharedFile::new);
            shared.left.fetch_add(1, Ordering::AcqRel);
            let job = PieceJob { file: shared.clone(), position, content: piece.to_vec() };
            self.session.queue.push_piece(job, length);
            content.ids.push(Id::from_bytes([0; Id::LENGTH]));
        } else {
            content.ids.push(self.session.save_blob(&mut self.encoder, BlobKind::Data, piece)?);
        }
        content.add(self.session, length as u64);
        self.window.consume(length);
        Ok(())
    }

    /// A large hole becomes pieces of zeros, which are hashed once for the whole backup. What is left goes with the data
    /// behind it.
    fn store_hole(&mut self, length: u64, content: &mut Content) -> Result<()> {
        let maximum = self.session.chunker.maximum();
        let id = match self.session.zeros.get() {
            Some(id) => *id,
            None => {
                let id = self.session.save_blob(&mut self.encoder, BlobKind::Data, &vec![0; maximum])?;
                *self.session.zeros.get_or_init(|| id)
            }
        };
        let pieces = length / maximum as u64;
        content.ids.extend(std::iter::repeat_n(id, pieces as usize));
        content.add(self.session, pieces * maximum as u64);
        self.window.zeros = length % maximum as u64;
        Ok(())
    }
}

impl Content {
    fn add(&mut self, session: &Session<'_>, length: u64) {
        self.size += length;
        session.control.progress.advance(0, length);
    }
}

impl SharedFile {
    fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(1), pieces: Mutex::default(), file: Mutex::default() })
    }
}

/// The part of a file that is in memory.
struct Window {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The largest piece: so much must be there before a cut can be found.
    maximum: usize,
    /// Pieces before a hole must end at a multiple of this.
    alignment: usize,
    /// Zeros of a hole that come next.
    zeros: u64,
}

/// What comes after the window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// More of the same.
    None,
    /// A hole at which a piece must end.
    Hole(u64),
    /// Nothing.
    End,
}

impl Window {
    fn new(chunker: &Chunker) -> Self {
        let (maximum, alignment) = (chunker.maximum(), chunker.alignment());
        Self { buffer: vec![0; maximum + READ_AHEAD], start: 0, end: 0, maximum, alignment, zeros: 0 }
    }

    fn clear(&mut self) {
        (self.start, self.end, self.zeros) = (0, 0, 0);
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn consume(&mut self, length: usize) {
        self.start += length;
    }

    fn has_piece(&self, edge: Edge) -> bool {
        let length = self.end - self.start;
        length >= self.maximum || (length > 0 && edge != Edge::None)
    }

    /// Reads until a cut can be found. Returns what stopped it, and how many bytes were read.
    fn fill(&mut self, reader: &mut dyn SourceReader) -> io::Result<(Edge, u64)> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let mut read = 0;
        while self.end < self.maximum {
            if self.zeros > 0 {
                self.push_zeros();
                continue;
            }
            match reader.read(&mut self.buffer[self.end..])? {
                Piece::Data(length) => {
                    self.end += length;
                    read += length as u64;
                }
                Piece::Hole(length) => {
                    if let Some(rest) = self.begin_hole(length) {
                        return Ok((Edge::Hole(rest), read));
                    }
                }
                Piece::End => return Ok((Edge::End, read)),
            }
        }
        Ok((Edge::None, read))
    }

    fn push_zeros(&mut self) {
        let length = self.zeros.min((self.buffer.len() - self.end) as u64) as usize;
        self.buffer[self.end..self.end + length].fill(0);
        self.end += length;
        self.zeros -= length as u64;
    }

    /// A small hole is read as zeros. A large one ends the piece before it; its length is returned. Where all pieces have
    /// one size, the piece before it is first filled up, so that the cuts stay where they are.
    fn begin_hole(&mut self, length: u64) -> Option<u64> {
        let missing = (self.alignment - self.end % self.alignment) % self.alignment;
        if length < (missing + self.maximum) as u64 {
            self.zeros = length;
            return None;
        }
        self.buffer[self.end..self.end + missing].fill(0);
        self.end += missing;
        Some(length - missing as u64)
    }
}
