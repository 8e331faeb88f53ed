//! What brings notifications to their targets: topics of SNS, webhooks, commands. Each says whether the other side has what
//! was sent, within a limit; when it is sent again is the engine's matter. What is said of a failure has no secrets in it: a
//! webhook's URL often is one.

pub mod command;
pub mod sns;
pub mod webhook;

use std::time::Duration;

/// How long a target may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How much of what a target says of a failure is told.
const LONGEST_WORDS: usize = 200;

/// What a target said, harmless and short.
fn words(text: &str) -> String {
    crate::client::text::clean(text.trim()).chars().take(LONGEST_WORDS).collect()
}
