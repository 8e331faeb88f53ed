//! Names that nobody else has.

use crate::engine::drivers::Fault;
use crate::engine::keys::random;

/// Sixteen hexadecimal digits that nobody has.
pub(super) fn unique() -> Result<String, Fault> {
    let mut bytes = [0; 8];
    random(&mut bytes).map_err(|error| Fault::Failed(error.to_string()))?;
    Ok(hex::encode(bytes))
}
