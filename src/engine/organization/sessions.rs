//! Sessions: what `sts:AssumeRole` gives. They live in wall time, as the signatures that are made with them.

use crate::domain::{AccountId, Arn, Invalid, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::AssumeRole;
use crate::engine::authorize::subject::RoleToAssume;
use crate::engine::authorize::{Permit, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::Transaction;
use crate::engine::error::{Error, Result};
use crate::engine::keys::{Purpose, random};
use crate::engine::organization::credentials::{Identity, new_secret, unrecognized};
use crate::engine::organization::rows::roles::{self, Trust};
use crate::engine::organization::rows::sessions::StoredSession;
use crate::engine::organization::{rows, unique_id};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How long a session lives when the caller does not say, in seconds.
const DEFAULT_DURATION: i64 = 3600;

/// How long an expired session is remembered, so that its keys are told to be expired and not unknown.
const REMEMBERED: Duration = Duration::days(7);

/// What AssumeRole answers. It has no `Debug`: it holds secrets.
pub struct SessionCredentials {
    /// The temporary key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Zeroizing<String>,
    /// What must go with every request.
    pub session_token: Zeroizing<String>,
    /// When it ends, in wall time.
    pub expiration: Time,
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub assumed_role_arn: Arn,
    /// The role's id and the session's name.
    pub assumed_role_id: String,
}

impl Engine {
    /// Gives temporary credentials of a role to a caller that the role trusts.
    pub fn assume_role(
        &self,
        caller: &Caller,
        role: &Arn,
        session_name: &str,
        duration_seconds: Option<i64>,
    ) -> Result<SessionCredentials> {
        check_session_name(session_name)?;
        let duration = duration_seconds.unwrap_or(DEFAULT_DURATION);
        if !(900..=43_200).contains(&duration) {
            return Err(Invalid::value("DurationSeconds", "it must lie between 900 and 43200").into());
        }
        self.catalog.note(|tx| {
            let trusts_management = roles::trusts(tx, role.as_str(), Trust::Management)?;
            let subject = RoleToAssume { arn: role, user: &caller.user_arn, trusts_management };
            let permit = authorize(tx, caller, AssumeRole, &subject)?;
            let session = draw(role, session_name, duration)?;
            self.keep(tx, &permit, role.account().parse()?, &session)?;
            Ok(session)
        })
    }

    fn keep(
        &self,
        tx: &Transaction<'_>,
        permit: &Permit<'_, AssumeRole>,
        account: AccountId,
        session: &SessionCredentials,
    ) -> Result<()> {
        let id = &session.access_key_id;
        let sealed = self.keys.wrap(Purpose::AccessKey(id), session.secret_access_key.as_bytes())?;
        let stored = StoredSession {
            account,
            user_arn: session.assumed_role_arn.clone(),
            user_id: session.assumed_role_id.clone(),
            secret: sealed,
            token_digest: Sha256::digest(session.session_token.as_bytes()).to_vec(),
            expires: session.expiration,
        };
        rows::sessions::forget_before(tx, chrono::Utc::now() - REMEMBERED)?;
        rows::sessions::insert(tx, permit, id, &stored)
    }

    pub(crate) fn authenticate_session(&self, access_key_id: &str, token: &str) -> Result<Identity> {
        let found = self.catalog.read(|c| rows::sessions::get(c, access_key_id))?;
        let found = found.ok_or_else(unrecognized)?;
        if !bool::from(Sha256::digest(token.as_bytes()).as_slice().ct_eq(&found.token_digest)) {
            return Err(unrecognized());
        }
        if found.expires <= chrono::Utc::now() {
            return Err(Error::expired_token("The security token included in the request is expired"));
        }
        let secret = self.unseal(access_key_id, &found.secret)?;
        Ok(Identity { account: found.account, user_arn: found.user_arn, user_id: found.user_id, secret })
    }
}

/// A new session of a role, with secrets of its own.
fn draw(role: &Arn, session_name: &str, duration: i64) -> Result<SessionCredentials> {
    let (account, name) = (role.account(), role.resource().rsplit('/').next().unwrap_or_default());
    let mut token = Zeroizing::new([0; 48]);
    random(token.as_mut_slice())?;
    Ok(SessionCredentials {
        access_key_id: unique_id("ASIA", 16)?,
        secret_access_key: new_secret()?,
        session_token: Zeroizing::new(STANDARD.encode(token.as_slice())),
        expiration: chrono::Utc::now() + Duration::seconds(duration),
        assumed_role_arn: format!("arn:aws:sts::{account}:assumed-role/{name}/{session_name}").parse()?,
        assumed_role_id: format!("{}:{session_name}", role_id(role)),
    })
}

/// AWS's rule: 2 to 64 of these characters. They become part of an ARN.
fn check_session_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (2..=64).contains(&name.len()) && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(Invalid::value("RoleSessionName", "it must be 2 to 64 letters, digits, or _+=,.@-").into())
    }
}

/// A role keeps its id for good: it is drawn from its ARN.
pub(crate) fn role_id(role: &Arn) -> String {
    let digest = Sha256::digest(role.as_str());
    "AROA".chars().chain(digest.iter().take(17).map(|b| super::BASE32[usize::from(b % 32)] as char)).collect()
}
