//! Tags and their rules.

use crate::domain::{Invalid, Tags};

/// The most tags that a resource, vault, plan or recovery point has.
pub const MAX_TAGS: usize = 50;

/// Checks tags that a user gives: count, lengths, and the prefix that is AWS's own. `field` is the member's name.
pub fn validate(field: &str, tags: &Tags) -> Result<(), Invalid> {
    if tags.len() > MAX_TAGS {
        return Err(Invalid::value(
            field,
            format_args!("at most {MAX_TAGS} tags are allowed, {} were given", tags.len()),
        ));
    }
    tags.iter().try_for_each(|(key, value)| validate_tag(field, key, value))
}

/// Checks one tag.
pub fn validate_tag(field: &str, key: &str, value: &str) -> Result<(), Invalid> {
    let length = key.chars().count();
    if !(1..=128).contains(&length) {
        return Err(Invalid::value(field, format_args!("a tag's key must have 1 to 128 characters, one has {length}")));
    }
    let length = value.chars().count();
    if length > 256 {
        return Err(Invalid::value(
            field,
            format_args!("the value of tag {key:?} must have at most 256 characters, it has {length}"),
        ));
    }
    if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
        return Err(Invalid::value(field, format_args!("the key of tag {key:?} must not begin with aws:")));
    }
    if key.chars().chain(value.chars()).any(char::is_control) {
        return Err(Invalid::value(field, format_args!("tag {key:?} must not hold control characters")));
    }
    Ok(())
}

/// Reads `KEY=VALUE` as the command line and the dashboard take it; the value may hold further equals signs.
pub fn parse_pair(text: &str) -> Result<(String, String), Invalid> {
    let (key, value) =
        text.split_once('=').ok_or_else(|| Invalid::value("Tags", format_args!("{text:?} must be KEY=VALUE")))?;
    validate_tag("Tags", key, value)?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Result<(), Invalid> {
        validate("Tags", &Tags::from([(key.to_owned(), value.to_owned())]))
    }

    #[test]
    fn lengths_count_characters() {
        assert_eq!(one(&"ü".repeat(128), &"ü".repeat(256)), Ok(()));
        assert_eq!(one("k", ""), Ok(()));
        assert!(one("", "v").unwrap_err().message.contains("1 to 128"));
        assert!(one(&"k".repeat(129), "v").is_err());
        assert!(one("k", &"v".repeat(257)).unwrap_err().message.contains("256"));
    }

    #[test]
    fn the_prefix_of_aws_is_refused_in_any_case() {
        for key in ["aws:x", "AWS:x", "Aws:backup"] {
            assert!(one(key, "v").unwrap_err().message.contains("aws:"), "{key}");
        }
        assert_eq!(one("awsome", "v"), Ok(()));
        assert_eq!(one("äws:", "v"), Ok(()));
    }

    #[test]
    fn fifty_are_allowed_and_no_more() {
        let tags = |count: usize| (0..count).map(|i| (format!("k{i}"), String::new())).collect::<Tags>();
        assert_eq!(validate("Tags", &tags(50)), Ok(()));
        assert!(validate("BackupVaultTags", &tags(51)).unwrap_err().message.starts_with("Invalid BackupVaultTags"));
    }

    #[test]
    fn control_characters_are_refused() {
        assert!(one("a\u{1b}[31m", "v").is_err());
        assert!(one("a", "line\nbreak").is_err());
    }

    #[test]
    fn a_pair_splits_at_the_first_equals_sign() {
        assert_eq!(parse_pair("query=a=b"), Ok(("query".to_owned(), "a=b".to_owned())));
        assert_eq!(parse_pair("empty="), Ok(("empty".to_owned(), String::new())));
        assert!(parse_pair("no-value").unwrap_err().message.contains("KEY=VALUE"));
        assert!(parse_pair("=v").is_err());
    }
}
