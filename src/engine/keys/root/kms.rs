//! A key in AWS KMS: it encrypts the secret, and decrypts it once when the engine starts. The key never leaves KMS, and
//! whoever may not use it opens nothing. What is encrypted is bound to its root by the encryption context.
//!
//! KMS is not asked again while the engine runs: backups and restores go on when it is out of reach, and a key that is
//! disabled in KMS counts from the next start on.

use super::secret::Secret;
use super::{closed, written};
use crate::domain::Arn;
use crate::engine::error::{Error, Result};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The name of the one pair of the encryption context; its value is the root's name. It can never change.
pub const CONTEXT: &str = "vaultdeck:key-root";

/// The way to AWS KMS, as far as a root needs it.
pub trait Kms: Send + Sync {
    /// `Encrypt` under a key, or the key of an alias, with an encryption context.
    fn encrypt(&self, key: &Arn, plain: &[u8], context: (&str, &str)) -> std::result::Result<Encrypted, Refusal>;

    /// `Decrypt`, with the same key and context.
    fn decrypt(
        &self,
        key: &Arn,
        ciphertext: &[u8],
        context: (&str, &str),
    ) -> std::result::Result<Zeroizing<Vec<u8>>, Refusal>;
}

/// What `Encrypt` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// The key that encrypted, by its own ARN.
    pub key: Arn,
    /// What it made.
    pub ciphertext: Vec<u8>,
}

/// Why KMS did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the reasons that call for different doings.
    pub why: Why,
    /// KMS's own words, or what happened on the way to it.
    pub message: String,
}

/// The reasons that call for different doings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing answered, or not in time, or KMS has too much to do.
    OutOfReach,
    /// There are no credentials, or they are over.
    NoCredentials,
    /// Whose credentials these are may not use the key.
    Denied,
    /// There is no such key.
    NotFound,
    /// The key is disabled, or waits for its deletion.
    Unusable,
    /// It was not encrypted by this key for this root.
    NotItsOwn,
    /// Anything else.
    Other,
}

/// There is no way to KMS.
#[derive(Debug, Clone, Copy)]
pub struct NoKms;

/// What is written down of a root that KMS keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Lock {
    /// The key, by its own ARN.
    #[serde(rename = "KeyArn")]
    pub(super) key: Arn,
    /// The root's secret, as KMS encrypted it.
    #[serde(with = "written")]
    ciphertext: Vec<u8>,
}

impl Kms for NoKms {
    fn encrypt(&self, _: &Arn, _: &[u8], _: (&str, &str)) -> std::result::Result<Encrypted, Refusal> {
        Err(Refusal { why: Why::OutOfReach, message: "this program was given no way to it".to_owned() })
    }

    fn decrypt(&self, _: &Arn, _: &[u8], _: (&str, &str)) -> std::result::Result<Zeroizing<Vec<u8>>, Refusal> {
        Err(Refusal { why: Why::OutOfReach, message: "this program was given no way to it".to_owned() })
    }
}

impl Lock {
    /// The key, by its own ARN.
    pub(in crate::engine::keys) fn key(&self) -> &Arn {
        &self.key
    }

    /// Locks the secret of the root of this name by a key, and proves that the key gives it back.
    pub(super) fn close(kms: &dyn Kms, key: &Arn, name: &str, secret: &Secret) -> Result<Self> {
        let encrypted =
            kms.encrypt(key, secret.reveal(), (CONTEXT, name)).map_err(|refusal| explained(key, refusal))?;
        let lock = Self { key: encrypted.key, ciphertext: encrypted.ciphertext };
        if lock.open(kms, name)?.reveal() == secret.reveal() {
            return Ok(lock);
        }
        Err(Error::Internal(format!("AWS KMS key {key} does not give back what it encrypted; nothing was changed")))
    }

