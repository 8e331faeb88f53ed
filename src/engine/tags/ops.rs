//! Tags, and what the tagging API finds by them.

use crate::domain::{Arn, Invalid, Scope, Tags, tags as tag_rules};
use crate::engine::Engine;
use crate::engine::authorize::action::{ListTags, TagResource, UntagResource};
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::Tagged;
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::page::{Page, PageRequest};
use crate::engine::tags::rows;
use crate::engine::tags::rows::taggable::{self, TagQuery};

/// What is known of a thing of this ARN in an account and region.
struct Found<'a> {
    arn: &'a Arn,
    scope: &'a Scope,
    exists: bool,
    vault: Option<Arn>,
}

impl<'a> Found<'a> {
    fn of(connection: &Connection, scope: &'a Scope, arn: &'a Arn) -> Result<Self> {
        let (exists, vault) = (taggable::exists(connection, scope, arn)?, taggable::vault_of(connection, arn)?);
        Ok(Self { arn, scope, exists, vault })
    }

    fn tagged(&self) -> Tagged<'_> {
        Tagged { arn: self.arn, scope: self.exists.then_some(self.scope), vault: self.vault.as_ref() }
    }
}

impl Engine {
    /// ListTags, by key.
    pub fn list_tags(&self, caller: &Caller, arn: &Arn, page: &PageRequest) -> Result<Page<(String, String)>> {
        self.catalog.read(|c| {
            let scope = caller.scope();
            authorize(c, caller, ListTags, &Found::of(c, &scope, arn)?.tagged())?;
            rows::list(c, arn.as_str(), page)
        })
    }

    /// TagResource: a key that is there takes the new value.
    pub fn tag_resource(&self, caller: &Caller, arn: &Arn, new: Tags) -> Result<()> {
        tag_rules::validate("Tags", &new)?;
        self.catalog.write(|tx| {
            let scope = caller.scope();
            let permit = authorize(tx, caller, TagResource, &Found::of(tx, &scope, arn)?.tagged())?;
            rows::put(tx, &permit, arn.as_str(), &new)?;
            let count = rows::get(tx, arn.as_str())?.len();
            if count > tag_rules::MAX_TAGS {
                return Err(Error::limit_exceeded(format!(
                    "{arn} would have {count} tags; at most {} are allowed",
                    tag_rules::MAX_TAGS
                )));
            }
            Ok(())
        })
    }

    /// UntagResource: keys that are not there do not matter.
    pub fn untag_resource(&self, caller: &Caller, arn: &Arn, keys: &[String]) -> Result<()> {
        self.catalog.write(|tx| {
            let scope = caller.scope();
            let permit = authorize(tx, caller, UntagResource, &Found::of(tx, &scope, arn)?.tagged())?;
            keys.iter().try_for_each(|key| rows::remove(tx, &permit, key))
        })
    }

    /// GetResources of the tagging API, by ARN.
    pub fn tagged_resources(&self, caller: &Caller, query: &TagQuery, page: &PageRequest) -> Result<Page<(Arn, Tags)>> {
        let types = query.resource_types.iter().map(|text| pattern(text)).collect::<Result<Vec<_>>>()?.concat();
        self.catalog.read(|c| taggable::find(c, &caller.scope(), query, types, page))
    }

    /// GetTagKeys of the tagging API: the keys that anything in the caller's account and region has.
    pub fn tag_keys(&self, caller: &Caller, page: &PageRequest) -> Result<Page<String>> {
        self.catalog.read(|c| taggable::keys(c, &caller.scope(), page))
    }

    /// GetTagValues of the tagging API: the values that a key has there.
    pub fn tag_values(&self, caller: &Caller, key: &str, page: &PageRequest) -> Result<Page<String>> {
        self.catalog.read(|c| taggable::values(c, &caller.scope(), key, page))
    }
}

/// The patterns of the ARNs of `SERVICE` or `SERVICE:TYPE`; the type ends at a slash or a colon.
fn pattern(resource_type: &str) -> Result<Vec<String>> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match resource_type.split_once(':') {
        None if plain(resource_type) => Ok(vec![format!("arn:*:{resource_type}:*")]),
        Some((service, kind)) if plain(service) && plain(kind) => {
            Ok(["/", ":"].map(|end| format!("arn:*:{service}:*:*:{kind}{end}*")).to_vec())
        }
        _ => {
            let rule = format!("{resource_type:?} is not of the form service or service:type");
            Err(Invalid::value("ResourceTypeFilters", rule).into())
        }
    }
}
