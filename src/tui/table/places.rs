//! Which columns fit, and where they stand.
//!
//! Each column has a priority. Where not all fit, those of the highest number give way first, ids before all; columns that
//! are blank in every row in view give way before any that is not. A column of long texts has what they need, up to its
//! ideal, before a column that gives way before it is shown at all: half a message beside a whole id helps nobody.

use super::{Column, When};

/// Between two columns.
pub(super) const GAP: u16 = 1;

/// A column on its way to a place.
struct Candidate {
    index: usize,
    /// The highest gives way first; 0 stays.
    gives_way: u8,
    /// Less than this is of no use.
    least: u16,
    /// What its texts need, up to its ideal.
    wish: u16,
    /// What its texts need, for columns that take more than their ideal.
    most: u16,
    grows: bool,
}

/// Which columns are shown in `width`, where, and how wide: index, offset, width. `widest` is the width of each column's
/// widest text, 0 where all are blank. They stand in `order`.
pub(super) fn places<T>(
    columns: &[Column<T>],
    order: &[usize],
    applies: impl Fn(usize, When) -> bool,
    widest: &[u16],
    width: u16,
) -> Vec<(usize, u16, u16)> {
    let mut chosen: Vec<Candidate> = order
        .iter()
        .filter_map(|index| Some((*index, columns.get(*index)?)))
        .filter(|(index, column)| applies(*index, column.when))
        .map(|(index, column)| candidate(index, column, widest.get(index).copied().unwrap_or_default()))
        .collect();
    while needed(&chosen) > width
        && let Some((position, first)) = chosen.iter().enumerate().max_by_key(|(_, candidate)| candidate.gives_way)
        && first.gives_way > 0
    {
        chosen.remove(position);
    }
    let mut widths: Vec<u16> = chosen.iter().map(|candidate| need(candidate, &chosen)).collect();
    let mut room = width.saturating_sub(needed(&chosen));
    let mut by_priority: Vec<usize> = (0..chosen.len()).collect();
    by_priority.sort_by_key(|position| chosen[*position].gives_way);
    for wanted in [|candidate: &Candidate| candidate.wish, |candidate: &Candidate| candidate.most] {
        for position in &by_priority {
            let more = wanted(&chosen[*position]).saturating_sub(widths[*position]).min(room);
            widths[*position] += more;
            room -= more;
        }
    }
    let mut x = 0;
    let mut places = Vec::with_capacity(chosen.len());
    for (candidate, wide) in chosen.iter().zip(widths) {
        if x >= width {
            break;
        }
        places.push((candidate.index, x, wide.min(width - x)));
        x += wide + GAP;
    }
    places
}

fn candidate<T>(index: usize, column: &Column<T>, widest: u16) -> Candidate {
    let blank = widest == 0;
    let texts = if blank { crate::tui::text::columns(column.title) } else { widest };
    let wish = column.ideal.max(column.minimum).min(texts);
    Candidate {
        index,
        gives_way: if blank && column.priority > 0 { u8::MAX } else { column.priority },
        least: column.minimum.min(texts),
        wish,
        most: if column.grows { texts } else { wish },
        grows: column.grows,
    }
}

/// What a column must have beside the others.
fn need(candidate: &Candidate, chosen: &[Candidate]) -> u16 {
    let goes_before_it = |other: &Candidate| other.gives_way > candidate.gives_way;
    if candidate.grows && chosen.iter().any(goes_before_it) { candidate.wish } else { candidate.least }
}

fn needed(chosen: &[Candidate]) -> u16 {
    let columns: u16 = chosen.iter().map(|candidate| need(candidate, chosen)).sum();
    columns + GAP * (chosen.len() as u16).saturating_sub(1)
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
