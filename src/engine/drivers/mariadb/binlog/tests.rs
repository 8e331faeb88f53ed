//! The log of a server as it is read: whole, torn anywhere, damaged, with checksums and without.

use super::super::crc32::Crc32;
use super::events::{Events, FIRST, MAGIC};
use super::fetch::is_still;
use super::groups::{Group, Walked, walk};
use super::*;
use std::io;

const FORMAT: u8 = 15;
const BEGIN: u8 = 162;
const QUERY: u8 = 2;
const ROWS: u8 = 23;
const COMMIT: u8 = 16;
const ROTATE: u8 = 4;

/// A file of a log as a server writes it.
struct Written {
    bytes: Vec<u8>,
    has_checksums: bool,
    /// Where each event ends.
    ends: Vec<u64>,
}

impl Written {
    fn new(has_checksums: bool) -> Self {
        let mut written = Self { bytes: MAGIC.to_vec(), has_checksums: true, ends: Vec::new() };
        let mut body = vec![0; 220];
        body.push(u8::from(has_checksums));
        let written = written.event(1000, FORMAT, &body);
        let (bytes, ends) = (std::mem::take(&mut written.bytes), std::mem::take(&mut written.ends));
        Self { bytes, has_checksums, ends }
    }

    fn event(&mut self, time: u32, kind: u8, body: &[u8]) -> &mut Self {
        let length = 19 + body.len() + if self.has_checksums { 4 } else { 0 };
        let end = self.bytes.len() + length;
        let head = [&time.to_le_bytes()[..], &[kind], &1_u32.to_le_bytes(), &(length as u32).to_le_bytes()].concat();
        let event = [&head[..], &(end as u32).to_le_bytes(), &[0, 0], body].concat();
        self.bytes.extend_from_slice(&event);
        if self.has_checksums {
            let mut sum = Crc32::default();
            sum.add(&event);
            self.bytes.extend_from_slice(&sum.value().to_le_bytes());
        }
        self.ends.push(end as u64);
        self
    }

    fn begin(&mut self, time: u32, flags: u8) -> &mut Self {
        self.event(time, BEGIN, &[&[0; 12][..], &[flags, 0, 0, 0, 0, 0, 0]].concat())
    }

    fn says(&mut self, time: u32, statement: &str) -> &mut Self {
        let head = [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 2, 0, 7, 7];
        self.event(time, QUERY, &[&head[..], b"shop\0"[1..].as_ref(), statement.as_bytes()].concat())
    }

    /// A transaction whose statements began before its commit.
    fn transaction(&mut self, time: u32) -> &mut Self {
        self.begin(time, 0)
            .event(time - 5, ROWS, &[9; 40])
            .event(time - 1, ROWS, &[8; 300])
            .event(time, COMMIT, &[0; 8])
    }

    fn statement(&mut self, time: u32) -> &mut Self {
        self.begin(time, 1).says(time, "CREATE TABLE t (i int)")
    }
}

fn walked(bytes: &[u8]) -> io::Result<(Vec<Group>, Walked)> {
    let mut groups = Vec::new();
    let mut events = Events::from(bytes, FIRST)?;
    let walked = walk(&mut events, |group| groups.push(group))?;
    Ok((groups, walked))
}

fn sample(has_checksums: bool) -> Written {
    let mut written = Written::new(has_checksums);
    written.event(1000, 163, &[0; 4]).transaction(2000).statement(1500);
    written.begin(2100, 0).says(2050, "INSERT INTO old VALUES (1)").says(2100, "COMMIT");
    written.begin(2200, 0).says(2200, "XA ROLLBACK X'71',X'',1");
    written.event(2300, ROTATE, b"\x04\0\0\0\0\0\0\0mariadb-bin.000002");
    written
}

#[test]
fn a_group_is_what_one_transaction_or_one_statement_outside_of_any_wrote() {
    for has_checksums in [true, false] {
        let written = sample(has_checksums);
        let (groups, walked) = walked(&written.bytes).unwrap();
        let times: Vec<u32> = groups.iter().map(|group| group.time).collect();
        assert_eq!(times, [2000, 1500, 2100, 2200]);
        let at = |event: usize| written.ends[event];
        let places: Vec<_> = groups.iter().map(|group| (group.start, group.end)).collect();
        assert_eq!(places, [(at(1), at(5)), (at(5), at(7)), (at(7), at(10)), (at(10), at(12))]);
        let length = written.bytes.len() as u64;
        assert_eq!((walked.end, walked.read, walked.first, walked.begun), (length, length, at(0), 1000));
        assert!(walked.is_closed && !walked.has_lost && walked.newest == Some(2200));
    }
}

