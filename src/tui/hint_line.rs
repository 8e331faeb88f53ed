//! The keys in the last line: whole ones only, and always those that lead out.

use crate::tui::paint::Segments;
use crate::tui::text;
use crate::tui::theme::Role;

/// The keys that stay however little room there is: what closes, what goes on, and what tells of all others.
const STAY: [&str; 3] = ["esc", "ctrl-s", "?"];

/// What a form's keys do that goes first: its fields say it themselves, and the list of them is a help to those who know it.
const FIRST: [&str; 2] = ["change", "go to"];

/// Keys with what they do, each a key's segment and those behind it, as many as have room. What can be missed goes first, then the
/// last ones.
pub fn fitting(hints: Segments<'static>, room: u16) -> Segments<'static> {
    let mut groups: Vec<Segments<'static>> = Vec::new();
    for segment in hints {
        match groups.last_mut() {
            Some(group) if segment.1 != Role::Key => group.push(segment),
            _ => groups.push(vec![segment]),
        }
    }
    let says = |group: &Segments<'static>, words: &[&str]| group.iter().any(|(text, _)| words.contains(&text.trim()));
    while width(&groups) > room {
        let first = FIRST.iter().find_map(|word| groups.iter().position(|group| says(group, &[*word])));
        let last = || groups.iter().rposition(|group| !says(group, &STAY));
        let Some(missed) = first.or_else(last) else { break };
        groups.remove(missed);
    }
    groups.into_iter().flatten().collect()
}

/// How wide they are, without the room behind the last.
fn width(groups: &[Segments<'static>]) -> u16 {
    let last = groups.last().and_then(|group| group.last()).map_or("", |(text, _)| text.as_ref());
    let room_behind = last.len() - last.trim_end().len();
    let all: usize = groups.iter().flatten().map(|(text, _)| text::width(text)).sum();
    all.saturating_sub(room_behind) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::paint::segment;

    fn shown(room: u16) -> String {
        let hints = [
            ("tab", " next  "),
            ("left right", " change  "),
            ("ctrl-g", " go to  "),
            ("ctrl-s", " review  "),
            ("esc", " close  "),
            ("ctrl-n", " add a rule"),
        ];
        let hints = hints.iter().flat_map(|(key, does)| [segment(*key, Role::Key), segment(*does, Role::Dim)]);
        fitting(hints.collect(), room).iter().map(|(text, _)| text.as_ref()).collect()
    }

    #[test]
    fn what_has_no_room_is_left_out_as_a_whole_and_the_ways_on_and_out_stay() {
        let all = "tab next  left right change  ctrl-g go to  ctrl-s review  esc close  ctrl-n add a rule";
        assert_eq!(shown(all.len() as u16), all);
        assert_eq!(shown(80), "tab next  ctrl-g go to  ctrl-s review  esc close  ctrl-n add a rule");
        assert_eq!(shown(60), "tab next  ctrl-s review  esc close  ctrl-n add a rule");
        assert_eq!(shown(40), "tab next  ctrl-s review  esc close  ");
        assert_eq!(shown(34), "tab next  ctrl-s review  esc close  ", "the room behind the last needs none");
        assert_eq!(shown(5), "ctrl-s review  esc close  ");
    }
}
