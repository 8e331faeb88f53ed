//! What an object says of itself beside its content, as extended attributes of its file and back.
//!
//! | attribute | what |
//! | --- | --- |
//! | `user.s3.content-type`, `user.s3.cache-control`, … | the header of that name ([`Headers`]) |
//! | `user.s3.meta.NAME` | the user metadata of that name |
//! | `user.s3.etag`, `user.s3.version-id`, `user.s3.storage-class` | what it was in its bucket; a restored one gets its own |
//! | `user.s3.encryption`, `user.s3.encryption-key` | how it was encrypted there |
//! | `user.s3.unread` | in a log: why the store did not give out the content, which is not there then |
//! | `user.s3.tags`, `user.s3.acl` | its tags as a query string, its access list in JSON ([`beside`](super::beside)) |

use crate::repository::ExtendedAttribute;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use std::collections::HashMap;

pub(super) const PREFIX: &str = "user.s3.";
const META: &str = "meta.";
/// The tags.
pub(super) const TAGS: &str = "tags";
/// The access list.
pub(super) const ACL: &str = "acl";
/// Why there is no content: the store did not give it out.
pub(super) const UNREAD: &str = "unread";

/// The headers that an object keeps, wherever it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headers {
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) content_type: Option<String>,
    /// As it was written, which need be no time.
    pub(super) expires: Option<String>,
    pub(super) redirect: Option<String>,
    pub(super) encryption: Option<String>,
    pub(super) encryption_key: Option<String>,
    pub(super) tags: Option<String>,
    pub(super) acl: Option<String>,
    pub(super) metadata: HashMap<String, String>,
}

/// What an answer says and what there is beside it, in the order of the names.
pub(super) fn attributes(answer: &GetObjectOutput, beside: Vec<ExtendedAttribute>) -> Vec<ExtendedAttribute> {
    let told = [
        ("cache-control", answer.cache_control()),
        ("content-disposition", answer.content_disposition()),
        ("content-encoding", answer.content_encoding()),
        ("content-language", answer.content_language()),
        ("content-type", answer.content_type()),
        ("encryption", answer.server_side_encryption().map(|kind| kind.as_str())),
        ("encryption-key", answer.ssekms_key_id()),
        ("etag", answer.e_tag()),
        ("expires", answer.expires_string()),
        ("storage-class", answer.storage_class().map(|class| class.as_str())),
        ("version-id", answer.version_id()),
        ("website-redirect-location", answer.website_redirect_location()),
    ];
    let named = told.into_iter().filter_map(|(name, value)| Some(attribute(name, value?)));
    let metadata = answer.metadata().into_iter().flatten();
    let mut all: Vec<ExtendedAttribute> =
        named.chain(metadata.map(|(name, value)| attribute(&format!("{META}{name}"), value))).collect();
    all.extend(beside);
    all.sort_by(|left, right| left.name.cmp(&right.name));
    all
}

/// An attribute of an object's file.
pub(super) fn attribute(name: &str, value: &str) -> ExtendedAttribute {
    ExtendedAttribute { name: format!("{PREFIX}{name}"), value: value.as_bytes().to_vec() }
}

impl Headers {
    /// The headers in the attributes of a file. What is no text cannot have come from an object and is left out.
    pub(super) fn of(attributes: &[ExtendedAttribute]) -> Self {
        let mut headers = Self::default();
        for ExtendedAttribute { name, value } in attributes {
            let (Some(name), Ok(value)) = (name.strip_prefix(PREFIX), std::str::from_utf8(value)) else { continue };
            if let Some(name) = name.strip_prefix(META) {
                headers.metadata.insert(name.to_owned(), value.to_owned());
            } else if let Some(place) = headers.place(name) {
                *place = Some(value.to_owned());
            }
        }
        headers
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "cache-control" => &mut self.cache_control,
            "content-disposition" => &mut self.content_disposition,
            "content-encoding" => &mut self.content_encoding,
            "content-language" => &mut self.content_language,
            "content-type" => &mut self.content_type,
            "expires" => &mut self.expires,
            "website-redirect-location" => &mut self.redirect,
            "encryption" => &mut self.encryption,
            "encryption-key" => &mut self.encryption_key,
            TAGS => &mut self.tags,
            ACL => &mut self.acl,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_object_says_comes_back_from_its_file() {
        let answer = GetObjectOutput::builder()
            .content_type("text/x")
            .cache_control("no-store")
            .expires_string("never")
            .e_tag("\"1\"")
            .version_id("v")
            .metadata("owner", "ada")
            .build();
        let attributes = attributes(&answer, vec![attribute(TAGS, "a=b")]);
        let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        assert!(names.is_sorted() && names.contains(&"user.s3.version-id"), "{names:?}");
        let expected = Headers {
            content_type: Some("text/x".to_owned()),
            cache_control: Some("no-store".to_owned()),
            expires: Some("never".to_owned()),
            metadata: [("owner".to_owned(), "ada".to_owned())].into(),
            tags: Some("a=b".to_owned()),
            ..Headers::default()
        };
        assert_eq!(Headers::of(&attributes), expected);
    }
}
