//! Resources: what can be protected is registered first.

use crate::domain::extension::{AddResource, ResourceAdded, ResourceView, Resources};
use crate::domain::resource::validate_name;
use crate::domain::types::TypeFacts;
use crate::domain::types::location::Part;
use crate::domain::{Arn, Invalid, Resource, ResourceType, Secret, tags as tag_rules};
use crate::engine::authorize::action;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Permit, Principal, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Driver, Mark, ProbeCx};
use crate::engine::error::{Error, Result};
use crate::engine::organization::accounts;
use crate::engine::resources::rows::{self, marks, secrets};
use crate::engine::{Engine, tags, vaults};
use std::collections::BTreeMap;

/// Refuses an ARN that cannot be a protected resource's, in AWS's words.
pub fn check_supported(arn: &Arn) -> Result<()> {
    match ResourceType::of_arn(arn) {
        Some(_) => Ok(()),
        None => Err(Error::invalid_parameter(format!("Unsupported resource type: {arn}"))),
    }
}

impl Engine {
    /// Registers a resource. The same name and location again: the same ARN, with the new tags and secret, and what is there now
    /// counts as the right one.
    pub fn add_resource(&self, request: AddResource) -> Result<ResourceAdded> {
        let driver = self.driver_named(&request.resource_type)?;
        let facts = driver.facts();
        validate_name(&request.name)?;
        tag_rules::validate("Tags", &request.tags)?;
        let secret = request.secret.as_ref();
        secret.map_or(Ok(()), Secret::check)?;
        facts.check_location(&request.location, secret.is_some())?;
        let probed = driver.probe(&ProbeCx { at: &request.location, secret, data_dir: self.data_dir.root() })?;
        let scope = self.scope_or_first(request.account_id.as_deref(), request.region.as_deref())?;
        let remember = |tx: &Connection, permit: &Permit<'_, action::AddResource>, arn: &Arn| {
            let sealed = secret.map(|secret| self.seal_resource(arn, secret)).transpose()?;
            secrets::put(tx, permit, sealed.as_deref())?;
            probed.mark.as_ref().map_or(Ok(()), |mark| marks::remember(tx, arn, mark))
        };
        let arn = self.catalog.write(|tx| {
            accounts::require(tx, &scope.account)?;
            if let Some((arn, registered)) = rows::named(tx, &scope, facts.name, &request.name)? {
                if registered != probed.location {
                    return Err(Error::already_exists(
                        format!(
                            "{} {} is registered already with the {}: remove it first, or choose another name",
                            facts.name,
                            request.name,
                            registered.described()
                        ),
                        Some(arn.to_string()),
                        None,
                    ));
                }
                let permit = authorize(tx, Principal::Owner, action::AddResource, &Anything(arn.as_str()))?;
                tags::rows::replace(tx, &permit, arn.as_str(), &request.tags)?;
                remember(tx, &permit, &arn)?;
                return Ok(arn);
            }
            let resource = Resource {
                arn: facts.arn(&scope, &driver.new_id(&request.name, &probed.location)?)?,
                scope: scope.clone(),
                resource_type: facts.resource_type(),
                name: request.name.clone(),
                location: probed.location.clone(),
                tags: request.tags.clone(),
            };
            rows::refuse_registered(tx, &resource.arn)?;
            let permit = authorize(tx, Principal::Owner, action::AddResource, &Anything(resource.arn.as_str()))?;
            rows::insert(tx, &permit, &resource)?;
            remember(tx, &permit, &resource.arn)?;
            vaults::ops::ensure_default(self, tx, &scope)?;
            Ok(resource.arn)
        })?;
        Ok(ResourceAdded { resource_arn: arn.into() })
    }

    /// Every registered resource of every account and region.
    pub fn resources(&self) -> Result<Resources> {
        let view = |(resource, mark): (Resource, Option<Mark>)| ResourceView {
            facts: self.told(&resource, mark.as_ref()),
            resource_arn: resource.arn.into(),
            resource_type: resource.resource_type.into(),
            name: resource.name,
            path: resource.location.part(Part::Path).map(str::to_owned),
            account_id: resource.scope.account.into(),
            region: resource.scope.region.into(),
            location: resource.location,
            tags: resource.tags,
        };
        let known = self.catalog.read(|connection| {
            let with_mark = |resource: Resource| {
                let mark = marks::get(connection, &resource.arn)?;
                Ok((resource, mark))
            };
            rows::all(connection, None)?.into_iter().map(with_mark).collect::<Result<Vec<_>>>()
        })?;
        Ok(Resources { resources: known.into_iter().map(view).collect() })
    }

    fn told(&self, resource: &Resource, mark: Option<&Mark>) -> BTreeMap<String, String> {
        let driver = self.drivers.of(&resource.resource_type);
        driver.zip(mark).map(|(driver, mark)| driver.told(mark)).unwrap_or_default()
    }

    /// GetSupportedResourceTypes: the types that have a driver.
    pub fn supported_resource_types(&self) -> Vec<ResourceType> {
        self.drivers.types().map(TypeFacts::resource_type).collect()
    }

    /// The driver of what was backed up, in AWS's words where there is none.
    pub(crate) fn driver_of(&self, resource_type: &ResourceType) -> Result<&'static dyn Driver> {
        let driver = self.drivers.of(resource_type);
        driver.ok_or_else(|| Error::invalid_parameter(format!("Unsupported resource type: {resource_type}")))
    }

    /// The driver of a type, or an error that names the types that have one.
    fn driver_named(&self, text: &str) -> Result<&'static dyn Driver> {
        if let Some(driver) = self.drivers.of(&ResourceType::from(text.to_owned())) {
            return Ok(driver);
        }
        let available = self.drivers.types().map(|facts| facts.name).collect::<Vec<_>>().join(", ");
        let rule = format!("this engine cannot back up {text:?}; available: {available}");
        Err(Invalid::value("ResourceType", rule).into())
    }
}
