//! Reading files and cutting them into pieces.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cutters::Cutter;
use super::session::{Session, add};
use super::work::{FileJob, PieceJob, SharedFile};
use crate::repository::chunker::Chunker;
use crate::repository::packing::Encoder;
use crate::repository::source::{Arrival, FileState, Piece, SourceReader};
use crate::repository::{BlobKind, ExtendedAttribute, Id, Node, Result};

/// Read ahead of the largest piece, so that the rest need not be moved for each read.
const READ_AHEAD: usize = 4 << 20;
/// How often a file is read that changes while it is read.
const ATTEMPTS: u32 = 3;
/// A longer file is read only once: most that are long and never still are a database's or a machine's disk.
const REREAD: u64 = 64 << 20;

/// What one worker reads and stores with.
pub(super) struct Reader<'s, 'a> {
    session: &'s Session<'a>,
    encoder: Encoder,
    window: Window,
}

/// A file's pieces so far. Those that others have are filled in at the end.
struct Content {
    cutter: Arc<Cutter>,
    ids: Vec<Id>,
    size: u64,
    /// Whether others may have pieces.
    share: bool,
    shared: Option<Arc<SharedFile>>,
}

/// A file as it was read once.
struct Reading {
    /// What it was like before.
    state: FileState,
    content: Content,
    /// The extended attributes, where they come with the content.
    attributes: Option<Vec<ExtendedAttribute>>,
    /// Whether it was the same afterwards.
    still: bool,
}

impl<'s, 'a> Reader<'s, 'a> {
    pub(super) fn new(session: &'s Session<'a>) -> Self {
        let encoder = Encoder::new(session.repository.options().compression_level);
        Self { session, encoder, window: Window::default() }
    }

    /// Reads a file and stores its pieces. What is wrong with the file itself becomes an issue or a note.
    pub(super) fn read(&mut self, mut job: FileJob) -> Result<()> {
        let cutter = self.session.cutters.of(job.cut)?;
        let before = job.before.take();
        let before = before.as_deref();
        let mut reading = match self.read_once(&job.path, &cutter, before, None, 1)? {
            Ok(reading) => reading,
            Err(error) => return self.give_up(&job, &error),
        };
        let mut attempt = 1;
        while !reading.still {
            if attempt == ATTEMPTS || reading.state.size > REREAD {
                let torn = "it changed while it was read: what is stored may be part old and part new";
                self.session.missing(&job.path, torn);
                break;
            }
            attempt += 1;
            // A file that only grows, as a log does, is never still. What was there before is the same each time.
            let length = (attempt == ATTEMPTS).then_some(reading.content.size);
            let again = match self.read_once(&job.path, &cutter, before, length, attempt)? {
                Ok(again) => again,
                Err(error) => return self.give_up(&job, &error),
            };
            let same = attempt == ATTEMPTS && again.content.ids == reading.content.ids;
            reading = again;
            if same && !reading.still {
                self.session.note(&job.path, "it grew while it was read, and is stored as it was before");
                break;
            }
        }
        let Reading { state, content, attributes, .. } = reading;
        (job.node.modified, job.node.accessed, job.node.changed) = (state.modified, state.modified, state.changed);
        job.node.inode = state.inode;
        job.node.size = content.size;
        job.node.content = content.ids;
        if let Some(attributes) = attributes {
            job.node.extended_attributes = attributes;
        }
        match content.shared {
            None => self.finish(job),
            Some(shared) => {
                *shared.file.lock() = Some(job);
                self.let_go(&shared)
            }
        }
    }

    /// Takes a file that comes before the walk. The inner result is the source's.
    pub(super) fn receive(&mut self, arrival: Arrival, from: &mut dyn SourceReader) -> Result<io::Result<()>> {
        let Arrival { path, cut } = arrival;
        let cutter = self.session.cutters.of(cut)?;
        let mut content = Content { cutter, ids: Vec::new(), size: 0, share: true, shared: None };
        if let Err(error) = self.read_content(from, &[], &mut content)? {
            return Ok(Err(error));
        }
        let node = Node { size: content.size, content: content.ids, ..Node::default() };
        let job = FileJob { path, node, cut, place: None, before: None };
        match content.shared {
            None => self.finish(job)?,
            Some(shared) => {
                *shared.file.lock() = Some(job);
                self.let_go(&shared)?;
            }
        }
        Ok(Ok(()))
    }

