//! The one decision: whether somebody may do something to something.
//!
//! A function that changes what a caller can ask for, or what a caller must not lose, takes a [`Permit`] for the
//! [`Action`] that it is part of. Only [`authorize`] makes one, so that nothing can be changed unasked:
//!
//! ```
//! use vaultdeck::engine::authorize::{Permit, action::TagResource};
//! # use rusqlite::Connection;
//! fn tag(tx: &Connection, permit: &Permit<'_, TagResource>) {
//!     let _ = vaultdeck::engine::tags::rows::put(tx, permit, "arn:…", &Default::default());
//! }
//! ```
//! ```compile_fail,E0061
//! # use rusqlite::Connection;
//! fn tag(tx: &Connection) {
//!     let _ = vaultdeck::engine::tags::rows::put(tx, "arn:…", &Default::default()); // unasked
//! }
//! ```
//! ```compile_fail,E0277
//! use vaultdeck::engine::authorize::{Permit, action::StopBackupJob};
//! # use rusqlite::Connection;
//! fn tag(tx: &Connection, permit: &Permit<'_, StopBackupJob>) {
//!     let _ = vaultdeck::engine::tags::rows::put(tx, permit, "arn:…", &Default::default()); // asked for something else
//! }
//! ```
//! ```compile_fail,E0451
//! use vaultdeck::engine::authorize::{Permit, action::TagResource};
//! fn forged<'tx>() -> Permit<'tx, TagResource> {
//!     Permit { on: String::new(), action: std::marker::PhantomData, transaction: std::marker::PhantomData }
//! }
//! ```
//!
//! It is asked inside the transaction that carries the change out, and a permit ends with that transaction: what it was
//! decided on holds until the change is made.
//!
//! ```compile_fail
//! use vaultdeck::engine::{Caller, Error, authorize::{Permit, action::TagResource, authorize, subject::Tagged}};
//! use vaultdeck::engine::catalog::Catalog;
//! fn kept(catalog: &Catalog, caller: &Caller, thing: &Tagged<'_>) {
//!     // A lifetime in the answer of the transaction: it is refused.
//!     let permit = catalog.write(|tx| authorize(tx, caller, TagResource, thing));
//! }
//! ```
//!
//! What is decided on are facts, read by whoever asks and told as a [`Subject`]. Today these are: whose a thing is, which role
//! may be passed or assumed, what state protects a vault or a recovery point, and whether a legal hold is on the point. But the
//! access policy of the vault, which a subject must name, is read here, in the same transaction: nobody can forget it, or bring
//! an older one. It is asked of reads as of changes, and binds callers, not what the engine does by itself; an explicit deny goes
//! before all else, and across accounts nothing is allowed by it but [`action::CopyIntoBackupVault`]. So is the vault's
//! [`lock`], which binds everybody, and the [`air_gap`] around it, which lets other accounts restore and nothing else. A plan that
//! a backup policy of the organization makes is changed by that alone.
//!
//! What comes next has its place here too, and each is a fact more in a subject and a rule more in [`authorize`]:
//!
//! | rule | its fact, and where | whom it binds |
//! | --- | --- | --- |
//! | an account's service control policy | the policies of the caller's account, in [`Principal::Caller`] | callers |
//!
//! What the engine notes for itself (how far a job is, which packs a point needs, when a vault was looked through) is no
//! action: it changes nothing that anybody was promised. `tests/layout/permits.rs` names these functions, and finds any other
//! of the rows that writes without a permit.

pub mod access_policy;
pub mod action;
pub mod air_gap;
pub mod boundary;
pub mod lock;
#[cfg(test)]
mod lock_tests;
pub mod principal;
pub mod rows;
pub mod subject;
#[cfg(test)]
mod tests;

pub use access_policy::Said;
pub use action::Action;
pub use principal::{Doing, Principal};
pub use subject::Subject;

use crate::domain::policy::COPY_INTO_VAULT;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use air_gap::Gap;
use std::marker::PhantomData;

/// That an action was allowed, on one thing and within one transaction.
#[derive(Debug)]
pub struct Permit<'tx, A> {
    on: String,
    action: PhantomData<A>,
    transaction: PhantomData<&'tx Connection>,
}

impl<A> Permit<'_, A> {
    /// The ARN of what it is for, or `*` where AWS's operation names none.
    pub fn on(&self) -> &str {
        &self.on
    }
}

/// What comes of a question: whether it is allowed, and why or why not.
enum Ruling {
    Allowed(Why),
    Refused(Why, Error),
}

