//! Copies several recovery points into another vault, each under its own role. What is certain to be refused or to fail is left
//! out, as [`Preflight`] finds it.

use crate::client::change::StartCopy;
use crate::client::{Key, Query};
use crate::domain::{Arn, Known, KnownPoint, Lifecycle, copies};
use crate::tui::bulk::proposed;
use crate::tui::dialogs::copy::preflight::{self, Preflight, Wanted};
use crate::tui::dialogs::copy::{TYPED, destinations};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted};
use crate::tui::dialogs::lifecycle::effect_of;
use crate::tui::dialogs::parse::parse_days;
use crate::tui::dialogs::several::{ask_all, heading, points};
use crate::tui::proposal::Proposal;
use crate::tui::several::Several;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::world::World;
use std::collections::BTreeMap;

/// The form.
#[derive(Debug)]
pub struct CopyAll {
    several: Several,
    form: Form,
}

impl CopyAll {
    /// Of these.
    pub fn new(several: Several, world: &World) -> Self {
        let mut form = Form::default();
        form.note("of", &heading(&several), Role::Dim)
            .pick("vault", "Into vault", Vec::new(), "")
            .text("arn", "Its ARN", "")
            .hint("arn", "arn:aws:backup:REGION:ACCOUNT:backup-vault:NAME")
            .text("keep", "Keep for days", "")
            .hint("keep", "counted from the creation of each; empty: each as long as its source");
        let mut dialog = Self { several, form };
        FormDialog::sync(&mut dialog, world);
        dialog
    }

    /// The field that names the destination.
    fn field(&self) -> &'static str {
        if self.form.value("vault") == TYPED { "arn" } else { "vault" }
    }

    fn destination(&self) -> Result<Arn, String> {
        match self.form.value(self.field()).trim() {
            "" => Err("choose the vault, or type its ARN".to_owned()),
            text => copies::destination(text).map_err(|invalid| invalid.message),
        }
    }

    /// One copy, or why it is left out.
    fn of_one(
        &self,
        point: &KnownPoint,
        destination: &Arn,
        asked: Option<Lifecycle>,
        notes: &mut Vec<String>,
        world: &World,
    ) -> Result<(StartCopy, String), String> {
        let lifecycle = match (point.lifecycle, asked) {
            (Known::Known(source), asked) => Known::Known(copies::lifecycle(asked, source)),
            (Known::Unknown, Some(asked)) => Known::Known(Some(asked)),
            (Known::Unknown, None) => Known::Unknown,
        };
        let role = point.role();
        let wanted = Wanted { point, destination, field: self.field(), role: &role, lifecycle };
        let found = Preflight::of(&wanted, world);
        if !found.errors.is_empty() {
            return Err(found.errors.into_iter().map(|error| error.text).collect::<Vec<_>>().join("; "));
        }
        let effect = match lifecycle {
            Known::Known(lifecycle) => {
                let lifecycle = lifecycle.unwrap_or_default();
                lifecycle.validate().map_err(|invalid| invalid.message)?;
                effect_of(&lifecycle, point, world.now())
            }
            Known::Unknown => "It would be kept as long as its source, which is not known here.".to_owned(),
        };
        notes.extend(found.notes.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>());
        let change = StartCopy {
            recovery_point: point.arn.clone(),
            source_vault: point.vault_arn.clone(),
            destination: destination.clone(),
            role,
            lifecycle: asked,
            idempotency_token: String::new(),
        };
        Ok((change, effect))
    }

    fn proposal(&self, destination: &Arn, asked: Option<Lifecycle>, world: &mut World) -> Proposal {
        let (mut proposal, mut notes) = (self.several.proposal(String::new()), Vec::new());
        for (target, point) in points(&self.several) {
            match self.of_one(point, destination, asked, &mut notes, world) {
                Ok((change, effect)) => {
                    let change = StartCopy { idempotency_token: (world.tokens.0)(), ..change };
                    let mut change = proposed(target, (point.scope.clone(), change.into()), world);
                    change.told = effect;
                    proposal.changes.push(change);
                }
                Err(why) => proposal.left_out.add(why),
            }
        }
        proposal.notes = notes;
        proposal
    }
}

impl FormDialog for CopyAll {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Copy several into another vault".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let destination = self.destination().ok();
        // What is asked for a point is the same for all that lie in one vault.
        let vaults: BTreeMap<&Arn, &KnownPoint> =
            points(&self.several).map(|(_, point)| (&point.vault_arn, point.as_ref())).collect();
        let preflight = vaults.into_values().flat_map(|point| preflight::keys(point, destination.as_ref(), world));
        let listed = world.scopes.iter().map(|scope| Key::scoped(scope.clone(), Query::Vaults));
        listed.chain(preflight).collect()
    }
    fn sync(&mut self, world: &World) {
        let Some((_, first)) = points(&self.several).next() else { return };
        let choices = destinations(&first.scope, |_| true, world);
        self.form.choices("vault", choices);
        let typed = self.field() == "arn";
        self.form.hide("arn", !typed);
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let destination = fields.read(self.field(), |_| self.destination());
        let keep = fields.read("keep", parse_days);
        let (destination, keep) = fields.finish(destination.zip(keep))?;
        let asked = keep.map(Lifecycle::delete_after);
        let proposal = self.proposal(&destination, asked, world);
        ask_all(proposal, self.several.command, self.field())
    }
    fn changed(&mut self, world: &World) {
        self.form.show_errors(&[]);
        FormDialog::sync(self, world);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, 8)
    }
}
