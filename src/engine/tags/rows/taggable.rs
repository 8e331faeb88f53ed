//! Whatever can have tags, and what is found by them.

use crate::domain::{Arn, Scope, Tags};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::Connection;

/// What GetResources of the tagging API looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagQuery {
    /// Only these resources.
    pub resource_arns: Vec<String>,
    /// Only these services (`elasticfilesystem`) or types of them (`elasticfilesystem:file-system`).
    pub resource_types: Vec<String>,
    /// All of these must hold.
    pub filters: Vec<TagFilter>,
}

/// A key, and values of which one must be the tag's; none means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// The tag's key.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

/// All that can have tags in an account and region. What was registered is told of even without any, as the tagging API
/// tells of resources that once had some.
const TAGGABLE: &str = "(
    SELECT arn, account, region FROM resources
    UNION ALL SELECT arn, account, region FROM vaults v WHERE EXISTS (SELECT 1 FROM tags WHERE arn = v.arn)
    UNION ALL SELECT arn, account, region FROM plans p
        WHERE deleted IS NULL AND EXISTS (SELECT 1 FROM tags WHERE arn = p.arn)
    UNION ALL SELECT arn, account, region FROM recovery_points r WHERE EXISTS (SELECT 1 FROM tags WHERE arn = r.arn)
    UNION ALL SELECT arn, account, region FROM legal_holds h WHERE EXISTS (SELECT 1 FROM tags WHERE arn = h.arn)
) AS taggable";

/// Whether something of this ARN that can have tags is in an account and region.
pub fn exists(connection: &Connection, scope: &Scope, arn: &Arn) -> Result<bool> {
    let sql = "SELECT EXISTS (
        SELECT 1 FROM vaults WHERE arn = ?1 AND account = ?2 AND region = ?3
        UNION ALL SELECT 1 FROM plans WHERE arn = ?1 AND account = ?2 AND region = ?3 AND deleted IS NULL
        UNION ALL SELECT 1 FROM recovery_points WHERE arn = ?1 AND account = ?2 AND region = ?3
        UNION ALL SELECT 1 FROM legal_holds WHERE arn = ?1 AND account = ?2 AND region = ?3
        UNION ALL SELECT 1 FROM resources WHERE arn = ?1 AND account = ?2 AND region = ?3)";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([arn.as_str(), scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?)
}

/// The vault that a thing is, or that it lies in.
pub fn vault_of(connection: &Connection, arn: &Arn) -> Result<Option<Arn>> {
    let sql = "SELECT arn AS vault FROM vaults WHERE arn = ?1
        UNION ALL SELECT vault_arn FROM recovery_points WHERE arn = ?1";
    query::first(connection, sql, [arn.as_str()], |row| row.parsed("vault"))
}

/// What a query of the tagging API finds, by ARN. `types` are patterns of ARNs, of which one must fit where the query names
/// types.
pub fn find(
    connection: &Connection,
    scope: &Scope,
    query: &TagQuery,
    types: Vec<String>,
    request: &PageRequest,
) -> Result<Page<(Arn, Tags)>> {
    let mut listing = Listing::new("arn", TAGGABLE, &["arn"]).named("tagged");
    in_scope(&mut listing, scope);
    if !query.resource_arns.is_empty() {
        listing.filter_values(format!("arn IN ({})", marks(query.resource_arns.len())), query.resource_arns.clone());
    }
    if !query.resource_types.is_empty() {
        listing.filter_values(format!("({})", vec!["arn GLOB ?"; types.len()].join(" OR ")), types);
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
    listing.page(connection, request, |row| {
        let arn: Arn = row.parsed("arn")?;
        let tags = super::get(connection, arn.as_str())?;
        Ok((arn, tags))
    })
}

/// The keys that anything in an account and region has.
pub fn keys(connection: &Connection, scope: &Scope, request: &PageRequest) -> Result<Page<String>> {
    let mut listing = Listing::new("key", used("key"), &["key"]);
    in_scope(&mut listing, scope);
    listing.page(connection, request, |row| row.column("key"))
}

/// The values that a key has there.
pub fn values(connection: &Connection, scope: &Scope, key: &str, request: &PageRequest) -> Result<Page<String>> {
    let mut listing = Listing::new("value", used("key, value"), &["value"]);
    in_scope(&mut listing, scope);
    listing.filter("key = ?", key.to_owned());
    listing.page(connection, request, |row| row.column("value"))
}

fn in_scope(listing: &mut Listing, scope: &Scope) {
    listing.filter("account = ?", scope.account.as_str().to_owned());
    listing.filter("region = ?", scope.region.as_str().to_owned());
}

/// The tags in use, each once for an account and region.
fn used(columns: &str) -> String {
    format!("(SELECT DISTINCT {columns}, account, region FROM tags JOIN {TAGGABLE} USING (arn)) AS used")
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
