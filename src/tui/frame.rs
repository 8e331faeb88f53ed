//! The whole picture: header, tabs, the open screen, the last line, and the dialogs above.

use crate::client::{Feature, Key, Query};
use crate::tui::app::{App, Layer, Line, Waits};
use crate::tui::command::Command;
use crate::tui::hint_line;
use crate::tui::msg::Tone;
use crate::tui::paint::{Painter, Segments, segment, segments_width};
use crate::tui::route::{Route, Tab};
use crate::tui::screens::beside::WIDE;
use crate::tui::smallest::{SMALLEST, is_too_small};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::which_key;
use crate::tui::world::World;
use crate::tui::zone::{Spot, Zones};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeSet;

/// Draws the app.
pub fn view(app: &App, area: Rect, buffer: &mut Buffer) {
    let mut painter = Painter::new(buffer, &app.world.theme, app.world.glyphs);
    painter.clear(area);
    if is_too_small((area.width, area.height)) {
        let said = format!(
            "vaultdeck needs {} x {} columns and rows; this terminal has {} x {}.",
            SMALLEST.0, SMALLEST.1, area.width, area.height
        );
        painter.paragraph(area, &said, Role::Text);
        app.drew(Zones::default());
        return;
    }
    view_whole(app, area, &mut painter);
    app.drew(painter.into_zones());
}

fn view_whole(app: &App, area: Rect, painter: &mut Painter<'_>) {
    view_header(app, Rect::new(area.x, area.y, area.width, 1), painter);
    view_tabs(app, Rect::new(area.x, area.y + 1, area.width, 1), painter);
    let crumbs = u16::from(app.history.trail().len() > 1);
    if crumbs > 0 {
        view_crumbs(app, Rect::new(area.x, area.y + 2, area.width, 1), painter);
    }
    let body = Rect::new(area.x, area.y + 2 + crumbs, area.width, area.height - 3 - crumbs);
    app.page().view(&app.world, body, painter);
    for layer in &app.layers {
        view_layer(layer, &app.world, Rect::new(area.x, area.y, area.width, area.height - 1), painter);
    }
    if let (Some(Line::Filter(line)), true) = (&app.line, app.layers.is_empty()) {
        line.view(area, painter);
        return;
    }
    let last = Rect::new(area.x, area.bottom() - 1, area.width, 1);
    view_last(app, last, painter);
    if let Some(begun) = app.chord.filter(|begun| begun.is_told) {
        which_key::view(begun.first, &app.world.keymap, area, painter);
    }
}

fn view_header(app: &App, area: Rect, painter: &mut Painter<'_>) {
    let world = &app.world;
    let dot = format!(" {} ", painter.glyphs.dot);
    let mut left = vec![segment(" vaultdeck", Role::Title), segment(dot.clone(), Role::Rule)];
    if world.read_only_directory().is_some() {
        left.push(segment("read-only data directory", Role::Bad));
        left.push(segment(dot.clone(), Role::Rule));
    }
    left.push(segment(world.place.clone(), Role::Text));
    left.push(segment(dot.clone(), Role::Rule));
    let (at, role) = (left.len(), if world.narrowed { Role::Accent } else { Role::Text });
    left.push(segment(scopes(world, true), role));
    if !world.scopes.is_empty() && world.store.capabilities.allows(Feature::Write).is_err() {
        left.push(segment(dot.clone(), Role::Rule));
        left.push(segment("read-only", Role::Warning));
    }
    if app.quitting {
        left.push(segment(dot.clone(), Role::Rule));
        left.push(segment("quits when no job runs", Role::Warning));
    }
    if let Some(fault) = &world.store.slot(&Key::context(Query::Scopes)).fault {
        left.push(segment(dot.clone(), Role::Rule));
        left.push(segment(format!("{}, trying again", fault.label()), Role::Bad));
    }
    let now = world.now();
    let simulated = if now == world.wall { "" } else { "simulated " };
    let clock = format!("{simulated}{} UTC ", now.format("%m-%d %H:%M"));
    let room = area.width.saturating_sub(text::width(&clock) as u16 + 1);
    if segments_width(&left) > room {
        left[at] = segment(scopes(world, false), role);
    }
    painter.line(area.x, area.y, room, &left);
    painter.put_right(area.x, area.y, area.width, &clock, Role::Dim);
}

