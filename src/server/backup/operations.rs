//! Every operation of AWS Backup: its place on the wire, and what answers it.

use super::{
    access_policies, approval_teams, backup_jobs, copy_jobs, empty_lists, legal_holds, not_built, nothing_there,
    notifications, plans, protected_resources, recovery_points, restore_jobs, selections, settings, summaries, tags,
    templates, vaults,
};
use crate::server::call::{Answer, Call, Operation};

const fn operation(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    status: u16,
    exceptions: &'static str,
    handler: fn(&Call<'_>) -> Answer,
) -> Operation {
    Operation { name, method, path, status, exceptions, handler }
}

/// All of them, as in AWS's model of 2018-11-15.
#[rustfmt::skip]
pub(in crate::server) const OPERATIONS: [Operation; 115] = [
    operation("CreateBackupVault", "PUT", "/backup-vaults/{backupVaultName}", 200, "ALMV", vaults::create),
    operation("DescribeBackupVault", "GET", "/backup-vaults/{backupVaultName}", 200, "MNV", vaults::describe),
    operation("ListBackupVaults", "GET", "/backup-vaults", 200, "MNV", vaults::list),
    operation("DeleteBackupVault", "DELETE", "/backup-vaults/{backupVaultName}", 200, "MNRV", vaults::delete),
    operation("ListProtectedResourcesByBackupVault", "GET", "/backup-vaults/{backupVaultName}/resources", 200, "NV", protected_resources::list_by_vault),
    operation("PutBackupVaultAccessPolicy", "PUT", "/backup-vaults/{backupVaultName}/access-policy", 200, "MNV", access_policies::put),
    operation("GetBackupVaultAccessPolicy", "GET", "/backup-vaults/{backupVaultName}/access-policy", 200, "MNV", access_policies::get),
    operation("DeleteBackupVaultAccessPolicy", "DELETE", "/backup-vaults/{backupVaultName}/access-policy", 200, "MNV", access_policies::delete),
    operation("PutBackupVaultNotifications", "PUT", "/backup-vaults/{backupVaultName}/notification-configuration", 200, "MNV", notifications::put),
    operation("GetBackupVaultNotifications", "GET", "/backup-vaults/{backupVaultName}/notification-configuration", 200, "MNV", notifications::get),
    operation("DeleteBackupVaultNotifications", "DELETE", "/backup-vaults/{backupVaultName}/notification-configuration", 200, "MNV", notifications::delete),
    operation("PutBackupVaultLockConfiguration", "PUT", "/backup-vaults/{backupVaultName}/vault-lock", 200, "MNRV", vaults::put_lock),
    operation("DeleteBackupVaultLockConfiguration", "DELETE", "/backup-vaults/{backupVaultName}/vault-lock", 200, "MNRV", vaults::delete_lock),
    operation("CreateLogicallyAirGappedBackupVault", "PUT", "/logically-air-gapped-backup-vaults/{backupVaultName}", 200, "ALMRV", vaults::create_air_gapped),
    operation("CreateRestoreAccessBackupVault", "PUT", "/restore-access-backup-vaults", 200, "ALMNRV", approval_teams::refuse),
    operation("ListRestoreAccessBackupVaults", "GET", "/logically-air-gapped-backup-vaults/{backupVaultName}/restore-access-backup-vaults", 200, "MNV", nothing_there::restore_access_vaults),
    operation("RevokeRestoreAccessBackupVault", "DELETE", "/logically-air-gapped-backup-vaults/{backupVaultName}/restore-access-backup-vaults/{restoreAccessBackupVaultArn}", 200, "MNRV", approval_teams::refuse),
    operation("AssociateBackupVaultMpaApprovalTeam", "PUT", "/backup-vaults/{backupVaultName}/mpaApprovalTeam", 204, "MNRV", approval_teams::refuse),
    operation("DisassociateBackupVaultMpaApprovalTeam", "POST", "/backup-vaults/{backupVaultName}/mpaApprovalTeam", 204, "MNRV", approval_teams::refuse),
    operation("CreateBackupPlan", "PUT", "/backup/plans", 200, "ALMV", plans::create),
    operation("GetBackupPlan", "GET", "/backup/plans/{backupPlanId}", 200, "MNV", plans::get),
    operation("ListBackupPlans", "GET", "/backup/plans", 200, "MNV", plans::list),
    operation("ListBackupPlanVersions", "GET", "/backup/plans/{backupPlanId}/versions", 200, "MNV", plans::versions),
    operation("UpdateBackupPlan", "POST", "/backup/plans/{backupPlanId}", 200, "MNV", plans::update),
    operation("DeleteBackupPlan", "DELETE", "/backup/plans/{backupPlanId}", 200, "MNRV", plans::delete),
    operation("ExportBackupPlanTemplate", "GET", "/backup/plans/{backupPlanId}/toTemplate", 200, "MNV", templates::export),
    operation("GetBackupPlanFromJSON", "POST", "/backup/template/json/toPlan", 200, "LMRV", templates::from_json),
    operation("GetBackupPlanFromTemplate", "GET", "/backup/template/plans/{templateId}/toPlan", 200, "MNV", nothing_there::absent),
    operation("ListBackupPlanTemplates", "GET", "/backup/template/plans", 200, "MNV", empty_lists::answer),
    operation("CreateBackupSelection", "PUT", "/backup/plans/{backupPlanId}/selections", 200, "ALMV", selections::create),
    operation("GetBackupSelection", "GET", "/backup/plans/{backupPlanId}/selections/{selectionId}", 200, "MNV", selections::get),
    operation("ListBackupSelections", "GET", "/backup/plans/{backupPlanId}/selections", 200, "MNV", selections::list),
    operation("DeleteBackupSelection", "DELETE", "/backup/plans/{backupPlanId}/selections/{selectionId}", 200, "MNV", selections::delete),
    operation("StartBackupJob", "PUT", "/backup-jobs", 200, "LMNRV", backup_jobs::start),
    operation("DescribeBackupJob", "GET", "/backup-jobs/{backupJobId}", 200, "DMNV", backup_jobs::describe),
    operation("ListBackupJobs", "GET", "/backup-jobs", 200, "V", backup_jobs::list),
    operation("StopBackupJob", "POST", "/backup-jobs/{backupJobId}", 200, "MNRV", backup_jobs::stop),
    operation("StartCopyJob", "PUT", "/copy-jobs", 200, "LMNRV", copy_jobs::start),
    operation("DescribeCopyJob", "GET", "/copy-jobs/{copyJobId}", 200, "MNV", copy_jobs::describe),
    operation("ListCopyJobs", "GET", "/copy-jobs", 200, "V", copy_jobs::list),
    operation("StartRestoreJob", "PUT", "/restore-jobs", 200, "MNRV", restore_jobs::start),
    operation("DescribeRestoreJob", "GET", "/restore-jobs/{restoreJobId}", 200, "DMNV", restore_jobs::describe),
    operation("ListRestoreJobs", "GET", "/restore-jobs", 200, "MNV", restore_jobs::list),
    operation("ListRestoreJobsByProtectedResource", "GET", "/resources/{resourceArn}/restore-jobs", 200, "MNV", restore_jobs::list_by_resource),
    operation("GetRestoreJobMetadata", "GET", "/restore-jobs/{restoreJobId}/metadata", 200, "MNV", restore_jobs::metadata),
    operation("PutRestoreValidationResult", "PUT", "/restore-jobs/{restoreJobId}/validations", 204, "MNRV", not_built::refuse),
    operation("ListBackupJobSummaries", "GET", "/audit/backup-job-summaries", 200, "V", summaries::backup_jobs),
    operation("ListCopyJobSummaries", "GET", "/audit/copy-job-summaries", 200, "V", summaries::copy_jobs),
    operation("ListRestoreJobSummaries", "GET", "/audit/restore-job-summaries", 200, "V", summaries::restore_jobs),
    operation("ListScanJobSummaries", "GET", "/audit/scan-job-summaries", 200, "V", empty_lists::answer),
    operation("ListRecoveryPointsByBackupVault", "GET", "/backup-vaults/{backupVaultName}/recovery-points", 200, "MNV", recovery_points::list_by_vault),
    operation("ListRecoveryPointsByResource", "GET", "/resources/{resourceArn}/recovery-points", 200, "MNV", recovery_points::list_by_resource),
    operation("DescribeRecoveryPoint", "GET", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}", 200, "MNV", recovery_points::describe),
    operation("GetRecoveryPointRestoreMetadata", "GET", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}/restore-metadata", 200, "MNV", recovery_points::restore_metadata),
    operation("UpdateRecoveryPointLifecycle", "POST", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}", 200, "MNRV", recovery_points::update_lifecycle),
    operation("DeleteRecoveryPoint", "DELETE", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}", 200, "MNRSV", recovery_points::delete),
    operation("DisassociateRecoveryPoint", "POST", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}/disassociate", 200, "MNRSV", recovery_points::disassociate),
    operation("DisassociateRecoveryPointFromParent", "DELETE", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}/parentAssociation", 204, "MNRV", recovery_points::disassociate_from_parent),
    operation("ListProtectedResources", "GET", "/resources", 200, "V", protected_resources::list),
    operation("DescribeProtectedResource", "GET", "/resources/{resourceArn}", 200, "MNV", protected_resources::describe),
    operation("CreateLegalHold", "POST", "/legal-holds", 200, "LMV", legal_holds::create),
    operation("GetLegalHold", "GET", "/legal-holds/{legalHoldId}", 200, "MNV", legal_holds::get),
    operation("ListLegalHolds", "GET", "/legal-holds", 200, "V", legal_holds::list),
    operation("CancelLegalHold", "DELETE", "/legal-holds/{legalHoldId}", 201, "MNSV", legal_holds::cancel),
    operation("ListRecoveryPointsByLegalHold", "GET", "/legal-holds/{legalHoldId}/recovery-points", 200, "MV", legal_holds::points),
    operation("CreateFramework", "POST", "/audit/frameworks", 200, "ALMV", not_built::refuse),
    operation("DescribeFramework", "GET", "/audit/frameworks/{frameworkName}", 200, "MNV", nothing_there::absent),
    operation("ListFrameworks", "GET", "/audit/frameworks", 200, "V", empty_lists::answer),
    operation("UpdateFramework", "PUT", "/audit/frameworks/{frameworkName}", 200, "ACLMNV", not_built::refuse),
    operation("DeleteFramework", "DELETE", "/audit/frameworks/{frameworkName}", 200, "CMNV", not_built::refuse),
    operation("CreateReportPlan", "POST", "/audit/report-plans", 200, "ALMV", not_built::refuse),
    operation("DescribeReportPlan", "GET", "/audit/report-plans/{reportPlanName}", 200, "MNV", nothing_there::absent),
    operation("ListReportPlans", "GET", "/audit/report-plans", 200, "V", empty_lists::answer),
    operation("UpdateReportPlan", "PUT", "/audit/report-plans/{reportPlanName}", 200, "CMNV", not_built::refuse),
    operation("DeleteReportPlan", "DELETE", "/audit/report-plans/{reportPlanName}", 200, "CMNV", not_built::refuse),
    operation("StartReportJob", "POST", "/audit/report-jobs/{reportPlanName}", 200, "MNV", not_built::refuse),
    operation("DescribeReportJob", "GET", "/audit/report-jobs/{reportJobId}", 200, "MN", nothing_there::absent),
    operation("ListReportJobs", "GET", "/audit/report-jobs", 200, "NV", empty_lists::answer),
    operation("CreateRestoreTestingPlan", "PUT", "/restore-testing/plans", 201, "ACLMV", not_built::refuse),
    operation("GetRestoreTestingPlan", "GET", "/restore-testing/plans/{RestoreTestingPlanName}", 200, "N", nothing_there::absent),
    operation("ListRestoreTestingPlans", "GET", "/restore-testing/plans", 200, "V", empty_lists::answer),
    operation("UpdateRestoreTestingPlan", "PUT", "/restore-testing/plans/{RestoreTestingPlanName}", 200, "CMNV", not_built::refuse),
    operation("DeleteRestoreTestingPlan", "DELETE", "/restore-testing/plans/{RestoreTestingPlanName}", 204, "R", not_built::refuse),
    operation("CreateRestoreTestingSelection", "PUT", "/restore-testing/plans/{RestoreTestingPlanName}/selections", 201, "ALMNV", not_built::refuse),
    operation("GetRestoreTestingSelection", "GET", "/restore-testing/plans/{RestoreTestingPlanName}/selections/{RestoreTestingSelectionName}", 200, "N", nothing_there::absent),
    operation("ListRestoreTestingSelections", "GET", "/restore-testing/plans/{RestoreTestingPlanName}/selections", 200, "NV", nothing_there::absent_list),
    operation("UpdateRestoreTestingSelection", "PUT", "/restore-testing/plans/{RestoreTestingPlanName}/selections/{RestoreTestingSelectionName}", 200, "CMNV", not_built::refuse),
    operation("DeleteRestoreTestingSelection", "DELETE", "/restore-testing/plans/{RestoreTestingPlanName}/selections/{RestoreTestingSelectionName}", 204, "N", not_built::refuse),
    operation("GetRestoreTestingInferredMetadata", "GET", "/restore-testing/inferred-metadata", 200, "MNV", recovery_points::inferred_metadata),
    operation("UpdateRecoveryPointIndexSettings", "POST", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}/index", 200, "MNRV", not_built::refuse),
    operation("GetRecoveryPointIndexDetails", "GET", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}/index", 200, "MNV", nothing_there::index_details),
    operation("ListIndexedRecoveryPoints", "GET", "/indexes/recovery-point", 200, "NV", empty_lists::answer),
    operation("DescribeRegionSettings", "GET", "/account-settings", 200, "", settings::describe_region),
    operation("UpdateRegionSettings", "PUT", "/account-settings", 200, "MV", settings::update_region),
    operation("DescribeGlobalSettings", "GET", "/global-settings", 200, "R", settings::describe_global),
    operation("UpdateGlobalSettings", "PUT", "/global-settings", 200, "MRV", settings::update_global),
    operation("GetSupportedResourceTypes", "GET", "/supported-resource-types", 200, "", settings::supported_types),
    operation("ListTags", "GET", "/tags/{resourceArn}", 200, "MNV", tags::list),
    operation("TagResource", "POST", "/tags/{resourceArn}", 200, "LMNV", tags::tag),
    operation("UntagResource", "POST", "/untag/{resourceArn}", 200, "MNV", tags::untag),
    operation("CreateTieringConfiguration", "PUT", "/tiering-configurations", 200, "ACLMV", not_built::refuse),
    operation("GetTieringConfiguration", "GET", "/tiering-configurations/{tieringConfigurationName}", 200, "MNV", nothing_there::absent),
    operation("ListTieringConfigurations", "GET", "/tiering-configurations", 200, "V", empty_lists::answer),
    operation("UpdateTieringConfiguration", "PUT", "/tiering-configurations/{tieringConfigurationName}", 200, "ACLMNV", not_built::refuse),
    operation("DeleteTieringConfiguration", "DELETE", "/tiering-configurations/{tieringConfigurationName}", 200, "MNV", not_built::refuse),
    operation("StartScanJob", "PUT", "/scan/job", 201, "LMNRV", not_built::refuse),
    operation("DescribeScanJob", "GET", "/scan/jobs/{ScanJobId}", 200, "MNV", nothing_there::absent),
    operation("ListScanJobs", "GET", "/scan/jobs", 200, "V", empty_lists::answer),
    operation("GetPITRMalwareScanResults", "GET", "/scan/pitr-malware-scan-results", 200, "MNV", nothing_there::scan_results),
    operation("CreateBackupAccessPoint", "PUT", "/backup-access-point/create", 201, "ACLMNRV", not_built::refuse),
    operation("DescribeBackupAccessPoint", "GET", "/backup-access-point/{AccessPointArn}", 200, "MNRV", nothing_there::absent),
    operation("DeleteBackupAccessPoint", "DELETE", "/backup-access-point/delete/{AccessPointArn}", 204, "MNRV", not_built::refuse),
    operation("ListBackupAccessPoints", "GET", "/backup-access-point", 200, "V", empty_lists::answer),
    operation("ListBackupAccessPointsByRecoveryPoint", "POST", "/backup-access-point/recovery-point/{RecoveryPointArn}", 200, "V", empty_lists::answer),
    operation("ListBackupAccessPointsByResource", "POST", "/backup-access-point/resource/{ResourceArn}", 200, "V", empty_lists::answer),
];

/// Finds the operation of a method and a raw path, and the path's variable segments, still encoded.
pub(in crate::server) fn find<'a>(method: &str, path: &'a str) -> Option<(&'static Operation, Vec<&'a str>)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    OPERATIONS
        .iter()
        .filter(|operation| operation.method == method)
        .find_map(|operation| Some((operation, variables(operation.path, path)?)))
}

