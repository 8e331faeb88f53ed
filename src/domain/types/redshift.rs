//! Redshift clusters.

use crate::domain::Invalid;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::database::check_identifier;
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Number, Text};
use crate::domain::types::keys::{
    Asked, DATABASE_KEY, ITEMS_KEY, KeyFact, Metadata, SUFFIX_KEY, URL_KEY, may, must, parse_bool, refused, value,
};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::Redshift::Cluster"],
    arns: &[ArnForm { service: "redshift", resource: "cluster:*" }],
    noun: "data warehouse",
    tagged_as: &["redshift:cluster"],
    locations: &[LocationForm { needs: &[Part::Url, Part::Database], may: &[], secret: true }],
    looks: &[(Part::Url, "postgresql://USER@HOST:PORT, without a password")],
    restore_keys: KEYS,
    target_key: Some(DATABASE_KEY),
    is_tree: true,
    check_restore: |metadata| RedshiftRestore::read(metadata).map(drop),
    outcome: Some(outcome),
    ..TypeFacts::named("Redshift")
};

/// The key that names the new cluster.
pub const IDENTIFIER_KEY: &str = "ClusterIdentifier";

/// The key that says what comes back, and its values that an engine of ours knows.
pub const TYPE_KEY: &str = "RestoreType";
/// All of a cluster.
pub const WHOLE: &str = "CLUSTER_RESTORE";
/// Tables alone.
pub const TABLES: &str = "TABLE_RESTORE";

/// The longest name of a database.
const LONGEST_NAME: usize = 63;

const KEYS: &[KeyFact] = &[
    must(IDENTIFIER_KEY, Text, "the new cluster's name"),
    must(TYPE_KEY, Choice(&[WHOLE, TABLES, "NAMESPACE_RESTORE"]), "what comes back").or(WHOLE),
    may(ITEMS_KEY, List, "tables, such as [\"public/orders\", \"sales/\"]; all when empty").asked(Asked::Never),
    may(URL_KEY, Text, "the server of the new database; the source's when absent")
        .asked(Asked::ByEngine)
        .labelled("Server", &[]),
    may(DATABASE_KEY, Text, "the new database's name; the new cluster's when absent")
        .asked(Asked::ByEngine)
        .labelled("Database", &[]),
    may(SUFFIX_KEY, Text, "what is put behind the name of each table that comes back alone")
        .when(TYPE_KEY, TABLES)
        .asked(Asked::ByEngine)
        .labelled("Suffix", &[]),
    may("AvailabilityZone", Text, "the zone").asked(Asked::ByAws),
    may("ClusterSubnetGroupName", Text, "the subnet group").asked(Asked::ByAws),
    may("ClusterParameterGroupName", Text, "the parameter group").asked(Asked::ByAws),
    may("VpcSecurityGroupIds", List, "security groups").asked(Asked::ByAws),
    may("ClusterSecurityGroups", List, "security groups outside a VPC").asked(Asked::ByAws),
    may("Encrypted", Bool, "whether it is encrypted").asked(Asked::ByAws),
    may("KmsKeyId", Text, "the key").asked(Asked::ByAws),
    may("IamRoles", List, "roles").asked(Asked::ByAws),
    may("DefaultIamRoleArn", Text, "the default role").asked(Asked::ByAws),
    may("NodeType", Text, "the nodes' type").asked(Asked::ByAws),
    may("NumberOfNodes", Number, "how many nodes").asked(Asked::ByAws),
    may("Port", Number, "the port").asked(Asked::ByAws),
    may("PubliclyAccessible", Bool, "whether it has a public address").asked(Asked::ByAws),
    may("EnhancedVpcRouting", Bool, "whether traffic stays in the VPC").asked(Asked::ByAws),
    may("ElasticIp", Text, "its address").asked(Asked::ByAws),
    may("OwnerAccount", Text, "the snapshot's owner").asked(Asked::ByAws),
    may("AllowVersionUpgrade", Bool, "whether versions are upgraded").asked(Asked::ByAws),
    may("AutomatedSnapshotRetentionPeriod", Number, "0 to 35 days").asked(Asked::ByAws),
    may("ManualSnapshotRetentionPeriod", Number, "days").asked(Asked::ByAws),
    may("MaintenanceTrackName", Text, "the maintenance track").asked(Asked::ByAws),
    may("PreferredMaintenanceWindow", Text, "the maintenance window").asked(Asked::ByAws),
    may("SnapshotClusterIdentifier", Text, "the source").asked(Asked::ByAws),
    may("SnapshotScheduleIdentifier", Text, "the snapshot schedule").asked(Asked::ByAws),
    may("AvailabilityZoneRelocation", Bool, "whether it may move between zones").asked(Asked::ByAws),
    may("AquaConfigurationStatus", Text, "AQUA").asked(Asked::ByAws),
    may("ManageMasterPassword", Bool, "whether the password is managed").asked(Asked::ByAws),
    may("MasterPasswordSecretKmsKeyId", Text, "the key of that").asked(Asked::ByAws),
    may("HsmClientCertificateIdentifier", Text, "the HSM's client certificate").asked(Asked::ByAws),
    may("HsmConfigurationIdentifier", Text, "the HSM's configuration").asked(Asked::ByAws),
    may("ReservedNodeId", Text, "the reserved node").asked(Asked::ByAws),
    may("TargetReservedNodeOfferingId", Text, "the offering of that").asked(Asked::ByAws),
    may("AdditionalInfo", Text, "reserved").asked(Asked::ByAws),
];

