//! Records as rows, with AWS's member names.

use super::output::Row;
use crate::client::attributes::Attribute;
use serde_json::Value;

/// Any serializable struct as a row.
pub(super) fn of(record: &impl serde::Serialize) -> Row {
    match serde_json::to_value(record) {
        Ok(Value::Object(row)) => row,
        _ => Row::new(),
    }
}

/// What these attributes tell of a record.
pub(super) fn told<T>(record: &T, attributes: &[&Attribute<T>]) -> Row {
    let members = attributes.iter().map(|one| (one.member.to_owned(), (one.value)(record).json()));
    members.collect()
}
