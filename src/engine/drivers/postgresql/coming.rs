//! The archive that comes, read once from its beginning to its end.

use super::archive::Archive;
use super::faults;
use super::incremental::{Base, Changes, Old, Parts, Rebuilt, Relation, Whole};
use super::manifest::{AllMade, Content, Contents, LARGEST_MANIFEST, MANIFEST, Made, Manifest};
use super::tar::{Entry, Kind, Tar};
use super::tree::{CUT, ROOT, Tree};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Running, Watched};
use crate::engine::drivers::crc32c::crc32c;
use crate::repository::{Arrival, Arrivals, Control, Id};
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, BufReader, Cursor, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// What says where recovery begins.
const LABEL: &str = "backup_label";

/// The most that it may have, and what begins a line of it that is of no whole backup.
const LARGEST_LABEL: usize = 64 << 10;
const OF_CHANGES: &str = "INCREMENTAL FROM ";

/// How long until it is tried again without what could not be read.
const AGAIN: chrono::Duration = chrono::Duration::seconds(1);

type Stream<'a> = Tar<BufReader<Watched<'a>>>;

/// What is read of the program.
fn stream(running: Running, control: &Control) -> Stream<'_> {
    Tar::new(BufReader::with_capacity(64 << 10, running.watched_by(control)))
}

/// The program whose archive was read.
fn program(stream: Stream<'_>) -> Running {
    stream.into_inner().into_inner().into_inner()
}

/// An archive that is read.
pub(super) struct Coming<'a> {
    archive: &'a Archive,
    control: &'a Control,
    tar: Option<Stream<'a>>,
    /// What it builds on, if it has only what changed.
    base: Option<Box<Base>>,
    /// What the files became that were put together.
    made: AllMade,
    /// Whether anything came, and whether that does not count any more.
    begun: bool,
    began_anew: bool,
    /// What comes of the present file.
    present: Option<Present>,
}

/// A file that comes.
struct Present {
    /// The path that it came under, and how long it is there.
    came_as: PathBuf,
    length: u64,
    source: From,
}

/// Where what comes of a file is from.
enum From {
    /// What the archive has of it.
    Archive,
    /// What was made of that.
    Made(Cursor<Vec<u8>>),
    /// It is put together, and lies under this path.
    Rebuilt(Box<Rebuilt>, PathBuf),
}

impl<'a> Coming<'a> {
    /// The archive of a program, which has all of the cluster, or what changed since a base; of none where it was read already.
    pub(super) fn new(
        archive: &'a Archive,
        program: Option<(Running, Option<Box<Base>>)>,
        control: &'a Control,
    ) -> Self {
        let (running, base) = program.unzip();
        let tar = running.map(|running| stream(running, control));
        let (base, made) = (base.flatten(), AllMade::new());
        Self { archive, control, tar, base, made, begun: false, began_anew: false, present: None }
    }

    fn ended() -> io::Error {
        io::Error::other("a backup of a server can be read only once")
    }

