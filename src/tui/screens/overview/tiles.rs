//! The tiles: how many are protected, what went wrong in the last day, what runs, what was never proven.

use super::running::Running;
use crate::client::wall::Counts;
use crate::tui::command::Command;
use crate::tui::keymap::Keymap;
use crate::tui::paint::{Painter, segment};
use crate::tui::theme::Role;
use crate::tui::zone::Spot;
use crate::tui::{fmt, text};
use chrono::Duration;
use ratatui::layout::Rect;

/// One tile.
#[derive(Debug)]
pub struct Tile {
    /// What leads to its rows.
    pub command: Command,
    number: String,
    label: &'static str,
    note: String,
    role: Role,
    /// How full its bar is, from 0 to 1; none has no bar.
    bar: Option<f64>,
    /// Whether something is not known of what it counts.
    lacks: bool,
}

/// How far it can be relied on what is told of the scopes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// How many answered, ever.
    pub answered: usize,
    /// How many there are.
    pub all: usize,
    /// How old the oldest answer is of those that cannot be reached now.
    pub stale: Option<Duration>,
}

/// What is told of the lists that tiles count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lists {
    /// Backup jobs.
    pub jobs: Told,
    /// Backup jobs, and all that their plans promise.
    pub promised: Told,
    /// Backup jobs and restore jobs.
    pub running: Told,
    /// Restore jobs.
    pub tests: Told,
}

impl Told {
    /// Whether any answered.
    pub fn any(&self) -> bool {
        self.answered > 0
    }

    /// What is not known, in words.
    fn lack(&self) -> Option<String> {
        match self.all.saturating_sub(self.answered) {
            0 => self.stale.map(|old| format!("{} old", fmt::coarse(old))),
            silent => Some(format!("{} not known", text::count(silent, "scope", "scopes"))),
        }
    }
}

/// A tile's commands, in the order of the tiles.
pub const COMMANDS: [Command; 6] = [
    Command::ShowUnprotected,
    Command::ShowFailed,
    Command::ShowExpired,
    Command::ShowMissing,
    Command::ShowRunning,
    Command::ShowUnproven,
];

/// What is told in the tiles. Where something is not known, none looks well.
pub fn tiles(counts: &Counts, running: &[Running], lists: &Lists) -> Vec<Tile> {
    let jobs = lists.jobs.any();
    let count = |command, number: usize, label, role| Tile {
        command,
        number: if jobs { number.to_string() } else { "?".to_owned() },
        label,
        note: if jobs { "in 24 h".to_owned() } else { NOT_KNOWN.to_owned() },
        role: if number > 0 { role } else { Role::Dim },
        bar: None,
        lacks: false,
    };
    let [unprotected, failed, expired, missing, runs, unproven] = COMMANDS;
    vec![
        protected(unprotected, counts, jobs).by(&lists.promised),
        count(failed, counts.failed, "failed", Role::Bad).by(&lists.jobs),
        count(expired, counts.expired, "expired", Role::Expired).by(&lists.jobs),
        count(missing, counts.missing, "missing", Role::Missing).by(&lists.promised),
        of_running(runs, running, jobs).by(&lists.running),
        proven(unproven, counts, lists.tests.any()).by(&lists.tests),
    ]
}

const NOT_KNOWN: &str = "not known yet";

