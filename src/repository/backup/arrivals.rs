//! Storing the files of a source that gives each only once, as they come: before the walk, which finds what became of them in
//! [`arrived`](super::arrived).

use std::io;
use std::path::PathBuf;

use super::reader::Reader;
use super::session::Session;
use crate::repository::source::{Arrivals, FileState, Piece, SourceReader};
use crate::repository::{Error, Result};

/// Stores all files that come, and returns when the last piece of the last one is.
pub(super) fn store(session: &Session<'_>, roots: &[PathBuf], mut arrivals: Box<dyn Arrivals + '_>) -> Result<()> {
    let mut reader = Reader::new(session);
    let mut files = 0;
    let root = || roots.first().cloned().unwrap_or_default();
    let broken = |source| session.control.check().err().unwrap_or_else(|| Error::Source { path: root(), source });
    while let Some(arrival) = arrivals.next().map_err(broken)? {
        session.control.check()?;
        if arrivals.began_anew() {
            // Other workers may still be at files of the first time: what they end later would count as come now.
            session.arrived.wait_for(files)?;
            session.arrived.forget();
            files = 0;
        }
        reader.receive(arrival, &mut Coming(arrivals.as_mut()))?.map_err(broken)?;
        files += 1;
    }
    session.arrived.wait_for(files)
}

/// The file that came last.
struct Coming<'a, 'b>(&'a mut (dyn Arrivals + 'b));

impl SourceReader for Coming<'_, '_> {
    fn state(&mut self) -> io::Result<FileState> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        Ok(match self.0.as_before()? {
            0 => match self.0.read(buffer)? {
                0 => Piece::End,
                length => Piece::Data(length),
            },
            length => Piece::AsBefore(length),
        })
    }
}
