//! The smallest terminal in which anything is drawn.

/// Columns and rows: below this nothing useful fits.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Whether nothing can be drawn in a terminal of this size.
pub fn is_too_small((width, height): (u16, u16)) -> bool {
    width < SMALLEST.0 || height < SMALLEST.1
}
