//! What is to be done when the work of a job is: its result counts, or is thrown away.
//!
//! Most kinds make a recovery point. What such a job stored is [`Stored`]: it is committed together with what others stored in
//! the same vault, in the order of [`commit`](super::commit). All else is written down by the job alone.

use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::points::manifest::Manifest;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{Id, NewSnapshot};
use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::engine::points::TAG;

/// What becomes of a job whose work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its result counts.
    Complete,
    /// Its result is thrown away: it took too long.
    Expired,
    /// Its result is thrown away: a user stopped it.
    Stopped,
}

/// Writes down what became of a job whose work is done.
pub type WriteDown = Box<dyn FnOnce(&Arc<Engine>, Verdict) -> Result<()> + Send>;

/// What is to be done when a job's work is.
pub enum Finish {
    /// A recovery point is made of what it stored, alone or with others.
    Together(Box<dyn Stored>),
    /// What became of it is written down.
    Alone(WriteDown),
}

/// What a job stored in its vault, until a commit makes a recovery point of it.
pub trait Stored: Send {
    /// The vault that it lies in.
    fn vault(&self) -> &Arc<OpenVault>;

    /// That vault's ARN.
    fn vault_arn(&self) -> &Arn;

    /// Its snapshot, if that is to be written yet.
    fn new_snapshot(&self) -> Option<&NewSnapshot>;

    /// The point that is about to be; its snapshot is durable by now.
    fn point(&self, engine: &Engine, connection: &Connection) -> Result<NewManifest>;

    /// The packs that it needs.
    fn packs(&self) -> Result<Arc<BTreeSet<Id>>>;

    /// Completes the job, and adds its point with these packs. Whether the job was still open; if not, nothing is written.
    fn complete(&self, connection: &Connection, manifest: &Manifest, packs: &BTreeSet<Id>, now: Time) -> Result<bool>;

    /// Throws away what was stored, and ends the job without it.
    fn discard(&self, engine: &Engine, verdict: Verdict) -> Result<()>;
}

/// The manifest of a point that is about to be.
pub enum NewManifest {
    /// It is to be written.
    ToWrite(Manifest),
    /// An earlier attempt wrote it, and it is durable.
    Written(Manifest),
}
