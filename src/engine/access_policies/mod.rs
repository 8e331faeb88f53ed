//! The access policies of vaults: put, read, taken away. That they are kept to is [`super::authorize`]'s matter.

pub mod ops;
mod principals;
