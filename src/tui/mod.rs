//! The dashboard.
//!
//! Everything that happens is a message; [`app::App`] takes one after the other, synchronously and without a look at any clock, and
//! answers with effects that are carried out elsewhere. The same messages give the same frames.

pub mod actions;
pub mod app;
pub mod backend;
pub mod command;
pub mod dialog;
pub mod dialogs;
pub mod fmt;
pub mod follow;
pub mod frame;
pub mod glyph;
pub mod holds;
pub mod keymap;
mod keys;
pub mod moment;
pub mod msg;
pub mod paint;
pub mod route;
pub mod run;
pub mod said;
pub mod screens;
pub mod store;
mod stranded;
pub mod subject;
pub mod table;
pub mod term;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod widgets;
pub mod world;

pub use backend::Backend;
pub use run::{Options, RunError, check_terminal, places_text, run};
