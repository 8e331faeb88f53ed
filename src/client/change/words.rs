//! The words that summaries share.

use crate::domain::Arn;

/// The part of an ARN or id that is short enough to type: its last word's first eight characters.
pub(super) fn short(arn: &Arn) -> String {
    let last = arn.resource().rsplit([':', '/']).next().unwrap_or_default();
    let last = last.strip_prefix("snap-").unwrap_or(last);
    last.chars().take(8).collect()
}

/// `1 tag`, `2 tags`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
