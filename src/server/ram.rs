//! AWS Resource Access Manager (rest-json): which logically air-gapped vaults an account shares, and with which accounts. Within
//! the organization no invitation has to be accepted: there are none.

use super::call::stamp;
use super::failure::Failure;
use super::members::Members;
use super::query::Query;
use crate::domain::sharing::{Association, ResourceShare, Shared};
use crate::domain::{Arn, Time};
use crate::engine::sharing::rows::Side;
use crate::engine::sharing::{NewShare, ShareOwner, SharesFilter};
use crate::engine::{Caller, Engine, PageRequest};
use http::StatusCode;
use serde_json::{Value, json};

/// The operations, by the method and path at which the service has them.
const OPERATIONS: [(&str, &str, Handler); 8] = [
    ("POST", "/createresourceshare", create),
    ("POST", "/associateresourceshare", associate),
    ("POST", "/disassociateresourceshare", disassociate),
    ("DELETE", "/deleteresourceshare", delete),
    ("POST", "/getresourceshares", shares),
    ("POST", "/getresourceshareassociations", associations),
    ("POST", "/getresourceshareinvitations", invitations),
    ("POST", "/listresources", resources),
];

type Handler = fn(&Engine, &Caller, Members, Query) -> Result<Value, Failure>;

/// This service's names for what AWS Backup calls otherwise.
const NAMES: [(&str, &str); 6] = [
    ("InvalidParameterValueException", "InvalidParameterException"),
    ("MissingParameterValueException", "InvalidParameterException"),
    ("InvalidRequestException", "OperationNotPermittedException"),
    ("ResourceNotFoundException", "UnknownResourceException"),
    ("LimitExceededException", "ResourceShareLimitExceededException"),
    ("AccessDeniedException", "OperationNotPermittedException"),
];

/// The type by which RAM knows a vault.
const VAULT: &str = "backup:BackupVault";

/// Whether a request is for this service.
pub(super) fn answers(method: &str, path: &str) -> bool {
    find(method, path).is_some()
}

fn find(method: &str, path: &str) -> Option<Handler> {
    let named = OPERATIONS.iter().find(|(its_method, its_path, _)| *its_method == method && *its_path == path);
    named.map(|(_, _, handler)| *handler)
}

/// Answers one call.
pub(super) fn answer(
    engine: &Engine,
    caller: &Caller,
    (method, path, query): (&str, &str, &str),
    body: &[u8],
) -> Result<Value, Failure> {
    let Some(handler) = find(method, path) else { return Err(Failure::internal()) };
    let answered = Members::parse(body).and_then(|body| handler(engine, caller, body, Query::parse(query)?));
    answered.map_err(|failure| failure.renamed(&NAMES))
}

fn malformed(name: &str, text: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "MalformedArnException", format!("{name}: {text:?} is not an ARN"))
}

fn arns(body: &mut Members, name: &str) -> Result<Vec<Arn>, Failure> {
    let texts = body.strings(name)?.unwrap_or_default();
    texts.iter().map(|text| text.parse().map_err(|_| malformed(name, text))).collect()
}

fn share_arn(text: Option<String>) -> Result<Arn, Failure> {
    const NAME: &str = "resourceShareArn";
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| Failure::missing(NAME))?;
    text.parse().map_err(|_| malformed(NAME, &text))
}

fn page(body: &mut Members) -> Result<PageRequest, Failure> {
    Ok(PageRequest { max_results: body.integer("maxResults")?, next_token: body.string("nextToken")? })
}

fn owner(body: &mut Members) -> Result<ShareOwner, Failure> {
    match body.required_string("resourceOwner")?.as_str() {
        "SELF" => Ok(ShareOwner::Caller),
        "OTHER-ACCOUNTS" => Ok(ShareOwner::Others),
        other => Err(Failure::invalid(format!("Invalid resourceOwner: {other:?} is not one of SELF, OTHER-ACCOUNTS"))),
    }
}

