//! The files of a stream, one after the other.

use super::aside::Aside;
use super::stream::{Chunk, Is, Stream};
use super::tree::Tree;
use crate::repository::{Arrival, Cut};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How files are cut: in four pages.
const CUT: Cut = Cut::Fixed(64 << 10);

/// The log, whose pieces come in between those of all other files.
const LOG: &str = "ib_logfile0";

/// Small files that tell what the copy is, and the most that is kept of each.
pub(super) const TOLD: [&str; 3] = ["xtrabackup_checkpoints", "xtrabackup_info", "backup-my.cnf"];
const MOST_TOLD: usize = 64 << 10;

/// What came: the tree, and what the copy says of itself.
pub(super) struct Came {
    pub(super) tree: Tree,
    pub(super) told: BTreeMap<PathBuf, Vec<u8>>,
}

/// Files that come. What comes in between the pieces of another file waits until the end.
pub(super) struct Files<R> {
    stream: Stream<R>,
    current: Option<Current>,
    waiting: BTreeMap<PathBuf, Aside>,
    /// Whether the file that waits came to its end.
    ended: Vec<PathBuf>,
    is_at_end: bool,
}

/// The file that is read.
struct Current {
    /// Its path in the stream.
    name: PathBuf,
    /// Its path in the tree.
    path: PathBuf,
    read: u64,
    from: Origin,
}

/// Where its bytes come from.
enum Origin {
    /// The stream, until the file's end.
    Stream { is_ended: bool },
    /// What waited.
    Waited(File),
}

impl<R: Read> Files<R> {
    pub(super) fn new(from: R) -> Self {
        let (waiting, ended) = (BTreeMap::new(), Vec::new());
        Self { stream: Stream::new(from), current: None, waiting, ended, is_at_end: false }
    }

    /// Whatever it was read from.
    pub(super) fn into_inner(self) -> R {
        self.stream.into_inner()
    }

    /// The next file; nothing when all of them came whole.
    pub(super) fn next(&mut self, came: &mut Came) -> io::Result<Option<Arrival>> {
        if self.current.take().is_some_and(|current| matches!(current.from, Origin::Stream { is_ended: false })) {
            return Err(broken("a file was not read to its end"));
        }
        while !self.is_at_end {
            let Some(chunk) = self.stream.next()? else {
                self.is_at_end = true;
                break;
            };
            if is_log(&chunk.path) || self.waiting.contains_key(&chunk.path) {
                self.put_aside(&chunk)?;
                continue;
            }
            let path = came.tree.begin(&chunk.path)?;
            let from = match chunk.is {
                Is::Content { at: 0 } => Origin::Stream { is_ended: false },
                Is::Content { .. } => return Err(broken("a file does not begin at its beginning")),
                Is::End => Origin::Stream { is_ended: true },
            };
            self.current = Some(Current { name: chunk.path, path: path.clone(), read: 0, from });
            return Ok(Some(Arrival::whole(path, CUT)));
        }
        self.next_that_waited(came)
    }

    fn next_that_waited(&mut self, came: &mut Came) -> io::Result<Option<Arrival>> {
        let Some((name, aside)) = self.waiting.pop_first() else { return Ok(None) };
        if !self.ended.contains(&name) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let path = came.tree.begin(&name)?;
        let from = Origin::Waited(aside.into_file()?);
        self.current = Some(Current { name, path: path.clone(), read: 0, from });
        Ok(Some(Arrival::whole(path, CUT)))
    }

