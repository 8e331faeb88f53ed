//! Aurora clusters.

use crate::domain::Invalid;
use crate::domain::types::database::{DatabaseRestore, LOOKS, Named, outcome};
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, Json, List, Number, Path, Text, Time};
use crate::domain::types::keys::{Asked, DATABASE_KEY, ITEMS_KEY, KeyFact, Metadata, PATH_KEY, URL_KEY, may, must};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::RDS::DBCluster"],
    arns: &[ArnForm { service: "rds", resource: "cluster:*" }],
    noun: "database cluster",
    tagged_as: &["rds:cluster"],
    locations: &[LocationForm { needs: &[Part::Url], may: &[Part::Path, Part::Engine], secret: true }],
    looks: LOOKS,
    choices: &[(Part::Engine, &[ENGINE, MYSQL])],
    restore_keys: KEYS,
    can_stop: false,
    can_be_continuous: true,
    check_restore: |metadata| read(metadata).map(drop),
    outcome: Some(outcome),
    ..TypeFacts::named("Aurora")
};

/// The key that names the new cluster.
pub const IDENTIFIER_KEY: &str = "dbClusterIdentifier";

/// The key that says of which engine it is.
pub const ENGINE_KEY: &str = "engine";

/// PostgreSQL, which an engine of ours restores.
pub const ENGINE: &str = "aurora-postgresql";

/// MariaDB, which it restores too.
pub const MYSQL: &str = "aurora-mysql";

static NAMED: Named = Named {
    facts: &FACTS,
    identifier: IDENTIFIER_KEY,
    engine: ENGINE_KEY,
    engines: &[ENGINE, MYSQL],
    told: &["engineVersion"],
};

/// Reads and checks the metadata of a restore of Aurora.
pub fn read(metadata: &Metadata) -> Result<DatabaseRestore, Invalid> {
    NAMED.read(metadata)
}

/// Refuses by name what AWS does in a restore and an engine does not.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    NAMED.supported_by_engine(metadata)
}

const KEYS: &[KeyFact] = &[
    must(IDENTIFIER_KEY, Text, "the new cluster's name"),
    must(ENGINE_KEY, Text, "aurora-mysql or aurora-postgresql"),
    may("engineVersion", Text, "the engine's version").asked(Asked::ByAws),
    may("engineMode", Choice(&["provisioned", "serverless"]), "the engine's mode").asked(Asked::ByAws),
    may("availabilityZones", List, "up to three zones").asked(Asked::ByAws),
    may("dbSubnetGroupName", Text, "the subnet group").asked(Asked::ByAws),
    may("vpcSecurityGroupIds", List, "security groups").asked(Asked::ByAws),
    may("port", Number, "the port").asked(Asked::ByAws),
    may("databaseName", Text, "the database's name").asked(Asked::ByAws),
    may("dbClusterParameterGroupName", Text, "the parameter group").asked(Asked::ByAws),
    may("optionGroupName", Text, "the option group").asked(Asked::ByAws),
    may("kmsKeyId", Text, "the key").asked(Asked::ByAws),
    may("backtrackWindow", Number, "seconds of backtrack").asked(Asked::ByAws),
    may("copyTagsToSnapshot", Bool, "whether snapshots get the tags").asked(Asked::ByAws),
    may("enableCloudwatchLogsExports", List, "logs to export").asked(Asked::ByAws),
    may("enableIAMDatabaseAuthentication", Bool, "whether users come from IAM").asked(Asked::ByAws),
    may("scalingConfiguration", Json, "the serverless capacity").asked(Asked::ByAws),
    may("restoreToTime", Time, "a moment, for a continuous backup").asked(Asked::OfMoments),
    may("UseLatestRestorableTime", Bool, "the latest moment, for a continuous backup").asked(Asked::ByAws),
    may(ITEMS_KEY, List, "one database or one table: [\"DATABASE\"], of PostgreSQL [\"DATABASE/SCHEMA.TABLE\"], of MariaDB [\"DATABASE.TABLE\"]; this engine only")
        .asked(Asked::Never),
    may(DATABASE_KEY, Text, "what an item becomes a new database of; this engine only").asked(Asked::Never),
    may(URL_KEY, Text, "the server that an item or a dump is restored into; this engine only").asked(Asked::Never),
    may(PATH_KEY, Path, "the folder that becomes the new cluster's data directory; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Folder", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_names_the_new_cluster_and_its_engine() {
        let of = |engine: Option<&str>| -> Metadata {
            let pairs = [("dbClusterIdentifier", Some("c")), ("engine", engine)];
            pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect()
        };
        assert_eq!(read(&of(Some(ENGINE))).unwrap().identifier, "c");
        assert_eq!(supported_by_engine(&of(Some(ENGINE))), Ok(()));
        assert!(read(&of(None)).is_err(), "AWS wants the engine there");
        assert_eq!(supported_by_engine(&of(Some(MYSQL))), Ok(()));
        let refused = supported_by_engine(&of(Some("aurora"))).unwrap_err();
        assert!(refused.message.contains("engine=aurora is"));
    }
}
