//! What is known of a legal hold.

use super::Subject;
use crate::domain::Arn;
use crate::domain::legal_hold::LegalHold;
use crate::engine::authorize::principal::Belongs;
use crate::engine::error::{Error, Result};

/// A legal hold that is to be released: only one that still holds.
#[derive(Debug, Clone, Copy)]
pub struct HoldToCancel<'a> {
    /// The id that was asked for.
    pub id: &'a str,
    /// The hold, where it is there.
    pub found: Option<&'a LegalHold>,
}

impl Subject for HoldToCancel<'_> {
    fn name(&self) -> String {
        self.found.map_or_else(String::new, |hold| hold.summary.arn.to_string())
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|hold| Belongs::To(&hold.summary.scope))
    }

    fn missing(&self) -> Error {
        Error::not_found(format!("Legal hold {} does not exist.", self.id))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn protection(&self) -> Result<()> {
        match self.found.map(|hold| &hold.summary.status) {
            Some(status) if !status.holds() => {
                let (id, state) = (self.id, status.as_str());
                Err(Error::invalid_state(format!("Legal hold {id} is in state {state} and cannot be cancelled.")))
            }
            _ => Ok(()),
        }
    }
}
