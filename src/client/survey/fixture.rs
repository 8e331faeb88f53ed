//! Records and surveys for the tests of what is drawn from them.

use super::Survey;
use crate::client::query::SelectableResource;
use crate::client::{Answer, Key, Query};
use crate::domain::finding::fixture::{FILE_SYSTEM, at, scope};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::vault::{Vault, VaultType};
use crate::domain::{Arn, Known, KnownPoint, Nesting, Tags, Time, types};

/// A vault `Default` that says that it holds so many points.
pub(crate) fn vault(points: i64) -> Vault {
    Vault {
        arn: Arn::vault(&scope(), &"Default".parse().unwrap()),
        scope: scope(),
        name: "Default".to_owned(),
        vault_type: VaultType::Standard,
        encryption_key_arn: None,
        created: None,
        creator_request_id: None,
        recovery_points: points,
        lock: None,
    }
}

/// A recovery point in it.
pub(crate) fn point(id: &str, size: i64, created: &str) -> KnownPoint {
    KnownPoint {
        arn: Arn::recovery_point(&scope(), id),
        scope: scope(),
        vault_name: "Default".to_owned(),
        vault_arn: vault(0).arn,
        resource_arn: FILE_SYSTEM.parse().unwrap(),
        resource_name: Some("projects".to_owned()),
        resource_type: types::efs::FACTS.resource_type(),
        status: RecoveryPointStatus::Completed,
        status_message: None,
        created: at(created),
        size_bytes: Some(size),
        encryption_key_arn: None,
        source_vault_arn: Known::Unknown,
        created_by: Known::Unknown,
        iam_role_arn: Known::Unknown,
        initiated: Known::Unknown,
        completed: Known::Unknown,
        lifecycle: Known::Unknown,
        calculated_lifecycle: Known::Unknown,
        encrypted: Known::Unknown,
        last_restore: Known::Unknown,
        storage_class: Known::Unknown,
        nesting: Nesting::default(),
    }
}

/// A registered directory.
pub(crate) fn resource(arn: &str, name: &str) -> SelectableResource {
    SelectableResource {
        arn: arn.parse().unwrap(),
        resource_type: types::efs::FACTS.resource_type(),
        tags: Tags::new(),
        name: Known::Known(name.to_owned()),
        path: Known::Unknown,
    }
}

/// What one scope of an engine told.
pub(crate) fn survey(answers: impl IntoIterator<Item = (Query, Answer)>, now: Time) -> Survey {
    let answers = answers.into_iter().map(|(query, answer)| (Key::scoped(scope(), query), answer)).collect();
    Survey::of(vec![scope()], answers, now)
}
