//! Resources: what can be protected is registered first.

use crate::domain::extension::{AddResource, ResourceAdded, ResourceProbe, ResourceView, Resources};
use crate::domain::resource::validate_name;
use crate::domain::types::TypeFacts;
use crate::domain::types::location::Part;
use crate::domain::{Arn, Invalid, Resource, ResourceType, Scope, Secret, tags as tag_rules};
use crate::engine::authorize::action;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Permit, Principal, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Driver, Mark, ProbeCx, Probed};
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

/// A resource that could be registered.
struct Found {
    driver: &'static dyn Driver,
    probed: Probed,
    scope: Scope,
}

/// The ARN that what was found has already under the same name, which nothing else may have.
fn same(connection: &Connection, request: &AddResource, scope: &Scope, found: &Probed) -> Result<Option<Arn>> {
    let registered = rows::named(connection, scope, &request.resource_type, &request.name)?;
    let Some((arn, registered)) = registered else { return Ok(None) };
    if registered == found.location {
        return Ok(Some(arn));
    }
    Err(Error::already_exists(
        format!(
            "{} {} is registered already with the {}: remove it first, or choose another name",
            request.resource_type,
            request.name,
            registered.described()
        ),
        Some(arn.to_string()),
        None,
    ))
}

impl Engine {
    /// Registers a resource. The same name and location again: the same ARN, with the new tags and secret, and what is there now
    /// counts as the right one.
    pub fn add_resource(&self, request: AddResource) -> Result<ResourceAdded> {
        let Found { driver, probed, scope } = self.find_resource(&request)?;
        let facts = driver.facts();
        let secret = request.secret.as_ref();
        let remember = |tx: &Connection, permit: &Permit<'_, action::AddResource>, arn: &Arn| {
            let sealed = secret.map(|secret| self.seal_resource(arn, secret)).transpose()?;
            secrets::put(tx, permit, sealed.as_deref())?;
            probed.mark.as_ref().map_or(Ok(()), |mark| marks::remember(tx, arn, mark))
        };
        let arn = self.catalog.write(|tx| {
            accounts::require(tx, &scope.account)?;
            if let Some(arn) = same(tx, &request, &scope, &probed)? {
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

    /// What registering a resource would find: all that is checked then is checked, and nothing is written.
    pub fn probe_resource(&self, request: &AddResource) -> Result<ResourceProbe> {
        let Found { driver, probed, scope } = self.find_resource(request)?;
        let facts = driver.facts();
        let id = driver.new_id(&request.name, &probed.location)?;
        let registered = self.catalog.read(|connection| {
            accounts::require(connection, &scope.account)?;
            let registered = same(connection, request, &scope, &probed)?;
            if registered.is_none() {
                rows::refuse_registered(connection, &facts.arn(&scope, &id)?)?;
            }
            Ok(registered)
        })?;
        Ok(ResourceProbe {
            facts: probed.mark.as_ref().map(|mark| driver.told(mark)).unwrap_or_default(),
            continuous: facts
                .can_be_continuous
                .then(|| driver.can_be_continuous(&probed, request.secret.as_ref()).into()),
            resource_arn: registered.map(String::from),
            location: probed.location,
        })
    }

    /// Checks what is asked for by itself, and reaches its service.
    fn find_resource(&self, request: &AddResource) -> Result<Found> {
        let driver = self.driver_named(&request.resource_type)?;
        validate_name(&request.name)?;
        tag_rules::validate("Tags", &request.tags)?;
        let secret = request.secret.as_ref();
        secret.map_or(Ok(()), Secret::check)?;
        driver.facts().check_location(&request.location, secret.is_some())?;
        let probed = driver.probe(&ProbeCx { at: &request.location, secret, data_dir: self.data_dir.root() })?;
        let scope = self.scope_or_first(request.account_id.as_deref(), request.region.as_deref())?;
        Ok(Found { driver, probed, scope })
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
