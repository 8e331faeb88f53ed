//! What the server answers to a large question, piece by piece.

use super::answer::{Answered, Series};
use super::faults::Place;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::Coming;
use crate::repository::Control;

/// The largest piece of an answer: some thousand points, of which each may have large texts.
const LARGEST: usize = 256 << 20;

/// An answer that comes piece by piece, a line each.
pub(super) struct Pieces {
    coming: Coming,
    place: Place,
    waiting: Vec<u8>,
    /// Whether the server said that more comes.
    wants_more: bool,
}

impl Pieces {
    pub(super) fn new(coming: Coming, place: Place) -> Self {
        Self { coming, place, waiting: Vec::new(), wants_more: true }
    }

    /// The next series, or the next points of the one before; nothing at the end.
    pub(super) fn next(&mut self, stop: Option<&Control>) -> Result<Option<Vec<Series>>, Fault> {
        while let Some(line) = self.line(stop)? {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let answered = Answered::read(&line).ok_or_else(|| self.place.broken_off())?;
            self.wants_more = answered.is_partial();
            return answered.into_series().map(Some).map_err(|error| self.place.refused(&error));
        }
        if self.wants_more { Err(self.place.broken_off()) } else { Ok(None) }
    }

    fn line(&mut self, stop: Option<&Control>) -> Result<Option<Vec<u8>>, Fault> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.waiting[looked_at..].iter().position(|byte| *byte == b'\n') {
                let rest = self.waiting.split_off(looked_at + end + 1);
                return Ok(Some(std::mem::replace(&mut self.waiting, rest)));
            }
            looked_at = self.waiting.len();
            match self.coming.next(stop)? {
                Some(bytes) if self.waiting.len() + bytes.len() <= LARGEST => self.waiting.extend_from_slice(&bytes),
                Some(_) => return Err(Fault::Failed(format!("A piece of an answer has more than {LARGEST} bytes."))),
                None if self.waiting.is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.waiting))),
            }
        }
    }
}
