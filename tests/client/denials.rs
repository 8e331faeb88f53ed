//! Encoded authorization messages, decoded by STS: what is asked, what is made of the answer, and who may not.

use crate::child::{given_url, in_child};
use crate::recorder::{options, scope};
use crate::standin::{Asked, Told, serve};
use serde_json::json;
use std::sync::{Arc, Mutex};
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::{Answer, Fault, FaultKind, Key, Query};

const KEYS: (&str, &str) = ("AKIADENIAL", "secret");
const MESSAGE: &str = "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj__y9xwhIHk99U_cUq1FIeZnskWDjQ1wSHStVfdCEyZILGoccGpC";

fn decoded(text: &str) -> Told {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    Told::xml(
        200,
        format!(
            "<DecodeAuthorizationMessageResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <DecodeAuthorizationMessageResult><DecodedMessage>{text}</DecodedMessage></DecodeAuthorizationMessageResult>\
             </DecodeAuthorizationMessageResponse>"
        ),
    )
}

fn refused(status: u16, code: &str, message: &str) -> Told {
    Told::xml(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>r-1</RequestId></ErrorResponse>"
        ),
    )
}

/// Has a stand-in that answers so decode a message; what came, and what was asked for it.
async fn decode(
    message: &str,
    told: impl Fn() -> Told + Send + Sync + 'static,
) -> (Result<Answer, Fault>, Vec<String>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let url = serve(move |asked: &Asked| match asked.line.as_str() {
        "POST /" if asked.body.contains("Action=DecodeAuthorizationMessage") => {
            seen.lock().unwrap().push(format!("{} {}", asked.authorization, asked.body));
            told()
        }
        "POST /" => Told::identity(),
        _ => Told::unknown(),
    })
    .await;
    let options = Options {
        regions: vec!["us-east-1".parse().unwrap()],
        profile: Some("moto".to_owned()),
        ..options(Transport::Endpoint(url))
    };
    let key = Key::scoped(scope(), Query::Denial { message: message.to_owned() });
    let answer = Connection::new(options).unwrap().read(key).await;
    let asked = asked.lock().unwrap().clone();
    (answer, asked)
}

#[tokio::test]
async fn sts_is_asked_once_with_a_signature_and_its_answer_is_told_in_plain_words() {
    let Some(_) = given_url() else {
        let test = "denials::sts_is_asked_once_with_a_signature_and_its_answer_is_told_in_plain_words";
        return in_child(test, "http://127.0.0.1", KEYS);
    };
    let document = json!({
        "allowed": false, "explicitDeny": true,
        "matchedStatements": {"items": [{"statementId": "NoSnapshots\u{1b}[2J", "effect": "DENY"}]},
        "context": {
            "principal": {"arn": "arn:aws:sts::123456789012:assumed-role/Backup/x\u{202e}"},
            "action": "ec2:CreateSnapshot", "resource": "arn:aws:ec2:us-east-1:123456789012:volume/vol-1",
            "conditions": {"items": [{"key": "ec2:Region", "values": {"items": [{"value": "us-east-1"}]}}]}
        }
    });
    let (answer, asked) = decode(MESSAGE, move || decoded(&document.to_string())).await;
    let Ok(Answer::Denial(denial)) = answer else { panic!("{answer:?}") };
    assert_eq!(
        denial.what(),
        "arn:aws:sts::123456789012:assumed-role/Backup/x may not do ec2:CreateSnapshot on \
         arn:aws:ec2:us-east-1:123456789012:volume/vol-1"
    );
    let why = denial.why();
    assert!(why.contains("denies it explicitly (statement NoSnapshots[2J)"), "harmless, and what was found: {why}");
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(asked.starts_with("AWS4-HMAC-SHA256 Credential=AKIADENIAL/"), "{asked}");
    assert!(asked.contains("/us-east-1/sts/aws4_request,") && asked.contains("Signature="), "{asked}");
    assert!(asked.contains("Version=2011-06-15") && asked.ends_with(&format!("EncodedMessage={MESSAGE}")), "{asked}");
}

#[tokio::test]
async fn who_may_not_decode_and_what_is_no_message_is_said() {
    let Some(_) = given_url() else {
        let test = "denials::who_may_not_decode_and_what_is_no_message_is_said";
        return in_child(test, "http://127.0.0.1", KEYS);
    };
    let fault = |told: fn() -> Told| async move { decode(MESSAGE, told).await.0.unwrap_err() };
    let denied = fault(|| refused(403, "AccessDenied", "User: ada is not authorized")).await;
    assert_eq!(denied.kind, FaultKind::Denied);
    assert!(denied.message.contains("the permission sts:DecodeAuthorizationMessage"), "{denied}");
    assert!(denied.message.ends_with(": User: ada is not authorized"), "{denied}");
    let foreign = fault(|| refused(400, "InvalidAuthorizationMessageException", "invalid")).await;
    assert_eq!(foreign.kind, FaultKind::Refused);
    assert!(foreign.message.contains("not whole, or of another account"), "{foreign}");
    for nonsense in ["", "{}", "[]", "not JSON", "{\"explicitDeny\": \"yes\"}"] {
        let (answer, _) = decode(MESSAGE, move || decoded(nonsense)).await;
        let fault = answer.unwrap_err();
        assert_eq!(fault.message, "what STS decoded of the message cannot be used", "{nonsense}");
    }
    let (answer, asked) = decode(&"x".repeat(10_241), || decoded("{}")).await;
    assert!(answer.unwrap_err().message.contains("at most 10240 characters; this one has 10241"));
    assert_eq!(asked, [""; 0], "what STS would not take is not sent");
}
