//! DynamoDB tables, of AWS and of every service that speaks its protocol.

use crate::domain::Invalid;
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Choice, Text};
use crate::domain::types::keys::{Asked, ENDPOINT_KEY, KeyFact, Metadata, may, must, parse_bool, refused, value};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"],
    arns: &[ArnForm { service: "dynamodb", resource: "table/*" }],
    noun: "table",
    tagged_as: &["dynamodb:table"],
    locations: &[LocationForm { needs: &[Part::Endpoint, Part::Table], may: &[], secret: true }],
    looks: &[(Part::Endpoint, "http://HOST:PORT of a service that speaks DynamoDB's protocol")],
    restore_keys: KEYS,
    target_key: Some(TABLE_KEY),
    can_go_cold: true,
    has_management_preference: true,
    check_restore: |metadata| DynamoDbRestore::read(metadata).map(drop),
    refuses_tags: never,
    ..TypeFacts::named("DynamoDB")
};

/// The key that names the new table.
pub const TABLE_KEY: &str = "targetTableName";

/// The key that says how the new table is encrypted.
const ENCRYPTION_KEY: &str = "encryptionType";

/// The key that names the key for that.
const KMS_KEY: &str = "kmsMasterKeyArn";

const KEYS: &[KeyFact] = &[
    must(TABLE_KEY, Text, "the new table's name"),
    may(ENCRYPTION_KEY, Choice(&["Default", "KMS"]), "how it is encrypted").or("Default"),
    may(KMS_KEY, Text, "the key, for KMS"),
    may("deletionProtection", Bool, "whether it is protected against deletion"),
    may(ENDPOINT_KEY, Text, "where the table lies, if not where the source does; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Endpoint", &[]),
];

/// A restore of a DynamoDB recovery point, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamoDbRestore {
    /// The table that is made.
    pub table: String,
    /// Where it lies; where the source does when absent.
    pub endpoint: Option<String>,
    /// Whether it is encrypted with a key of KMS.
    pub by_kms: bool,
    /// Which one; the service's own for the account when absent.
    pub kms_key: Option<String>,
    /// Whether it is protected against deletion.
    pub is_protected: bool,
}

impl DynamoDbRestore {
    /// Reads and checks the metadata of a restore of DynamoDB.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let table = get(TABLE_KEY).unwrap_or_default();
        check_table(table).map_err(|rule| refused(TABLE_KEY, format_args!("{TABLE_KEY} {rule}")))?;
        let endpoint = get(ENDPOINT_KEY).map(check_endpoint).transpose();
        let endpoint = endpoint.map_err(|rule| refused(ENDPOINT_KEY, format_args!("{ENDPOINT_KEY} {rule}")))?;
        let by_kms = get(ENCRYPTION_KEY) == Some("KMS");
        let kms_key = get(KMS_KEY).map(str::to_owned);
        if kms_key.is_some() && !by_kms {
            return Err(refused(KMS_KEY, format_args!("{KMS_KEY} needs {ENCRYPTION_KEY}=KMS")));
        }
        let is_protected = get("deletionProtection").and_then(parse_bool) == Some(true);
        Ok(Self { table: table.to_owned(), endpoint, by_kms, kms_key, is_protected })
    }
}

/// Checks a table's name. The error is the rule, as in "must …".
pub fn check_table(name: &str) -> Result<(), String> {
    let fits = (3..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if fits {
        return Ok(());
    }
    Err(format!("must be a table's name: 3 to 255 letters, digits, underscores, hyphens and dots; it is {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn read(pairs: &[(&str, &str)]) -> Result<DynamoDbRestore, Invalid> {
        let given = [("targetTableName", "restored")].iter().chain(pairs);
        DynamoDbRestore::read(&given.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_restore_names_the_new_table_and_how_it_is_kept() {
        let plain = DynamoDbRestore {
            table: "restored".to_owned(),
            endpoint: None,
            by_kms: false,
            kms_key: None,
            is_protected: false,
        };
        assert_eq!(read(&[("encryptionType", "Default")]).unwrap(), plain);
        let all = [
            ("EncryptionType", "KMS"),
            ("kmsMasterKeyArn", "k"),
            ("deletionProtection", "true"),
            ("vaultdeck:endpoint", "http://H:1/"),
        ];
        let endpoint = Some("http://h:1".to_owned());
        let kms_key = Some("k".to_owned());
        assert_eq!(
            read(&all).unwrap(),
            DynamoDbRestore { endpoint, by_kms: true, kms_key, is_protected: true, ..plain }
        );
    }

    #[test]
    fn what_is_wrong_is_refused_at_its_key() {
        for (key, value) in [
            ("targetTableName", "ab"),
            ("targetTableName", "a/b"),
            ("encryptionType", "none"),
            ("kmsMasterKeyArn", "k"),
            ("deletionProtection", "perhaps"),
            ("vaultdeck:endpoint", "ftp://h"),
            ("Nonsense", "x"),
        ] {
            let refused = read(&[(key, value)]).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
    }

    #[test]
    fn a_table_has_a_name_that_the_service_takes() {
        for name in ["abc", "A_b-c.9", &"a".repeat(255)] {
            assert_eq!(check_table(name), Ok(()), "{name}");
        }
        for name in ["", "ab", "a b", "größe", "a/b", &"a".repeat(256)] {
            assert!(check_table(name).is_err(), "{name}");
        }
    }
}
