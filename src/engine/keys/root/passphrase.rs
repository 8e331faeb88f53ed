//! A passphrase: scrypt derives a key from it, and that seals the secret. Nothing of either is written down.

use super::secret::Secret;
use super::{closed, written};
use crate::engine::error::{Error, Result};
use crate::engine::keys::sealing::{random, seal, unseal};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// The shortest new passphrase, in characters: what is shorter can be guessed, whatever a guess costs.
pub const MIN_CHARACTERS: usize = 12;
/// The longest, in bytes.
pub const MAX_BYTES: usize = 1024;

const SALT: usize = 32;

/// A passphrase. It is wiped from memory when it is dropped, and nothing shows it.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

/// What one guess of a passphrase costs: scrypt's N as its power of two, r and p. Memory is 128·N·r bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

/// What is written down of a passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Lock {
    #[serde(flatten)]
    cost: Cost,
    #[serde(with = "written")]
    salt: Vec<u8>,
    /// The root's secret: that it opens proves the passphrase.
    #[serde(with = "written")]
    sealed: Vec<u8>,
}

impl Passphrase {
    /// A passphrase of this text. Refused is what can be none.
    pub fn new(text: Zeroizing<String>) -> Result<Self> {
        match text.len() {
            0 => Err(Error::invalid_parameter("the passphrase of the key ring must not be empty")),
            length if length > MAX_BYTES => Err(Error::invalid_parameter(format!(
                "the passphrase of the key ring must be at most {MAX_BYTES} bytes long, it has {length}"
            ))),
            _ => Ok(Self(text)),
        }
    }

    /// Refuses what is too short to protect anything.
    fn require_strength(&self) -> Result<()> {
        let characters = self.0.chars().count();
        if characters >= MIN_CHARACTERS {
            return Ok(());
        }
        Err(Error::invalid_parameter(format!(
            "a new passphrase of the key ring must have at least {MIN_CHARACTERS} characters, it has {characters}; nothing was \
             changed"
        )))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl Cost {
    /// What a new passphrase gets: N = 2¹⁷, r = 8, p = 1. A guess takes 128 MiB and a good part of a second.
    pub const STRONG: Self = Self { log_n: 17, r: 8, p: 1 };

    /// The cost of tests, which open a root often: it protects nothing.
    pub const fn of_tests() -> Self {
        Self { log_n: 4, r: 8, p: 1 }
    }

    /// scrypt's parameters, if this program would spend that much: the file is not to make it use up the memory.
    fn parameters(self) -> Option<scrypt::Params> {
        let Self { log_n, r, p } = self;
        let sane = (1..=22).contains(&log_n) && (1..=32).contains(&r) && (1..=16).contains(&p);
        if sane { scrypt::Params::new(log_n, r, p).ok() } else { None }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scrypt N=2^{}, r={}, p={}", self.log_n, self.r, self.p)
    }
}

impl Lock {
    /// What a guess costs.
    pub(in crate::engine::keys) fn cost(&self) -> Cost {
        self.cost
    }

    /// Locks the secret of the root of this name by a new passphrase.
    pub(super) fn close(passphrase: &Passphrase, cost: Cost, name: &str, secret: &Secret) -> Result<Self> {
        passphrase.require_strength()?;
        let mut salt = vec![0; SALT];
        random(&mut salt)?;
        let key = derived(passphrase, cost, &salt)?;
        let sealed = seal(key.as_slice(), name, secret.reveal())?;
        Ok(Self { cost, salt, sealed })
    }

    /// The secret of the root of this name.
    pub(super) fn open(&self, passphrase: Option<&Passphrase>, name: &str) -> Result<Secret> {
        let passphrase = passphrase.ok_or_else(none)?;
        let key = derived(passphrase, self.cost, &self.salt)?;
        let opened = unseal(key.as_slice(), name, &self.sealed)?.and_then(|bytes| Secret::of(&bytes));
        opened.ok_or_else(|| {
            closed(
                "the passphrase does not open the key ring of this data directory",
                "It is another one, or keys/root.json is damaged: then put back your copy of it. Nothing was changed",
                false,
            )
        })
    }
}

/// No passphrase was given for a root that is there.
fn none() -> Error {
    closed(
        "the key ring of this data directory opens with a passphrase, and none was given",
        "Name a file with it by --passphrase-file, VAULTDECK_PASSPHRASE_FILE, passphrase_file in [keys] of the config, or the \
         systemd credential vaultdeck-passphrase; or start in a terminal, where it is asked for",
        false,
    )
}

/// No passphrase was given for a root that is made.
pub(super) fn none_new() -> Error {
    closed(
        "a new passphrase is needed, and none was given",
        "Name a file with it, or do this in a terminal, where it is asked for. Nothing was changed",
        false,
    )
}

fn derived(passphrase: &Passphrase, cost: Cost, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let unusable = || Error::Damaged {
        what: format!("keys/root.json is damaged: {cost} is not usable"),
        advice: "Put back your copy of it; nothing was deleted".to_owned(),
    };
    let parameters = cost.parameters().ok_or_else(unusable)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.0.as_bytes(), salt, &parameters, key.as_mut_slice()).map_err(|_| unusable())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::keys::root::conformance::assert_told_nowhere;

    const TEXT: &str = "correct horse battery staple";

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
    }