    /// The secret of the root of this name.
    pub(super) fn open(&self, kms: &dyn Kms, name: &str) -> Result<Secret> {
        let plain = kms.decrypt(&self.key, &self.ciphertext, (CONTEXT, name));
        let plain = plain.map_err(|refusal| explained(&self.key, refusal))?;
        Secret::of(&plain).ok_or_else(|| {
            let message = "what it decrypted is no secret of a root".to_owned();
            explained(&self.key, Refusal { why: Why::NotItsOwn, message })
        })
    }
}

/// A refusal in the words of whoever starts an engine, with what to do.
fn explained(key: &Arn, refusal: Refusal) -> Error {
    let Refusal { why, message } = refusal;
    let (what, advice, temporary) = match why {
        Why::OutOfReach => ("AWS KMS does not answer", "Nothing was changed; try again when it can be reached", true),
        Why::NoCredentials => {
            ("there are no usable credentials for AWS KMS", "Nothing was changed; log in, and try again", false)
        }
        Why::Denied => (
            "AWS KMS refuses the key of the key ring",
            "Nothing was changed; it works again once the caller may Encrypt and Decrypt with this key",
            false,
        ),
        Why::NotFound => (
            "AWS KMS does not know the key of the key ring",
            "Nothing was changed. If the key was deleted the vaults open only with their recovery keys, by restic",
            false,
        ),
        Why::Unusable => (
            "the key of the key ring is disabled or pending deletion in AWS KMS",
            "Nothing is lost; cancel its deletion and enable it, and try again",
            false,
        ),
        Why::NotItsOwn => (
            "AWS KMS does not decrypt the secret of the key ring",
            "keys/root.json is damaged, or of another data directory: put back your copy of it. Nothing was changed",
            false,
        ),
        Why::Other => ("AWS KMS fails", "Nothing was changed; it is not known whether trying again helps", false),
    };
    closed(format!("{what}: {key}: {}", message.trim_end_matches('.')), advice, temporary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::keys::root::conformance::{KmsInMemory, assert_told_nowhere};

    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000001";

    #[test]
    fn a_secret_is_bound_to_its_root_and_not_written_down_in_the_clear() {
        let (kms, key, secret) = (KmsInMemory::default(), KEY.parse().unwrap(), Secret::draw().unwrap());
        let lock = Lock::close(&kms, &key, "kms 1", &secret).unwrap();
        assert_eq!(lock.open(&kms, "kms 1").unwrap().reveal(), secret.reveal());
        let refused = lock.open(&kms, "kms 2").unwrap_err().to_string();
        assert!(refused.contains("does not decrypt"), "{refused}");
        let json = serde_json::to_string(&lock).unwrap();
        assert_eq!(serde_json::from_str::<Lock>(&json).unwrap(), lock);
        assert_told_nowhere(&format!("{json} {lock:?}"), Some(secret.reveal()));
    }

    #[test]
    fn each_refusal_names_the_key_and_says_whether_to_try_again() {
        let key: Arn = KEY.parse().unwrap();
        for (why, told, temporary) in [
            (Why::OutOfReach, "try again when it can be reached", true),
            (Why::NoCredentials, "log in", false),
            (Why::Denied, "may Encrypt and Decrypt", false),
            (Why::NotFound, "recovery keys", false),
            (Why::Unusable, "enable it, and try again", false),
            (Why::NotItsOwn, "put back your copy", false),
            (Why::Other, "not known whether", false),
        ] {
            let refused = explained(&key, Refusal { why, message: "words of KMS.".to_owned() });
            let text = refused.to_string();
            assert!(text.contains(KEY) && text.contains("words of KMS. ") && text.contains(told), "{text}");
            assert_eq!(refused.is_temporary(), temporary, "{text}");
        }
    }

    #[test]
    fn a_key_that_does_not_give_back_what_it_encrypts_locks_nothing() {
        let kms = KmsInMemory { forgetful: true, ..KmsInMemory::default() };
        let refused = Lock::close(&kms, &KEY.parse().unwrap(), "kms 1", &Secret::draw().unwrap()).unwrap_err();
        assert!(refused.to_string().contains("does not decrypt"), "{refused}");
    }
}
