//! Looking through whole snapshots: what is different between two of them, and where something is. Lists of folders are read
//! and nothing else; each step reads few of them, so that whoever asks can stop after any and go on behind it.

mod compare;
mod descent;
mod search;

pub use compare::{Comparison, Difference, Side, What};
pub use search::{Barren, Search};

/// What a step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<T> {
    /// Something that was looked for.
    Found(T),
    /// Nothing, and there is more.
    Nothing,
    /// The end.
    End,
}
