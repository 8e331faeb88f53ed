//! Tags and access lists of objects: they are asked for beside the content, and stored with it.
//!
//! An object that is not read again keeps those that it had when it was read last: no listing tells that they changed.

use super::client::Client;
use super::faults::Explain as _;
use super::headers::{ACL, TAGS, attribute};
use crate::domain::PointDetails;
use crate::domain::types::s3::{ACLS_DETAIL, ACLS_OPTION, TAGS_OPTION};
use crate::engine::drivers::Fault;
use crate::repository::ExtendedAttribute;
use aws_sdk_s3::types::{AccessControlPolicy, Grant, Grantee, Owner, Permission, Tag, Type};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An object that is asked for more than its content.
pub(super) struct Of<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    /// The newest without one.
    pub(super) version: Option<&'a str>,
}

/// The detail of a recovery point that says whether it holds tags, where its backup said so.
const TAGS_DETAIL: &str = "ObjectTags";
const ALWAYS: &str = "true";
const NEVER: &str = "false";

/// What a backup stores beside the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Beside {
    tags: Tags,
    acls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Tags {
    /// Of each object whose answer tells that it has some.
    #[default]
    WhereTold,
    /// Of each object, whatever its answer tells.
    Always,
    Never,
}

impl Beside {
    /// What a job's options ask for: tags unless they are left out, access lists where they are asked for, since those cost a call an
    /// object.
    pub(super) fn of(options: &BTreeMap<String, String>) -> Self {
        let is = |name: &str| options.get(name).map(|value| value == "enabled");
        let tags = match is(TAGS_OPTION) {
            None => Tags::WhereTold,
            Some(true) => Tags::Always,
            Some(false) => Tags::Never,
        };
        Self { tags, acls: is(ACLS_OPTION) == Some(true) }
    }

    /// What a recovery point has, of which this was said: see [`Self::details`].
    pub(super) fn of_point(details: &PointDetails) -> Self {
        let tags = match details.get(TAGS_DETAIL).map(String::as_str) {
            Some(ALWAYS) => Tags::Always,
            Some(NEVER) => Tags::Never,
            _ => Tags::WhereTold,
        };
        Self { tags, acls: details.contains_key(ACLS_DETAIL) }
    }

    /// What there is to say of a recovery point that was stored so.
    pub(super) fn details(self) -> PointDetails {
        let tags = match self.tags {
            Tags::WhereTold => None,
            Tags::Always => Some(ALWAYS),
            Tags::Never => Some(NEVER),
        };
        let tags = tags.map(|tags| (TAGS_DETAIL.to_owned(), tags.to_owned()));
        let acls = self.acls.then(|| (ACLS_DETAIL.to_owned(), "true".to_owned()));
        tags.into_iter().chain(acls).collect()
    }

    /// What tells an object that is stored so from one that is stored otherwise: a backup that asks for more, or less, than the one
    /// before reads all again.
    pub(super) fn flavour(self) -> &'static str {
        match (self.tags, self.acls) {
            (Tags::Never, false) => "",
            (Tags::Never, true) => "acl",
            (Tags::WhereTold, false) => "told tags",
            (Tags::WhereTold, true) => "told tags+acl",
            (Tags::Always, false) => "tags",
            (Tags::Always, true) => "tags+acl",
        }
    }

    /// What there is beside an object's content. `told` is how many tags its answer tells of.
    pub(super) fn read(self, client: &Client, of: &Of<'_>, told: Option<i32>) -> Result<Vec<ExtendedAttribute>, Fault> {
        let mut found = Vec::new();
        if self.acls {
            found.push(attribute(ACL, &acl_of(client, of)?));
        }
        if self.asks_for_tags(told) {
            let tags = tags_of(client, of)?;
            found.extend((!tags.is_empty()).then(|| attribute(TAGS, &tags)));
        }
        Ok(found)
    }

    /// Whether anything beside the content of an object is asked for; its answer tells of so many tags.
    pub(super) fn asks(self, told: Option<i32>) -> bool {
        self.acls || self.asks_for_tags(told)
    }

    fn asks_for_tags(self, told: Option<i32>) -> bool {
        match self.tags {
            Tags::Always => true,
            Tags::WhereTold => told.is_some_and(|count| count > 0),
            Tags::Never => false,
        }
    }
}