    /// Reads a file from its beginning, at most `length` bytes of it. The inner result is the source's.
    fn read_once(
        &mut self,
        path: &Path,
        cutter: &Arc<Cutter>,
        before: Option<&[Id]>,
        length: Option<u64>,
        attempt: u32,
    ) -> Result<io::Result<Reading>> {
        let source = self.session.source;
        let mut opened = source.open(path);
        if opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) && self.session.is_listed(path) {
            // Another file was put in its place between the two questions.
            opened = source.open(path);
        }
        let (state, mut reader) = match opened.and_then(|mut reader| Ok((reader.state()?, reader))) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        if before.is_some() && length.is_none() {
            reader.parent_is_stored();
        }
        if let Some(length) = length {
            reader = Box::new(Beginning { reader, left: length });
        }
        if attempt > 1 {
            self.session.control.progress.expect(0, length.unwrap_or(state.size));
        }
        let mut content =
            Content { cutter: Arc::clone(cutter), ids: Vec::new(), size: 0, share: attempt == 1, shared: None };
        let read = self.read_content(reader.as_mut(), before.unwrap_or_default(), &mut content)?;
        Ok(read.and_then(|()| reader.state()).map(|after| {
            let still = after == state && content.size == state.size;
            Reading { state, content, attributes: reader.attributes(), still }
        }))
    }

    /// Stores a piece of a file that another worker reads.
    pub(super) fn store(&mut self, piece: PieceJob) -> Result<()> {
        let id = self.session.packing.save(&mut self.encoder, BlobKind::Data, &piece.content)?;
        piece.file.pieces.lock().push((piece.position, id));
        self.let_go(&piece.file)
    }

    /// Whoever lets go last completes the file.
    fn let_go(&mut self, shared: &SharedFile) -> Result<()> {
        if shared.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return Ok(());
        }
        let Some(mut job) = shared.file.lock().take() else { return Ok(()) };
        for (position, id) in shared.pieces.lock().drain(..) {
            job.node.content[position] = id;
        }
        self.finish(job)
    }

    fn finish(&mut self, job: FileJob) -> Result<()> {
        let Some(place) = &job.place else {
            self.session.arrived.put(job.path, job.node);
            return Ok(());
        };
        add(&self.session.counts.bytes_total, job.node.size);
        self.session.control.progress.advance(1, 0);
        self.session.deliver(&mut self.encoder, place, Some(job.node))
    }

    /// A file that cannot be read is not stored.
    fn give_up(&mut self, job: &FileJob, error: &io::Error) -> Result<()> {
        self.session.not_stored(&job.path, error);
        job.place.as_ref().map_or(Ok(()), |place| self.session.deliver(&mut self.encoder, place, None))
    }

    /// The outer result is the storage's, the inner one the source's.
    fn read_content(
        &mut self,
        reader: &mut dyn SourceReader,
        before: &[Id],
        content: &mut Content,
    ) -> Result<io::Result<()>> {
        self.window.begin(&content.cutter.chunker);
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
                Edge::AsBefore(length) => {
                    if let Err(error) = self.keep_before(length, before, content) {
                        return Ok(Err(error));
                    }
                }
                Edge::End => return Ok(Ok(())),
            }
        }
    }

    /// Cuts one piece off the window and stores it, or offers it to the others when more will follow.
    fn take_piece(&mut self, edge: Edge, content: &mut Content) -> Result<()> {
        let length = content.cutter.chunker.cut(self.window.bytes());
        let piece = &self.window.bytes()[..length];
        let more = edge != Edge::End || length < self.window.bytes().len();
        let position = content.ids.len();
        if more && content.share && self.session.queue.has_room() {
            let shared = content.shared.get_or_insert_with(SharedFile::new);
            shared.left.fetch_add(1, Ordering::AcqRel);
            let job = PieceJob { file: shared.clone(), position, content: piece.to_vec() };
            self.session.queue.push_piece(job, length);
            content.ids.push(Id::from_bytes([0; Id::LENGTH]));
        } else {
            content.ids.push(self.session.packing.save(&mut self.encoder, BlobKind::Data, piece)?);
        }
        content.add(self.session, length as u64);
        self.window.consume(length);
        Ok(())
    }

    /// A large hole becomes pieces of zeros, which are hashed once for the whole backup. What is left goes with the data
    /// behind it.
    fn store_hole(&mut self, length: u64, content: &mut Content) -> Result<()> {
        let maximum = content.cutter.chunker.maximum();
        let id = match content.cutter.zeros.get() {
            Some(id) => *id,
            None => {
                let id = self.session.packing.save(&mut self.encoder, BlobKind::Data, &vec![0; maximum])?;
                *content.cutter.zeros.get_or_init(|| id)
            }
        };
        let pieces = length / maximum as u64;
        content.ids.extend(std::iter::repeat_n(id, pieces as usize));
        content.add(self.session, pieces * maximum as u64);
        self.window.zeros = length % maximum as u64;
        Ok(())
    }
}

