//! The engine's own routes, over the socket or in process. Their bodies are [`crate::domain::extension`]'s.

use crate::client::explain::kind_of;
use crate::client::skew;
use crate::client::text::clean;
use crate::client::wire::{Handler, LOCAL_URL, OPERATION_LIMIT, Wire, WireError};
use crate::client::{Fault, FaultKind};
use crate::domain::extension::{
    AccountView, Accounts, AddAccount, AddResource, AddRole, AddUnit, CheckReport, ClockAnswer, ClockConfirmed,
    ClockRequest, Credentials, CredentialsRequest, EffectivePolicyView, Health, MoveAccount, Policies, PolicyChanged,
    PolicyView, PutPolicy, RecoveryKey, RenameUnit, RepairReport, RepairRequest, RescanReport, ResourceAdded,
    ResourceProbe, ResourceView, Resources, Roles, Standing, Standings, Status, UnitView, Units, VaultArns,
};
use crate::domain::{AccountId, Arn, ParentId, Scope, UnitId};
use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Reading every byte of a vault takes as long as it takes.
const CHECK_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// Deriving a key is slow on purpose, and a shutdown waits for what is in memory.
const SLOW_LIMIT: Duration = Duration::from_secs(60);

/// What is not encoded in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One segment of a path, encoded.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The control routes of one engine.
#[derive(Debug, Clone)]
pub struct Control {
    wire: Wire,
}

/// No body, in either direction.
#[derive(Serialize, Deserialize)]
struct Nothing {}

impl Control {
    pub(crate) fn over(wire: Wire) -> Self {
        Self { wire }
    }

    /// To the engine behind a socket.
    pub fn socket(path: PathBuf) -> Self {
        Self::over(Wire::local(path))
    }

    /// To the engine in this process.
    pub fn in_process(handler: Handler) -> Self {
        Self::over(Wire::in_process(handler))
    }

    /// What the engine says of itself.
    pub async fn status(&self) -> Result<Status, Fault> {
        self.get("/status").await
    }

    /// Every registered resource.
    pub async fn resources(&self) -> Result<Vec<ResourceView>, Fault> {
        Ok(self.get::<Resources>("/resources").await?.resources)
    }

    /// Registers a resource, or replaces the tags of the same one.
    pub async fn add_resource(&self, request: &AddResource) -> Result<Arn, Fault> {
        let added: ResourceAdded = self.post("/resources", request).await?;
        added.resource_arn.parse().map_err(|_| unusable("the ARN of the resource"))
    }

    /// What registering a resource would find; nothing is written.
    pub async fn probe_resource(&self, request: &AddResource) -> Result<ResourceProbe, Fault> {
        let found: ResourceProbe = self.post("/resources/probe", request).await?;
        let cleaned = found.facts.iter().map(|(name, value)| (clean(name), clean(value)));
        Ok(ResourceProbe { facts: cleaned.collect(), ..found })
    }

    /// Forgets a resource; its recovery points stay. By force also one whose service is gone and was never told that it need not keep
    /// its log any more.
    pub async fn remove_resource(&self, arn: &Arn, by_force: bool) -> Result<(), Fault> {
        let query = if by_force { "?force=true" } else { "" };
        self.delete(&format!("/resources/{}{query}", segment(arn.as_str()))).await
    }

    /// The accounts, the management account first.
    pub async fn accounts(&self) -> Result<Vec<AccountView>, Fault> {
        Ok(self.get::<Accounts>("/accounts").await?.accounts)
    }

    /// Adds an account to the organization.
    pub async fn add_account(&self, request: &AddAccount) -> Result<AccountView, Fault> {
        self.post("/accounts", request).await
    }

    /// The backup policies of the organization.
    pub async fn policies(&self) -> Result<Vec<PolicyView>, Fault> {
        Ok(self.get::<Policies>("/policies").await?.policies)
    }

    /// Makes the policy of a name, or changes it.
    pub async fn put_policy(&self, request: &PutPolicy) -> Result<PolicyChanged, Fault> {
        self.post("/policies", request).await
    }

    /// Attaches a policy, by its name or id, to the root, a unit or an account.
    pub async fn attach_policy(&self, policy: &str, target: &str) -> Result<PolicyChanged, Fault> {
        self.post(&attachment(policy, target), &Nothing {}).await
    }

    /// Detaches it.
    pub async fn detach_policy(&self, policy: &str, target: &str) -> Result<PolicyChanged, Fault> {
        let path = attachment(policy, target);
        decode(&self.ask::<Nothing>(Method::DELETE, &path, None, OPERATION_LIMIT).await?)
    }

