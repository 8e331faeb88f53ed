//! What is known of a thing, where not every answer tells all of it.

/// A member of a record that some operations' answers have and others lack. That it is not known is another thing than
/// that there is none: "never deleted" is `Known(None)`, and nobody may conclude it from `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Known<T> {
    /// It was told.
    Known(T),
    /// The answer has no such member.
    #[default]
    Unknown,
}

impl<T> Known<T> {
    /// The value, where it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }

    /// The same of a reference.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(value) => Known::Known(value),
            Self::Unknown => Known::Unknown,
        }
    }

    /// What follows from the value, where it is known.
    pub fn map<U>(self, follows: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value) => Known::Known(follows(value)),
            Self::Unknown => Known::Unknown,
        }
    }

    /// Whether it is known.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl<T> Known<Option<T>> {
    /// The value, where it is known that there is one.
    pub fn told(self) -> Option<T> {
        self.known().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_none() {
        let never: Known<Option<i64>> = Known::Known(None);
        assert_ne!(never, Known::Unknown);
        assert_eq!((never.told(), Known::<Option<i64>>::Unknown.told()), (None, None));
        assert_eq!((never.known(), Known::<Option<i64>>::Unknown.known()), (Some(None), None));
        assert_eq!(Known::Known(2).map(|two| two + 1), Known::Known(3));
        assert!(!Known::<i64>::default().is_known());
    }
}
