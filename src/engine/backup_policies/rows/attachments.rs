//! What policies are attached to.

use super::from_row;
use crate::domain::backup_policy::{Policy, PolicyId, TargetId};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AttachPolicy, DetachPolicy};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::Connection;

/// Every attachment, target and policy, in the order in which they were made.
pub fn all(connection: &Connection) -> Result<Vec<(String, PolicyId)>> {
    let sql = "SELECT target, policy FROM policy_attachments ORDER BY position";
    query::all(connection, sql, [], |row| Ok((row.column("target")?, row.parsed("policy")?)))
}

/// The policies that are attached to something, the first that was attached first.
pub fn of_target(connection: &Connection, target: &TargetId) -> Result<Vec<Policy>> {
    let sql = "SELECT p.id, p.name, p.description, p.content FROM policy_attachments a
               JOIN organization_policies p ON p.id = a.policy WHERE a.target = ?1 ORDER BY a.position";
    query::all(connection, sql, [target.as_str()], from_row)
}

/// What a policy is attached to, the first first.
pub fn of_policy(connection: &Connection, policy: &PolicyId) -> Result<Vec<TargetId>> {
    let sql = "SELECT target FROM policy_attachments WHERE policy = ?1 ORDER BY position";
    query::all(connection, sql, [policy.as_str()], |row| row.parsed("target"))
}

/// Whether a policy is attached to anything.
pub fn is_attached(connection: &Connection, policy: &PolicyId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM policy_attachments WHERE policy = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([policy.as_str()], |row| row.get(0))?)
}

/// Attaches a policy to the target of the permit, behind those that are.
pub fn insert(connection: &Connection, permit: &Permit<'_, AttachPolicy>, policy: &PolicyId) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO policy_attachments (target, policy) VALUES (?1, ?2)")?
        .execute([permit.on(), policy.as_str()])?;
    Ok(())
}

/// Detaches a policy from the target of the permit. Whether it was attached.
pub fn remove(connection: &Connection, permit: &Permit<'_, DetachPolicy>, policy: &PolicyId) -> Result<bool> {
    let sql = "DELETE FROM policy_attachments WHERE target = ?1 AND policy = ?2";
    Ok(connection.prepare_cached(sql)?.execute([permit.on(), policy.as_str()])? > 0)
}
