//! What services say of themselves, in words: names of an API and texts, whatever the service.

use crate::domain::extension::ResourceProbe;
use crate::domain::{Consistency, Time};
use crate::tui::fmt;

/// Words of APIs that are spelled in capitals.
const ABBREVIATIONS: [&str; 5] = ["acls", "id", "lsn", "uid", "wal"];

/// A name of an API as words: `EngineVersion` is `Engine version`; what its value shows anyhow is left out, as in `DatabaseBytes`.
pub fn label(name: &str) -> String {
    if let Some(of) = name.strip_suffix("Bytes").filter(|of| !of.is_empty()) {
        let of = of.strip_suffix("Size").unwrap_or(of);
        return if of.is_empty() { "Size".to_owned() } else { format!("{} size", words(of)) };
    }
    words(name.strip_suffix("Time").filter(|of| !of.is_empty()).unwrap_or(name))
}

fn words(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut was_capital = false;
    for letter in name.chars() {
        match words.last_mut().filter(|_| !letter.is_uppercase() || was_capital) {
            Some(word) => word.push(letter),
            None => words.push(letter.to_string()),
        }
        was_capital = letter.is_uppercase();
    }
    let spelled = |(nth, word): (usize, String)| match word.to_lowercase() {
        known if ABBREVIATIONS.contains(&known.as_str()) => known.to_uppercase(),
        lower if nth > 0 => lower,
        _ => word,
    };
    words.into_iter().enumerate().map(spelled).collect::<Vec<_>>().join(" ")
}

/// A value as people read it: a number of bytes as a size, a time of the API as one of the dashboard's, a word with its meaning.
pub fn value(name: &str, value: &str) -> String {
    if name == Consistency::NAME
        && let Some(meaning) = Consistency::meaning(value)
    {
        return format!("{value}: {meaning}");
    }
    if name.ends_with("Bytes")
        && let Ok(bytes) = value.parse()
    {
        return fmt::bytes(bytes);
    }
    if name.ends_with("Time")
        && let Ok(time) = value.parse::<Time>()
    {
        return fmt::exact(time);
    }
    value.to_owned()
}

/// What a probe found, in one sentence or two.
pub fn found(probe: &ResourceProbe) -> String {
    let facts = probe.facts.iter().map(|(name, text)| {
        let (label, value) = (label(name), value(name, text));
        format!("{} {value}", lower(&label))
    });
    let facts = facts.collect::<Vec<_>>().join(", ");
    let mut told = if facts.is_empty() {
        format!("It can be read at {}.", probe.location)
    } else {
        format!("It can be read at {}: {facts}.", probe.location)
    };
    if let Some(continuous) = &probe.continuous {
        let missing = continuous.missing.as_deref().unwrap_or("it cannot be followed");
        let said = if continuous.possible { "is possible" } else { missing };
        told.push_str(&format!(
            " Continuous backup{} {said}.",
            if continuous.possible { "" } else { " is not possible:" }
        ));
    }
    if probe.resource_arn.is_some() {
        told.push_str(" It is registered already under this name: its tags and its secret are replaced.");
    }
    told
}

/// A label inside a sentence; what begins with an abbreviation stays as it is.
pub fn lower(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::Location;

    #[test]
    fn names_of_an_api_become_words() {
        let table = [
            ("EngineVersion", "Engine version"),
            ("DatabaseBytes", "Database size"),
            ("SizeBytes", "Size"),
            ("Bytes", "Bytes"),
            ("WalLevel", "WAL level"),
            ("StartLsn", "Start LSN"),
            ("LatestRestorableTime", "Latest restorable"),
            ("Consistency", "Consistency"),
            ("", ""),
        ];
        for (name, words) in table {
            assert_eq!(label(name), words);
        }
    }

    #[test]
    fn a_size_is_a_size_and_a_moment_a_moment() {
        assert_eq!(value("DatabaseBytes", "7803391"), "7.4 MiB");
        assert_eq!(value("DatabaseBytes", "many"), "many");
        assert_eq!(value("LatestRestorableTime", "2026-11-26T10:00:01.5Z"), "2026-11-26 10:00:01 UTC");
        assert!(value("Consistency", "crash").starts_with("crash: all of one moment"));
    }

    #[test]
    fn what_a_probe_found_is_told_with_what_is_missing_for_continuous_backup() {
        let mut probe = ResourceProbe {
            location: Location::at_path("/srv"),
            facts: [("EngineVersion".to_owned(), "15.18".to_owned())].into(),
            continuous: Some(Ok(()).into()),
            resource_arn: None,
        };
        assert_eq!(found(&probe), "It can be read at /srv: engine version 15.18. Continuous backup is possible.");
        probe.continuous = Some(Err("it keeps no log".to_owned()).into());
        assert!(found(&probe).ends_with("Continuous backup is not possible: it keeps no log."));
    }
}