/// A restore of a database, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedshiftRestore {
    /// The new cluster's name.
    pub identifier: String,
    /// Whether tables come back into the database that was backed up, and no database is made.
    pub is_of_tables: bool,
    /// The server; that of the source when absent.
    pub url: Option<String>,
    /// The new database.
    pub database: String,
    /// What is put behind the names of tables.
    pub suffix: String,
    /// `SCHEMA/TABLE`, or `SCHEMA/` for all of one; everything when empty.
    pub items: Vec<String>,
}

impl RedshiftRestore {
    /// Reads and checks the metadata of a restore of Redshift.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let identifier = get(IDENTIFIER_KEY).unwrap_or_default();
        check_identifier(identifier)
            .map_err(|rule| refused(IDENTIFIER_KEY, format_args!("{IDENTIFIER_KEY} {rule}")))?;
        let identifier = identifier.to_ascii_lowercase();
        let is_of_tables = get(TYPE_KEY) == Some(TABLES);
        let url = get(URL_KEY).map(str::to_owned);
        let database = get(DATABASE_KEY).map_or_else(|| identifier.replace('-', "_"), str::to_owned);
        let suffix = get(SUFFIX_KEY).unwrap_or_default().to_owned();
        for (key, text) in [(DATABASE_KEY, &database), (SUFFIX_KEY, &suffix)] {
            if text.len() > LONGEST_NAME || text.chars().any(char::is_control) {
                let rule = format_args!(
                    "{key} must have at most {LONGEST_NAME} bytes and no control characters, it is {text:?}"
                );
                return Err(refused(key, rule));
            }
        }
        let items: Vec<String> =
            get(ITEMS_KEY).map(serde_json::from_str).transpose().unwrap_or_default().unwrap_or_default();
        if is_of_tables && items.is_empty() {
            return Err(refused(
                ITEMS_KEY,
                format_args!("{TYPE_KEY}={TABLES} needs {ITEMS_KEY}, such as [\"public/orders\"]"),
            ));
        }
        if let Some(key) = [URL_KEY, DATABASE_KEY].into_iter().find(|key| is_of_tables && get(key).is_some()) {
            let rule = format_args!(
                "{key} needs {TYPE_KEY}={WHOLE}: tables alone come back into the database that was backed up"
            );
            return Err(refused(key, rule));
        }
        if !is_of_tables && !suffix.is_empty() {
            return Err(refused(SUFFIX_KEY, format_args!("{SUFFIX_KEY} needs {TYPE_KEY}={TABLES}")));
        }
        Ok(Self { identifier, is_of_tables, url, database, suffix, items })
    }
}

