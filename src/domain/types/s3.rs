//! S3 buckets, of AWS and of every store that speaks its protocol.

use crate::domain::lifecycle::unsupported;
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::facts::{ArnForm, Into, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Text, Time};
use crate::domain::types::keys::{
    Asked, ENDPOINT_KEY, ITEMS_KEY, KeyFact, LATEST_KEY, Metadata, may, must, parse_bool, refused, value,
};
use crate::domain::types::location::{LocationForm, Part};
use crate::domain::{Arn, Invalid, Time as Moment};
use std::fmt::Display;

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::S3::Bucket"],
    arns: &[ArnForm { service: "s3", resource: "*" }],
    is_global: true,
    point_id: Some(point_id),
    continuous_point_id: Some(continuous_point_id),
    noun: "bucket",
    tagged_as: &["s3"],
    locations: &[LocationForm { needs: &[Part::Endpoint, Part::Bucket], may: &[], secret: true }],
    looks: &[(Part::Endpoint, "http://HOST:PORT of a store that speaks S3's protocol")],
    restore_keys: KEYS,
    target_key: Some(BUCKET_KEY),
    into: Some(Into {
        new: NEW_KEY,
        warning: "It writes into a bucket that is there; objects whose keys are in use there stay as they are.",
        once: None,
    }),
    can_be_continuous: true,
    is_tree: true,
    check_restore: |metadata| S3Restore::read(metadata).map(drop),
    backup_options: &[ACLS_OPTION, TAGS_OPTION],
    refuses_tags: never,
    outcome: Some(outcome),
    is_fully_managed: true,
    ..TypeFacts::named("S3")
};

/// The option of a backup that stores the access lists of objects.
pub const ACLS_OPTION: &str = "BackupACLs";
/// The option of a backup that stores the tags of objects.
pub const TAGS_OPTION: &str = "BackupObjectTags";
/// The detail of a recovery point that says that it holds access lists.
pub const ACLS_DETAIL: &str = "ObjectAcls";

/// The key that says whether access lists are restored.
pub const ACLS_KEY: &str = "RestoreACLs";

/// The key that says whether a new bucket is made.
const NEW_KEY: &str = "NewBucket";

/// The key that names the bucket.
const BUCKET_KEY: &str = "DestinationBucketName";

/// How many prefixes and objects a restore may name.
const MOST_ITEMS: usize = 5;

const KEYS: &[KeyFact] = &[
    must(BUCKET_KEY, Text, "the bucket"),
    may(NEW_KEY, Bool, "whether it is made anew; in one that is there, objects whose keys are in use stay as they are")
        .or("true")
        .labelled("Into", &[("true", "a new bucket"), ("false", "a bucket that is there")]),
    may("Encrypted", Bool, "whether objects are encrypted").asked(Asked::ByAws),
    may("EncryptionType", Choice(&["original", "SSE-S3", "SSE-KMS"]), "how objects are encrypted there").or("SSE-S3"),
    may("KMSKey", Text, "the key, for SSE-KMS"),
    may(ACLS_KEY, Bool, "whether access lists come back"),
    may(ITEMS_KEY, List, "at most five prefixes (with a slash at the end) or objects; all when empty")
        .asked(Asked::Never),
    may("RestoreLatestVersionsUpTo", Text, "1, a number, or all").asked(Asked::ByAws),
    may("RestoreTime", Time, "a moment; required for a continuous backup").asked(Asked::OfMoments),
    may(LATEST_KEY, Bool, "the latest moment, for a continuous backup; this engine only").asked(Asked::Never),
    may(ENDPOINT_KEY, Text, "where the bucket lies, if not where the source does; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Endpoint", &[]),
];

/// A restore of an S3 recovery point, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Restore {
    /// The bucket that is restored into.
    pub bucket: String,
    /// Whether it is made anew.
    pub makes_new: bool,
    /// Where it lies; where the source does when absent.
    pub endpoint: Option<String>,
    /// How objects are encrypted there.
    pub encryption: Encryption,
    /// Whether objects get the access lists that were stored of them.
    pub acls: bool,
    /// Keys, and prefixes that end with a slash, at most five; everything when empty.
    pub items: Vec<String>,
}

/// How the service encrypts what is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// As each object was.
    Original,
    /// As the bucket says.
    AsTheBucket,
    /// With keys of the service.
    Managed,
    /// With a key of KMS; the service's own for the account when absent.
    Kms(Option<String>),
}