    fn tar(&mut self) -> io::Result<&mut Stream<'a>> {
        self.tar.as_mut().ok_or_else(Self::ended)
    }

    /// What the program said last, of why the archive broke off.
    fn said(&mut self) -> Option<String> {
        let ended = program(self.tar.take()?).finish();
        let said = ended.map_or_else(|fault| fault.to_string(), |ended| ended.said);
        Some(said).filter(|said| !said.is_empty())
    }

    /// The end of the backup, where the archive broke off: what the program said tells more than that it did.
    fn broken(&mut self, error: io::Error) -> io::Error {
        match self.said() {
            Some(said) => self.give_up(faults::fault(&self.archive.archiver.address, &said)),
            None => error,
        }
    }

    fn give_up(&mut self, fault: Fault) -> io::Error {
        let denied = matches!(fault, Fault::Denied(_));
        let kind = if denied { io::ErrorKind::PermissionDenied } else { io::ErrorKind::Other };
        let error = io::Error::new(kind, fault.to_string());
        self.archive.state.lock().broke_off = Some(fault);
        error
    }

    /// The end of this attempt: what came is nothing that could be counted on. The last attempt reads all.
    fn distrust(&mut self, why: &str) -> io::Error {
        let place = self.archive.archiver.address.place();
        let why = format!("The pages that changed on the PostgreSQL server at {place} make no whole backup: {why}");
        self.give_up(Fault::Temporary { why, after: AGAIN })
    }

    /// Begins anew, with all of the cluster.
    fn read_all(&mut self, why: String) -> io::Result<()> {
        // The program has ended before another one begins.
        (self.tar, self.base, self.made, self.present) = (None, None, AllMade::new(), None);
        self.began_anew |= self.begun;
        let started = self.archive.archiver.start(None);
        let running = started.map_err(|fault| self.give_up(fault))?;
        self.tar = Some(stream(running, self.control));
        let came = &mut self.archive.state.lock().came;
        (came.tree, came.contents) = (Tree::new(Path::new(ROOT)), Contents::new());
        came.whole = Some(Whole::unexpected(why));
        Ok(())
    }

    /// The next entry of the archive. A server that does not tell what changed says so before the first: whatever it says, it is
    /// asked for all.
    fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let error = match self.tar()?.next() {
                Ok(entry) => {
                    self.begun = true;
                    return Ok(entry);
                }
                Err(error) => error,
            };
            if self.base.is_none() || self.begun || self.control.is_cancelled() {
                return Err(self.broken(error));
            }
            let said = self.said().unwrap_or_else(|| error.to_string());
            self.read_all(said)?;
        }
    }

    /// A file of which the pages that changed come; the inner error says why it cannot be put together.
    fn changed(&mut self, entry: &Entry, relation: &Relation) -> io::Result<Result<Rebuilt, String>> {
        let division = self.archive.division;
        let read = match Changes::read(self.tar()?, entry.size, division) {
            Ok(changes) if relation.is_map => Ok(changes.alone()),
            Ok(changes) => changes.within(division),
            Err(error) => Err(error),
        };
        let changes = match read {
            Ok(changes) => changes,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Ok(Err(format!("{}: {error}", relation.path.display())));
            }
            Err(error) => return Err(self.broken(error)),
        };
        if relation.is_map {
            return Ok(Ok(Rebuilt::new(Old::default(), changes)));
        }
        let path = &relation.path;
        let old = self.base.as_mut().map_or(Ok(None), |base| base.old(path));
        let missing = || format!("what the recovery point before has of {} is not there, or damaged", path.display());
        let old = old.map_err(|fault| fault.to_string()).and_then(|old| old.ok_or_else(missing));
        Ok(old.map(|old| Rebuilt::new(old, changes)))
    }

    /// All of the present file, which has no more than that.
    fn all(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let read = self.tar()?.take(most as u64 + 1).read_to_end(&mut content);
        read.map_err(|error| self.broken(error))?;
        if content.len() > most {
            return Err(io::Error::other("its backup_manifest or backup_label is too large"));
        }
        Ok(content)
    }

    /// The manifest of all that was put together, once that is known to be what the server meant.
    fn manifest_of_whole(&mut self) -> io::Result<Vec<u8>> {
        let sent = Manifest::read(&self.all(LARGEST_MANIFEST)?).and_then(|manifest| {
            self.base.as_ref().map_or(Ok(()), |base| base.history().is_before(&manifest))?;
            manifest.of_whole(&self.archive.state.lock().came.contents, &self.made)
        });
        let manifest = sent.map_err(|why| self.distrust(&why))?;
        let came = &mut self.archive.state.lock().came;
        came.contents.extend(self.made.values().map(|made| (made.path.clone(), made.content)));
        came.manifest.clone_from(&manifest);
        Ok(manifest)
    }

    /// The label without what it says of changes.
    fn label_of_whole(&mut self) -> io::Result<Vec<u8>> {
        let label = self.all(LARGEST_LABEL)?;
        let came = Content { size: label.len() as u64, sum: crc32c(&[&label]) };
        self.archive.state.lock().came.contents.insert(LABEL.into(), came);
        let is_of_whole = |line: &&[u8]| !line.starts_with(OF_CHANGES.as_bytes());
        let label: Vec<u8> =
            label.split_inclusive(|byte| *byte == b'\n').filter(is_of_whole).flatten().copied().collect();
        let content = Content { size: label.len() as u64, sum: crc32c(&[&label]) };
        self.made.insert(LABEL.into(), Made { path: LABEL.into(), content });
        Ok(label)
    }

    /// What is to come of an entry, and its entry in the tree; the inner error says why all has to be read instead.
    fn source_of(&mut self, entry: Entry) -> io::Result<Result<(Entry, From), String>> {
        if self.base.is_none() || entry.kind != Kind::File {
            return Ok(Ok((entry, From::Archive)));
        }
        if entry.path == MANIFEST.as_bytes() || entry.path == LABEL.as_bytes() {
            let is_label = entry.path == LABEL.as_bytes();
            let content = if is_label { self.label_of_whole() } else { self.manifest_of_whole() }?;
            let size = content.len() as u64;
            return Ok(Ok((Entry { size, ..entry }, From::Made(Cursor::new(content)))));
        }
        let Some(relation) = Relation::of(&entry.path) else { return Ok(Ok((entry, From::Archive))) };
        if relation.is_map && relation.is_later {
            // What is known of a map lies in its first segment, which would have to be full.
            return Ok(Err(format!("{} is of a visibility map of more than a segment", relation.path.display())));
        }
        if !relation.changes {
            return Ok(Ok((entry, From::Archive)));
        }
        Ok(self.changed(&entry, &relation)?.map(|rebuilt| {
            let path = relation.path.as_os_str().as_bytes().to_vec();
            (Entry { path, size: rebuilt.size(), ..entry }, From::Rebuilt(Box::new(rebuilt), relation.path))
        }))
    }

    /// The present file came to its end.
    fn came(&mut self, present: &Present) -> io::Result<()> {
        let Some(sum) = self.tar.as_ref().and_then(Tar::sum) else {
            return Err(self.distrust("a file of changed pages has more than was put together"));
        };
        let content = Content { size: present.length, sum };
        match &present.source {
            // What it came as is noted where that was read.
            From::Made(_) => return Ok(()),
            From::Archive => {}
            From::Rebuilt(rebuilt, path) => {
                let content = Content { size: rebuilt.size(), sum: rebuilt.sum().unwrap_or_default() };
                self.made.insert(present.came_as.clone(), Made { path: path.clone(), content });
            }
        }
        self.archive.state.lock().came.contents.insert(present.came_as.clone(), content);
        Ok(())
    }
}

