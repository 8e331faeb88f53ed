//! Recovery keys: the files with which restic opens a vault on the day when all else is gone.

use crate::domain::Arn;
use crate::domain::extension::{CheckKind, CheckProblem};
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::vaults::rows::recovery_keys;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{self, FileKind, Id, KeyFile};

/// Looks at the file of the vault's recovery key, and at those that others made.
pub(super) fn check(engine: &Engine, arn: &Arn, vault: &OpenVault) -> Result<Vec<CheckProblem>> {
    let noted: Option<String> = engine.catalog.read(|connection| recovery_keys::get(connection, arn))?;
    let present = vault.repository.storage().list(FileKind::Key)?;
    let mut problems = Vec::new();
    if let Some(noted) = &noted
        && !present.iter().any(|(id, _)| id.to_hex() == *noted)
    {
        problems.push(problem(arn, noted, "it is missing: its password opens nothing", true));
    }
    for (id, _) in present {
        let ours = noted.as_deref() == Some(id.to_hex().as_str());
        if let Some(wrong) = fault_of(vault, &id)? {
            problems.push(problem(arn, &id.to_hex(), &wrong, ours));
        }
    }
    Ok(problems)
}

/// What is wrong with a key file, if anything.
fn fault_of(vault: &OpenVault, id: &Id) -> Result<Option<String>> {
    let bytes = match vault.repository.storage().read(FileKind::Key, id) {
        Ok(bytes) => bytes,
        // Replaced since it was listed.
        Err(repository::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Ok(Some(error.to_string())),
    };
    if Id::of(&bytes) != *id {
        return Ok(Some("its bytes are not those that were written: its password may open nothing".to_owned()));
    }
    let parsed = serde_json::from_slice::<KeyFile>(&bytes);
    Ok(parsed.err().map(|_| "it is not a key file".to_owned()))
}

fn problem(vault: &Arn, id: &str, message: &str, ours: bool) -> CheckProblem {
    let name = vault.vault_name().unwrap_or_default();
    let (subject, advice) = if ours {
        let advice = format!("Make a new recovery key and keep it: `vaultdeck vault recovery-key {name}`");
        (format!("the recovery key (keys/{id})"), advice)
    } else {
        let advice = "A key file of another program: make it again with `restic key add`".to_owned();
        (format!("the key file keys/{id}"), advice)
    };
    CheckProblem {
        kind: CheckKind::RecoveryKey,
        subject,
        message: message.to_owned(),
        recovery_point_arn: None,
        item_count: None,
        items: Vec::new(),
        repaired: false,
        advice: Some(advice),
    }
}
