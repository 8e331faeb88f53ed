//! AWS KMS (awsJson1.1): the keys under which vaults are made. Nothing is encrypted here but the vaults' own keys.

use super::call::stamp;
use super::failure::Failure;
use super::members::Members;
use crate::domain::kms::{AliasName, BadKeyRef, DEFAULT_WINDOW_DAYS, KeyRef, KeyState, KmsKey, POLICY_NAME, policy_of};
use crate::domain::{Arn, Invalid, Tags, tags as tag_rules};
use crate::engine::authorize::action::{DescribeKey, GetKeyPolicy, GetKeyRotationStatus, ListAliases};
use crate::engine::{Caller, Engine, NewKey};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// What `X-Amz-Target` begins with.
pub(super) const TARGET: &str = "TrentService";

/// This service's names for what AWS Backup calls otherwise.
const NAMES: [(&str, &str); 6] = [
    ("InvalidParameterValueException", "ValidationException"),
    ("MissingParameterValueException", "ValidationException"),
    ("InvalidRequestException", "UnsupportedOperationException"),
    ("InvalidResourceStateException", "KMSInvalidStateException"),
    ("ResourceNotFoundException", "NotFoundException"),
    ("ServiceUnavailableException", "KMSInternalException"),
];

/// The most rows of an answer, and how many it has where nothing is said.
const MOST: i64 = 1000;
const KEYS: i64 = 100;
const OTHERS: i64 = 50;

/// Whose keys are listed.
const OWN: &str = "SELF";
const SHARED: &str = "OTHER_ACCOUNTS_VIA_RAM";

type Answer = Result<Value, Failure>;

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, body: Members) -> Answer {
    let call = Kms { engine, caller };
    let answer = match operation {
        "CreateKey" => call.create_key(body),
        "DescribeKey" => call.describe_key(body),
        "ListKeys" => call.list_keys(body),
        "ListAliases" => call.list_aliases(body),
        "CreateAlias" => call.create_alias(body),
        "EnableKey" => change(body, |name| Ok(engine.enable_key(caller, name)?)),
        "DisableKey" => change(body, |name| Ok(engine.disable_key(caller, name)?)),
        "ScheduleKeyDeletion" => call.schedule_deletion(body),
        "CancelKeyDeletion" => call.cancel_deletion(body),
        "GetKeyPolicy" => call.policy(body),
        "GetKeyRotationStatus" => call.rotation(body),
        "ListResourceTags" => call.tags(body),
        other => {
            return Err(Failure::unknown_operation(format!(
                "{other} of AWS KMS is not supported by this engine: its keys wrap the keys of vaults, and nothing else"
            )));
        }
    };
    answer.map_err(|failure| failure.renamed(&NAMES))
}

struct Kms<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
}

