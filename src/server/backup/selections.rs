//! Selections of a plan.

use super::documents;
use crate::domain::selection::{ConditionParameter, Selection, SelectionDocument, TagCondition};
use crate::server::call::{Answer, Call, Stamp, stamp};
use serde::Serialize;
use serde_with::skip_serializing_none;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    selection_id: String,
    backup_plan_id: String,
    creation_date: Option<Stamp>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    backup_selection: DocumentView,
    selection_id: String,
    backup_plan_id: String,
    creation_date: Option<Stamp>,
    creator_request_id: Option<String>,
}

/// `BackupSelection` as AWS answers it: every member, those that are empty too. Clients compare with exactly that.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DocumentView {
    selection_name: String,
    iam_role_arn: String,
    resources: Vec<String>,
    list_of_tags: Vec<TagCondition>,
    not_resources: Vec<String>,
    conditions: ConditionsView,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConditionsView {
    string_equals: Vec<ConditionParameter>,
    string_not_equals: Vec<ConditionParameter>,
    string_like: Vec<ConditionParameter>,
    string_not_like: Vec<ConditionParameter>,
}

impl From<SelectionDocument> for DocumentView {
    fn from(document: SelectionDocument) -> Self {
        let conditions = document.conditions;
        Self {
            selection_name: document.selection_name,
            iam_role_arn: document.iam_role_arn,
            resources: document.resources,
            list_of_tags: document.list_of_tags,
            not_resources: document.not_resources,
            conditions: ConditionsView {
                string_equals: conditions.string_equals,
                string_not_equals: conditions.string_not_equals,
                string_like: conditions.string_like,
                string_not_like: conditions.string_not_like,
            },
        }
    }
}

/// `BackupSelectionsListMember`.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    selection_id: String,
    selection_name: String,
    backup_plan_id: String,
    iam_role_arn: String,
    creation_date: Option<Stamp>,
    creator_request_id: Option<String>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    backup_selections_list: Vec<Row>,
    next_token: Option<String>,
}

impl From<Selection> for Row {
    fn from(selection: Selection) -> Self {
        Self {
            selection_id: selection.id.into(),
            selection_name: selection.document.selection_name,
            backup_plan_id: selection.plan_id.into(),
            iam_role_arn: selection.document.iam_role_arn,
            creation_date: stamp(selection.created),
            creator_request_id: selection.creator_request_id,
        }
    }
}

/// CreateBackupSelection.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let document = documents::selection(body.required_object("BackupSelection")?)?;
    let creator_request_id = body.string("CreatorRequestId")?;
    body.finish()?;
    let plan_id = call.segment(0).parse()?;
    let selection = call.engine.create_selection(call.caller, &plan_id, document, creator_request_id)?;
    call.answer(&Created {
        selection_id: selection.id.into(),
        backup_plan_id: selection.plan_id.into(),
        creation_date: stamp(selection.created),
    })
}

/// GetBackupSelection.
pub(super) fn get(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let (plan_id, id) = (call.segment(0).parse()?, call.segment(1).parse()?);
    let selection = call.engine.get_selection(call.caller, &plan_id, &id)?;
    call.answer(&Described {
        backup_selection: selection.document.into(),
        selection_id: selection.id.into(),
        backup_plan_id: selection.plan_id.into(),
        creation_date: stamp(selection.created),
        creator_request_id: selection.creator_request_id,
    })
}

/// ListBackupSelections.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let page = query.camel_page()?;
    query.finish()?;
    let selections = call.engine.list_selections(call.caller, &call.segment(0).parse()?, &page)?;
    call.answer(&List {
        backup_selections_list: selections.items.into_iter().map(Row::from).collect(),
        next_token: selections.next_token,
    })
}

/// DeleteBackupSelection.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let (plan_id, id) = (call.segment(0).parse()?, call.segment(1).parse()?);
    call.engine.delete_selection(call.caller, &plan_id, &id)?;
    call.done()
}