impl S3Restore {
    /// Reads and checks the metadata of a restore of S3.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let is = |name: &str| get(name).and_then(parse_bool);
        let makes_new = is(NEW_KEY) == Some(true);
        let bucket = get(BUCKET_KEY).unwrap_or_default();
        check_bucket(bucket, makes_new).map_err(|rule| refused(BUCKET_KEY, format_args!("{BUCKET_KEY} {rule}")))?;
        let endpoint = get(ENDPOINT_KEY).map(check_endpoint).transpose();
        let endpoint = endpoint.map_err(|rule| refused(ENDPOINT_KEY, format_args!("{ENDPOINT_KEY} {rule}")))?;
        let items = get(ITEMS_KEY).map(parse_items).transpose()?.unwrap_or_default();
        let encryption = encryption(get("EncryptionType"), is("Encrypted"), get("KMSKey"))?;
        let acls = is(ACLS_KEY) == Some(true);
        Ok(Self { bucket: bucket.to_owned(), makes_new, endpoint, encryption, acls, items })
    }
}

fn encryption(kind: Option<&str>, is_on: Option<bool>, key: Option<&str>) -> Result<Encryption, Invalid> {
    if key.is_some() && kind != Some("SSE-KMS") {
        return Err(refused("KMSKey", "KMSKey needs EncryptionType=SSE-KMS"));
    }
    match (kind, is_on) {
        (Some(kind), Some(false)) if kind != "original" => {
            Err(refused("Encrypted", format_args!("EncryptionType={kind} needs Encrypted=true")))
        }
        (Some("SSE-S3"), _) | (None, Some(true)) => Ok(Encryption::Managed),
        (Some("SSE-KMS"), _) => Ok(Encryption::Kms(key.map(str::to_owned))),
        (Some(_), _) => Ok(Encryption::Original),
        (None, _) => Ok(Encryption::AsTheBucket),
    }
}

/// Refuses by name what AWS does in a restore and an engine does not: nothing may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
    match get("RestoreLatestVersionsUpTo") {
        None | Some("1") => Ok(()),
        Some(count) => Err(unsupported(&format!("RestoreLatestVersionsUpTo={count}"))),
    }
}

/// A JSON array of keys and prefixes.
fn parse_items(text: &str) -> Result<Vec<String>, Invalid> {
    let no_list = |_| refused(ITEMS_KEY, "ItemsToRestore must be a JSON array of keys and prefixes");
    let items: Vec<String> = serde_json::from_str(text).map_err(no_list)?;
    if items.len() > MOST_ITEMS {
        let rule =
            format_args!("ItemsToRestore may name at most {MOST_ITEMS} prefixes or objects, it names {}", items.len());
        return Err(refused(ITEMS_KEY, rule));
    }
    if items.iter().any(|item| item.is_empty() || item.contains('\0')) {
        return Err(refused(ITEMS_KEY, "an item in ItemsToRestore must not be empty nor hold a NUL"));
    }
    Ok(items)
}

/// Checks a bucket's name: AWS's rule for a new one, what has ever been allowed for one that is there. The error is the rule,
/// as in "must …".
pub fn check_bucket(name: &str, is_new: bool) -> Result<(), String> {
    let longest = if is_new { 63 } else { 255 };
    let allowed = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, '.' | '-')
            || (!is_new && (c.is_ascii_uppercase() || c == '_'))
    };
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let shaped = ends(name.chars().next()) && ends(name.chars().last()) && name.chars().all(allowed);
    let usual = !is_new || !(name.contains("..") || name.parse::<std::net::Ipv4Addr>().is_ok());
    if (3..=longest).contains(&name.len()) && shaped && usual {
        return Ok(());
    }
    let letters = if is_new {
        "lowercase letters, digits, dots and hyphens"
    } else {
        "letters, digits, dots, hyphens and underscores"
    };
    Err(format!(
        "must be a bucket's name: 3 to {longest} {letters}, beginning and ending with a letter \
         or digit; it is {name:?}"
    ))
}

/// `BUCKET-YYYYMMDDhhmmss-HASH`, as AWS's, the hash of eight digits.
fn point_id(resource: &Arn, at: Moment, unique: &str) -> String {
    format!("{}-{}-{}", resource.resource(), at.format("%Y%m%d%H%M%S"), hash(unique))
}

/// `BUCKET-HASH`, as AWS's.
fn continuous_point_id(resource: &Arn, unique: &str) -> String {
    format!("{}-{}", resource.resource(), hash(unique))
}

fn hash(unique: &str) -> String {
    unique.chars().filter(char::is_ascii_hexdigit).take(8).collect()
}

