//! What `vaultdeck vault repair` says, and how it asks.

use super::failure::Failure;
use super::output;
use super::problem::{count, line};
use crate::domain::extension::RepairReport;
use crate::tui::text::harmless;
use std::io::{IsTerminal as _, stdin};

/// What a repair would do, and what it cannot.
pub(super) fn planned(name: &str, report: &RepairReport) -> String {
    let mut text = String::new();
    for step in &report.steps {
        text += &format!("would repair: {}: {}\n", harmless(&step.subject), harmless(&step.action));
    }
    text += &left(report, "cannot be repaired");
    match (report.steps.is_empty(), report.left.is_empty()) {
        (true, true) => text += &format!("vault {name} is whole: there is nothing to repair\n"),
        (true, false) => text += &format!("vault {name}: nothing of it can be repaired here\n"),
        (false, _) => {
            text += &format!(
                "vault {name}: {} to do. Nothing is deleted: damaged files are moved into its folder vaultdeck/damaged\n",
                count(report.steps.len() as u64, "repair")
            );
        }
    }
    text
}

/// What a repair did.
pub(super) fn told(name: &str, report: &RepairReport) -> String {
    let mut text = String::new();
    for step in &report.steps {
        let (subject, action) = (harmless(&step.subject), harmless(&step.action));
        text += &match &step.error {
            None => format!("repaired: {subject}: {action}\n"),
            Some(error) => format!("not repaired: {subject}: {action}: {}\n", harmless(error)),
        };
    }
    text += &left(report, "still damaged");
    text += &if report.left.is_empty() {
        format!("vault {name} is whole\n")
    } else {
        format!("vault {name}: {} left\n", count(report.left.len() as u64, "problem"))
    };
    text
}

fn left(report: &RepairReport, word: &str) -> String {
    report.left.iter().map(|problem| line(word, problem)).collect()
}

/// What is said where nobody is there to ask, and the command has no other way than `--yes`.
pub(super) const SAY_YES: &str = "nobody is there to ask: say --yes to carry it out";

/// Asks a person. Where there is none, `--yes` must have said it: `nobody` tells so.
pub(super) fn confirmed(nobody: &str) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::usage(nobody));
    }
    output::write("Carry this out? [y/N] ")?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