fn protected(command: Command, counts: &Counts, known: bool) -> Tile {
    let late = counts.resources - counts.protected - counts.no_plan - counts.unknown;
    let mut parts = Vec::new();
    for (number, word) in [(late, "late"), (counts.no_plan, "no plan"), (counts.unknown, "not known")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    Tile {
        command,
        number: if known { format!("{}/{}", counts.protected, counts.resources) } else { "?".to_owned() },
        label: "protected",
        note: match (known, parts.is_empty()) {
            (false, _) => NOT_KNOWN.to_owned(),
            (true, true) if counts.resources == 0 => "nothing is known to protect".to_owned(),
            (true, true) => "as their plans promise".to_owned(),
            (true, false) => parts.join(", "),
        },
        role: match late {
            _ if !known || counts.resources == 0 => Role::Dim,
            0 if counts.no_plan == 0 && counts.unknown == 0 => Role::Good,
            0 => Role::Warning,
            _ => Role::Bad,
        },
        bar: (known && counts.resources > 0).then(|| counts.protected as f64 / counts.resources as f64),
        lacks: false,
    }
}

fn of_running(command: Command, running: &[Running], known: bool) -> Tile {
    // The list that it leads to is of backups; of restores it only says that there are some.
    let backups = || running.iter().filter(|job| job.is_backup());
    let (number, waiting) = (backups().count(), backups().filter(|job| job.waiting).count());
    let restores = running.len() - number;
    // The one that has the furthest to go.
    let last = backups().filter(|job| !job.waiting).max_by_key(|job| job.left.map(|left| left.num_minutes()));
    let note = match last {
        _ if !known => NOT_KNOWN.to_owned(),
        None if waiting > 0 => format!("{waiting} waiting"),
        None if restores > 0 => format!("and {}", text::count(restores, "restore", "restores")),
        None => "nothing runs".to_owned(),
        Some(job) => job.left_in_words().unwrap_or_else(|| fmt::percent(job.percent.unwrap_or_default())),
    };
    Tile {
        command,
        number: if known { number.to_string() } else { "?".to_owned() },
        label: "running",
        note,
        role: if running.is_empty() { Role::Dim } else { Role::Running },
        bar: last.map(|job| job.done()),
        lacks: false,
    }
}

fn proven(command: Command, counts: &Counts, known: bool) -> Tile {
    let not = counts.tested - counts.proven;
    Tile {
        command,
        number: if known { not.to_string() } else { "?".to_owned() },
        label: "unproven",
        note: match (known, counts.tested) {
            (false, _) => "not known".to_owned(),
            (true, 0) => "nothing to restore yet".to_owned(),
            (true, all) => format!("of {all} backed up"),
        },
        role: if known && not > 0 { Role::Warning } else { Role::Dim },
        bar: None,
        lacks: false,
    }
}

impl Tile {
    /// The same, marked where not all that it counts is known now. Where nothing is, its number says so.
    fn by(mut self, told: &Told) -> Self {
        let Some(lack) = told.lack().filter(|_| self.number != "?") else { return self };
        self.lacks = true;
        self.number.push('?');
        self.note = lack;
        if matches!(self.role, Role::Good | Role::Dim) {
            self.role = Role::Warning;
        }
        self
    }

    /// A bar is of what is well, or of what moves.
    fn bar_role(&self) -> Role {
        match self.command {
            Command::ShowRunning => Role::Running,
            _ if self.lacks => Role::Warning,
            _ => Role::Good,
        }
    }
}

/// Draws the tiles into what there is: one line, two, or boxes of four. `at` is the one that has the keys.
pub fn view(tiles: &[Tile], at: Option<usize>, keymap: &Keymap, area: Rect, painter: &mut Painter<'_>) {
    match area.height {
        0 => {}
        1 => view_line(tiles, at, keymap, area, painter),
        _ => {
            let edge = |nth: usize| (nth * usize::from(area.width) / tiles.len().max(1)) as u16;
            for (nth, tile) in tiles.iter().enumerate() {
                let place = Rect::new(area.x + edge(nth), area.y, edge(nth + 1) - edge(nth), area.height);
                painter.zone(place, Spot::Run(tile.command));
                if area.height < 4 {
                    view_small(tile, at == Some(nth), keymap.key(tile.command), place, painter);
                } else {
                    view_box(tile, at == Some(nth), keymap.key(tile.command), place, painter);
                }
            }
        }
    }
}

fn view_line(tiles: &[Tile], at: Option<usize>, keymap: &Keymap, area: Rect, painter: &mut Painter<'_>) {
    let mut x = area.x + 1;
    for (nth, tile) in tiles.iter().enumerate() {
        // All but the last fit into 60 columns.
        let label = if tile.command == Command::ShowUnprotected { "ok" } else { tile.label };
        let key = keymap.key(tile.command);
        let text = [key, &tile.number, label];
        let width = text.iter().map(|text| text.chars().count() + 1).sum::<usize>() as u16;
        if x + width > area.right() + 1 {
            return;
        }
        let chosen = at == Some(nth);
        let role = |role| if chosen { Role::Selected } else { role };
        let line = vec![
            segment(key, role(Role::Key)),
            segment(" ", role(Role::Text)),
            segment(tile.number.clone(), role(tile.role)),
            segment(format!(" {label}"), role(Role::Dim)),
        ];
        painter.zone(Rect::new(x, area.y, width, 1), Spot::Run(tile.command));
        painter.line(x, area.y, area.right() - x, &line);
        x += width;
    }
}

fn view_small(tile: &Tile, chosen: bool, key: &str, area: Rect, painter: &mut Painter<'_>) {
    let width = area.width.saturating_sub(1);
    if chosen {
        painter.style(Rect::new(area.x, area.y, width, 2), Role::Selected);
    }
    let role = |role| if chosen { Role::Selected } else { role };
    // Two keys of a chord take more room than one.
    let indent = painter.put(area.x + 1, area.y, width.saturating_sub(1), key, role(Role::Key)).max(1) + 2;
    let used = painter.put(area.x + indent, area.y, width.saturating_sub(indent), &tile.number, role(tile.role));
    if let Some(bar) = tile.bar.filter(|_| width > used + indent + 4) {
        let room = width.saturating_sub(used + indent + 2).min(8);
        painter.bar(area.x + 1 + indent + used, area.y, room, bar, role(tile.bar_role()));
    }
    painter.put(area.x + 3, area.y + 1, width.saturating_sub(3), tile.label, role(Role::Dim));
}

fn view_box(tile: &Tile, chosen: bool, key: &str, area: Rect, painter: &mut Painter<'_>) {
    let place = Rect::new(area.x, area.y, area.width, 4);
    let inner = painter.boxed(place, "", if chosen { Role::Accent } else { Role::Rule });
    let title = [(" ", Role::Text), (key, Role::Key), (" ", Role::Text), (tile.label, Role::Title), (" ", Role::Text)];
    let title =
        title.into_iter().map(|(text, role)| segment(text, if chosen { Role::Selected } else { role })).collect();
    painter.line(area.x + 2, area.y, area.width.saturating_sub(4), &title);
    let used = painter.put(inner.x, inner.y, inner.width, &tile.number, tile.role);
    if let Some(bar) = tile.bar.filter(|_| inner.width > used + 5) {
        painter.bar(inner.x + used + 2, inner.y, inner.width - used - 2, bar, tile.bar_role());
    }
    painter.put(inner.x, inner.y + 1, inner.width, &tile.note, Role::Dim);
}
