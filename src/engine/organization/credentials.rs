//! Access keys: one user in each account, whose key the engine hands out to the owner of the data directory.

use crate::domain::extension::{Credentials, CredentialsRequest};
use crate::domain::{AccountId, Arn, Region, Scope};
use crate::engine::Engine;
use crate::engine::authorize::action::CreateAccessKey;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Principal, authorize};
use crate::engine::error::{Error, Result};
use crate::engine::keys::{Purpose, random};
use crate::engine::organization::rows::access_keys::{self, StoredKey};
use crate::engine::organization::{accounts, unique_id};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The user that every account's access key belongs to.
pub const USER_NAME: &str = "vaultdeck";

/// Whose key a request was signed with. It has no `Debug`: it holds the secret that checks the signature.
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The user or assumed role.
    pub user_arn: Arn,
    /// The user's id, as GetCallerIdentity tells it.
    pub user_id: String,
    /// The key's secret.
    pub secret: Zeroizing<String>,
}

/// Forty random characters, as long and in the alphabet of AWS's.
pub(crate) fn new_secret() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 30]);
    random(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(STANDARD.encode(bytes.as_slice())))
}

impl Engine {
    /// Unseals the secret of an access key.
    pub(crate) fn unseal(&self, access_key_id: &str, sealed: &[u8]) -> Result<Zeroizing<String>> {
        let damaged = |root: &str| Error::Damaged {
            what: format!("the secret of access key {access_key_id} does not open with {root}"),
            advice: "Put back the key file that belongs to this data directory; nothing was deleted".to_owned(),
        };
        let plain = self.keys.unwrap(Purpose::AccessKey(access_key_id), sealed, damaged)?;
        let text = std::str::from_utf8(&plain)
            .map_err(|_| Error::Internal(format!("the secret of access key {access_key_id} is no text")))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Whose key this is; a temporary one needs its session token, a long-lived one must come without.
    pub fn authenticate(&self, access_key_id: &str, session_token: Option<&str>) -> Result<Identity> {
        match session_token {
            Some(token) => self.authenticate_session(access_key_id, token),
            None => self.authenticate_user(access_key_id)?.ok_or_else(unrecognized),
        }
    }

    fn authenticate_user(&self, access_key_id: &str) -> Result<Option<Identity>> {
        let Some(key) = self.catalog.read(|c| access_keys::get(c, access_key_id))? else { return Ok(None) };
        let secret = self.unseal(access_key_id, &key.secret)?;
        let user_arn = user_arn(&key.account, &key.user_name)?;
        Ok(Some(Identity { user_arn, account: key.account, user_id: key.user_id, secret }))
    }

    /// The access key of an account, made at the first call.
    pub fn credentials(&self, request: CredentialsRequest) -> Result<Credentials> {
        let scope = self.scope_or_first(request.account_id.as_deref(), request.region.as_deref())?;
        let known = self.catalog.read(|c| {
            accounts::require(c, &scope.account)?;
            access_keys::first_of(c, &scope.account)
        })?;
        let (access_key_id, secret) = match known {
            Some((id, sealed)) => {
                let secret = self.unseal(&id, &sealed)?;
                (id, secret)
            }
            None => self.new_access_key(&scope.account)?,
        };
        Ok(Credentials {
            access_key_id,
            secret_access_key: secret.to_string(),
            account_id: scope.account.to_string(),
            region: scope.region.to_string(),
            endpoint_url: self.data_dir.announcement().and_then(|announcement| announcement.url),
        })
    }

    fn new_access_key(&self, account: &AccountId) -> Result<(String, Zeroizing<String>)> {
        let (id, user_id, secret) = (unique_id("AKIA", 16)?, unique_id("AIDA", 17)?, new_secret()?);
        let sealed = self.keys.wrap(Purpose::AccessKey(&id), secret.as_bytes())?;
        let key = StoredKey { id, account: account.clone(), user_name: USER_NAME.to_owned(), user_id, secret: sealed };
        let now = self.now();
        self.catalog.note(|tx| {
            let permit = authorize(tx, Principal::Owner, CreateAccessKey, &Anything(account.as_str()))?;
            access_keys::insert(tx, &permit, &key, now)
        })?;
        if !self.data_dir.is_writable() {
            tracing::warn!(%account, "the data directory is read-only: the access key that was made now is known to this process alone");
        }
        Ok((key.id, secret))
    }

    /// The account and region that are named, each the first one when it is not.
    pub fn scope_or_first(&self, account: Option<&str>, region: Option<&str>) -> Result<Scope> {
        let first = Self::first_scope()?;
        let region = region.map(str::parse::<Region>).transpose()?.unwrap_or(first.region);
        self.require_region(&region)?;
        Ok(Scope::new(account.map(str::parse::<AccountId>).transpose()?.unwrap_or(first.account), region))
    }
}

/// The ARN of an account's user.
pub(crate) fn user_arn(account: &AccountId, name: &str) -> Result<Arn> {
    Ok(format!("arn:aws:iam::{account}:user/{name}").parse()?)
}

/// AWS's words for a key that it does not know, and for a session token that is not that key's.
pub(crate) fn unrecognized() -> Error {
    Error::unrecognized_client("The security token included in the request is invalid.")
}
