//! The Resource Groups Tagging API (awsJson1.1 from the SDK for Rust, rpc-v2-cbor from newer botocores): which resources
//! have which tags, and many of them tagged in one call.

use super::failure::Failure;
use super::members::Members;
use crate::domain::Arn;
use crate::engine::{Caller, Engine, Page, PageRequest, TagFilter, TagQuery};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// What `X-Amz-Target` begins with, and the service of the CBOR paths.
pub(super) const TARGET: &str = "ResourceGroupsTaggingAPI_20170126";

/// This service's names for what AWS Backup calls otherwise.
const NAMES: [(&str, &str); 4] = [
    ("InvalidParameterValueException", "InvalidParameterException"),
    ("MissingParameterValueException", "InvalidParameterException"),
    ("InvalidRequestException", "InvalidParameterException"),
    ("ServiceUnavailableException", "InternalServiceException"),
];

/// How many resources one call may tag.
const MAX_ARNS: usize = 20;

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, body: Members) -> Result<Value, Failure> {
    let answer = match operation {
        "GetResources" => get_resources(engine, caller, body),
        "GetTagKeys" => get_tag_keys(engine, caller, body),
        "GetTagValues" => get_tag_values(engine, caller, body),
        "TagResources" => tag_resources(engine, caller, body),
        "UntagResources" => untag_resources(engine, caller, body),
        other => {
            return Err(Failure::unknown_operation(format!(
                "{other} of the Resource Groups Tagging API is not supported by this engine"
            )));
        }
    };
    answer.map_err(|failure| failure.renamed(&NAMES))
}

/// Clients of this API ask for the first page with an empty token, and are told of the last one by an empty token.
fn pagination_token(body: &mut Members) -> Result<Option<String>, Failure> {
    Ok(body.string("PaginationToken")?.filter(|token| !token.is_empty()))
}

fn get_tag_keys(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let page = PageRequest { max_results: None, next_token: pagination_token(&mut body)? };
    body.finish()?;
    Ok(texts("TagKeys", engine.tag_keys(caller, &page)?))
}

fn get_tag_values(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let page = PageRequest { max_results: None, next_token: pagination_token(&mut body)? };
    let key = body.required_string("Key")?;
    body.finish()?;
    Ok(texts("TagValues", engine.tag_values(caller, &key, &page)?))
}

fn texts(member: &str, page: Page<String>) -> Value {
    json!({ "PaginationToken": page.next_token.unwrap_or_default(), member: page.items })
}

fn tag_resources(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let arns = arns(&mut body)?;
    let tags = body.string_map("Tags")?.ok_or_else(|| Failure::missing("Tags"))?;
    body.finish()?;
    each(&arns, |arn| Ok(engine.tag_resource(caller, arn, tags.clone())?))
}

fn untag_resources(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let arns = arns(&mut body)?;
    let keys = body.strings("TagKeys")?.ok_or_else(|| Failure::missing("TagKeys"))?;
    body.finish()?;
    each(&arns, |arn| Ok(engine.untag_resource(caller, arn, &keys)?))
}

fn arns(body: &mut Members) -> Result<Vec<String>, Failure> {
    let arns = body.strings("ResourceARNList")?.ok_or_else(|| Failure::missing("ResourceARNList"))?;
    if (1..=MAX_ARNS).contains(&arns.len()) {
        Ok(arns)
    } else {
        Err(Failure::invalid(format!("ResourceARNList must hold 1 to {MAX_ARNS} ARNs, it holds {}", arns.len())))
    }
}

/// Does the same to each resource. One that fails is told of, and does not keep the others from it.
fn each(arns: &[String], change: impl Fn(&Arn) -> Result<(), Failure>) -> Result<Value, Failure> {
    let mut failed = Map::new();
    for text in arns {
        let changed = text.parse::<Arn>().map_err(|e| Failure::invalid(e.message)).and_then(|arn| change(&arn));
        if let Err(failure) = changed {
            // The model knows these two codes here and no other.
            let ours = failure.status.is_server_error();
            let (status, code) = if ours {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceException")
            } else {
                (StatusCode::BAD_REQUEST, "InvalidParameterException")
            };
            let told = json!({ "StatusCode": status.as_u16(), "ErrorCode": code, "ErrorMessage": failure.message });
            failed.insert(text.clone(), told);
        }
    }
    Ok(json!({ "FailedResourcesMap": failed }))
}

fn get_resources(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let page = PageRequest {
        max_results: Some(body.integer("ResourcesPerPage")?.unwrap_or(50)),
        next_token: pagination_token(&mut body)?,
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