/// Why something is allowed or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is the engine's own doing, which no policy binds.
    OwnDoing,
    /// It is a thing of whoever asks, and nothing speaks against it.
    OwnThing,
    /// It is not there, or another's.
    NotOwn,
    /// The statement of this name of the vault's policy decides it.
    Statement(String),
    /// It is another account's, and no statement allows it.
    NoStatement,
    /// It lies in an air-gapped vault of another account, which is not shared with whoever asks.
    AirGap,
    /// The resource share of this name lets it through an air gap.
    Shared(String),
    /// The resource share of this name lets only less than this through an air gap.
    SharedForLess(String),
    /// Something protects the thing from everybody; in the words of the refusal.
    Protected(String),
}

/// What would be decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why, or why not.
    pub why: Why,
}

/// Decides whether `principal` may do `action` to the thing of which `subject` tells. A thing that is not there and one that
/// is another's get the same answer.
///
/// `tx` is the transaction that carries the action out; the facts of the subject were read in it.
pub fn authorize<'tx, 'p, A: Action>(
    tx: &'tx Connection,
    principal: impl Into<Principal<'p>>,
    _action: A,
    subject: &A::On<'_>,
) -> Result<Permit<'tx, A>> {
    match rule::<A>(tx, principal.into(), subject)? {
        Ruling::Allowed(_) => Ok(Permit { on: subject.name(), action: PhantomData, transaction: PhantomData }),
        Ruling::Refused(_, error) => Err(error),
    }
}

/// What [`authorize`] would decide now, and why. It permits nothing.
pub fn explain<'p, A: Action>(
    connection: &Connection,
    principal: impl Into<Principal<'p>>,
    _action: A,
    subject: &A::On<'_>,
) -> Result<Explanation> {
    Ok(match rule::<A>(connection, principal.into(), subject)? {
        Ruling::Allowed(why) => Explanation { allowed: true, why },
        Ruling::Refused(why, _) => Explanation { allowed: false, why },
    })
}

/// The one decision: the account boundary and the air gap, then the vault's policy, then what protects the thing from everybody.
fn rule<A: Action>(tx: &Connection, principal: Principal<'_>, subject: &A::On<'_>) -> Result<Ruling> {
    let owner = subject.owner();
    let own = owner.is_some_and(|owner| principal.reaches(&owner));
    // AWS honours nothing else across accounts, whatever a policy says.
    let reaches = own || (A::NAME == COPY_INTO_VAULT && owner.is_some());
    let gap = if reaches { Gap::None } else { air_gap::between(tx, &principal, A::NAME, subject)? };
    let share = match gap {
        Gap::None if reaches => None,
        Gap::None => return Ok(Ruling::Refused(Why::NotOwn, subject.missing())),
        Gap::Open => return Ok(Ruling::Refused(Why::AirGap, subject.missing())),
        Gap::Short(share) => {
            let error = access_policy::shared_for_less(&principal, A::NAME, subject);
            return Ok(Ruling::Refused(Why::SharedForLess(share), error));
        }
        Gap::Bridged(share) => Some(share),
    };
    let allowed = match access_policy::said(tx, &principal, A::NAME, subject)? {
        Said::Denies(statement) => {
            let error = access_policy::denied(&principal, A::NAME, subject);
            return Ok(Ruling::Refused(Why::Statement(statement), error));
        }
        // What a share lets through needs no statement.
        Said::Nothing | Said::Allows(_) if share.is_some() => Why::Shared(share.unwrap_or_default()),
        // Whoever is of the account is allowed by that; others by the policy alone.
        Said::Nothing if !own => {
            let error = access_policy::not_allowed(&principal, A::NAME, subject);
            return Ok(Ruling::Refused(Why::NoStatement, error));
        }
        Said::Allows(statement) => Why::Statement(statement),
        Said::Nothing if matches!(principal, Principal::Engine(_)) => Why::OwnDoing,
        Said::Nothing => Why::OwnThing,
    };
    if !matches!(principal, Principal::Engine(Doing::Policy))
        && A::NAME != action::ListTags::NAME
        && let Err(error) = subject.kept_by_policy()
    {
        return Ok(Ruling::Refused(Why::Protected(error.to_string()), error));
    }
    if let Some(error) = lock::refusal(tx, &principal, subject)? {
        return Ok(Ruling::Refused(Why::Protected(error.to_string()), error));
    }
    Ok(match subject.protection() {
        Ok(()) => Ruling::Allowed(allowed),
        Err(error) => Ruling::Refused(Why::Protected(error.to_string()), error),
    })
}
