//! The root, the units below it, and what lies where.

use super::{Call, all, id, listed, page};
use crate::domain::organization::Unit;
use crate::domain::{AccountId, ParentId, RootId, UnitId};
use crate::engine::{ChildId, Page};
use crate::server::failure::Failure;
use crate::server::members::Members;
use serde_json::{Value, json};

pub(super) fn roots(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    page(&mut body)?;
    body.finish()?;
    let root: RootId = call.engine.root(call.caller)?;
    Ok(all("Roots", vec![super::policies::root_row(call, &root)?]))
}

pub(super) fn create(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let parent: ParentId = id(&mut body, "ParentId")?;
    let name = body.required_string("Name")?;
    body.refuse("Tags")?;
    body.finish()?;
    answer(call, &call.engine.create_unit(call.caller.into(), &parent, &name)?)
}

pub(super) fn update(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let unit: UnitId = id(&mut body, "OrganizationalUnitId")?;
    let name = body.string("Name")?;
    body.finish()?;
    answer(call, &call.engine.update_unit(call.caller.into(), &unit, name.as_deref())?)
}

pub(super) fn delete(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let unit: UnitId = id(&mut body, "OrganizationalUnitId")?;
    body.finish()?;
    call.engine.delete_unit(call.caller.into(), &unit)?;
    Ok(json!({}))
}

pub(super) fn describe(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let unit: UnitId = id(&mut body, "OrganizationalUnitId")?;
    body.finish()?;
    answer(call, &call.engine.unit(call.caller, &unit)?)
}

pub(super) fn list_for_parent(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let parent: ParentId = id(&mut body, "ParentId")?;
    let page = page(&mut body)?;
    body.finish()?;
    let units = call.engine.units_of(call.caller, &parent, &page)?;
    let tree = call.engine.tree()?;
    Ok(listed("OrganizationalUnits", units.map(|unit| row(call, &unit, &tree.path_of(Some(&unit.id))))))
}

pub(super) fn children(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let parent: ParentId = id(&mut body, "ParentId")?;
    let kind = body.required_string("ChildType")?;
    let page = page(&mut body)?;
    body.finish()?;
    let row = |id: String| json!({ "Id": id, "Type": kind });
    let found: Page<Value> = match kind.as_str() {
        "ACCOUNT" => call.engine.accounts_of(call.caller, &parent, &page)?.map(|account| row(account.id.into())),
        "ORGANIZATIONAL_UNIT" => call.engine.units_of(call.caller, &parent, &page)?.map(|unit| row(unit.id.into())),
        other => {
            let rule = "is not one of ACCOUNT, ORGANIZATIONAL_UNIT";
            return Err(Failure::invalid(format!("Invalid ChildType: {other:?} {rule}")));
        }
    };
    Ok(listed("Children", found))
}

pub(super) fn parents(call: &Call<'_>, mut body: Members) -> Result<Value, Failure> {
    let child = body.required_string("ChildId")?;
    page(&mut body)?;
    body.finish()?;
    let account = || child.parse::<AccountId>().map(ChildId::Account);
    let Ok(child) = account().or_else(|_| child.parse::<UnitId>().map(ChildId::Unit)) else {
        let rule = "must be an account's 12 digits, or the id of a unit such as ou-ab12-11111111";
        return Err(Failure::invalid(format!("Invalid ChildId: {rule}")));
    };
    let parent = call.engine.parent_of(call.caller, &child)?;
    let kind = if parent.unit().is_some() { "ORGANIZATIONAL_UNIT" } else { "ROOT" };
    Ok(all("Parents", vec![json!({ "Id": parent, "Type": kind })]))
}

fn answer(call: &Call<'_>, unit: &Unit) -> Result<Value, Failure> {
    let path = call.engine.tree()?.path_of(Some(&unit.id));
    Ok(json!({ "OrganizationalUnit": row(call, unit, &path) }))
}

fn row(call: &Call<'_>, unit: &Unit, path: &str) -> Value {
    json!({ "Id": unit.id, "Arn": call.arn("ou", &unit.id), "Name": unit.name, "Path": path })
}
