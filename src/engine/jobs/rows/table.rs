//! What the machine has to know of the table of a kind of job.

use crate::domain::job::JobKind;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use rusqlite::Row;

/// The table of a kind of job: the names of its indices, and of those columns that not every kind has. All have `id`, `account`,
/// `region`, `created`, `initiated`, `completed`, `state`, `status_message`, `resource_type` and `attempts`.
pub(crate) struct JobTable {
    /// The rules of its states.
    pub(crate) kind: JobKind,
    /// The table.
    pub(crate) rows: &'static str,
    /// What is read of a row for its record.
    pub(crate) columns: &'static str,
    /// The table of the values by which its lists are filtered, which triggers keep.
    pub(crate) facets: &'static str,
    /// The index in the order of creation.
    pub(crate) by_time: &'static str,
    /// The same for each combination of facets.
    pub(crate) by_facet: &'static str,
    /// The index in the order of their ends.
    pub(crate) by_completion: &'static str,
    /// The ARN of the vault that its jobs write into.
    pub(crate) writes_into: Option<&'static str>,
    /// The id of the recovery point that its jobs make there.
    pub(crate) makes: Option<&'static str>,
    /// The ARN of the recovery point that its jobs read, which must not go meanwhile.
    pub(crate) reads: Option<&'static str>,
    /// The ARN of the resource that its jobs read, which must not go meanwhile.
    pub(crate) reads_resource: Option<&'static str>,
    /// Tells the feed of events how the job of this row is now; called whenever its state was written. Beside `columns` the row has
    /// `since`, when the job came into its state.
    pub(crate) tell: fn(&Connection, &Row<'_>) -> Result<()>,
}

impl JobTable {
    /// Whether its jobs make recovery points, which are committed together.
    pub(crate) fn makes_points(&self) -> bool {
        self.makes.is_some()
    }
}
