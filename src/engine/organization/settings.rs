//! Region settings (opt-in and management per resource type) and global settings.

use crate::domain::lifecycle::unsupported;
use crate::domain::{Invalid, ResourceType, Scope, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::UpdateRegionSettings;
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::Region;
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::organization::accounts;
use crate::engine::organization::rows::region_settings;
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

/// The types for which AWS lets full management be chosen, and what this engine does: it manages the backups of EFS in its
/// own vaults and cannot do otherwise, and it has none of DynamoDB.
const MANAGED: [(ResourceType, bool); 2] = [(ResourceType::DynamoDb, false), (ResourceType::Efs, true)];

/// Whether selections by tag or by service take resources of this type.
pub fn opted_in(connection: &Connection, scope: &Scope, resource_type: &ResourceType) -> Result<bool> {
    Ok(read(connection, scope)?.opt_in.get(resource_type.as_str()).copied().unwrap_or(true))
}

fn read(connection: &Connection, scope: &Scope) -> Result<RegionSettings> {
    let mut settings = RegionSettings {
        opt_in: ResourceType::KNOWN.iter().map(|t| (t.as_str().to_owned(), true)).collect(),
        management: MANAGED.iter().map(|(t, managed)| (t.as_str().to_owned(), *managed)).collect(),
    };
    settings.opt_in.extend(region_settings::opt_in(connection, scope)?);
    Ok(settings)
}

impl Engine {
    /// DescribeRegionSettings: everything is on until it is turned off.
    pub fn region_settings(&self, caller: &Caller) -> Result<RegionSettings> {
        self.catalog.read(|c| read(c, &caller.scope()))
    }

    /// UpdateRegionSettings: only the types that are named change. A management preference may only say what is so.
    pub fn update_region_settings(
        &self,
        caller: &Caller,
        opt_in: BTreeMap<String, bool>,
        management: BTreeMap<String, bool>,
    ) -> Result<()> {
        check("ResourceTypeOptInPreference", &opt_in, &ResourceType::KNOWN)?;
        check("ResourceTypeManagementPreference", &management, &MANAGED.map(|(managed, _)| managed))?;
        for (managed, is_so) in &MANAGED {
            if let Some(asked) = management.get(managed.as_str()).filter(|asked| *asked != is_so) {
                let member = format!("ResourceTypeManagementPreference {managed}={asked}");
                return Err(unsupported(&member).into());
            }
        }
        let scope = caller.scope();
        self.catalog.write(|tx| {
            let permit = authorize(tx, caller, UpdateRegionSettings, &Region(&scope))?;
            region_settings::set_opt_in(tx, &permit, &scope, &opt_in)
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
