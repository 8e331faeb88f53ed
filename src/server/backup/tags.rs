//! Tags of vaults, plans and recovery points.

use crate::domain::Tags;
use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    tags: Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// ListTags.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let page = query.camel_page()?;
    query.finish()?;
    let tags = call.engine.list_tags(call.caller, &call.arn(0, "ResourceArn")?, &page)?;
    call.answer(&List { tags: tags.items.into_iter().collect(), next_token: tags.next_token })
}

/// TagResource.
pub(super) fn tag(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let tags = body.string_map("Tags")?.ok_or_else(|| Failure::missing("Tags"))?;
    body.finish()?;
    call.engine.tag_resource(call.caller, &call.arn(0, "ResourceArn")?, tags)?;
    call.done()
}

/// UntagResource.
pub(super) fn untag(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let keys = body.strings("TagKeyList")?.ok_or_else(|| Failure::missing("TagKeyList"))?;
    body.finish()?;
    call.engine.untag_resource(call.caller, &call.arn(0, "ResourceArn")?, &keys)?;
    call.done()
}
