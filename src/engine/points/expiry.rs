//! When a recovery point expires: within eight hours after the day that its lifecycle names.

use crate::domain::Time;
use crate::engine::catalog::{Connection, state};
use crate::engine::error::Result;
use chrono::Duration;
use sha2::{Digest as _, Sha256};

/// Within this many milliseconds after its day a recovery point is due, so that it is gone within eight hours: the sweeper
/// comes once an hour.
const JITTER: u64 = 7 * 60 * 60 * 1000;
/// The name of the seed in the catalog's state.
const SEED: &str = "sweep-seed";

/// From when on the sweeper deletes a point whose life ends at `delete_at`: a moment of its own, so that not all that was
/// made together goes together.
pub fn delete_due(delete_at: Time, seed: &str, point_id: &str) -> Time {
    let digest = Sha256::new().chain_update(seed).chain_update([0]).chain_update(point_id).finalize();
    let mut number = [0; 8];
    number.copy_from_slice(&digest[..8]);
    delete_at + Duration::milliseconds((u64::from_le_bytes(number) % JITTER) as i64)
}

/// The seed of this data directory; the same one always sweeps at the same moments.
pub(crate) fn seed(connection: &Connection) -> Result<String> {
    Ok(state::get(connection, SEED)?.unwrap_or_default())
}