/// The segments of `path` that stand where `pattern` has variables, if the rest is the same.
fn variables<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut found = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        if expected.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            found.push(segment);
        } else if segment != expected {
            return None;
        }
    }
    segments.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_is_found_at_its_own_path_with_and_without_the_slash() {
        for operation in &OPERATIONS {
            let path = operation.path.replace('{', "v").replace('}', "");
            for path in [path.clone(), format!("{path}/")] {
                let (found, variables) = find(operation.method, &path).unwrap();
                assert_eq!(found.name, operation.name, "{} {path}", operation.method);
                assert_eq!(variables.len(), operation.path.matches('{').count());
            }
        }
        assert_eq!(OPERATIONS.iter().map(|operation| operation.name).collect::<BTreeSet<_>>().len(), 115);
    }

    #[test]
    fn an_arn_is_one_segment_and_stays_encoded() {
        let (operation, variables) = find("GET", "/resources/arn%3Aaws%3Aefs%2Ffs-1/recovery-points/").unwrap();
        assert_eq!(operation.name, "ListRecoveryPointsByResource");
        assert_eq!(variables, ["arn%3Aaws%3Aefs%2Ffs-1"]);
    }

    #[test]
    fn nothing_else_is_found() {
        for path in
            ["", "/", "//", "/backup-vaults//", "/backup-vaults/a/b", "/backup-jobs//x", "/nothing", "backup-jobs"]
        {
            let found = find("GET", path).map(|(operation, _)| operation.name);
            assert_eq!(found, None, "{path}");
        }
        assert!(find("PATCH", "/backup-vaults").is_none());
    }
}
