//! The terminal itself: the only place that reads from it or writes bytes to it.

pub mod clipboard;
pub mod encode;
pub mod screen;
pub mod signals;
pub mod writer;
pub mod zone;
