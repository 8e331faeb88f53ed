//! The dashboard.
//!
//! Everything that happens is a message; [`app::App`] takes one after the other, synchronously and without a look at any clock, and
//! answers with effects that are carried out elsewhere. The same messages give the same frames.

pub mod actions;
pub mod alert;
pub mod app;
pub mod backend;
mod bulk;
pub mod command;
pub mod course;
pub mod dialog;
pub mod dialogs;
mod explore;
pub mod export;
mod filter_line;
pub mod fmt;
pub mod follow;
pub mod frame;
pub mod glyph;
mod hint_line;
pub mod holds;
pub mod keymap;
mod keys;
pub mod mistake;
pub mod moment;
pub mod msg;
pub mod paint;
pub mod proposal;
pub mod route;
pub mod run;
pub mod said;
mod scope_words;
pub mod screens;
pub mod several;
mod smallest;
pub mod store;
mod stranded;
pub mod subject;
pub mod table;
pub mod term;
pub mod text;
pub mod theme;
pub mod timeline;
mod which_key;
pub mod widgets;
pub mod world;
pub mod zone;

pub use backend::{Backend, Files};
pub use run::{Options, RunError, check_terminal, places_text, run};
