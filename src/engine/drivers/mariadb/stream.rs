//! The stream that `mariadb-backup --stream=mbstream` writes: files in chunks, read once from the beginning to the end.

use super::crc32::Crc32;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

const MAGIC: &[u8; 8] = b"XBSTCK01";

/// The longest path that the program writes.
const LONGEST_PATH: u32 = 4096;

/// A stream that is read.
pub(super) struct Stream<R> {
    from: R,
    /// What is left of the chunk that came last.
    left: u64,
    sum: Crc32,
    expected: u32,
}

/// A chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Of which file, by its path in the data directory.
    pub(super) path: PathBuf,
    pub(super) is: Is,
}

/// What a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// Bytes that belong at this position.
    Content { at: u64 },
    /// The end of the file.
    End,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, left: 0, sum: Crc32::default(), expected: 0 }
    }

    /// Whatever it was read from.
    pub(super) fn into_inner(self) -> R {
        self.from
    }

    /// The next chunk, once the one before was read to its end; nothing at the end of the stream, which has no mark of its own.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        if self.left > 0 {
            return Err(broken("a chunk that was not read"));
        }
        let mut magic = [0; 8];
        let mut read = 0;
        while read < magic.len() {
            match self.from.read(&mut magic[read..]) {
                Ok(0) if read == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if &magic != MAGIC {
            return Err(broken("a chunk that is none"));
        }
        let [_flags, kind] = self.bytes()?;
        let length = u32::from_le_bytes(self.bytes()?);
        if length == 0 || length > LONGEST_PATH {
            return Err(broken("a path that is none"));
        }
        let mut path = vec![0; length as usize];
        self.from.read_exact(&mut path)?;
        let path = PathBuf::from(OsString::from_vec(path));
        match kind {
            b'P' => {
                self.left = u64::from_le_bytes(self.bytes()?);
                let at = u64::from_le_bytes(self.bytes()?);
                self.expected = u32::from_le_bytes(self.bytes()?);
                self.sum = Crc32::default();
                Ok(Some(Chunk { path, is: Is::Content { at } }))
            }
            b'E' => Ok(Some(Chunk { path, is: Is::End })),
            other => Err(broken(&format!("a chunk of the kind {:?}", char::from(other)))),
        }
    }

    /// The next bytes of the chunk that came last; 0 at their end, when they are what they should be.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(buffer.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.from.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.sum.add(&buffer[..read]);
        self.left -= read as u64;
        if self.left == 0 && self.sum.value() != self.expected {
            return Err(broken("a chunk with another checksum than it should have"));
        }
        Ok(read)
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the stream of mariadb-backup has {what}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A chunk as the program writes it.
    pub(in crate::engine::drivers::mariadb) fn content(path: &str, at: u64, bytes: &[u8]) -> Vec<u8> {
        let mut sum = Crc32::default();
        sum.add(bytes);
        let head = [&MAGIC[..], &[0, b'P'], &(path.len() as u32).to_le_bytes(), path.as_bytes()].concat();
        let tail = [&(bytes.len() as u64).to_le_bytes()[..], &at.to_le_bytes(), &sum.value().to_le_bytes(), bytes];
        [head, tail.concat()].concat()
    }

    pub(in crate::engine::drivers::mariadb) fn end(path: &str) -> Vec<u8> {
        [&MAGIC[..], &[0, b'E'], &(path.len() as u32).to_le_bytes(), path.as_bytes()].concat()
    }

    fn all(bytes: &[u8]) -> io::Result<Vec<(Chunk, Vec<u8>)>> {
        let mut stream = Stream::new(bytes);
        let mut found = Vec::new();
        while let Some(chunk) = stream.next()? {
            let (mut content, mut buffer) = (Vec::new(), [0; 5]);
            while let read @ 1.. = stream.read(&mut buffer)? {
                content.extend_from_slice(&buffer[..read]);
            }
            found.push((chunk, content));
        }
        Ok(found)
    }

    #[test]
    fn chunks_come_with_their_contents() {
        let bytes = [content("a/b.ibd", 7, b"some bytes"), end("a/b.ibd"), end("empty")].concat();
        let found = all(&bytes).unwrap();
        assert_eq!(found[0].0, Chunk { path: "a/b.ibd".into(), is: Is::Content { at: 7 } });
        assert_eq!(found[0].1, b"some bytes");
        assert_eq!(found[1].0, Chunk { path: "a/b.ibd".into(), is: Is::End });
        assert_eq!((found[2].0.path.to_str(), found.len()), (Some("empty"), 3));
    }

    #[test]
    fn a_stream_that_stops_within_a_chunk_is_an_error() {
        let bytes = content("a", 0, b"1234");
        for length in 1..bytes.len() {
            assert_eq!(all(&bytes[..length]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{length}");
        }
    }

    #[test]
    fn what_is_no_chunk_and_what_is_damaged_is_told() {
        for (at, value, told) in
            [(0, b'?', "is none"), (9, b'S', "kind 'S'"), (10, 0, "path that is none"), (35, b'9', "another checksum")]
        {
            let mut bytes = content("a", 0, b"1234");
            bytes[at] = value;
            let refused = all(&bytes).unwrap_err().to_string();
            assert!(refused.contains(told), "{at}: {refused}");
        }
    }
}
