//! Sealing and opening: AES-256 in counter mode, authenticated by Poly1305-AES, as restic does it.
//!
//! A sealed message is `nonce (16) | ciphertext | tag (16)`.

use aes256ctr_poly1305aes::aead::AeadInPlace;
use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, Key, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::{Error, Result};

/// Bytes in front of every ciphertext.
pub const NONCE_LENGTH: usize = 16;
/// Bytes behind every ciphertext.
pub const TAG_LENGTH: usize = 16;
/// What sealing adds to a message.
pub const OVERHEAD: usize = NONCE_LENGTH + TAG_LENGTH;

/// What stands before and behind a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Before it.
    pub nonce: [u8; NONCE_LENGTH],
    /// Behind it.
    pub tag: [u8; TAG_LENGTH],
}

/// A message whose authentication failed: damaged, forged, or sealed with another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("authentication failed (wrong key, or changed bytes)")]
pub struct NotAuthentic;

/// The key of a repository: 32 bytes for encryption, 16 for `k` and 16 for `r` of the authentication.
///
/// It has no `Debug` and is wiped when dropped.
pub struct MasterKey {
    bytes: Zeroizing<[u8; 64]>,
    cipher: Aes256CtrPoly1305Aes,
}

impl MasterKey {
    /// A new random key.
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 64]);
        random(bytes.as_mut())?;
        Ok(Self::from_bytes(&bytes))
    }

    /// A key from its 64 bytes: encryption, `k`, `r`.
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let mut key = *Key::from_slice(bytes);
        let cipher = Aes256CtrPoly1305Aes::new(&key);
        key.as_mut_slice().zeroize();
        Self { bytes: Zeroizing::new(*bytes), cipher }
    }

    /// The 64 bytes, to be wrapped by another key.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        self.bytes.clone()
    }

    /// Encrypts `text` in place and returns what belongs around it.
    pub fn seal_detached(&self, text: &mut [u8]) -> Result<Seal> {
        let nonce = fresh_nonce()?;
        let tag = self
            .cipher
            .encrypt_in_place_detached(Nonce::from_slice(&nonce), &[], text)
            .map_err(|_| Error::System { what: "encryption", problem: "message too long".into() })?;
        Ok(Seal { nonce, tag: tag.into() })
    }

    /// Decrypts in place what [`seal_detached`](Self::seal_detached) encrypted.
    pub fn open_detached(&self, seal: &Seal, text: &mut [u8]) -> Result<(), NotAuthentic> {
        self.cipher
            .decrypt_in_place_detached(Nonce::from_slice(&seal.nonce), &[], text, Tag::from_slice(&seal.tag))
            .map_err(|_| NotAuthentic)
    }

    /// A sealed copy of `plaintext`.
    pub fn seal_message(&self, plaintext: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = vec![0; NONCE_LENGTH];
        sealed.reserve_exact(plaintext.len() + TAG_LENGTH);
        sealed.extend_from_slice(plaintext);
        let seal = self.seal_detached(&mut sealed[NONCE_LENGTH..])?;
        sealed[..NONCE_LENGTH].copy_from_slice(&seal.nonce);
        sealed.extend_from_slice(&seal.tag);
        Ok(sealed)
    }

    /// Opens a sealed message in place and returns the plaintext within it.
    pub fn open<'a>(&self, sealed: &'a mut [u8]) -> Result<&'a mut [u8], NotAuthentic> {
        if sealed.len() < OVERHEAD {
            return Err(NotAuthentic);
        }
        let (nonce, rest) = sealed.split_at_mut(NONCE_LENGTH);
        let (text, tag) = rest.split_at_mut(rest.len() - TAG_LENGTH);
        self.cipher
            .decrypt_in_place_detached(Nonce::from_slice(nonce), &[], text, Tag::from_slice(tag))
            .map_err(|_| NotAuthentic)?;
        Ok(text)
    }

    /// A number derived from the key for one purpose; never 0.
    pub fn derive_seed(&self, purpose: &str) -> Result<u64> {
        let kdf = Hkdf::<Sha256>::new(None, self.bytes.as_ref());
        let mut output = [0; 8];
        for round in 0..=u8::MAX {
            kdf.expand(&[purpose.as_bytes(), &[round]].concat(), &mut output)
                .map_err(|error| Error::System { what: "key derivation", problem: error.to_string() })?;
            let seed = u64::from_le_bytes(output);
            if seed != 0 {
                return Ok(seed);
            }
        }
        Err(Error::System { what: "key derivation", problem: "only zeros".into() })
    }
}

/// Fills `bytes` from the system's random source.
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::System { what: "random bytes", problem: error.to_string() })
}

/// A random nonce whose lower half does not overflow within one message.
///
/// restic's counter carries through all 128 bits, the cipher used here through the lower 64 only: where a carry would
/// happen the two disagree, so such a nonce (one in 2³²) is drawn again.
fn fresh_nonce() -> Result<[u8; NONCE_LENGTH]> {
    let mut nonce = [0; NONCE_LENGTH];
    loop {
        random(&mut nonce)?;
        if !near_overflow(&nonce) {
            return Ok(nonce);
        }
    }
}

fn near_overflow(nonce: &[u8; NONCE_LENGTH]) -> bool {
    nonce[8..12] == [0xff; 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_again_and_nothing_else_does() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal_message(b"hello").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(key.open(&mut sealed.clone()).unwrap(), b"hello");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&mut changed).is_err(), "byte {at} changed unseen");
        }
        let other = MasterKey::generate().unwrap();
        assert!(other.open(&mut sealed.clone()).is_err());
        assert!(key.open(&mut sealed[..31].to_vec()).is_err());
    }

    #[test]
    fn a_key_survives_its_bytes() {
        let key = MasterKey::generate().unwrap();
        let same = MasterKey::from_bytes(&key.to_bytes());
        let mut sealed = key.seal_message(b"x").unwrap();
        assert_eq!(same.open(&mut sealed).unwrap(), b"x");
    }

    #[test]
    fn seeds_depend_on_key_and_purpose_and_are_stable() {
        let key = MasterKey::from_bytes(&[7; 64]);
        let seed = key.derive_seed("chunker").unwrap();
        assert_eq!(seed, MasterKey::from_bytes(&[7; 64]).derive_seed("chunker").unwrap());
        assert_ne!(seed, key.derive_seed("other").unwrap());
        assert_ne!(seed, MasterKey::from_bytes(&[8; 64]).derive_seed("chunker").unwrap());
        assert_ne!(seed, 0);
    }

    #[test]
    fn a_nonce_about_to_carry_is_noticed() {
        let mut nonce = [0xff; 16];
        assert!(near_overflow(&nonce));
        nonce[8] = 0xfe;
        assert!(!near_overflow(&nonce));
    }
}
