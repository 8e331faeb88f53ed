//! The time zone of whoever sits at the terminal.

use chrono_tz::Tz;
use std::path::Path;

/// What `TZ` names, else this machine's zone; UTC where neither is told by a name that is known.
pub fn here() -> Tz {
    let link = std::fs::read_link("/etc/localtime").ok();
    named(std::env::var("TZ").ok().as_deref(), link.as_deref())
}

fn named(variable: Option<&str>, link: Option<&Path>) -> Tz {
    let zone = |name: &str| name.parse::<Tz>().ok();
    let in_folder = |path: &str| path.split_once("zoneinfo/").and_then(|(_, name)| zone(name));
    match variable.map(|text| text.trim_start_matches(':')) {
        // As the C library has it: an empty one is UTC, and so is one that names nothing.
        Some(text) => zone(text).or_else(|| in_folder(text)).unwrap_or(Tz::UTC),
        None => link.and_then(|link| in_folder(link.to_str()?)).unwrap_or(Tz::UTC),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_goes_before_the_machine_and_what_is_not_known_is_utc() {
        let link = Path::new("/usr/share/zoneinfo/America/New_York");
        let table = [
            (None, Some(link), "America/New_York"),
            (None, Some(Path::new("../usr/share/zoneinfo/Etc/UTC")), "Etc/UTC"),
            (None, None, "UTC"),
            (Some("Europe/Berlin"), Some(link), "Europe/Berlin"),
            (Some(":/usr/share/zoneinfo/Asia/Tokyo"), Some(link), "Asia/Tokyo"),
            (Some(""), Some(link), "UTC"),
            (Some("CET-1CEST,M3.5.0,M10.5.0/3"), Some(link), "UTC"),
        ];
        for (variable, link, zone) in table {
            assert_eq!(named(variable, link).name(), zone, "{variable:?} {link:?}");
        }
    }
}
