//! Keys as AWS KMS has them: what a vault's data key is wrapped by.
//!
//! A vault's key is chosen when the vault is made, and stays. See
//! [KMS keys](https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html).

use crate::domain::{Arn, Invalid, Scope, Time};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The alias of the key that AWS Backup makes for itself in an account and region, without an ARN's beginning.
pub const BACKUP_ALIAS: &str = "alias/aws/backup";

/// What the aliases begin with that only AWS makes.
const RESERVED: &str = "alias/aws/";

/// How many days a deletion waits where nothing else is said.
pub const DEFAULT_WINDOW_DAYS: i64 = 30;

/// The fewest and the most days that a deletion waits.
const WINDOW_DAYS: (i64, i64) = (7, 30);

/// The most characters of a description.
const MAX_DESCRIPTION: usize = 8192;

/// The most characters of an alias, its `alias/` with it.
const MAX_ALIAS: usize = 256;

/// The name of the one policy that a key has.
pub const POLICY_NAME: &str = "default";

/// `KeyState` of [DescribeKey](https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It wraps and unwraps.
    Enabled,
    /// It does neither until it is enabled.
    Disabled,
    /// It does neither, and is gone at this time unless that is cancelled.
    PendingDeletion(Time),
    /// A state that this version does not know.
    Other(String),
}

impl KeyState {
    /// The API's string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion(_) => "PendingDeletion",
            Self::Other(text) => text,
        }
    }

    /// When it is gone, where that is to be.
    pub fn deletion_date(&self) -> Option<Time> {
        match self {
            Self::PendingDeletion(at) => Some(*at),
            _ => None,
        }
    }

    /// The state of the API's string and deletion date.
    pub fn of(text: &str, deletion_date: Option<Time>) -> Self {
        match (text, deletion_date) {
            ("Enabled", _) => Self::Enabled,
            ("Disabled", _) => Self::Disabled,
            ("PendingDeletion", Some(at)) => Self::PendingDeletion(at),
            (other, _) => Self::Other(other.to_owned()),
        }
    }
}

/// `KeyManager`: whose a key is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyManager {
    /// AWS's: it is made on first use, always enabled, and nobody changes or deletes it.
    Aws,
    /// The account's.
    Customer,
}

impl KeyManager {
    /// The API's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Customer => "CUSTOMER",
        }
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKey {
    /// Its id, a UUID.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives: it wraps the keys of this account's and region's vaults.
    pub scope: Scope,
    /// What it is for.
    pub description: String,
    /// Its state.
    pub state: KeyState,
    /// Whose it is to change.
    pub manager: KeyManager,
    /// When it was made.
    pub created: Option<Time>,
    /// Its aliases, each with its `alias/`.
    pub aliases: Vec<String>,
}

/// An alias: another name of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AliasName(String);

impl AliasName {
    /// With its `alias/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only AWS makes aliases of such names.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(RESERVED)
    }

    /// Its ARN.
    pub fn arn(&self, scope: &Scope) -> Arn {
        Arn::kms(scope, &self.0)
    }
}

impl FromStr for AliasName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = text.strip_prefix("alias/").unwrap_or_default();
        let fine = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
        if !name.is_empty() && text.len() <= MAX_ALIAS && name.chars().all(fine) {
            return Ok(Self(text.to_owned()));
        }
        let rule = format_args!(
            "{text:?} must begin with alias/, followed by letters, digits, slashes, underscores or hyphens, and have at \
             most {MAX_ALIAS} characters"
        )
        .to_string();
        Err(Invalid::value("AliasName", rule))
    }
}

