//! Labels with their values, one below the other, wrapped and scrolled.

mod span;

use crate::domain::Known;
use crate::tui::command::Command;
use crate::tui::paint::Painter;
use crate::tui::table::Cell;
use crate::tui::text;
use crate::tui::theme::Role;
use ratatui::layout::Rect;
pub use span::Span;
use std::cell::Cell as Memo;

/// A label and what stands beside it; an empty label continues.
#[derive(Debug, Clone)]
pub struct Detail {
    label: String,
    body: Body,
}

/// What stands beside a label.
#[derive(Debug, Clone)]
enum Body {
    /// Nothing: the label is a heading.
    Heading,
    /// A text, wrapped.
    Text(Cell),
    /// A text without a label, over the whole width.
    Paragraph(String, Role),
    /// A bar as wide as there is room, with what it says behind it.
    Bar(Bar),
    /// What lies on an axis that is as wide as there is room; what comes later lies above.
    Track(Vec<Span>),
}

/// How full something is.
#[derive(Debug, Clone)]
struct Bar {
    fraction: f64,
    role: Role,
    said: Cell,
    /// Whether others stand below it: a space is left between them.
    thin: bool,
}

impl Bar {
    fn view(&self, x: u16, y: u16, width: u16, painter: &mut Painter<'_>) {
        let said_width = text::columns(&painter.shown(&self.said.text));
        let room = width.saturating_sub(said_width + 1).min(WIDEST_BAR);
        if self.thin {
            let full = ((self.fraction.clamp(0.0, 1.0) * f64::from(room)).round() as u16).min(room);
            painter.put(x, y, full, &painter.glyphs.levels[4].repeat(usize::from(full)), self.role);
        } else {
            painter.bar(x, y, room, self.fraction, self.role);
        }
        painter.put(x + room + 1, y, said_width, &self.said.text, self.said.role);
    }
}

impl Detail {
    /// A label with what lies on an axis beside it: tracks of one view have one width.
    pub fn track(label: &str, spans: Vec<Span>) -> Self {
        Self { label: label.to_owned(), body: Body::Track(spans) }
    }

    /// A label with a plain value.
    pub fn new(label: &str, value: impl Into<String>) -> Self {
        Self::cell(label, Cell::plain(value.into()))
    }

    /// A label with a value that has a role.
    pub fn cell(label: &str, value: Cell) -> Self {
        Self { label: label.to_owned(), body: Body::Text(value) }
    }

    /// A heading.
    pub fn heading(title: &str) -> Self {
        Self { label: title.to_owned(), body: Body::Heading }
    }

    /// Sentences without a label, over the whole width.
    pub fn paragraph(text: impl Into<String>, role: Role) -> Self {
        Self { label: String::new(), body: Body::Paragraph(text.into(), role) }
    }

    /// How far something is that moves: a bar that is full to a fraction, and the same in words.
    pub fn progress(label: &str, fraction: f64, said: impl Into<String>) -> Self {
        let said = Cell::new(said.into(), Role::Strong);
        Self { label: label.to_owned(), body: Body::Bar(Bar { fraction, role: Role::Running, said, thin: false }) }
    }

    /// One of several bars that are compared, and what it says: texts of one width, so that all have one measure.
    pub fn bar(label: &str, fraction: f64, role: Role, said: Cell) -> Self {
        Self { label: label.to_owned(), body: Body::Bar(Bar { fraction, role, said, thin: true }) }
    }

    /// A label with a value that no answer may have told yet.
    pub fn known(label: &str, value: Known<String>) -> Self {
        match value {
            Known::Known(value) => Self::new(label, value),
            Known::Unknown => Self::cell(label, Cell::dim("not known")),
        }
    }

    /// A label with a value, when there is one.
    pub fn maybe(label: &str, value: Option<impl Into<String>>) -> Option<Self> {
        value.map(|value| Self::new(label, value))
    }
}

/// A wider axis tells nothing more.
const WIDEST_TRACK: u16 = 126;
/// A wider bar tells nothing more.
const WIDEST_BAR: u16 = 60;

/// Where one has scrolled to.
#[derive(Debug, Default)]
pub struct Scroll {
    offset: usize,
    /// What the last frame showed: how many lines there were, and how many fitted.
    seen: Memo<(usize, usize)>,
}

impl Scroll {
    /// Moves; false when the command does not move.
    pub fn handle(&mut self, command: Command) -> bool {
        let (lines, height) = self.seen.get();
        let last = lines.saturating_sub(height);
        let page = height.max(1);
        self.offset = match command {
            Command::Down => self.offset + 1,
            Command::Up => self.offset.saturating_sub(1),
            Command::PageDown => self.offset + page,
            Command::PageUp => self.offset.saturating_sub(page),
            Command::HalfDown => self.offset + page / 2,
            Command::HalfUp => self.offset.saturating_sub(page / 2),
            Command::Top => 0,
            Command::Bottom => last,
            _ => return false,
        }
        .min(last);
        true
    }
}

