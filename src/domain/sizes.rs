//! Sizes and spans as people read them, and what is usual among many.

use chrono::Duration;

/// `0 B`, `512 B`, `1.5 KiB`, `12 GiB`: three significant digits at most.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// How long something is, lies back or ahead, never finer than a minute, so that it changes once a minute at most:
/// `<1m`, `5m`, `2h 10m`, `3d 4h`, `45d`.
pub fn span(span: Duration) -> String {
    let minutes = span.num_minutes().abs();
    match minutes {
        0 => "<1m".to_owned(),
        1..60 => format!("{minutes}m"),
        60..1_440 if minutes % 60 == 0 => format!("{}h", minutes / 60),
        60..1_440 => format!("{}h {:02}m", minutes / 60, minutes % 60),
        1_440..14_400 if minutes % 1_440 < 60 => format!("{}d", minutes / 1_440),
        1_440..14_400 => format!("{}d {}h", minutes / 1_440, minutes % 1_440 / 60),
        _ => format!("{}d", minutes / 1_440),
    }
}

/// The middle of some values; none of none.
pub fn median<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
