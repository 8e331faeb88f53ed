//! What a driver does to prove that a recovery point of its type can be restored.
//!
//! The engine restores the whole of it into a scratch folder, with the driver's own target where that writes into a place of this
//! machine, else as the files that the snapshot has; the driver compares what came with what the backup noted, and starts a server
//! on it where it can; the engine takes the folder away again. A check says in its name what it compared, and proves no more.

mod counted;
mod tree;

pub(super) use counted::{Counted, Files, Noted};
pub(super) use tree::compare;

use crate::domain::PointDetails;
use crate::domain::continuous::Moment;
use crate::domain::proof::Check;
use crate::domain::types::location::Location;
use crate::engine::drivers::{Fault, Inside, RestoreCx, Restored, Target, folder};
use crate::repository::Control;
use std::path::Path;

/// What what is restored is called in a scratch folder.
const RESTORED: &str = "restored";

/// The part of a driver that proves.
pub trait Proof: Sync {
    /// Refuses a test that cannot be carried out on this machine, with what is missing for it. It is asked before there is a job.
    fn ready(&self, _: &PointDetails) -> Result<(), Fault> {
        Ok(())
    }

    /// Whether it starts a program as another user than the engine's, who has to reach what was restored.
    fn is_for_others(&self) -> bool {
        false
    }

    /// Where below a scratch folder is restored to.
    fn place(&self, scratch: &Path) -> Location {
        Location::at_path(scratch.join(RESTORED).to_string_lossy())
    }

    /// Opens the target of the restore: the files of the snapshot as they are, where the type's own target is no place of this machine.
    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        Ok(Box::new(folder::target::open(cx, Vec::new(), Restored::default())?))
    }

    /// Compares what was restored with what the backup noted. What disproves the recovery point is a check that does not hold; a
    /// fault says that it could not be found out.
    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault>;

    /// Takes away what a test that was killed left outside of its scratch folder.
    fn clean(&self, _scratch: &Path) {}
}

/// What was restored for a test.
pub struct ProofCx<'a> {
    /// What the driver said of the recovery point when it was made.
    pub details: &'a PointDetails,
    /// What the recovery point holds.
    pub content: &'a Inside<'a>,
    /// The scratch folder, which nobody else uses: the place in it is the driver's own [`Proof::place`].
    pub scratch: &'a Path,
    /// What was restored.
    pub at: &'a Path,
    /// To which moment of a continuous recovery point.
    pub moment: Option<Moment>,
    /// Whether owners and attributes were restored too, which needs root.
    pub has_owners: bool,
    /// How the test is stopped.
    pub control: &'a Control,
}

impl ProofCx<'_> {
    /// A fault once the test is to stop.
    pub(super) fn go_on(&self) -> Result<(), Fault> {
        if self.control.is_cancelled() { Err(Fault::Failed("The test was stopped.".to_owned())) } else { Ok(()) }
    }

    /// What was noted under a name, where something was.
    pub(super) fn noted(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}
