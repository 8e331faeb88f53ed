//! How many colours a terminal has, and what becomes of a colour that it has not.

use ratatui::style::{Color, Style};

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// No colour is wanted: `NO_COLOR`.
    Plain,
    /// The sixteen, which are its own.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// Any.
    True,
}

/// Terminals with any colour whose `TERM` tells so by its name alone, since SSH does not pass `COLORTERM` on.
const TRUE: [&str; 6] = ["-direct", "kitty", "ghostty", "alacritty", "wezterm", "foot"];

impl Depth {
    /// What the terminal can show, by `NO_COLOR`, `COLORTERM` and `TERM`.
    pub fn of(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty()) {
            Self::Plain
        } else if matches!(colorterm, Some("truecolor" | "24bit")) || TRUE.iter().any(|name| term.contains(name)) {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }

    /// A style with colours that it can show, each the nearest; none where it can show none like that.
    pub(super) fn style(self, style: Style) -> Option<Style> {
        let has = |color: Option<Color>| color.is_none_or(|color| self.color(color).is_some());
        let shown = |color: Option<Color>| color.and_then(|color| self.color(color));
        (has(style.fg) && has(style.bg)).then(|| Style { fg: shown(style.fg), bg: shown(style.bg), ..style })
    }

    fn color(self, color: Color) -> Option<Color> {
        match (self, color) {
            (Self::True, any) => Some(any),
            (Self::Indexed, Color::Rgb(red, green, blue)) => Some(Color::Indexed(nearest([red, green, blue]))),
            (Self::Indexed, any) => Some(any),
            (Self::Sixteen | Self::Plain, Color::Rgb(..) | Color::Indexed(16..)) => None,
            (Self::Sixteen | Self::Plain, any) => Some(any),
        }
    }
}

/// The levels of xterm's cube of colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What xterm shows for one of its 256 colours beyond the sixteen.
pub(super) fn of_index(index: u8) -> Option<[u8; 3]> {
    match index {
        0..16 => None,
        16..232 => {
            let at = index - 16;
            Some([at / 36, at / 6 % 6, at % 6].map(|level| LEVELS[usize::from(level)]))
        }
        232.. => Some([8 + 10 * (index - 232); 3]),
    }
}

/// The colour of the 256 that is nearest to one.
fn nearest(rgb: [u8; 3]) -> u8 {
    let distance = |index: &u8| {
        let shown = of_index(*index).unwrap_or_default();
        shown.iter().zip(rgb).map(|(a, b)| (i32::from(*a) - i32::from(b)).pow(2)).sum::<i32>()
    };
    (16..=255).min_by_key(distance).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_says_by_its_environment_what_it_can_show() {
        let table = [
            ((None, Some("truecolor"), Some("xterm-256color")), Depth::True),
            ((None, Some("24bit"), Some("xterm")), Depth::True),
            ((None, None, Some("xterm-kitty")), Depth::True),
            ((None, None, Some("xterm-direct")), Depth::True),
            ((None, None, Some("xterm-256color")), Depth::Indexed),
            ((Some(""), Some("yes"), Some("tmux-256color")), Depth::Indexed),
            ((None, None, Some("linux")), Depth::Sixteen),
            ((None, None, None), Depth::Sixteen),
            ((Some("1"), Some("truecolor"), Some("xterm-kitty")), Depth::Plain),
        ];
        for ((no_color, colorterm, term), depth) in table {
            assert_eq!(Depth::of(no_color, colorterm, term), depth, "{no_color:?} {colorterm:?} {term:?}");
        }
    }

    #[test]
    fn a_colour_becomes_the_nearest_of_the_256_and_none_of_the_sixteen() {
        let shown = |rgb: [u8; 3]| Depth::Indexed.color(Color::Rgb(rgb[0], rgb[1], rgb[2]));
        assert_eq!(shown([0x5f, 0x5f, 0x5f]), Some(Color::Indexed(59)));
        assert_eq!(shown([0x12, 0x12, 0x12]), Some(Color::Indexed(233)));
        assert_eq!(shown([0xff, 0x60, 0x01]), Some(Color::Indexed(202)));
        assert_eq!(Depth::Indexed.color(Color::Red), Some(Color::Red));
        assert_eq!(Depth::Sixteen.color(Color::Rgb(1, 2, 3)), None);
        assert_eq!(Depth::Sixteen.color(Color::Indexed(9)), Some(Color::Indexed(9)));
    }

    #[test]
    fn a_style_with_one_colour_that_cannot_be_shown_is_not_shown_at_all() {
        let style = Style::new().fg(Color::Red).bg(Color::Rgb(1, 2, 3));
        assert_eq!(Depth::Sixteen.style(style), None);
        assert_eq!(Depth::Sixteen.style(Style::new().fg(Color::Red)), Some(Style::new().fg(Color::Red)));
        assert_eq!(Depth::True.style(style), Some(style));
    }
}
