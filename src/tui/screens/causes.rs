//! Problems grouped by cause: one failure of twelve accounts is one line.

use crate::client::attributes::Scoped;
use crate::domain::cause::pattern;
use crate::domain::finding::Severity;
use crate::domain::value::Unit;
use crate::domain::{Scope, Time};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::route::{Cause, Route};
use crate::tui::screens::pane;
use crate::tui::screens::problems::Problem;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, text};
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Problems of one cause.
#[derive(Debug, Clone)]
pub struct Causes {
    /// What they have in common.
    pub cause: Cause,
    /// The newest of the worst.
    pub first: Problem,
    /// How many there are.
    pub count: usize,
    /// When the oldest of them was.
    pub oldest: Time,
    /// Since when the first of what they are about fails.
    pub since: Time,
    /// What they are about, each once, in the order of how bad it is.
    pub names: Vec<String>,
    /// Where they are.
    pub scopes: BTreeSet<Scope>,
    id: String,
}

/// What a problem has in common with others of the same cause.
pub fn cause_of(problem: &Problem) -> Cause {
    Cause { what: problem.what, recovered: problem.recovered, pattern: pattern(&problem.detail, &problem.name) }
}

/// The problems by cause, in the order of the first of each.
pub fn group(problems: Vec<Problem>) -> Vec<Causes> {
    let mut groups: Vec<Causes> = Vec::new();
    let mut places: std::collections::HashMap<Cause, usize> = std::collections::HashMap::new();
    for problem in problems {
        let cause = cause_of(&problem);
        let Some(group) = places.get(&cause).and_then(|place| groups.get_mut(*place)) else {
            places.insert(cause.clone(), groups.len());
            groups.push(Causes {
                id: format!("{} {} {}", cause.what, cause.recovered, cause.pattern),
                cause,
                count: 1,
                oldest: problem.at,
                since: problem.since,
                names: vec![problem.name.clone()],
                scopes: BTreeSet::from([problem.scope.clone()]),
                first: problem,
            });
            continue;
        };
        group.count += 1;
        group.oldest = group.oldest.min(problem.at);
        group.since = group.since.min(problem.since);
        group.scopes.insert(problem.scope);
        if !group.names.contains(&problem.name) {
            group.names.push(problem.name);
        }
    }
    groups
}

static COLUMNS: &[Column<Causes>] = &[
    Column::<Causes>::new("WHAT", 13, 24, |group, world| {
        let (sign, role) = match group.first.severity {
            _ if group.first.recovered => (world.glyphs.good, Role::Dim),
            Severity::Critical => (world.glyphs.bad, Role::Bad),
            Severity::Warning => (world.glyphs.warning, Role::Warning),
            Severity::Notice => (world.glyphs.none, Role::Text),
        };
        let recovered = if group.first.recovered { ", ok since" } else { "" };
        let times = if group.count > 1 { format!(" x{}", group.count) } else { String::new() };
        Cell::new(format!("{sign} {}{times}{recovered}", group.first.what), role)
    })
    .sorted(|a, b| b.first.severity.cmp(&a.first.severity)),
    Column::<Causes>::new("WHEN", 11, 12, |group, world| Cell::plain(fmt::relative(world.now(), group.first.at)))
        .measured(Unit::Moment, |group, _| group.first.at.into())
        .right()
        .sorted(|a, b| b.first.at.cmp(&a.first.at))
        .priority(1),
    Column::<Causes>::new("OF", 14, 24, |group, _| {
        let more = group.names.len() - 1;
        let name = &group.first.name;
        Cell::new(if more > 0 { format!("{name} +{more}") } else { name.clone() }, Role::Accent)
    })
    .each(|group, _| group.names.clone())
    .sorted(|a, b| by_text(&a.first.name, &b.first.name)),
    Column::<Causes>::new("ACCOUNT", 10, 18, |group, world| {
        let accounts: BTreeSet<_> = group.scopes.iter().map(|scope| &scope.account).collect();
        match accounts.first() {
            Some(only) if accounts.len() == 1 => Cell::plain(world.account(only)),
            _ => Cell::plain(text::count(accounts.len(), "account", "accounts")),
        }
    })
    .each(|group, world| {
        let accounts: BTreeSet<_> = group.scopes.iter().map(|scope| &scope.account).collect();
        accounts.into_iter().flat_map(|account| [world.account(account), account.to_string()]).collect()
    })
    .by_account()
    .priority(2),
    Column::<Causes>::new("WHY", 20, 30, |group, _| Cell::plain(group.first.detail.clone())).grows().priority(3),
];

impl Scoped for Causes {
    fn scope(&self) -> &Scope {
        &self.first.scope
    }
}

impl Record for Causes {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        self.first.words(words);
        for name in &self.names {
            words.push_str(name);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        self.first.is_problem()
    }
}

impl Causes {
    /// What opens: the problem itself, or the list of all of one cause.
    pub fn open(&self) -> Act {
        Act::Open(if self.count == 1 { self.first.route.clone() } else { Route::Findings(self.cause.clone()) })
    }

    /// The cause in full: what was said, what it means, and what else it is about.
    pub fn view_detail(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let head = Rect::new(area.x, area.y, area.width, 1);
        let place = match self.scopes.len() {
            1 => world.scope_name(&self.first.scope),
            many => text::count(many, "scope", "scopes"),
        };
        let opens = if self.count == 1 { "enter opens it" } else { "enter lists them" };
        painter.rule(head, &pane::title(&self.names.join(", "), &place, world), &vec![segment(opens, Role::Dim)]);
        let mut y = area.y + 1;
        let mut say = |text: &str, role: Role, painter: &mut Painter<'_>| {
            let rest = Rect::new(area.x + 2, y, area.width.saturating_sub(3), area.bottom().saturating_sub(y));
            y += painter.paragraph(rest, text, role);
        };
        let (now, last) = (world.now(), self.first.at);
        let times = (self.count > 1).then(|| {
            let (first, last) = (fmt::relative(now, self.oldest), fmt::relative(now, last));
            format!("{} times, first {first}, last {last}", self.count)
        });
        // Only what is recent is listed here: it may fail for longer.
        let failing = (self.since < self.oldest).then(|| format!("failing for {}", fmt::coarse(now - self.since)));
        let span: Vec<String> = times.into_iter().chain(failing).collect();
        if !span.is_empty() {
            say(&span.join(", "), Role::Dim, painter);
        }
        say(&self.first.detail, Role::Text, painter);
        if let Some(meaning) = self.first.meaning {
            say(meaning, Role::Dim, painter);
        }
    }
}
