//! The verifier against `aws-sigv4`, the signer of the AWS SDK for Rust.

use super::*;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// How a test signs.
#[derive(Clone, Default)]
struct Signing {
    token: Option<String>,
    hash_header: bool,
}

/// Signs `request` as the SDK does, at `time`.
fn signed(mut request: Request<Bytes>, time: SystemTime, signing: &Signing) -> Request<Bytes> {
    let identity = Credentials::new("AKIDEXAMPLE", SECRET, signing.token.clone(), None, "test").into();
    let mut settings = SigningSettings::default();
    if signing.hash_header {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name("backup")
        .time(time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers: Vec<(String, String)> =
        request.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(request.body()),
    )
    .unwrap();
    let (instructions, _) = sign_request(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// What our verifier says of `request`.
fn verified(request: &Request<Bytes>, secret: &str, now: Time) -> Result<Authorization, Refusal> {
    let signable = Signable {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
        authority: request.uri().authority().map(|authority| authority.as_str()),
    };
    let authorization = Authorization::of(&signable)?;
    authorization.check_head(&signable, now)?;
    let (claimed, hash) = (claimed_hash(request.headers())?, hex_of_hash(request.body()));
    if claimed.is_some_and(|claimed| claimed != hash) {
        return Err(false_hash());
    }
    authorization.verify(&signable, &hash, secret)?;
    Ok(authorization)
}

fn request(method: &str, uri: &str, body: &'static [u8]) -> Request<Bytes> {
    Request::builder().method(method).uri(uri).body(Bytes::from_static(body)).unwrap()
}

fn time() -> (SystemTime, Time) {
    let system = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    (system, system.into())
}

#[test]
fn what_the_sdk_signs_is_let_in_with_its_scope() {
    let (system, now) = time();
    let request = signed(
        request("GET", "http://127.0.0.1:9860/backup-vaults/Default?maxResults=5", b""),
        system,
        &Signing { token: Some("a-token".to_owned()), hash_header: true },
    );
    let authorization = verified(&request, SECRET, now).unwrap();
    assert_eq!(authorization.access_key_id, "AKIDEXAMPLE");
    assert_eq!((authorization.region.as_str(), authorization.service.as_str()), ("eu-central-1", "backup"));
    assert_eq!(authorization.session_token.as_deref(), Some("a-token"));
}

#[test]
fn another_secret_body_path_query_or_method_is_refused() {
    let (system, now) = time();
    let good = signed(
        request("PUT", "http://h/backup-jobs?a=1", br#"{"BackupVaultName":"Default"}"#),
        system,
        &Signing::default(),
    );
    verified(&good, SECRET, now).unwrap();
    assert!(matches!(verified(&good, "other", now), Err(Refusal::Mismatch(_))));
    let changes: [fn(&mut Request<Bytes>); 4] = [
        |r| *r.body_mut() = Bytes::from_static(br#"{"BackupVaultName":"Other"}"#),
        |r| *r.uri_mut() = "http://h/backup-job?a=1".parse().unwrap(),
        |r| *r.uri_mut() = "http://h/backup-jobs?a=2".parse().unwrap(),
        |r| *r.method_mut() = http::Method::POST,
    ];
    for change in changes {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(matches!(verified(&changed, SECRET, now), Err(Refusal::Mismatch(_))), "{changed:?}");
    }
}

#[test]
fn a_false_body_hash_is_refused() {
    let (system, now) = time();
    let mut changed =
        signed(request("PUT", "http://h/backup-jobs", b"{}"), system, &Signing { token: None, hash_header: true });
    *changed.body_mut() = Bytes::from_static(b"{ }");
    let refusal = verified(&changed, SECRET, now).unwrap_err();
    assert!(refusal.to_string().contains("x-amz-content-sha256"), "{refusal}");
}

#[test]
fn the_time_may_be_five_minutes_off_and_no_more() {
    let (system, now) = time();
    let request = signed(request("GET", "http://h/", b""), system, &Signing::default());
    for minutes in [-5, 0, 5] {
        verified(&request, SECRET, now + TimeDelta::minutes(minutes)).unwrap();
    }
    let late = verified(&request, SECRET, now + TimeDelta::seconds(301)).unwrap_err();
    assert!(late.to_string().starts_with("Signature expired: "), "{late}");
    let early = verified(&request, SECRET, now - TimeDelta::seconds(301)).unwrap_err();
    assert!(early.to_string().starts_with("Signature not yet current: "), "{early}");
}

#[test]
fn an_amazon_header_outside_the_signature_is_refused() {
    let (system, now) = time();
    let mut request = signed(request("GET", "http://h/", b""), system, &Signing::default());
    request.headers_mut().insert("x-amz-security-token", "smuggled".parse().unwrap());
    let refusal = verified(&request, SECRET, now).unwrap_err();
    assert!(refusal.to_string().contains("x-amz-security-token"), "{refusal}");
}

#[test]
fn broken_authorization_headers_say_what_they_lack() {
    let (_, now) = time();
    let cases = [
        ("Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256"),
        ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00", "'Credential'"),
        ("AWS4-HMAC-SHA256 Credential=A/20270115/r/s/aws4_request, Signature=00", "'SignedHeaders'"),
        ("AWS4-HMAC-SHA256 Credential=A/20270115/r/s/aws4_request, SignedHeaders=host", "'Signature'"),
        ("AWS4-HMAC-SHA256 Credential=A/r/s, SignedHeaders=host, Signature=00", "KEY/YYYYMMDD/REGION"),
        ("AWS4-HMAC-SHA256 Credential=A/20270115/r/s/aws4_request, SignedHeaders=host, Signature=00", "'X-Amz-Date'"),
    ];
    for (header, expected) in cases {
        let mut request = request("GET", "http://h/", b"");
        request.headers_mut().insert("authorization", header.parse().unwrap());
        let refusal = verified(&request, SECRET, now).unwrap_err();
        assert!(matches!(refusal, Refusal::Incomplete(_)), "{refusal:?}");
        assert!(refusal.to_string().contains(expected), "{refusal} lacks {expected}");
    }
    assert_eq!(verified(&request("GET", "http://h/", b""), SECRET, now), Err(Refusal::Missing));
    let presigned = request("GET", "http://h/?X-Amz-Signature=00", b"");
    assert!(verified(&presigned, SECRET, now).unwrap_err().to_string().contains("presigned"));
}

proptest! {
    #[test]
    fn whatever_the_sdk_signs_is_let_in(
        segments in prop::collection::vec("[a-zA-Z0-9_.~:-]{0,6}|%2F|%3A|%20|\\.|\\.\\.", 0..6),
        query in prop::collection::vec(("[a-zA-Z0-9._~-]{1,4}|%3A|%20|%C3%A9", "[a-zA-Z0-9._~:/+-]{0,6}|%2F|%3D|%26"), 0..5),
        header in "[a-z][a-z0-9 ,;=]{0,20}[a-z]|",
        body in prop::collection::vec(any::<u8>(), 0..64),
        token in prop::option::of("[A-Za-z0-9+/=]{1,40}"),
        hash_header in any::<bool>(),
    ) {
        let (system, now) = time();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let question = if query.is_empty() { "" } else { "?" };
        let uri = format!("http://127.0.0.1:9860/{}{question}{}", segments.join("/"), query.join("&"));
        let request = Request::builder().method("POST").uri(&uri).header("x-amz-target", header)
            .body(Bytes::from(body)).unwrap();
        let request = signed(request, system, &Signing { token, hash_header });
        prop_assert!(verified(&request, SECRET, now).is_ok(), "{:?}: {:?}", request, verified(&request, SECRET, now));
    }

    #[test]
    fn no_header_makes_the_parser_panic(header in "(AWS4-HMAC-SHA256 )?[ -~]{0,80}", date in "[ -~]{0,20}") {
        let mut request = request("GET", "http://h/", b"");
        request.headers_mut().insert("authorization", header.parse().unwrap());
        request.headers_mut().insert("x-amz-date", date.parse().unwrap());
        prop_assert!(verified(&request, SECRET, time().1).is_err());
    }
}
