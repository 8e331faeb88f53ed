//! The config file of a repository.

use serde::{Deserialize, Serialize};

use super::integrity::Integrity;
use super::{Error, FileKind, Id, MasterKey, Repository, Result, Storage, crypto, pack};

/// The version that this program reads and writes.
pub const VERSION: u32 = 2;

/// The degree of the polynomials that restic's own chunker uses.
const DEGREE: u32 = 53;

/// The name of the config's copy among the files beside the repository: the same sealed bytes.
pub(super) const CONFIG_COPY: &str = "copies/config";

/// How many files of each kind are tried as witnesses of the key.
const WITNESSES: usize = 8;

const CONFIG_ADVICE: &str = "nothing is lost by it: reading needs nothing that stands in it, and it is written again when the vault may be written";

/// What is to be done about the config file of an open repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConfigState {
    /// Nothing: file and copy are there.
    Written,
    /// The copy is missing or damaged.
    NoCopy,
    /// There is no file.
    Missing,
    /// Its bytes are not what was written.
    Damaged,
}

/// The config of a repository: from its file, from the copy, or made anew, for nothing that is read depends on it.
///
/// A key that opens neither the config nor anything else is the wrong key; one that opens something shows that only the
/// config is damaged.
pub(super) fn read(storage: &dyn Storage, key: &MasterKey, integrity: &Integrity) -> Result<(ConfigFile, ConfigState)> {
    let open = |mut sealed: Vec<u8>| key.open(&mut sealed).ok().map(|json| ConfigFile::from_json(json));
    let copy = storage.read_side(CONFIG_COPY).ok().flatten();
    if copy.is_some() && !integrity.has_file() {
        integrity.tell_missing();
    }
    let copy = copy.and_then(open);
    let (problem, state) = match storage.read_config() {
        Ok(Some(sealed)) => {
            let empty = sealed.is_empty();
            match open(sealed) {
                Some(Ok(config)) => {
                    if matches!(copy, Some(Ok(copy)) if copy == config) {
                        return Ok((config, ConfigState::Written));
                    }
                    // A repository that another program made has neither.
                    if integrity.has_file() {
                        integrity.tell("the copy of the config file", "it is missing or damaged", CONFIG_ADVICE);
                    }
                    return Ok((config, ConfigState::NoCopy));
                }
                Some(Err(error @ Error::UnknownVersion(_))) => return Err(error),
                Some(Err(error)) => (error.to_string(), ConfigState::Damaged),
                None if empty => ("it is empty".to_owned(), ConfigState::Damaged),
                None => ("its bytes are not those that were written".to_owned(), ConfigState::Damaged),
            }
        }
        Ok(None) => ("it is missing".to_owned(), ConfigState::Missing),
        Err(error) => (error.to_string(), ConfigState::Damaged),
    };
    let config = match copy {
        Some(Ok(config)) => config,
        Some(Err(error @ Error::UnknownVersion(_))) => return Err(error),
        _ if opens_something(storage, key)? => ConfigFile::generate()?,
        _ if state == ConfigState::Missing => return Err(Error::NotARepository(storage.location())),
        _ => return Err(Error::WrongKey),
    };
    integrity.tell("the config file", problem, CONFIG_ADVICE);
    Ok((config, state))
}

/// Whether the key opens anything of the repository at all.
fn opens_something(storage: &dyn Storage, key: &MasterKey) -> Result<bool> {
    for kind in [FileKind::Snapshot, FileKind::Index, FileKind::Lock] {
        for (id, _) in storage.list(kind)?.into_iter().take(WITNESSES) {
            if storage.read(kind, &id).is_ok_and(|mut sealed| key.open(&mut sealed).is_ok()) {
                return Ok(true);
            }
        }
    }
    let packs = storage.list(FileKind::Pack)?.into_iter().take(WITNESSES);
    let mut packs = packs.map(|(id, size)| pack::read_header(storage, key, &id, size));
    Ok(packs.any(|header| header.is_ok()))
}

impl Repository {
    /// Looks at the config file again, and tells what is wrong with it.
    pub(super) fn check_config(&self) -> Result<()> {
        let (_, state) = read(self.storage().as_ref(), self.key(), &self.integrity)?;
        *self.config_state.lock() = state;
        Ok(())
    }

    /// Writes the copy of a whole config file that has none.
    pub(super) fn copy_config(&self) -> Result<()> {
        let lacks_copy = *self.config_state.lock() == ConfigState::NoCopy;
        if lacks_copy { self.settle_config() } else { Ok(()) }
    }

