//! Neptune clusters, and graph stores that speak SPARQL. Their ARNs look like those of Aurora, which is taken where only the ARN is
//! known.

use crate::domain::Invalid;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::database::check_identifier;
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Number, Text};
use crate::domain::types::keys::{Asked, KeyFact, Metadata, URL_KEY, may, must, parse_bool, refused, value};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::Neptune::DBCluster"],
    arns: &[ArnForm { service: "rds", resource: "cluster:*" }],
    noun: "graph store",
    locations: &[LocationForm { needs: &[Part::Url], may: &[], secret: false }],
    looks: &[(Part::Url, "http://HOST:PORT of a store that speaks SPARQL")],
    restore_keys: KEYS,
    target_key: Some(URL_KEY),
    can_stop: false,
    check_restore: |metadata| NeptuneRestore::read(metadata).map(drop),
    ..TypeFacts::named("Neptune")
};

/// The key that names the new cluster.
pub const IDENTIFIER_KEY: &str = "dbClusterIdentifier";

/// The key that says of which engine it is.
pub const ENGINE_KEY: &str = "engine";

/// What that is.
pub const ENGINE: &str = "neptune";

const KEYS: &[KeyFact] = &[
    must(IDENTIFIER_KEY, Text, "the new cluster's name; its instances are made afterwards"),
    must(ENGINE_KEY, Choice(&[ENGINE]), "the engine"),
    may("engineVersion", Text, "the engine's version").asked(Asked::ByAws),
    may("availabilityZones", List, "up to three zones").asked(Asked::ByAws),
    may("dbSubnetGroupName", Text, "the subnet group").asked(Asked::ByAws),
    may("vpcSecurityGroupIds", List, "security groups").asked(Asked::ByAws),
    may("port", Number, "the port").asked(Asked::ByAws),
    may("dbClusterParameterGroupName", Text, "the parameter group").asked(Asked::ByAws),
    may("kmsKeyId", Text, "the key").asked(Asked::ByAws),
    may("copyTagsToSnapshot", Bool, "whether snapshots get the tags").asked(Asked::ByAws),
    may("enableCloudwatchLogsExports", List, "logs to export").asked(Asked::ByAws),
    may("enableIAMDatabaseAuthentication", Bool, "whether users come from IAM").asked(Asked::ByAws),
    may(URL_KEY, Text, "the empty store that becomes the new one; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Store", &[]),
];

/// A restore of a Neptune recovery point, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeptuneRestore {
    /// The new cluster's name.
    pub identifier: String,
    /// The store that it becomes; the source's when absent.
    pub url: Option<String>,
}

impl NeptuneRestore {
    /// Reads and checks the metadata of a restore of Neptune.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let identifier = get(IDENTIFIER_KEY).unwrap_or_default();
        check_identifier(identifier)
            .map_err(|rule| refused(IDENTIFIER_KEY, format_args!("{IDENTIFIER_KEY} {rule}")))?;
        let url = get(URL_KEY).map(check_endpoint).transpose();
        let url = url.map_err(|rule| refused(URL_KEY, format_args!("{URL_KEY} {rule}")))?;
        Ok(Self { identifier: identifier.to_ascii_lowercase(), url })
    }
}

/// Refuses by name what AWS does in a restore and an engine does not: nothing may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    for (name, value) in metadata.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(key) = FACTS.restore_key(name) else { continue };
        let is_off = matches!(key.kind, Bool) && parse_bool(value) == Some(false);
        if key.asked == Asked::ByAws && !is_off {
            return Err(unsupported(key.name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        let needed = [("dbClusterIdentifier", "New"), ("engine", "neptune")];
        needed.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_restore_names_the_new_store_and_may_say_where_it_is() {
        let read = |pairs: &[(&str, &str)]| NeptuneRestore::read(&metadata(pairs));
        assert_eq!(read(&[]).unwrap(), NeptuneRestore { identifier: "new".to_owned(), url: None });
        let url = read(&[("vaultdeck:url", "http://h:7878/")]).unwrap().url;
        assert_eq!(url.as_deref(), Some("http://h:7878"));
        for (key, value) in
            [("dbClusterIdentifier", "a_b"), ("engine", "docdb"), ("vaultdeck:url", "bolt://h"), ("Nonsense", "x")]
        {
            let refused = read(&[(key, value)]).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
    }

    #[test]
    fn an_engine_refuses_by_name_what_it_would_not_do() {
        assert_eq!(supported_by_engine(&metadata(&[("copyTagsToSnapshot", "false"), ("vaultdeck:url", "u")])), Ok(()));
        for (key, value) in [("port", "1"), ("kmsKeyId", "k"), ("copyTagsToSnapshot", "true")] {
            assert!(supported_by_engine(&metadata(&[(key, value)])).unwrap_err().message.starts_with(key));
        }
    }
}
