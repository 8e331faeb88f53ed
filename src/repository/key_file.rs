//! Key files: the master key, wrapped by a password, so that restic can open the repository.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{Error, MasterKey, Result, crypto};

/// The cost of guessing one password: about 32 MiB and 0.1 s.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;
/// What we accept from a file; more would only serve to exhaust the memory.
const LARGEST_LOG_N: u32 = 24;

/// A file in `keys/`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyFile {
    /// When it was made.
    pub created: DateTime<FixedOffset>,
    /// Who made it.
    #[serde(default)]
    pub username: String,
    /// Where.
    #[serde(default)]
    pub hostname: String,
    kdf: String,
    #[serde(rename = "N")]
    n: u32,
    r: u32,
    p: u32,
    salt: String,
    data: String,
}

/// The master key as restic writes it within a key file.
#[derive(Serialize, Deserialize)]
struct WrappedKey {
    mac: WrappedMac,
    encrypt: String,
}

#[derive(Serialize, Deserialize)]
struct WrappedMac {
    k: String,
    r: String,
}

impl Drop for WrappedKey {
    fn drop(&mut self) {
        self.mac.k.zeroize();
        self.mac.r.zeroize();
        self.encrypt.zeroize();
    }
}

impl KeyFile {
    /// Wraps `key` with `password`.
    pub fn wrap(
        key: &MasterKey,
        password: &str,
        username: &str,
        hostname: &str,
        created: DateTime<FixedOffset>,
    ) -> Result<Self> {
        let mut salt = [0; 64];
        crypto::random(&mut salt)?;
        let (n, r, p) = (1 << LOG_N, R, P);
        let user_key = derive(password, &salt, n, r, p)?;
        let bytes = key.to_bytes();
        let wrapped = WrappedKey {
            mac: WrappedMac { k: BASE64.encode(&bytes[32..48]), r: BASE64.encode(&bytes[48..]) },
            encrypt: BASE64.encode(&bytes[..32]),
        };
        let json =
            Zeroizing::new(serde_json::to_vec(&wrapped).map_err(|error| Error::damaged("a new key file", error))?);
        Ok(Self {
            created,
            username: username.into(),
            hostname: hostname.into(),
            kdf: "scrypt".into(),
            n,
            r,
            p,
            salt: BASE64.encode(salt),
            data: BASE64.encode(user_key.seal_message(&json)?),
        })
    }

    /// Whether a password could be tried on it at all. restic stops at a key file on which it cannot.
    pub fn is_usable(&self) -> bool {
        let decodes = |text: &str| BASE64.decode(text).is_ok();
        self.kdf == "scrypt"
            && parameters(self.n, self.r, self.p).is_some()
            && decodes(&self.salt)
            && decodes(&self.data)
    }

    /// The master key, when `password` is right.
    pub fn unwrap_key(&self, password: &str) -> Result<MasterKey> {
        let damaged = |problem: &str| Error::damaged("a key file", problem);
        if self.kdf != "scrypt" {
            return Err(damaged("its key derivation is not scrypt"));
        }
        let salt = BASE64.decode(&self.salt).map_err(|_| damaged("its salt is not base64"))?;
        let mut data = BASE64.decode(&self.data).map_err(|_| damaged("its data is not base64"))?;
        let user_key = derive(password, &salt, self.n, self.r, self.p)?;
        let json = user_key.open(&mut data).map_err(|_| Error::WrongKey)?;
        let wrapped: WrappedKey = serde_json::from_slice(json).map_err(|error| Error::damaged("a key file", error))?;
        json.zeroize();
        let mut bytes = Zeroizing::new([0; 64]);
        for (text, range) in [(&wrapped.encrypt, 0..32), (&wrapped.mac.k, 32..48), (&wrapped.mac.r, 48..64)] {
            let part = Zeroizing::new(BASE64.decode(text).map_err(|_| damaged("its key is not base64"))?);
            if part.len() != range.len() {
                return Err(damaged("its key has the wrong length"));
            }
            bytes[range].copy_from_slice(&part);
        }
        Ok(MasterKey::from_bytes(&bytes))
    }
}

fn parameters(n: u32, r: u32, p: u32) -> Option<scrypt::Params> {
    let sane = n.is_power_of_two() && n.ilog2() <= LARGEST_LOG_N && r <= 32 && p <= 32;
    if sane { scrypt::Params::new(n.ilog2() as u8, r, p).ok() } else { None }
}

fn derive(password: &str, salt: &[u8], n: u32, r: u32, p: u32) -> Result<MasterKey> {
    let refused = || Error::damaged("a key file", format!("its scrypt parameters N={n} r={r} p={p} are not usable"));
    let parameters = parameters(n, r, p).ok_or_else(refused)?;
    let mut bytes = Zeroizing::new([0; 64]);
    scrypt::scrypt(password.as_bytes(), salt, &parameters, bytes.as_mut()).map_err(|_| refused())?;
    Ok(MasterKey::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_gives_the_key_back() {
        let key = MasterKey::generate().unwrap();
        let created = DateTime::parse_from_rfc3339("2026-11-23T04:00:00.5+01:00").unwrap();
        let file = KeyFile::wrap(&key, "correct horse", "root", "bastion", created).unwrap();
        let json = serde_json::to_string(&file).unwrap();
        let read: KeyFile = serde_json::from_str(&json).unwrap();
        assert!(read.unwrap_key("correct horse").is_ok_and(|same| *same.to_bytes() == *key.to_bytes()));
        assert!(matches!(read.unwrap_key("battery staple"), Err(Error::WrongKey)));
    }

    #[test]
    fn a_key_file_of_restic_opens() {
        let json = r#"{"created":"2026-11-23T04:38:53.596978459Z","username":"root","hostname":"vm","kdf":"scrypt","N":32768,"r":8,"p":5,"salt":"a4x9qxtCgRrDfH/T3C0+6TWh91N+n29/p3CEhOpsS8qbizLUszm5Z/j+lB6Jq46XwbSUCx69+IBZ10Q2YqwTaw==","data":"21wSguJ9P7KhNDpBOCFnooYVISeKnXiefUSaOOdcxNNnj7OP91PPdT0c2MVmUpn3r+29RA2i9T7H2NBRZ/c5s2Dzn49O9cMcGumKDpn2JmC7vt8unfLEXJHA+jwx7Far1++Pcmayw15ZykQlcolIeL4eOpWKfUBg0VUUmLLpQ3qPr2Nw4dSoLJX+7udi7XevuuGP77rP+duLWKJFQkTzAw=="}"#;
        let file: KeyFile = serde_json::from_str(json).unwrap();
        assert!(file.unwrap_key("x").is_ok());
        assert!(matches!(file.unwrap_key("y"), Err(Error::WrongKey)));
    }
}
