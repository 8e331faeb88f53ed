//! Reading files and cutting them into pieces.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cutters::Cutter;
use super::session::{Session, add};
use super::window::{Edge, Window};
use super::work::{FileJob, PieceJob, SharedFile};
use crate::repository::packing::Encoder;
use crate::repository::source::{Arrival, FileState, Piece, SourceReader};
use crate::repository::{BlobKind, ExtendedAttribute, Id, Node, Result};

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
        let Arrival { path, cut, before } = arrival;
        let cutter = self.session.cutters.of(cut)?;
        before.iter().try_for_each(|id| self.hold(id))?;
        let mut content = Content { cutter, ids: Vec::new(), size: 0, share: true, shared: None };
        if let Err(error) = self.read_content(from, &before, &mut content)? {
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

    /// Sees to it that a piece which a file may have again is counted on: where it lies is not trusted, it is stored anew.
    fn hold(&mut self, id: &Id) -> Result<()> {
        if self.session.packing.is_stored(BlobKind::Data, id)? {
            return Ok(());
        }
        let content = self.session.repository.load_blob(BlobKind::Data, id)?;
        self.session.packing.save(&mut self.encoder, BlobKind::Data, &content).map(drop)
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
        let cutter = Arc::clone(&content.cutter);
        let chunker = &cutter.chunker;
        self.window.begin(chunker);
        loop {
            self.session.control.check()?;
            let edge = match self.window.fill(reader, chunker) {
                Ok((edge, read)) => {
                    add(&self.session.counts.bytes_read, read);
                    edge
                }
                Err(error) => return Ok(Err(error)),
            };
            while let Some(length) = self.window.next_piece(chunker, edge) {
                self.take_piece(length, edge, content)?;
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
    fn take_piece(&mut self, length: usize, edge: Edge, content: &mut Content) -> Result<()> {
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
        self.window.push_hole(length % maximum as u64);
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
