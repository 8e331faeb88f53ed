//! The Resource Groups Tagging API (awsJson1.1 from the SDK for Rust, rpc-v2-cbor from newer botocores): which resources
//! have which tags.

use super::failure::Failure;
use super::members::Members;
use crate::engine::{Caller, Engine, PageRequest, TagFilter, TagQuery};
use serde_json::{Value, json};

/// What `X-Amz-Target` begins with, and the service of the CBOR paths.
pub(super) const TARGET: &str = "ResourceGroupsTaggingAPI_20170126";

/// This service's names for what AWS Backup calls otherwise.
const NAMES: [(&str, &str); 4] = [
    ("InvalidParameterValueException", "InvalidParameterException"),
    ("MissingParameterValueException", "InvalidParameterException"),
    ("InvalidRequestException", "InvalidParameterException"),
    ("ServiceUnavailableException", "InternalServiceException"),
];

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, body: Members) -> Result<Value, Failure> {
    match operation {
        "GetResources" => get_resources(engine, caller, body).map_err(|failure| failure.renamed(&NAMES)),
        other => Err(Failure::unknown_operation(format!(
            "{other} of the Resource Groups Tagging API is not supported by this engine"
        ))),
    }
}

fn get_resources(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let page = PageRequest {
        max_results: Some(body.integer("ResourcesPerPage")?.unwrap_or(50)),
        // An empty token is how clients of this API ask for the first page.
        next_token: body.string("PaginationToken")?.filter(|token| !token.is_empty()),
    };
    if page.max_results.is_some_and(|number| !(1..=100).contains(&number)) {
        return Err(Failure::invalid("ResourcesPerPage must be between 1 and 100"));
    }
    let query = TagQuery {
        resource_arns: body.strings("ResourceARNList")?.unwrap_or_default(),
        resource_types: body.strings("ResourceTypeFilters")?.unwrap_or_default(),
        filters: body
            .objects("TagFilters")?
            .unwrap_or_default()
            .into_iter()
            .map(tag_filter)
            .collect::<Result<_, _>>()?,
    };
    for name in ["TagsPerPage", "IncludeComplianceDetails", "ExcludeCompliantResources"] {
        body.refuse(name)?;
    }
    body.finish()?;
    let searches = !query.resource_types.is_empty() || !query.filters.is_empty();
    if searches && !query.resource_arns.is_empty() {
        return Err(Failure::invalid(
            "ResourceARNList cannot be given together with TagFilters or ResourceTypeFilters",
        ));
    }
    let found = engine.tagged_resources(caller, &query, &page)?;
    let rows: Vec<Value> = found
        .items
        .into_iter()
        .map(|(arn, tags)| {
            let tags: Vec<Value> = tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect();
    Ok(json!({ "PaginationToken": found.next_token.unwrap_or_default(), "ResourceTagMappingList": rows }))
}

fn tag_filter(mut members: Members) -> Result<TagFilter, Failure> {
    let filter =
        TagFilter { key: members.required_string("Key")?, values: members.strings("Values")?.unwrap_or_default() };
    members.finish()?;
    Ok(filter)
}
