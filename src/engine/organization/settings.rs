//! Region settings (opt-in and management per resource type) and global settings.

use crate::domain::copies::CROSS_ACCOUNT_SETTING;
use crate::domain::event::detail;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::TYPES;
use crate::domain::{Invalid, ResourceType, Scope, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::{UpdateGlobalSettings, UpdateRegionSettings};
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::{Organization, Region};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::drivers::Drivers;
use crate::engine::error::Result;
use crate::engine::events::record::record;
use crate::engine::organization::accounts;
use crate::engine::organization::rows::{global_settings, region_settings};
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

/// The types for which AWS lets full management be chosen, and what this engine does: it manages the backups that it can make
/// in its own vaults and cannot do otherwise, and it has none of the other types.
fn managed(drivers: Drivers) -> impl Iterator<Item = (&'static str, bool)> {
    let chosen = TYPES.iter().filter(|facts| facts.has_management_preference);
    chosen.map(move |facts| (facts.name, drivers.of(&facts.resource_type()).is_some()))
}

/// The settings of the organization.
const GLOBAL: [&str; 3] = [CROSS_ACCOUNT_SETTING, DELEGATED_ADMINISTRATOR, MULTI_PARTY_APPROVAL];
/// Whether AWS Backup may make its service-linked role in members, which administrators need there. An engine has no such role:
/// the setting is kept, and a registered administrator needs nothing else.
const DELEGATED_ADMINISTRATOR: &str = "isDelegatedAdministratorEnabled";
const MULTI_PARTY_APPROVAL: &str = "isMpaEnabled";
const TRUE: &str = "true";
const FALSE: &str = "false";

/// Whether recovery points may be copied from one account to another.
pub fn allows_cross_account_copies(connection: &Connection) -> Result<bool> {
    Ok(global_settings::get(connection, CROSS_ACCOUNT_SETTING)?.as_deref() == Some(TRUE))
}

/// Whether selections by tag or by service take resources of this type.
pub fn opted_in(connection: &Connection, scope: &Scope, resource_type: &ResourceType) -> Result<bool> {
    Ok(opt_in(connection, scope)?.get(resource_type.as_str()).copied().unwrap_or(true))
}

fn opt_in(connection: &Connection, scope: &Scope) -> Result<BTreeMap<String, bool>> {
    let mut settings: BTreeMap<String, bool> = TYPES.iter().map(|facts| (facts.name.to_owned(), true)).collect();
    settings.extend(region_settings::opt_in(connection, scope)?);
    Ok(settings)
}

impl Engine {
    /// DescribeRegionSettings: everything is on until it is turned off.
    pub fn region_settings(&self, caller: &Caller) -> Result<RegionSettings> {
        Ok(RegionSettings {
            opt_in: self.catalog.read(|c| opt_in(c, &caller.scope()))?,
            management: managed(self.drivers).map(|(name, managed)| (name.to_owned(), managed)).collect(),
        })
    }

    /// UpdateRegionSettings: only the types that are named change. A management preference may only say what is so.
    pub fn update_region_settings(
        &self,
        caller: &Caller,
        wanted: BTreeMap<String, bool>,
        management: BTreeMap<String, bool>,
    ) -> Result<()> {
        check("ResourceTypeOptInPreference", &wanted, TYPES.iter().map(|facts| facts.name))?;
        check("ResourceTypeManagementPreference", &management, managed(self.drivers).map(|(name, _)| name))?;
        for (name, is_so) in managed(self.drivers) {
            if let Some(asked) = management.get(name).filter(|asked| **asked != is_so) {
                let member = format!("ResourceTypeManagementPreference {name}={asked}");
                return Err(unsupported(&member).into());
            }
        }
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            let permit = authorize(tx, caller, UpdateRegionSettings, &Region(&scope))?;
            let mut changed = wanted.clone();
            let before = opt_in(tx, &scope)?;
            changed.retain(|name, enabled| before.get(name) != Some(enabled));
            region_settings::set_opt_in(tx, &permit, &scope, &wanted)?;
            if changed.is_empty() { Ok(()) } else { record(tx, &detail::region_setting(&scope, &changed, now)) }
        })
    }

    /// DescribeGlobalSettings: all are off until they are turned on.
    pub fn global_settings(&self, caller: &Caller) -> Result<GlobalSettings> {
        let (settings, changed) = self.catalog.read(|connection| {
            accounts::require(connection, &caller.account)?;
            let value = |name: &str| -> Result<(String, String)> {
                Ok((name.to_owned(), global_settings::get(connection, name)?.unwrap_or_else(|| FALSE.to_owned())))
            };
            let settings = GLOBAL.into_iter().map(value).collect::<Result<BTreeMap<String, String>>>()?;
            Ok((settings, global_settings::changed(connection)?))
        })?;
        Ok(GlobalSettings { settings, last_update: changed.or(self.organization()?.management.joined) })
    }

    /// UpdateGlobalSettings, by the management account: only the settings that are named change.
    pub fn update_global_settings(&self, caller: &Caller, settings: &BTreeMap<String, String>) -> Result<()> {
        const FIELD: &str = "GlobalSettings";
        check(FIELD, settings, GLOBAL.into_iter())?;
        for (name, value) in settings {
            if ![TRUE, FALSE].contains(&value.as_str()) {
                return Err(
                    Invalid::value(FIELD, format_args!("{name} is {value:?}, and must be true or false")).into()
                );
            }
            if value == TRUE && name == MULTI_PARTY_APPROVAL {
                let why = "is not supported by this engine: it has no approval teams, and nobody could approve";
                return Err(Invalid::with_message(FIELD, format!("{FIELD} {name}=true {why}")).into());
            }
        }
        let now = self.clock.now();
        self.catalog.write(|tx| {
            let organization = Organization { account: &caller.account };
            let permit = authorize(tx, caller, UpdateGlobalSettings, &organization)?;
            global_settings::set(tx, &permit, settings, now)
        })?;
        // What waited for it may go on.
        self.jobs.wake();
        Ok(())
    }
}

fn check<V>(field: &str, values: &BTreeMap<String, V>, allowed: impl Iterator<Item = &'static str>) -> Result<()> {
    let allowed: Vec<&str> = allowed.collect();
    match values.keys().find(|name| !allowed.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Invalid::value(field, format!("{name:?} is not one of {}", allowed.join(", "))).into()),
    }
}
