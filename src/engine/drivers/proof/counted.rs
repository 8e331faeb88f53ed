//! Recovery points of services whose server is not ours to start: their files are restored and compared, and what lies in them is counted.

use super::{Proof, ProofCx, compare};
use crate::domain::proof::Check;
use crate::engine::drivers::Fault;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// How the things in a file are told apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::drivers) enum Counted {
    /// One a line.
    Lines,
    /// Points in InfluxDB's line protocol: one a line, but that texts may have several, and lines that begin with # are none.
    Points,
    /// One a file.
    Files,
    /// Documents of BSON, each of which begins with its length.
    Documents,
}

/// What a backup notes of how much there is.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::drivers) struct Noted {
    /// Under which name it is noted.
    pub(in crate::engine::drivers) name: &'static str,
    /// What is counted, in words.
    pub(in crate::engine::drivers) what: &'static str,
    /// How the files end that hold it.
    pub(in crate::engine::drivers) ending: &'static str,
    pub(in crate::engine::drivers) by: Counted,
}

/// Proves files, and what was counted in them.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::drivers) struct Files {
    /// What the files are: the first words of what is proven.
    pub(in crate::engine::drivers) what: &'static str,
    pub(in crate::engine::drivers) noted: &'static [Noted],
}

impl Proof for Files {
    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
        let what = match cx.moment {
            None => self.what.to_owned(),
            // The files of a base are compared, and those of the log that lies beside them.
            Some(_) => format!("{} of the base and files of its log (which was not applied)", self.what),
        };
        let mut checks = compare(cx, &what)?;
        for noted in self.noted {
            let Some(expected) = cx.noted(noted.name) else { continue };
            let found = count(cx, cx.at, noted)?.map_or_else(|error| error.to_string(), |found| found.to_string());
            checks.push(Check::new(format!("{}, no server was started", noted.what), expected, found));
        }
        Ok(checks)
    }
}

/// How many there are below a folder; an error of a file that cannot be read, or is none of this form.
fn count(cx: &ProofCx<'_>, folder: &Path, noted: &Noted) -> Result<io::Result<u64>, Fault> {
    let (mut found, mut folders) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        cx.go_on()?;
        match count_in(&folder, noted, &mut folders) {
            Ok(here) => found += here,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(found))
}

fn count_in(folder: &Path, noted: &Noted, folders: &mut Vec<PathBuf>) -> io::Result<u64> {
    let mut found = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_file() && ends(entry.file_name().as_os_str(), noted.ending) {
            found += match noted.by {
                Counted::Files => 1,
                Counted::Lines => lines(BufReader::new(File::open(path)?))?,
                Counted::Points => points(BufReader::new(File::open(path)?))?,
                Counted::Documents => documents(BufReader::new(File::open(path)?))?,
            };
        }
    }
    Ok(found)
}

fn ends(name: &OsStr, ending: &str) -> bool {
    name.as_encoded_bytes().ends_with(ending.as_bytes())
}

/// Lines with something in them, whatever their length.
fn lines(file: impl Read) -> io::Result<u64> {
    let (mut found, mut begins) = (0, true);
    for_each_byte(file, |byte| {
        found += u64::from(begins && byte != b'\n');
        begins = byte == b'\n';
    })?;
    Ok(found)
}

/// Where in a line of the line protocol something is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    Comment,
    /// In the measurement or its tags, in which a quote means nothing.
    Key,
    Fields,
    /// In a text among the fields, which may have line ends.
    Text,
}

/// Points of the line protocol.
fn points(file: impl Read) -> io::Result<u64> {
    let (mut found, mut at, mut is_escaped) = (0, At::Begin, false);
    for_each_byte(file, |byte| {
        if std::mem::take(&mut is_escaped) {
            return;
        }
        at = match (at, byte) {
            (At::Text, b'"') => At::Fields,
            (At::Text | At::Key, b'\\') => {
                is_escaped = true;
                at
            }
            (At::Text, _) => At::Text,
            (_, b'\n') => At::Begin,
            (At::Begin, b'#') => At::Comment,
            (At::Begin, _) => {
                found += 1;
                is_escaped = byte == b'\\';
                At::Key
            }
            (At::Key, b' ') => At::Fields,
            (At::Fields, b'"') => At::Text,
            (at, _) => at,
        };
    })?;
    Ok(found)
}

fn for_each_byte(mut file: impl Read, mut see: impl FnMut(u8)) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => buffer[..read].iter().for_each(|byte| see(*byte)),
        }
    }
}

/// Documents that follow each other to the file's end.
fn documents(mut file: impl Read) -> io::Result<u64> {
    let mut found = 0;
    loop {
        let mut length = [0; 4];
        match file.read(&mut length[..1])? {
            0 => return Ok(found),
            _ => file.read_exact(&mut length[1..])?,
        }
        let length = u64::from(u32::from_le_bytes(length));
        let rest = length.checked_sub(4).ok_or_else(|| io::Error::other("a document has no length"))?;
        if io::copy(&mut (&mut file).take(rest), &mut io::sink())? < rest {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        found += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_whether_the_last_one_ends_or_not() {
        for (text, found) in [("", 0), ("a\nb\n", 2), ("a\nb", 2), ("\n\na\n\n", 1)] {
            assert_eq!(lines(text.as_bytes()).unwrap(), found, "{text:?}");
        }
    }

    #[test]
    fn a_point_may_have_texts_of_several_lines_and_tags_with_quotes() {
        for (text, found) in [
            ("# DML\n#x\ncpu,host=a load=1 5\ncpu load=2 6\n", 2),
            ("odd s=\"two\nlines, \\\"quoted\\\"\n#not\",b=false 2\nodd s=\"\" 3\n", 2),
            ("odd,t=\"one\\ quote x=1 1\nodd x=2 2\n", 2),
            ("odd s=\"ends in \\\\\" 1\nodd x=2 2", 2),
            ("\\,odd x=1\n\n", 1),
        ] {
            assert_eq!(points(text.as_bytes()).unwrap(), found, "{text:?}");
        }
    }

    #[test]
    fn documents_are_counted_to_the_end_of_the_last_and_not_further() {
        let empty = [5, 0, 0, 0, 0];
        assert_eq!(documents(&[][..]).unwrap(), 0);
        assert_eq!(documents(&[empty, empty].concat()[..]).unwrap(), 2);
        assert!(documents(&[&empty[..], &[5, 0, 0]].concat()[..]).is_err());
        assert!(documents(&[9, 0, 0, 0, 0][..]).is_err());
        assert!(documents(&[1, 0, 0, 0][..]).is_err());
    }
}
