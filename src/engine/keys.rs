//! The key provider: a local key file that wraps the keys of the vaults and the secrets of the access keys.

use crate::engine::data_dir::write_private_file;
use crate::engine::error::{Error, Result};
use aes256ctr_poly1305aes::aead::Aead;
use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use std::path::Path;
use zeroize::Zeroizing;

const NONCE: usize = 16;
const SECRET: usize = 32;

/// The local key. It never leaves this type: what it seals is bound to a context, from which a key of its own is derived.
pub struct LocalKey(Zeroizing<[u8; SECRET]>);

impl LocalKey {
    /// Reads the key file. In a fresh data directory a key is drawn and written (0600); in any other a key that is
    /// missing is never replaced, since the vaults would stay closed for ever.
    pub fn open_or_create(path: &Path, fresh: bool) -> Result<Self> {
        match std::fs::read(path) {
            Ok(content) => Self::parse(&Zeroizing::new(content), path),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !fresh => {
                Err(damaged(&format!("the key file {} is missing", path.display())))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut secret = Zeroizing::new([0; SECRET]);
                random(secret.as_mut_slice())?;
                let text = Zeroizing::new(hex::encode(*secret) + "\n");
                write_private_file(path, text.as_bytes())?;
                Ok(Self(secret))
            }
            Err(e) => Err(Error::io(format!("read {}", path.display()), e)),
        }
    }

    fn parse(content: &[u8], path: &Path) -> Result<Self> {
        let mut secret = Zeroizing::new([0; SECRET]);
        hex::decode_to_slice(content.trim_ascii(), secret.as_mut_slice()).map_err(|_| {
            damaged(&format!("the key file {} is damaged: it must hold 64 hexadecimal digits", path.display()))
        })?;
        Ok(Self(secret))
    }

    /// Encrypts `plain` so that only [`Self::open`] with the same context gives it back.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        seal(self.0.as_slice(), context, plain)
    }

    /// Decrypts what [`Self::seal`] made; `None` when it was sealed by another key or context, or was changed.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        unseal(self.0.as_slice(), context, sealed)
    }
}

fn damaged(what: &str) -> Error {
    Error::Damaged {
        what: what.to_owned(),
        advice:
            "Put back your copy of it. Without it the vaults open only with their recovery keys, by restic; nothing \
                 was deleted"
                .to_owned(),
    }
}

/// The cipher of one context: its key is derived from the secret and the context's name.
fn cipher(secret: &[u8], context: &str) -> Result<Aes256CtrPoly1305Aes> {
    let mut derived = Zeroizing::new([0; 64]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(context.as_bytes(), derived.as_mut_slice())
        .map_err(|_| Error::Internal("key derivation failed".to_owned()))?;
    Ok(Aes256CtrPoly1305Aes::new(Key::from_slice(derived.as_slice())))
}

/// Encrypts `plain` with a key of this context's own.
pub(crate) fn seal(secret: &[u8], context: &str, plain: &[u8]) -> Result<Vec<u8>> {
    let mut sealed = vec![0; NONCE];
    random(&mut sealed)?;
    let body = cipher(secret, context)?
        .encrypt(Nonce::from_slice(&sealed), plain)
        .map_err(|_| Error::Internal("encryption failed".to_owned()))?;
    sealed.extend(body);
    Ok(sealed)
}

/// Decrypts what [`seal`] made; `None` when it was sealed by another secret or context, or was changed.
pub(crate) fn unseal(secret: &[u8], context: &str, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let Some((nonce, body)) = sealed.split_at_checked(NONCE) else { return Ok(None) };
    Ok(cipher(secret, context)?.decrypt(Nonce::from_slice(nonce), body).ok().map(Zeroizing::new))
}

/// Fills `bytes` from the system's random source.
pub fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| Error::Internal(format!("no random bytes from the system: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_sealed_secret_opens_only_in_its_context_and_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        let key = LocalKey::open_or_create(&path, true).unwrap();
        let mut sealed = key.seal("a", b"secret").unwrap();
        let again = LocalKey::open_or_create(&path, false).unwrap();
        assert_eq!(again.open("a", &sealed).unwrap().unwrap().as_slice(), b"secret");
        assert!(again.open("b", &sealed).unwrap().is_none());
        *sealed.last_mut().unwrap() ^= 1;
        assert!(again.open("a", &sealed).unwrap().is_none());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_told_of_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        std::fs::write(&path, "half").unwrap();
        assert!(matches!(LocalKey::open_or_create(&path, true), Err(Error::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"half");
    }

    #[test]
    fn a_missing_key_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.key");
        assert!(matches!(LocalKey::open_or_create(&path, false), Err(Error::Damaged { .. })));
        assert!(!path.exists());
    }
}
