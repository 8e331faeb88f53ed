//! The metadata of a restore of any type, known or not.

use crate::domain::types::Metadata;
pub use crate::domain::types::keys::value;
use crate::domain::types::keys::{check_size, is_test};
use crate::domain::{Invalid, ResourceType};

/// Checks metadata against its type's table, as far as the type is known:
/// [`TypeFacts::check_keys`](crate::domain::types::TypeFacts::check_keys).
///
/// That of a test is judged by the rules of tests.
pub fn validate(resource_type: &ResourceType, metadata: &Metadata) -> Result<(), Invalid> {
    if is_test(metadata)? {
        return Ok(());
    }
    resource_type.facts().map_or_else(|| check_size(metadata), |facts| facts.check_keys(metadata))
}

/// Checks all that can be known before a restore is asked for: the table, and the rules of the type beyond it where the
/// service has brought no keys of its own.
pub fn validate_whole(resource_type: &ResourceType, metadata: &Metadata) -> Result<(), Invalid> {
    validate(resource_type, metadata)?;
    match resource_type.facts() {
        Some(facts) if facts.unknown_keys(metadata).is_empty() => (facts.check_restore)(metadata),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::InvalidKind;
    use crate::domain::types::efs::{EfsRestore, EfsTarget, supported_by_engine};
    use crate::domain::types::keys::{ITEMS_KEY, MAX_METADATA_BYTES, key_of};
    use crate::domain::types::{TYPES, rds};
    use std::collections::BTreeMap;

    fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn new_file_system() -> BTreeMap<String, String> {
        metadata(&[
            ("file-system-id", "fs-1"),
            ("newFileSystem", "true"),
            ("Encrypted", "false"),
            ("PerformanceMode", "generalPurpose"),
            ("CreationToken", "token"),
        ])
    }

    fn with(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut all = new_file_system();
        all.extend(metadata(pairs));
        all
    }

    #[test]
    fn a_new_file_system_needs_its_five_keys() {
        let restore = EfsRestore::read(&new_file_system()).unwrap();
        assert_eq!(restore.target, EfsTarget::NewFileSystem { path: None });
        for key in new_file_system().keys() {
            let mut short = new_file_system();
            short.remove(key);
            if key == "newFileSystem" {
                assert!(EfsRestore::read(&short).unwrap_err().message.contains("newFileSystem"));
                continue;
            }
            let refused = EfsRestore::read(&short).unwrap_err();
            assert_eq!(refused.kind, InvalidKind::Missing);
            assert_eq!(refused.message, format!("Metadata key {key} is required for a restore of EFS"));
        }
    }

    #[test]
    fn a_test_needs_no_key_of_its_type_and_takes_none_but_a_moment() {
        let efs = ResourceType::from("EFS".to_owned());
        let judged = |pairs: &[(&str, &str)]| validate(&efs, &metadata(pairs)).map_err(|refused| refused.message);
        assert_eq!(judged(&[("vaultdeck:test", "true")]), Ok(()));
        let latest =
            [("VAULTDECK:TEST", "True"), ("uselatestrestorabletime", "true"), ("aws:backup:request-id", "any")];
        assert_eq!(judged(&latest), Ok(()));
        assert!(judged(&[]).unwrap_err().contains("is required"), "what is no test is judged as before");
        let other = judged(&[("vaultdeck:test", "true"), ("vaultdeck:path", "/x")]).unwrap_err();
        assert!(other.contains("a restore test has no key \"vaultdeck:path\""), "{other}");
        let vague = judged(&[("vaultdeck:test", "false")]).unwrap_err();
        assert!(vague.contains("vaultdeck:test must be true where it is given, it is \"false\""), "{vague}");
    }

    #[test]
    fn the_source_needs_only_its_id() {
        let restore = EfsRestore::read(&metadata(&[("file-system-id", "fs-1"), ("newFileSystem", "false")])).unwrap();
        assert_eq!((restore.target, restore.items), (EfsTarget::SourceFileSystem, vec![]));
    }

    #[test]
    fn a_refusal_carries_the_key_that_it_is_about() {
        let key = |metadata| EfsRestore::read(&metadata).map_err(|refused| key_of(&refused).map(str::to_owned));
        let about = |key: &str| Err(Some(key.to_owned()));
        assert_eq!(key(with(&[("PerformanceMode", "fast")])), about("PerformanceMode"));
        assert_eq!(key(with(&[("CreationToken", "")])), about("CreationToken"));
        assert_eq!(key(with(&[("vpcId", "vpc-1")])), about("vpcId"));
        assert_eq!(key(with(&[("ItemsToRestore", r#"["/../etc"]"#)])), about(ITEMS_KEY));
        assert_eq!(key(with(&[("CreationToken", &"x".repeat(MAX_METADATA_BYTES))])), Err(None));
    }

    #[test]
    fn keys_are_compared_without_case() {
        let odd = metadata(&[("FILE-SYSTEM-ID", "fs-1"), ("newfilesystem", "False")]);
        assert_eq!(EfsRestore::read(&odd).unwrap().file_system_id, "fs-1");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let refused = EfsRestore::read(&with(&[("vpcId", "vpc-1")])).unwrap_err();
        assert_eq!(refused.message, "Invalid Metadata: a restore of EFS has no key \"vpcId\"");
        assert!(EfsRestore::read(&with(&[("aws:backup:request-id", "any")])).is_ok());
    }

    #[test]
    fn what_an_engine_does_not_do_to_a_folder_is_refused_by_name() {
        assert_eq!(supported_by_engine(&new_file_system()), Ok(()));
        for (key, value, named) in [
            ("singleAzFilesystem", "true", "singleAzFilesystem"),
            ("availabilityZoneName", "us-east-1a", "availabilityZoneName"),
            ("KmsKeyId", "nonsense", "KmsKeyId"),
            ("encrypted", "True", "Encrypted=true"),
            ("PerformanceMode", "maxIO", "PerformanceMode=maxIO"),
        ] {
            let mut metadata = new_file_system();
            metadata.retain(|name, _| !name.eq_ignore_ascii_case(key));
            metadata.insert(key.to_owned(), value.to_owned());
            assert!(EfsRestore::read(&metadata).is_ok() || key == "KmsKeyId", "AWS takes {key}");
            let refused = supported_by_engine(&metadata).unwrap_err();
            assert_eq!(refused.message, format!("{named} is not supported by this engine yet"));
        }
    }

    #[test]
    fn what_aws_adds_to_its_metadata_passes_and_is_told() {
        let told = metadata(&[("DBInstanceIdentifier", "db"), ("Mystery", "x")]);
        assert_eq!(validate(&rds::FACTS.resource_type(), &told), Ok(()));
        assert_eq!(rds::FACTS.unknown_keys(&told), ["Mystery"]);
    }

    #[test]
    fn values_have_their_kind() {
        let table = [
            ("newFileSystem", "yes", "true or false"),
            ("PerformanceMode", "fast", "generalPurpose or maxIO"),
            ("ItemsToRestore", "/a", "a JSON array of texts"),
            ("vaultdeck:path", "relative", "an absolute path"),
        ];
        for (key, value, rule) in table {
            let refused = EfsRestore::read(&with(&[(key, value)])).unwrap_err();
            assert!(refused.message.contains(key) && refused.message.contains(rule), "{}", refused.message);
        }
    }

    #[test]
    fn a_path_needs_a_new_file_system_and_a_key_needs_encryption() {
        let path = EfsRestore::read(&with(&[("vaultdeck:path", "/srv/back")])).unwrap();
        assert!(matches!(path.target, EfsTarget::NewFileSystem { path: Some(path) } if path == "/srv/back"));
        let into_source = metadata(&[("file-system-id", "fs-1"), ("newFileSystem", "false"), ("vaultdeck:path", "/x")]);
        assert!(EfsRestore::read(&into_source).unwrap_err().message.contains("newFileSystem=true"));
        assert!(EfsRestore::read(&with(&[("KmsKeyId", "k")])).unwrap_err().message.contains("Encrypted=true"));
    }

    #[test]
    fn items_are_paths_from_the_root_that_do_not_climb() {
        let restore = EfsRestore::read(&with(&[("ItemsToRestore", r#"["/a b/\\xff","/docs"]"#)])).unwrap();
        assert_eq!(restore.items, ["/a b/\\xff", "/docs"]);
        for items in [r#"["docs"]"#, r#"["/../etc"]"#, r#"["/a/./b"]"#, r#"["/a\u0000"]"#, "[1]"] {
            assert!(EfsRestore::read(&with(&[("ItemsToRestore", items)])).is_err(), "{items}");
        }
    }

    #[test]
    fn too_large_metadata_is_refused() {
        let huge = "x".repeat(MAX_METADATA_BYTES);
        assert!(EfsRestore::read(&with(&[("CreationToken", &huge)])).unwrap_err().message.contains("bytes"));
    }

    #[test]
    fn every_table_is_sound() {
        for facts in TYPES {
            let (resource_type, table) = (facts.name, facts.restore_keys);
            assert!(!table.is_empty(), "{resource_type}");
            for (index, key) in table.iter().enumerate() {
                let twice = table[..index].iter().any(|other| other.name.eq_ignore_ascii_case(key.name));
                assert!(!twice, "{resource_type} {}", key.name);
                assert!(!key.help.is_empty() && !key.help.ends_with('.'), "{resource_type} {}", key.name);
                if let Some(default) = key.default {
                    assert_eq!(key.check(default), Ok(()), "{resource_type} {}", key.name);
                }
            }
        }
    }
}
