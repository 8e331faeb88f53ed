//! The secret of a root, and the root that it makes, however it is kept.

use super::{Description, Root};
use crate::engine::error::Result;
use crate::engine::keys::sealing::{random, seal, unseal};
use std::fmt;
use zeroize::Zeroizing;

/// How many bytes it has.
pub(super) const BYTES: usize = 32;

/// The secret of a root; wiped from memory when it is dropped, and shown by nothing.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<[u8; BYTES]>);

impl Secret {
    /// A new one.
    pub(super) fn draw() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        random(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// The one with these bytes, if they are as many as one has.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// The bytes, for what locks them.
    pub(super) fn reveal(&self) -> &[u8] {
        self.0.as_slice()
    }

    #[cfg(test)]
    pub(in crate::engine::keys) fn reveal_to_tests(&self) -> &[u8] {
        self.reveal()
    }

    /// The other secret, sealed by this one; it opens for a root of that name only.
    pub(super) fn keep(&self, name: &str, other: &Self) -> Result<Vec<u8>> {
        seal(self.reveal(), &context(name), other.reveal())
    }

    /// What [`keep`](Self::keep) sealed; `None` when another secret or name did, or it was changed.
    pub(super) fn kept(&self, name: &str, sealed: &[u8]) -> Result<Option<Self>> {
        Ok(unseal(self.reveal(), &context(name), sealed)?.and_then(|bytes| Self::of(&bytes)))
    }
}

/// The text that a root's secret is bound to: it is in every data directory that was ever moved, and can never change.
fn context(name: &str) -> String {
    format!("vaultdeck key root {name}")
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A root whose secret is at hand.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) description: Description,
    pub(crate) secret: Secret,
}

impl Root for Held {
    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>> {
        seal(self.secret.reveal(), context, secret)
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        unseal(self.secret.reveal(), context, wrapped)
    }

    fn describe(&self) -> Description {
        self.description.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::keys::root::conformance;

    fn held(name: &str, secret: Secret) -> Held {
        Held { description: Description { name: name.to_owned(), place: "a test".to_owned() }, secret }
    }

    #[test]
    fn whatever_keeps_the_secret_what_it_wraps_keeps_the_rules_of_roots() {
        let [one, other] = [Secret::draw().unwrap(), Secret::draw().unwrap()];
        let own = one.reveal().to_vec();
        conformance::check(&held("one", one), &held("one", other), Some(&own));
    }

    #[test]
    fn a_secret_that_another_keeps_is_had_by_that_one_and_under_its_name_alone() {
        let [one, other, third] = [(); 3].map(|()| Secret::draw().unwrap());
        let kept = one.keep("a", &other).unwrap();
        assert_eq!(one.kept("a", &kept).unwrap().unwrap().reveal(), other.reveal());
        assert!(one.kept("b", &kept).unwrap().is_none() && third.kept("a", &kept).unwrap().is_none());
    }
}
