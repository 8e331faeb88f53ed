//! Continuous backup of a bucket, and what a bucket was like at a moment.
//!
//! S3 has no log. What changed is found by listing all versions of the bucket from time to time and comparing the list with the one
//! before, which lies in the spool (`known`): so a version is found however old the time is that it bears, as that of an upload in
//! parts may be which took days. From what is new a log is made (`log`), in the folder `/objects/log` of the base:
//!
//! | in the recovery point | what |
//! | --- | --- |
//! | `log/2026-11-26T22/18-12-0001/` | what one listing found, by the hour, and then the minute and second, at which it ended by the store's clock |
//! | `…/entries.jsonl` | one JSON object a line for each change, those of one key in their order ([`log::Entry`]) |
//! | `…/000001`, … | the contents, to which the entries lead by `Content`; their extended attributes are those of the objects of a base |
//!
//! What the bucket was like at a moment is the base, with the last entry of each key that counts by then over it (`as_of`). An entry
//! counts from the time on that its version bears, the store's `LastModified`. One that the listing before should have shown, had it
//! been there, counts from that listing on (`Since`): a moment that could be restored to before it was seen stays as it was.
//! The same holds for what somebody did to versions themselves (removed the newest, and so brought an older one back).
//!
//! | what | where |
//! | --- | --- |
//! | the versions of a bucket, key by key | `versions` |
//! | which changes two lists of the versions of a key tell | `changes` |
//! | following a bucket | `follow`, `listing` |
//! | reading versions while they are stored | `coming` |

mod as_of;
mod changes;
mod coming;
mod follow;
mod known;
mod listing;
mod log;
mod sight;
#[cfg(test)]
mod tests;
mod versions;

pub(super) use as_of::{AsOf, unread_reason};
pub(super) use follow::{Log, can_follow};
pub(super) use sight::sight;

/// The folder of a base in which the log lies.
const FOLDER: &str = "log";

/// The detail of a base that says from when on the log has what it may lack, by the store's clock.
pub(super) const LISTED_DETAIL: &str = "ListedFrom";

/// How long before a listing begins everything is surely in it that bears an earlier time: a store tells times in whole seconds, and
/// its machines need not agree about them.
const MARGIN: chrono::Duration = chrono::Duration::seconds(5);
