//! The air-gapped vault that a rule writes into: which ones are offered, what that means, and what such a vault does not take.

use crate::domain::plan::PlanDocument;
use crate::domain::vault::Vault;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::widgets::picker::Choice;
use std::sync::Arc;

const INTO: &str = "backups go straight into it instead, and nobody deletes them before their day";
const ON_ENGINE: &str = "a type that cannot go straight into it fails";
const ON_AWS: &str = "types that cannot pass through the vault above";

/// Offers the air-gapped vaults there are, and none of them; where there is none, the field is not shown.
pub fn offer(form: &mut Form, vaults: &[Arc<Vault>], is_engine: bool) {
    let mut choices = vec![Choice::new("", "none", "")];
    let air_gapped = vaults.iter().filter(|vault| vault.vault_type.is_air_gapped());
    choices.extend(air_gapped.map(|vault| {
        let keeps = vault.lock.map(|lock| format!("keeps {lock}")).unwrap_or_default();
        Choice::new(vault.arn.as_str(), vault.name.clone(), keeps)
    }));
    let nothing = choices.len() == 1 && form.value("gap").is_empty();
    form.choices("gap", choices).hide("gap", nothing);
    form.hint("gap", &format!("{INTO}; {}", if is_engine { ON_ENGINE } else { ON_AWS }));
}

/// What is wrong with how long a rule keeps what it writes into an air-gapped vault, whose bounds nobody changes.
pub fn refusal(document: &PlanDocument, vaults: &[Arc<Vault>]) -> Option<FieldError> {
    document.rules.iter().find_map(|rule| {
        let named = rule.target_logically_air_gapped_backup_vault_arn.as_deref()?;
        let vault = vaults.iter().find(|vault| vault.arn.as_str() == named)?;
        let lock = vault.lock.filter(|lock| !lock.admits(rule.lifecycle.unwrap_or_default().retention()))?;
        let (rule, vault) = (&rule.rule_name, &vault.name);
        Some(FieldError::new("keep", format!("rule {rule}: {vault} takes only what is kept {lock}, for good")))
    })
}
