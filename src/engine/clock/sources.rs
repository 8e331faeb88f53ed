//! Where time comes from: the machine's clocks, or those of a test.

use crate::domain::Time;
use chrono::{SubsecRound as _, Utc};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The clocks of a machine.
pub trait Clocks: Send + Sync {
    /// What the wall clock shows. Anybody may set it.
    fn wall(&self) -> Time;

    /// How long ago the machine was started, with the time in which it slept. Nobody sets it.
    fn boot(&self) -> Duration;

    /// Which start of the machine [`boot`](Self::boot) counts from; none where that cannot be told.
    fn boot_id(&self) -> Option<String>;

    /// A time that only grows while the machine is awake, from any beginning: how long threads take.
    fn awake(&self) -> Duration;
}

/// The clocks of this machine.
pub struct MachineClocks;

/// From where on [`Clocks::awake`] counts.
fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    *BEGINNING.get_or_init(Instant::now)
}

impl Clocks for MachineClocks {
    fn wall(&self) -> Time {
        Utc::now().trunc_subsecs(3)
    }

    fn boot(&self) -> Duration {
        // The kernel counts the time asleep here, which `Instant` does not. Without /proc a machine that slept looks like
        // one whose clock was set: for an hour nothing expires, which does no harm.
        let uptime = std::fs::read_to_string("/proc/uptime").ok();
        uptime.as_deref().and_then(seconds).unwrap_or_else(|| beginning().elapsed())
    }

    fn boot_id(&self) -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty() && std::fs::metadata("/proc/uptime").is_ok())
    }

    fn awake(&self) -> Duration {
        beginning().elapsed()
    }
}

/// The first number of `/proc/uptime`.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_clocks_go_forward() {
        let clocks = MachineClocks;
        let before = (clocks.boot(), clocks.awake());
        std::thread::sleep(Duration::from_millis(30));
        assert!(clocks.boot() > before.0 && clocks.awake() > before.1);
        assert!(clocks.boot() > Duration::from_secs(1), "it counts from the machine's start, not from the test's");
    }

    #[test]
    fn the_kernels_text_is_read() {
        assert_eq!(seconds("350735.47 234388.90\n"), Some(Duration::from_millis(350_735_470)));
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("-1 0"), None);
    }
}
