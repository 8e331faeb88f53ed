//! What is told of a change.

use super::{Attribute, account, region};
use crate::domain::deed::Deed;

/// How it ended.
pub const RESULT: Attribute<Deed> =
    Attribute::choice("RESULT", "Result", &["DONE", "REFUSED", "UNKNOWN"], |record| match &record.outcome {
        None => "UNKNOWN".into(),
        Some(Ok(_)) => "DONE".into(),
        Some(Err(_)) => "REFUSED".into(),
    });
/// When.
pub const WHEN: Attribute<Deed> = Attribute::time("WHEN", "EventTime", |record| record.at.into());
/// Who.
pub const WHO: Attribute<Deed> = Attribute::text("WHO", "Username", |record| (&record.who).into());
/// By which way.
pub const BY: Attribute<Deed> = Attribute::text("BY", "UserAgent", |record| (&record.by).into());
/// What, in words.
pub const WHAT: Attribute<Deed> = Attribute::text("WHAT", "Summary", |record| (&record.summary).into());
/// The operation.
pub const CALL: Attribute<Deed> = Attribute::text("CALL", "EventName", |record| (&record.operations).into());
/// Why it was refused.
pub const WHY: Attribute<Deed> = Attribute::text("WHY", "ErrorMessage", |record| match &record.outcome {
    Some(Err(why)) => why.as_str().into(),
    _ => None::<&str>.into(),
});
/// The exact request, as JSON.
pub const REQUEST: Attribute<Deed> = Attribute::text("REQUEST", "RequestParameters", |record| {
    Some(record.request.as_str()).filter(|request| !request.is_empty()).into()
});
/// The caller's ARN; nothing for a user of this machine.
pub const CALLER: Attribute<Deed> = Attribute::text("CALLER", "UserArn", |record| {
    Some(record.caller.as_str()).filter(|caller| !caller.is_empty()).into()
});
/// What tells it from others.
pub const ID: Attribute<Deed> = Attribute::text("ID", "EventId", |record| (&record.id).into());
/// The account in which it happened.
pub const ACCOUNT: Attribute<Deed> = account();
/// The region in which it happened.
pub const REGION: Attribute<Deed> = region();

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<Deed>] =
    &[&WHEN, &RESULT, &WHO, &WHAT, &CALL, &ACCOUNT, &REGION, &BY, &CALLER, &REQUEST, &WHY, &ID];
