//! Composite recovery points: what is nested in each, and what is not any more.

use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::DisassociateRecoveryPointFromParent;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::points::rows::{COLUMNS, from_row, owed_manifests};
use rusqlite::Connection;

/// How many recovery points a message names before it only counts.
const NAMES: usize = 10;

/// What stands behind the count of the others.
const MORE: &str = " more nested recovery points are missing.";

/// The recovery points that are nested in a composite one, but for those that are being deleted: what is its own first, then by
/// what they are called.
pub fn nested(connection: &Connection, parent: &Arn) -> Result<Vec<RecoveryPoint>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM recovery_points WHERE parent_arn = ?1 AND status <> 'DELETING' ORDER BY member, arn"
    );
    query::all(connection, &sql, [parent.as_str()], from_row)
}

/// The point of the permit is nested in none any more.
pub fn leave(connection: &Connection, permit: &Permit<'_, DisassociateRecoveryPointFromParent>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET parent_arn = NULL, member = NULL, manifest_owed = 1 WHERE arn = ?1",
        )?
        .execute([permit.on()])?;
    Ok(())
}

/// The job of a composite point ends without it: what its children made is nested in none.
pub fn let_go(connection: &Connection, parent: &Arn) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET parent_arn = NULL, member = NULL, manifest_owed = 1 WHERE parent_arn = ?1",
        )?
        .execute([parent.as_str()])?;
    Ok(())
}

/// A composite point lacks something from now on, for this reason: it is PARTIAL. One that is being made or deleted stays as it is.
pub fn lessen(connection: &Connection, parent: &Arn, why: &str, now: Time) -> Result<()> {
    let sql = "SELECT status_message FROM recovery_points WHERE arn = ?1 AND status IN ('COMPLETED', 'PARTIAL')";
    let before =
        query::first(connection, sql, [parent.as_str()], |row| row.column::<Option<String>>("status_message"))?;
    let Some(before) = before else { return Ok(()) };
    connection
        .prepare_cached(
            "UPDATE recovery_points SET status = 'PARTIAL', manifest_owed = 1, status_message = ?2 WHERE arn = ?1",
        )?
        .execute([parent.as_str(), &longer(before.as_deref(), why)])?;
    // What becomes of its row may not tell it any more: that it is gone, say.
    if let Some(kept) = owed_manifests::of(connection, parent)?.filter(|kept| kept.lacks.is_empty()) {
        owed_manifests::keep(connection, parent, &kept.manifest)?;
    }
    super::tell(connection, parent, now)
}

/// A message with one more reason, as long as it names few; from then on it counts.
fn longer(before: Option<&str>, why: &str) -> String {
    let Some(before) = before else { return why.to_owned() };
    let counted = before.strip_suffix(MORE).and_then(|told| told.rsplit_once(". "));
    let counted = counted.and_then(|(told, count)| Some((told, count.parse::<usize>().ok()?)));
    match counted {
        Some((told, count)) => format!("{told}. {}{MORE}", count + 1),
        None if before.matches(":recovery-point:").count() >= NAMES => {
            format!("{}. 1{MORE}", before.trim_end_matches('.'))
        }
        None => format!("{}. {why}", before.trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_ten_and_counts_the_others() {
        let why =
            |number: u32| format!("Nested recovery point arn:aws:backup:r:1:recovery-point:{number} was deleted.");
        let said = (1..=13).fold(None, |said: Option<String>, number| Some(longer(said.as_deref(), &why(number))));
        let said = said.unwrap();
        assert!(said.starts_with(&why(1)) && said.contains(":recovery-point:10 was deleted. 3 more"), "{said}");
        assert!(!said.contains(":recovery-point:11") && said.ends_with(MORE), "{said}");
    }
}
