//! DocumentDB clusters. Their ARNs look like those of Aurora, which is taken where only the ARN is known.

use crate::domain::Invalid;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::database::check_identifier;
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Number, Text};
use crate::domain::types::keys::{
    Asked, ITEMS_KEY, KeyFact, Metadata, SUFFIX_KEY, URL_KEY, may, must, parse_bool, refused, value,
};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::DocDB::DBCluster"],
    arns: &[ArnForm { service: "rds", resource: "cluster:*" }],
    noun: "document database cluster",
    locations: &[LocationForm { needs: &[Part::Url], may: &[Part::Database], secret: true }],
    looks: &[
        (Part::Url, "mongodb://USER@HOST:PORT/?directConnection=true, without a password"),
        (Part::Database, "one database; all when empty"),
    ],
    restore_keys: &RESTORE_KEYS,
    target_key: Some(URL_KEY),
    can_stop: false,
    is_tree: true,
    check_restore: |metadata| DocumentDbRestore::read(metadata).map(drop),
    outcome: Some(outcome),
    ..TypeFacts::named("DocumentDB")
};

/// The key that names the new cluster.
pub const IDENTIFIER_KEY: &str = "dbClusterIdentifier";

/// The key that says of which engine it is.
pub const ENGINE_KEY: &str = "engine";

/// What an engine of ours restores.
pub const ENGINE: &str = "docdb";

/// What no name of a database may hold.
const FORBIDDEN: &[char] = &['/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0'];

const KEYS: &[KeyFact] = &[
    must(IDENTIFIER_KEY, Text, "the new cluster's name; its instances are made afterwards"),
    must(ENGINE_KEY, Choice(&["docdb", "neptune"]), "the engine"),
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
];

const OWN: [KeyFact; 3] = [
    may(ITEMS_KEY, List, "collections, such as [\"shop/orders\", \"crm/\"]; all when empty").asked(Asked::Never),
    may(URL_KEY, Text, "the server that they come back to; beside what is in the source's server when absent")
        .asked(Asked::ByEngine)
        .labelled("Server", &[]),
    may(SUFFIX_KEY, Text, "what is put behind the name of each database")
        .asked(Asked::ByEngine)
        .labelled("Suffix", &[]),
];

static RESTORE_KEYS: [KeyFact; KEYS.len() + OWN.len()] = {
    let mut all = [OWN[0]; KEYS.len() + OWN.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < KEYS.len() { KEYS[at] } else { OWN[at - KEYS.len()] };
        at += 1;
    }
    all
};

/// A restore of collections, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentDbRestore {
    /// The new cluster's name.
    pub identifier: String,
    /// The server; that of the source when absent.
    pub url: Option<String>,
    /// What is put behind the name of each database that comes back; empty for their own names.
    pub suffix: String,
    /// `DATABASE/COLLECTION`, or `DATABASE/` for all of one; everything when empty.
    pub items: Vec<String>,
}

impl DocumentDbRestore {
    /// Reads and checks the metadata of a restore of DocumentDB.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let identifier = get(IDENTIFIER_KEY).unwrap_or_default();
        check_identifier(identifier)
            .map_err(|rule| refused(IDENTIFIER_KEY, format_args!("{IDENTIFIER_KEY} {rule}")))?;
        let identifier = identifier.to_ascii_lowercase();
        let url = get(URL_KEY).map(str::to_owned);
        if url.as_ref().is_some_and(|url| !url.starts_with("mongodb://")) {
            return Err(refused(URL_KEY, format_args!("{URL_KEY} must begin with mongodb://")));
        }
        let beside = || if url.is_some() { String::new() } else { format!("-{identifier}") };
        let suffix = get(SUFFIX_KEY).map_or_else(beside, str::to_owned);
        if suffix.len() > 62 || suffix.contains(FORBIDDEN) || suffix.chars().any(char::is_control) {
            let rule = format_args!(
                "{SUFFIX_KEY} must be at most 62 bytes of what the name of a database may hold, it is {suffix:?}"
            );
            return Err(refused(SUFFIX_KEY, rule));
        }
        let items = get(ITEMS_KEY).map(serde_json::from_str).transpose();
        let items: Vec<String> = items.unwrap_or_default().unwrap_or_default();
        if let Some(item) = items.iter().find(|item| item.trim_matches('/').is_empty()) {
            let rule = format_args!("an item in {ITEMS_KEY} must be DATABASE/COLLECTION or DATABASE/, one is {item:?}");
            return Err(refused(ITEMS_KEY, rule));
        }
        Ok(Self { identifier, url, suffix, items })
    }
}

