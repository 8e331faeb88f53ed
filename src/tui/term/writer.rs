//! Frames on their way out: each is one write, inside a synchronized update, and counted.

use crate::tui::term::encode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, Write};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// What was written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that had something to say.
    pub frames: u64,
    /// Frames that had not, and so wrote nothing.
    pub unchanged: u64,
    /// Calls of `write`.
    pub writes: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes of the last frame, 0 when it wrote nothing.
    pub last: u64,
}

/// Writes the difference between frames.
pub struct FrameWriter<W: Write> {
    out: W,
    shown: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
    forget: bool,
    counters: Counters,
}

impl<W: Write> FrameWriter<W> {
    /// A writer for a terminal of this size, whose content is unknown.
    pub fn new(out: W, width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self {
            out,
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            bytes: Vec::with_capacity(16 * 1024),
            forget: true,
            counters: Counters::default(),
        }
    }

    /// The terminal has another size now: all is drawn again.
    pub fn resize(&mut self, width: u16, height: u16) {
        let area = Rect::new(0, 0, width, height);
        if self.next.area != area {
            self.next = Buffer::empty(area);
            self.shown = Buffer::empty(area);
            self.forget = true;
        }
    }

    /// What the terminal shows is not known any more: the next frame clears and draws all.
    pub fn forget(&mut self) {
        self.forget = true;
    }

    /// Draws a frame. Nothing is written when it equals the last one.
    pub fn draw(&mut self, view: impl FnOnce(Rect, &mut Buffer)) -> io::Result<()> {
        self.next.reset();
        view(self.next.area, &mut self.next);
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN);
        if self.forget {
            self.bytes.extend_from_slice(b"\x1b[m\x1b[2J");
            self.shown.reset();
        }
        let before = self.bytes.len();
        encode::changes(&self.shown, &self.next, &mut self.bytes);
        if self.bytes.len() == before && !self.forget {
            self.counters.unchanged += 1;
            self.counters.last = 0;
            return Ok(());
        }
        self.bytes.extend_from_slice(END);
        self.out.write_all(&self.bytes)?;
        self.out.flush()?;
        self.forget = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.counters.frames += 1;
        self.counters.writes += 1;
        self.counters.bytes += self.bytes.len() as u64;
        self.counters.last = self.bytes.len() as u64;
        Ok(())
    }

    /// Writes something that is not a frame, such as the clipboard's sequence.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()?;
        self.counters.writes += 1;
        self.counters.bytes += bytes.len() as u64;
        Ok(())
    }

    /// What was written so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What the frames were written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// The frame that is shown.
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    /// Counts calls of `write`, and keeps what they brought.
    #[derive(Default)]
    struct Wire(Vec<Vec<u8>>);

    impl Write for &mut Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_inside_a_synchronized_update_and_an_equal_one_is_none() {
        let mut wire = Wire::default();
        let mut writer = FrameWriter::new(&mut wire, 20, 3);
        for text in ["hello", "hello", "help!"] {
            writer.draw(|_, buffer| buffer.set_string(0, 0, text, Style::new())).unwrap();
        }
        let counters = writer.counters();
        assert_eq!((counters.frames, counters.unchanged, counters.writes), (2, 1, 2));
        assert_eq!(wire.0.len(), 2);
        for frame in &wire.0 {
            assert!(frame.starts_with(BEGIN) && frame.ends_with(END));
        }
        assert_eq!(String::from_utf8_lossy(&wire.0[1]), "\x1b[?2026h\x1b[1;4Hp!\x1b[?2026l");
    }

    #[test]
    fn a_resize_clears_and_draws_all() {
        let mut wire = Wire::default();
        let mut writer = FrameWriter::new(&mut wire, 20, 3);
        writer.draw(|_, buffer| buffer.set_string(0, 0, "hello", Style::new())).unwrap();
        writer.resize(30, 4);
        writer.draw(|_, buffer| buffer.set_string(0, 0, "hello", Style::new())).unwrap();
        assert!(String::from_utf8_lossy(&wire.0[1]).contains("\x1b[2J\x1b[1Hhello"));
    }
}