    /// The next bytes of the file that came last; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8], came: &mut Came) -> io::Result<usize> {
        let Some(mut current) = self.current.take() else { return Ok(0) };
        let read = self.read_current(&mut current, buffer);
        let bytes = *read.as_ref().unwrap_or(&0);
        current.read += bytes as u64;
        came.tree.end(&current.path, current.read);
        if current.name.to_str().is_some_and(|name| TOLD.contains(&name)) {
            let told = came.told.entry(current.name.clone()).or_default();
            let room = MOST_TOLD.saturating_sub(told.len()).min(bytes);
            told.extend_from_slice(&buffer[..room]);
        }
        self.current = Some(current);
        read
    }

    fn read_current(&mut self, current: &mut Current, buffer: &mut [u8]) -> io::Result<usize> {
        let is_ended = match &mut current.from {
            Origin::Waited(file) => return file.read(buffer),
            Origin::Stream { is_ended } => is_ended,
        };
        while !*is_ended {
            let read = self.stream.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let chunk = self.stream.next()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match chunk.is {
                _ if chunk.path != current.name => self.put_aside(&chunk)?,
                Is::Content { at } if at == current.read => {}
                Is::Content { .. } => return Err(broken("a piece of a file is missing")),
                Is::End => *is_ended = true,
            }
        }
        Ok(0)
    }

    fn put_aside(&mut self, chunk: &Chunk) -> io::Result<()> {
        if !self.waiting.contains_key(&chunk.path) {
            self.waiting.insert(chunk.path.clone(), Aside::new()?);
        }
        let Some(aside) = self.waiting.get_mut(&chunk.path) else { return Ok(()) };
        if self.ended.contains(&chunk.path) {
            return Err(broken("a file goes on after its end"));
        }
        match chunk.is {
            Is::End => self.ended.push(chunk.path.clone()),
            Is::Content { at } if at != aside.length() => return Err(broken("a piece of a file is missing")),
            Is::Content { .. } => {
                let mut buffer = vec![0; 64 << 10];
                while let read @ 1.. = self.stream.read(&mut buffer)? {
                    aside.add(&buffer[..read])?;
                }
            }
        }
        Ok(())
    }
}

fn is_log(path: &Path) -> bool {
    path.file_name() == Some(OsStr::new(LOG))
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the stream of mariadb-backup is not whole: {what}"))
}

#[cfg(test)]
mod tests {
    use super::super::stream::tests::{content, end};
    use super::*;

    type Found = Vec<(String, Vec<u8>)>;

    fn all(bytes: &[u8]) -> io::Result<(Found, Came)> {
        let mut came = Came { tree: Tree::new(Path::new("/data"), None), told: BTreeMap::new() };
        let mut files = Files::new(bytes);
        let mut found = Vec::new();
        while let Some(arrival) = files.next(&mut came)? {
            let (mut content, mut buffer) = (Vec::new(), [0; 3]);
            while let read @ 1.. = files.read(&mut buffer, &mut came)? {
                content.extend_from_slice(&buffer[..read]);
            }
            assert_eq!(came.tree.item(&arrival.path)?.node.size, content.len() as u64);
            found.push((arrival.path.to_string_lossy().into_owned(), content));
        }
        Ok((found, came))
    }

    fn named(path: &str, content: &str) -> (String, Vec<u8>) {
        (path.to_owned(), content.as_bytes().to_vec())
    }

    #[test]
    fn what_comes_in_between_waits_and_each_file_is_whole() {
        let stream = [
            content("ib_logfile0", 0, b"log1"),
            content("a.ibd", 0, b"page"),
            content("ib_logfile0", 4, b"log2"),
            content("b.ibd", 0, b"other"),
            content("a.ibd", 4, b"s"),
            end("b.ibd"),
            end("a.ibd"),
            end("empty"),
            content("xtrabackup_info", 0, b"told"),
            end("xtrabackup_info"),
            end("ib_logfile0"),
        ];
        let (found, came) = all(&stream.concat()).unwrap();
        assert_eq!(
            found,
            [
                named("/data/a.ibd", "pages"),
                named("/data/empty", ""),
                named("/data/xtrabackup_info", "told"),
                named("/data/b.ibd", "other"),
                named("/data/ib_logfile0", "log1log2"),
            ]
        );
        assert_eq!(came.told[Path::new("xtrabackup_info")], b"told");
    }

    #[test]
    fn a_file_that_is_not_whole_is_an_error() {
        for (stream, told) in [
            (vec![content("a", 0, b"x")], "unexpected end"),
            (vec![content("ib_logfile0", 0, b"x")], "unexpected end"),
            (vec![content("a", 4, b"x"), end("a")], "not begin at its beginning"),
            (vec![content("a", 0, b"x"), content("a", 2, b"x"), end("a")], "is missing"),
            (vec![content("ib_logfile0", 1, b"x"), end("ib_logfile0")], "is missing"),
            (vec![end("ib_logfile0"), content("ib_logfile0", 0, b"x")], "after its end"),
            (vec![end("a"), content("a", 0, b"x"), end("a")], "comes twice"),
            (vec![end("../a")], "no path"),
        ] {
            let refused = all(&stream.concat()).map(drop).unwrap_err();
            let said = refused.to_string();
            assert!(
                said.contains(told) || refused.kind() == io::ErrorKind::UnexpectedEof && told.contains("end"),
                "{told}: {said}"
            );
        }
    }
}
