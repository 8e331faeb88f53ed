//! What an encoded authorization message says: `sts:DecodeAuthorizationMessage`, in the account that it is of.

use crate::client::connect::Clients;
use crate::client::explain::Explain;
use crate::client::text::clean_json;
use crate::client::{Fault, FaultKind};
use crate::domain::denial::{Denial, LONGEST};
use serde_json::Value;

/// Has STS decode a message.
pub(super) async fn decoded(clients: &Clients, message: &str) -> Result<Denial, Fault> {
    if message.len() > LONGEST {
        let why = format!("STS decodes messages of at most {LONGEST} characters; this one has {}", message.len());
        return Err(Fault::new(FaultKind::Refused, why));
    }
    let sts = aws_sdk_sts::Client::new(&clients.config);
    let asked = sts.decode_authorization_message().encoded_message(message).send().await;
    let told = asked.explain("DecodeAuthorizationMessage").map_err(in_words)?;
    let document: Option<Value> = told.decoded_message().and_then(|text| serde_json::from_str(text).ok());
    let unusable = || Fault::new(FaultKind::Other, "what STS decoded of the message cannot be used");
    document.map(clean_json).as_ref().and_then(Denial::of).ok_or_else(unusable)
}

/// The service's own words say neither what is missing nor what is wrong.
fn in_words(mut fault: Fault) -> Fault {
    let known = match &fault.kind {
        FaultKind::Denied => "it takes the permission sts:DecodeAuthorizationMessage in the account of the message",
        _ if fault.code.as_deref() == Some("InvalidAuthorizationMessageException") => {
            "the message is not whole, or of another account"
        }
        _ => return fault,
    };
    fault.message = format!("{known}: {}", fault.message);
    fault
}
