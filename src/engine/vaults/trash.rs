//! The trash: where the folders of deleted vaults lie for thirty days of engine time, in case the deletion was a mistake.
//!
//! The name of a folder there says whose it was and when it came: `ACCOUNT_REGION_NAME_20261125T050000Z_1a2b3c4d`.

use crate::domain::Time;
use crate::storage::Place;
use chrono::NaiveDateTime;

/// How many days a folder stays in the trash.
pub(crate) const KEEP_DAYS: i64 = 30;
/// How a folder's name tells when it came.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The name that a vault's folder gets in the trash. Two vaults of one name may be deleted at one moment of a simulated
/// clock, so it ends with something that is only its own.
pub(crate) fn name(place: &Place, now: Time) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("{}_{}_{}_{}_{}", place.account, place.region, place.name, now.format(FORMAT), &unique[..8])
}

/// When a folder of that name came into the trash; none where the name is not one that the engine gave.
pub(crate) fn came(name: &str) -> Option<Time> {
    let (before, _) = name.rsplit_once('_')?;
    let (_, when) = before.rsplit_once('_')?;
    Some(NaiveDateTime::parse_from_str(when, FORMAT).ok()?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_when_it_came_whatever_the_vault_is_called() {
        let now: Time = "2026-12-01T05:00:07Z".parse().unwrap();
        for vault in ["nightly", "a_b_20200101T000000Z_c", "x-y"] {
            let place = Place::new("123456789012", "us-east-1", vault);
            assert_eq!(came(&name(&place, now)), Some(now), "{vault}");
        }
        for other in ["", "lost+found", "my_own_folder", "20261201T050007Z"] {
            assert_eq!(came(other), None, "{other}");
        }
    }
}
