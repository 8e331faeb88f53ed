//! What is wrong with a repository.

/// Something that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file of the repository, or the item of a snapshot, at fault.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub advice: &'static str,
    /// Whether it is a part of something: a blob of a pack, an item of a folder. What is lost by it is told by
    /// [`LossWalk`](super::LossWalk) with its path.
    pub inside: bool,
}