impl Reader<'_, '_> {
    /// Takes pieces over from the parent that the source vouches for.
    fn keep_before(&self, length: u64, before: &[Id], content: &mut Content) -> io::Result<()> {
        let size = content.cutter.chunker.maximum() as u64;
        let first = content.ids.len();
        let end = first + length.div_ceil(size) as usize;
        let wrong = || io::Error::other("it is told to be as before where the parent has nothing of it");
        let kept = before.get(first..end).ok_or_else(wrong)?;
        if !length.is_multiple_of(size) && end != before.len() {
            return Err(io::Error::other("it is told to be as before up to the midst of a piece"));
        }
        content.ids.extend_from_slice(kept);
        content.add(self.session, length);
        Ok(())
    }
}

/// The beginning of a file.
struct Beginning<'a> {
    reader: Box<dyn SourceReader + 'a>,
    left: u64,
}

impl SourceReader for Beginning<'_> {
    fn state(&mut self) -> io::Result<FileState> {
        self.reader.state()
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        let wanted = self.left.min(buffer.len() as u64) as usize;
        if wanted == 0 {
            return Ok(Piece::End);
        }
        let piece = match self.reader.read(&mut buffer[..wanted])? {
            Piece::Hole(length) => Piece::Hole(length.min(self.left)),
            piece => piece,
        };
        self.left -= match piece {
            Piece::Data(length) => length as u64,
            Piece::Hole(length) | Piece::AsBefore(length) => length,
            Piece::End => 0,
        };
        Ok(piece)
    }

    fn attributes(&mut self) -> Option<Vec<ExtendedAttribute>> {
        self.reader.attributes()
    }
}

impl Content {
    fn add(&mut self, session: &Session<'_>, length: u64) {
        self.size += length;
        session.control.progress.advance(0, length);
    }
}

/// The part of a file that is in memory.
#[derive(Default)]
struct Window {
    /// Kept from file to file; as long as the largest pieces so far needed it.
    buffer: Vec<u8>,
    /// How much of it is used for the present file.
    limit: usize,
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
    /// What the parent has.
    AsBefore(u64),
    /// Nothing.
    End,
}

impl Window {
    /// Nothing of a file that is cut that way.
    fn begin(&mut self, chunker: &Chunker) {
        (self.maximum, self.alignment) = (chunker.maximum(), chunker.alignment());
        self.limit = self.maximum + READ_AHEAD;
        if self.buffer.len() < self.limit {
            self.buffer = vec![0; self.limit];
        }
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
            match reader.read(&mut self.buffer[self.end..self.limit])? {
                Piece::Data(length) => {
                    self.end += length;
                    read += length as u64;
                }
                Piece::Hole(length) => {
                    if let Some(rest) = self.begin_hole(length) {
                        return Ok((Edge::Hole(rest), read));
                    }
                }
                Piece::AsBefore(_) if !self.end.is_multiple_of(self.alignment) => {
                    return Err(io::Error::other("it is told to be as before from the midst of a piece"));
                }
                Piece::AsBefore(length) => return Ok((Edge::AsBefore(length), read)),
                Piece::End => return Ok((Edge::End, read)),
            }
        }
        Ok((Edge::None, read))
    }

    fn push_zeros(&mut self) {
        let length = self.zeros.min((self.limit - self.end) as u64) as usize;
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
