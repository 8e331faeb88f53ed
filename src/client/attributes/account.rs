//! What is told of an account.

use super::Attribute;
use crate::domain::Account;

/// Its id.
pub const ID: Attribute<Account> = Attribute::text("ID", "AccountId", |record| record.id.as_str().into());
/// Its name in the organization.
pub const NAME: Attribute<Account> = Attribute::text("NAME", "Name", |record| (&record.name).into());
/// The address it was opened with.
pub const EMAIL: Attribute<Account> = Attribute::text("EMAIL", "Email", |record| (&record.email).into());
/// Whether it is the management account.
pub const MANAGEMENT: Attribute<Account> =
    Attribute::text("MANAGEMENT", "Management", |record| record.management.into());
/// Its state.
pub const STATUS: Attribute<Account> = Attribute::text("STATUS", "Status", |record| (&record.status).into());
/// When it joined the organization.
pub const JOINED: Attribute<Account> = Attribute::time("JOINED", "JoinedTimestamp", |record| record.joined.into());

/// What JSON and CSV tell, in this order.
pub const ALL: &[&Attribute<Account>] = &[&ID, &NAME, &EMAIL, &MANAGEMENT, &STATUS, &JOINED];
