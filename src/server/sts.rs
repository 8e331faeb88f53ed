//! STS (query protocol: a form in, XML out): who am I, keys for a role in another account, and that nothing is encoded here.

use super::failure::Failure;
use super::query::Query;
use super::reply::Reply;
use super::xml::{STS_NAMESPACE, escaped};
use crate::domain::Time;
use crate::domain::denial::LONGEST;
use crate::engine::{Caller, Engine, Identity};
use http::StatusCode;

/// The one version of the API.
const VERSION: &str = "2011-06-15";
/// Parameters of AssumeRole that nothing here carries out.
const NOT_BUILT: [&str; 5] = ["Policy", "ExternalId", "SerialNumber", "TokenCode", "SourceIdentity"];

/// Answers one call.
pub(super) fn answer(
    engine: &Engine,
    caller: &Caller,
    identity: &Identity,
    body: &[u8],
    request_id: &str,
) -> Result<Reply, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Failure::invalid("The request body is not a form"))?;
    let mut form = Query::parse(text)?;
    let action = form.required_string("Action")?;
    let version = form.required_string("Version")?;
    if version != VERSION {
        return Err(Failure::unknown_operation(format!("Could not find operation {action} for version {version}")));
    }
    let result = match action.as_str() {
        "GetCallerIdentity" => caller_identity(form, caller, identity)?,
        "AssumeRole" => assume_role(form, engine, caller)?,
        "DecodeAuthorizationMessage" => return Err(decode(form)?),
        other => return Err(Failure::unknown_operation(format!("{other} of AWS STS is not supported by this engine"))),
    };
    let xml = format!(
        "<{action}Response xmlns=\"{STS_NAMESPACE}\"><{action}Result>{result}</{action}Result><ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    );
    Ok(Reply::xml(StatusCode::OK, xml))
}

fn caller_identity(form: Query, caller: &Caller, identity: &Identity) -> Result<String, Failure> {
    form.finish()?;
    Ok(element("Arn", caller.user_arn.as_str())
        + &element("UserId", &identity.user_id)
        + &element("Account", caller.account.as_str()))
}

fn assume_role(mut form: Query, engine: &Engine, caller: &Caller) -> Result<String, Failure> {
    let role = super::call::arn("RoleArn", &form.required_string("RoleArn")?)?;
    let session = form.required_string("RoleSessionName")?;
    let duration = form.integer("DurationSeconds")?;
    for name in NOT_BUILT {
        if form.string(name).is_some() {
            return Err(Failure::refused(format!("{name} is not supported by this engine")));
        }
    }
    form.finish()?;
    let keys = engine.assume_role(caller, &role, &session, duration)?;
    let credentials = element("AccessKeyId", &keys.access_key_id)
        + &element("SecretAccessKey", &keys.secret_access_key)
        + &element("SessionToken", &keys.session_token)
        + &element("Expiration", &xml_time(keys.expiration));
    let user = element("AssumedRoleId", &keys.assumed_role_id) + &element("Arn", keys.assumed_role_arn.as_str());
    Ok(format!("<Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>"))
}

/// This engine says in plain words what it denies, so that no encoded message is one of its own.
fn decode(mut form: Query) -> Result<Failure, Failure> {
    let message = form.required_string("EncodedMessage")?;
    form.finish()?;
    if message.chars().count() > LONGEST {
        return Err(Failure::invalid(format!("Invalid EncodedMessage: at most {LONGEST} characters")));
    }
    let why = "The message is none of this engine's, which encodes none";
    Ok(Failure::new(StatusCode::BAD_REQUEST, "InvalidAuthorizationMessageException", why))
}

fn xml_time(time: Time) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}
