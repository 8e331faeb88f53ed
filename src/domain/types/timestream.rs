//! Timestream tables, and databases of servers that speak InfluxDB's protocol.

use crate::domain::Invalid;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::endpoint::check_server;
use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Json, Number, Text};
use crate::domain::types::keys::{Asked, KeyFact, Metadata, URL_KEY, may, must, parse_bool, refused, value};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::Timestream::Table"],
    arns: &[ArnForm { service: "timestream", resource: "database/*/table/*" }],
    noun: "database",
    tagged_as: &["timestream:table"],
    locations: &[LocationForm { needs: &[Part::Url, Part::Database], may: &[], secret: true }],
    looks: &[(Part::Url, "http://HOST:PORT of InfluxDB 1")],
    restore_keys: KEYS,
    target_key: Some(DATABASE_KEY),
    can_go_cold: true,
    check_restore: |metadata| TimestreamRestore::read(metadata).map(drop),
    refuses_tags: never,
    is_fully_managed: true,
    ..TypeFacts::named("Timestream")
};

/// The key that names the new table.
pub const TABLE_KEY: &str = "TableName";

/// The key that names its database.
pub const DATABASE_KEY: &str = "DestinationDatabase";

/// The key with the hours for which AWS keeps records in memory.
pub const MEMORY_KEY: &str = "MemoryStoreRetentionPeriodInHours";

/// The key with the days for which records are kept.
pub const DAYS_KEY: &str = "MagneticStoreRetentionPeriodInDays";

/// The longest that AWS keeps records: 200 years.
pub const MOST_DAYS: i64 = 73_000;

/// The longest that AWS keeps records in memory: a year.
const MOST_HOURS: i64 = 8_766;

const KEYS: &[KeyFact] = &[
    must(TABLE_KEY, Text, "the new table's name"),
    must(DATABASE_KEY, Text, "its database"),
    must(MEMORY_KEY, Number, "hours in memory, where the service tells them from those on disk"),
    must(DAYS_KEY, Number, "days on disk"),
    may("EnableMagneticStoreWrites", Bool, "whether old records may be written").asked(Asked::ByAws),
    may("MagneticStoreWriteProperties", Json, "how").asked(Asked::ByAws),
    may(URL_KEY, Text, "the server of the database, if not that of the source; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Server", &[]),
];

/// A restore of a Timestream recovery point, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestreamRestore {
    /// What the new resource is called.
    pub table: String,
    /// The database that it is in.
    pub database: String,
    /// The server of that; the source's when absent.
    pub url: Option<String>,
    /// For how many days records are kept; for ever when absent.
    pub days: Option<u32>,
}

impl TimestreamRestore {
    /// Reads and checks the metadata of a restore of Timestream.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let named = |key: &'static str| {
            let name = get(key).unwrap_or_default();
            check_name(name).map_err(|rule| refused(key, format_args!("{key} {rule}"))).map(|()| name.to_owned())
        };
        let number = |key: &'static str, most: i64| {
            let number =
                get(key).and_then(|text| text.parse::<i64>().ok()).filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| refused(key, format_args!("{key} must be a number from 1 to {most}")))
        };
        number(MEMORY_KEY, MOST_HOURS)?;
        let days = number(DAYS_KEY, MOST_DAYS)?;
        let url = get(URL_KEY).map(check_server).transpose();
        let url = url.map_err(|rule| refused(URL_KEY, format_args!("{URL_KEY} {rule}")))?;
        let days = (days < MOST_DAYS).then_some(days as u32);
        Ok(Self { table: named(TABLE_KEY)?, database: named(DATABASE_KEY)?, url, days })
    }
}

/// Refuses by name what AWS does in a restore and an engine does not: nothing may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
    if get("EnableMagneticStoreWrites").and_then(parse_bool) == Some(true) {
        return Err(unsupported("EnableMagneticStoreWrites=true"));
    }
    if get("MagneticStoreWriteProperties").is_some() {
        return Err(unsupported("MagneticStoreWriteProperties"));
    }
    Ok(())
}

/// Checks the name of a database or a table: AWS's rule. The error is the rule, as in "must …".
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = (3..=256).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if fits {
        return Ok(());
    }
    Err(format!("must have 3 to 256 letters, digits, underscores, hyphens and dots; it is {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        let needed = [
            ("TableName", "all"),
            ("DestinationDatabase", "restored"),
            ("MemoryStoreRetentionPeriodInHours", "6"),
            ("MagneticStoreRetentionPeriodInDays", "73000"),
        ];
        needed.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_restore_names_the_new_database_and_how_long_it_keeps_records() {
        let kept =
            TimestreamRestore { table: "all".to_owned(), database: "restored".to_owned(), url: None, days: None };
        assert_eq!(TimestreamRestore::read(&metadata(&[])).unwrap(), kept);
        let other = [("vaultdeck:url", "http://h:8086/"), ("MagneticStoreRetentionPeriodInDays", "30")];
        let expected = TimestreamRestore { url: Some("http://h:8086".to_owned()), days: Some(30), ..kept };
        assert_eq!(TimestreamRestore::read(&metadata(&other)).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_or_not_done_is_refused_at_its_key() {
        for (key, value) in [
            ("TableName", "a"),
            ("DestinationDatabase", "a b c"),
            ("MemoryStoreRetentionPeriodInHours", "0"),
            ("MagneticStoreRetentionPeriodInDays", "73001"),
            ("vaultdeck:url", "http://me:pw@h"),
            ("Nonsense", "x"),
        ] {
            let refused = TimestreamRestore::read(&metadata(&[(key, value)])).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
        assert_eq!(supported_by_engine(&metadata(&[("EnableMagneticStoreWrites", "false")])), Ok(()));
        for (key, value) in [("EnableMagneticStoreWrites", "true"), ("MagneticStoreWriteProperties", "{}")] {
            assert!(supported_by_engine(&metadata(&[(key, value)])).unwrap_err().message.starts_with(key));
        }
    }
}
