//! Legal holds: what keeps recovery points from being deleted until somebody releases them.
//!
//! A hold is rows: the hold itself, and one for each recovery point that it caught when it was created. That a point is held
//! is a fact of the point, which every deletion asks for (see [`authorize`](crate::engine::authorize)) and the sweeper does
//! not even look at. A hold is also written down in the folder of each vault of which it holds something ([`files`]), so
//! that it comes back with the vault when the catalog is an older copy or lost.

pub(crate) mod faults;
pub mod files;
pub mod ops;
pub mod rows;
