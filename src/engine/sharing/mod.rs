//! Resource shares: which accounts of the organization may see and restore what lies in an air-gapped vault. What they may is
//! said by [`authorize`](super::authorize); here the shares are made, changed, and told of.

mod ops;
pub mod rows;

pub use ops::{NewShare, ShareOwner, SharesFilter};