#[test]
fn a_transaction_that_goes_back_to_a_savepoint_goes_on() {
    let mut written = Written::new(true);
    written.begin(2000, 0).event(1990, ROWS, &[9; 40]).says(1991, "SAVEPOINT `sp`").event(1992, ROWS, &[9; 40]);
    written.says(1993, "ROLLBACK TO `sp`").event(1994, ROWS, &[9; 40]).event(2000, COMMIT, &[0; 8]);
    written.begin(2100, 0).event(2090, ROWS, &[9; 40]).says(2100, "ROLLBACK");
    written.begin(2200, 0).says(2200, "XA COMMIT X'71',X'',1").transaction(2300);
    let (groups, walked) = walked(&written.bytes).unwrap();
    let places: Vec<_> = groups.iter().map(|group| (group.time, group.start, group.end)).collect();
    let at = |event: usize| written.ends[event];
    assert_eq!(places, [(2000, at(0), at(7)), (2100, at(7), at(10)), (2200, at(10), at(12)), (2300, at(12), at(16))]);
    assert_eq!(walked.end, written.bytes.len() as u64);
}

#[test]
fn a_log_that_was_reset_within_a_second_and_has_the_same_length_is_another_one() {
    let log = |has_checksums, byte: u8| {
        let mut written = Written::new(has_checksums);
        written.event(1000, 163, &[0; 4]).transaction(2000);
        written.begin(2000, 0).event(1999, ROWS, &[byte; 40]).event(2000, COMMIT, &[0; 8]);
        written
    };
    for has_checksums in [true, false] {
        let stored = log(has_checksums, 1);
        let (groups, before) = walked(&stored.bytes).unwrap();
        let (last, head) = (before.units.1.unwrap(), stored.ends[0] as usize);
        assert_eq!(last.start, groups[1].start);
        // As it is fetched again: the server's first event, and then those from there on.
        let again = |log: &Written| {
            let bytes = [&log.bytes[..head], &log.bytes[last.start as usize..]].concat();
            walk(&mut Events::from(&bytes[..], last.start).unwrap(), |_| ()).unwrap()
        };
        let mut longer = log(has_checksums, 1);
        longer.transaction(2400);
        let reset = log(has_checksums, 2);
        assert_eq!((reset.bytes.len(), again(&reset).begun), (stored.bytes.len(), before.begun));
        assert!(is_still(last, &again(&stored)) && is_still(last, &again(&longer)));
        assert!(!is_still(last, &again(&reset)));
        assert_eq!(again(&stored).units.1, Some(last));
    }
}

#[test]
fn a_log_that_is_torn_anywhere_counts_up_to_its_last_whole_group() {
    for has_checksums in [true, false] {
        let written = sample(has_checksums);
        let at = |event: usize| written.ends[event];
        let whole = [FIRST, at(0), at(1), at(5), at(7), at(10), at(12), at(13)];
        for length in 0..written.bytes.len() as u64 {
            let (groups, walked) = walked(&written.bytes[..length as usize]).unwrap();
            let expected = whole.iter().rfind(|end| **end <= length && **end > FIRST).copied().unwrap_or_default();
            assert_eq!(walked.end, expected, "{length}");
            assert_eq!(walked.read, expected, "{length}");
            assert_eq!(groups.last().map_or(expected.min(at(1)), |group| group.end), expected.min(at(12)), "{length}");
            assert!(!walked.is_closed);
        }
    }
}

#[test]
fn a_log_that_is_read_from_its_midst_has_the_servers_places() {
    let written = sample(true);
    let (first, from) = (written.ends[0] as usize, written.ends[5]);
    // The server says nothing of the place of the first event then.
    let mut head = written.bytes[..first].to_vec();
    head[4 + 13..4 + 17].fill(0);
    let mut sum = Crc32::default();
    sum.add(&head[4..first - 4]);
    head[first - 4..].copy_from_slice(&sum.value().to_le_bytes());
    let bytes = [&head[..], &written.bytes[from as usize..]].concat();
    let mut events = Events::from(&bytes[..], from).unwrap();
    let mut groups = Vec::new();
    let walked = walk(&mut events, |group| groups.push(group.start)).unwrap();
    assert_eq!(groups, [written.ends[5], written.ends[7], written.ends[10]]);
    assert_eq!((walked.end, walked.first), (written.bytes.len() as u64, first as u64));
    assert_eq!(walked.read, bytes.len() as u64);
    // Something else than was asked for.
    let mut elsewhere = Events::from(&bytes[..], from + 1).unwrap();
    assert!(walk(&mut elsewhere, |_| ()).unwrap_err().to_string().contains("lies elsewhere"));
}

