//! Credentials for the other accounts of the organization, by AssumeRole, kept until shortly before they expire.

use super::Home;
use crate::client::explain::Explain;
use crate::client::{Fault, FaultKind};
use crate::domain::AccountId;
use aws_credential_types::Credentials;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Credentials are renewed when less than this is left of them.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// A role that could not be assumed is not tried again before this, by however many questions.
const REFUSAL_KEPT: Duration = Duration::from_secs(30);
/// How long a session is asked for: the longest that role chaining allows.
const SESSION_SECONDS: i32 = 3600;

#[derive(Default)]
pub(super) struct MemberCredentials {
    /// One lock per account: many questions at once make one call.
    accounts: Mutex<HashMap<AccountId, Arc<Mutex<Option<Assumed>>>>>,
}

/// What the last AssumeRole gave.
struct Assumed {
    at: Instant,
    result: Result<Credentials, Fault>,
}

impl Assumed {
    fn is_fresh(&self) -> bool {
        match &self.result {
            Ok(credentials) => credentials.expiry().is_none_or(|expiry| SystemTime::now() + RENEW_BEFORE < expiry),
            Err(_) => self.at.elapsed() < REFUSAL_KEPT,
        }
    }
}

impl MemberCredentials {
    pub(super) async fn clear(&self) {
        self.accounts.lock().await.clear();
    }

    /// The credentials of `account`, by the role named `role` there.
    pub(super) async fn credentials(
        &self,
        home: &Home,
        account: &AccountId,
        role: Option<&str>,
    ) -> Result<Credentials, Fault> {
        let role = role.ok_or_else(|| {
            let message = format!("no role is configured with which to enter account {account}");
            Fault::new(FaultKind::Denied, message)
        })?;
        let slot = self.accounts.lock().await.entry(account.clone()).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(known) = slot.as_ref().filter(|known| known.is_fresh()) {
            return known.result.clone();
        }
        let result = assume(home, account, role).await;
        *slot = Some(Assumed { at: Instant::now(), result: result.clone() });
        result
    }
}

async fn assume(home: &Home, account: &AccountId, role: &str) -> Result<Credentials, Fault> {
    let arn = format!("arn:{}:iam::{account}:role/{role}", home.partition);
    let sts = aws_sdk_sts::Client::new(&home.config);
    let call = sts.assume_role().role_arn(&arn).role_session_name("vaultdeck").duration_seconds(SESSION_SECONDS);
    let answer = call.send().await.explain("AssumeRole").map_err(|mut fault| {
        fault.message = format!("{arn} could not be assumed: {}", fault.message);
        fault
    })?;
    let keys = answer.credentials().ok_or_else(|| Fault::new(FaultKind::Other, "STS gave no credentials"))?;
    let expiry = SystemTime::try_from(*keys.expiration()).ok();
    let token = Some(keys.session_token().to_owned());
    Ok(Credentials::new(keys.access_key_id(), keys.secret_access_key(), token, expiry, "AssumeRole"))
}
