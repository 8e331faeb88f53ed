//! What is wrong with a vault, in words.

use crate::domain::extension::CheckProblem;
use crate::tui::text::harmless;

/// How many lost items of a recovery point a line names.
const NAMES: usize = 5;

/// A problem in one line.
pub(super) fn line(word: &str, problem: &CheckProblem) -> String {
    let mut text = format!("{word}: {}: ", problem.subject);
    match problem.item_count {
        Some(number) => {
            let named = problem.items.iter().take(NAMES).map(|item| format!("{} ({})", item.path, item.reason));
            text += &format!("{} cannot be restored: {}", count(number, "item"), named.collect::<Vec<_>>().join(", "));
            let more = number.saturating_sub(NAMES as u64);
            if more > 0 {
                text += &format!(" and {more} more");
            }
        }
        None => text += &problem.message,
    }
    format!("{}\n", harmless(&text))
}

/// A number and what it counts.
pub(super) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
