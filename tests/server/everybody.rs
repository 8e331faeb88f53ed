//! Everybody who can reach a vault, and the calls by which they try to break what it promises.

use crate::harness::{Answer, sign};
use crate::scene::Scene;
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use std::time::SystemTime;

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user of the vault's account, by access key.
    User,
    /// The same on the router that only the owner of the data directory reaches.
    OwnersSurface,
    /// A role of the account, entered by the management account.
    Session,
    /// The management account's user: another account.
    Stranger,
    /// The user of another member, which is delegated administrator of AWS Backup.
    Delegate,
    /// Nobody: without a signature.
    Unsigned,
}

pub const EVERYBODY: [Who; 6] =
    [Who::User, Who::OwnersSurface, Who::Session, Who::Stranger, Who::Delegate, Who::Unsigned];

impl Who {
    /// Whether it is of the account that the vault belongs to.
    pub fn is_own(self) -> bool {
        !matches!(self, Self::Stranger | Self::Delegate | Self::Unsigned)
    }
}

/// A call that would break a promise.
pub struct Attempt {
    pub operation: &'static str,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    /// The service that it is signed for.
    service: &'static str,
}

/// A call of AWS Backup.
pub fn attempt(operation: &'static str, method: &'static str, path: &str, body: Value) -> Attempt {
    Attempt { operation, method, path: path.to_owned(), body, service: "backup" }
}

/// A call of AWS KMS.
pub fn of_kms(operation: &'static str, body: Value) -> Attempt {
    Attempt { operation, method: "POST", path: "/".to_owned(), body, service: "kms" }
}

impl Scene {
    pub fn build(&self, what: &Attempt) -> Request<Bytes> {
        let body = if what.body.is_null() { String::new() } else { what.body.to_string() };
        let mut request = Request::builder().method(what.method).uri(format!("{}{}", self.server.url, what.path));
        if what.service == "kms" {
            request = request
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", format!("TrentService.{}", what.operation));
        } else if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        request.body(Bytes::from(body)).unwrap()
    }

    /// The signed request, as it could be captured on its way.
    pub fn capture(&self, what: &Attempt, keys: &Credentials) -> Request<Bytes> {
        sign(self.build(what), keys, what.service, SystemTime::now())
    }

    pub async fn try_it(&self, who: Who, what: &Attempt) -> Answer {
        match who {
            Who::User => self.server.send(self.capture(what, &self.user)).await,
            Who::Session => self.server.send(self.capture(what, &self.session)).await,
            Who::Stranger => self.server.send(self.capture(what, &self.stranger)).await,
            Who::Delegate => self.server.send(self.capture(what, &self.delegate)).await,
            Who::Unsigned => self.server.send(self.build(what)).await,
            Who::OwnersSurface => self.server.send_as_owner(self.capture(what, &self.user)).await,
        }
    }
}
