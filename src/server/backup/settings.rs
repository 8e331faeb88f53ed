//! Settings of a region and of the organization, and the types that can be protected.

use crate::server::call::{Answer, Call, Stamp, stamp};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RegionView {
    resource_type_opt_in_preference: BTreeMap<String, bool>,
    resource_type_management_preference: BTreeMap<String, bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GlobalView {
    global_settings: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_time: Option<Stamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SupportedTypes {
    resource_types: Vec<String>,
}

/// DescribeRegionSettings.
pub(super) fn describe_region(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let settings = call.engine.region_settings(call.caller)?;
    call.answer(&RegionView {
        resource_type_opt_in_preference: settings.opt_in,
        resource_type_management_preference: settings.management,
    })
}

/// UpdateRegionSettings.
pub(super) fn update_region(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let opt_in = body.boolean_map("ResourceTypeOptInPreference")?.unwrap_or_default();
    let management = body.boolean_map("ResourceTypeManagementPreference")?.unwrap_or_default();
    body.finish()?;
    call.engine.update_region_settings(call.caller, opt_in, management)?;
    call.done()
}

/// DescribeGlobalSettings.
pub(super) fn describe_global(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let settings = call.engine.global_settings(call.caller)?;
    call.answer(&GlobalView { global_settings: settings.settings, last_update_time: stamp(settings.last_update) })
}

/// UpdateGlobalSettings.
pub(super) fn update_global(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let settings = body.string_map("GlobalSettings")?.unwrap_or_default();
    body.finish()?;
    call.engine.update_global_settings(call.caller, &settings)?;
    call.done()
}

/// GetSupportedResourceTypes.
pub(super) fn supported_types(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let resource_types = call.engine.supported_resource_types().into_iter().map(String::from).collect();
    call.answer(&SupportedTypes { resource_types })
}
