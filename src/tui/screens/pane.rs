//! The frame of every list: its title, how fresh it is, and what to say when there is nothing to show.

use crate::client::{Fault, Offer};
use crate::tui::paint::{Painter, Segments, segment, segments_width};
use crate::tui::store::Freshness;
use crate::tui::table::{List, Record};
use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, text};
use ratatui::layout::Rect;

/// What to say on an empty screen. A line that begins with `$ ` is a command to type.
pub type Empty<'a> = &'a [&'a str];

/// Lines of a text are no longer than this, in columns: longer ones are hard to read.
const LONGEST_LINE: u16 = 110;

/// How fresh data are: `3m old`, `loading`, what failed where.
pub fn freshness(freshness: &Freshness, world: &World) -> Segments<'static> {
    let mut segments = Segments::new();
    let dot = format!(" {} ", world.glyphs.dot);
    if world.paused {
        segments.push(segment("paused", Role::Warning));
        segments.push(segment(dot.clone(), Role::Rule));
    }
    if let Some(label) = freshness.label() {
        let what = match (freshness.failing().len(), freshness.scopes) {
            (0, _) | (_, 1) => format!("{} {label}", world.glyphs.warning),
            (failing, all) => format!("{} {failing} of {all} {label}", world.glyphs.warning),
        };
        segments.push(segment(what, Role::Warning));
        if let Some(next) = freshness.next_try {
            let wait = (next - world.wall).num_seconds();
            let again = if wait > 60 {
                format!(", again {}", fmt::relative(world.wall, next))
            } else {
                ", trying again".to_owned()
            };
            segments.push(segment(again, Role::Warning));
        }
        segments.push(segment(dot.clone(), Role::Rule));
    }
    match (freshness.oldest, freshness.is_waiting()) {
        (Some(oldest), _) => {
            segments.push(segment(format!("{} old", fmt::coarse(world.wall - oldest)), Role::Dim));
            let silent = freshness.silent.iter().flatten().count();
            if silent > 0 && freshness.scopes > 1 {
                segments.push(segment(dot, Role::Rule));
                segments.push(segment(format!("{silent} of {} loading", freshness.scopes), Role::Dim));
            }
        }
        (None, true) if freshness.records > 0 => {
            segments.push(segment(format!("loading, {} so far", fmt::grouped(freshness.records as u64)), Role::Dim));
        }
        (None, true) => segments.push(segment("loading", Role::Dim)),
        (None, false) => segments.push(segment("no data", Role::Dim)),
    }
    segments
}

/// A pane's title with its counts.
pub fn title(name: &str, counts: &str, world: &World) -> Segments<'static> {
    let mut segments = vec![segment(name.to_owned(), Role::Title)];
    if !counts.is_empty() {
        segments.push(segment(format!(" {} ", world.glyphs.dot), Role::Rule));
        segments.push(segment(counts.to_owned(), Role::Dim));
    }
    segments
}

/// How many rows a list has, and what restricts them.
pub fn counts<T: Record>(list: &List<T>) -> String {
    let table = list.table();
    let mut counts = match (table.len(), list.lines().len()) {
        (0, 0) => String::new(),
        (shown, all) if shown == all => fmt::grouped(all as u64),
        (shown, all) => format!("{} of {}", fmt::grouped(shown as u64), fmt::grouped(all as u64)),
    };
    // What is out of sight and yet marked is told before anything that can be cut off.
    if table.marks() > 0 {
        let comma = if counts.is_empty() { "" } else { ", " };
        counts.push_str(&format!("{comma}{} marked", fmt::grouped(table.marks() as u64)));
        if table.hidden_marks() > 0 {
            counts.push_str(&format!(", {} hidden", fmt::grouped(table.hidden_marks() as u64)));
        }
    }
    if table.only_problems() {
        counts.push_str(" only problems");
    }
    if !table.filter_text().is_empty() {
        counts.push_str(&format!(" /{}", text::harmless(table.filter_text())));
    }
    if table.is_filtering() {
        counts.push_str(" filtering");
    }
    counts.trim_start().to_owned()
}

/// A whole list pane: title, freshness, and the table or why there is none.
pub fn view_list<T: Record>(
    list: &List<T>,
    name: &str,
    fresh: &Freshness,
    empty: Empty<'_>,
    world: &World,
    area: Rect,
    painter: &mut Painter<'_>,
) {
    let body = view_head(list, name, fresh, world, area, painter);
    if list.table().is_empty() {
        view_no_row(list, fresh, empty, world, body, painter);
    } else {
        list.view(world, body, painter);
    }
}

/// The head of a list pane: title and freshness. What is below it is given back.
pub fn view_head<T: Record>(
    list: &List<T>,
    name: &str,
    fresh: &Freshness,
    world: &World,
    area: Rect,
    painter: &mut Painter<'_>,
) -> Rect {
    let head = Rect::new(area.x, area.y, area.width, 1);
    let (mut left, right) = (title(name, &counts(list), world), freshness(fresh, world));
    // How fresh it is stays in view, whatever else the title has to tell.
    let mut room = area.width.saturating_sub(segments_width(&left) + segments_width(&right) + 8);
    for once in list.table().once().iter().filter(|once| !says(name, &once.text)) {
        let said = format!("{} {}", once.title, once.text);
        let dot = format!(" {} ", world.glyphs.dot);
        let width = room.saturating_sub(3);
        if width < 8 {
            break;
        }
        let said =
            text::fit(&painter.shown(&said), usize::from(width), Elide::Right, world.glyphs.ellipsis).into_owned();
        room -= 3 + text::columns(&said);
        left.extend([segment(dot, Role::Rule), segment(said, Role::Text)]);
    }
    painter.rule(head, &left, &right);
    Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1))
}

