//! One scope of twelve whose endpoint is throttled, denied, expired, slow, wrong or silent, and a clock that is wrong: it is told in
//! plain words, and holds up no other scope.

use crate::child::{given_url, in_child};
use crate::recorder::options;
use crate::standin::{Asked, Told, serve};
use chrono::{Duration as Span, Utc};
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::fetch::{Fetcher, Visibility};
use vaultdeck::client::{Event, Fault, FaultKind, Key, Query};
use vaultdeck::domain::{Region, Scope};

const KEYS: (&str, &str) = ("AKIATWELVE", "secret");
/// So long nothing is waited for that must come.
const WAIT: Duration = Duration::from_secs(90);
const REGIONS: [&str; 12] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-northeast-1",
];
/// The one that fails.
const FAILING: &str = "eu-west-1";

fn scope(region: &str) -> Scope {
    Scope::new("123456789012".parse().unwrap(), region.parse().unwrap())
}

fn refused(status: u16, headers: &'static str, message: &str) -> Told {
    Told { status, headers, ..Told::json(&json!({ "message": message })) }
}

/// What the other eleven answered, in their order, and what came of the failing one; all of them were asked at once.
async fn ask(answer: impl Fn() -> Told + Send + Sync + 'static) -> (Vec<Scope>, Result<(), Fault>) {
    let url = serve(move |asked: &Asked| match asked.line.as_str() {
        "POST /" => Told::identity(),
        line if !line.starts_with("GET /backup-vaults") => Told::unknown(),
        _ if asked.authorization.contains(&format!("/{FAILING}/backup/")) => answer(),
        _ => Told::json(&json!({"BackupVaultList": []})),
    })
    .await;
    let regions: Vec<Region> = REGIONS.iter().map(|region| region.parse().unwrap()).collect();
    let options = Options { regions, profile: Some("moto".to_owned()), ..options(Transport::Endpoint(url)) };
    let (events, mut told) = mpsc::unbounded_channel();
    let fetcher = Fetcher::new(Connection::new(options).unwrap(), events);
    for region in REGIONS {
        fetcher.want(Key::scoped(scope(region), Query::Vaults), Visibility::Shown);
    }
    let (mut well, mut failing) = (Vec::new(), None);
    while well.len() < 11 || failing.is_none() {
        let event = tokio::time::timeout(WAIT, told.recv()).await.expect("it answers").expect("it runs");
        let Event::Answered(reply) = event else { continue };
        let of = reply.key.scope.unwrap();
        match reply.result {
            result if of == scope(FAILING) => {
                if let (Ok(_), true) = (&result, well.len() < 11) {
                    panic!("the slow one was first");
                }
                failing.get_or_insert(result.map(drop));
            }
            Ok(_) if !well.contains(&of) => well.push(of),
            Ok(_) => {}
            Err(fault) => panic!("{of}: {fault}"),
        }
    }
    (well, failing.unwrap())
}

#[tokio::test]
async fn one_that_fails_says_how_and_the_eleven_others_answer() {
    let Some(_) = given_url() else {
        let test = "one_of_twelve::one_that_fails_says_how_and_the_eleven_others_answer";
        return in_child(test, "http://127.0.0.1", KEYS);
    };
    let wrong = |body: &'static str| move || Told { body: body.to_owned(), ..Told::json(&json!({})) };
    type Answer = Box<dyn Fn() -> Told + Send + Sync>;
    let cases: Vec<(&str, Answer, FaultKind, &str)> = vec![
        (
            "throttled",
            Box::new(|| refused(400, "x-amzn-errortype: ThrottlingException\r\n", "Rate exceeded")),
            FaultKind::Throttled,
            "Rate exceeded",
        ),
        (
            "denied",
            Box::new(|| refused(403, "x-amzn-errortype: AccessDeniedException\r\n", "not authorized to list")),
            FaultKind::Denied,
            "not authorized to list",
        ),
        (
            "expired",
            Box::new(|| refused(403, "x-amzn-errortype: ExpiredTokenException\r\n", "the token is expired")),
            FaultKind::Expired,
            "the token is expired",
        ),
        ("a page", Box::new(|| Told::html(200, "<html>")), FaultKind::Network, "an HTML page instead of an answer"),
        ("cut", Box::new(wrong("{\"BackupVaultList\": [{")), FaultKind::Other, "an unreadable answer (HTTP 200)"),
        ("of another kind", Box::new(wrong("{\"BackupVaultList\": 7}")), FaultKind::Other, "an unreadable answer"),
        (
            "half a character",
            Box::new(wrong("{\"BackupVaultList\": [{\"BackupVaultName\": \"\\ud800\"}]}")),
            FaultKind::Other,
            "an unreadable answer",
        ),
        ("its own trouble", Box::new(|| refused(500, "", "")), FaultKind::Other, "failed with HTTP 500"),
    ];
    for (what, answer, kind, words) in cases {
        let (others, told) = ask(answer).await;
        let fault = told.unwrap_err();
        assert_eq!(others.len(), 11, "{what}");
        assert_eq!(fault.kind, kind, "{what}: {fault}");
        assert!(fault.message.contains(words), "{what}: {fault}");
    }
}

