//! Resource shares: which accounts of the organization, named one by one or by where they lie, may see and restore what lies in an air-gapped vault. What they may is
//! said by [`authorize`](super::authorize); here the shares are made, changed, and told of.

mod keep;
mod ops;
pub mod rows;

pub use ops::{NewShare, ShareOwner, SharesFilter};
