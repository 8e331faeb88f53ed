//! Changes how long several recovery points are kept.

use crate::domain::{Known, KnownPoint, Lifecycle};
use crate::tui::bulk::proposed;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted};
use crate::tui::dialogs::lifecycle::{effect_of, ends_now, opting_in, update};
use crate::tui::dialogs::parse::parse_days;
use crate::tui::dialogs::several::{ask_all, heading, points};
use crate::tui::several::Several;
use crate::tui::stranded;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::world::World;

/// What is typed to keep them for ever: an empty field is no answer, for it is not seen what each of them had.
const EVER: &str = "ever";

/// What is said where the life of so many would be over.
fn are_over(number: usize) -> String {
    let points = text::count(number, "recovery point", "recovery points");
    format!("The life of {points} would be over already: deleted within 8 hours.")
}

/// The form.
#[derive(Debug)]
pub struct LifecycleOfAll {
    several: Several,
    form: Form,
}

impl LifecycleOfAll {
    /// Of these.
    pub fn new(several: Several) -> Self {
        let mut form = Form::default();
        form.note("of", &heading(&several), Role::Dim)
            .text("keep", "Keep for days", "")
            .hint("keep", "counted from the creation of each; `ever` keeps them for ever")
            .text("cold", "Cold after days", "")
            .hint("cold", "empty leaves each as it is; each is kept at least 90 days longer")
            .note("effect", "", Role::Text);
        Self { several, form }
    }

    /// How long one of them would be kept, or why that cannot be said or set.
    fn of_one(point: &KnownPoint, keep: Option<i64>, cold: Option<i64>) -> Result<Lifecycle, String> {
        let Known::Known(was) = point.lifecycle else {
            return Err("how long it is kept now is not known here: open it first".to_owned());
        };
        let was = was.unwrap_or_default();
        let stays = point.is_cold().known() == Some(true);
        let cold = cold.filter(|_| point.resource_type.can_go_cold() && !stays);
        let lifecycle = Lifecycle {
            move_to_cold_storage_after_days: cold.or(was.move_to_cold_storage_after_days),
            delete_after_days: Some(keep.unwrap_or(-1)),
            opt_in_to_archive_for_supported_resources: opting_in(&point.resource_type, cold)
                .or(was.opt_in_to_archive_for_supported_resources),
        };
        lifecycle.validate().map(|()| lifecycle).map_err(|invalid| invalid.message)
    }

    /// What the fields say: how long, for ever where there is none, and after how many days cold.
    fn read(&self) -> Result<(Option<i64>, Option<i64>), Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let keep = fields.read("keep", |text| match text.trim() {
            "" => Err(format!("a number of days, or `{EVER}`")),
            EVER => Ok(None),
            days => parse_days(days),
        });
        let cold = fields.read("cold", parse_days);
        fields.finish(keep.zip(cold))
    }

    /// Of how many the life would be over at once.
    fn tell(&mut self, world: &World) {
        let effect = self.read().map_or_else(
            |_| String::new(),
            |(keep, cold)| {
                let now = world.now();
                let over = points(&self.several).filter(|(_, point)| {
                    Self::of_one(point, keep, cold).is_ok_and(|lifecycle| ends_now(&lifecycle, point, now))
                });
                match over.count() {
                    0 => String::new(),
                    over => are_over(over),
                }
            },
        );
        self.form.label("effect", &effect);
    }
}

impl FormDialog for LifecycleOfAll {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "How long they are kept".to_owned()
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let (keep, cold) = self.read()?;
        let mut proposal = self.several.proposal(String::new());
        let mut over: Vec<&KnownPoint> = Vec::new();
        for (target, point) in points(&self.several) {
            match Self::of_one(point, keep, cold) {
                Ok(lifecycle) => {
                    let change = update(lifecycle, point, world.now());
                    if change.ends {
                        over.push(point);
                    }
                    let mut change = proposed(target, (point.scope.clone(), change.into()), world);
                    change.told = effect_of(&lifecycle, point, world.now());
                    proposal.changes.push(change);
                }
                Err(why) => proposal.left_out.add(why),
            }
        }
        if !over.is_empty() {
            proposal.notes = vec![are_over(over.len()), stranded::of_points(&over, world)];
        }
        ask_all(proposal, self.several.command, "keep")
    }
    fn changed(&mut self, world: &World) {
        self.form.show_errors(&[]);
        self.tell(world);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (88, 8)
    }
}