/// Refuses by name what AWS does in a restore and an engine does not: nothing may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    for (name, value) in metadata.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(key) = FACTS.restore_key(name) else { continue };
        if key.name == ENGINE_KEY && value != ENGINE {
            return Err(unsupported(&format!("{ENGINE_KEY}={value}")));
        }
        let done = [IDENTIFIER_KEY, ENGINE_KEY, ITEMS_KEY, URL_KEY, SUFFIX_KEY, "engineVersion"].contains(&key.name);
        let says_no = key.kind == Bool && parse_bool(value) == Some(false);
        if !(done || says_no) {
            return Err(unsupported(key.name));
        }
    }
    Ok(())
}

fn outcome(metadata: &Metadata, what: &str) -> String {
    let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
    let place =
        get(URL_KEY).map_or_else(|| "the server that was backed up".to_owned(), |url| format!("the server {url}"));
    let suffix = DocumentDbRestore::read(metadata).map(|restore| restore.suffix).unwrap_or_default();
    let names = if suffix.is_empty() {
        "under their own names".to_owned()
    } else {
        format!("with {suffix} behind the names of their databases")
    };
    format!(
        "{what} will be made in {place}, {names}; a collection that is there already is refused before anything is written."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        let given = [(IDENTIFIER_KEY, "new"), (ENGINE_KEY, "docdb")];
        given.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn read(pairs: &[(&str, &str)]) -> Result<DocumentDbRestore, Invalid> {
        DocumentDbRestore::read(&metadata(pairs))
    }

    #[test]
    fn databases_come_back_beside_the_source_or_under_their_names_elsewhere() {
        assert_eq!(read(&[]).unwrap().suffix, "-new");
        assert_eq!(read(&[(URL_KEY, "mongodb://h")]).unwrap().suffix, "");
        assert_eq!(read(&[(URL_KEY, "mongodb://h"), (SUFFIX_KEY, "_old")]).unwrap().suffix, "_old");
        let read = read(&[(ITEMS_KEY, r#"["shop/orders", "crm/"]"#)]).unwrap();
        assert_eq!(read.items, ["shop/orders", "crm/"]);
    }

    #[test]
    fn each_wrong_value_is_refused_at_its_key() {
        for (key, value) in [
            (IDENTIFIER_KEY, "a_b"),
            (URL_KEY, "http://h"),
            (SUFFIX_KEY, "a.b"),
            (SUFFIX_KEY, "a/b"),
            (SUFFIX_KEY, &"x".repeat(63)),
            (ITEMS_KEY, "shop"),
            (ITEMS_KEY, r#"["/"]"#),
            ("Nonsense", "x"),
        ] {
            let refused = read(&[(key, value)]).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
    }

    #[test]
    fn an_engine_refuses_by_name_what_it_would_not_do() {
        let judged = |key: &str, value: &str| supported_by_engine(&metadata(&[(key, value)])).map_err(|e| e.message);
        for (key, value) in [("engineVersion", "5.0"), ("copyTagsToSnapshot", "false"), (URL_KEY, "mongodb://h")] {
            assert_eq!(judged(key, value), Ok(()), "{key}");
        }
        for (key, value, told) in
            [("engine", "neptune", "engine=neptune"), ("port", "1", "port"), ("kmsKeyId", "k", "kmsKeyId")]
        {
            assert_eq!(judged(key, value), Err(format!("{told} is not supported by this engine yet")));
        }
    }
}
