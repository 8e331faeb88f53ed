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
    /// Reads the key file, or draws a key and writes it (0600).
    pub fn open_or_create(path: &Path) -> Result<Self> {
        match std::fs::read(path) {
            Ok(content) => Self::parse(&Zeroizing::new(content), path),
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
        hex::decode_to_slice(content.trim_ascii(), secret.as_mut_slice()).map_err(|_| Error::Damaged {
            what: format!("the key file {} is damaged: it must hold 64 hexadecimal digits", path.display()),
            advice: "Put back your copy of it. Without it the vaults open only with their recovery keys, by restic; \
                     nothing was deleted"
                .to_owned(),
        })?;
        Ok(Self(secret))
    }

    fn cipher(&self, context: &str) -> Result<Aes256CtrPoly1305Aes> {
        let mut derived = Zeroizing::new([0; 64]);
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand(context.as_bytes(), derived.as_mut_slice())
            .map_err(|_| Error::Internal("key derivation failed".to_owned()))?;
        Ok(Aes256CtrPoly1305Aes::new(Key::from_slice(derived.as_slice())))
    }

    /// Encrypts `plain` so that only [`Self::open`] with the same context gives it back.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = vec![0; NONCE];
        random(&mut sealed)?;
        let body = self
            .cipher(context)?
            .encrypt(Nonce::from_slice(&sealed), plain)
            .map_err(|_| Error::Internal("encryption failed".to_owned()))?;
        sealed.extend(body);
        Ok(sealed)
    }

    /// Decrypts what [`Self::seal`] made; `None` when it was sealed by another key or context, or was changed.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some((nonce, body)) = sealed.split_at_checked(NONCE) else { return Ok(None) };
        Ok(self.cipher(context)?.decrypt(Nonce::from_slice(nonce), body).ok().map(Zeroizing::new))
    }
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
        let key = LocalKey::open_or_create(&path).unwrap();
        let mut sealed = key.seal("a", b"secret").unwrap();
        let again = LocalKey::open_or_create(&path).unwrap();
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
        assert!(matches!(LocalKey::open_or_create(&path), Err(Error::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"half");
    }
}
