//! What is told of a legal hold.

use super::{Attribute, account, region};
use crate::domain::legal_hold::HoldSummary;

/// Its title.
pub const TITLE: Attribute<HoldSummary> = Attribute::text("LEGAL HOLD", "Title", |record| (&record.title).into());
/// Its state.
pub const STATUS: Attribute<HoldSummary> = Attribute::text("STATUS", "Status", |record| record.status.as_str().into());
/// What it is for.
pub const DESCRIPTION: Attribute<HoldSummary> =
    Attribute::text("DESCRIPTION", "Description", |record| (&record.description).into());
/// Its id.
pub const ID: Attribute<HoldSummary> = Attribute::text("ID", "LegalHoldId", |record| (&record.id).into());
/// Its ARN.
pub const ARN: Attribute<HoldSummary> = Attribute::text("ARN", "LegalHoldArn", |record| (&record.arn).into());
/// When it was created: what is younger is not held.
pub const CREATED: Attribute<HoldSummary> = Attribute::time("CREATED", "CreationDate", |record| record.created.into());
/// When it was released.
pub const CANCELLED: Attribute<HoldSummary> =
    Attribute::time("RELEASED", "CancellationDate", |record| record.cancelled.into());
/// The account that it lives in.
pub const ACCOUNT: Attribute<HoldSummary> = account();
/// The region that it lives in.
pub const REGION: Attribute<HoldSummary> = region();

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<HoldSummary>] =
    &[&TITLE, &STATUS, &DESCRIPTION, &ID, &ARN, &CREATED, &CANCELLED, &ACCOUNT, &REGION];
