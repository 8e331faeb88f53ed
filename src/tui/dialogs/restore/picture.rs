//! The line of time as a picture, with what is chosen above it and what lies there below.

use super::timeline::{Timeline, Window};
use super::when::{Chosen, Step, When};
use crate::client::{Key, Query};
use crate::domain::job::JobState;
use crate::domain::{KnownPoint, PointDetails, Time};
use crate::tui::fmt;
use crate::tui::moment;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::said;
use crate::tui::theme::Role;
use crate::tui::world::World;
use chrono::Duration;
use chrono_tz::Tz;
use ratatui::layout::Rect;

/// What stands before each row of the line.
const NAMES: u16 = 7;

/// The part of the line that is looked at, and how it lies in columns.
struct Axis {
    shown: Window,
    x: u16,
    columns: u16,
}

impl Axis {
    /// As much as the step wants to see, around what is chosen.
    fn of(when: &When, area: Rect) -> Self {
        let whole = when.timeline().whole();
        let shown = match when.step().looks_at() {
            Some(span) if span < whole.to - whole.from => {
                let from = (when.at() - span / 2).min(whole.to - span).max(whole.from);
                Window { from, to: from + span }
            }
            _ => whole,
        };
        Self { shown, x: area.x + NAMES, columns: area.width.saturating_sub(NAMES + 1).max(1) }
    }

    /// The column of a moment that is shown.
    fn column(&self, at: Time) -> Option<u16> {
        if !self.shown.holds(at) {
            return None;
        }
        let whole = (self.shown.to - self.shown.from).num_seconds().max(1);
        let part = (at - self.shown.from).num_seconds();
        Some((part * i64::from(self.columns - 1) / whole) as u16)
    }

    /// An end of what is shown, with seconds where that is little.
    fn label(&self, at: Time, when: &When) -> String {
        let is_little = self.shown.to - self.shown.from <= Duration::minutes(20);
        let form = if is_little { "%m-%d %H:%M:%S" } else { "%m-%d %H:%M %Z" };
        at.with_timezone(&when.zone()).format(form).to_string()
    }

    /// The columns of a window, as far as it is shown.
    fn columns_of(&self, window: Window) -> Option<std::ops::RangeInclusive<u16>> {
        let (from, to) = (window.from.max(self.shown.from), window.to.min(self.shown.to));
        (from <= to).then(|| Some(self.column(from)?..=self.column(to)?)).flatten()
    }
}

/// Whose line of time it is, and what is known.
#[derive(Debug)]
pub struct Place<'a> {
    /// All that is known.
    pub world: &'a World,
    /// The recovery point.
    pub point: &'a KnownPoint,
}

/// What is chosen, the line, and what lies there.
pub fn view(when: &When, place: &Place<'_>, area: Rect, painter: &mut Painter<'_>) {
    let axis = Axis::of(when, area);
    let mut y = area.y;
    let mut line = |painter: &mut Painter<'_>, segments: Segments<'_>| {
        if y < area.bottom() {
            painter.line(area.x, y, area.width, &segments);
        }
        y += 1;
    };
    line(painter, chosen(when));
    line(painter, vec![segment(distance(when), Role::Dim)]);
    if area.height > 12 {
        line(painter, Vec::new());
    }
    let top = area.y + if area.height > 12 { 3 } else { 2 };
    let below = (top + 5).min(area.bottom());
    let rows = Rect::new(area.x, top, area.width, below.saturating_sub(top));
    view_rows(when, &axis, rows, painter);
    let rest = Rect::new(area.x, below, area.width, area.bottom().saturating_sub(below));
    view_words(when, place, rest, painter);
}

fn chosen(when: &When) -> Segments<'static> {
    let mut line = vec![segment(moment::exact(when.at(), when.zone()), Role::Strong)];
    if when.chosen() == Chosen::Latest {
        line.push(segment("  the latest second; it moves on", Role::Running));
    }
    line
}

/// The same for programs, and how far it is from the end.
fn distance(when: &When) -> String {
    let before = when.timeline().own.to - when.at();
    let before = if before > Duration::zero() {
        format!(", {} before the latest", fmt::duration(before))
    } else {
        String::new()
    };
    format!("= {}{before}", moment::iso(when.at()))
}