#[tokio::test]
async fn one_that_is_slow_is_the_last_and_one_that_is_silent_ends_by_itself() {
    let Some(_) = given_url() else {
        let test = "one_of_twelve::one_that_is_slow_is_the_last_and_one_that_is_silent_ends_by_itself";
        return in_child(test, "http://127.0.0.1", KEYS);
    };
    let vaults = || Told::json(&json!({"BackupVaultList": []}));
    let (slow, silent) = tokio::join!(
        ask(move || Told { after: Duration::from_secs(10), ..vaults() }),
        ask(move || Told { after: Duration::from_secs(3600), ..vaults() })
    );
    assert_eq!((slow.0.len(), silent.0.len()), (11, 11));
    slow.1.unwrap();
    let fault = silent.1.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Network);
    assert!(fault.message.contains("no answer within 20 s"), "{fault}");
}

#[tokio::test]
async fn a_clock_ten_minutes_off_is_told_with_the_minutes_and_no_sign_in_is_offered() {
    let Some(_) = given_url() else {
        let test = "one_of_twelve::a_clock_ten_minutes_off_is_told_with_the_minutes_and_no_sign_in_is_offered";
        return in_child(test, "http://127.0.0.1", KEYS);
    };
    for (minutes, direction) in [(10, "behind"), (-10, "ahead of")] {
        let message = move || {
            let (signed, own) = (Utc::now(), Utc::now() + Span::minutes(minutes));
            let limit = own - Span::minutes(5 * minutes.signum());
            let at = |time: chrono::DateTime<Utc>| time.format("%Y%m%dT%H%M%SZ").to_string();
            let (signed, limit, own) = (at(signed), at(limit), at(own));
            if minutes > 0 {
                format!("Signature expired: {signed} is now earlier than {limit} ({own} - 5 min.)")
            } else {
                format!("Signature not yet current: {signed} is still later than {limit} ({own} + 5 min.)")
            }
        };
        let said = format!("this machine's clock is 10 minutes {direction} the service's: it must be set right");
        let told = ask(move || refused(403, "x-amzn-errortype: InvalidSignatureException\r\n", &message())).await;
        let fault = told.1.unwrap_err();
        assert!(fault.message.starts_with(&said), "{fault}");
        assert_eq!(fault.kind, FaultKind::Other, "keys that are good are not said to be expired");
        // The first call of all goes to STS, which says it in XML.
        let url = serve(move |_: &Asked| {
            let error = format!("<Code>SignatureDoesNotMatch</Code><Message>{}</Message>", message());
            Told::xml(403, format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"))
        })
        .await;
        let options = Options {
            regions: vec!["us-east-1".parse().unwrap()],
            profile: Some("moto".to_owned()),
            ..options(Transport::Endpoint(url))
        };
        let connection = Connection::new(options).unwrap();
        let fault = connection.read(Key::scoped(scope("us-east-1"), Query::Vaults)).await.unwrap_err();
        assert!(fault.message.starts_with(&said), "{fault}");
    }
}
