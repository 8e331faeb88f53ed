//! Backs several resources up now.

use crate::client::{Key, Query};
use crate::domain::{Arn, Scope};
use crate::tui::bulk::proposed;
use crate::tui::dialogs::backup::{Terms, ask_terms, name_by_kind};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted};
use crate::tui::dialogs::several::{ask_all, heading};
use crate::tui::several::{Several, Target};
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// The choice of the vault that each job had.
const OWN: &str = "*own";

/// The form.
#[derive(Debug)]
pub struct BackUpAll {
    several: Several,
    /// Whether each was backed up before by the job that is marked, so that its vault is known.
    all_jobs: bool,
    form: Form,
}

/// What is backed up: where, its ARN, and the vault that the job of it had.
fn source(target: &Target) -> Option<(Scope, Arn, Option<&str>)> {
    let vault = match &target.subject {
        Subject::BackupJob(job) => Some(job.vault_name.as_str()),
        _ => None,
    };
    target.subject.resource().map(|(scope, arn)| (scope, arn, vault))
}

impl BackUpAll {
    /// Of these.
    pub fn new(several: Several, world: &World) -> Self {
        let all_jobs = several.targets.iter().all(|target| matches!(target.subject, Subject::BackupJob(_)));
        let mut form = Form::default();
        form.note("of", &heading(&several), Role::Dim).pick("vault", "Into vault", Vec::new(), "");
        ask_terms(&mut form)
            .text("role", "Role", "")
            .hint("role", "what the jobs run as; empty: the default role of each account");
        let mut dialog = Self { several, all_jobs, form };
        FormDialog::sync(&mut dialog, world);
        dialog
    }

    fn scopes(&self) -> BTreeSet<Scope> {
        self.several.targets.iter().filter_map(|target| Some(source(target)?.0)).collect()
    }

    /// The vaults by their names, each with in how many of the accounts and regions one of that name is.
    fn choices(&self, world: &World) -> Vec<Choice> {
        let scopes = self.scopes();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for vault in scopes.iter().filter_map(|scope| world.store.vaults(scope)).flat_map(|vaults| vaults.iter()) {
            *names.entry(&vault.name).or_default() += 1;
        }
        let own = self.all_jobs.then(|| Choice::new(OWN, "the vault that each job had", ""));
        let named = names.into_iter().map(|(name, count)| {
            let places =
                if scopes.len() > 1 { format!("in {count} of {} places", scopes.len()) } else { String::new() };
            Choice::new(name, name, places)
        });
        own.into_iter().chain(named).collect()
    }
}

/// Whether a vault is known not to be there.
fn is_missing(scope: &Scope, name: &str, world: &World) -> bool {
    world.store.vaults(scope).is_some_and(|vaults| !vaults.iter().any(|vault| vault.name == name))
}

impl FormDialog for BackUpAll {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Back several up now".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        self.scopes().into_iter().map(|scope| Key::scoped(scope, Query::Vaults)).collect()
    }
    fn sync(&mut self, world: &World) {
        let choices = self.choices(world);
        self.form.choices("vault", choices);
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let chosen = fields.read("vault", |text| if text.is_empty() { Err("choose a vault") } else { Ok(text) });
        let terms = Terms::read(&mut fields);
        let role = fields.read("role", |text| match text.trim() {
            "" => Ok(None),
            arn => arn.parse::<Arn>().map(Some),
        });
        let (chosen, terms, role) = fields.finish((|| Some((chosen?, terms?, role?)))())?;
        let mut proposal = self.several.proposal(String::new());
        let mut places: BTreeMap<(Scope, Arn, String), Option<usize>> = BTreeMap::new();
        for target in &self.several.targets {
            let Some((scope, arn, own)) = source(target) else { continue };
            let vault = if chosen == OWN { own.unwrap_or_default() } else { chosen };
            // Jobs of one resource that had several vaults may go into one.
            let place = match places.entry((scope.clone(), arn.clone(), vault.to_owned())) {
                Entry::Occupied(known) => {
                    if let Some(change) = known.get().and_then(|index| proposal.changes.get_mut(index)) {
                        change.rows.extend(target.rows.iter().cloned());
                    }
                    continue;
                }
                Entry::Vacant(vacant) => vacant.insert(None),
            };
            if is_missing(&scope, vault, world) {
                proposal.left_out.add(format!("there is no vault {vault} in {}", world.scope_name(&scope)));
                continue;
            }
            let role = role.clone().unwrap_or_else(|| Arn::default_role(&scope.account));
            let mut start = terms.clone().start(vault.to_owned(), arn, role, (world.tokens.0)());
            if let Err(errors) = name_by_kind(&mut start, &scope, world) {
                for error in errors {
                    proposal.left_out.add(error.text);
                }
                continue;
            }
            let mut change = proposed(target, (scope, start.into()), world);
            vault.clone_into(&mut change.place);
            *place = Some(proposal.changes.len());
            proposal.changes.push(change);
        }
        ask_all(proposal, self.several.command, "vault")
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (92, 13)
    }
}
