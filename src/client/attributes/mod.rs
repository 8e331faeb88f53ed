//! What is told of each kind of record, as data: a title, AWS's name of it, and its value. The columns of the dashboard's
//! screens and of the command line's lists, JSON and CSV are made of these, so that a thing has one name and one meaning
//! wherever it stands. Filters name it by its title: `LAST RUN` is `last-run`.
//!
//! A module per kind of record names its attributes and lists in `ALL` those that JSON and CSV have, in the order of the
//! CSV. To tell one thing more, add it here; a screen or a list then takes it into its columns.

pub mod account;
pub mod backup_job;
pub mod copy_job;
pub mod deed;
pub mod hold;
pub mod kms_key;
pub mod plan;
pub mod point;
pub mod policy;
pub mod restore_job;
pub mod vault;

use crate::domain::deed::Deed;
use crate::domain::filter::Field;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::kms::KmsKey;
use crate::domain::legal_hold::HoldSummary;
use crate::domain::plan::PlanSummary;
use crate::domain::value::{Unit, Value};
use crate::domain::vault::Vault;
use crate::domain::{Arn, KnownPoint, Scope, Time};

/// One thing that is told of records of a kind.
#[derive(Debug)]
pub struct Attribute<T: 'static> {
    /// What stands above its column.
    pub title: &'static str,
    /// AWS's name of it where AWS has one: its member in JSON, its column in CSV.
    pub member: &'static str,
    /// What its values count.
    pub unit: Unit,
    /// The only values that it can have; where it is empty, any.
    pub choices: &'static [&'static str],
    /// Its value in a record.
    pub value: fn(&T) -> Value<'_>,
}

impl<T> Attribute<T> {
    /// A text, or a yes or no.
    const fn text(title: &'static str, member: &'static str, value: fn(&T) -> Value<'_>) -> Self {
        Self { title, member, unit: Unit::None, choices: &[], value }
    }

    /// One of a few texts.
    const fn choice(
        title: &'static str,
        member: &'static str,
        choices: &'static [&'static str],
        value: fn(&T) -> Value<'_>,
    ) -> Self {
        Self { title, member, unit: Unit::None, choices, value }
    }

    /// A number of things.
    const fn number(title: &'static str, member: &'static str, value: fn(&T) -> Value<'_>) -> Self {
        Self { title, member, unit: Unit::Pieces, choices: &[], value }
    }

    /// A number of bytes.
    const fn bytes(title: &'static str, member: &'static str, value: fn(&T) -> Value<'_>) -> Self {
        Self { title, member, unit: Unit::Bytes, choices: &[], value }
    }

    /// How long something took, in seconds.
    const fn span(title: &'static str, member: &'static str, value: fn(&T) -> Value<'_>) -> Self {
        Self { title, member, unit: Unit::Seconds, choices: &[], value }
    }

    /// A moment.
    const fn time(title: &'static str, member: &'static str, value: fn(&T) -> Value<'_>) -> Self {
        Self { title, member, unit: Unit::Moment, choices: &[], value }
    }
}

impl<T> Attribute<T> {
    /// The field of filters that it is.
    pub fn field(&self) -> Field {
        Field::titled(self.title, self.unit, self.choices)
    }
}

/// How long something took that began and ended.
fn took(began: Option<Time>, ended: Option<Time>) -> Value<'static> {
    began.zip(ended).map(|(began, ended)| (ended - began).num_seconds().max(0)).into()
}

/// What lives in an account and a region.
pub trait Scoped {
    /// Where it lives.
    fn scope(&self) -> &Scope;
}

macro_rules! scoped {
    ($($record:ty),+) => {
        $(impl Scoped for $record {
            fn scope(&self) -> &Scope {
                &self.scope
            }
        })+
    };
}
scoped!(Vault, KmsKey, HoldSummary, PlanSummary, BackupJob, CopyJob, RestoreJob, KnownPoint, Deed);

/// The account that something lives in.
pub const fn account<T: Scoped>() -> Attribute<T> {
    Attribute::text("ACCOUNT", "AccountId", |record| record.scope().account.as_str().into())
}

/// The region that something lives in.
pub const fn region<T: Scoped>() -> Attribute<T> {
    Attribute::text("REGION", "Region", |record| record.scope().region.as_str().into())
}

/// What people call a resource: its name, else the end of its ARN.
fn resource<'a>(name: Option<&'a String>, arn: Option<&'a Arn>) -> Value<'a> {
    let name = name.map(String::as_str).filter(|name| !name.is_empty());
    name.or_else(|| arn.map(Arn::last_part)).into()
}

/// The same with what it is beside that.
fn marked<'a>(name: Value<'a>, mark: Option<&str>) -> Value<'a> {
    match (name, mark) {
        (Value::Text(name), Some(mark)) => Value::Text(format!("{name} ({mark})").into()),
        (name, _) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Each member is told once, and each has a title.
    fn check<T: std::fmt::Debug>(kind: &str, all: &[&Attribute<T>]) {
        let members: BTreeSet<&str> = all.iter().map(|attribute| attribute.member).collect();
        assert_eq!(members.len(), all.len(), "{kind} tells a member twice");
        let untitled = all.iter().find(|attribute| attribute.title.is_empty() || attribute.member.is_empty());
        assert!(untitled.is_none(), "{kind} has {untitled:?}");
    }

    #[test]
    fn every_attribute_has_a_name_of_its_own() {
        check("vault", vault::ALL);
        check("plan", plan::ALL);
        check("legal hold", hold::ALL);
        check("KMS key", kms_key::ALL);
        check("backup job", backup_job::ALL);
        check("copy job", copy_job::ALL);
        check("restore job", restore_job::ALL);
        check("recovery point", point::ALL);
        check("account", account::ALL);
        check("change", deed::ALL);
    }

    #[test]
    fn what_was_added_to_a_csv_stands_at_its_end() {
        let members = |all: Vec<&'static str>| (all.join(","), all.last().copied());
        let (backup, last) = members(backup_job::ALL.iter().map(|one| one.member).collect());
        assert!(backup.contains(",CompletionDate,PercentDone,BackupSizeInBytes,"), "{backup}");
        assert_eq!(last, Some("TookSeconds"));
        let (restore, last) = members(restore_job::ALL.iter().map(|one| one.member).collect());
        assert!(restore.contains(",CompletionDate,PercentDone,BackupSizeInBytes,"), "{restore}");
        assert_eq!(last, Some("TookSeconds"));
        let (copy, last) = members(copy_job::ALL.iter().map(|one| one.member).collect());
        assert!(copy.contains(",CompletionDate,BackupSizeInBytes,StatusMessage,"), "{copy}");
        assert_eq!(last, Some("TookSeconds"));
    }

    #[test]
    fn what_the_three_kinds_of_job_share_has_one_name() {
        let titles = |member: &str| {
            let backup = backup_job::ALL.iter().find(|one| one.member == member).map(|one| (one.title, one.unit));
            let restore = restore_job::ALL.iter().find(|one| one.member == member).map(|one| (one.title, one.unit));
            let copy = copy_job::ALL.iter().find(|one| one.member == member).map(|one| (one.title, one.unit));
            [backup, restore, copy].into_iter().flatten().collect::<BTreeSet<_>>()
        };
        let members = backup_job::ALL.iter().map(|one| one.member);
        let members = members.chain(restore_job::ALL.iter().map(|one| one.member));
        for member in members.chain(copy_job::ALL.iter().map(|one| one.member)) {
            assert_eq!(titles(member).len(), 1, "{member}: {:?}", titles(member));
        }
    }
}
