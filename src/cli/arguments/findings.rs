//! `vaultdeck findings`.

use super::ListOptions;
use crate::domain::finding::FindingKind;
use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct FindingsOptions {
    #[command(flatten)]
    pub(in crate::cli) list: ListOptions,
    /// End with exit code 1 where one of these kinds is found, with commas between them; `any` is every one
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kinds)]
    pub(in crate::cli) fail_on: Vec<Kinds>,
    /// Also what a later job made good, what is muted, and what is only worth knowing
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

/// What `--fail-on` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Kinds {
    /// Every kind.
    Any,
    /// One.
    One(FindingKind),
}

fn kinds(text: &str) -> Result<Kinds, String> {
    if text == "any" {
        return Ok(Kinds::Any);
    }
    let found = FindingKind::ALL.iter().find(|kind| kind.name() == text);
    found.copied().map(Kinds::One).ok_or_else(|| {
        let names: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("it is one of any, {}", names.join(", "))
    })
}
