//! Copies a recovery point into another vault. Before anything is sent it says what is certain to be refused or to fail, at the
//! field where that can be mended, and what cannot be known from here.

pub mod preflight;

use crate::client::change::StartCopy;
use crate::client::{Answer, Feature, Key, Query};
use crate::domain::vault::{Vault, VaultType};
use crate::domain::{Arn, Known, KnownPoint, Lifecycle, Scope, copies};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::dialogs::lifecycle::{effect_of, opting_in};
use crate::tui::dialogs::parse::parse_days;
use crate::tui::fmt;
use crate::tui::fmt::resource_name;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use preflight::{Preflight, Wanted};
use std::sync::Arc;

/// The choice of a vault that is none of the list.
pub const TYPED: &str = "typed";

/// The wizard.
#[derive(Debug)]
pub struct CopyWizard {
    /// The recovery point, as far as it was known when this opened.
    point: Arc<KnownPoint>,
    form: Form,
    /// Whether the vault stays, as something was chosen or typed; else it is the first of those that are known.
    own_vault: bool,
    /// Whether the role was typed; else it is the recovery point's.
    own_role: bool,
}

/// What the fields say.
struct Reading {
    destination: Arn,
    role: Arn,
    asked: Option<Lifecycle>,
}

impl CopyWizard {
    /// Of this point.
    pub fn new(point: Arc<KnownPoint>, world: &World) -> Self {
        let mut form = Form::default();
        let stays_warm = format!("AWS Backup cannot move recovery points of {} to cold storage", point.resource_type);
        let by_type = if point.resource_type.can_go_cold() { Ok(()) } else { Err(stays_warm.as_str()) };
        let name = resource_name(point.resource_name.as_ref(), &point.resource_arn);
        let with = if point.nesting.is_parent() { ", with all that is nested in it" } else { "" };
        let of = format!("{name}, {}, in {}{with}", fmt::exact(point.created), point.vault_name);
        form.note("of", &of, Role::Dim)
            .pick("vault", "Into vault", Vec::new(), "")
            .text("arn", "Its ARN", "")
            .hint("arn", "arn:aws:backup:REGION:ACCOUNT:backup-vault:NAME")
            .text("keep", "Keep for days", "")
            .hint("keep", "counted from its creation; empty: as long as the source")
            .text("cold", "Cold after days", "")
            .hint("cold", "empty: as the source; it stays warm if you say how long to keep it")
            .disable("cold", world.store.capabilities.allows(Feature::ColdStorage).and(by_type).err())
            .text("role", "Role", "")
            .hint("role", "what the job runs as, of the source's account")
            .note("effect", "", Role::Text)
            .note("notes", "", Role::Warning);
        let mut wizard = Self { point, form, own_vault: false, own_role: false };
        wizard.sync(world);
        wizard
    }

    fn question(&self) -> Key {
        let (vault, recovery_point) = (self.point.vault(), self.point.arn.clone());
        Key::scoped(self.point.scope.clone(), Query::RecoveryPoint { vault, recovery_point })
    }

    /// The recovery point as it was told last: lists tell less than DescribeRecoveryPoint.
    fn now<'a>(&'a self, world: &'a World) -> &'a KnownPoint {
        match &world.store.slot(&self.question()).answer {
            Some(Answer::RecoveryPoint(point)) => point,
            _ => &self.point,
        }
    }