impl Kms<'_> {
    fn create_key(&self, mut body: Members) -> Answer {
        for (name, only) in [
            ("KeyUsage", "ENCRYPT_DECRYPT"),
            ("KeySpec", "SYMMETRIC_DEFAULT"),
            ("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
            ("Origin", "AWS_KMS"),
        ] {
            let given = body.string(name)?;
            if given.as_ref().is_some_and(|given| given != only) {
                return Err(Failure::refused(format!("{name}: a key that wraps the keys of vaults is {only}")));
            }
        }
        for name in ["Policy", "CustomKeyStoreId", "MultiRegion", "XksKeyId"] {
            body.refuse(name)?;
        }
        // It speaks of a policy, which no key is given here.
        body.boolean("BypassPolicyLockoutSafetyCheck")?;
        let description = body.string("Description")?.unwrap_or_default();
        let tags = new_tags(&mut body)?;
        body.finish()?;
        tag_rules::validate("Tags", &tags)
            .map_err(|invalid| Failure::new(StatusCode::BAD_REQUEST, "TagException", invalid.message))?;
        let key = self.engine.create_key(self.caller, NewKey { description, tags })?;
        Ok(json!({ "KeyMetadata": metadata(&key) }))
    }

    fn describe_key(&self, mut body: Members) -> Answer {
        let name = key_id(&mut body, "KeyId")?;
        no_grants(&mut body)?;
        body.finish()?;
        let key = self.engine.look_at_key(self.caller, DescribeKey, &name)?;
        Ok(json!({ "KeyMetadata": metadata(&key) }))
    }

    fn list_keys(&self, mut body: Members) -> Answer {
        let part = Part::of(&mut body, KEYS)?;
        let owners = body.strings("ResourceOwners")?.unwrap_or_else(|| vec![OWN.to_owned()]);
        body.finish()?;
        if let Some(unknown) = owners.iter().find(|owner| ![OWN, SHARED].contains(&owner.as_str())) {
            return Err(Failure::invalid(format!("Invalid ResourceOwners: {unknown:?} is not one of {OWN}, {SHARED}")));
        }
        // No account shares keys with another here.
        let own = owners.iter().any(|owner| owner == OWN);
        let keys = if own { self.engine.list_keys(self.caller)? } else { Vec::new() }.into_iter();
        let rows = keys.map(|key| (key.id.clone(), json!({ "KeyId": key.id, "KeyArn": key.arn })));
        Ok(part.cut("Keys", rows.collect()))
    }

    fn list_aliases(&self, mut body: Members) -> Answer {
        let name = body.string("KeyId")?.map(|name| checked(name, "KeyId")).transpose()?;
        let part = Part::of(&mut body, OTHERS)?;
        body.finish()?;
        let keys = match name {
            Some(name) => vec![self.engine.look_at_key(self.caller, ListAliases, &name)?],
            None => self.engine.list_keys(self.caller)?,
        };
        let mut rows: Vec<(String, Value)> = Vec::new();
        for key in keys {
            for alias in &key.aliases {
                let arn = Arn::kms(&key.scope, alias);
                let row = json!({ "AliasName": alias, "AliasArn": arn, "TargetKeyId": key.id });
                rows.push((alias.clone(), row));
            }
        }
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(part.cut("Aliases", rows))
    }

    fn create_alias(&self, mut body: Members) -> Answer {
        let name = body.required_string("AliasName")?;
        let target = key_id(&mut body, "TargetKeyId")?;
        body.finish()?;
        let bad = |why: String| Failure::new(StatusCode::BAD_REQUEST, "InvalidAliasNameException", why);
        let alias: AliasName = name.parse().map_err(|invalid: Invalid| bad(invalid.message))?;
        if alias.is_reserved() {
            return Err(bad(format!(
                "Invalid AliasName: {alias}: aliases that begin with alias/aws/ are made by AWS alone"
            )));
        }
        self.engine.create_alias(self.caller, &alias, &target)?;
        Ok(json!({}))
    }

    fn schedule_deletion(&self, mut body: Members) -> Answer {
        let name = key_id(&mut body, "KeyId")?;
        let days = body.integer("PendingWindowInDays")?.unwrap_or(DEFAULT_WINDOW_DAYS);
        body.finish()?;
        let key = self.engine.schedule_key_deletion(self.caller, &name, days)?;
        Ok(json!({
            "KeyId": key.arn,
            "DeletionDate": stamp(key.state.deletion_date()),
            "KeyState": key.state.as_str(),
            "PendingWindowInDays": days,
        }))
    }

    fn cancel_deletion(&self, mut body: Members) -> Answer {
        let name = key_id(&mut body, "KeyId")?;
        body.finish()?;
        Ok(json!({ "KeyId": self.engine.cancel_key_deletion(self.caller, &name)? }))
    }

    fn policy(&self, mut body: Members) -> Answer {
        let name = key_id(&mut body, "KeyId")?;
        let policy = body.string("PolicyName")?.unwrap_or_else(|| POLICY_NAME.to_owned());
        body.finish()?;
        let key = self.engine.look_at_key(self.caller, GetKeyPolicy, &name)?;
        if policy != POLICY_NAME {
            let message = format!("No such policy exists: {policy:?}; a key has one, {POLICY_NAME:?}");
            return Err(Failure::new(StatusCode::BAD_REQUEST, "NotFoundException", message));
        }
        Ok(json!({ "Policy": policy_of(&key), "PolicyName": POLICY_NAME }))
    }

    fn rotation(&self, mut body: Members) -> Answer {
        let name = key_id(&mut body, "KeyId")?;
        body.finish()?;
        let key = self.engine.look_at_key(self.caller, GetKeyRotationStatus, &name)?;
        // A vault's key is wrapped once and for good: no material is ever drawn anew.
        Ok(json!({ "KeyId": key.arn, "KeyRotationEnabled": false }))
    }

    fn tags(&self, mut body: Members) -> Answer {
        let name = key_id(&mut body, "KeyId")?;
        let part = Part::of(&mut body, OTHERS)?;
        body.finish()?;
        let tags = self.engine.key_tags(self.caller, &name)?.into_iter();
        let rows = tags.map(|(key, value)| (key.clone(), json!({ "TagKey": key, "TagValue": value })));
        Ok(part.cut("Tags", rows.collect()))
    }
}

