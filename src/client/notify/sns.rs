//! SNS: `Publish`, and nothing else of it, signed without its SDK. Keys, TLS and limits are those of
//! all other calls.

use super::{LIMIT, words};
use crate::client::signed::{Post, Unsigned, aws_url, keys};
use crate::client::wire::Wire;
use crate::domain::Arn;
use crate::domain::notification::{Message, SUBJECT};
use aws_credential_types::provider::SharedCredentialsProvider;
use http::header::CONTENT_TYPE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// What stays as it is in a form.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Its name in signatures and addresses.
const SERVICE: &str = "sns";

const FORM_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The topics of SNS.
pub struct Topics {
    /// The URL of SNS; AWS's own of each topic's region when there is none.
    endpoint: Option<String>,
    wire: Wire,
    credentials: SharedCredentialsProvider,
}

impl Topics {
    /// The topics at an endpoint, or on AWS when there is none, with the keys of a profile or of the environment. The error says
    /// what is wrong with that.
    pub async fn new(endpoint: Option<&str>, profile: Option<&str>) -> Result<Self, String> {
        let wire = match endpoint {
            Some(url) => Wire::to(url)?,
            None => Wire::tls(Arc::new(|_| {})),
        };
        let credentials = keys(profile).await.ok_or("no AWS keys are to be had")?;
        let endpoint = endpoint.map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self { endpoint, wire, credentials })
    }

    /// Publishes a message.
    pub async fn publish(&self, topic: &Arn, message: &Message) -> Result<(), String> {
        let url = self.endpoint.as_ref().map_or_else(|| aws_endpoint(topic), |url| format!("{url}/"));
        let headers = [(CONTENT_TYPE.as_str(), FORM_TYPE)];
        let post =
            Post { service: SERVICE, region: topic.region(), url: &url, headers: &headers, body: form(topic, message) };
        let request = post.signed(&self.credentials).await.map_err(|unsigned| match unsigned {
            Unsigned::NoKeys(why) => format!("no AWS keys: {why}"),
            Unsigned::Malformed(why) => why,
        })?;
        let response = self.wire.ask(request, LIMIT).await.map_err(|error| error.to_string())?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(refusal(response.status(), &String::from_utf8_lossy(response.body())))
    }
}

/// SNS of AWS in the region of a topic.
fn aws_endpoint(topic: &Arn) -> String {
    let partition = if topic.as_str().starts_with("arn:aws-cn:") { "aws-cn" } else { "aws" };
    format!("{}/", aws_url(SERVICE, topic.region(), partition))
}

/// The form of `Publish`. SNS takes no attribute without a text.
fn form(topic: &Arn, message: &Message) -> String {
    let mut fields = vec![
        ("Action".to_owned(), "Publish"),
        ("Version".to_owned(), "2010-03-31"),
        ("TopicArn".to_owned(), topic.as_str()),
        ("Subject".to_owned(), SUBJECT),
        ("Message".to_owned(), &message.text),
    ];
    let told = message.attributes.iter().filter(|(_, text)| !text.is_empty());
    for (number, (name, text)) in (1..).zip(told) {
        let entry = format!("MessageAttributes.entry.{number}");
        fields.push((format!("{entry}.Name"), name));
        fields.push((format!("{entry}.Value.DataType"), "String"));
        fields.push((format!("{entry}.Value.StringValue"), text));
    }
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, FORM)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Code and message of an answer of the query protocol.
fn refusal(status: http::StatusCode, body: &str) -> String {
    let member = |name: &str| {
        let rest = body.split_once(&format!("<{name}>"))?.1;
        Some(words(rest.split_once(&format!("</{name}>"))?.0))
    };
    match (member("Code"), member("Message")) {
        (Some(code), Some(message)) => format!("SNS refused it: {code}: {message}"),
        _ => format!("SNS answered HTTP {}", status.as_u16()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_form_with_its_attributes_numbered_and_none_empty() {
        let topic: Arn = "arn:aws:sns:us-west-1:123456789012:t".parse().unwrap();
        let attributes =
            vec![("EventType", "BACKUP_JOB".to_owned()), ("Id", String::new()), ("State", "a b".to_owned())];
        let form = form(&topic, &Message { text: "An AWS & co.".to_owned(), attributes });
        assert_eq!(
            form,
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-west-1%3A123456789012%3At\
             &Subject=Notification%20from%20AWS%20Backup&Message=An%20AWS%20%26%20co.\
             &MessageAttributes.entry.1.Name=EventType&MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=BACKUP_JOB&MessageAttributes.entry.2.Name=State\
             &MessageAttributes.entry.2.Value.DataType=String&MessageAttributes.entry.2.Value.StringValue=a%20b"
        );
        assert_eq!(aws_endpoint(&topic), "https://sns.us-west-1.amazonaws.com/");
    }

    #[test]
    fn a_refusal_is_told_in_the_services_words() {
        let body = "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>";
        let told = refusal(http::StatusCode::NOT_FOUND, body);
        assert_eq!(told, "SNS refused it: NotFound: Topic does not exist");
        assert_eq!(refusal(http::StatusCode::BAD_GATEWAY, "<html>"), "SNS answered HTTP 502");
    }
}
