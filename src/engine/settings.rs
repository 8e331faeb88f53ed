//! Region settings (opt-in and management per resource type) and global settings.

use crate::domain::{Invalid, ResourceType, Scope, Time};
use crate::engine::Engine;
use crate::engine::access::accounts;
use crate::engine::catalog::values::Columns;
use crate::engine::error::Result;
use crate::engine::request::Caller;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// DescribeRegionSettings: whether AWS Backup may use a type, and whether it manages its backups fully.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegionSettings {
    /// `ResourceTypeOptInPreference`.
    pub opt_in: BTreeMap<String, bool>,
    /// `ResourceTypeManagementPreference`.
    pub management: BTreeMap<String, bool>,
}

/// DescribeGlobalSettings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalSettings {
    /// `GlobalSettings`: names and `true` or `false`.
    pub settings: BTreeMap<String, String>,
    /// When they were last changed.
    pub last_update: Option<Time>,
}

/// The types for which full management can be chosen.
const MANAGED: [ResourceType; 2] = [ResourceType::DynamoDb, ResourceType::Efs];

/// Whether selections by tag or by service take resources of this type.
pub fn opted_in(connection: &Connection, scope: &Scope, resource_type: &ResourceType) -> Result<bool> {
    Ok(read(connection, scope)?.opt_in.get(resource_type.as_str()).copied().unwrap_or(true))
}

fn read(connection: &Connection, scope: &Scope) -> Result<RegionSettings> {
    let all_true = |types: &[ResourceType]| types.iter().map(|t| (t.as_str().to_owned(), true)).collect();
    let mut settings = RegionSettings { opt_in: all_true(&ResourceType::KNOWN), management: all_true(&MANAGED) };
    let mut statement = connection.prepare_cached(
        "SELECT setting, resource_type, enabled FROM region_settings WHERE account = ?1 AND region = ?2",
    )?;
    let mut rows = statement.query([scope.account.as_str(), scope.region.as_str()])?;
    while let Some(row) = rows.next()? {
        let (name, enabled) = (row.column("resource_type")?, row.column("enabled")?);
        match row.column::<String>("setting")?.as_str() {
            "opt-in" => settings.opt_in.insert(name, enabled),
            _ => settings.management.insert(name, enabled),
        };
    }
    Ok(settings)
}

impl Engine {
    /// DescribeRegionSettings: everything is on until it is turned off.
    pub fn region_settings(&self, caller: &Caller) -> Result<RegionSettings> {
        self.catalog.read(|c| read(c, &caller.scope()))
    }

    /// UpdateRegionSettings: only the types that are named change.
    pub fn update_region_settings(
        &self,
        caller: &Caller,
        opt_in: BTreeMap<String, bool>,
        management: BTreeMap<String, bool>,
    ) -> Result<()> {
        check("ResourceTypeOptInPreference", &opt_in, &ResourceType::KNOWN)?;
        check("ResourceTypeManagementPreference", &management, &MANAGED)?;
        self.catalog.write(|tx| {
            let mut statement = tx.prepare_cached(
                "INSERT INTO region_settings VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (account, region, setting, resource_type) DO UPDATE SET enabled = excluded.enabled",
            )?;
            for (setting, values) in [("opt-in", &opt_in), ("management", &management)] {
                for (name, enabled) in values {
                    statement.execute(params![
                        caller.account.as_str(),
                        caller.region.as_str(),
                        setting,
                        name,
                        enabled
                    ])?;
                }
            }
            Ok(())
        })
    }

    /// DescribeGlobalSettings: what they govern is not built yet, so all are off.
    pub fn global_settings(&self, caller: &Caller) -> Result<GlobalSettings> {
        self.catalog.read(|c| accounts::require(c, &caller.account))?;
        let names = ["isCrossAccountBackupEnabled", "isDelegatedAdministratorEnabled", "isMpaEnabled"];
        Ok(GlobalSettings {
            settings: names.into_iter().map(|name| (name.to_owned(), "false".to_owned())).collect(),
            last_update: self.organization()?.management.joined,
        })
    }
}

fn check(field: &str, values: &BTreeMap<String, bool>, allowed: &[ResourceType]) -> Result<()> {
    match values.keys().find(|name| !allowed.iter().any(|known| known.as_str() == name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let allowed = allowed.iter().map(ResourceType::as_str).collect::<Vec<_>>().join(", ");
            Err(Invalid::value(field, format!("{name:?} is not one of {allowed}")).into())
        }
    }
}
