//! The key ring: what wraps the keys of the vaults, the KMS keys that customers make, and the secrets of access keys and resources.
//!
//! The ring holds the [roots](root) that a data directory has. It wraps with the first of them, and unwraps with the one
//! that wrapped: what another root than [the key file](root::file) made bears that root's name before it, so a root may be
//! put in front, and all that was wrapped before still opens. Nobody but the ring knows a root.
//!
//! Its user chooses the root when the directory is made, and [moves](moving) it from one to another later.
//!
//! A vault's data key is wrapped by exactly one KMS key, for good: by the root itself, which is the key `alias/aws/backup` of
//! every account and region (`managed`), or by the material of a key that its customer made, which the root wraps.
//!
//! [`sealing`] is the cipher below: also of what is sealed with a vault's own key, as its files are.

pub(crate) mod customer;
#[cfg(test)]
mod house_of_tests;
pub(crate) mod managed;
#[cfg(test)]
mod move_tests;
pub mod moving;
mod opening;
pub mod root;
pub(crate) mod sealed_file;
pub mod sealing;
#[cfg(test)]
mod tests;

pub(crate) use opening::Standing;
pub(crate) use sealing::random;

use crate::domain::kms::KmsKey;
use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::CreateKey;
use crate::engine::data_dir::DataDir;
use crate::engine::error::{Error, Result};
use customer::CustomerKeys;
use parking_lot::Mutex;
use root::{Keeper, Root};
use std::fmt;
use zeroize::Zeroizing;

/// What a name of a root stands behind. What is wrapped without a name begins with 16 random bytes, so it is taken for a
/// named one once in 2¹²⁸ times.
const NAMED: &[u8; 16] = b"vaultdeck root 1";

/// What a wrapped secret is for. It is bound to that: it unwraps for nothing else.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// The data key of a vault.
    VaultKey(&'a Arn),
    /// The material of a KMS key that a customer made.
    KmsKey(&'a Arn),
    /// The secret of the access key with this id.
    AccessKey(&'a str),
    /// The secret of a resource.
    Resource(&'a Arn),
}

/// The text that a root binds to. It is in every data directory: it can never change.
impl fmt::Display for Purpose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VaultKey(vault) => write!(f, "vaultdeck vault key {vault}"),
            Self::KmsKey(key) => write!(f, "vaultdeck kms key {key}"),
            Self::AccessKey(id) => write!(f, "vaultdeck access key {id}"),
            Self::Resource(arn) => write!(f, "vaultdeck resource {arn}"),
        }
    }
}

/// The roots of a data directory, the one that wraps first.
#[derive(Debug)]
pub struct KeyRing {
    first: Box<dyn Root>,
    others: Vec<Box<dyn Root>>,
    customer: CustomerKeys,
    standing: Mutex<Standing>,
}

/// How many bytes the material of a KMS key has.
const MATERIAL: usize = 32;

impl KeyRing {
    /// Opens the roots of a data directory, with what `keeper` has. Only in a `fresh` one may a root be made.
    pub fn open(data_dir: &DataDir, keeper: &dyn Keeper, fresh: bool) -> Result<Self> {
        let opened = opening::open(data_dir, keeper, fresh)?;
        let roots = opened.held.into_iter().map(|held| Box::new(held) as Box<dyn Root>).collect();
        Ok(Self { standing: Mutex::new(opened.standing), ..Self::of(roots, CustomerKeys::open(data_dir)?)? })
    }

    fn of(roots: Vec<Box<dyn Root>>, customer: CustomerKeys) -> Result<Self> {
        let mut roots = roots.into_iter();
        let first = roots.next().ok_or_else(|| Error::Internal("the data directory has no key root".to_owned()))?;
        Ok(Self { first, others: roots.collect(), customer, standing: Mutex::default() })
    }

    /// Whether a move from another root is under way.
    pub(crate) fn standing(&self) -> Standing {
        self.standing.lock().clone()
    }

    /// From now on a move from another root stands so.
    pub(crate) fn note_standing(&self, standing: Standing) {
        *self.standing.lock() = standing;
    }

    /// The KMS keys that customers made.
    pub(crate) fn customer(&self) -> &CustomerKeys {
        &self.customer
    }

    /// Makes a KMS key: the one of the permit, enabled.
    pub(crate) fn make_key(&self, permit: &Permit<'_, CreateKey>, description: &str, now: Time) -> Result<KmsKey> {
        let arn: Arn = permit.on().parse()?;
        let mut material = Zeroizing::new([0; MATERIAL]);
        random(material.as_mut_slice())?;
        let wrapped = self.wrap(Purpose::KmsKey(&arn), material.as_slice())?;
        self.customer.add(permit, &wrapped, description, now)
    }

    /// Refuses what a disabled or deleted KMS key forbids; `None` is AWS Backup's own key, which is always enabled.
    pub(crate) fn require_usable(&self, under: Option<&Arn>) -> Result<()> {
        under.map_or(Ok(()), |key| self.customer.require_usable(key))
    }

