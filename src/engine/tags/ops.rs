//! Tags, and what the tagging API finds by them.

use crate::domain::{Arn, Invalid, Scope, Tags, tags as tag_rules};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::Columns;
use crate::engine::error::{Error, Result};
use crate::engine::request::{Caller, Page, PageRequest, TagQuery};
use crate::engine::{Engine, tags};
use rusqlite::Connection;

/// All that can have tags in an account and region. What was registered is told of even without any, as the tagging API
/// tells of resources that once had some.
const TAGGABLE: &str = "(
    SELECT arn, account, region FROM resources
    UNION ALL SELECT arn, account, region FROM vaults v WHERE EXISTS (SELECT 1 FROM tags WHERE arn = v.arn)
    UNION ALL SELECT arn, account, region FROM plans p
        WHERE deleted IS NULL AND EXISTS (SELECT 1 FROM tags WHERE arn = p.arn)
    UNION ALL SELECT arn, account, region FROM recovery_points r WHERE EXISTS (SELECT 1 FROM tags WHERE arn = r.arn)
) AS taggable";

fn require(connection: &Connection, scope: &Scope, arn: &Arn) -> Result<()> {
    let sql = "SELECT EXISTS (
        SELECT 1 FROM vaults WHERE arn = ?1 AND account = ?2 AND region = ?3
        UNION ALL SELECT 1 FROM plans WHERE arn = ?1 AND account = ?2 AND region = ?3 AND deleted IS NULL
        UNION ALL SELECT 1 FROM recovery_points WHERE arn = ?1 AND account = ?2 AND region = ?3
        UNION ALL SELECT 1 FROM resources WHERE arn = ?1 AND account = ?2 AND region = ?3)";
    let known: bool = connection
        .prepare_cached(sql)?
        .query_row([arn.as_str(), scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?;
    if known { Ok(()) } else { Err(Error::not_found(format!("Cannot find a resource with ARN {arn}"))) }
}

impl Engine {
    /// ListTags, by key.
    pub fn list_tags(&self, caller: &Caller, arn: &Arn, page: &PageRequest) -> Result<Page<(String, String)>> {
        let mut listing = Listing::new("key, value", "tags", &["key"]);
        listing.filter("arn = ?", arn.as_str().to_owned());
        self.catalog.read(|c| {
            require(c, &caller.scope(), arn)?;
            listing.page(c, page, |row| Ok((row.column("key")?, row.column("value")?)))
        })
    }

    /// TagResource: a key that is there takes the new value.
    pub fn tag_resource(&self, caller: &Caller, arn: &Arn, new: Tags) -> Result<()> {
        tag_rules::validate("Tags", &new)?;
        self.catalog.write(|tx| {
            require(tx, &caller.scope(), arn)?;
            tags::rows::put(tx, arn.as_str(), &new)?;
            let count = tags::rows::get(tx, arn.as_str())?.len();
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
            require(tx, &caller.scope(), arn)?;
            keys.iter().try_for_each(|key| tags::rows::remove(tx, arn.as_str(), key))
        })
    }

    /// GetResources of the tagging API, by ARN.
    pub fn tagged_resources(&self, caller: &Caller, query: &TagQuery, page: &PageRequest) -> Result<Page<(Arn, Tags)>> {
        let mut listing = Listing::new("arn", TAGGABLE, &["arn"]).named("tagged");
        listing.filter("account = ?", caller.account.as_str().to_owned());
        listing.filter("region = ?", caller.region.as_str().to_owned());
        if !query.resource_arns.is_empty() {
            listing
                .filter_values(format!("arn IN ({})", marks(query.resource_arns.len())), query.resource_arns.clone());
        }
        if !query.resource_types.is_empty() {
            let patterns = query.resource_types.iter().map(|text| pattern(text)).collect::<Result<Vec<_>>>()?;
            let patterns: Vec<String> = patterns.into_iter().flatten().collect();
            listing.filter_values(format!("({})", vec!["arn GLOB ?"; patterns.len()].join(" OR ")), patterns);
        }
        for filter in &query.filters {
            let values = match filter.values.len() {
                0 => String::new(),
                count => format!(" AND value IN ({})", marks(count)),
            };
            listing.filter_values(
                format!("EXISTS (SELECT 1 FROM tags WHERE tags.arn = taggable.arn AND key = ?{values})"),
                std::iter::once(filter.key.clone()).chain(filter.values.clone()),
            );
        }
        self.catalog.read(|c| {
            listing.page(c, page, |row| {
                let arn: Arn = row.parsed("arn")?;
                let tags = tags::rows::get(c, arn.as_str())?;
                Ok((arn, tags))
            })
        })
    }
}

impl Engine {
    /// GetTagKeys of the tagging API: the keys that anything in the caller's account and region has.
    pub fn tag_keys(&self, caller: &Caller, page: &PageRequest) -> Result<Page<String>> {
        let mut listing = Listing::new("key", used("key"), &["key"]);
        listing.filter("account = ?", caller.account.as_str().to_owned());
        listing.filter("region = ?", caller.region.as_str().to_owned());
        self.catalog.read(|c| listing.page(c, page, |row| row.column("key")))
    }

    /// GetTagValues of the tagging API: the values that a key has there.
    pub fn tag_values(&self, caller: &Caller, key: &str, page: &PageRequest) -> Result<Page<String>> {
        let mut listing = Listing::new("value", used("key, value"), &["value"]);
        listing.filter("account = ?", caller.account.as_str().to_owned());
        listing.filter("region = ?", caller.region.as_str().to_owned());
        listing.filter("key = ?", key.to_owned());
        self.catalog.read(|c| listing.page(c, page, |row| row.column("value")))
    }
}

/// The tags in use, each once for an account and region.
fn used(columns: &str) -> String {
    format!("(SELECT DISTINCT {columns}, account, region FROM tags JOIN {TAGGABLE} USING (arn)) AS used")
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
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