/// What is shown of the context, in few words; in fewer without the regions.
fn scopes(world: &World, with_regions: bool) -> String {
    match (world.shown.as_slice(), world.narrowed) {
        ([], _) => "connecting".to_owned(),
        ([only], _) => world.scope_name(only),
        (many, _) => {
            let accounts: BTreeSet<_> = many.iter().map(|scope| &scope.account).collect();
            let accounts = text::count(accounts.len(), "account", "accounts");
            if !with_regions {
                return accounts;
            }
            let regions: BTreeSet<_> = many.iter().map(|scope| &scope.region).collect();
            let region = match regions.first() {
                Some(only) if regions.len() == 1 => only.to_string(),
                _ => text::count(regions.len(), "region", "regions"),
            };
            format!("{accounts}, {region}")
        }
    }
}

fn view_tabs(app: &App, area: Rect, painter: &mut Painter<'_>) {
    let open = match app.history.trail().first() {
        Some(Route::Tab(tab)) => *tab,
        _ => Tab::Overview,
    };
    let wide = area.width >= 92;
    let mut tabs: Vec<Segments<'_>> = Vec::new();
    for tab in Tab::ALL {
        let title = if wide { tab.title() } else { tab.short() };
        let key = app.world.keymap.key(tab.command());
        let mut line = if *tab == open {
            vec![segment(format!(" {key} {title} "), Role::Selected)]
        } else {
            vec![segment(format!(" {key}"), Role::Key), segment(format!(" {title} "), Role::Dim)]
        };
        if wide {
            line.push(segment(" ", Role::Text));
        }
        tabs.push(line);
    }
    if tabs.iter().map(segments_width).sum::<u16>() > area.width {
        for (text, _) in tabs.iter_mut().flatten() {
            *text = text.trim_end().to_owned().into();
        }
    }
    let mut x = area.x;
    for (tab, line) in Tab::ALL.iter().zip(&tabs) {
        let used = painter.line(x, area.y, area.right().saturating_sub(x), line);
        painter.zone(Rect::new(x, area.y, used, 1), Spot::Run(tab.command()));
        x += used;
    }
}

fn view_crumbs(app: &App, area: Rect, painter: &mut Painter<'_>) {
    let crumbs = app.crumbs();
    let mut line = Segments::new();
    for (nth, crumb) in crumbs.iter().enumerate() {
        if nth > 0 {
            line.push(segment(format!(" {} ", painter.glyphs.crumb), Role::Rule));
        }
        let role = if nth + 1 == crumbs.len() { Role::Strong } else { Role::Dim };
        line.push(segment(crumb.clone(), role));
    }
    painter.line(area.x + 1, area.y, area.width - 1, &line);
}

fn view_layer(layer: &Layer, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let modal = &layer.dialog;
    let (width, height) = modal.size(world);
    let below = u16::from(layer.waits.is_some())
        + layer
            .refusal
            .as_ref()
            .map_or(0, |refusal| text::wrap(refusal, usize::from(width.min(area.width) - 4)).len().min(4) as u16);
    let width = (width + 4).min(area.width);
    let height = (height + 2 + below).min(area.height);
    let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 3, width, height);
    painter.zone(place, Spot::Cover);
    let inner = painter.boxed(place, &modal.title(world), Role::Accent);
    let body = Rect::new(inner.x, inner.y, inner.width, inner.height.saturating_sub(below));
    modal.view(world, body, painter);
    let last = Rect::new(inner.x, body.bottom(), inner.width, below);
    if let Some(waits) = layer.waits {
        let said = match waits {
            Waits::Change(_) => "Sending. esc closes this; the change goes on.",
            Waits::Probe(_) => "Asking the service; nothing is saved yet. esc stops waiting.",
        };
        painter.put(last.x, last.y, last.width, said, Role::Running);
    } else if let Some(refusal) = &layer.refusal {
        painter.paragraph(last, &format!("{} {refusal}", painter.glyphs.bad), Role::Bad);
    }
}

