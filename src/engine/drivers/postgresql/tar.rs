//! The archive that `pg_basebackup` writes: `ustar`, read once from its beginning to its end.

use crate::engine::drivers::crc32c::longer;
use std::io::{self, Read};

const BLOCK: usize = 512;

/// An archive that is read.
pub(super) struct Tar<R> {
    from: R,
    /// What is left of the content of the entry that came last.
    left: u64,
    /// What fills up its last block.
    padding: u64,
    /// The CRC-32C of what was read of it.
    sum: u32,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path, without a slash at the end.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) size: u64,
    /// The lowest twelve bits.
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// In seconds.
    pub(super) modified: i64,
}

/// What an entry is. There are no others in these archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
}

impl<R: Read> Tar<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, left: 0, padding: 0, sum: 0 }
    }

    /// Whatever it was read from.
    pub(super) fn into_inner(self) -> R {
        self.from
    }

    /// The next entry; what was not read of the one before is passed over. Nothing at the archive's own end: an archive that just
    /// stops is an error of the kind `UnexpectedEof`.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        self.skip(self.left + self.padding)?;
        (self.left, self.padding, self.sum) = (0, 0, 0);
        let mut block = [0; BLOCK];
        self.from.read_exact(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            io::copy(&mut self.from, &mut io::sink())?;
            return Ok(None);
        }
        let entry = parse(&block)?;
        if entry.kind == Kind::File {
            self.left = entry.size;
            self.padding = entry.size.next_multiple_of(BLOCK as u64) - entry.size;
        }
        Ok(Some(entry))
    }

    /// The next bytes of the entry that came last; 0 at their end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(buffer.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.from.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        self.sum = longer(self.sum, &buffer[..read]);
        Ok(read)
    }

    /// The CRC-32C of the content of the entry that came last, if it was read to its end.
    pub(super) fn sum(&self) -> Option<u32> {
        (self.left == 0).then_some(self.sum)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.from).take(bytes), &mut io::sink())?;
        if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// The content of the entry that came last.
impl<R: Read> Read for Tar<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Tar::read(self, buffer)
    }
}

fn parse(block: &[u8; BLOCK]) -> io::Result<Entry> {
    let sum = block.iter().enumerate().map(|(at, byte)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte }));
    if &block[257..262] != b"ustar" || number(&block[148..156]) != Some(sum.sum()) {
        return Err(broken("a header that is none"));
    }
    let kind = match block[156] {
        b'0' | 0 => Kind::File,
        b'5' => Kind::Folder,
        b'2' => Kind::Link,
        other => return Err(broken(&format!("an entry of the kind {:?}", char::from(other)))),
    };
    let (name, prefix) = (text(&block[..100]), text(&block[345..500]));
    let path = if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() };
    let path = path.strip_suffix(b"/").map(<[u8]>::to_vec).unwrap_or(path);
    let field = |from: usize, to: usize| number(&block[from..to]).ok_or_else(|| broken("a number that is none"));
    Ok(Entry {
        path,
        kind,
        mode: (field(100, 108)? & 0o7777) as u32,
        uid: field(108, 116)? as u32,
        gid: field(116, 124)? as u32,
        size: field(124, 136)?,
        modified: field(136, 148)? as i64,
    })
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the archive of pg_basebackup has {what}"))
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// In octal digits, or in bytes where those are too few.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((first, rest)) = field.split_first()
        && first & 0x80 != 0
    {
        let bytes = std::iter::once(first & 0x7f).chain(rest.iter().copied());
        return bytes.into_iter().try_fold(0_u64, |value, byte| Some(value.checked_mul(256)? | u64::from(byte)));
    }
    let digits = field.iter().filter(|byte| !matches!(byte, 0 | b' '));
    digits.into_iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => Some(value.checked_mul(8)? + u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::drivers::crc32c::crc32c;

    /// A header as PostgreSQL writes it.
    pub(in crate::engine::drivers::postgresql) fn header(path: &str, kind: u8, size: u64, mode: u32) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..path.len()].copy_from_slice(path.as_bytes());
        let mut put = |at: usize, text: String| block[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(100, format!("{mode:07o} "));
        put(108, format!("{:07o} ", 104));
        put(116, format!("{:07o} ", 106));
        put(136, format!("{:011o} ", 1_764_167_000));
        if size < 1 << 33 {
            put(124, format!("{size:011o} "));
        } else {
            block[124..136].copy_from_slice(&[&[0x80, 0, 0, 0][..], &size.to_be_bytes()].concat());
        }
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    /// An archive of files, folders (whose paths end with a slash) and the blocks at its end.
    pub(in crate::engine::drivers::postgresql) fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Vec::new();
        for (path, content) in entries {
            let (kind, mode) = if path.ends_with('/') { (b'5', 0o700) } else { (b'0', 0o600) };
            archive.extend(header(path, kind, content.len() as u64, mode));
            archive.extend_from_slice(content);
            archive.resize(archive.len().next_multiple_of(BLOCK), 0);
        }
        archive.resize(archive.len() + 2 * BLOCK, 0);
        archive
    }

    #[test]
    fn entries_come_with_their_contents_and_what_is_not_read_is_passed_over() {
        let long = vec![7; 1000];
        let bytes = archive(&[("a/", b""), ("a/b", b"one"), ("a/c", &long), ("a/d", b"")]);
        let mut tar = Tar::new(bytes.as_slice());
        let folder = tar.next().unwrap().unwrap();
        assert_eq!((folder.path.as_slice(), folder.kind, folder.mode), (&b"a"[..], Kind::Folder, 0o700));
        let file = tar.next().unwrap().unwrap();
        assert_eq!((file.uid, file.gid, file.modified, file.size), (104, 106, 1_764_167_000, 3));
        let mut content = [0; 9];
        assert_eq!((tar.read(&mut content[..1]).unwrap(), tar.sum()), (1, None));
        assert_eq!(tar.read(&mut content[1..]).unwrap(), 2);
        assert_eq!(&content[..3], b"one");
        assert_eq!(tar.read(&mut content).unwrap(), 0);
        assert_eq!(tar.sum(), Some(crc32c(&[b"one"])));
        assert_eq!(tar.next().unwrap().unwrap().size, 1000);
        assert_eq!(tar.next().unwrap().unwrap().path, b"a/d");
        assert_eq!(tar.next().unwrap(), None);
    }

    #[test]
    fn an_archive_that_stops_anywhere_is_an_error() {
        let bytes = archive(&[("a", &[1; 700]), ("b", &[2; 10])]);
        for length in 0..bytes.len() - 2 * BLOCK {
            let mut tar = Tar::new(&bytes[..length]);
            let all = std::iter::from_fn(|| tar.next().transpose()).collect::<io::Result<Vec<_>>>();
            assert_eq!(all.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{length}");
        }
    }

    #[test]
    fn what_is_no_header_is_told() {
        let mut bytes = archive(&[("a", b"x")]);
        bytes[0] ^= 1;
        assert!(Tar::new(bytes.as_slice()).next().unwrap_err().to_string().contains("header that is none"));
        let strange = header("a", b'3', 0, 0o600);
        assert!(Tar::new(&strange[..]).next().unwrap_err().to_string().contains("kind '3'"));
    }

    #[test]
    fn a_large_file_has_its_size_in_bytes() {
        let large = header("a", b'0', 1 << 40, 0o600);
        assert_eq!(Tar::new(&large[..]).next().unwrap().unwrap().size, 1 << 40);
    }
}