/// A call that names a key and answers nothing.
fn change(mut body: Members, change: impl FnOnce(&str) -> Result<(), Failure>) -> Answer {
    let name = key_id(&mut body, "KeyId")?;
    body.finish()?;
    change(&name)?;
    Ok(json!({}))
}

/// A key as a member names it.
fn key_id(body: &mut Members, member: &str) -> Result<String, Failure> {
    checked(body.required_string(member)?, member)
}

fn checked(name: String, member: &str) -> Result<String, Failure> {
    let (code, message) = match KeyRef::parse(&name) {
        Ok(_) => return Ok(name),
        Err(BadKeyRef::Arn(message)) => ("InvalidArnException", message),
        Err(BadKeyRef::Id(message)) => ("NotFoundException", message),
    };
    Err(Failure::new(StatusCode::BAD_REQUEST, code, format!("{member}: {message}")))
}

fn no_grants(body: &mut Members) -> Result<(), Failure> {
    match body.strings("GrantTokens")? {
        Some(tokens) if !tokens.is_empty() => Err(Failure::invalid("Invalid GrantTokens: this engine gives no grants")),
        _ => Ok(()),
    }
}

fn new_tags(body: &mut Members) -> Result<Tags, Failure> {
    let mut tags = Tags::new();
    for mut tag in body.objects("Tags")?.unwrap_or_default() {
        let key = tag.required_string("TagKey")?;
        let value = tag.string("TagValue")?.ok_or_else(|| Failure::missing(&tag.path_of("TagValue")))?;
        tag.finish()?;
        if tags.insert(key.clone(), value).is_some() {
            let message = format!("Invalid Tags: {key:?} stands there twice");
            return Err(Failure::new(StatusCode::BAD_REQUEST, "TagException", message));
        }
    }
    Ok(tags)
}

fn metadata(key: &KmsKey) -> Value {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("AWSAccountId", json!(key.scope.account));
    set("KeyId", json!(key.id));
    set("Arn", json!(key.arn));
    set("Enabled", json!(key.state == KeyState::Enabled));
    set("Description", json!(key.description));
    set("KeyUsage", json!("ENCRYPT_DECRYPT"));
    set("KeyState", json!(key.state.as_str()));
    set("Origin", json!("AWS_KMS"));
    set("KeyManager", json!(key.manager.as_str()));
    set("CustomerMasterKeySpec", json!("SYMMETRIC_DEFAULT"));
    set("KeySpec", json!("SYMMETRIC_DEFAULT"));
    set("EncryptionAlgorithms", json!(["SYMMETRIC_DEFAULT"]));
    set("MultiRegion", json!(false));
    if let Some(created) = stamp(key.created) {
        set("CreationDate", json!(created));
    }
    if let Some(at) = stamp(key.state.deletion_date()) {
        set("DeletionDate", json!(at));
    }
    Value::Object(members)
}

/// Which part of a list.
struct Part {
    limit: usize,
    after: Option<String>,
}

impl Part {
    fn of(body: &mut Members, default: i64) -> Result<Self, Failure> {
        let limit = body.integer("Limit")?.unwrap_or(default);
        if !(1..=MOST).contains(&limit) {
            return Err(Failure::invalid(format!("Invalid Limit: it must be 1 to {MOST}, not {limit}")));
        }
        let after = body.string("Marker")?;
        if after.as_ref().is_some_and(|marker| marker.is_empty() || marker.len() > 1024) {
            let message = "Invalid Marker: it is none that this service gave";
            return Err(Failure::new(StatusCode::BAD_REQUEST, "InvalidMarkerException", message));
        }
        Ok(Self { limit: usize::try_from(limit).unwrap_or_default(), after })
    }

    /// The part of rows that are in the order of their names; the last one's is the marker of the next part.
    fn cut(self, member: &str, rows: Vec<(String, Value)>) -> Value {
        let mut left: Vec<(String, Value)> =
            rows.into_iter().filter(|(name, _)| self.after.as_ref().is_none_or(|after| name > after)).collect();
        let truncated = left.len() > self.limit;
        left.truncate(self.limit);
        let mut answer = json!({ "Truncated": truncated });
        if let (true, Some((last, _))) = (truncated, left.last()) {
            answer["NextMarker"] = json!(last);
        }
        answer[member] = left.into_iter().map(|(_, row)| row).collect();
        answer
    }
}
