//! A volume as a tree of files: its segments, and what is told of them.

use super::bits::Bits;
use super::description::Description;
use super::image::{Extent, Image};
use super::layout::{self, DESCRIPTION, PIECE, Place, SEGMENTS};
use super::since::Since;
use crate::engine::drivers::Fault;
use crate::repository::{
    Child, Children, Control, Cut, Estimate, FileState, Node, NodeKind, Piece, SourceItem, SourceReader, Timestamp,
    TreeSource,
};
use parking_lot::Mutex;
use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

/// How much is read at once to see whether a segment is all zeros. Nearly always the first tells.
const LOOK: usize = 256 << 10;

/// A time that no segment is stored with. What is listed with it is always read: nothing but a bitmap tells whether a part of
/// a volume has changed. All are stored with one time, so that what is told of them is stored once.
const ALWAYS_READ: Timestamp = Timestamp::new(1, 0);

/// An open volume.
pub(super) struct VolumeTree {
    image: Box<dyn Image>,
    description: Description,
    /// What changed since the parent snapshot, where that is known.
    since: Option<Since>,
    /// The segments that were listed so far.
    present: Mutex<Bits>,
    /// The first thing that could not be read: there is no recovery point.
    fault: Mutex<Option<Fault>>,
}

impl VolumeTree {
    pub(super) fn new(image: Box<dyn Image>, description: Description, since: Option<Since>) -> Self {
        let present = Mutex::new(Bits::new(layout::segments(image.size())));
        Self { image, description, since, present, fault: Mutex::default() }
    }

    pub(super) fn image(&self) -> &dyn Image {
        self.image.as_ref()
    }

    /// Why not all of it could be read.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault.lock().clone()
    }

    /// Remembers a fault: from now on nothing more is read.
    fn fail<T>(&self, result: Result<T, Fault>) -> io::Result<T> {
        result.map_err(|fault| {
            let error = io::Error::other(fault.to_string());
            self.fault.lock().get_or_insert(fault);
            error
        })
    }

    fn go_on(&self) -> io::Result<()> {
        self.fault.lock().as_ref().map_or(Ok(()), |fault| Err(io::Error::other(fault.to_string())))
    }

    /// Where the segments begin and end, as many bytes as there are.
    fn segment(&self, number: u64) -> Range<u64> {
        layout::bytes_of(number, self.image.size())
    }

    fn is_hole(&self, range: Range<u64>) -> Result<bool, Fault> {
        Ok(self.image.extents(range)?.iter().all(|extent| extent.is_zero))
    }

    fn is_zero(&self, range: Range<u64>) -> Result<bool, Fault> {
        let (mut at, mut buffer) = (range.start, vec![0; LOOK]);
        let zeros = vec![0; LOOK];
        for Extent { length, is_zero } in self.image.extents(range)? {
            let end = at + length;
            while at < end && !is_zero {
                let wanted = (end - at).min(LOOK as u64) as usize;
                self.image.read_at(&mut buffer[..wanted], at)?;
                if buffer[..wanted] != zeros[..wanted] {
                    return Ok(false);
                }
                at += wanted as u64;
            }
            at = end;
        }
        Ok(true)
    }

    /// A segment of a folder's listing; none for one that is all zeros.
    fn listed(&self, number: u64) -> io::Result<Option<Child>> {
        self.go_on()?;
        let range = self.segment(number);
        let found = match &self.since {
            Some(since) if !since.changed(range.clone()) => since.had(number).then_some(true),
            Some(since) if since.had(number) => {
                let gone = self.fail(self.is_hole(range.clone()))?;
                (!gone).then_some(false)
            }
            _ => {
                let absent = self.fail(self.is_zero(range.clone()))?;
                (!absent).then_some(false)
            }
        };
        let Some(unchanged_since_parent) = found else { return Ok(None) };
        self.present.lock().add(number);
        let mut item = file(range.end - range.start);
        item.cut = Cut::Fixed(PIECE);
        if unchanged_since_parent {
            (item.unchanged_since_parent, item.node.changed) = (true, Timestamp::default());
        }
        Ok(Some(Child { name: layout::segment_name(number).into(), item: Some(item) }))
    }

    /// The folders of segments in which there is anything, in the order of their names.
    fn listed_folders(&self) -> impl Iterator<Item = io::Result<Child>> + '_ {
        let mut folders: Vec<(String, u64)> =
            (0..layout::folders(self.image.size())).map(|number| (layout::folder_name(number), number)).collect();
        folders.sort();
        folders.into_iter().filter_map(|(name, number)| {
            let child = Child { name: name.into(), item: Some(folder()) };
            match self.go_on().and_then(|()| self.fail(self.is_hole(self.folder_bytes(number)))) {
                Ok(hole) => (!hole).then_some(Ok(child)),
                Err(error) => Some(Err(error)),
            }
        })
    }

    fn folder_bytes(&self, folder: u64) -> Range<u64> {
        let segments = layout::segments_in(folder, self.image.size());
        self.segment(segments.start).start..self.segment(segments.end.saturating_sub(1)).end
    }

    /// What is told of the volume, once all segments were listed: which of them are there stands in it.
    fn told(&self) -> Vec<u8> {
        self.description.with(&self.present.lock()).to_bytes()
    }
}

