//! What is known of a request beside who, what and on what: the values of the condition keys.

use std::collections::BTreeMap;

/// What is known of one condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The request has it, with these values.
    Values(Vec<String>),
    /// The request does not have it.
    Absent,
    /// Whoever asks cannot know.
    Unknown,
}

/// The condition keys of a request. Their names are the same in whatever case they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    known: BTreeMap<String, Vec<String>>,
    /// What is said of all other keys.
    other: Fact,
}

/// Whether something holds, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It depends on what is not known.
    Unknown,
}

impl Facts {
    /// Those of a request of which all keys are known: one that is not given is absent.
    pub fn complete() -> Self {
        Self { known: BTreeMap::new(), other: Fact::Absent }
    }

    /// Those of a request of which some keys are not known: what is not given may be anything.
    pub fn partial() -> Self {
        Self { known: BTreeMap::new(), other: Fact::Unknown }
    }

    /// With a key of one value.
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_all(key, vec![value.into()])
    }

    /// With a key of several values.
    pub fn with_all(mut self, key: &str, values: Vec<String>) -> Self {
        self.known.insert(key.to_ascii_lowercase(), values);
        self
    }

    /// What is known of a key.
    pub fn get(&self, key: &str) -> Fact {
        match self.known.get(&key.to_ascii_lowercase()) {
            Some(values) if values.is_empty() => Fact::Absent,
            Some(values) => Fact::Values(values.clone()),
            None => self.other.clone(),
        }
    }
}

impl Holds {
    /// Whether both hold.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Whether one of the two holds.
    pub(super) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// Whether it does not hold.
    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether all hold.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::Yes, Self::and)
    }

    /// Whether any holds.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::No, Self::or)
    }
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