fn outcome(metadata: &Metadata, what: &str) -> String {
    let bucket = value(metadata, BUCKET_KEY).unwrap_or_default();
    let shown: &dyn Display = if bucket.is_empty() { &"…" } else { &bucket };
    if value(metadata, NEW_KEY).and_then(parse_bool) == Some(true) {
        return format!("{what} will be written into the new bucket {shown}; the source is not touched.");
    }
    format!("{what} will be written into the bucket {shown}; objects whose keys are in use there stay as they are.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        [("DestinationBucketName", "restored"), ("NewBucket", "true")]
            .iter()
            .chain(pairs)
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_restore_that_does_not_say_that_its_bucket_is_new_warns() {
        assert!(FACTS.warns_of(&metadata(&[])).is_none());
        for new in [&[("NewBucket", "false")][..], &[]] {
            let said = [("DestinationBucketName", "b")].iter().chain(new);
            let said = said.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert!(FACTS.warns_of(&said).is_some());
        }
    }

    fn read(pairs: &[(&str, &str)]) -> Result<S3Restore, Invalid> {
        S3Restore::read(&metadata(pairs))
    }

    #[test]
    fn a_restore_says_into_which_bucket_and_how_its_objects_are_encrypted() {
        let restore = read(&[("ItemsToRestore", r#"["a/", "b"]"#)]).unwrap();
        assert_eq!((restore.bucket.as_str(), restore.makes_new, restore.items.len()), ("restored", true, 2));
        assert!(!read(&[("NewBucket", "false")]).unwrap().makes_new);
        for (pairs, expected) in [
            (&[][..], Encryption::AsTheBucket),
            (&[("Encrypted", "false")], Encryption::AsTheBucket),
            (&[("Encrypted", "true")], Encryption::Managed),
            (&[("EncryptionType", "SSE-S3")], Encryption::Managed),
            (&[("EncryptionType", "original")], Encryption::Original),
            (&[("EncryptionType", "SSE-KMS")], Encryption::Kms(None)),
            (&[("EncryptionType", "SSE-KMS"), ("KMSKey", "k")], Encryption::Kms(Some("k".to_owned()))),
        ] {
            assert_eq!(read(pairs).unwrap().encryption, expected, "{pairs:?}");
        }
    }

    #[test]
    fn each_wrong_value_is_refused_at_its_key() {
        let six = r#"["1", "2", "3", "4", "5", "6"]"#;
        for (key, value) in [
            ("DestinationBucketName", "ab"),
            ("DestinationBucketName", "Upper"),
            ("DestinationBucketName", "10.0.0.1"),
            ("DestinationBucketName", "a..b"),
            ("DestinationBucketName", "-ab"),
            ("ItemsToRestore", "a/"),
            ("ItemsToRestore", r#"[""]"#),
            ("ItemsToRestore", six),
            ("KMSKey", "k"),
            ("vaultdeck:endpoint", "s3.example.org"),
            ("vaultdeck:endpoint", "ftp://s3.example.org"),
            ("RestoreSpeed", "fast"),
        ] {
            let refused = read(&[(key, value)]).unwrap_err();
            assert_eq!(key_of(&refused), Some(key), "{refused}");
        }
        let refused = read(&[("Encrypted", "false"), ("EncryptionType", "SSE-S3")]).unwrap_err();
        assert_eq!(key_of(&refused), Some("Encrypted"));
    }

    #[test]
    fn what_an_engine_does_not_do_is_refused_by_name() {
        let told = |pairs: &[(&str, &str)]| supported_by_engine(&metadata(pairs)).map_err(|refused| refused.message);
        assert_eq!(told(&[("RestoreACLs", "true"), ("RestoreLatestVersionsUpTo", "1")]), Ok(()));
        for (key, value) in [("RestoreLatestVersionsUpTo", "all"), ("RestoreLatestVersionsUpTo", "2")] {
            let message = told(&[(key, value)]).unwrap_err();
            assert!(message.starts_with(key) && message.contains("not supported"), "{message}");
        }
    }

    #[test]
    fn a_point_is_named_after_its_bucket_and_second() {
        let at = "2026-11-26T05:06:07Z".parse().unwrap();
        let id = point_id(&"arn:aws:s3:::photos".parse().unwrap(), at, "0a1b2c3d-4e5f-6789-abcd-ef0123456789");
        assert_eq!(id, "photos-20261126050607-0a1b2c3d");
        assert_eq!(continuous_point_id(&"arn:aws:s3:::photos".parse().unwrap(), "0a1b2c3d-4e5f"), "photos-0a1b2c3d");
    }

    #[test]
    fn an_old_bucket_may_have_a_name_that_no_new_one_may() {
        assert!(check_bucket("Old_Bucket", false).is_ok() && check_bucket("Old_Bucket", true).is_err());
        assert!(check_bucket("a/b", false).is_err() && check_bucket("..", false).is_err());
    }
}
