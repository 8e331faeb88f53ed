//! The legal holds, active and released.

use crate::client::attributes::{Attribute, hold};
use crate::client::{Answer, Key, Query};
use crate::domain::legal_hold::{HoldStatus, HoldSummary};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::route::Route;
use crate::tui::screens::list::{Detail, Listed};
use crate::tui::screens::sheets::Sheet;
use crate::tui::screens::{details, pane};
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, holds};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::sync::Arc;

/// The list of holds.
#[derive(Debug)]
pub struct Holds;

static COLUMNS: &[Column<HoldSummary>] = &[
    Column::of(&hold::TITLE, 20, 40).role(Role::Accent).grows().sorted(|a, b| by_text(&a.title, &b.title)),
    Column::of(&hold::STATUS, 8, 9)
        .shown(|hold, _| standing(hold))
        .sorted(|a, b| a.status.as_str().cmp(b.status.as_str())),
    Column::of(&hold::CREATED, 8, 10)
        .shown(|hold, world| Cell::dim(fmt::age(world.now(), hold.created)))
        .right()
        .sorted(|a, b| b.created.cmp(&a.created)),
    Column::of(&hold::CANCELLED, 8, 10)
        .shown(|hold, world| {
            hold.cancelled.map_or_else(|| Cell::dim(""), |at| Cell::dim(fmt::age(world.now(), Some(at))))
        })
        .right()
        .priority(3),
    Column::account(12, 20).by_account().priority(1),
    Column::region(12, 14).by_region().priority(2),
    Column::of(&hold::DESCRIPTION, 20, 60).role(Role::Dim).grows().priority(4),
];

/// Whether it holds.
fn standing(hold: &HoldSummary) -> Cell {
    let role = if hold.status == HoldStatus::Canceled { Role::Dim } else { Role::Good };
    Cell::new(hold.status.as_str().to_owned(), role)
}

impl Record for HoldSummary {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        hold::ALL
    }
    fn words(&self, words: &mut String) {
        for word in [&self.title, &self.description, &self.id, self.status.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
    }
}

const EMPTY: pane::Empty<'_> = &[
    "No legal hold was ever made here.",
    "",
    "A hold keeps the recovery points that are there now from being deleted, by anybody and by the end of their lives, until it is released. Make one with:",
    "$ :create-legal-hold",
];

impl Listed for Holds {
    type Row = HoldSummary;

    fn title(&self, _: &World) -> String {
        "Legal holds".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        world.shown.iter().flat_map(|scope| holds::keys(scope, world)).collect()
    }
    fn rows(&mut self, world: &World) -> Vec<Line<HoldSummary>> {
        world.store.gather(&world.shown, &Query::LegalHolds, Answer::legal_holds)
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&world.everywhere(&Query::LegalHolds))
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, hold: &HoldSummary, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::LegalHold(hold.scope.clone(), hold.id.clone()))])
    }
    fn takes_several(&self) -> bool {
        true
    }
    fn subject(&self, hold: &Arc<HoldSummary>, _: &World) -> Subject {
        Subject::LegalHold(Arc::clone(hold))
    }
    fn sheet(&self, hold: &Arc<HoldSummary>, world: &World) -> Option<Sheet> {
        Some(sheet(hold, world))
    }
    fn detail(&self) -> Option<Detail<HoldSummary>> {
        Some(view_detail)
    }
}

/// A hold: what it is for, what it catches, and why it was released. All of that comes with the list.
fn sheet(hold: &HoldSummary, world: &World) -> Sheet {
    let moment = |at| format!("{} ({})", fmt::exact(at), fmt::relative(world.now(), at));
    let mut facts =
        vec![details::Detail::cell("Status", standing(hold)), details::Detail::new("For", hold.description.clone())];
    let told = world.store.legal_hold(&hold.scope, &hold.id);
    facts.extend(told.map(|told| details::Detail::new("Catches", told.selection.describe())));
    facts.extend(details::Detail::maybe("Created", hold.created.map(moment)));
    facts.extend(details::Detail::maybe("Released", hold.cancelled.map(moment)));
    facts.push(details::Detail::new("Account, region", world.scope_name(&hold.scope)));
    facts.push(details::Detail::new("Id", hold.id.clone()));
    Sheet { kind: "Legal hold", name: hold.title.clone(), keys: Vec::new(), facts: Some(facts), absent: &[] }
}

/// A hold in full: what it is for, what it catches, and why it was released.
fn view_detail(hold: &HoldSummary, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let head = Rect::new(area.x, area.y, area.width, 1);
    let place = world.scope_name(&hold.scope);
    painter.rule(
        head,
        &pane::title(&hold.title, &place, world),
        &vec![segment("enter shows what it is on", Role::Dim)],
    );
    let mut y = area.y + 1;
    let mut say = |text: &str, role: Role| {
        let rest = Rect::new(area.x + 2, y, area.width.saturating_sub(3), area.bottom().saturating_sub(y));
        y += painter.paragraph(rest, text, role);
    };
    say(&hold.description, Role::Text);
    let told = world.store.legal_hold(&hold.scope, &hold.id);
    if let Some(told) = told {
        let created = hold.created.map_or_else(|| "it was created".to_owned(), fmt::exact);
        say(&format!("Catches {}, of what was there on {created}.", told.selection.describe()), Role::Dim);
    }
    if let Some(at) = hold.cancelled {
        say(&format!("Released {}.", fmt::exact(at)), Role::Dim);
    }
}