/// With the token of the page that follows, where one does.
fn paged(name: &str, rows: Vec<Value>, next_token: Option<String>) -> Value {
    let mut answer = json!({ name: rows });
    if let Some(token) = next_token {
        answer["nextToken"] = json!(token);
    }
    answer
}

fn share(share: &ResourceShare) -> Value {
    json!({
        "resourceShareArn": share.arn,
        "name": share.name,
        "owningAccountId": share.scope.account,
        "allowExternalPrincipals": false,
        "status": "ACTIVE",
        "creationTime": stamped(share.created),
        "lastUpdatedTime": stamped(share.updated),
        "featureSet": "STANDARD",
    })
}

fn stamped(time: Time) -> Value {
    json!(stamp(Some(time)))
}

fn association(association: &Association, status: &str) -> Value {
    let kind = if matches!(association.shared, Shared::Vault(_)) { "RESOURCE" } else { "PRINCIPAL" };
    json!({
        "resourceShareArn": association.share,
        "resourceShareName": association.share_name,
        "associatedEntity": association.shared.entity(),
        "associationType": kind,
        "status": status,
        "creationTime": stamped(association.created),
        "lastUpdatedTime": stamped(association.created),
        "external": false,
    })
}

fn create(engine: &Engine, caller: &Caller, mut body: Members, query: Query) -> Result<Value, Failure> {
    query.finish()?;
    let new = NewShare {
        name: body.required_string("name")?,
        vaults: arns(&mut body, "resourceArns")?,
        principals: body.strings("principals")?.unwrap_or_default(),
        client_token: body.string("clientToken")?,
    };
    // That others than accounts of the organization may be named is a leave that nothing here uses.
    body.boolean("allowExternalPrincipals")?;
    for name in ["tags", "permissionArns", "sources", "resourceShareConfiguration"] {
        body.refuse(name)?;
    }
    body.finish()?;
    let made = engine.create_resource_share(caller, &new)?;
    Ok(with_token(json!({ "resourceShare": share(&made) }), new.client_token))
}

fn with_token(mut answer: Value, token: Option<String>) -> Value {
    if let Some(token) = token {
        answer["clientToken"] = json!(token);
    }
    answer
}

fn associate(engine: &Engine, caller: &Caller, body: Members, query: Query) -> Result<Value, Failure> {
    changed(body, query, "ASSOCIATED", |arn, vaults, principals| {
        Ok(engine.associate_resource_share(caller, arn, vaults, principals)?)
    })
}

fn disassociate(engine: &Engine, caller: &Caller, body: Members, query: Query) -> Result<Value, Failure> {
    changed(body, query, "DISASSOCIATED", |arn, vaults, principals| {
        Ok(engine.disassociate_resource_share(caller, arn, vaults, principals)?)
    })
}

fn changed(
    mut body: Members,
    query: Query,
    status: &str,
    change: impl Fn(&Arn, &[Arn], &[String]) -> Result<Vec<Association>, Failure>,
) -> Result<Value, Failure> {
    query.finish()?;
    let arn = share_arn(body.string("resourceShareArn")?)?;
    let vaults = arns(&mut body, "resourceArns")?;
    let principals = body.strings("principals")?.unwrap_or_default();
    // Doing it again changes nothing.
    let token = body.string("clientToken")?;
    body.refuse("sources")?;
    body.finish()?;
    let rows: Vec<Value> = change(&arn, &vaults, &principals)?.iter().map(|one| association(one, status)).collect();
    Ok(with_token(json!({ "resourceShareAssociations": rows }), token))
}

fn delete(engine: &Engine, caller: &Caller, body: Members, mut query: Query) -> Result<Value, Failure> {
    body.finish()?;
    let arn = share_arn(query.string("resourceShareArn"))?;
    let token = query.string("clientToken");
    query.finish()?;
    engine.delete_resource_share(caller, &arn)?;
    Ok(with_token(json!({ "returnValue": true }), token))
}

