//! CreateLegalHold.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::client::map;
use crate::domain::legal_hold::HoldSelection;
use crate::domain::{Tags, Time};
use serde_json::{Map, Value, json};

/// Puts a legal hold on recovery points.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateHold {
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What it catches.
    pub selection: HoldSelection,
    /// Its tags.
    pub tags: Tags,
}

impl Change for CreateHold {
    fn requests(&self, token: &str) -> Vec<Request> {
        let selection = (self.selection != HoldSelection::default()).then(|| shown(&self.selection));
        vec![
            Request::new("CreateLegalHold")
                .with("Title", self.title.as_str())
                .with("Description", self.description.as_str())
                .with("IdempotencyToken", token)
                .with_any("RecoveryPointSelection", selection)
                .with_map("Tags", &self.tags),
        ]
    }

    fn summary(&self) -> String {
        format!("Create legal hold {}", self.title)
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    fn consequence(&self) -> String {
        "Until it is released, nobody deletes what it catches now, and the end of its life is put off. What is made later is \
         not held."
            .to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let selection = map::hold_selection_input(&self.selection).map_err(|fault| sending.failed(fault))?;
        let call = sending.client().create_legal_hold().title(&self.title).description(&self.description);
        let call = call.idempotency_token(sending.token()).set_recovery_point_selection(selection);
        let made = sending.step(call.set_tags(map::sent_map(&self.tags)).send()).await?;
        Ok(Outcome::LegalHold(sending.id(made.legal_hold_id())?))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        use crate::domain::legal_hold::DateRange;
        let plain = Self {
            title: "case 7".to_owned(),
            description: "an inquiry".to_owned(),
            selection: HoldSelection::default(),
            tags: Tags::new(),
        };
        let at = |text: &str| text.parse().unwrap();
        let selection = HoldSelection {
            vault_names: vec!["Default".to_owned()],
            resource_identifiers: vec!["EFS".to_owned()],
            date_range: Some(DateRange {
                from_date: at("2026-11-01T00:00:00Z"),
                to_date: at("2026-11-02T23:59:59.500Z"),
            }),
        };
        vec![Self { selection, tags: super::examples::tags(), ..plain.clone() }, plain]
    }
}

/// The selection as it travels: times are seconds since 1970.
fn shown(selection: &HoldSelection) -> Value {
    let seconds = |time: Time| match time.timestamp_subsec_millis() {
        0 => json!(time.timestamp()),
        _ => json!(time.timestamp_millis() as f64 / 1000.0),
    };
    let mut members = Map::new();
    if !selection.vault_names.is_empty() {
        members.insert("VaultNames".to_owned(), json!(selection.vault_names));
    }
    if !selection.resource_identifiers.is_empty() {
        members.insert("ResourceIdentifiers".to_owned(), json!(selection.resource_identifiers));
    }
    if let Some(range) = selection.date_range {
        let range = json!({ "FromDate": seconds(range.from_date), "ToDate": seconds(range.to_date) });
        members.insert("DateRange".to_owned(), range);
    }
    Value::Object(members)
}
