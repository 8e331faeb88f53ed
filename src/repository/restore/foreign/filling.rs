//! A file that is made while its content is read, and that is there only with all of it.

use std::io;

use super::Stretch;
use crate::repository::Node;
use crate::repository::restore::sink::{RandomSink, Refusal, Shape};

/// A file that is filled from its beginning to its end. It is made with the first that was read of it, and taken away again
/// when the rest cannot be: as long as the whole, it would be taken for it.
pub(super) struct Filling<'a, S: RandomSink> {
    sink: &'a S,
    folder: S::Folder,
    node: &'a Node,
    made: Option<S::File>,
    open: Option<S::Open>,
    at: u64,
    refused: Option<Refusal>,
}

impl<'a, S: RandomSink> Filling<'a, S> {
    /// Makes nothing yet.
    pub(super) fn new(sink: &'a S, folder: S::Folder, node: &'a Node) -> Self {
        Self { sink, folder, node, made: None, open: None, at: 0, refused: None }
    }

    fn opened(&mut self) -> Result<S::Open, Refusal> {
        if let Some(open) = &self.open {
            return Ok(open.clone());
        }
        let open = self.sink.open(&self.folder, self.node, Shape::Parts, &mut self.made)?;
        self.open = Some(open.clone());
        Ok(open)
    }

    /// Takes what comes next, and tells how long that is.
    pub(super) fn take(&mut self, piece: Stretch<'_>) -> io::Result<u64> {
        let length = match piece {
            Stretch::Bytes(bytes) => bytes.len() as u64,
            Stretch::Zeros(count) => count,
        };
        let end = self.at.saturating_add(length);
        if end > self.node.size {
            return Err(io::Error::other(format!("it has more than its {} bytes", self.node.size)));
        }
        let written = self.opened().and_then(|file| match piece {
            Stretch::Bytes(bytes) => self.sink.write_at(&file, bytes, self.at, self.node.size),
            // The file was made as long as it is: its zeros are there.
            Stretch::Zeros(_) => Ok(()),
        });
        if let Err(refusal) = written {
            self.refused = Some(refusal);
            return Err(io::ErrorKind::Other.into());
        }
        self.at = end;
        Ok(length)
    }

    /// The file with all its content, or why it is not there.
    pub(super) fn end(mut self, read: io::Result<()>) -> Result<S::Open, Refusal> {
        let outcome = match (self.refused.take(), read) {
            (Some(refusal), _) => Err(refusal),
            (None, Err(error)) => Err(Refusal::Item(error.to_string())),
            (None, Ok(())) if self.at != self.node.size => {
                let (at, size) = (self.at, self.node.size);
                Err(Refusal::Item(format!("{at} bytes were read of it, and it should have {size}")))
            }
            // One that is empty was not made yet.
            (None, Ok(())) => self.opened(),
        };
        outcome.map_err(|refusal| {
            match (self.sink.discard(&self.folder, &self.node.name, self.made.as_ref()), refusal) {
                (Err(left), Refusal::Item(why)) => {
                    Refusal::Item(format!("{why}; what was made of it could not be taken away: {left}"))
                }
                (_, refusal) => refusal,
            }
        })
    }
}