/// What can be restored, bases, jobs, where one is, and the ends.
fn view_rows(when: &When, axis: &Axis, area: Rect, painter: &mut Painter<'_>) {
    let timeline = when.timeline();
    for (nth, name) in ["log", "bases", "jobs"].into_iter().enumerate().take(usize::from(area.height)) {
        painter.put(area.x, area.y + nth as u16, NAMES - 1, name, Role::Dim);
    }
    let row = |nth: u16| (nth < area.height).then_some(area.y + nth);
    if let Some(y) = row(0) {
        painter.put(axis.x, y, axis.columns, &painter.glyphs.empty.repeat(usize::from(axis.columns)), Role::Rule);
        let others = timeline.others.iter().map(|(window, _)| (*window, Role::Dim));
        for (window, role) in others.chain([(timeline.own, Role::Good)]) {
            let Some(columns) = axis.columns_of(window) else { continue };
            let width = columns.end() - columns.start() + 1;
            painter.put(axis.x + columns.start(), y, width, &painter.glyphs.full.repeat(usize::from(width)), role);
        }
    }
    if let Some(y) = row(1) {
        for column in timeline.stops().filter_map(|base| axis.column(base)) {
            painter.put(axis.x + column, y, 1, painter.glyphs.mark, Role::Accent);
        }
    }
    if let Some(y) = row(2) {
        view_jobs(timeline, axis, y, painter);
    }
    let column = axis.column(when.at()).unwrap_or(0);
    if let Some(y) = row(3) {
        painter.put(axis.x + column, y, 1, painter.glyphs.ascending, Role::Focus);
        painter.put(area.x, y, NAMES - 1, "chosen", Role::Dim);
    }
    if let Some(y) = row(4) {
        let (from, to) = (axis.label(axis.shown.from, when), axis.label(axis.shown.to, when));
        painter.put(axis.x, y, axis.columns, &from, Role::Dim);
        painter.put_right(axis.x, y, axis.columns, &to, Role::Dim);
    }
}

/// The worst of each column.
fn view_jobs(timeline: &Timeline, axis: &Axis, y: u16, painter: &mut Painter<'_>) {
    let mut columns: Vec<Option<(u8, &str, Role)>> = vec![None; usize::from(axis.columns)];
    for (at, state) in &timeline.jobs {
        let Some(place) = axis.column(*at).and_then(|column| columns.get_mut(usize::from(column))) else { continue };
        let (badness, sign, role) = match state {
            JobState::Failed | JobState::Expired => (3, painter.glyphs.bad, Role::Bad),
            JobState::Aborted | JobState::Aborting | JobState::Partial => (2, painter.glyphs.warning, Role::Warning),
            JobState::Running | JobState::Created | JobState::Pending => (1, painter.glyphs.running, Role::Running),
            JobState::Completed | JobState::Other(_) => (0, painter.glyphs.good, Role::Good),
        };
        if place.is_none_or(|(known, ..)| known < badness) {
            *place = Some((badness, sign, role));
        }
    }
    for (column, found) in columns.into_iter().enumerate() {
        if let Some((_, sign, role)) = found {
            painter.put(axis.x + column as u16, y, 1, sign, role);
        }
    }
}

