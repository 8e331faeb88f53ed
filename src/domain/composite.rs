//! Composite recovery points: one of a resource that is made of others, such as a stack, and those that are nested in it.

use crate::domain::Arn;
use serde::{Deserialize, Serialize};

/// How a recovery point stands to composite ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Nesting {
    /// In no way.
    #[default]
    Alone,
    /// It is a composite one: what it is made of are recovery points of their own.
    Parent,
    /// It is nested in a composite one.
    Child {
        /// The ARN of that.
        parent: Arn,
        /// `CompositeMemberIdentifier`: what it is called there, of a stack its logical id; none of what is the composite's own,
        /// as a stack's template.
        member: Option<String>,
    },
}

impl Nesting {
    /// As the API's three members tell it.
    pub fn told(is_parent: bool, parent: Option<Arn>, member: Option<String>) -> Self {
        match parent {
            Some(parent) => Self::Child { parent, member },
            None if is_parent => Self::Parent,
            None => Self::Alone,
        }
    }

    /// `IsParent`.
    pub fn is_parent(&self) -> bool {
        matches!(self, Self::Parent)
    }

    /// Whether there is nothing to tell of it.
    pub fn is_alone(&self) -> bool {
        matches!(self, Self::Alone)
    }

    /// `ParentRecoveryPointArn`.
    pub fn parent(&self) -> Option<&Arn> {
        match self {
            Self::Child { parent, .. } => Some(parent),
            Self::Alone | Self::Parent => None,
        }
    }

    /// `CompositeMemberIdentifier`.
    pub fn member(&self) -> Option<&str> {
        match self {
            Self::Child { member, .. } => member.as_deref(),
            Self::Alone | Self::Parent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_tells_is_told_again() {
        let parent: Arn = "arn:aws:backup:us-east-1:123456789012:recovery-point:composite:1".parse().unwrap();
        for (is_parent, of, member) in [
            (false, None, None),
            (true, None, None),
            (false, Some(parent.clone()), None),
            (false, Some(parent), Some("Orders".to_owned())),
        ] {
            let nesting = Nesting::told(is_parent, of.clone(), member.clone());
            assert_eq!(
                (nesting.is_parent(), nesting.parent(), nesting.member()),
                (is_parent, of.as_ref(), member.as_deref())
            );
            assert_eq!(nesting.is_alone(), !is_parent && of.is_none());
            let written = serde_json::to_string(&nesting).unwrap();
            assert_eq!(serde_json::from_str::<Nesting>(&written).unwrap(), nesting);
        }
    }
}
