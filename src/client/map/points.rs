//! Recovery points, as the lists and DescribeRecoveryPoint tell of them.

use super::{
    arn, arn_or_unknown, at, at_or_epoch, common_arn, creator, resource_type, skipped, text, text_or_empty, type_of_arn,
};
use crate::client::text::clean;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, CalculatedLifecycle, Known, KnownPoint, Nesting, Scope, VaultName};
use aws_sdk_backup::operation::describe_recovery_point::DescribeRecoveryPointOutput;
use aws_sdk_backup::types as sdk;

fn calculated(lifecycle: Option<&sdk::CalculatedLifecycle>) -> CalculatedLifecycle {
    CalculatedLifecycle {
        move_to_cold_storage_at: at(lifecycle.and_then(|l| l.move_to_cold_storage_at())),
        delete_at: at(lifecycle.and_then(|l| l.delete_at())),
    }
}

fn status(status: Option<&sdk::RecoveryPointStatus>) -> RecoveryPointStatus {
    RecoveryPointStatus::from(clean(status.map_or("", |status| status.as_str())).as_str())
}

/// The list's row and the described point have the same members under two types.
macro_rules! recovery_point {
    ($(#[$doc:meta])* $name:ident, $type:ty, $storage_class:expr) => {
        $(#[$doc])*
        pub(crate) fn $name(scope: &Scope, point: &$type) -> Option<KnownPoint> {
            let Some(id) = arn(point.recovery_point_arn()) else { return skipped("recovery point") };
            let resource = common_arn(point.resource_arn());
            let storage_class: fn(&$type) -> Known<Option<String>> = $storage_class;
            Some(KnownPoint {
                arn: id,
                scope: scope.clone(),
                vault_name: text_or_empty(point.backup_vault_name()),
                vault_arn: arn_or_unknown(point.backup_vault_arn()),
                resource_type: resource_type(point.resource_type(), resource.as_ref()),
                resource_arn: resource.unwrap_or_else(super::unknown_arn),
                resource_name: text(point.resource_name()),
                source_vault_arn: Known::Known(common_arn(point.source_backup_vault_arn())),
                created_by: Known::Known(creator(point.created_by())),
                iam_role_arn: Known::Known(common_arn(point.iam_role_arn())),
                status: status(point.status()),
                status_message: text(point.status_message()),
                created: at_or_epoch(point.creation_date()),
                initiated: Known::Known(at(point.initiation_date())),
                completed: Known::Known(at(point.completion_date())),
                size_bytes: point.backup_size_in_bytes(),
                lifecycle: Known::Known(point.lifecycle().map(super::documents::lifecycle)),
                calculated_lifecycle: Known::Known(calculated(point.calculated_lifecycle())),
                encryption_key_arn: text(point.encryption_key_arn()),
                encrypted: Known::Known(point.is_encrypted()),
                last_restore: Known::Known(at(point.last_restore_time())),
                storage_class: storage_class(point),
                nesting: Nesting::told(
                    point.is_parent(),
                    arn(point.parent_recovery_point_arn()),
                    text(point.composite_member_identifier()),
                ),
            })
        }
    };
}
recovery_point!(
    /// A row of ListRecoveryPointsByBackupVault.
    recovery_point,
    sdk::RecoveryPointByBackupVault,
    |_| Known::Unknown
);
recovery_point!(
    /// DescribeRecoveryPoint's answer.
    described_recovery_point,
    DescribeRecoveryPointOutput,
    |point| Known::Known(point.storage_class().map(|class| clean(class.as_str())))
);

/// A row of ListRecoveryPointsByResource, which tells little: the resource is the one that was asked for.
pub(crate) fn recovery_point_of_resource(
    scope: &Scope,
    resource: &Arn,
    point: &sdk::RecoveryPointByResource,
) -> Option<KnownPoint> {
    let Some(id) = arn(point.recovery_point_arn()) else { return skipped("recovery point") };
    let vault_name = text_or_empty(point.backup_vault_name());
    let vault_arn = vault_name.parse::<VaultName>().map(|name| Arn::vault(scope, &name));
    Some(KnownPoint {
        arn: id,
        scope: scope.clone(),
        vault_arn: vault_arn.unwrap_or_else(|_| super::unknown_arn()),
        vault_name,
        resource_arn: resource.clone(),
        resource_name: text(point.resource_name()),
        resource_type: type_of_arn(resource),
        source_vault_arn: Known::Unknown,
        created_by: Known::Unknown,
        iam_role_arn: Known::Unknown,
        status: status(point.status()),
        status_message: text(point.status_message()),
        created: at_or_epoch(point.creation_date()),
        initiated: Known::Unknown,
        completed: Known::Unknown,
        size_bytes: point.backup_size_bytes(),
        lifecycle: Known::Unknown,
        calculated_lifecycle: Known::Unknown,
        encryption_key_arn: text(point.encryption_key_arn()),
        encrypted: point.encryption_key_arn().map_or(Known::Unknown, |_| Known::Known(true)),
        last_restore: Known::Unknown,
        storage_class: Known::Unknown,
        nesting: Nesting::told(point.is_parent(), arn(point.parent_recovery_point_arn()), None),
    })
}