/// What lies at the chosen second, how far a key moves, and what is typed.
fn view_words(when: &When, place: &Place<'_>, area: Rect, painter: &mut Painter<'_>) {
    let (timeline, zone) = (when.timeline(), when.zone());
    let mut lines: Vec<Segments<'_>> = Vec::new();
    let told = match (when.typed(), when.wrong()) {
        (None, None) => None,
        (_, Some(wrong)) => Some((format!("{} {wrong}", painter.glyphs.bad), Role::Bad)),
        (Some(_), None) => Some((format!("in {}, or ISO 8601 with its offset", zone.name()), Role::Dim)),
    };
    let mut steps = vec![segment("step   ", Role::Dim)];
    for step in Step::ALL {
        let role = if step == when.step() { Role::Selected } else { Role::Text };
        steps.push(segment(format!(" {} ", step.name()), role));
    }
    steps.push(segment("   s m h d or up down", Role::Dim));
    if when.typed().is_none() {
        lines.push(steps);
        if let Some(base) = timeline.base_before(when.at()) {
            let log = fmt::duration(when.at() - base);
            lines.push(vec![
                segment("base   ", Role::Dim),
                segment(moment::shown(base, zone), Role::Text),
                segment(format!(", then {log} of its log"), Role::Dim),
            ]);
        }
        lines.extend(sight(when, place));
        if let Some((at, state)) = timeline.jobs.iter().rfind(|(at, _)| *at <= when.at()) {
            let words = format!("{} {}", state.as_str(), moment::shown(*at, zone));
            lines.push(vec![segment("job    ", Role::Dim), segment(words, Role::Text)]);
        }
        let own = timeline.own;
        let (from, to) = (moment::shown(own.from, zone), moment::shown(own.to, zone));
        lines.push(vec![segment("whole  ", Role::Dim), segment(format!("{from} to {to}"), Role::Text)]);
        if place.world.is_engine() && !timeline.others.is_empty() {
            let others =
                crate::tui::text::count(timeline.others.len(), "other recovery point", "other recovery points");
            lines.push(vec![segment(
                format!("       dim: {others}; between them is a gap that nothing has"),
                Role::Dim,
            )]);
        }
    }
    let mut y = area.y;
    if let Some(edit) = when.typed() {
        if y < area.bottom() {
            painter.put(area.x, y, NAMES, "go to", Role::Key);
            edit.view(area.x + NAMES, y, area.width.saturating_sub(NAMES).min(40), true, painter);
        }
        y += 1;
    }
    if let Some((told, role)) = told {
        y += painter.paragraph(Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y)), &told, role);
    }
    for line in lines {
        if y < area.bottom() {
            painter.line(area.x, y, area.width, &line);
        }
        y += 1;
    }
}

/// What the resource looked like at the chosen second, once that was stayed at.
fn sight(when: &When, place: &Place<'_>) -> Vec<Segments<'static>> {
    let Place { world, point } = place;
    let Some(at) = when.looked_into(world.wall) else { return Vec::new() };
    if let Some(sight) = world.store.sight(&point.scope, &point.arn, at) {
        let said = |name: &str, details: &PointDetails| {
            let told: Vec<String> = details.iter().map(|(detail, value)| fact(detail, value, when.zone())).collect();
            let line = vec![segment(format!("{name:7}"), Role::Dim), segment(told.join(", "), Role::Text)];
            (!told.is_empty()).then_some(line)
        };
        return said("", &sight.at_base).into_iter().chain(said("then", &sight.details)).collect();
    }
    let query = Query::Sight { recovery_point: point.arn.clone(), at };
    let told = match &world.store.slot(&Key::scoped(point.scope.clone(), query)).fault {
        Some(fault) => format!("not known: {fault}"),
        None => "asking what it looked like…".to_owned(),
    };
    vec![vec![segment(format!("{:7}", "then"), Role::Dim), segment(told, Role::Dim)]]
}

/// A detail as it stands in a line: `database size 2.0 GiB`.
fn fact(detail: &str, value: &str, zone: Tz) -> String {
    let value = match value.parse::<Time>() {
        Ok(time) if detail.ends_with("Time") => moment::shown(time, zone),
        _ => said::value(detail, value),
    };
    format!("{} {value}", said::lower(&said::label(detail)))
}

/// What the keys of the picture do.
pub fn hints(when: &When) -> Segments<'static> {
    let keys: &[(&str, &str)] = match when.typed() {
        Some(_) => &[("enter", " go there  "), ("esc", " take it back")],
        None => &[
            ("left right", " move  "),
            ("[ ]", " bases  "),
            ("g G", " ends  "),
            ("02:13:45", " type a time  "),
            ("enter", " take it"),
        ],
    };
    keys.iter().flat_map(|(key, does)| [segment(*key, Role::Key), segment(*does, Role::Dim)]).collect()
}
