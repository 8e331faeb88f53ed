//! Cells to bytes.
//!
//! Our own encoder and not crossterm's: it sends the sixteen colours in their short forms, nothing at all for a frame in
//! which nothing changed, and it does not lose reversed and bold under `NO_COLOR` (crossterm 0.29 writes `CSI ;m` there,
//! which resets them: the selected row would become invisible).

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// What the terminal was last told to write with.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// Appends what turns `previous` into `next` on the terminal; nothing when they are equal. The buffers must be of one size.
pub fn changes(previous: &Buffer, next: &Buffer, out: &mut Vec<u8>) {
    let mut pen = Pen::PLAIN;
    let mut expected: Option<(u16, u16)> = None;
    for (x, y, cell) in previous.diff_iter(next) {
        if expected != Some((x, y)) && !blanks(pen, expected, (x, y), next, out) {
            move_to(expected, x, y, out);
        }
        let wanted = Pen::of(cell);
        if wanted != pen {
            switch(pen, wanted, out);
            pen = wanted;
        }
        out.extend_from_slice(cell.symbol().as_bytes());
        expected = Some((x + crate::tui::text::width(cell.symbol()).max(1) as u16, y));
    }
    if pen != Pen::PLAIN {
        out.extend_from_slice(b"\x1b[m");
    }
}

/// Writes a few blanks again where that is shorter than a move over them; false where it is not, or would be seen.
fn blanks(pen: Pen, from: Option<(u16, u16)>, (x, y): (u16, u16), next: &Buffer, out: &mut Vec<u8>) -> bool {
    const SEEN_ON_BLANKS: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);
    let ground = pen.bg;
    let Some((at, row)) = from.filter(|(at, row)| *row == y && *at < x && x - *at <= 3) else { return false };
    let is_blank = |pen: Pen| pen.bg == ground && !pen.modifier.intersects(SEEN_ON_BLANKS);
    let blank = is_blank(pen)
        && (at..x).all(|x| next.cell((x, row)).is_some_and(|cell| cell.symbol() == " " && is_blank(Pen::of(cell))));
    if blank {
        out.extend((at..x).map(|_| b' '));
    }
    blank
}

/// The shortest move: along the row where the pen is in it, else absolute.
fn move_to(from: Option<(u16, u16)>, x: u16, y: u16, out: &mut Vec<u8>) {
    match from {
        Some((at, row)) if row == y && at < x => out.extend_from_slice(format!("\x1b[{}C", x - at).as_bytes()),
        _ if x == 0 => out.extend_from_slice(format!("\x1b[{}H", y + 1).as_bytes()),
        _ => out.extend_from_slice(format!("\x1b[{};{}H", y + 1, x + 1).as_bytes()),
    }
}

/// One SGR sequence from one pen to another.
fn switch(from: Pen, to: Pen, out: &mut Vec<u8>) {
    let mut from = from;
    let mut codes: Vec<String> = Vec::with_capacity(4);
    if to == Pen::PLAIN {
        out.extend_from_slice(b"\x1b[m");
        return;
    }
    if !to.modifier.contains(from.modifier) {
        codes.push("0".to_owned());
        from = Pen::PLAIN;
    }
    for (modifier, code) in [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::REVERSED, "7"),
        (Modifier::CROSSED_OUT, "9"),
    ] {
        if to.modifier.contains(modifier) && !from.modifier.contains(modifier) {
            codes.push(code.to_owned());
        }
    }
    if to.fg != from.fg {
        codes.push(color(to.fg, 30, 90, 38));
    }
    if to.bg != from.bg {
        codes.push(color(to.bg, 40, 100, 48));
    }
    out.extend_from_slice(b"\x1b[");
    out.extend_from_slice(codes.join(";").as_bytes());
    out.push(b'm');
}

/// A colour's codes: the eight, their bright forms, or one of the long forms.
fn color(color: Color, base: u8, bright: u8, long: u8) -> String {
    let short = |number: u8| if number < 8 { (base + number).to_string() } else { (bright + number - 8).to_string() };
    match color {
        Color::Reset => (long + 1).to_string(),
        Color::Black => short(0),
        Color::Red => short(1),
        Color::Green => short(2),
        Color::Yellow => short(3),
        Color::Blue => short(4),
        Color::Magenta => short(5),
        Color::Cyan => short(6),
        Color::Gray => short(7),
        Color::DarkGray => short(8),
        Color::LightRed => short(9),
        Color::LightGreen => short(10),
        Color::LightYellow => short(11),
        Color::LightBlue => short(12),
        Color::LightMagenta => short(13),
        Color::LightCyan => short(14),
        Color::White => short(15),
        Color::Indexed(number) if number < 16 => short(number),
        Color::Indexed(number) => format!("{long};5;{number}"),
        Color::Rgb(red, green, blue) => format!("{long};2;{red};{green};{blue}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn encoded(previous: &Buffer, next: &Buffer) -> String {
        let mut out = Vec::new();
        changes(previous, next, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn equal_frames_cost_nothing() {
        let buffer = Buffer::with_lines(["one", "two"]);
        assert_eq!(encoded(&buffer, &buffer.clone()), "");
    }

    #[test]
    fn a_run_is_moved_to_once_and_the_pen_is_left_plain() {
        let previous = Buffer::empty(Rect::new(0, 0, 10, 2));
        let mut next = previous.clone();
        next.set_string(2, 1, "abc", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        assert_eq!(encoded(&previous, &next), "\x1b[2;3H\x1b[1;31mabc\x1b[m");
    }

    #[test]
    fn a_few_blanks_are_written_again_where_a_move_is_longer_unless_they_would_be_seen() {
        let previous = Buffer::empty(Rect::new(0, 0, 12, 1));
        let mut next = previous.clone();
        for (x, style) in [(1, Style::new()), (3, Style::new()), (9, Style::new())] {
            next.set_string(x, 0, "x", style);
        }
        assert_eq!(encoded(&previous, &next), "\x1b[1;2Hx x\x1b[5Cx");
        next.set_string(3, 0, "x", Style::new().add_modifier(Modifier::REVERSED));
        next.set_string(5, 0, "x", Style::new().add_modifier(Modifier::REVERSED));
        next.set_string(9, 0, " ", Style::new());
        assert_eq!(encoded(&previous, &next), "\x1b[1;2Hx \x1b[7mx\x1b[1Cx\x1b[m");
    }

    #[test]
    fn blanks_of_a_background_are_written_again_on_it_and_on_no_other() {
        let (blue, red) = (Style::new().bg(Color::Blue), Style::new().bg(Color::Red));
        let mut previous = Buffer::empty(Rect::new(0, 0, 12, 1));
        previous.set_style(previous.area, blue);
        let mut next = previous.clone();
        next.set_string(1, 0, "x", blue);
        next.set_string(3, 0, "x", blue);
        assert_eq!(encoded(&previous, &next), "\x1b[1;2H\x1b[44mx x\x1b[m");
        next.set_string(3, 0, " ", blue);
        next.set_string(1, 0, "x", red);
        next.set_string(4, 0, "x", red);
        assert_eq!(encoded(&previous, &next), "\x1b[1;2H\x1b[41mx\x1b[2Cx\x1b[m");
    }

    #[test]
    fn a_reversed_cell_is_sent_as_seven_without_any_colour() {
        let previous = Buffer::empty(Rect::new(0, 0, 2, 1));
        let mut next = previous.clone();
        next.set_string(0, 0, "ab", Style::new().add_modifier(Modifier::REVERSED));
        assert_eq!(encoded(&previous, &next), "\x1b[1H\x1b[7mab\x1b[m");
    }
}
