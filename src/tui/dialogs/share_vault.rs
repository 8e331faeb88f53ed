//! Shows with whom an air-gapped vault is shared, and changes that.

use crate::client::change::{ShareVault, UnshareVault};
use crate::client::{Key, Query};
use crate::domain::sharing::{SharePrincipal, VaultShare};
use crate::domain::vault::Vault;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The form.
#[derive(Debug)]
pub struct ShareEditor {
    vault: Arc<Vault>,
    form: Form,
}

impl ShareEditor {
    /// Of this vault.
    pub fn new(vault: Arc<Vault>, world: &World) -> Self {
        let mut form = Form::default();
        form.note("now-head", "Now", Role::Title)
            .note("now", "It is being looked up…", Role::Text)
            .pick("account", "Account", Vec::new(), "")
            .note("effect", "", Role::Strong);
        let mut editor = Self { vault, form };
        editor.sync(world);
        editor
    }

    fn key(&self) -> Key {
        Key::scoped(self.vault.scope.clone(), Query::VaultShares { vault: self.vault.arn.clone() })
    }

    fn shares<'a>(&self, world: &'a World) -> Option<&'a Arc<Vec<VaultShare>>> {
        world.store.vault_shares(&self.vault.scope, &self.vault.arn)
    }

    /// The other accounts of the organization, and what else is named by a share, so that it can be taken out.
    fn accounts(&self, world: &World, shares: &[VaultShare]) -> Vec<Choice> {
        let others = world.store.accounts().into_iter().flat_map(|accounts| accounts.iter());
        let others = others.filter(|account| account.id != self.vault.scope.account);
        let accounts = others.map(|account| {
            let said = if names(shares, account.id.as_str()) { "shared" } else { "" };
            Choice::new(account.id.as_str(), account.name.clone(), format!("{}  {said}", account.id))
        });
        let named = shares.iter().flat_map(|share| share.principals.iter());
        let wider = named.filter(|principal| principal.starts_with("arn:")).collect::<BTreeSet<_>>();
        accounts.chain(wider.into_iter().map(|arn| Choice::new(arn.clone(), called(arn, world), "shared"))).collect()
    }

    fn tell(&mut self, world: &World) {
        let Some(shares) = self.shares(world).cloned() else { return };
        let with: Vec<String> =
            shares.iter().flat_map(|share| share.principals.iter().map(|named| called(named, world))).collect();
        let now = if with.is_empty() {
            "It is shared with nobody.".to_owned()
        } else {
            format!("It is shared with {}: they see and restore what lies in it, and nothing else.", with.join(", "))
        };
        let chosen = self.form.value("account").to_owned();
        let effect = match chosen.as_str() {
            "" => String::new(),
            named if names(&shares, named) => format!("{} would be shut out.", called(named, world)),
            account => format!("{account} would see and restore what lies in it."),
        };
        self.form.label("now", &now).label("effect", &effect);
    }
}

/// Whether one of the shares names this.
fn names(shares: &[VaultShare], principal: &str) -> bool {
    shares.iter().any(|share| share.principals.iter().any(|one| one == principal))
}

/// Whom a share names, in words: a unit by its name.
fn called(principal: &str, world: &World) -> String {
    match principal.parse() {
        Ok(SharePrincipal::Organization(arn)) => format!("the whole organization ({})", arn.last_part()),
        Ok(SharePrincipal::Unit(arn)) => {
            let units = world.store.units().into_iter().flat_map(|units| units.iter());
            let unit = units.into_iter().find(|unit| unit.id.as_str() == arn.last_part());
            format!("unit {}", unit.map_or_else(|| arn.last_part(), |unit| unit.name.as_str()))
        }
        _ => principal.to_owned(),
    }
}

impl FormDialog for ShareEditor {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        format!("Sharing of {}", self.vault.name)
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        vec![self.key(), Key::context(Query::Accounts), Key::context(Query::Units)]
    }
    fn sync(&mut self, world: &World) {
        let choices = self.accounts(world, self.shares(world).map_or(&[], |shares| shares.as_slice()));
        self.form.choices("account", choices);
        self.tell(world);
    }
    fn changed(&mut self, world: &World) {
        self.form.show_errors(&[]);
        self.tell(world);
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let shares = self.shares(world).ok_or_else(Vec::new)?;
        let with = self.form.value("account").parse::<SharePrincipal>();
        let with = with.map_err(|_| vec![FieldError::new("account", "choose an account")])?;
        let (scope, vault) = (self.vault.scope.clone(), self.vault.arn.clone());
        let naming = shares.iter().filter(|share| share.principals.iter().any(|one| one == with.as_str()));
        let naming: Vec<_> = naming.map(|share| share.share.clone()).collect();
        if naming.is_empty() {
            let own = shares.iter().find(|share| share.name == ShareVault::share_name(&vault));
            let share = own.map(|share| share.share.clone());
            return Ok(propose(scope, ShareVault { vault, with, share }));
        }
        Ok(propose(scope, UnshareVault { vault, account: with.into(), shares: naming }))
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, 9)
    }
}
