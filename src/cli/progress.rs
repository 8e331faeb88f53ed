//! Progress bars: on standard error, in ASCII, and only where a terminal can draw them.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A bar's length: tenths of a percent.
pub(super) const LENGTH: u64 = 1000;

/// A bar of this template. It is hidden where standard error is no terminal, or one that cannot go back on its line.
pub(super) fn bar(template: &str) -> ProgressBar {
    let target = if crate::tui::places_text() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(LENGTH), target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> ").tick_chars("-\\|/ "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