fn view_last(app: &App, area: Rect, painter: &mut Painter<'_>) {
    match &app.line {
        Some(Line::Command(edit)) if app.layers.is_empty() => {
            painter.put(area.x, area.y, 2, " :", Role::Key);
            edit.view(area.x + 2, area.y, area.width.saturating_sub(42).max(20), true, painter);
            painter.put_right(area.x, area.y, area.width, "tab completes, enter runs, esc closes ", Role::Dim);
            return;
        }
        _ => {}
    }
    if let Some(said) = &app.said {
        let (sign, role) = match said.tone {
            Tone::Good => (painter.glyphs.good, Role::Good),
            Tone::Plain => (painter.glyphs.none, Role::Text),
            Tone::Bad => (painter.glyphs.bad, Role::Bad),
        };
        painter.put(area.x, area.y, area.width, &format!(" {sign} {}", said.text), role);
        return;
    }
    match app.layers.last() {
        Some(layer) => {
            let hints = hint_line::fitting(layer.dialog.hints(&app.world), area.width - 1);
            painter.line(area.x + 1, area.y, area.width - 1, &hints);
        }
        None => view_hints(app, area, painter),
    }
}

/// What can be pressed here, or clicked.
fn view_hints(app: &App, area: Rect, painter: &mut Painter<'_>) {
    let mut x = area.x + 1;
    let mut all = hints(app);
    let of = |(key, what): &(&'static str, &'static str)| {
        vec![segment(app.world.keymap.fill(key), Role::Key), segment(format!(" {what}  "), Role::Dim)]
    };
    // As many as have room as a whole: the key that leaves goes first, which help tells of, then the last before help.
    let width = |all: &[(&'static str, &'static str)]| all.iter().map(|hint| segments_width(&of(hint))).sum::<u16>();
    while width(&all) > area.width + 1 && all.len() > 1 {
        let leaves = all.last().is_some_and(|(key, _)| *key == "{quit}");
        all.remove(all.len() - if leaves { 1 } else { 2 });
    }
    for (key, what) in all {
        let room = area.right().saturating_sub(x);
        let used = painter.line(x, area.y, room, &of(&(key, what)));
        if let Some(command) = Command::of_id(key.trim_matches(['{', '}'])) {
            painter.zone(Rect::new(x, area.y, used.saturating_sub(2), 1), Spot::Run(command));
        }
        x += used;
    }
}

/// Keys, each as what is pressed for the command that is named, with what they do.
fn hints(app: &App) -> Vec<(&'static str, &'static str)> {
    let wide = app.size.0 >= 100;
    let listed = app.page().table().is_some();
    let detail = app.page().has_detail();
    let deep = app.history.trail().len() > 1;
    let own = app.page().hints().iter().map(|(key, what)| (*key, *what, true));
    let says_enter = app.page().hints().iter().any(|(key, _)| *key == "{open}");
    let enter = [("{open}", "open", !says_enter)].into_iter();
    let all = enter.chain(own).chain([
        ("{back}", "back", deep),
        ("{actions}", "actions", true),
        ("{filter}", "filter", listed),
        ("{failures}", "problems", listed && wide),
        ("{sort}", "sort", listed && wide),
        ("{detail-pane}", "detail", detail && app.size.0 >= WIDE),
        ("{detail}", "detail", detail && (80..WIDE).contains(&app.size.0)),
        ("{scopes}", "scope", wide || !listed),
        ("{palette}", "find", wide),
        ("{help}", "help", true),
        ("{quit}", "quit", true),
    ]);
    all.filter(|(_, _, shown)| *shown).map(|(key, what, _)| (key, what)).collect()
}
