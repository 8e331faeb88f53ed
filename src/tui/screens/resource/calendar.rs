//! A month of recovery points: the days that have some are marked with how many, and what can be restored to any second is a
//! band below its days. Days are those of the person's time zone.

use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, KnownPoint, Time};
use crate::tui::command::Command;
use crate::tui::fmt;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::screens::status;
use crate::tui::subject::{Part, check_restorable};
use crate::tui::theme::Role;
use crate::tui::timeline::Window;
use crate::tui::world::World;
use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::sync::Arc;

/// With less room each week has one line, and the band stands behind the number.
const TWO_LINES_A_WEEK: u16 = 17;
/// A cell is as wide as there is room, within this.
const CELLS: (u16, u16) = (6, 11);

/// The days, and where one is among them.
#[derive(Debug)]
pub struct Calendar {
    /// The points of each day, the newest first.
    days: BTreeMap<NaiveDate, Vec<Arc<KnownPoint>>>,
    /// What can be restored to any second, and out of what.
    bands: Vec<(Window, Arc<KnownPoint>)>,
    zone: Tz,
    today: NaiveDate,
    cursor: NaiveDate,
    /// Whether the cursor stands where a person put it; until then it is on the newest day that has a point.
    moved: bool,
    points: usize,
}

impl Default for Calendar {
    /// Of nothing, anywhere: what is known comes with the first [`Calendar::set`].
    fn default() -> Self {
        let today = NaiveDate::default();
        Self { days: BTreeMap::new(), bands: Vec::new(), zone: Tz::UTC, today, cursor: today, moved: false, points: 0 }
    }
}

impl Calendar {
    /// Takes in what is known now.
    pub fn set(&mut self, points: Vec<Arc<KnownPoint>>, windows: Vec<(Window, Arn)>, world: &World) {
        self.zone = world.zone;
        self.today = self.day_of(world.now());
        self.points = points.len();
        let of = |arn: &Arn| points.iter().find(|point| point.arn == *arn).map(Arc::clone);
        self.bands = windows.into_iter().filter_map(|(window, arn)| Some((window, of(&arn)?))).collect();
        self.days.clear();
        for point in points {
            self.days.entry(self.day_of(point.created)).or_default().push(point);
        }
        for of_day in self.days.values_mut() {
            of_day.sort_by(|a, b| (b.created, &b.arn).cmp(&(a.created, &a.arn)));
        }
        if !self.moved {
            self.cursor = self.days.keys().next_back().copied().unwrap_or(self.today);
        }
    }

    /// How many points there are in all.
    pub fn points(&self) -> usize {
        self.points
    }

    /// The day is chosen: the cursor stays on it from now on, whatever comes in.
    pub fn choose(&mut self) {
        self.moved = true;
    }

    /// What is to be restored of the chosen day: the newest of its own points that can be, else what reaches over it, as it was
    /// at the day's last second. None where nothing can be restored.
    pub fn pick(&self) -> Option<(&Arc<KnownPoint>, Part)> {
        let point = self.chosen().find(|point| check_restorable(point).is_ok())?;
        Some((point, self.last_second(point).map_or(Part::Whole, Part::Second)))
    }

    /// The last second of the chosen day that a continuous point has; none of today, which goes on, nor of any other point.
    fn last_second(&self, point: &KnownPoint) -> Option<Time> {
        let of_day = |window: &Window| self.share(window, self.cursor).is_some();
        let mut bands = self.bands.iter().filter(|(window, of)| of.arn == point.arn && of_day(window));
        let (window, _) = bands.next().filter(|_| self.cursor < self.today)?;
        let midnight = self.begin(self.cursor.checked_add_days(Days::new(1))?);
        Some(window.to.min(midnight - Duration::seconds(1)))
    }

    /// What the chosen day has: its own points, the newest first, then what reaches over it.
    pub fn chosen(&self) -> impl Iterator<Item = &Arc<KnownPoint>> {
        let own = self.days.get(&self.cursor).into_iter().flatten();
        let over = self.bands.iter().filter(|(window, _)| self.share(window, self.cursor).is_some());
        own.chain(over.map(|(_, point)| point))
    }