#[test]
fn what_is_damaged_or_no_log_of_mariadb_is_an_error() {
    let told = |bytes: &[u8]| walked(bytes).unwrap_err().to_string();
    let written = sample(true);
    let mut damaged = written.bytes.clone();
    damaged[written.ends[3] as usize + 40] ^= 1;
    assert!(told(&damaged).contains("checksum of an event is wrong"));
    assert!(told(b"\xfebix").contains("does not begin"));
    assert!(told(&[&MAGIC[..], &written.bytes[written.ends[0] as usize..]].concat()).contains("how it is written"));
    let mut short = written.bytes.clone();
    short[4 + 9..4 + 13].copy_from_slice(&5_u32.to_le_bytes());
    assert!(told(&short).contains("shorter than any"));
    let mut within = Written::new(true);
    within.begin(1, 0).begin(2, 0);
    assert!(told(&within.bytes).contains("within another"));
    let mut without = Written::new(true);
    without.says(1, "INSERT INTO t VALUES (1)");
    assert!(told(&without.bytes).contains("to no transaction"));
}

#[test]
fn a_server_that_lost_changes_says_so() {
    let mut written = Written::new(true);
    // Of a large event only the beginning is kept.
    written.begin(1900, 0).event(1900, ROWS, &vec![8; 200_000]).event(1900, COMMIT, &[0; 8]);
    written.event(2001, 26, &[1, 0]).transaction(2002);
    let (groups, walked) = walked(&written.bytes).unwrap();
    assert!(walked.has_lost && groups.len() == 1);
}

#[test]
fn a_base_needs_the_file_in_which_it_ends_and_those_behind_it() {
    let base = PointDetails::from([(
        POSITION_DETAIL.to_owned(),
        "filename 'mariadb-bin.999999', position '859', GTID of the last change '0-1-3'".to_owned(),
    )]);
    assert_eq!(place_of(&base), Some((LogName::parse("mariadb-bin.999999").unwrap(), 859)));
    let Needed::Files(is_needed) = Log.needed(&base) else { panic!("files are") };
    let needs = |file: &str| is_needed(file.as_bytes());
    assert!(needs("mariadb-bin.999999") && needs("mariadb-bin.1000000.times") && needs("mariadb-bin.1000000"));
    assert!(!needs("mariadb-bin.999998") && !needs("mariadb-bin.999998.times"));
    let log: Place = Log.behind(&base).unwrap().read().unwrap();
    assert_eq!((log.file.as_str(), log.position), ("mariadb-bin.999999", 859));
    assert!(Log.behind(&PointDetails::new()).is_err());
}

#[test]
fn a_server_that_was_upgraded_does_not_go_on_with_the_log_of_the_one_before() {
    let base = PointDetails::from([
        (POSITION_DETAIL.to_owned(), "filename 'b.000001', position '4'".to_owned()),
        (VERSION_DETAIL.to_owned(), "10.11.6-MariaDB-log".to_owned()),
    ]);
    let place: Place = Log.behind(&base).unwrap().read().unwrap();
    assert_eq!(place.upgrade(Version::of("10.11.19-MariaDB")), None);
    let why = place.upgrade(Version::of("11.4.2-MariaDB")).unwrap();
    assert!(why.contains("from 10.11 to 11.4"), "{why}");
    // The place that is stored next knows it too; one from before versions were noted learns it.
    assert!(Place::behind(&LogName::parse("b.000002").unwrap(), 4).upgrade(Version::of("11.4.2")).is_none());
    let next = Place::behind(&LogName::parse("b.000002").unwrap(), 4).of_version(Version::of("11.4.2-MariaDB"));
    assert!(next.upgrade(Version::of("10.11.6")).is_some() && next.upgrade(Version::of("11.4.9")).is_none());
}

#[test]
fn only_a_log_of_rows_can_be_rested_on() {
    for (format, is_safe) in [("ROW", true), ("row", true), ("MIXED", false), ("STATEMENT", false), ("", false)] {
        assert_eq!(checks::is_safe(format), is_safe, "{format}");
    }
}
