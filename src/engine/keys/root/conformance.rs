//! What every root must keep, and the plainest root that does.

use super::kms::{Encrypted, Kms, Refusal, Why};
use super::{Description, Root};
use crate::domain::Arn;
use crate::engine::error::Result;
use crate::engine::keys::sealing;
use std::fmt;
use zeroize::Zeroizing;

const SECRET: &[u8] = b"what nobody else may read";

/// Holds a root against the rules of [`Root`]. `other` is of the same kind and has another secret; `own` is the secret of
/// `root`, where it can be had.
pub fn check(root: &dyn Root, other: &dyn Root, own: Option<&[u8]>) {
    let wrapped = root.wrap("a", SECRET).unwrap();
    assert_eq!(root.unwrap("a", &wrapped).unwrap().unwrap().as_slice(), SECRET);
    let empty = root.wrap("a", b"").unwrap();
    assert!(root.unwrap("a", &empty).unwrap().unwrap().is_empty());
    assert_ne!(root.wrap("a", SECRET).unwrap(), wrapped, "the same twice tells that it is the same");
    assert!(!wrapped.windows(SECRET.len()).any(|window| window == SECRET));

    for context in ["b", "", "a ", "A"] {
        assert!(root.unwrap(context, &wrapped).unwrap().is_none(), "it unwraps for {context:?}");
    }
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        assert!(root.unwrap("a", &changed).unwrap().is_none(), "byte {at} changed unseen");
        assert!(root.unwrap("a", &wrapped[..at]).unwrap().is_none(), "it unwraps when cut to {at} bytes");
    }
    assert!(root.unwrap("a", &[&wrapped[..], b"x"].concat()).unwrap().is_none());
    assert!(other.unwrap("a", &wrapped).unwrap().is_none());
    assert!(root.unwrap("a", &other.wrap("a", SECRET).unwrap()).unwrap().is_none());

    let description = root.describe();
    assert!((1..=255).contains(&description.name.len()) && !description.place.is_empty());
    assert_eq!(root.describe(), description);
    assert_told_nowhere(&format!("{root:?} {root:#?} {description:?}"), own);
}

/// Fails when a text shows a secret, however it is written.
pub fn assert_told_nowhere(text: &str, own: Option<&[u8]>) {
    for secret in own.into_iter().chain([SECRET]) {
        let shown = [hex::encode(secret), format!("{secret:?}"), String::from_utf8_lossy(secret).into_owned()];
        for shown in shown {
            assert!(!text.to_lowercase().contains(&shown.to_lowercase()), "it tells a secret: {text}");
        }
        let few = format!("{:?}", &secret[..4]);
        assert!(!text.contains(few.trim_end_matches(']')), "it tells the beginning of a secret: {text}");
    }
}

/// A root in memory, which ends with the process.
pub struct MemoryRoot {
    name: &'static str,
    secret: [u8; 32],
}

impl MemoryRoot {
    pub fn new(name: &'static str, secret: [u8; 32]) -> Self {
        Self { name, secret }
    }
}

impl fmt::Debug for MemoryRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRoot").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Root for MemoryRoot {
    fn wrap(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>> {
        sealing::seal(&self.secret, context, secret)
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        sealing::unseal(&self.secret, context, wrapped)
    }

    fn describe(&self) -> Description {
        Description { name: self.name.to_owned(), place: format!("the memory of {}", self.name) }
    }
}

/// KMS as far as a root needs it, for what is judged of a root itself: the end-to-end tests ask one that speaks the protocol.
#[derive(Default)]
pub struct KmsInMemory {
    /// It decrypts nothing that it encrypted.
    pub forgetful: bool,
    /// It answers nobody.
    pub away: std::sync::atomic::AtomicBool,
}

impl KmsInMemory {
    fn sealed_for(key: &Arn, (name, value): (&str, &str)) -> String {
        format!("{key} {name}={value}")
    }

    fn require_near(&self) -> std::result::Result<(), Refusal> {
        let away = self.away.load(std::sync::atomic::Ordering::SeqCst);
        if away { Err(Refusal { why: Why::OutOfReach, message: "connection refused".to_owned() }) } else { Ok(()) }
    }
}

impl Kms for KmsInMemory {
    fn encrypt(&self, key: &Arn, plain: &[u8], context: (&str, &str)) -> std::result::Result<Encrypted, Refusal> {
        self.require_near()?;
        let ciphertext = sealing::seal(&[7; 32], &Self::sealed_for(key, context), plain).unwrap();
        Ok(Encrypted { key: key.clone(), ciphertext })
    }

    fn decrypt(
        &self,
        key: &Arn,
        ciphertext: &[u8],
        context: (&str, &str),
    ) -> std::result::Result<Zeroizing<Vec<u8>>, Refusal> {
        self.require_near()?;
        let plain = sealing::unseal(&[7; 32], &Self::sealed_for(key, context), ciphertext).unwrap();
        let plain = plain.filter(|_| !self.forgetful);
        plain.ok_or_else(|| Refusal { why: Why::NotItsOwn, message: "InvalidCiphertextException".to_owned() })
    }
}

#[test]
fn a_root_in_memory_keeps_the_rules() {
    let secret = *b"0123456789abcdef0123456789abcdef";
    check(&MemoryRoot::new("memory", secret), &MemoryRoot::new("memory", [7; 32]), Some(&secret));
}
