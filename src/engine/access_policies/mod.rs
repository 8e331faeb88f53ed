//! The access policies of vaults: put, read, taken away, and explained. That they are kept to is [`super::authorize`]'s matter.

pub mod ops;
mod principals;
mod who_can;
