//! The bytes of a volume in a recovery point, read where they are asked for: nothing is restored for it. Pieces come from the
//! repository when they are first needed, some are kept for the next time, and what is absent reads as zeros.

use super::lately::Lately;
use crate::engine::drivers::target::steady;
use crate::engine::drivers::volume::bits::Bits;
use crate::engine::drivers::volume::description::Description;
use crate::engine::drivers::volume::layout::{self, PIECE, SEGMENT};
use crate::engine::drivers::{Fault, Inside};
use crate::repository::{self, BlobKind, Id, ItemPath, Repository};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// How many pieces are kept: 16 MiB.
const PIECES: usize = 256;
/// Of how many folders of segments the lists of pieces are kept: some 512 KiB each.
const FOLDERS: usize = 16;

/// What a folder has of its segments: the pieces of each.
type Segments = Rc<Vec<(Vec<u8>, Vec<Id>)>>;

/// Bytes of which any can be read at any time.
pub(super) trait Content {
    /// How many there are.
    fn size(&self) -> u64;

    /// How many were taken out of the repository so far.
    fn bytes_read(&self) -> u64;

    /// Fills a buffer with what lies at a place, all of which is within them.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A volume that can be read.
pub(super) struct Disk {
    repository: Arc<Repository>,
    snapshot: Id,
    root: ItemPath,
    size: u64,
    present: Bits,
    folders: RefCell<Lately<[String; 2], Segments>>,
    pieces: RefCell<Lately<Id, Rc<Vec<u8>>>>,
    read: Cell<u64>,
    /// When nothing is read any more.
    until: Option<Instant>,
}

impl Disk {
    /// With a moment from which on nothing is read any more, for who must not wait.
    pub(super) fn open(content: &Inside<'_>, until: Option<Instant>) -> Result<Self, Fault> {
        let description = Description::read(content)?;
        Ok(Self {
            repository: Arc::clone(content.repository),
            snapshot: content.snapshot,
            root: content.root.clone(),
            size: description.volume_size,
            present: description.present()?,
            folders: RefCell::new(Lately::new(FOLDERS)),
            pieces: RefCell::new(Lately::new(PIECES)),
            read: Cell::new(0),
            until,
        })
    }

    /// A piece of a segment; none of one that is all zeros.
    fn piece(&self, segment: u64, number: usize) -> io::Result<Option<Rc<Vec<u8>>>> {
        if !self.present.has(segment) {
            return Ok(None);
        }
        let [top, folder, name] = layout::names_of(segment);
        let segments = self.segments([top, folder])?;
        let found = segments.iter().find(|(known, _)| known == name.as_bytes());
        let id = found.and_then(|(_, content)| content.get(number)).copied();
        let id = id.ok_or_else(|| lacking(format!("the recovery point has no piece {number} of {name}")))?;
        if let Some(piece) = self.pieces.borrow_mut().get(&id) {
            return Ok(Some(piece));
        }
        let piece = Rc::new(stored(|| self.repository.load_blob(BlobKind::Data, &id))?);
        self.read.set(self.read.get() + piece.len() as u64);
        self.pieces.borrow_mut().keep(id, Rc::clone(&piece));
        Ok(Some(piece))
    }

    fn segments(&self, folder: [String; 2]) -> io::Result<Segments> {
        if let Some(known) = self.folders.borrow_mut().get(&folder) {
            return Ok(known);
        }
        let path = folder.iter().fold(self.root.clone(), |path, name| path.join(name.as_bytes()));
        let nodes = stored(|| self.repository.entries(&self.snapshot, &path))?;
        let segments = Rc::new(nodes.into_iter().map(|node| (node.name, node.content)).collect::<Vec<_>>());
        self.folders.borrow_mut().keep(folder, Rc::clone(&segments));
        Ok(segments)
    }
}

/// What the repository has; what it lacks is no fault of the image.
fn stored<T>(read: impl Fn() -> repository::Result<T>) -> io::Result<T> {
    steady(read).map_err(|fault| lacking(fault.to_string()))
}

fn lacking(why: String) -> io::Error {
    Fault::System(why).into_io()
}

/// Whether an error is of the recovery point that a volume is read from, and not of what its image says.
pub(super) fn is_of_store(error: &io::Error) -> bool {
    matches!(Fault::behind(error), Some(Fault::System(_)))
}

impl Content for Disk {
    fn size(&self) -> u64 {
        self.size
    }

    fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    fn read_at(&self, mut at: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            if self.until.is_some_and(|until| Instant::now() >= until) {
                let why = "It takes too long to list this here. Restore the folder, or the volume.";
                return Err(Fault::Failed(why.into()).into_io());
            }
            let within = (at % u64::from(PIECE)) as usize;
            let length = buffer.len().min(PIECE as usize - within);
            let (here, rest) = buffer.split_at_mut(length);
            match self.piece(at / SEGMENT, (at % SEGMENT / u64::from(PIECE)) as usize)? {
                None => here.fill(0),
                Some(piece) => {
                    let missing = || lacking(format!("the stored piece at byte {at} is too short"));
                    here.copy_from_slice(piece.get(within..within + length).ok_or_else(missing)?);
                }
            }
            at += length as u64;
            buffer = rest;
        }
        Ok(())
    }
}

/// A part of a volume, as what lies in it sees it: from 0 on.
#[derive(Clone)]
pub(super) struct Window {
    of: Rc<dyn Content>,
    start: u64,
    length: u64,
}

impl Window {
    /// The bytes from `start` on; those beyond the volume's end are none of it.
    pub(super) fn new(of: &Rc<dyn Content>, start: u64, length: u64) -> Self {
        let length = length.min(of.size().saturating_sub(start));
        Self { of: Rc::clone(of), start, length }
    }

    /// A part of it, as far as it has that.
    pub(super) fn part(&self, start: u64, length: u64) -> Self {
        let length = length.min(self.length.saturating_sub(start));
        Self { of: Rc::clone(&self.of), start: self.start.saturating_add(start), length }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Fills a buffer with what lies at a place.
    pub(super) fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        let fits = at.checked_add(buffer.len() as u64).is_some_and(|end| end <= self.length);
        if !fits {
            let why = format!("byte {at} and {} more lie beyond its end at {}", buffer.len(), self.length);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        self.of.read_at(self.start + at, buffer)
    }

    /// As many bytes at a place; zeros where it has none.
    pub(super) fn peek<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        let mut found = [0; N];
        let have = self.length.saturating_sub(at).min(N as u64) as usize;
        if have > 0 {
            self.read_at(at, &mut found[..have])?;
        }
        Ok(found)
    }
}