    fn day_of(&self, at: Time) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// When a day begins: behind a gap of the clock, where that takes its midnight.
    fn begin(&self, day: NaiveDate) -> Time {
        let mut hours = (0..24).filter_map(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
        let found = hours.find_map(|time| self.zone.from_local_datetime(&day.and_time(time)).earliest());
        found.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |at| at.to_utc())
    }

    /// Which part of a day lies in a window, as fractions; none where none does. A day has 23 or 25 hours where the clock moves.
    fn share(&self, window: &Window, day: NaiveDate) -> Option<(f64, f64)> {
        let (from, to) = (self.begin(day), self.begin(day.checked_add_days(Days::new(1))?));
        if window.to < from || window.from >= to {
            return None;
        }
        let part =
            |at: Time| (at.clamp(from, to) - from).num_seconds() as f64 / (to - from).num_seconds().max(1) as f64;
        Some((part(window.from), part(window.to)))
    }

    /// The first day that one can go to: that of the oldest that there is, else the first of this month.
    fn earliest(&self) -> NaiveDate {
        let bands = self.bands.iter().map(|(window, _)| self.day_of(window.from));
        let oldest = self.days.keys().next().copied().into_iter().chain(bands).min().unwrap_or(self.today);
        oldest.min(self.today).with_day(1).unwrap_or(oldest)
    }

    /// Moves; false when the command does not move.
    pub fn handle(&mut self, command: Command) -> bool {
        let days = |count: u64, back: bool| {
            if back {
                self.cursor.checked_sub_days(Days::new(count))
            } else {
                self.cursor.checked_add_days(Days::new(count))
            }
        };
        let to = match command {
            Command::Left => days(1, true),
            Command::Right => days(1, false),
            Command::Up => days(7, true),
            Command::Down => days(7, false),
            Command::PageUp | Command::HalfUp => self.cursor.checked_sub_months(Months::new(1)),
            Command::PageDown | Command::HalfDown => self.cursor.checked_add_months(Months::new(1)),
            Command::Top => self.days.keys().next().copied(),
            Command::Bottom => self.days.keys().next_back().copied(),
            _ => return false,
        };
        // Clocks differ: a service may tell of a point of tomorrow.
        let last = self.days.keys().next_back().copied().unwrap_or(self.today).max(self.today);
        self.cursor = to.unwrap_or(self.cursor).clamp(self.earliest(), last);
        self.moved = true;
        true
    }

