//! Who may ask, and as whom: the tree of accounts, roles, access keys, sessions.

pub mod accounts;
pub mod creation;
pub mod credentials;
pub mod delegation;
pub mod founding;
pub mod regions;
pub mod roles;
pub(crate) mod rows;
pub mod sessions;
pub mod settings;
pub mod tree;
pub mod units;

use crate::engine::error::Result;
use crate::engine::keys::random;

/// The alphabet of AWS's ids of keys, users and roles.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A prefix such as `AKIA`, and `length` random letters and digits behind it.
pub(crate) fn unique_id(prefix: &str, length: usize) -> Result<String> {
    let mut bytes = vec![0; length];
    random(&mut bytes)?;
    Ok(prefix.chars().chain(bytes.iter().map(|byte| BASE32[usize::from(byte % 32)] as char)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_ids_have_the_shape_of_aws_and_differ() {
        let (one, other) = (unique_id("AKIA", 16).unwrap(), unique_id("AKIA", 16).unwrap());
        assert_eq!(one.len(), 20);
        assert!(one.starts_with("AKIA") && one.bytes().all(|b| BASE32.contains(&b)));
        assert_ne!(one, other);
    }
}
