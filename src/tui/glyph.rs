//! The few signs beside letters: one set for terminals that know Unicode, one in ASCII.
//!
//! All are one column wide and have no emoji form, whose width terminals disagree on; each stands beside a word, or has one
//! in the help.

/// A set of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether nothing but ASCII may be shown, texts included.
    pub only_ascii: bool,
    /// Something is well.
    pub good: &'static str,
    /// Something failed.
    pub bad: &'static str,
    /// Something needs a look.
    pub warning: &'static str,
    /// Something moves.
    pub running: &'static str,
    /// Something waits.
    pub pending: &'static str,
    /// Neither.
    pub none: &'static str,
    /// In front of the selected row.
    pub cursor: &'static str,
    /// In front of a marked row.
    pub mark: &'static str,
    /// Where a text was cut.
    pub ellipsis: &'static str,
    /// A rule.
    pub rule: &'static str,
    /// The end of a column.
    pub vertical: &'static str,
    /// Between the parts of a path.
    pub crumb: &'static str,
    /// Between the parts of a line.
    pub dot: &'static str,
    /// A column that sorts upwards.
    pub ascending: &'static str,
    /// A column that sorts downwards.
    pub descending: &'static str,
    /// The full part of a bar.
    pub full: &'static str,
    /// The empty part of a bar.
    pub empty: &'static str,
    /// Heights of a column in a chart, from nothing to full.
    pub levels: [&'static str; 9],
    /// What became of a day, in the order of [`DayState::ALL`](crate::domain::day::DayState::ALL).
    pub days: [&'static str; 8],
    /// The thumb of a scroll bar.
    pub thumb: &'static str,
    /// Corners and sides of a box: left top, right top, left bottom, right bottom.
    pub corners: [&'static str; 4],
    /// A chosen option, and one that is not.
    pub radio: [&'static str; 2],
    /// A set box, and an empty one.
    pub check: [&'static str; 2],
}

/// For terminals that know Unicode.
pub const UNICODE: Glyphs = Glyphs {
    only_ascii: false,
    good: "✓",
    bad: "✗",
    warning: "!",
    running: "▸",
    pending: "◌",
    none: "·",
    cursor: "▌",
    mark: "●",
    ellipsis: "…",
    rule: "─",
    vertical: "│",
    crumb: "›",
    dot: "·",
    ascending: "↑",
    descending: "↓",
    full: "█",
    empty: "░",
    levels: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    days: ["·", "■", "▸", "–", "!", "○", "◷", "✗"],
    thumb: "┃",
    corners: ["╭", "╮", "╰", "╯"],
    radio: ["◉", "○"],
    check: ["[x]", "[ ]"],
};

/// For all others.
pub const ASCII: Glyphs = Glyphs {
    only_ascii: true,
    good: "+",
    bad: "x",
    warning: "!",
    running: ">",
    pending: "o",
    none: ".",
    cursor: ">",
    mark: "*",
    ellipsis: "~",
    rule: "-",
    vertical: "|",
    crumb: ">",
    dot: "-",
    ascending: "^",
    descending: "v",
    full: "#",
    empty: ".",
    levels: [" ", ".", ".", ":", ":", "|", "|", "#", "#"],
    days: [".", "+", ">", "-", "!", "M", "E", "x"],
    thumb: "#",
    corners: ["+", "+", "+", "+"],
    radio: ["(*)", "( )"],
    check: ["[x]", "[ ]"],
};

impl Glyphs {
    /// The set for a locale as `LC_ALL`, `LC_CTYPE` or `LANG` name it, the first that is set deciding.
    pub fn for_locale(variables: [Option<&str>; 3]) -> Self {
        let locale = variables.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { UNICODE } else { ASCII }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::width;

    #[test]
    fn every_sign_of_a_column_is_one_column_wide() {
        for set in [UNICODE, ASCII] {
            let mut signs =
                vec![set.good, set.bad, set.warning, set.running, set.pending, set.none, set.cursor, set.mark];
            signs.extend([set.ellipsis, set.rule, set.vertical, set.crumb, set.dot, set.full, set.empty, set.thumb]);
            signs.extend(set.levels);
            signs.extend(set.days);
            signs.extend(set.corners);
            for sign in signs {
                assert_eq!(width(sign), 1, "{sign}");
            }
        }
    }

    #[test]
    fn ascii_is_ascii_and_a_c_locale_gets_it() {
        assert_eq!(Glyphs::for_locale([None, None, Some("C")]), ASCII);
        assert_eq!(Glyphs::for_locale([Some(""), None, Some("en_US.UTF-8")]), UNICODE);
        assert!(ASCII.levels.iter().chain(ASCII.corners.iter()).all(|sign| sign.is_ascii()));
    }
}
