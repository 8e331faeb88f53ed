//! Resources: what can be protected is registered first.

use crate::domain::extension::{AddResource, ResourceAdded, ResourceView, Resources};
use crate::domain::resource::validate_name;
use crate::domain::{Arn, Invalid, Resource, ResourceType, tags as tag_rules};
use crate::engine::authorize::action;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Principal, authorize};
use crate::engine::error::{Error, Result};
use crate::engine::keys::random;
use crate::engine::organization::accounts;
use crate::engine::resources::rows;
use crate::engine::resources::source_path::check_source;
use crate::engine::resources::source_root::SourceRoot;
use crate::engine::{Engine, tags, vaults};
use std::path::Path;

/// The types that have a driver.
pub const DRIVEN: [ResourceType; 1] = [ResourceType::Efs];

/// A new file system's id: `fs-` and 17 hexadecimal digits.
pub fn new_file_system_id() -> Result<String> {
    let mut bytes = [0; 9];
    random(&mut bytes)?;
    Ok(format!("fs-{}", &hex::encode(bytes)[..17]))
}

/// Refuses an ARN that cannot be a protected resource's, in AWS's words.
pub fn check_supported(arn: &Arn) -> Result<()> {
    match ResourceType::of_arn(arn) {
        Some(_) => Ok(()),
        None => Err(Error::invalid_parameter(format!("Unsupported resource type: {arn}"))),
    }
}

impl Engine {
    /// Registers a resource. The same name and path again: the same ARN, with the new tags, and the folder that is there now
    /// counts as the right one.
    pub fn add_resource(&self, request: AddResource) -> Result<ResourceAdded> {
        let resource_type = driven(&request.resource_type)?;
        validate_name(&request.name)?;
        tag_rules::validate("Tags", &request.tags)?;
        let path = check_source(Path::new(&request.path), self.data_dir.root())?;
        let root = SourceRoot::look(Path::new(&path)).map_err(|e| Invalid::value("Path", format!("{path}: {e}")))?;
        let scope = self.scope_or_first(request.account_id.as_deref(), request.region.as_deref())?;
        let arn = self.catalog.write(|tx| {
            accounts::require(tx, &scope.account)?;
            if let Some((arn, registered)) = rows::named(tx, &scope, &resource_type, &request.name)? {
                if registered != path {
                    return Err(Error::already_exists(
                        format!(
                            "{resource_type} {} is registered already with the path {registered}: remove it first, or \
                             choose another name",
                            request.name
                        ),
                        Some(arn.to_string()),
                        None,
                    ));
                }
                let permit = authorize(tx, Principal::Owner, action::AddResource, &Anything(arn.as_str()))?;
                tags::rows::replace(tx, &permit, arn.as_str(), &request.tags)?;
                rows::source_roots::remember(tx, &arn, root)?;
                return Ok(arn);
            }
            let resource = Resource {
                arn: Arn::file_system(&scope, &new_file_system_id()?),
                scope: scope.clone(),
                resource_type,
                name: request.name.clone(),
                path,
                tags: request.tags.clone(),
            };
            let permit = authorize(tx, Principal::Owner, action::AddResource, &Anything(resource.arn.as_str()))?;
            rows::insert(tx, &permit, &resource)?;
            rows::source_roots::remember(tx, &resource.arn, root)?;
            vaults::ops::ensure_default(self, tx, &scope)?;
            Ok(resource.arn)
        })?;
        Ok(ResourceAdded { resource_arn: arn.into() })
    }

    /// Every registered resource of every account and region.
    pub fn resources(&self) -> Result<Resources> {
        let view = |resource: Resource| ResourceView {
            resource_arn: resource.arn.into(),
            resource_type: resource.resource_type.into(),
            name: resource.name,
            path: resource.path,
            tags: resource.tags,
        };
        Ok(Resources { resources: self.catalog.read(|c| rows::all(c, None))?.into_iter().map(view).collect() })
    }

    /// GetSupportedResourceTypes: the types that have a driver.
    pub fn supported_resource_types(&self) -> Vec<ResourceType> {
        DRIVEN.to_vec()
    }
}

/// A resource with a driver, or an error that names those that have one.
fn driven(text: &str) -> Result<ResourceType> {
    let resource_type = ResourceType::from(text.to_owned());
    if DRIVEN.contains(&resource_type) {
        return Ok(resource_type);
    }
    let available = DRIVEN.each_ref().map(ResourceType::as_str).join(", ");
    let rule = format!("this engine cannot back up {text:?}; available: {available}");
    Err(Invalid::value("ResourceType", rule).into())
}
