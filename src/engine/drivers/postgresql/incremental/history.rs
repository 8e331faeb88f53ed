//! Of what history a backup is: its cluster, its timeline, and its part of the log.

use super::super::manifest::{Manifest, Range};
use super::super::server::Identity;
use super::super::wal::parse_place;

/// Of what history a base is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct History {
    system_identifier: u64,
    range: Range,
}

impl History {
    /// What the manifest of a backup of one timeline says; the error says why it is of none.
    pub(super) fn of(manifest: &Manifest) -> Result<Self, String> {
        let system_identifier = manifest.system_identifier.ok_or("its manifest names no system identifier")?;
        let range = manifest.only_range().ok_or("it spans several timelines")?.clone();
        if parse_place(&range.start).is_none() || parse_place(&range.end).is_none() {
            return Err("its manifest does not say where its log begins and ends".to_owned());
        }
        Ok(Self { system_identifier, range })
    }

    /// Where in the log it begins.
    pub(super) fn begin(&self) -> &str {
        &self.range.start
    }

    /// Refuses this as the base of a backup that came.
    pub(in super::super) fn is_before(&self, manifest: &Manifest) -> Result<(), String> {
        let now = Self::of(manifest)?;
        if (now.system_identifier, now.range.timeline) != (self.system_identifier, self.range.timeline) {
            return Err("it came of another cluster or timeline than the backup before".to_owned());
        }
        if parse_place(&now.range.start) < parse_place(&self.range.end) {
            return Err("it begins in the log before the backup before ends".to_owned());
        }
        Ok(())
    }

    /// Refuses it for a server of another history.
    pub(super) fn is_of(&self, identity: &Identity) -> Result<(), String> {
        if self.system_identifier.to_string() != identity.system_identifier {
            return Err("the backup before is of another cluster".to_owned());
        }
        let (then, now) = (self.range.timeline, u64::from(identity.timeline));
        if then != now {
            return Err(format!("the server went over from timeline {then} to {now} since the backup before"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(system: &str, ranges: &[(u32, &str, &str)]) -> Manifest {
        let range = |(timeline, start, end): &(u32, &str, &str)| {
            format!(r#"{{"Timeline": {timeline}, "Start-LSN": "{start}", "End-LSN": "{end}"}}"#)
        };
        let ranges: Vec<String> = ranges.iter().map(range).collect();
        let text = format!(r#"{{{system} "Files": [], "WAL-Ranges": [{}]}}"#, ranges.join(", "));
        Manifest::read(text.as_bytes()).unwrap()
    }

    const SEVEN: &str = r#""System-Identifier": 7,"#;

    #[test]
    fn a_base_is_of_one_timeline_of_the_servers_own_cluster() {
        let told = |system, ranges: &[(u32, &str, &str)]| History::of(&manifest(system, ranges));
        let base = told(SEVEN, &[(2, "0/2000028", "0/2000100")]).unwrap();
        let server = |system: &str, timeline| Identity { system_identifier: system.to_owned(), timeline };
        assert_eq!(base.is_of(&server("7", 2)), Ok(()));
        assert!(base.is_of(&server("8", 2)).unwrap_err().contains("another cluster"));
        assert!(base.is_of(&server("7", 3)).unwrap_err().contains("from timeline 2 to 3"));
        for (system, ranges, why) in [
            ("", &[(2, "0/2000028", "0/2000100")][..], "no system identifier"),
            (SEVEN, &[(1, "0/2000028", "0/2000050"), (2, "0/2000050", "0/2000100")], "several timelines"),
            (SEVEN, &[], "several timelines"),
            (SEVEN, &[(2, "here", "0/2000100")], "begins and ends"),
        ] {
            assert!(told(system, ranges).unwrap_err().contains(why), "{why}");
        }
    }

    #[test]
    fn what_came_goes_on_from_the_base_in_the_same_timeline() {
        let base = History::of(&manifest(SEVEN, &[(2, "0/2000028", "0/2000100")])).unwrap();
        let judged = |system, ranges: &[(u32, &str, &str)]| base.is_before(&manifest(system, ranges));
        assert_eq!(judged(SEVEN, &[(2, "0/4000028", "0/4000100")]), Ok(()));
        for (system, ranges, why) in [
            (SEVEN, &[(3, "0/4000028", "0/4000100")][..], "another cluster or timeline"),
            (r#""System-Identifier": 8,"#, &[(2, "0/4000028", "0/4000100")], "another cluster or timeline"),
            (SEVEN, &[(2, "0/2000050", "0/4000100")], "before the backup before ends"),
            (SEVEN, &[(2, "0/4000028", "0/4000050"), (3, "0/4000050", "0/4000100")], "several timelines"),
        ] {
            assert!(judged(system, ranges).unwrap_err().contains(why), "{why}");
        }
    }
}
