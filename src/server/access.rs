//! Who calls: from the signature to the engine's caller.

use super::failure::Failure;
use super::sigv4::{Authorization, Refusal, Signable};
use crate::domain::Region;
use crate::engine::{Caller, Engine, Identity, RestoreRoots};

/// A caller whose signature was verified.
pub(super) struct Authenticated {
    /// The principal.
    pub(super) caller: Caller,
    /// What the engine knows of the key.
    pub(super) identity: Identity,
}

/// Verifies the signature of a request to `service`.
pub(super) fn authenticate(
    engine: &Engine,
    request: &Signable<'_>,
    service: &str,
    restore_roots: RestoreRoots,
) -> Result<Authenticated, Failure> {
    let authorization = Authorization::of(request)?;
    let identity = engine.authenticate(&authorization.access_key_id, authorization.session_token.as_deref())?;
    authorization.verify(request, &identity.secret, chrono::Utc::now())?;
    if authorization.service != service {
        return Err(Refusal::Mismatch(format!("Credential should be scoped to correct service: '{service}'.")).into());
    }
    let region: Region = authorization
        .region
        .parse()
        .map_err(|_| Refusal::Mismatch("Credential should be scoped to a valid region.".to_owned()))?;
    engine.require_region(&region)?;
    let caller =
        Caller { account: identity.account.clone(), region, user_arn: identity.user_arn.clone(), restore_roots };
    Ok(Authenticated { caller, identity })
}
