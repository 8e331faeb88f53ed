//! Operations whose machinery has not landed yet: each says so. Jobs and restores replace this file.

use crate::domain::extension::{CheckReport, Items, RecoveryKey};
use crate::domain::job::{BackupJob, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::{Arn, Lifecycle, Scope, Time, VaultName};
use crate::engine::{
    AdvanceTo, BackupJobFilter, Caller, Engine, Error, Page, PageRequest, RestoreJobFilter, Result, StartBackup,
    StartRestore,
};
use std::collections::BTreeMap;

/// An operation that answers that it is not built.
macro_rules! not_built {
    ($($name:ident($($argument:ty),*) -> $answer:ty),+ $(,)?) => {
        impl Engine {
            $(
                /// Not built yet.
                pub fn $name(&self, $(_: $argument),*) -> Result<$answer> {
                    Err(Error::unavailable(concat!(stringify!($name), " is not built yet")))
                }
            )+
        }
    };
}
not_built! {
    start_backup_job(&Caller, StartBackup) -> BackupJob,
    describe_backup_job(&Caller, &JobId) -> BackupJob,
    list_backup_jobs(&Caller, &BackupJobFilter, &PageRequest) -> Page<BackupJob>,
    stop_backup_job(&Caller, &JobId) -> (),
    recovery_point_restore_metadata(&Caller, &str, &Arn) -> BTreeMap<String, String>,
    update_recovery_point_lifecycle(&Caller, &str, &Arn, Lifecycle) -> RecoveryPoint,
    delete_recovery_point(&Caller, &str, &Arn) -> (),
    recovery_point_items(&Caller, &Arn, &str, &PageRequest) -> Items,
    start_restore_job(&Caller, StartRestore) -> JobId,
    describe_restore_job(&Caller, &JobId) -> RestoreJob,
    list_restore_jobs(&Caller, &RestoreJobFilter, &PageRequest) -> Page<RestoreJob>,
    restore_job_metadata(&Caller, &JobId) -> BTreeMap<String, String>,
    advance(AdvanceTo) -> Time,
    make_recovery_key(&Scope, &VaultName) -> RecoveryKey,
    check_vault(&Scope, &VaultName) -> CheckReport,
}
