//! The content of one item, as its sink reads it.

use std::io::{self, Read};

use crossbeam_channel::Receiver;

use super::run::{Fetched, Part, Run};

/// Reads the parts of an item, waiting for each until it was fetched.
pub(super) struct Content<'r, 'a> {
    run: &'r Run<'a>,
    parts: Receiver<Part<'r>>,
    current: Option<Fetched<'r>>,
    /// How much of it was taken.
    at: usize,
    zeros: u64,
    taken: u64,
    lost: Option<String>,
}

impl<'r, 'a> Content<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, parts: Receiver<Part<'r>>) -> Self {
        Self { run, parts, current: None, at: 0, zeros: 0, taken: 0, lost: None }
    }

    /// How many bytes were taken, and what could not be read.
    pub(super) fn finish(self) -> (u64, Option<String>) {
        (self.taken, self.lost)
    }

    /// Makes the next part the present one; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        // What was held of the last one may be taken by others before this one is waited for.
        self.current = None;
        match self.parts.recv() {
            Ok(Part::Zeros(length)) => self.zeros = length,
            Ok(Part::Blob(fetched)) => match fetched.recv() {
                Ok(Ok(fetched)) => (self.current, self.at) = (Some(fetched), 0),
                Ok(Err(reason)) => self.lost = Some(reason),
                Err(_) => return Err(stopped()),
            },
            Err(_) => return Ok(false),
        }
        Ok(true)
    }

    /// What of the present part can be had, at most so much.
    fn copy(&mut self, buffer: &mut [u8]) -> usize {
        if self.zeros > 0 {
            let length = self.zeros.min(buffer.len() as u64) as usize;
            buffer[..length].fill(0);
            self.zeros -= length as u64;
            return length;
        }
        let Some(current) = &self.current else { return 0 };
        let rest = &current.content[self.at..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        length
    }
}

impl Read for Content<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.run.stopped() {
                return Err(stopped());
            }
            if let Some(lost) = &self.lost {
                return Err(io::Error::other(lost.clone()));
            }
            let length = self.copy(buffer);
            if length > 0 {
                self.taken += length as u64;
                self.run.control.progress.advance(0, length as u64);
                return Ok(length);
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}

/// Not an interruption: that would be tried again.
fn stopped() -> io::Error {
    io::Error::other("the restore was stopped")
}
