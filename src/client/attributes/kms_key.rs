//! What is told of a KMS key.

use super::{Attribute, account, region};
use crate::domain::kms::KmsKey;

/// Its id.
pub const ID: Attribute<KmsKey> = Attribute::text("ID", "KeyId", |record| (&record.id).into());
/// Its ARN.
pub const ARN: Attribute<KmsKey> = Attribute::text("ARN", "Arn", |record| (&record.arn).into());
/// Its state.
pub const STATE: Attribute<KmsKey> = Attribute::text("STATE", "KeyState", |record| record.state.as_str().into());
/// The first of its aliases.
pub const ALIAS: Attribute<KmsKey> =
    Attribute::text("ALIAS", "AliasName", |record| record.aliases.first().map(String::as_str).into());
/// Whose it is to change.
pub const MANAGER: Attribute<KmsKey> =
    Attribute::text("MANAGER", "KeyManager", |record| record.manager.as_str().into());
/// What it is for.
pub const DESCRIPTION: Attribute<KmsKey> =
    Attribute::text("DESCRIPTION", "Description", |record| (&record.description).into());
/// When it was made.
pub const CREATED: Attribute<KmsKey> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it is gone, where that is to be.
pub const DELETED: Attribute<KmsKey> =
    Attribute::time("DELETED", "DeletionDate", |record| record.state.deletion_date().into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<KmsKey> = account();
/// The region that it lives in.
pub const REGION: Attribute<KmsKey> = region();

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<KmsKey>] =
    &[&ALIAS, &STATE, &ID, &ARN, &MANAGER, &DESCRIPTION, &CREATED, &DELETED, &ACCOUNT, &REGION];