    /// Draws the month of the cursor, and what the chosen day has.
    pub fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let Some(first) = self.cursor.with_day(1) else { return };
        let before = u64::from(first.weekday().num_days_from_monday());
        let Some(monday) = first.checked_sub_days(Days::new(before)) else { return };
        let width = (area.width.saturating_sub(2) / 7).clamp(CELLS.0, CELLS.1);
        let tall = area.height >= TWO_LINES_A_WEEK;
        let x = area.x + 1;
        let month = self.cursor.format("%B %Y").to_string();
        let zone = format!("days of {}", self.zone.name());
        painter.put(x, area.y, area.width, &month, Role::Strong);
        painter.put_right(x, area.y, (7 * width).min(area.width.saturating_sub(1)), &zone, Role::Dim);
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        for (nth, name) in (0u16..).zip(names) {
            painter.put(x + nth * width, area.y + 1, width, name, Role::Dim);
        }
        let mut y = area.y + 2;
        for week in 0..6 {
            let Some(begins) = monday.checked_add_days(Days::new(7 * week)) else { break };
            let of_month = |day: NaiveDate| day.month() == self.cursor.month();
            if week > 0 && !of_month(begins) || y >= area.bottom() {
                break;
            }
            for nth in 0..7 {
                let Some(day) = begins.checked_add_days(Days::new(nth)).filter(|day| of_month(*day)) else { continue };
                let cell = Rect::new(x + nth as u16 * width, y, width, 1 + u16::from(tall));
                self.view_day(day, cell, painter);
            }
            y += 1 + u16::from(tall);
        }
        let rest = Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y));
        self.view_chosen(world, rest, painter);
    }

    fn view_day(&self, day: NaiveDate, cell: Rect, painter: &mut Painter<'_>) {
        let points = self.days.get(&day).map_or(&[][..], Vec::as_slice);
        let mut room = cell.width - 1;
        let number = match () {
            () if day > self.today => Role::Rule,
            () if day == self.today => Role::Strong,
            () if points.is_empty() => Role::Dim,
            () => Role::Text,
        };
        let selected = day == self.cursor;
        let role = |role: Role| if selected { Role::Selected } else { role };
        if selected {
            painter.style(Rect::new(cell.x, cell.y, room, 1), Role::Selected);
        }
        let mut used = painter.put(cell.x, cell.y, room, &format!("{:>2}", day.day()), role(number));
        if !points.is_empty() {
            let none = points.iter().all(|point| check_restorable(point).is_err());
            let bad = none || points.iter().any(|point| point.is_damaged());
            let (sign, of) =
                if bad { (painter.glyphs.warning, Role::Warning) } else { (painter.glyphs.mark, Role::Good) };
            used += painter.put(cell.x + used, cell.y, room - used, &format!(" {sign}{}", points.len()), role(of));
        }
        let shares = self.bands.iter().filter_map(|(window, _)| self.share(window, day));
        let y = cell.bottom() - 1;
        let from = if cell.height > 1 { 0 } else { used };
        room = if cell.height > 1 { cell.width } else { cell.width.saturating_sub(used) };
        for (begins, ends) in shares {
            let first = (begins * f64::from(room)).floor() as u16;
            let last = ((ends * f64::from(room)).ceil() as u16).clamp(first + 1, room.max(first + 1));
            let band = painter.glyphs.levels[3].repeat(usize::from(last - first));
            painter.put_cut(cell.x + from + first, y, (last - first).min(room), &band, Role::Good);
        }
    }

    /// What the chosen day has, the newest first, and what enter restores.
    fn view_chosen(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if area.height == 0 {
            return;
        }
        let day = self.cursor.format("%a %-d %b").to_string();
        let own = self.days.get(&self.cursor).map_or(&[][..], Vec::as_slice);
        let mut title = vec![segment(day, Role::Title)];
        let dot = || segment(format!(" {} ", world.glyphs.dot), Role::Rule);
        title.push(dot());
        let count = crate::tui::text::count(own.len(), "recovery point", "recovery points");
        title.push(segment(if own.is_empty() { "no recovery point".to_owned() } else { count }, Role::Text));
        for (window, _) in self.bands.iter().filter(|(window, _)| self.share(window, self.cursor).is_some()) {
            title.extend([dot(), segment(self.reach(window), Role::Good)]);
        }
        let hint = self.pick().map_or_else(Segments::new, |(point, part)| {
            vec![segment("enter", Role::Key), segment(self.restores(point, &part), Role::Dim)]
        });
        painter.rule(Rect::new(area.x, area.y, area.width, 1), &title, &hint);
        for (y, point) in (area.y + 1..area.bottom()).zip(own) {
            let state = status::point(point, world.glyphs);
            let at = point.created.with_timezone(&self.zone).format("%H:%M").to_string();
            let size = fmt::maybe_bytes(point.size_bytes);
            let line = vec![
                segment(format!("{at}  "), Role::Strong),
                segment(format!("{}  ", state.text), state.role),
                segment(format!("{size}  "), Role::Text),
                segment(point.vault_name.clone(), Role::Accent),
            ];
            painter.line(area.x + 2, y, area.width.saturating_sub(2), &line);
        }
    }

    /// What enter restores, in words.
    fn restores(&self, point: &KnownPoint, part: &Part) -> String {
        let clock = |at: Time, form: &str| at.with_timezone(&self.zone).format(form).to_string();
        match part {
            Part::Second(at) => format!(" restores {}", clock(*at, "%H:%M:%S")),
            _ if point.status == RecoveryPointStatus::Available => " asks for the second".to_owned(),
            _ => format!(" restores {}", clock(point.created, "%H:%M")),
        }
    }

    /// From when to when of the chosen day any second can be restored.
    fn reach(&self, window: &Window) -> String {
        let (from, to) =
            (self.begin(self.cursor), self.cursor.checked_add_days(Days::new(1)).map(|day| self.begin(day)));
        let clock = |at: Time| at.with_timezone(&self.zone).format("%H:%M").to_string();
        let begins = if window.from <= from { "00:00".to_owned() } else { clock(window.from) };
        let ends = to.filter(|to| window.to < *to).map_or_else(|| "24:00".to_owned(), |_| clock(window.to));
        format!("any second from {begins} to {ends}")
    }
}
