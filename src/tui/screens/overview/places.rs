//! How the panes share the screen: what is needed first has room first.

use ratatui::layout::Rect;

/// Where each pane is; a pane without height is not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    /// The tiles: one line, two, or boxes of four.
    pub tiles: Rect,
    /// The days with their title.
    pub days: Rect,
    /// The problems with the selected one's meaning.
    pub problems: Rect,
    /// What runs.
    pub running: Rect,
    /// What comes next.
    pub next: Rect,
    /// What the engine reminds of.
    pub reminder: Rect,
}

/// What there is to show.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Lines of days; none where there is nothing to show days of.
    pub days: Option<usize>,
    /// Jobs that run.
    pub running: usize,
    /// Whether there is something to remind of.
    pub reminder: bool,
    /// Whether the days have the keys: where only one pane fits, it is that one.
    pub on_days: bool,
}

/// Below this height only the tiles and one pane fit.
const MEDIUM: u16 = 16;
/// From this height on what comes next has room.
const TALL: u16 = 24;
/// From this height on the tiles are boxes and what runs has a pane.
const LARGE: u16 = 30;
/// From this width on what runs and comes next stands beside the problems.
const WIDE: u16 = 110;
/// A title, the calendar, and the line in words.
const AROUND_DAYS: u16 = 3;

/// Takes rows off the top of an area.
fn take(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    let taken = Rect::new(area.x, area.y, area.width, height);
    *area = Rect::new(area.x, area.y + height, area.width, area.height - height);
    taken
}

/// Takes rows off the bottom.
fn take_below(area: &mut Rect, height: u16) -> Rect {
    let height = height.min(area.height);
    area.height -= height;
    Rect::new(area.x, area.bottom(), area.width, height)
}

/// Where each pane is.
pub fn places(area: Rect, wanted: Wanted) -> Places {
    let mut rest = area;
    let reminder = take_below(&mut rest, u16::from(wanted.reminder));
    let empty = Rect::new(rest.x, rest.y, rest.width, 0);
    let mut places = Places { tiles: empty, days: empty, running: empty, next: empty, reminder, problems: empty };
    if area.height < MEDIUM {
        places.tiles = take(&mut rest, 1);
        *(if wanted.on_days { &mut places.days } else { &mut places.problems }) = rest;
        return places;
    }
    let large = area.height >= LARGE;
    places.tiles = take(&mut rest, if large { 4 } else { 2 });
    if let Some(lines) = wanted.days {
        let most = rest.height / 2;
        let lines = u16::try_from(lines).unwrap_or(u16::MAX).clamp(3, most.saturating_sub(AROUND_DAYS).max(3));
        places.days = take(&mut rest, lines + AROUND_DAYS);
    }
    let running = if wanted.running == 0 { 2 } else { 1 + wanted.running.min(6) as u16 };
    if large && area.width >= WIDE {
        let right = (area.width * 2 / 5).min(80);
        let left = area.width - right - 1;
        let mut column = Rect::new(area.x + left + 1, rest.y, right, rest.height);
        places.problems = Rect::new(rest.x, rest.y, left, rest.height);
        places.running = take(&mut column, running.min(rest.height / 2));
        places.next = column;
    } else if large {
        places.next = take_below(&mut rest, 4);
        places.running = take_below(&mut rest, running);
        places.problems = rest;
    } else {
        places.next = take_below(&mut rest, if area.height >= TALL { 3 } else { 0 });
        places.problems = rest;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pane_lies_over_another_or_outside_whatever_the_size() {
        for (width, height) in [(60, 12), (60, 117), (80, 21), (110, 12), (120, 37), (160, 42), (200, 57), (400, 12)] {
            for days in [None, Some(0), Some(7), Some(500), Some(65_537)] {
                for (running, reminder, on_days) in [(0, false, false), (3, true, false), (50, true, true)] {
                    let area = Rect::new(0, 2, width, height);
                    let places = places(area, Wanted { days, running, reminder, on_days });
                    assert!(days != Some(65_537) || height < MEDIUM || places.days.height >= height / 4, "{places:?}");
                    let all =
                        [places.tiles, places.days, places.problems, places.running, places.next, places.reminder];
                    for (nth, one) in all.iter().enumerate() {
                        assert_eq!(area.intersection(*one).area(), one.area(), "{one:?} of {width}x{height}");
                        let over = all[nth + 1..].iter().find(|other| one.intersects(**other));
                        assert!(over.is_none(), "{one:?} and {over:?} of {width}x{height}");
                    }
                    assert!(places.problems.height >= 5 || on_days, "{places:?}");
                }
            }
        }
    }
}
