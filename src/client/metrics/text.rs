//! The text of [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) 1.0.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The media type of what [`text`] gives.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What kind of number a family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One that goes up and down.
    Gauge,
    /// One that only grows while a process lives; its samples end in `_total`.
    Counter,
}

/// Names and values of labels.
pub type Labels = Vec<(&'static str, String)>;

/// The numbers of one name, each with its labels once, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name, which ends with the unit where there is one.
    pub name: &'static str,
    /// What kind of number.
    pub kind: Kind,
    /// The base unit.
    pub unit: Option<&'static str>,
    /// What it is, in one sentence.
    pub help: &'static str,
    /// The numbers.
    pub samples: BTreeMap<Labels, f64>,
}

impl Family {
    /// A family of gauges without a unit.
    pub fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, unit: None, help, samples: BTreeMap::new() }
    }

    /// The same in a unit.
    pub fn of_unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// A family of one counter.
    pub fn counter(name: &'static str, help: &'static str, count: u64) -> Self {
        let samples = BTreeMap::from([(Labels::new(), count as f64)]);
        Self { kind: Kind::Counter, samples, ..Self::new(name, help) }
    }

    /// Adds to the number of these labels.
    pub fn add(&mut self, labels: Labels, number: f64) {
        *self.samples.entry(labels).or_default() += number;
    }
}

/// All families as text, in their order.
pub fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        // A write to a text does not fail.
        let _ = write_family(&mut text, family);
    }
    text.push_str("# EOF\n");
    text
}

fn write_family(text: &mut String, family: &Family) -> std::fmt::Result {
    let name = family.name;
    let (kind, suffix) = match family.kind {
        Kind::Gauge => ("gauge", ""),
        Kind::Counter => ("counter", "_total"),
    };
    writeln!(text, "# TYPE {name} {kind}")?;
    if let Some(unit) = family.unit {
        writeln!(text, "# UNIT {name} {unit}")?;
    }
    writeln!(text, "# HELP {name} {}", escaped(family.help))?;
    for (labels, number) in &family.samples {
        write!(text, "{name}{suffix}")?;
        let pairs: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        if !pairs.is_empty() {
            write!(text, "{{{}}}", pairs.join(","))?;
        }
        writeln!(text, " {number}")?;
    }
    Ok(())
}

/// A name may have any character; one that steers a terminal or breaks a reader off tells nobody anything.
fn escaped(value: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    value.chars().map(shown).collect::<String>().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_tells_type_unit_and_help_and_each_set_of_labels_once_in_order() {
        let mut sizes = Family::new("vault_size_bytes", "How large.").of_unit("bytes");
        sizes.add(vec![("vault", "b".to_owned())], 1.5);
        sizes.add(vec![("vault", "a".to_owned())], 3e9);
        sizes.add(vec![("vault", "b".to_owned())], 0.5);
        let text = text(&[sizes, Family::counter("reads", "How often.", 7)]);
        assert_eq!(
            text,
            "# TYPE vault_size_bytes gauge\n# UNIT vault_size_bytes bytes\n# HELP vault_size_bytes How large.\n\
             vault_size_bytes{vault=\"a\"} 3000000000\nvault_size_bytes{vault=\"b\"} 2\n\
             # TYPE reads counter\n# HELP reads How often.\nreads_total 7\n# EOF\n"
        );
    }

    #[test]
    fn a_name_ends_no_label_and_no_line() {
        let mut up = Family::new("up", "h");
        up.add(vec![("name", "a\"} 1\nb\\".to_owned())], 1.0);
        assert!(text(&[up]).contains("up{name=\"a\\\"} 1\\nb\\\\\"} 1\n"));
    }

    #[test]
    fn a_control_character_of_a_name_reaches_no_reader() {
        let mut up = Family::new("up", "h");
        up.add(vec![("name", "a\r\0\u{1b}[2J\u{85}b\nc".to_owned())], 1.0);
        assert!(text(&[up]).contains("up{name=\"a\u{fffd}\u{fffd}\u{fffd}[2J\u{fffd}b\\nc\"} 1\n"));
    }
}
