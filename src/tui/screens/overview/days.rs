//! The days: a line for each resource, account or plan, a cell for each day, the worst lines first.

use super::words::{counted, counted_elsewhere, names, stands, uncounted};
use crate::client::wall::{Days, Line, Only, Turn, Wall, day_of};
use crate::domain::Time;
use crate::domain::day::{DayState, Owner};
use crate::tui::command::Command;
use crate::tui::fmt::resource_name;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::route::Slice;
use crate::tui::screens::status;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use chrono::{Datelike, Days as Span, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use ratatui::layout::Rect;
use std::cell::Cell as Memo;
use std::collections::HashMap;

/// No wall goes further back.
const MOST_DAYS: usize = 60;
/// How wide a cell with the gap behind it is: the first of these with which all days that are known fit.
const CELLS: [u16; 2] = [3, 2];

/// The lines and where one is in them.
#[derive(Debug, Default)]
pub struct DaysPane {
    lines: Vec<Line>,
    /// What a line is.
    pub turn: Turn,
    /// Which resources are shown.
    pub only: Only,
    today: NaiveDate,
    cursor: usize,
    selected: Option<Owner>,
    /// Whether the cursor stands where a person put it: then no line moves before another by itself.
    moved: bool,
    /// How many days before today the cursor is.
    back: usize,
    /// How many days are known, today included.
    known: usize,
    /// What the last frame showed: the first line, how many, and how many days.
    seen: Memo<(usize, usize, usize)>,
    /// How many lines the last frame built.
    built: Memo<usize>,
}

impl DaysPane {
    /// Takes in the lines as they are now. Once the cursor was moved, lines keep their order, and new ones come behind.
    pub fn set(&mut self, wall: &Wall, now: Time) {
        let mut lines = wall.lines(self.turn, self.only, now);
        if self.moved {
            let places: HashMap<&Owner, usize> =
                self.lines.iter().enumerate().map(|(place, line)| (&line.owner, place)).collect();
            lines.sort_by_key(|line| places.get(&line.owner).copied().unwrap_or(usize::MAX));
        }
        self.lines = lines;
        let today = day_of(now, wall.zone());
        if self.moved {
            // The cursor stays on its day when a new one begins.
            let gone_by = usize::try_from((today - self.today).num_days()).unwrap_or_default();
            self.back = self.back.saturating_add(gone_by).min(MOST_DAYS - 1);
        }
        self.today = today;
        let first = self.lines.iter().filter_map(|line| line.days.keys().next()).min();
        let known = first.map_or(0, |first| (self.today - *first).num_days());
        // Of older days only those are known by which is told what is usual, and since when something fails.
        self.known = (usize::try_from(known).unwrap_or_default() + 1).min(MOST_DAYS);
        let found = self.selected.as_ref().filter(|_| self.moved);
        let found = found.and_then(|owner| self.lines.iter().position(|line| line.owner == *owner));
        self.cursor = found.unwrap_or(if self.moved { self.cursor } else { 0 });
        self.remember();
    }

    fn remember(&mut self) {
        self.cursor = self.cursor.min(self.lines.len().saturating_sub(1));
        self.selected = self.lines.get(self.cursor).map(|line| line.owner.clone());
    }

    /// Shows other lines: from the worst on.
    pub fn show(&mut self, turn: Turn, only: Only, wall: &Wall, now: Time) {
        (self.turn, self.only, self.moved) = (turn, only, false);
        self.set(wall, now);
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// How many lines the last frame built.
    pub fn built(&self) -> usize {
        self.built.get()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line under the cursor.
    pub fn selected(&self) -> Option<&Line> {
        self.lines.get(self.cursor)
    }

    /// How many days before today the cursor is, of those that are in view.
    fn back(&self) -> usize {
        let (_, _, days) = self.seen.get();
        if days == 0 { self.back } else { self.back.min(days - 1) }
    }

    /// The day under the cursor.
    pub fn day(&self) -> NaiveDate {
        self.today.checked_sub_days(Span::new(self.back() as u64)).unwrap_or(self.today)
    }

    /// Moves; false when the command is none of its own.
    pub fn handle(&mut self, command: Command) -> bool {
        let last = self.lines.len().saturating_sub(1);
        let (_, rows, days) = self.seen.get();
        let page = rows.max(1);
        // Before the first frame nobody knows how many days there is room for.
        let oldest = if days == 0 { MOST_DAYS - 1 } else { days - 1 };
        match command {
            Command::Down => self.cursor = (self.cursor + 1).min(last),
            Command::Up => self.cursor = self.cursor.saturating_sub(1),
            Command::PageDown => self.cursor = (self.cursor + page).min(last),
            Command::PageUp => self.cursor = self.cursor.saturating_sub(page),
            Command::HalfDown => self.cursor = (self.cursor + page.div_ceil(2)).min(last),
            Command::HalfUp => self.cursor = self.cursor.saturating_sub(page.div_ceil(2)),
            Command::Top => self.cursor = 0,
            Command::Bottom => self.cursor = last,
            Command::Left => self.back = (self.back() + 1).min(oldest),
            Command::Right => self.back = self.back().saturating_sub(1),
            _ => return false,
        }
        self.moved = true;
        self.remember();
        true
    }

    /// Does what the pointer asks on a line, and where it is on one, on its cell at `place`.
    pub fn point(&mut self, line: usize, place: Option<usize>, asked: Asked) {
        let (offset, rows, days) = self.seen.get();
        match asked {
            Asked::Select => {
                self.cursor = line;
                self.back = place.map_or(self.back(), |place| days.saturating_sub(place + 1));
            }
            Asked::Scroll(by) => {
                let offset = offset.saturating_add_signed(by).min(self.lines.len().saturating_sub(rows));
                self.seen.set((offset, rows, days));
                let cursor = self.cursor.clamp(offset, (offset + rows).saturating_sub(1).max(offset));
                if cursor == self.cursor {
                    return;
                }
                self.cursor = cursor;
            }
        }
        self.moved = true;
        self.remember();
    }

    /// The jobs of the cell under the cursor.
    pub fn slice(&mut self, zone: Tz) -> Option<Slice> {
        self.moved = true;
        self.remember();
        let day = self.day();
        let next = day.checked_add_days(Span::new(1))?;
        let owner = Some(self.selected()?.owner.clone());
        Some(Slice { owner, from: Some(begin(day, zone)), until: Some(begin(next, zone)), ..Slice::default() })
    }

    /// Draws the heading, the lines that fit, and below them what the cell under the cursor is, in words. `focused` is
    /// whether the pane has the keys; without them the last line says what the signs mean.
    pub fn view(&self, wall: &Wall, focused: bool, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 3 {
            return;
        }
        let rows = usize::from(area.height - 2);
        let (label, offset) = (self.label(area.width, world), self.offset(rows));
        let room = area.width.saturating_sub(label + 1);
        let fits = |cell: &u16| usize::from(room / cell) >= self.known;
        let cell = CELLS.into_iter().find(fits).unwrap_or(2);
        let days = usize::from(room / cell).min(MOST_DAYS);
        self.seen.set((offset, rows.min(self.lines.len() - offset), days));
        let left = area.x + label;
        self.built.set(0);
        self.view_calendar(Rect::new(left, area.y, area.width - label, 1), days, cell, painter);
        for (nth, line) in self.lines.iter().skip(offset).take(rows).enumerate() {
            let place = Rect::new(area.x, area.y + 1 + nth as u16, area.width, 1);
            let under = focused && offset + nth == self.cursor;
            painter.zone(place, Spot::Days { line: offset + nth, before: label, cell, cells: days });
            self.view_label(line, under, Rect::new(place.x, place.y, label, 1), world, painter);
            self.built.set(self.built.get() + 1);
            let at = under.then(|| self.back());
            let known = (&*line.days, wall.unseen(&line.owner, self.only));
            view_cells(known, self.today, (days, cell), at, (left, place.y), painter);
        }
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 2);
        painter.scrollbar(body, offset, rows, self.lines.len());
        let below = Rect::new(area.x + 1, area.bottom() - 1, area.width.saturating_sub(1), 1);
        match self.selected().filter(|_| focused) {
            Some(line) => {
                let said = self.in_words(line, wall, world);
                painter.line(below.x, below.y, below.width, &said);
            }
            None => {
                painter.line(below.x, below.y, below.width, &legend(painter));
            }
        }
    }

    fn offset(&self, rows: usize) -> usize {
        let last = self.lines.len().saturating_sub(rows);
        let lowest = (self.cursor + 1).saturating_sub(rows);
        self.seen.get().0.clamp(lowest, self.cursor.max(lowest)).min(last.max(lowest))
    }

    /// How wide the names are.
    fn label(&self, width: u16, world: &World) -> u16 {
        let account = world.many_accounts() && self.turn != Turn::Accounts;
        match width {
            0..70 => 22,
            70..110 => 24,
            110..150 => 26 + u16::from(account) * 14,
            _ => 30 + u16::from(account) * 16,
        }
    }

    /// The Mondays by their dates.
    fn view_calendar(&self, area: Rect, days: usize, cell: u16, painter: &mut Painter<'_>) {
        for place in 0..days {
            let back = (days - 1 - place) as u64;
            let Some(day) = self.today.checked_sub_days(Span::new(back)) else { continue };
            if day.weekday() == Weekday::Mon {
                let x = area.x + place as u16 * cell;
                // At the right end only the number fits.
                let room = area.right().saturating_sub(x);
                let told = if room < 6 { day.format("%-d") } else { day.format("%-d %b") };
                painter.put_cut(x, area.y, room, &told.to_string(), Role::Dim);
            }
        }
    }

    fn view_label(&self, line: &Line, under: bool, area: Rect, world: &World, painter: &mut Painter<'_>) {
        let bad = line.days.iter().next_back().is_some_and(|(_, counts)| counts.worst().is_bad());
        let role = match (under, bad) {
            (true, _) => Role::Strong,
            (false, true) => Role::Text,
            (false, false) => Role::Dim,
        };
        if under {
            painter.put(area.x, area.y, 1, painter.glyphs.cursor, Role::Accent);
        }
        let (name, place) = names(line, world);
        let place = place.filter(|_| area.width >= 40 && world.many_accounts() && self.turn != Turn::Accounts);
        let split = if place.is_some() { area.width - 16 } else { area.width };
        painter.put(area.x + 2, area.y, split.saturating_sub(3), &name, role);
        if let Some(place) = place {
            painter.put(area.x + split, area.y, 15, &place, Role::Dim);
        }
    }

    /// `web · Tue 24 Nov: 2 jobs, 1 failed: The path /srv/web does not exist`.
    fn in_words(&self, line: &Line, wall: &Wall, world: &World) -> Segments<'static> {
        let day = self.day();
        let counts = line.days.get(&day).copied().unwrap_or_default();
        let (jobs, missed) = wall.told(&line.owner, day);
        let mut said = vec![segment(format!("{}: ", day.format("%a %-d %b")), Role::Strong)];
        let seen = wall.unseen(&line.owner, self.only).is_none_or(|unseen| day > unseen);
        let elsewhere = wall.is_counted(&line.owner, self.only, day);
        let told = if elsewhere { counted_elsewhere(&counts) } else { counted(&counts, seen) };
        said.push(segment(told, status::of_day(counts.worst())));
        if let Owner::Account(account) = &line.owner
            && !seen
            && let Some(why) = uncounted(account, world)
        {
            said.push(segment(why, Role::Dim));
        }
        if let Some(missed) = missed.first() {
            let due = format!(", {} was due at {}", missed.rule, missed.at.format("%H:%M"));
            said.push(segment(due, Role::Text));
        }
        let worst = jobs.iter().filter(|job| job.status_message.is_some()).max_by_key(|job| DayState::of(job));
        if let Some((job, message)) = worst.and_then(|job| Some((job, job.status_message.as_ref()?))) {
            let own = matches!(line.owner, Owner::Resource(..));
            let of = if own {
                String::new()
            } else {
                format!("{}: ", resource_name(job.resource_name.as_ref(), &job.resource_arn))
            };
            said.push(segment(format!(": {of}{message}"), Role::Text));
        }
        said
    }

    /// How the resource under the cursor is protected, in words; none where the line is no resource.
    pub fn standing(&self, wall: &Wall, now: Time) -> Option<String> {
        let row = wall.row(&self.selected()?.owner)?;
        Some(stands(row.standing, row.newest, now))
    }
}

/// The moment at which a day begins on the clock of a zone.
fn begin(day: NaiveDate, zone: Tz) -> Time {
    let midnight = day.and_time(NaiveTime::MIN);
    // Where the clock skips midnight, the day begins with the first moment that is its own; UTC is near enough to look for it.
    zone.from_local_datetime(&midnight).earliest().map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
}

/// The cells of a line; the one at `at` days before today is under the cursor. `unseen` is the last day of which a cell without
/// a job is blank: whether there were any is not known.
fn view_cells(
    (days, unseen): (&Days, Option<NaiveDate>),
    today: NaiveDate,
    (number, cell): (usize, u16),
    at: Option<usize>,
    (x, y): (u16, u16),
    painter: &mut Painter<'_>,
) {
    for nth in 0..number {
        let back = number - 1 - nth;
        let day = today.checked_sub_days(Span::new(back as u64)).unwrap_or(today);
        let counts = days.get(&day).copied().unwrap_or_default();
        let is_unknown = counts.is_empty() && unseen.is_some_and(|unseen| day <= unseen);
        let state = counts.worst();
        let sign = if is_unknown { " " } else { painter.glyphs.days[state as usize] };
        let role = if at == Some(back) { Role::Selected } else { status::of_day(state) };
        painter.put(x + nth as u16 * cell, y, 1, sign, role);
    }
}

/// What the signs mean.
fn legend(painter: &Painter<'_>) -> Segments<'static> {
    let mut line = Segments::new();
    for state in [
        DayState::Failed,
        DayState::Expired,
        DayState::Missing,
        DayState::Issues,
        DayState::Stopped,
        DayState::Running,
        DayState::Good,
        DayState::NoneDue,
    ] {
        line.push(segment(painter.glyphs.days[state as usize], status::of_day(state)));
        let word = match state {
            DayState::Issues => "issues",
            DayState::Running => "open",
            other => other.word(),
        };
        line.push(segment(format!(" {word}  "), Role::Dim));
    }
    line
}