    /// Wraps the data key of a vault that is made under this KMS key.
    pub(crate) fn wrap_data_key(&self, vault: &Arn, under: Option<&Arn>, secret: &[u8]) -> Result<Vec<u8>> {
        let purpose = Purpose::VaultKey(vault);
        let Some(key) = under else { return self.wrap(purpose, secret) };
        self.customer.require_usable(key)?;
        sealing::seal(&self.material(key)?, &purpose.to_string(), secret)
    }

    /// Unwraps the data key of a vault. Also under a key that is disabled, for what the engine keeps of the vault's lock and
    /// legal holds: whoever lets data in or out asks [`require_usable`](Self::require_usable).
    pub(crate) fn unwrap_data_key(
        &self,
        vault: &Arn,
        under: Option<&Arn>,
        wrapped: &[u8],
        refused: impl FnOnce(&str) -> Error,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let purpose = Purpose::VaultKey(vault);
        let Some(key) = under else { return self.unwrap(purpose, wrapped, refused) };
        let unwrapped = sealing::unseal(&self.material(key)?, &purpose.to_string(), wrapped)?;
        unwrapped.ok_or_else(|| refused(&format!("KMS key {key}")))
    }

    fn material(&self, key: &Arn) -> Result<Zeroizing<Vec<u8>>> {
        let wrapped = self.customer.material(key)?;
        self.unwrap(Purpose::KmsKey(key), &wrapped, |root| Error::Damaged {
            what: format!("the material of KMS key {key} is damaged: the data directory's {root} does not open it"),
            advice: "Put back your copies of the files in keys/; nothing was deleted".to_owned(),
        })
    }

    /// Wraps a secret so that only [`unwrap`](Self::unwrap) for the same purpose gives it back.
    pub fn wrap(&self, purpose: Purpose<'_>, secret: &[u8]) -> Result<Vec<u8>> {
        let wrapped = self.first.wrap(&purpose.to_string(), secret)?;
        let name = self.first.describe().name;
        if name == root::file::NAME {
            return Ok(wrapped);
        }
        let length =
            u8::try_from(name.len()).map_err(|_| Error::Internal(format!("{name:?} is too long for a root")))?;
        Ok([NAMED.as_slice(), &[length], name.as_bytes(), &wrapped].concat())
    }

    /// Unwraps what [`wrap`](Self::wrap) made, by whichever root. Where that root does not open it (it was wrapped for
    /// another purpose, by another root of that name, or was changed) the error is what `refused` says of the root's place.
    pub fn unwrap(
        &self,
        purpose: Purpose<'_>,
        wrapped: &[u8],
        refused: impl FnOnce(&str) -> Error,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let (name, wrapped) = taken_apart(wrapped);
        let mut place = None;
        // Several may bear a name: a key file that there is again, and the one that there was before.
        for root in self.roots().filter(|root| root.describe().name.as_bytes() == name) {
            if let Some(secret) = root.unwrap(&purpose.to_string(), wrapped)? {
                return Ok(secret);
            }
            place.get_or_insert_with(|| root.describe().place);
        }
        let unknown = || format!("key root {:?}, which is not set up,", String::from_utf8_lossy(name));
        Err(refused(&place.unwrap_or_else(unknown)))
    }

    /// The same secret wrapped by the root that wraps now; `None` where it did already, or where no root opens it: then it
    /// stays as it is, and is told of.
    pub(crate) fn rewrapped(&self, purpose: Purpose<'_>, wrapped: &[u8]) -> Result<Option<Vec<u8>>> {
        let (name, inner) = taken_apart(wrapped);
        let by_the_first = self.first.describe().name.as_bytes() == name;
        if by_the_first && self.first.unwrap(&purpose.to_string(), inner)?.is_some() {
            return Ok(None);
        }
        match self
            .unwrap(purpose, wrapped, |root| Error::Internal(format!("the data directory's {root} does not open it")))
        {
            Ok(secret) => self.wrap(purpose, &secret).map(Some),
            Err(error) => {
                tracing::warn!(what = %purpose, %error, "a secret cannot be wrapped by the new root: it stays as it is");
                Ok(None)
            }
        }
    }

    /// Wraps the material of all keys of customers by the root that wraps now.
    pub(crate) fn rewrap_customer_keys(&self) -> Result<()> {
        self.customer.rewrap(|key, wrapped| self.rewrapped(Purpose::KmsKey(key), wrapped))
    }

    fn roots(&self) -> impl Iterator<Item = &Box<dyn Root>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// The name of the root that wrapped, and what it made.
fn taken_apart(wrapped: &[u8]) -> (&[u8], &[u8]) {
    let named = wrapped.strip_prefix(NAMED).and_then(<[u8]>::split_first);
    let named = named.and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)));
    named.unwrap_or((root::file::NAME.as_bytes(), wrapped))
}
