//! Sealing: AES-256 in counter mode, authenticated by Poly1305-AES, with a key of its own for each context.

use crate::engine::error::{Error, Result};
use aes256ctr_poly1305aes::aead::Aead;
use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, Key, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const NONCE: usize = 16;

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
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| Error::Internal(format!("no random bytes from the system: {e}")))
}