fn shares(engine: &Engine, caller: &Caller, mut body: Members, query: Query) -> Result<Value, Failure> {
    query.finish()?;
    let owner = owner(&mut body)?;
    let filter =
        SharesFilter { shares: arns(&mut body, "resourceShareArns")?, name: body.string("name")?, entity: None };
    let status = body.string("resourceShareStatus")?;
    let page = page(&mut body)?;
    for name in ["tagFilters", "permissionArn", "permissionVersion"] {
        body.refuse(name)?;
    }
    body.finish()?;
    let found = engine.resource_shares(caller, owner, &filter, &page)?;
    // All that are there are active.
    let active = status.is_none_or(|status| status == "ACTIVE");
    let rows = found.items.iter().filter(|_| active).map(share).collect();
    Ok(paged("resourceShares", rows, found.next_token))
}

fn associations(engine: &Engine, caller: &Caller, mut body: Members, query: Query) -> Result<Value, Failure> {
    query.finish()?;
    let (side, other) = match body.required_string("associationType")?.as_str() {
        "RESOURCE" => (Side::Vaults, "principal"),
        "PRINCIPAL" => (Side::Principals, "resourceArn"),
        other => {
            let rule = format!("Invalid associationType: {other:?} is not one of RESOURCE, PRINCIPAL");
            return Err(Failure::invalid(rule));
        }
    };
    if body.string(other)?.is_some() {
        return Err(Failure::invalid(format!("Invalid {other}: it does not go with this associationType")));
    }
    let entity = body.string(if side == Side::Vaults { "resourceArn" } else { "principal" })?;
    let filter = SharesFilter { shares: arns(&mut body, "resourceShareArns")?, name: None, entity };
    let status = body.string("associationStatus")?;
    let page = page(&mut body)?;
    body.finish()?;
    let found = engine.share_associations(caller, ShareOwner::Caller, side, &filter, &page)?;
    let associated = status.is_none_or(|status| status == "ASSOCIATED");
    let rows = found.items.iter().filter(|_| associated).map(|one| association(one, "ASSOCIATED")).collect();
    Ok(paged("resourceShareAssociations", rows, found.next_token))
}

fn invitations(_: &Engine, _: &Caller, mut body: Members, query: Query) -> Result<Value, Failure> {
    query.finish()?;
    arns(&mut body, "resourceShareInvitationArns")?;
    arns(&mut body, "resourceShareArns")?;
    page(&mut body)?;
    body.finish()?;
    Ok(paged("resourceShareInvitations", Vec::new(), None))
}

fn resources(engine: &Engine, caller: &Caller, mut body: Members, query: Query) -> Result<Value, Failure> {
    query.finish()?;
    let owner = owner(&mut body)?;
    let of_vaults = body.string("resourceType")?.is_none_or(|kind| kind == VAULT);
    let scope = body.string("resourceRegionScope")?;
    let shares = arns(&mut body, "resourceShareArns")?;
    let mut named = arns(&mut body, "resourceArns")?;
    let page = page(&mut body)?;
    body.refuse("principal")?;
    body.finish()?;
    if named.len() > 1 {
        return Err(Failure::invalid("Invalid resourceArns: this engine narrows the list to one"));
    }
    let filter = SharesFilter { shares, name: None, entity: named.pop().map(String::from) };
    let found = engine.share_associations(caller, owner, Side::Vaults, &filter, &page)?;
    let wanted = of_vaults && scope.is_none_or(|scope| scope != "GLOBAL");
    let row = |one: &Association| {
        json!({
            "arn": one.shared.entity(),
            "type": VAULT,
            "resourceShareArn": one.share,
            "status": "AVAILABLE",
            "creationTime": stamped(one.created),
            "lastUpdatedTime": stamped(one.created),
            "resourceRegionScope": "REGIONAL",
        })
    };
    Ok(paged("resources", found.items.iter().filter(|_| wanted).map(row).collect(), found.next_token))
}
