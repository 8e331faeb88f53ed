//! CancelLegalHold.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Releases what a legal hold holds.
#[derive(Debug, Clone, PartialEq)]
pub struct CancelHold {
    /// Its id.
    pub id: String,
    /// Its title, to be typed.
    pub title: String,
    /// Why.
    pub description: String,
    /// For how many days its record is kept; AWS's 180 when none.
    pub retain_record_in_days: Option<i64>,
}

impl Change for CancelHold {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("CancelLegalHold")
                .with("LegalHoldId", self.id.as_str())
                .with("CancelDescription", self.description.as_str())
                .with_any("RetainRecordInDays", self.retain_record_in_days),
        ]
    }

    fn summary(&self) -> String {
        format!("Release legal hold {}", self.title)
    }

    fn harm(&self) -> Harm {
        Harm::High(self.title.clone())
    }

    fn consequence(&self) -> String {
        "What is under no other hold can be deleted again, and what of it has outlived its days is gone within 24 hours."
            .to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().cancel_legal_hold().legal_hold_id(&self.id).cancel_description(&self.description);
        sending.step(call.set_retain_record_in_days(self.retain_record_in_days).send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plain = Self {
            id: "hold-1".to_owned(),
            title: "case 7".to_owned(),
            description: "settled out of court".to_owned(),
            retain_record_in_days: None,
        };
        vec![Self { retain_record_in_days: Some(30), ..plain.clone() }, plain]
    }
}
