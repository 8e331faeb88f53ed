//! Who calls: from the signature to the engine's caller, as far as possible before the body is read.

use super::body::Received;
use super::failure::Failure;
use super::sigv4::{Authorization, Refusal, Signable, claimed_hash, false_hash};
use crate::domain::Region;
use crate::engine::{Caller, Engine, Identity, RestoreRoots};
use http::request::Parts;

/// A caller whose signature was verified.
pub(super) struct Authenticated {
    /// The principal.
    pub(super) caller: Caller,
    /// What the engine knows of the key.
    pub(super) identity: Identity,
}

/// A request of which the head was looked at: somebody who is known here signed it, as far as that can be told.
pub(super) struct Signed {
    authorization: Authorization,
    identity: Identity,
    region: Region,
    /// The body's hash, where the head says it: then the signature is verified already.
    claimed: Option<String>,
}

impl Signed {
    /// Looks at the head of a request to `service`. Only a known key gets further.
    pub(super) fn of(engine: &Engine, parts: &Parts, service: &str) -> Result<Self, Failure> {
        let request = signable(parts);
        let authorization = Authorization::of(&request)?;
        let claimed = claimed_hash(&parts.headers)?;
        let identity = engine.authenticate(&authorization.access_key_id, authorization.session_token.as_deref())?;
        authorization.check_head(&request, chrono::Utc::now())?;
        if let Some(hash) = &claimed {
            authorization.verify(&request, hash, &identity.secret)?;
        }
        if authorization.service != service {
            return Err(
                Refusal::Mismatch(format!("Credential should be scoped to correct service: '{service}'.")).into()
            );
        }
        let region: Region = authorization
            .region
            .parse()
            .map_err(|_| Refusal::Mismatch("Credential should be scoped to a valid region.".to_owned()))?;
        Ok(Self { authorization, identity, region, claimed })
    }

    /// Verifies what is left, now that the body is there; then the region must be one that this engine has.
    pub(super) fn with_body(
        self,
        engine: &Engine,
        parts: &Parts,
        body: &Received,
        restore_roots: RestoreRoots,
    ) -> Result<Authenticated, Failure> {
        match &self.claimed {
            Some(claimed) if *claimed != body.hash => return Err(false_hash().into()),
            Some(_) => {}
            None => self.authorization.verify(&signable(parts), &body.hash, &self.identity.secret)?,
        }
        engine.require_region(&self.region)?;
        let identity = self.identity;
        let caller = Caller {
            account: identity.account.clone(),
            region: self.region,
            user_arn: identity.user_arn.clone(),
            user_id: Some(identity.user_id.clone()),
            restore_roots,
        };
        Ok(Authenticated { caller, identity })
    }
}

fn signable(parts: &Parts) -> Signable<'_> {
    Signable {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        authority: parts.uri.authority().map(http::uri::Authority::as_str),
    }
}