    fn lock(secret: &Secret) -> Lock {
        Lock::close(&passphrase(TEXT), Cost::of_tests(), "passphrase 1", secret).unwrap()
    }

    #[test]
    fn the_passphrase_alone_opens_it_and_only_under_its_name() {
        let secret = Secret::draw().unwrap();
        let lock = lock(&secret);
        assert_eq!(lock.open(Some(&passphrase(TEXT)), "passphrase 1").unwrap().reveal(), secret.reveal());
        let refused = |text: &str, name: &str| lock.open(Some(&passphrase(text)), name).unwrap_err().to_string();
        for (text, name) in [("correct horse battery stapl", "passphrase 1"), (TEXT, "passphrase 2")] {
            let refused = refused(text, name);
            assert!(refused.contains("does not open") && refused.contains("Nothing was changed"), "{refused}");
        }
        assert!(lock.open(None, "passphrase 1").unwrap_err().to_string().contains("--passphrase-file"));
    }

    #[test]
    fn what_is_written_down_can_be_read_again_and_tells_no_secret() {
        let secret = Secret::draw().unwrap();
        let lock = lock(&secret);
        let json = serde_json::to_string(&lock).unwrap();
        assert_eq!(serde_json::from_str::<Lock>(&json).unwrap(), lock);
        assert!(json.starts_with(r#"{"LogN":4,"R":8,"P":1,"Salt":""#), "{json}");
        assert!(!json.contains(TEXT));
        assert_told_nowhere(&format!("{json} {lock:?} {:?}", passphrase(TEXT)), Some(secret.reveal()));
    }

    #[test]
    fn a_new_one_must_be_long_and_a_file_cannot_ask_for_all_the_memory() {
        let secret = Secret::draw().unwrap();
        let short = Lock::close(&passphrase("elevenchars"), Cost::of_tests(), "a", &secret).unwrap_err();
        assert!(short.to_string().contains("at least 12 characters"), "{short}");
        assert!(Passphrase::new(Zeroizing::new(String::new())).is_err());
        assert!(Passphrase::new(Zeroizing::new("x".repeat(MAX_BYTES + 1))).is_err());
        let mut greedy = lock(&secret);
        for cost in
            [Cost { log_n: 40, r: 8, p: 1 }, Cost { log_n: 17, r: 1 << 20, p: 1 }, Cost { log_n: 0, r: 0, p: 0 }]
        {
            greedy.cost = cost;
            let refused = greedy.open(Some(&passphrase(TEXT)), "passphrase 1").unwrap_err();
            assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
        }
    }

    #[test]
    fn a_guess_costs_what_the_field_advises() {
        assert_eq!(Cost::STRONG.to_string(), "scrypt N=2^17, r=8, p=1");
        let parameters = Cost::STRONG.parameters().unwrap();
        assert_eq!(parameters, scrypt::Params::RECOMMENDED);
    }
}