    /// Deletes a policy that is attached to nothing.
    pub async fn delete_policy(&self, policy: &str) -> Result<(), Fault> {
        self.delete(&format!("/policies/{}", segment(policy))).await
    }

    /// What holds in an account.
    pub async fn effective_policy(&self, account: &AccountId) -> Result<EffectivePolicyView, Fault> {
        self.get(&format!("/policies/effective/{account}")).await
    }

    /// Moves an account from wherever it is.
    pub async fn move_account(&self, account: &AccountId, to: &ParentId) -> Result<(), Fault> {
        let request = MoveAccount { parent_id: to.clone() };
        self.ask(Method::POST, &format!("/accounts/{account}/move"), Some(&request), OPERATION_LIMIT).await.map(drop)
    }

    /// The units of the organization.
    pub async fn units(&self) -> Result<Units, Fault> {
        self.get("/units").await
    }

    /// Makes a unit.
    pub async fn add_unit(&self, request: &AddUnit) -> Result<UnitView, Fault> {
        self.post("/units", request).await
    }

    /// Gives a unit another name.
    pub async fn rename_unit(&self, unit: &UnitId, name: String) -> Result<UnitView, Fault> {
        self.post(&format!("/units/{unit}"), &RenameUnit { name }).await
    }

    /// Deletes an empty unit.
    pub async fn delete_unit(&self, unit: &UnitId) -> Result<(), Fault> {
        self.delete(&format!("/units/{unit}")).await
    }

    /// Makes an account an administrator of AWS Backup for the organization, or takes that from it.
    pub async fn delegate(&self, account: &AccountId, administers: bool) -> Result<(), Fault> {
        let path = format!("/delegated-administrators/{account}");
        if administers {
            self.ask(Method::POST, &path, Some(&Nothing {}), OPERATION_LIMIT).await.map(drop)
        } else {
            self.delete(&path).await
        }
    }

    /// The roles that the engine can assume.
    pub async fn roles(&self) -> Result<Vec<String>, Fault> {
        Ok(self.get::<Roles>("/roles").await?.role_arns)
    }

    /// Lets the engine assume a role.
    pub async fn add_role(&self, role: &Arn) -> Result<(), Fault> {
        let request = AddRole { role_arn: role.to_string() };
        self.ask(Method::POST, "/roles", Some(&request), OPERATION_LIMIT).await.map(drop)
    }

    /// No longer lets the engine assume a role.
    pub async fn remove_role(&self, role: &Arn) -> Result<(), Fault> {
        self.delete(&format!("/roles/{}", segment(role.as_str()))).await
    }

    /// An access key of an account.
    pub async fn credentials(&self, request: &CredentialsRequest) -> Result<Credentials, Fault> {
        self.post("/credentials", request).await
    }

    /// Makes the vault's recovery key, replacing the one before.
    pub async fn recovery_key(&self, scope: &Scope, vault: &str) -> Result<RecoveryKey, Fault> {
        let path = format!("{}/recovery-key", vault_path(scope, vault));
        decode(&self.ask(Method::POST, &path, Some(&Nothing {}), SLOW_LIMIT).await?)
    }

    /// Reads and proves everything in a vault.
    pub async fn check_vault(&self, scope: &Scope, vault: &str) -> Result<CheckReport, Fault> {
        let path = format!("{}/check", vault_path(scope, vault));
        decode(&self.ask(Method::POST, &path, Some(&Nothing {}), CHECK_LIMIT).await?)
    }

    /// Repairs a vault, or only tells what that would be.
    pub async fn repair_vault(
        &self,
        scope: &Scope,
        vault: &str,
        request: &RepairRequest,
    ) -> Result<RepairReport, Fault> {
        let path = format!("{}/repair", vault_path(scope, vault));
        decode(&self.ask(Method::POST, &path, Some(request), CHECK_LIMIT).await?)
    }

    /// Who can do an action to a vault.
    pub async fn who_can(&self, scope: &Scope, vault: &str, action: &str) -> Result<Vec<Standing>, Fault> {
        let path = format!("{}/who-can/{}", vault_path(scope, vault), segment(action));
        Ok(self.get::<Standings>(&path).await?.standings)
    }

    /// The ARNs of the vaults of all accounts and regions.
    pub async fn vault_arns(&self) -> Result<Vec<String>, Fault> {
        Ok(self.get::<VaultArns>("/vaults").await?.vault_arns)
    }