impl Arrivals for Coming<'_> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        loop {
            let Some(entry) = self.next_entry()? else {
                let running = self.tar.take().map(program);
                self.archive.state.lock().came.program = running;
                return Ok(None);
            };
            let plain = entry.path.strip_prefix(b"./").unwrap_or(&entry.path).to_vec();
            let (came_as, length) = (PathBuf::from(OsString::from_vec(plain)), entry.size);
            let (entry, source) = match self.source_of(entry)? {
                Ok(taken) => taken,
                Err(why) => {
                    self.read_all(why)?;
                    continue;
                }
            };
            let path = self.archive.state.lock().came.tree.add(&entry)?;
            if entry.kind == Kind::File {
                let before = if let From::Rebuilt(rebuilt, _) = &source { rebuilt.pieces() } else { Vec::new() };
                self.present = Some(Present { came_as, length, source });
                return Ok(Some(Arrival { path, cut: CUT, before }));
            }
        }
    }

    fn began_anew(&mut self) -> bool {
        std::mem::take(&mut self.began_anew)
    }

    fn as_before(&mut self) -> io::Result<u64> {
        let Some(Present { source: From::Rebuilt(rebuilt, _), .. }) = &mut self.present else { return Ok(0) };
        Ok(rebuilt.as_before())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut present = self.present.take().ok_or_else(Self::ended)?;
        let read = match &mut present.source {
            From::Archive => self.read_archive(buffer, &present.came_as)?,
            From::Made(made) => made.read(buffer)?,
            From::Rebuilt(rebuilt, _) => self.read_rebuilt(rebuilt, buffer)?,
        };
        if read == 0 {
            self.came(&present)?;
        }
        self.present = Some(present);
        Ok(read)
    }
}

impl Coming<'_> {
    fn read_archive(&mut self, buffer: &mut [u8], path: &Path) -> io::Result<usize> {
        let read = self.tar()?.read(buffer).map_err(|error| self.broken(error))?;
        if path == Path::new(MANIFEST) {
            let manifest = &mut self.archive.state.lock().came.manifest;
            if manifest.len() + read > LARGEST_MANIFEST {
                return Err(io::Error::other("its backup_manifest is too large"));
            }
            manifest.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }

    fn read_rebuilt(&mut self, rebuilt: &mut Rebuilt, buffer: &mut [u8]) -> io::Result<usize> {
        let (Some(tar), Some(base)) = (&mut self.tar, &self.base) else { return Err(Self::ended()) };
        let unread = RefCell::new(None);
        let piece = |id: &Id| {
            self.control.check().map_err(io::Error::other)?;
            base.piece(id).map_err(|fault| {
                let error = io::Error::other(fault.to_string());
                unread.replace(Some(fault));
                error
            })
        };
        let read = rebuilt.read(buffer, &mut Parts { pages: tar, piece: &piece });
        read.map_err(|error| match unread.take() {
            // It is known to be unreadable now: the next attempt does not build on it.
            Some(fault) => self.distrust(&format!("what the recovery point before has cannot be read: {fault}")),
            None => self.broken(error),
        })
    }
}