    /// The field that names the destination.
    fn field(&self) -> &'static str {
        if self.form.value("vault") == TYPED { "arn" } else { "vault" }
    }

    fn destination(&self) -> Result<Arn, String> {
        let field = self.field();
        match (field, self.form.value(field).trim()) {
            ("arn", "") => Err("type the ARN of the vault".to_owned()),
            (_, "") => Err("choose the vault".to_owned()),
            (_, text) => copies::destination(text).map_err(|invalid| invalid.message),
        }
    }

    fn read(&self) -> Result<Reading, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let destination = fields.read(self.field(), |_| self.destination());
        let keep = fields.read("keep", parse_days);
        let cold = fields.read("cold", parse_days);
        let role = fields.read("role", |text| text.trim().parse::<Arn>());
        let asked = keep.zip(cold).map(|(keep, cold)| {
            let cold = cold.filter(|_| self.form.is_enabled("cold"));
            let asks = keep.is_some() || cold.is_some();
            asks.then_some(Lifecycle {
                move_to_cold_storage_after_days: cold,
                delete_after_days: keep,
                opt_in_to_archive_for_supported_resources: opting_in(&self.point.resource_type, cold),
            })
        });
        let whole = || Some(Reading { destination: destination?, role: role?, asked: asked? });
        fields.finish(whole())
    }

    /// How long the copy would live.
    fn lifecycle(&self, asked: Option<Lifecycle>, world: &World) -> Known<Option<Lifecycle>> {
        match (self.now(world).lifecycle, asked) {
            (Known::Known(source), asked) => Known::Known(copies::lifecycle(asked, source)),
            (Known::Unknown, Some(asked)) if asked.delete_days().is_some() => Known::Known(Some(asked)),
            (Known::Unknown, _) => Known::Unknown,
        }
    }

    /// What the fields say with all that is known of it.
    fn examine(&self, world: &World) -> (Result<Reading, Vec<FieldError>>, Vec<String>, String) {
        let reading = match self.read() {
            Ok(reading) => reading,
            Err(errors) => return (Err(errors), Vec::new(), String::new()),
        };
        let point = self.now(world);
        let lifecycle = self.lifecycle(reading.asked, world);
        let (destination, role, field) = (&reading.destination, &reading.role, self.field());
        let mut found = Preflight::of(&Wanted { point, destination, field, role, lifecycle }, world);
        let told = lifecycle.known().map(Option::unwrap_or_default);
        if let Some(invalid) = told.or(reading.asked).and_then(|lifecycle| lifecycle.validate().err()) {
            found.errors.insert(0, FieldError::new("keep", invalid.message));
        }
        let effect = told.map_or_else(
            || "It would be kept as long as its source, which is not known yet.".to_owned(),
            |lifecycle| effect_of(&lifecycle, point, world.now()),
        );
        if found.errors.is_empty() {
            (Ok(reading), found.notes, effect)
        } else {
            (Err(found.errors), found.notes, String::new())
        }
    }

    /// Says at each field what is certain to go wrong, and below them what may.
    fn tell(&mut self, world: &World) {
        let typed = self.field() == "arn";
        self.form.hide("arn", !typed);
        let (examined, notes, effect) = self.examine(world);
        self.form.label("effect", &effect).label("notes", &notes.join("\n"));
        self.form.show_errors(examined.as_ref().err().map_or(&[][..], Vec::as_slice));
    }
}

/// Every vault that it can be copied into: first those of its own account, which need nobody's leave.
fn choices(point: &KnownPoint, world: &World) -> Vec<Choice> {
    destinations(&point.scope, |vault| vault.arn != point.vault_arn, world)
}

/// Every vault that what lies in an account and region can be copied into, of those that are `wanted`.
pub fn destinations(from: &Scope, wanted: impl Fn(&Vault) -> bool, world: &World) -> Vec<Choice> {
    let mut scopes: Vec<&Scope> = world.scopes.iter().collect();
    scopes.sort_by_key(|scope| (scope.account != from.account, **scope == *from));
    let vaults = scopes.into_iter().filter_map(|scope| world.store.vaults(scope)).flat_map(|vaults| vaults.iter());
    // A vault that only serves restores takes no copies.
    let takes = |vault: &&Arc<Vault>| wanted(vault) && vault.vault_type != VaultType::RestoreAccess;
    let choice = |vault: &Arc<Vault>| {
        let locked = vault.lock.map(|lock| format!("  lock: {lock}")).unwrap_or_default();
        let label = format!("{} in {}", vault.name, world.scope_name(&vault.scope));
        let kind = if vault.vault_type.is_air_gapped() { "  air-gapped" } else { "" };
        Choice::new(vault.arn.as_str(), label, format!("{} points{kind}{locked}", vault.recovery_points))
    };
    let known = vaults.filter(takes).map(choice);
    known.chain([Choice::new(TYPED, "another: type its ARN", "")]).collect()
}

impl FormDialog for CopyWizard {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Copy into another vault".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let vaults = world.scopes.iter().map(|scope| Key::scoped(scope.clone(), Query::Vaults));
        let destination = self.destination().ok();
        let preflight = preflight::keys(&self.point, destination.as_ref(), world);
        vaults.chain([self.question()]).chain(preflight).collect()
    }
    fn sync(&mut self, world: &World) {
        let choices = choices(&self.point, world);
        if !self.own_vault {
            self.form.set("vault", "");
        }
        self.form.choices("vault", choices);
        if !self.own_role {
            let role = self.now(world).role();
            self.form.set("role", role.as_str());
        }
        self.tell(world);
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let reading = self.examine(world).0?;
        let change = StartCopy {
            recovery_point: self.point.arn.clone(),
            source_vault: self.point.vault_arn.clone(),
            destination: reading.destination,
            role: reading.role,
            lifecycle: reading.asked,
            idempotency_token: (world.tokens.0)(),
        };
        Ok(propose(self.point.scope.clone(), change))
    }
    fn changed(&mut self, world: &World) {
        self.own_vault = true;
        self.own_role |= self.form.focused() == "role";
        let begins_to_type = self.field() == "arn" && !self.form.is_enabled("arn");
        self.tell(world);
        // The list of vaults has moved on to the field that was next while this one was hidden.
        if begins_to_type && self.form.focused() != "vault" {
            self.form.focus("arn");
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, 16)
    }
}
