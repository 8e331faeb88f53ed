//! The kinds of job that there are, in the order in which the queue looks at them.

use crate::engine::jobs::backup::kind::Backups;
use crate::engine::jobs::kind::Kind;
use crate::engine::jobs::restore::kind::Restores;

/// Every kind of job.
pub(crate) static KINDS: [&dyn Kind; 2] = [&Backups, &Restores];