fn tags_of(client: &Client, of: &Of<'_>) -> Result<String, Fault> {
    let call = client.sdk().get_object_tagging().bucket(of.bucket).key(of.key);
    let call = call.set_version_id(of.version.map(str::to_owned));
    let answer = client.wait(call.send()).explain("GetObjectTagging", client.place())?;
    Ok(encoded(answer.tag_set()))
}

/// Tags as the header that gives them takes them, in the order of their keys.
fn encoded(tags: &[Tag]) -> String {
    let text = |part: &str| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
    let mut pairs: Vec<String> = tags.iter().map(|tag| format!("{}={}", text(tag.key()), text(tag.value()))).collect();
    pairs.sort();
    pairs.join("&")
}

fn acl_of(client: &Client, of: &Of<'_>) -> Result<String, Fault> {
    let call = client.sdk().get_object_acl().bucket(of.bucket).key(of.key);
    let call = call.set_version_id(of.version.map(str::to_owned));
    let answer = client.wait(call.send()).explain("GetObjectAcl", client.place())?;
    let owner = answer.owner().and_then(Owner::id).unwrap_or_default().to_owned();
    let acl = Acl { owner, grants: answer.grants().iter().filter_map(Granted::of).collect() };
    serde_json::to_string(&acl).map_err(|error| Fault::Failed(error.to_string()))
}

/// An access list as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Acl {
    owner: String,
    grants: Vec<Granted>,
}

/// A right that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    permission: String,
    /// The type of whoever has it: `CanonicalUser`, `Group`, `AmazonCustomerByEmail`.
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "ID", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "URI", default, skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_address: Option<String>,
}

impl Granted {
    fn of(grant: &Grant) -> Option<Self> {
        let grantee = grant.grantee()?;
        Some(Self {
            permission: grant.permission()?.as_str().to_owned(),
            kind: grantee.r#type().as_str().to_owned(),
            id: grantee.id().map(str::to_owned),
            uri: grantee.uri().map(str::to_owned),
            email_address: grantee.email_address().map(str::to_owned),
        })
    }

    fn grant(self) -> Result<Grant, String> {
        let grantee = Grantee::builder()
            .r#type(Type::from(self.kind.as_str()))
            .set_id(self.id)
            .set_uri(self.uri)
            .set_email_address(self.email_address)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Grant::builder().grantee(grantee).permission(Permission::from(self.permission.as_str())).build())
    }
}

/// A stored access list as the call that puts it takes it, or why it is none.
pub(super) fn policy_of(stored: &str) -> Result<AccessControlPolicy, String> {
    let acl: Acl = serde_json::from_str(stored).map_err(|error| error.to_string())?;
    let grants = acl.grants.into_iter().map(Granted::grant).collect::<Result<Vec<_>, _>>()?;
    let owner = Owner::builder().id(acl.owner).build();
    Ok(AccessControlPolicy::builder().owner(owner).set_grants(Some(grants)).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_are_stored_unless_they_are_left_out_and_access_lists_where_they_are_asked_for() {
        for (given, flavour) in [
            (&[][..], "told tags"),
            (&[("BackupObjectTags", "enabled")], "tags"),
            (&[("BackupObjectTags", "disabled")], ""),
            (&[("BackupACLs", "disabled")], "told tags"),
            (&[("BackupACLs", "enabled")], "told tags+acl"),
            (&[("BackupACLs", "enabled"), ("BackupObjectTags", "disabled")], "acl"),
        ] {
            assert_eq!(Beside::of(&options(given)).flavour(), flavour, "{given:?}");
        }
    }

    #[test]
    fn tags_are_written_as_their_header_takes_them() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        assert_eq!(encoded(&[tag("ü", ""), tag("a=b", "c&d e+")]), "%C3%BC=&a%3Db=c%26d%20e%2B");
        assert_eq!(encoded(&[]), "");
    }

    #[test]
    fn an_access_list_comes_back_as_it_was() {
        let stored = r#"{"Owner":"o","Grants":[{"Permission":"FULL_CONTROL","Type":"CanonicalUser","ID":"o"},{"Permission":"READ","Type":"Group","URI":"http://all"}]}"#;
        let policy = policy_of(stored).unwrap();
        let grants: Vec<Granted> = policy.grants().iter().filter_map(Granted::of).collect();
        let owner = policy.owner().and_then(Owner::id).unwrap().to_owned();
        assert_eq!(serde_json::to_string(&Acl { owner, grants }).unwrap(), stored);
        assert!(policy_of("{}").is_err() && policy_of("").is_err());
    }
}