/// Whether a title says a text already: as words, and not as a part of another one.
fn says(title: &str, text: &str) -> bool {
    let parts = title.match_indices(text).map(|(at, _)| (&title[..at], &title[at + text.len()..]));
    let mut around = parts.map(|(before, after)| (before.chars().next_back(), after.chars().next()));
    let ends = |next: Option<char>| next.is_none_or(|next| next.is_whitespace() || ",;:()".contains(next));
    around.any(|(before, after)| ends(before) && ends(after))
}

/// Why a list shows no row: what it is restricted to, or that there is nothing.
pub fn view_no_row<T: Record>(
    list: &List<T>,
    fresh: &Freshness,
    empty: Empty<'_>,
    world: &World,
    body: Rect,
    painter: &mut Painter<'_>,
) {
    if list.lines().is_empty() && !list.table().is_filtering() {
        view_nothing(fresh, empty, world, body, painter);
    } else {
        let table = list.table();
        let (what, all) = match (table.is_filtering(), table.only_problems()) {
            (true, _) => ("Filtering…", String::new()),
            (false, true) if table.filter_text().is_empty() => ("No problem here.", String::new()),
            (false, problems) => {
                let of = if problems { ", and only problems are looked at" } else { "" };
                let apart = table.apart().iter().map(|(term, rows)| {
                    let rows = text::count(*rows, "row passes", "rows pass");
                    format!("{}: {rows}", text::harmless(term))
                });
                ("No row passes the filter.", apart.collect::<Vec<_>>().join(" · ") + of)
            }
        };
        view_text(&[what, &all, "esc shows all rows again."], body, painter);
    }
}

/// Why there is nothing: it is still on its way, it failed, or there is none.
pub fn view_nothing(fresh: &Freshness, empty: Empty<'_>, world: &World, area: Rect, painter: &mut Painter<'_>) {
    if fresh.is_waiting() && fresh.faults.is_empty() {
        view_text(&["Loading…"], area, painter);
    } else if let Some((scope, fault)) = fresh.faults.first() {
        let others = fresh.failing().into_iter().filter(|other| Some(*other) != scope.as_ref()).count();
        view_fault(fault, others, world, area, painter);
    } else {
        let lines: Vec<String> = empty.iter().map(|line| world.keymap.fill(line)).collect();
        view_text(&lines.iter().map(String::as_str).collect::<Vec<_>>(), area, painter);
    }
}

/// A failure in full, with what can be done about it, and in how many other scopes something failed.
fn view_fault(fault: &Fault, others: usize, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let inner = inset(area);
    let headline = format!("{} {}", painter.glyphs.bad, fault.label());
    painter.put(inner.x, inner.y, inner.width, &headline, Role::Bad);
    let mut y = inner.y + 1;
    let mut say = |text: &str, role: Role| {
        let rest = Rect::new(inner.x, y, inner.width, (inner.bottom()).saturating_sub(y));
        y += painter.paragraph(rest, text, role);
    };
    say(&fault.message, Role::Text);
    if let Some(id) = &fault.request_id {
        say(&format!("request id {id}"), Role::Dim);
    }
    if let Some(hint) = fault.hint() {
        say(&format!("{hint}."), Role::Dim);
    }
    if others > 0 {
        say(&format!("and {} more", text::count(others, "scope", "scopes")), Role::Dim);
    }
    match fault.offer() {
        Offer::Retry => say(&world.keymap.fill("It is asked again by itself; {refresh} asks now."), Role::Dim),
        Offer::LogIn(command) => {
            say(&world.keymap.fill("Sign in, and it goes on by itself; {refresh} asks at once:"), Role::Dim);
            say(&format!("  {command}"), Role::Accent);
        }
        Offer::Nothing => {}
    }
}

/// Lines of explanation; those that begin with `$ ` are commands.
pub fn view_text(lines: Empty<'_>, area: Rect, painter: &mut Painter<'_>) {
    let inner = inset(area);
    let inner = Rect { width: inner.width.min(LONGEST_LINE), ..inner };
    let mut y = inner.y;
    for line in lines {
        let rest = Rect::new(inner.x, y, inner.width, inner.bottom().saturating_sub(y));
        if rest.height == 0 {
            break;
        }
        y += match line.strip_prefix("$ ") {
            Some(command) => {
                let rest = Rect::new(rest.x + 2, rest.y, rest.width.saturating_sub(2), rest.height);
                painter.paragraph(rest, command, Role::Accent)
            }
            None => painter.paragraph(rest, line, Role::Text),
        };
    }
}

/// An area without its margins, where there is room for margins.
pub fn inset(area: Rect) -> Rect {
    let (x, y) = (u16::from(area.width > 40) * 2, u16::from(area.height > 8));
    Rect::new(area.x + x, area.y + y, area.width.saturating_sub(2 * x), area.height.saturating_sub(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_what_it_has_as_words_and_not_what_is_a_part_of_one() {
        assert!(says("Recovery points in prod-vault", "prod-vault"));
        assert!(says("Backup jobs of web, 23 Nov", "web"));
        for (title, text) in [("Recovery points in prod-vault", "prod"), ("Backup jobs of webmail", "web"), ("é", "e")]
        {
            assert!(!says(title, text), "{title:?} says {text:?}");
        }
    }
}
