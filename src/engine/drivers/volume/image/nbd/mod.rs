//! An export of an NBD server, such as `qemu-nbd`, which reads qcow2 and other forms.
//!
//! Spoken are the fixed newstyle handshake, structured replies and block status where the server has them, and no TLS: the
//! server listens on this machine, or at the other end of a tunnel. Nothing is ever written.

mod handshake;
mod line;
mod session;
#[cfg(test)]
mod tests;
mod url;
mod wire;

use super::{Dirty, Extent, Image};
use crate::domain::Consistency;
use crate::engine::drivers::Fault;
use crate::engine::drivers::volume::bits::Bits;
use crate::engine::drivers::volume::layout;
use parking_lot::Mutex;
use session::{Session, Wanted};
use std::ops::Range;
use std::os::unix::net::UnixStream;
pub(in crate::engine::drivers::volume) use url::{Url, joined, split};

/// Of how much is asked at once what is known of it.
const ASKED: u64 = 1 << 30;

/// An open export.
pub(in crate::engine::drivers::volume) struct NbdImage {
    session: Mutex<Session>,
    size: u64,
    is_read_only: bool,
    dirty: Option<Dirty>,
}

impl NbdImage {
    /// Opens an export, and reads the bitmap that the URL names, if the server has it.
    pub(in crate::engine::drivers::volume) fn open(url: &Url) -> Result<Self, Fault> {
        let mut session = Session::open(url)?;
        let (size, is_read_only) = (session.export.size, session.export.is_read_only);
        let dirty = match &url.bitmap {
            Some(name) if session.export.has_bitmap => {
                Some(Dirty { name: name.clone(), pieces: dirty(&mut session, size)? })
            }
            Some(name) => {
                tracing::warn!(%url, bitmap = name, "the server has no such bitmap: all of the volume is read");
                None
            }
            None => None,
        };
        Ok(Self { session: Mutex::new(session), size, is_read_only, dirty })
    }

    /// Opens the one export of a server that was started for it, and that gives it out for reading only; `shown` is what both stand for.
    pub(in crate::engine::drivers::volume) fn behind(stream: UnixStream, shown: &str) -> Result<Self, Fault> {
        let line = session::listened_to(stream).map_err(|error| Fault::of_io(shown, &error))?;
        let session = Session::begin(line, &Wanted { export: "", bitmap: None }, shown, shown.to_owned())?;
        let (size, is_read_only) = (session.export.size, session.export.is_read_only);
        Ok(Self { session: Mutex::new(session), size, is_read_only, dirty: None })
    }
}

/// The pieces that the bitmap says to be dirty.
fn dirty(session: &mut Session, size: u64) -> Result<Bits, Fault> {
    let mut pieces = Bits::new(layout::pieces(0..size).end);
    let mut at = 0;
    while at < size {
        for (length, flags) in session.status(at..size.min(at + ASKED))?.bitmap {
            let end = (at + length).min(size);
            if flags & wire::DIRTY != 0 {
                pieces.add_all(layout::pieces(at..end));
            }
            at = end;
        }
    }
    Ok(pieces)
}

impl Image for NbdImage {
    fn size(&self) -> u64 {
        self.size
    }

    /// What a server gives out for reading only it does not change meanwhile.
    fn consistency(&self) -> Consistency {
        if self.is_read_only { Consistency::Crash } else { Consistency::None }
    }

    fn extents(&self, range: Range<u64>) -> Result<Vec<Extent>, Fault> {
        let mut session = self.session.lock();
        if !session.export.has_allocation {
            return Ok(vec![Extent { length: range.end - range.start, is_zero: false }]);
        }
        let (mut at, mut extents) = (range.start, Vec::new());
        while at < range.end {
            for (length, flags) in session.status(at..range.end.min(at + ASKED))?.allocation {
                let length = length.min(range.end - at);
                extents.push(Extent { length, is_zero: flags & wire::ZERO != 0 });
                at += length;
            }
        }
        Ok(extents)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), Fault> {
        self.session.lock().read(buffer, at)
    }

    fn dirty(&self) -> Option<&Dirty> {
        self.dirty.as_ref()
    }

    fn finish(&self) -> Result<Option<&'static str>, Fault> {
        let writable =
            "the server lets others write to the export while it is read: what is stored may be part old and part new";
        Ok((!self.is_read_only).then_some(writable))
    }
}