impl TryFrom<String> for AliasName {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<AliasName> for String {
    fn from(name: AliasName) -> Self {
        name.0
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as a call names it: its id, its ARN, an alias or the ARN of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRef {
    /// Its id.
    Id(String),
    /// An alias of the account and region that is asked.
    Alias(AliasName),
    /// A key of the account and region that the ARN names.
    Arn(Arn),
    /// An alias of the account and region that the ARN names.
    AliasArn(Arn, AliasName),
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadKeyRef {
    /// It is an ARN, and not one of a key or an alias.
    Arn(String),
    /// It is nothing that a key could be called.
    Id(String),
}

impl KeyRef {
    /// What a text names.
    pub fn parse(text: &str) -> Result<Self, BadKeyRef> {
        if text.starts_with("arn:") {
            let bad = || BadKeyRef::Arn(format!("Invalid arn {text}"));
            let arn: Arn = text.parse().map_err(|_| bad())?;
            if arn.service() != "kms" || arn.scope().is_none() {
                return Err(bad());
            }
            return match arn.resource().strip_prefix("key/") {
                Some(id) if is_id(id) => Ok(Self::Arn(arn)),
                _ => {
                    let alias = arn.resource().parse().map_err(|_| bad())?;
                    Ok(Self::AliasArn(arn, alias))
                }
            };
        }
        if text.starts_with("alias/") {
            return text.parse().map(Self::Alias).map_err(|_| BadKeyRef::Id(format!("Invalid keyId {text:?}")));
        }
        if is_id(text) { Ok(Self::Id(text.to_owned())) } else { Err(BadKeyRef::Id(format!("Invalid keyId {text:?}"))) }
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// `PendingWindowInDays` as ScheduleKeyDeletion takes it.
pub fn validate_window(days: i64) -> Result<(), Invalid> {
    let (least, most) = WINDOW_DAYS;
    if (least..=most).contains(&days) {
        return Ok(());
    }
    Err(Invalid::value("PendingWindowInDays", format_args!("it must be {least} to {most} days, not {days}")))
}

/// `Description` as CreateKey takes it.
pub fn validate_description(text: &str) -> Result<(), Invalid> {
    if text.chars().count() <= MAX_DESCRIPTION {
        return Ok(());
    }
    Err(Invalid::value("Description", format_args!("it may have at most {MAX_DESCRIPTION} characters")))
}

/// The policy that every key has: its account may do all with it, as every account may here with what is its own; and one of
/// AWS's is for AWS Backup alone.
pub fn policy_of(key: &KmsKey) -> String {
    let account = &key.scope.account;
    let (id, sid, action, extra) = match key.manager {
        KeyManager::Customer => ("key-default-1", "Enable IAM User Permissions", "\"kms:*\"", String::new()),
        KeyManager::Aws => (
            "auto-backup-1",
            "Allow access through Backup for all principals in the account that are authorized to use Backup Storage",
            "[ \"kms:CreateGrant\", \"kms:Decrypt\", \"kms:GenerateDataKey*\", \"kms:ReEncrypt*\", \"kms:DescribeKey\" ]",
            format!(
                ",\n    \"Condition\" : {{\n      \"StringEquals\" : {{\n        \"kms:CallerAccount\" : \"{account}\",\n        \
                 \"kms:ViaService\" : \"backup.{}.amazonaws.com\"\n      }}\n    }}",
                key.scope.region
            ),
        ),
    };
    let principal = match key.manager {
        KeyManager::Customer => format!("arn:aws:iam::{account}:root"),
        KeyManager::Aws => "*".to_owned(),
    };
    format!(
        "{{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"{id}\",\n  \"Statement\" : [ {{\n    \"Sid\" : \"{sid}\",\n    \
         \"Effect\" : \"Allow\",\n    \"Principal\" : {{\n      \"AWS\" : \"{principal}\"\n    }},\n    \
         \"Action\" : {action},\n    \"Resource\" : \"*\"{extra}\n  }} ]\n}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_key_is_named_in_four_ways() {
        let alias: AliasName = "alias/backups".parse().unwrap();
        assert_eq!(KeyRef::parse("1234abcd-12ab"), Ok(KeyRef::Id("1234abcd-12ab".to_owned())));
        assert_eq!(KeyRef::parse("alias/backups"), Ok(KeyRef::Alias(alias.clone())));
        assert_eq!(KeyRef::parse(KEY), Ok(KeyRef::Arn(KEY.parse().unwrap())));
        let of_alias = "arn:aws:kms:us-east-1:123456789012:alias/backups";
        assert_eq!(KeyRef::parse(of_alias), Ok(KeyRef::AliasArn(of_alias.parse().unwrap(), alias)));
        for bad in ["arn:aws:kms:us-east-1:123456789012:key/", "arn:aws:s3:::bucket", "arn:aws:kms:::key/a", "arn:x"] {
            assert!(matches!(KeyRef::parse(bad), Err(BadKeyRef::Arn(_))), "{bad}");
        }
        for bad in ["", "two words", "alias/", "alias/a b", "../x"] {
            assert!(matches!(KeyRef::parse(bad), Err(BadKeyRef::Id(_))), "{bad}");
        }
    }

    #[test]
    fn an_alias_has_kms_letters_and_its_beginning() {
        for good in ["alias/a", "alias/aws/backup", "alias/A-1_x/y"] {
            assert_eq!(good.parse::<AliasName>().unwrap().is_reserved(), good == BACKUP_ALIAS);
        }
        for bad in ["", "a", "alias/", "alias/a.b", "Alias/a", &format!("alias/{}", "x".repeat(251))] {
            assert!(bad.parse::<AliasName>().unwrap_err().message.starts_with("Invalid AliasName"), "{bad}");
        }
        assert!(format!("alias/{}", "x".repeat(250)).parse::<AliasName>().is_ok());
    }

    #[test]
    fn a_deletion_waits_for_7_to_30_days() {
        assert!([7, 30].into_iter().all(|days| validate_window(days).is_ok()));
        for days in [6, 31, 0, -1] {
            let message = validate_window(days).unwrap_err().message;
            assert_eq!(message, format!("Invalid PendingWindowInDays: it must be 7 to 30 days, not {days}"));
        }
    }

    #[test]
    fn the_policy_is_json_that_names_the_account() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let mut key = KmsKey {
            id: "1".to_owned(),
            arn: KEY.parse().unwrap(),
            scope,
            description: String::new(),
            state: KeyState::Enabled,
            manager: KeyManager::Customer,
            created: None,
            aliases: Vec::new(),
        };
        let own: serde_json::Value = serde_json::from_str(&policy_of(&key)).unwrap();
        assert_eq!(own["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::123456789012:root");
        key.manager = KeyManager::Aws;
        let of_aws: serde_json::Value = serde_json::from_str(&policy_of(&key)).unwrap();
        let condition = &of_aws["Statement"][0]["Condition"]["StringEquals"];
        assert_eq!(condition["kms:ViaService"], "backup.us-east-1.amazonaws.com");
    }
}
