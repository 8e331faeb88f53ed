//! What is told of a backup plan.

use super::{Attribute, account, region};
use crate::domain::plan::PlanSummary;

/// Its name.
pub const NAME: Attribute<PlanSummary> = Attribute::text("PLAN", "BackupPlanName", |record| (&record.name).into());
/// Its id.
pub const ID: Attribute<PlanSummary> = Attribute::text("ID", "BackupPlanId", |record| record.id.as_str().into());
/// Its ARN.
pub const ARN: Attribute<PlanSummary> = Attribute::text("ARN", "BackupPlanArn", |record| (&record.arn).into());
/// The version told of.
pub const VERSION: Attribute<PlanSummary> =
    Attribute::text("VERSION", "VersionId", |record| (&record.version_id).into());
/// When this version was created.
pub const CREATED: Attribute<PlanSummary> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it last made a job.
pub const LAST_RUN: Attribute<PlanSummary> =
    Attribute::time("LAST RUN", "LastExecutionDate", |record| record.last_execution.into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<PlanSummary> = account();
/// The region that it lives in.
pub const REGION: Attribute<PlanSummary> = region();

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<PlanSummary>] = &[&NAME, &ID, &ARN, &VERSION, &CREATED, &LAST_RUN, &ACCOUNT, &REGION];
