//! Where a restore goes that makes something new at a service.

use crate::domain::Invalid;
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::{Fault, RestoreAsk};

/// The URL of the service that a restore writes to: what its metadata gives with `key`, else that of what was backed up, if this
/// is registered still.
pub(super) fn of_restore(
    ask: &RestoreAsk<'_>,
    key: &str,
    given: Option<&str>,
    of_source: Option<&str>,
) -> Result<String, Fault> {
    match (given, of_source) {
        (Some(given), source) => {
            stay(ask, key, "endpoint of what was backed up", given, source).map(|()| given.to_owned())
        }
        (None, Some(source)) => Ok(source.to_owned()),
        (None, None) => Err(wrong(key, "must be given, since what was backed up is not registered any more")),
    }
}

/// Refuses a restore that a caller over the network would have go elsewhere than to what was backed up: whoever names a server there
/// would be told its data and its password.
pub(super) fn stay(
    ask: &RestoreAsk<'_>,
    key: &str,
    what: &str,
    url: &str,
    of_source: Option<&str>,
) -> Result<(), Fault> {
    if matches!(ask.roots, RestoreRoots::Any) || of_source == Some(url) {
        return Ok(());
    }
    Err(wrong(key, &format!("over the network, restores go only to the {what}")))
}

fn wrong(key: &str, rule: &str) -> Fault {
    Fault::Invalid(Invalid::value(format!("Metadata.{key}"), rule))
}

/// The region in the name of an endpoint of AWS, such as `dynamodb.eu-central-1.amazonaws.com`.
pub(super) fn region_of(endpoint: &str, service: &str) -> Option<String> {
    aws_name(endpoint)?.rsplit('.').next().filter(|region| *region != service).map(str::to_owned)
}

/// Whether two services lie at one place: at one endpoint, or both in the same region of AWS.
pub(super) fn is_one_place(one: &str, other: &str) -> bool {
    let region =
        |endpoint| aws_name(endpoint).and_then(|name| name.split('.').find(|part| part.matches('-').count() >= 2));
    one == other || (region(one).is_some() && region(one) == region(other))
}

/// What stands before AWS's own domain in the name of an endpoint of AWS.
fn aws_name(endpoint: &str) -> Option<&str> {
    let host = endpoint.split("://").nth(1)?.split(['/', ':']).next()?;
    host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_endpoint_of_aws_tells_its_region() {
        for (endpoint, region) in [
            ("https://dynamodb.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("https://123456789012.ddb.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("https://dynamodb.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("https://dynamodb.amazonaws.com", None),
            ("http://127.0.0.1:8000", None),
            ("https://amazonaws.com.example.org", None),
        ] {
            assert_eq!(region_of(endpoint, "dynamodb").as_deref(), region, "{endpoint}");
        }
    }

    #[test]
    fn services_lie_at_one_place_by_their_endpoint_or_their_region_of_aws() {
        for (one, other, expected) in [
            ("http://h:4566", "http://h:4566", true),
            ("http://h:4566", "http://h:4567", false),
            ("https://dynamodb.eu-west-1.amazonaws.com", "https://cloudformation.eu-west-1.amazonaws.com", true),
            ("https://dynamodb.eu-west-1.amazonaws.com", "https://cloudformation.eu-west-2.amazonaws.com", false),
            ("https://s3.amazonaws.com", "https://cloudformation.us-east-1.amazonaws.com", false),
            ("https://dynamodb.eu-west-1.amazonaws.com", "http://eu-west-1", false),
        ] {
            assert_eq!(is_one_place(one, other), expected, "{one} {other}");
        }
    }
}