/// Refuses by name what AWS does in a restore and an engine does not: nothing may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    for (name, value) in metadata.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(key) = FACTS.restore_key(name) else { continue };
        if key.name == TYPE_KEY && ![WHOLE, TABLES].contains(&value.as_str()) {
            return Err(unsupported(&format!("{TYPE_KEY}={value}")));
        }
        let done = [IDENTIFIER_KEY, TYPE_KEY, ITEMS_KEY, URL_KEY, DATABASE_KEY, SUFFIX_KEY].contains(&key.name);
        let says_no = key.kind == Bool && parse_bool(value) == Some(false);
        if !(done || says_no) {
            return Err(unsupported(key.name));
        }
    }
    Ok(())
}

fn outcome(metadata: &Metadata, what: &str) -> String {
    match RedshiftRestore::read(metadata) {
        Ok(restore) if restore.is_of_tables => {
            format!(
                "{what} will be made in the database that was backed up; a table that is there already is refused before anything is written."
            )
        }
        Ok(restore) => {
            format!("{what} will be written into the new database {}; the source is not touched.", restore.database)
        }
        Err(_) => format!("{what} will be written into a new database; the source is not touched."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        let mut all: Metadata = [(IDENTIFIER_KEY, "new-one"), (TYPE_KEY, WHOLE)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        all.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        all
    }

    fn read(pairs: &[(&str, &str)]) -> Result<RedshiftRestore, Invalid> {
        RedshiftRestore::read(&metadata(pairs))
    }

    #[test]
    fn a_new_database_has_the_name_of_the_new_cluster_or_its_own() {
        assert_eq!(read(&[]).unwrap().database, "new_one");
        assert_eq!(read(&[(DATABASE_KEY, "Sales 2")]).unwrap().database, "Sales 2");
        let tables = read(&[(TYPE_KEY, TABLES), (ITEMS_KEY, r#"["public/a"]"#), (SUFFIX_KEY, "_old")]).unwrap();
        assert!(tables.is_of_tables && tables.suffix == "_old" && tables.items == ["public/a"]);
    }

    #[test]
    fn each_wrong_value_is_refused_at_its_key() {
        let tables = [(TYPE_KEY, TABLES), (ITEMS_KEY, r#"["public/a"]"#)];
        for (pairs, key) in [
            (vec![(IDENTIFIER_KEY, "a_b")], IDENTIFIER_KEY),
            (vec![(TYPE_KEY, "SOME")], TYPE_KEY),
            (vec![(TYPE_KEY, TABLES)], ITEMS_KEY),
            ([&tables[..], &[(URL_KEY, "postgresql://me@h")]].concat(), URL_KEY),
            ([&tables[..], &[(DATABASE_KEY, "x")]].concat(), DATABASE_KEY),
            (vec![(SUFFIX_KEY, "_x")], SUFFIX_KEY),
            (vec![(DATABASE_KEY, "a\nb")], DATABASE_KEY),
            (vec![("Nonsense", "x")], "Nonsense"),
        ] {
            let refused = read(&pairs).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
    }

    #[test]
    fn an_engine_refuses_by_name_what_it_would_not_do() {
        let judged = |key: &str, value: &str| supported_by_engine(&metadata(&[(key, value)])).map_err(|e| e.message);
        assert_eq!(judged("Encrypted", "false"), Ok(()));
        for (key, value, told) in [
            ("Port", "1", "Port"),
            ("Encrypted", "true", "Encrypted"),
            (TYPE_KEY, "NAMESPACE_RESTORE", "RestoreType=NAMESPACE_RESTORE"),
        ] {
            assert_eq!(judged(key, value), Err(format!("{told} is not supported by this engine yet")));
        }
    }
}
