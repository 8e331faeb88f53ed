//! The dashboard (design §7).
//!
//! Everything that happens is a message; [`app::App`] takes one after the other, synchronously and without a look at any clock, and
//! answers with effects that are carried out elsewhere. The same messages give the same frames.

pub mod fmt;
pub mod glyph;
pub mod term;
pub mod text;
pub mod theme;
