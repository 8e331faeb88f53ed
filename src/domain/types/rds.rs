//! RDS instances.

use crate::domain::Invalid;
use crate::domain::types::database::{DatabaseRestore, LOOKS, Named, outcome};
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Json, List, Number, Path, Text, Time};
use crate::domain::types::keys::{Asked, DATABASE_KEY, ITEMS_KEY, KeyFact, Metadata, PATH_KEY, URL_KEY, may, must};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::RDS::DBInstance"],
    arns: &[ArnForm { service: "rds", resource: "db:*" }],
    noun: "database instance",
    tagged_as: &["rds:db"],
    locations: &[LocationForm { needs: &[Part::Url], may: &[Part::Path, Part::Engine], secret: true }],
    looks: LOOKS,
    choices: &[(Part::Engine, &[ENGINE, MARIADB])],
    restore_keys: KEYS,
    can_stop: false,
    can_be_continuous: true,
    check_restore: |metadata| read(metadata).map(drop),
    outcome: Some(outcome),
    ..TypeFacts::named("RDS")
};

/// The key that names the new instance.
pub const IDENTIFIER_KEY: &str = "DBInstanceIdentifier";

/// The key that says of which engine it is.
pub const ENGINE_KEY: &str = "Engine";

/// PostgreSQL, which an engine of ours restores.
pub const ENGINE: &str = "postgres";

/// MariaDB, which it restores too.
pub const MARIADB: &str = "mariadb";

static NAMED: Named = Named {
    facts: &FACTS,
    identifier: IDENTIFIER_KEY,
    engine: ENGINE_KEY,
    engines: &[ENGINE, MARIADB],
    told: &["EngineVersion", "KmsKeyId", "vpcId"],
};

/// Reads and checks the metadata of a restore of RDS.
pub fn read(metadata: &Metadata) -> Result<DatabaseRestore, Invalid> {
    NAMED.read(metadata)
}

/// Refuses by name what AWS does in a restore and an engine does not.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    NAMED.supported_by_engine(metadata)
}

const KEYS: &[KeyFact] = &[
    must(IDENTIFIER_KEY, Text, "the new instance's name"),
    may(ENGINE_KEY, Text, "the engine, for a continuous backup").asked(Asked::ByAws),
    may("RestoreTime", Time, "a moment, for a continuous backup").asked(Asked::OfMoments),
    may("UseLatestRestorableTime", Bool, "the latest moment, for a continuous backup").asked(Asked::ByAws),
    may("DBInstanceClass", Text, "the instance's class").asked(Asked::ByAws),
    may("AvailabilityZone", Text, "the zone").asked(Asked::ByAws),
    may("MultiAZ", Bool, "whether it has a standby").or("false").asked(Asked::ByAws),
    may("DBSubnetGroupName", Text, "the subnet group").asked(Asked::ByAws),
    may("VpcSecurityGroupIds", List, "security groups").asked(Asked::ByAws),
    may("PubliclyAccessible", Bool, "whether it has a public address").or("false").asked(Asked::ByAws),
    may("Port", Number, "the port").asked(Asked::ByAws),
    may("DBName", Text, "the database's name").asked(Asked::ByAws),
    may("OptionGroupName", Text, "the option group").asked(Asked::ByAws),
    may("DBParameterGroupName", Text, "the parameter group").asked(Asked::ByAws),
    may("StorageType", Text, "the storage's type").asked(Asked::ByAws),
    may("Iops", Number, "operations per second").asked(Asked::ByAws),
    may("LicenseModel", Text, "the licence").asked(Asked::ByAws),
    may("DeletionProtection", Bool, "whether it is protected against deletion").or("false").asked(Asked::ByAws),
    may("AutoMinorVersionUpgrade", Bool, "whether minor versions are upgraded").asked(Asked::ByAws),
    may("CopyTagsToSnapshot", Bool, "whether snapshots get the tags").asked(Asked::ByAws),
    may("EnableIAMDatabaseAuthentication", Bool, "whether users come from IAM").asked(Asked::ByAws),
    may("EnableCloudwatchLogsExports", List, "logs to export").asked(Asked::ByAws),
    may("Domain", Text, "the directory").asked(Asked::ByAws),
    may("DomainIAMRoleName", Text, "the role for the directory").asked(Asked::ByAws),
    may("ProcessorFeatures", Json, "cores and threads").asked(Asked::ByAws),
    may("EngineVersion", Text, "for information").asked(Asked::ByAws),
    may("KmsKeyId", Text, "for information").asked(Asked::ByAws),
    may("Encrypted", Bool, "for information").asked(Asked::ByAws),
    may("vpcId", Text, "for information").asked(Asked::ByAws),
    may(ITEMS_KEY, List, "one database or one table: [\"DATABASE\"], of PostgreSQL [\"DATABASE/SCHEMA.TABLE\"], of MariaDB [\"DATABASE.TABLE\"]; this engine only")
        .asked(Asked::Never),
    may(DATABASE_KEY, Text, "what an item becomes a new database of; this engine only").asked(Asked::Never),
    may(URL_KEY, Text, "the server that an item or a dump is restored into; this engine only").asked(Asked::Never),
    may(PATH_KEY, Path, "the folder that becomes the new instance's data directory; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Folder", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_restore_names_the_new_database_and_may_name_its_folder() {
        let found = read(&metadata(&[("dbinstanceidentifier", "New"), ("vaultdeck:path", "/srv/new")])).unwrap();
        assert_eq!(found, DatabaseRestore { identifier: "new".to_owned(), path: Some("/srv/new".to_owned()) });
        let refused = |pairs: &[(&str, &str)]| read(&metadata(pairs)).unwrap_err();
        assert_eq!(refused(&[]).field, "Metadata.DBInstanceIdentifier");
        assert_eq!(refused(&[("DBInstanceIdentifier", "a_b")]).field, "Metadata.DBInstanceIdentifier");
        assert_eq!(refused(&[("DBInstanceIdentifier", "a"), ("vaultdeck:path", "x")]).field, "Metadata.vaultdeck:path");
        assert!(refused(&[("DBInstanceIdentifier", "a"), ("Nonsense", "x")]).message.contains("Nonsense"));
    }

    #[test]
    fn an_engine_refuses_by_name_what_it_would_not_do() {
        let judged = |key: &str, value: &str| {
            supported_by_engine(&metadata(&[("DBInstanceIdentifier", "a"), (key, value)])).map_err(|e| e.message)
        };
        for (key, value) in [
            ("Engine", "postgres"),
            ("MultiAZ", "false"),
            ("EngineVersion", "15.18"),
            ("RestoreTime", "2026-11-26T00:00:00Z"),
            ("uselatestrestorabletime", "true"),
            ("Port", ""),
            ("vaultdeck:path", "/a"),
        ] {
            assert_eq!(judged(key, value), Ok(()), "{key}");
        }
        for (key, value, told) in
            [("Engine", "mysql", "Engine=mysql"), ("MultiAZ", "true", "MultiAZ"), ("Port", "5433", "Port")]
        {
            assert_eq!(judged(key, value), Err(format!("{told} is not supported by this engine yet")));
        }
    }
}
