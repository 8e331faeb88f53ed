//! The engine's time (design §11).

use crate::domain::Time;
use crate::engine::Engine;
use crate::engine::catalog::Catalog;
use crate::engine::error::Result;

/// Whose time an engine lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// The system's.
    System,
    /// One that moves only when told to.
    Simulated,
}

/// The engine's clock.
pub struct EngineClock {
    kind: ClockKind,
}

impl EngineClock {
    /// The clock that the directory remembers.
    pub fn open(_catalog: &Catalog, kind: ClockKind) -> Result<Self> {
        Ok(Self { kind })
    }

    /// Its kind.
    pub fn kind(&self) -> ClockKind {
        self.kind
    }

    /// The engine's time.
    pub fn now(&self) -> Time {
        chrono::Utc::now()
    }
}

impl Engine {
    /// The engine's time.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// How many jobs run or wait to run.
    pub fn active_jobs(&self) -> Result<u64> {
        Ok(0)
    }
}