    /// Brings in what the vaults' folders know and the catalog does not: of one vault, or of all.
    pub async fn rescan(&self, only: Option<(&Scope, &str)>) -> Result<RescanReport, Fault> {
        let path = only.map_or_else(String::new, |(scope, vault)| vault_path(scope, vault)) + "/rescan";
        decode(&self.ask(Method::POST, &path, Some(&Nothing {}), CHECK_LIMIT).await?)
    }

    /// Moves a simulated clock. The answer comes when all that fell due on the way is done.
    pub async fn clock(&self, request: &ClockRequest) -> Result<ClockAnswer, Fault> {
        decode(&self.ask_at(Method::POST, "/_clock", Some(request), CHECK_LIMIT).await?)
    }

    /// Says that the system's clock is right, whatever it shows.
    pub async fn confirm_clock(&self) -> Result<ClockConfirmed, Fault> {
        self.post("/clock/confirm", &Nothing {}).await
    }

    /// Stops the engine; its jobs resume when it starts again.
    pub async fn shutdown(&self) -> Result<(), Fault> {
        self.ask(Method::POST, "/shutdown", Some(&Nothing {}), SLOW_LIMIT).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        decode(&self.ask::<Nothing>(Method::GET, path, None, OPERATION_LIMIT).await?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Fault> {
        decode(&self.ask(Method::POST, path, Some(body), OPERATION_LIMIT).await?)
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        self.ask::<Nothing>(Method::DELETE, path, None, OPERATION_LIMIT).await.map(drop)
    }

    async fn ask<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        limit: Duration,
    ) -> Result<Bytes, Fault> {
        self.ask_at(method, &format!("/_vaultdeck{path}"), body, limit).await
    }

    async fn ask_at<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        limit: Duration,
    ) -> Result<Bytes, Fault> {
        let mut request = http::Request::builder().method(method).uri(format!("{LOCAL_URL}{path}"));
        let body = match body {
            Some(body) => {
                request = request.header(http::header::CONTENT_TYPE, "application/json");
                Bytes::from(serde_json::to_vec(body).map_err(|error| unusable(&error.to_string()))?)
            }
            None => Bytes::new(),
        };
        let request = request.body(body).map_err(|error| Fault::new(FaultKind::Refused, error.to_string()))?;
        let response = self.wire.ask(request, limit).await.map_err(|error: WireError| Fault::from(&error))?;
        checked(response)
    }
}

/// How the engine at `base` is, over any way to it; the route needs no key.
pub(crate) async fn health(wire: &Wire, base: &str) -> Result<Health, Fault> {
    let request = http::Request::get(format!("{base}/_vaultdeck/health"))
        .body(Bytes::new())
        .map_err(|error| Fault::new(FaultKind::Refused, error.to_string()))?;
    let response = wire.ask(request, OPERATION_LIMIT).await.map_err(|error: WireError| Fault::from(&error))?;
    // An engine that is not well says so with 503, and in the same form.
    if response.status() == http::StatusCode::SERVICE_UNAVAILABLE {
        return decode(response.body());
    }
    decode(&checked(response)?)
}

fn attachment(policy: &str, target: &str) -> String {
    format!("/policies/{}/targets/{}", segment(policy), segment(target))
}

fn vault_path(scope: &Scope, vault: &str) -> String {
    format!("/vaults/{}/{}/{}", scope.account, scope.region, segment(vault))
}

fn unusable(what: &str) -> Fault {
    Fault::new(FaultKind::Other, format!("the engine's answer cannot be used: {}", clean(what)))
}

fn decode<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| unusable(&error.to_string()))
}

/// An error body of the engine: AWS's form.
#[derive(Deserialize)]
struct ErrorBody {
    #[serde(alias = "message", rename = "Message")]
    message: Option<String>,
}

/// The body of a good answer, or the fault that a bad one tells.
pub(crate) fn checked(response: http::Response<Bytes>) -> Result<Bytes, Fault> {
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body());
    }
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(clean);
    let code = header("x-amzn-errortype").and_then(|code| code.split([':', '#']).next().map(ToOwned::to_owned));
    let told = serde_json::from_slice::<ErrorBody>(response.body()).ok().and_then(|body| body.message);
    let message = told.map_or_else(|| format!("the engine answered HTTP {}", status.as_u16()), |text| clean(&text));
    let by_clock = skew::in_words(code.as_deref().unwrap_or_default(), Some(&message), header("date").as_deref());
    let (kind, message) = match by_clock {
        Some(skewed) => (FaultKind::Other, skewed),
        None => (kind_of("this route", status.as_u16(), code.as_deref().unwrap_or_default()), message),
    };
    Err(Fault { kind, message, request_id: header("x-amzn-requestid"), code, login: None })
}