/// Draws details into an area; returns how many lines all of them take.
pub fn view(details: &[Detail], scroll: &Scroll, area: Rect, painter: &mut Painter<'_>) -> usize {
    let lines = Lines::of(details, area.width);
    let height = usize::from(area.height);
    let offset = scroll.offset.min(lines.lines.len().saturating_sub(height));
    scroll.seen.set((lines.lines.len(), height));
    lines.view(offset, area, painter);
    painter.scrollbar(area, offset, height, lines.lines.len());
    lines.lines.len()
}

/// Draws as much of the details as fits, from the top; where that is not all, the last line says how to see the rest.
pub fn view_top(details: &[Detail], rest: &str, area: Rect, painter: &mut Painter<'_>) {
    let lines = Lines::of(details, area.width);
    let hidden = lines.lines.len().saturating_sub(usize::from(area.height));
    if hidden == 0 || area.height < 2 {
        lines.view(0, area, painter);
        return;
    }
    lines.view(0, Rect::new(area.x, area.y, area.width, area.height - 1), painter);
    let said = format!("{} {}: {rest}", painter.glyphs.ellipsis, text::count(hidden + 1, "line more", "lines more"));
    painter.put(area.x, area.bottom() - 1, area.width, &said, Role::Dim);
}

/// Details as lines of a width.
struct Lines<'a> {
    label_width: u16,
    value_width: u16,
    lines: Vec<Line<'a>>,
}

/// One line of the screen.
enum Line<'a> {
    Blank,
    Heading(&'a str),
    Whole(String, Role),
    Text(&'a str, String, Role),
    Bar(&'a str, &'a Bar),
    Track(&'a str, &'a [Span]),
}

impl<'a> Lines<'a> {
    fn of(details: &'a [Detail], width: u16) -> Self {
        let labels = details.iter().filter(|detail| !detail.is_heading()).map(|detail| text::width(&detail.label));
        let label_width = labels.max().unwrap_or(0).min(20) as u16;
        let value_width = width.saturating_sub(label_width + 3).max(10);
        let mut lines = Vec::new();
        for detail in details {
            match &detail.body {
                Body::Heading => {
                    if !lines.is_empty() {
                        lines.push(Line::Blank);
                    }
                    lines.push(Line::Heading(&detail.label));
                }
                Body::Paragraph(text, role) => {
                    let wrapped = text::wrap(&text::harmless(text), usize::from(width.saturating_sub(1)));
                    lines.extend(wrapped.into_iter().map(|line| Line::Whole(line, *role)));
                }
                Body::Bar(bar) => lines.push(Line::Bar(&detail.label, bar)),
                Body::Track(spans) => lines.push(Line::Track(&detail.label, spans)),
                Body::Text(value) => {
                    let safe: Vec<String> =
                        value.text.split('\n').map(|line| text::harmless(line).into_owned()).collect();
                    let wrapped = text::wrap(&safe.join("\n"), usize::from(value_width));
                    lines.extend(wrapped.into_iter().enumerate().map(|(nth, line)| {
                        Line::Text(if nth == 0 { detail.label.as_str() } else { "" }, line, value.role)
                    }));
                }
            }
        }
        Self { label_width, value_width, lines }
    }

    fn view(&self, offset: usize, area: Rect, painter: &mut Painter<'_>) {
        let value_x = area.x + self.label_width + 2;
        for (y, line) in (area.y..area.bottom()).zip(self.lines.iter().skip(offset)) {
            match line {
                Line::Blank => {}
                Line::Whole(text, role) => drop(painter.put(area.x, y, area.width, text, *role)),
                Line::Heading(title) => drop(painter.put(area.x, y, area.width, title, Role::Title)),
                Line::Text(label, value, role) => {
                    painter.put(area.x, y, self.label_width, label, Role::Dim);
                    painter.put(value_x, y, self.value_width, value, *role);
                }
                Line::Bar(label, bar) => {
                    painter.put(area.x, y, self.label_width, label, Role::Dim);
                    bar.view(value_x, y, self.value_width, painter);
                }
                Line::Track(label, spans) => {
                    painter.put(area.x, y, self.label_width, label, Role::Dim);
                    let width = self.value_width.min(WIDEST_TRACK);
                    span::view(spans, value_x, y, width, painter);
                }
            }
        }
    }
}

impl Detail {
    fn is_heading(&self) -> bool {
        matches!(self.body, Body::Heading)
    }
}