    /// Writes the config file and its copy again where one of them is damaged.
    pub(super) fn settle_config(&self) -> Result<()> {
        let mut state = self.config_state.lock();
        if *state == ConfigState::Written {
            return Ok(());
        }
        let sealed = self.key().seal_message(&self.config().to_json()?)?;
        self.storage().write_side(CONFIG_COPY, &sealed)?;
        if *state == ConfigState::Damaged {
            self.storage().set_config_aside()?;
        }
        if *state != ConfigState::NoCopy {
            self.storage().write_config(&sealed)?;
        }
        *state = ConfigState::Written;
        Ok(())
    }
}

/// What the file `config` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// The format's version.
    pub version: u32,
    /// Names the repository; 32 random bytes.
    pub id: Id,
    /// restic's chunker works with it, and refuses one that is not irreducible. Ours does not use it.
    pub chunker_polynomial: String,
}

impl ConfigFile {
    /// The config of a new repository.
    pub fn generate() -> Result<Self> {
        let mut id = [0; Id::LENGTH];
        crypto::random(&mut id)?;
        Ok(Self {
            version: VERSION,
            id: Id::from_bytes(id),
            chunker_polynomial: format!("{:x}", random_irreducible_polynomial()?),
        })
    }

    /// Reads the JSON of a config file.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let config: Self = serde_json::from_slice(json).map_err(|error| Error::damaged("the config file", error))?;
        if config.version == VERSION { Ok(config) } else { Err(Error::UnknownVersion(config.version)) }
    }

    /// The JSON of the config file.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::damaged("the config file", error))
    }
}

/// A random polynomial over GF(2) of degree 53 that has no factor; about one in 26 drawn is one.
fn random_irreducible_polynomial() -> Result<u64> {
    loop {
        let mut bytes = [0; 8];
        crypto::random(&mut bytes)?;
        let below = (1 << DEGREE) - 1;
        let candidate = (u64::from_le_bytes(bytes) & below) | (1 << DEGREE) | 1;
        if is_irreducible(candidate) {
            return Ok(candidate);
        }
    }
}

/// Rabin's test for degree 53: since 53 is prime, `f` is irreducible when x^(2^53) ≡ x and gcd(x² + x, f) = 1.
fn is_irreducible(polynomial: u64) -> bool {
    let x = 0b10;
    let mut power = x;
    for _ in 0..DEGREE {
        power = multiply(power, power, polynomial);
    }
    power == x && greatest_common_divisor(0b110, polynomial) == 1
}

fn degree(polynomial: u64) -> u32 {
    polynomial.checked_ilog2().unwrap_or_default()
}

/// `left × right` modulo a polynomial of degree 53.
fn multiply(left: u64, right: u64, modulus: u64) -> u64 {
    let mut product = 0;
    let mut shifted = left;
    for bit in 0..DEGREE {
        if right >> bit & 1 == 1 {
            product ^= shifted;
        }
        shifted <<= 1;
        if shifted >> DEGREE & 1 == 1 {
            shifted ^= modulus;
        }
    }
    product
}

fn greatest_common_divisor(mut left: u64, mut right: u64) -> u64 {
    while right != 0 {
        (left, right) = (right, remainder(left, right));
    }
    left
}

fn remainder(mut dividend: u64, divisor: u64) -> u64 {
    while dividend != 0 && degree(dividend) >= degree(divisor) {
        dividend ^= divisor << (degree(dividend) - degree(divisor));
    }
    dividend
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomials_of_restic_are_irreducible_and_products_are_not() {
        // From repositories and the documentation of restic.
        for polynomial in [0x0037_e647_292e_2689, 0x0025_b468_838d_cb75, 0x003d_a335_8b4d_c173] {
            assert!(is_irreducible(polynomial), "{polynomial:x}");
        }
        assert!(!is_irreducible(1 << 53));
        assert!(!is_irreducible(0x0037_e647_292e_2688), "divisible by x");
        assert!(!is_irreducible(0x0037_e647_292e_2689 ^ 0b10), "an even number of terms: divisible by x + 1");
    }

    #[test]
    fn a_config_survives_its_json() {
        let config = ConfigFile::generate().unwrap();
        assert_eq!(ConfigFile::from_json(&config.to_json().unwrap()).unwrap(), config);
        let newer = ConfigFile { version: 3, ..config };
        assert!(matches!(ConfigFile::from_json(&newer.to_json().unwrap()), Err(Error::UnknownVersion(3))));
    }
}
