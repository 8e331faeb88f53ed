//! `vaultdeck account policy`: the backup policies of the engine's organization.

use super::arguments::{BackupPolicyCommand, PlainFormat};
use super::failure::{Exit, Failure};
use super::format::Format;
use super::host::Host;
use super::output::{self, Column};
use super::problem::count;
use super::rows;
use super::sieve::{Known, Sieve};
use crate::client::attributes::policy;
use crate::domain::extension::{EffectivePolicyView, PolicyChanged, PolicyProblem, PutPolicy};
use crate::tui::text::harmless;
use std::io::Read as _;
use std::path::Path;

const COLUMNS: [Column; 4] = [
    Column::of(&policy::NAME),
    Column::of(&policy::ID),
    Column::of(&policy::TARGETS),
    Column::of(&policy::DESCRIPTION),
];

pub(super) async fn carry_out(host: &Host, command: BackupPolicyCommand) -> Result<Exit, Failure> {
    let control = host.control();
    match command {
        BackupPolicyCommand::List { rows: options } => {
            let sieve = Sieve::new(Known::records(policy::ALL), &options)?;
            let mut policies = control.policies().await?;
            policies.retain(|one| sieve.passes(&rows::told(one, policy::ALL)));
            match options.output {
                Format::Json => output::print_json(&policies)?,
                _ => {
                    let rows = policies.iter().map(|one| rows::told(one, policy::ALL)).collect();
                    sieve.print(&COLUMNS, rows, &options)?;
                }
            }
            Ok(Exit::Done)
        }
        BackupPolicyCommand::Put { name, file, description, output } => {
            let request = PutPolicy { name, description, content: read(&file)? };
            changed(&control.put_policy(&request).await?, output)
        }
        BackupPolicyCommand::Attach { policy, target, output } => {
            changed(&control.attach_policy(&policy, &target).await?, output)
        }
        BackupPolicyCommand::Detach { policy, target, output } => {
            changed(&control.detach_policy(&policy, &target).await?, output)
        }
        BackupPolicyCommand::Delete { policy } => {
            control.delete_policy(&policy).await?;
            Ok(Exit::Done)
        }
        BackupPolicyCommand::Effective { account, output } => {
            effective(&control.effective_policy(&account).await?, output)
        }
    }
}

/// A policy's document, from a file or standard input.
fn read(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Failure::failed(format!("{}: {error}", file.display())))
}

/// Where plans are not made that the policy speaks of, the command ends with issues and says why.
fn changed(changed: &PolicyChanged, output: PlainFormat) -> Result<Exit, Failure> {
    match output {
        PlainFormat::Json => output::print_json(changed)?,
        PlainFormat::Text => {
            output::write(&format!("{}\n", changed.policy.policy_id))?;
            tell(&changed.problems);
        }
    }
    Ok(if changed.problems.is_empty() { Exit::Done } else { Exit::DoneWithIssues })
}

fn effective(view: &EffectivePolicyView, output: PlainFormat) -> Result<Exit, Failure> {
    match output {
        PlainFormat::Json => output::print_json(view)?,
        PlainFormat::Text => {
            output::write(&text(view))?;
            tell(&view.problems);
        }
    }
    Ok(if view.problems.is_empty() { Exit::Done } else { Exit::DoneWithIssues })
}

fn text(view: &EffectivePolicyView) -> String {
    let mut lines =
        vec![format!("{} since {}", count(view.plans.len() as u64, "plan"), view.last_updated_timestamp.to_rfc3339())];
    let plan = |plan: &crate::domain::extension::PolicyPlanView| {
        format!("  {} in {}: {}", plan.backup_plan_name, plan.region, plan.backup_plan_id)
    };
    lines.extend(view.plans.iter().map(plan));
    let document: Result<serde_json::Value, _> = serde_json::from_str(&view.policy_content);
    let shown = document.ok().and_then(|document| serde_json::to_string_pretty(&document).ok());
    lines.extend(shown.unwrap_or_else(|| view.policy_content.clone()).lines().map(str::to_owned));
    lines.push(String::new());
    lines.iter().map(|line| harmless(line)).collect::<Vec<_>>().join("\n")
}

fn tell(problems: &[PolicyProblem]) {
    for problem in problems {
        let PolicyProblem { account_id, path_to_error, error_message, .. } = problem;
        let line = format!("vaultdeck: not made in account {account_id}: {path_to_error}: {error_message}");
        output::say(&harmless(&line));
    }
}
