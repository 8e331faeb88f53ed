//! The terminal itself: the only place that reads from it or writes bytes to it.

pub mod clipboard;
pub mod encode;
pub mod note;
pub mod pointer;
pub mod screen;
pub mod signals;
pub mod writer;
pub mod zone;

/// A sequence that tmux hands to the terminal that it is shown in, if it may.
fn through_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
}
