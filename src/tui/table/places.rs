//! Which columns fit, and where they stand.

use super::{Column, GAP, When};
use crate::tui::world::World;

/// Which columns are shown in `width`, where, and how wide: index, offset, width.
pub(super) fn places<T: ?Sized>(columns: &[Column<T>], world: &World, width: u16) -> Vec<(usize, u16, u16)> {
    let mut chosen: Vec<usize> = (0..columns.len())
        .filter(|index| match columns[*index].when {
            When::Always => true,
            When::ManyAccounts => world.many_accounts(),
            When::ManyRegions => world.many_regions(),
        })
        .collect();
    let needed = |chosen: &[usize]| -> u16 {
        let minima: u16 = chosen.iter().map(|index| columns[*index].minimum).sum();
        minima + GAP * (chosen.len() as u16).saturating_sub(1)
    };
    while needed(&chosen) > width
        && let Some(position) = (0..chosen.len())
            .filter(|position| columns[chosen[*position]].priority > 0)
            .max_by_key(|position| columns[chosen[*position]].priority)
    {
        chosen.remove(position);
    }
    let mut room = width.saturating_sub(needed(&chosen));
    let mut widths: Vec<u16> = chosen.iter().map(|index| columns[*index].minimum).collect();
    let mut by_priority: Vec<usize> = (0..chosen.len()).collect();
    by_priority.sort_by_key(|position| columns[chosen[*position]].priority);
    for position in by_priority {
        let column = &columns[chosen[position]];
        let more = column.ideal.saturating_sub(column.minimum).min(room);
        widths[position] += more;
        room -= more;
    }
    let growing: Vec<usize> = (0..chosen.len()).filter(|position| columns[chosen[*position]].grows).collect();
    for (nth, position) in growing.iter().enumerate() {
        let share = room / (growing.len() - nth) as u16;
        widths[*position] += share;
        room -= share;
    }
    let mut x = 0;
    let mut places = Vec::with_capacity(chosen.len());
    for (position, index) in chosen.into_iter().enumerate() {
        if x >= width {
            break;
        }
        places.push((index, x, widths[position].min(width - x)));
        x += widths[position] + GAP;
    }
    places
}