fn place(path: &Path) -> io::Result<Place> {
    let names = path.iter().skip(1).map(OsStr::as_bytes);
    Place::of(names).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn folder() -> SourceItem {
    let node = Node { kind: NodeKind::Directory, permissions: 0o700, ..Node::default() };
    SourceItem { node, ..SourceItem::default() }
}

fn file(size: u64) -> SourceItem {
    let node = Node { permissions: 0o600, size, links: 1, changed: ALWAYS_READ, ..Node::default() };
    SourceItem { node, ..SourceItem::default() }
}

impl TreeSource for VolumeTree {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        match place(path)? {
            Place::Root | Place::Segments | Place::Folder(_) => Ok(folder()),
            Place::Description => Ok(file(self.told().len() as u64)),
            Place::Segment(number) => Ok(file(self.segment(number).end - self.segment(number).start)),
        }
    }

    fn children(&self, folder_path: &Path) -> io::Result<Children<'_>> {
        match place(folder_path)? {
            Place::Root => {
                let told = || Ok(Child { name: DESCRIPTION.into(), item: Some(file(self.told().len() as u64)) });
                let segments = Child { name: SEGMENTS.into(), item: Some(folder()) };
                Ok(Box::new(std::iter::once(Ok(segments)).chain(std::iter::once_with(told))))
            }
            Place::Segments => Ok(Box::new(self.listed_folders())),
            Place::Folder(number) => {
                let segments = layout::segments_in(number, self.image.size());
                Ok(Box::new(segments.filter_map(|number| self.listed(number).transpose())))
            }
            Place::Description | Place::Segment(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.go_on()?;
        match place(path)? {
            Place::Description => Ok(Box::new(Told { text: Arc::from(self.told()), at: 0 })),
            Place::Segment(number) => {
                let range = self.segment(number);
                let extents = self.fail(self.image.extents(range.clone()))?;
                Ok(Box::new(Segment { tree: self, at: range.start, range, extents, has_parent: false }))
            }
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn is_listed(&self, _: &Path) -> io::Result<bool> {
        Ok(true)
    }

    /// The segments in which there is anything but holes, each as a whole.
    fn estimate(&self, _: &Path, control: &Control) -> Option<Estimate> {
        let mut estimate = Estimate { files: 1, bytes: 0 };
        for number in 0..layout::segments(self.image.size()) {
            if control.is_cancelled() {
                return None;
            }
            let range = self.segment(number);
            if !self.is_hole(range.clone()).ok()? {
                estimate.files += 1;
                estimate.bytes += range.end - range.start;
            }
        }
        Some(estimate)
    }
}

fn state(size: u64) -> FileState {
    FileState { size, modified: Timestamp::default(), changed: Timestamp::default(), inode: 0 }
}

/// Reads what is told of the volume.
struct Told {
    text: Arc<[u8]>,
    at: usize,
}

impl SourceReader for Told {
    fn state(&mut self) -> io::Result<FileState> {
        Ok(state(self.text.len() as u64))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        let rest = &self.text[self.at..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(if length == 0 { Piece::End } else { Piece::Data(length) })
    }
}

/// Reads a segment: holes are told, and what the parent has is left.
struct Segment<'t> {
    tree: &'t VolumeTree,
    range: Range<u64>,
    extents: Vec<Extent>,
    at: u64,
    has_parent: bool,
}

impl Segment<'_> {
    /// The extent at the present place: whether it is zeros, and where it ends.
    fn extent(&self) -> (bool, u64) {
        let mut end = self.range.start;
        for extent in &self.extents {
            end += extent.length;
            if end > self.at {
                return (extent.is_zero, end);
            }
        }
        (false, self.range.end)
    }
}

impl SourceReader for Segment<'_> {
    fn state(&mut self) -> io::Result<FileState> {
        Ok(state(self.range.end - self.range.start))
    }

    fn parent_is_stored(&mut self) {
        self.has_parent = true;
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        let mut end = self.range.end;
        if self.at == end {
            return Ok(Piece::End);
        }
        if let Some(since) = self.tree.since.as_ref().filter(|_| self.has_parent) {
            match since.run(self.at..end) {
                (false, until) => {
                    let same = until - self.at;
                    self.at = until;
                    return Ok(Piece::AsBefore(same));
                }
                (true, until) => end = until,
            }
        }
        let (is_zero, until) = self.extent();
        end = end.min(until);
        if is_zero {
            let hole = end - self.at;
            self.at = end;
            return Ok(Piece::Hole(hole));
        }
        self.tree.go_on()?;
        let wanted = (end - self.at).min(buffer.len() as u64) as usize;
        self.tree.fail(self.tree.image.read_at(&mut buffer[..wanted], self.at))?;
        self.at += wanted as u64;
        Ok(Piece::Data(wanted))
    }
}
