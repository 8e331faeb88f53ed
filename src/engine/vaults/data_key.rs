//! A vault's data key: `vaultdeck/key.json`, in which it lies wrapped, by AWS Backup's own key or by a KMS key of a customer.

use crate::domain::Arn;
use crate::engine::error::{Error, Result};
use crate::engine::keys::{KeyRing, Purpose};
use crate::engine::vaults::copies::{self, Pair};
use crate::repository::{MasterKey, Storage, crash_point};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The file, which has a copy.
pub(in crate::engine) const KEY: &str = "key.json";
/// Its version where no KMS key of a customer is named, which all versions of this program read.
const VERSION: u32 = 1;
/// Its version where one is, and the newest that this program reads.
const UNDER_A_KEY: u32 = 2;

/// `vaultdeck/key.json`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine) struct KeyFile {
    pub(in crate::engine) version: u32,
    pub(in crate::engine) vault_arn: Arn,
    /// The KMS key of a customer that wraps the data key; none where that is AWS Backup's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) kms_key_arn: Option<Arn>,
    /// The data key, wrapped for this vault, in base64.
    pub(in crate::engine) wrapped_key: String,
}

impl KeyFile {
    pub(in crate::engine) fn new(vault: &Arn, under: Option<&Arn>, wrapped: &[u8]) -> Self {
        Self {
            version: if under.is_some() { UNDER_A_KEY } else { VERSION },
            vault_arn: vault.clone(),
            kms_key_arn: under.cloned(),
            wrapped_key: BASE64.encode(wrapped),
        }
    }
}

/// A vault's data key, and under which KMS key of a customer it is; none where that is AWS Backup's own.
pub(in crate::engine) struct DataKey {
    pub(in crate::engine) master: MasterKey,
    pub(in crate::engine) under: Option<Arn>,
}

/// Reads and unwraps a vault's data key, from its file or the copy.
pub(in crate::engine) fn read_key(files: &dyn Storage, keys: &KeyRing, arn: &Arn) -> Result<Pair<DataKey>> {
    copies::read(files, KEY, |place, bytes| parse_key(place, bytes, keys, arn))
}

/// Unwraps a vault's data key, read from the file at `place`.
fn parse_key(place: &str, bytes: &[u8], keys: &KeyRing, arn: &Arn) -> Result<DataKey> {
    let damaged = |why: &str| Error::Damaged {
        what: format!("the key of vault {arn} ({place}) is damaged: {why}"),
        advice:
            "Put back your copy of it. Without it restic still opens the repository with the vault's recovery key; \
                 nothing was deleted"
                .to_owned(),
    };
    let file: KeyFile = serde_json::from_slice(bytes).map_err(|_| damaged("it is not a key file"))?;
    if file.version > UNDER_A_KEY {
        let (found, known) = (i64::from(file.version), i64::from(UNDER_A_KEY));
        return Err(Error::Newer { what: place.to_owned(), found, known });
    }
    if &file.vault_arn != arn {
        return Err(damaged(&format!("it belongs to {}", file.vault_arn)));
    }
    let wrapped = BASE64.decode(&file.wrapped_key).map_err(|_| damaged("it is not base64"))?;
    let refused = |root: &str| damaged(&format!("the data directory's {root} does not open it"));
    let bytes = keys.unwrap_data_key(arn, file.kms_key_arn.as_ref(), &wrapped, refused)?;
    let bytes: Zeroizing<[u8; 64]> =
        Zeroizing::new(bytes.as_slice().try_into().map_err(|_| damaged("its length is wrong"))?);
    Ok(DataKey { master: MasterKey::from_bytes(&bytes), under: file.kms_key_arn })
}

/// Wraps a vault's data key by the root that wraps now, in its file and the copy; where that is so already, or a KMS key of a
/// customer wraps it, nothing is written. What is damaged of the two stays for who mends it.
pub(in crate::engine) fn rewrap(files: &dyn Storage, keys: &KeyRing, arn: &Arn) -> Result<()> {
    let mut whole = Vec::new();
    for name in [KEY.to_owned(), copies::copy_of(KEY)] {
        let Some(bytes) = files.read_side(&name)? else { continue };
        if parse_key(&name, &bytes, keys, arn).is_ok() {
            whole.push((name, bytes));
        }
    }
    let Some(file) = whole.first().and_then(|(_, bytes)| serde_json::from_slice::<KeyFile>(bytes).ok()) else {
        tracing::warn!(vault = %arn, "the vault's key cannot be wrapped by the new root: its file is damaged, or its KMS key gone");
        return Ok(());
    };
    if file.kms_key_arn.is_some() {
        return Ok(());
    }
    let wrapped = BASE64.decode(&file.wrapped_key).map_err(|error| Error::Internal(format!("{KEY}: {error}")))?;
    let content = match keys.rewrapped(Purpose::VaultKey(arn), &wrapped)? {
        Some(anew) => copies::prove(
            serde_json::to_vec(&KeyFile::new(arn, None, &anew)).map_err(|e| Error::Internal(format!("{KEY}: {e}")))?,
        ),
        None => whole[0].1.clone(),
    };
    for (name, _) in whole.iter().filter(|(_, bytes)| *bytes != content) {
        files.write_side(name, &content)?;
        crash_point::reached("during-rewrapping");
    }
    Ok(())
}
