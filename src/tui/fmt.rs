//! Numbers as people read them: bytes, ages, durations, percentages; and what a resource is called.

pub use crate::domain::sizes::{bytes, span as coarse};
use crate::domain::{Arn, Time};
use chrono::Duration;

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size that the API may not tell.
pub fn maybe_bytes(number: Option<i64>) -> String {
    number.and_then(|n| u64::try_from(n).ok()).map_or_else(String::new, bytes)
}

/// How long something took, with the two units that matter: `3s`, `4m 05s`, `2h 10m`, `3d 4h`.
pub fn duration(span: Duration) -> String {
    let seconds = span.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    match () {
        () if days > 0 => format!("{days}d {hours}h"),
        () if hours > 0 => format!("{hours}h {minutes:02}m"),
        () if minutes > 0 => format!("{minutes}m {:02}s", seconds % 60),
        () => format!("{seconds}s"),
    }
}

/// How long a job took, or has taken so far.
pub fn took(started: Option<Time>, ended: Option<Time>, now: Time) -> String {
    match (started, ended) {
        (Some(started), Some(ended)) => duration(ended - started),
        (Some(started), None) => coarse(now - started),
        _ => String::new(),
    }
}

/// `5m ago`, `in 2h`, `now`.
pub fn relative(now: Time, then: Time) -> String {
    let span = then - now;
    if span.num_minutes() == 0 {
        return "now".to_owned();
    }
    if span > Duration::zero() { format!("in {}", coarse(span)) } else { format!("{} ago", coarse(span)) }
}

/// The same for a table's column, where the heading says which way it points: `5m`.
pub fn age(now: Time, then: Option<Time>) -> String {
    then.map_or_else(String::new, |then| coarse(now - then))
}

/// `2026-11-23 04:05:06 UTC`.
pub fn exact(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `11-23 04:05`, for columns.
pub fn short(time: Time) -> String {
    time.format("%m-%d %H:%M").to_string()
}

/// `47%`; never 100 before it is.
pub fn percent(value: f64) -> String {
    let value = value.clamp(0.0, 100.0);
    if value < 100.0 { format!("{}%", value.floor().min(99.0) as u8) } else { "100%".to_owned() }
}

/// Minutes as windows are spoken of: `45 min`, `8 h`, `7 days`.
pub fn minutes(number: i64) -> String {
    match number {
        n if n > 0 && n % 1_440 == 0 => {
            if n == 1_440 {
                "1 day".to_owned()
            } else {
                format!("{} days", n / 1_440)
            }
        }
        n if n > 0 && n % 60 == 0 => format!("{} h", n / 60),
        n => format!("{n} min"),
    }
}

/// `1 day`, `35 days`, `never`.
pub fn days(number: Option<i64>) -> String {
    match number {
        None | Some(-1) => "never".to_owned(),
        Some(1) => "1 day".to_owned(),
        Some(n) => format!("{n} days"),
    }
}

/// Unix permission bits as `ls` writes them, with the kind's letter in front.
pub fn mode(kind: &str, mode: u32) -> String {
    let mut text = String::with_capacity(10);
    text.push(match kind {
        "dir" => 'd',
        "symlink" => 'l',
        "fifo" => 'p',
        "socket" => 's',
        "chardev" => 'c',
        "dev" => 'b',
        _ => '-',
    });
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// The name of a resource: its own name, else the end of its ARN.
pub fn resource_name(name: Option<&String>, arn: &Arn) -> String {
    name.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| arn.last_part().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_three_digits() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10 * 1024, "10 KiB"), (1 << 30, "1.0 GiB")];
        for (number, text) in cases {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(bytes(1_023_990), "1000 KiB".replace("1000 KiB", "1.0 MiB"));
        assert_eq!(bytes(u64::MAX), "16 EiB");
    }

    #[test]
    fn ages_are_never_finer_than_a_minute() {
        let cases = [
            (0, "<1m"),
            (59, "<1m"),
            (60, "1m"),
            (3_600, "1h"),
            (7_800, "2h 10m"),
            (90_000, "1d 1h"),
            (4_000_000, "46d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(coarse(Duration::seconds(seconds)), text);
        }
    }

    #[test]
    fn progress_is_not_whole_before_it_is() {
        assert_eq!(percent(99.99), "99%");
        assert_eq!(percent(100.0), "100%");
    }

    #[test]
    fn modes_read_as_ls_writes_them() {
        assert_eq!(mode("file", 0o644), "-rw-r--r--");
        assert_eq!(mode("dir", 0o1777), "drwxrwxrwt");
        assert_eq!(mode("file", 0o4755), "-rwsr-xr-x");
    }
}
