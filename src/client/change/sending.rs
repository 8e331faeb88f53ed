//! Sends the requests of one approved change, each between its two lines of the audit log.

use super::outcome::ChangeFailure;
use super::request::{NEW_PLAN_ID, Request};
use crate::client::audit::{Audit, Entry, Phase};
use crate::client::control::Control;
use crate::client::explain::Explain;
use crate::client::kms::Kms;
use crate::client::ram::Ram;
use crate::client::signed::JsonAnswer;
use crate::client::text::clean;
use crate::client::{Fault, FaultKind};
use crate::domain::{PlanId, Scope};
use aws_sdk_backup::Client;
use aws_sdk_backup::operation::RequestId;
use serde_json::Value;
use std::sync::Arc;

/// What an approval lets out. Only [`crate::client::approve::Approved`] gives one away, and is used up by it.
pub(crate) struct Order {
    /// Where it happens.
    pub(crate) scope: Scope,
    /// How the yes came, as the audit log has it.
    pub(crate) approval: &'static str,
    /// Makes sending it twice create one thing only.
    pub(crate) token: String,
    /// The requests that were shown, in their order.
    pub(crate) requests: Vec<Request>,
}

/// An approved change on its way.
pub(crate) struct Sending<'a> {
    client: Client,
    kms: Kms,
    ram: Ram,
    control: Option<Control>,
    audit: &'a Arc<Audit>,
    /// The context's name, for the audit log.
    context: String,
    scope: Scope,
    approval: &'static str,
    token: String,
    /// The requests still to be sent.
    requests: std::vec::IntoIter<Request>,
    /// The id of the plan that this change made.
    plan: Option<PlanId>,
    done: Vec<&'static str>,
}

impl<'a> Sending<'a> {
    /// Sends what `order` lets out with clients of AWS Backup, KMS and RAM, which are of the order's scope, and with the engine's own
    /// routes where they can be reached.
    pub(in crate::client) fn new(
        (client, kms, ram, control): (Client, Kms, Ram, Option<Control>),
        audit: &'a Arc<Audit>,
        context: String,
        order: Order,
    ) -> Self {
        let Order { scope, approval, token, requests } = order;
        let requests = requests.into_iter();
        Self {
            client,
            kms,
            ram,
            control,
            audit,
            context,
            scope,
            approval,
            token,
            requests,
            plan: None,
            done: Vec::new(),
        }
    }

    /// Where the calls are made.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where the calls of AWS RAM are made.
    pub(super) fn ram(&self) -> Ram {
        self.ram.clone()
    }

    /// Where the calls of the engine's own routes are made.
    pub(super) fn control(&self) -> Result<Control, ChangeFailure> {
        let none = || Fault::new(FaultKind::Refused, "only an engine in this process or on its socket takes this");
        self.control.clone().ok_or_else(|| self.failed(none()))
    }

    /// What makes sending it twice create one thing only.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The log names this plan where a request was shown with the id of a plan that did not exist yet.
    pub(super) fn made_plan(&mut self, id: PlanId) {
        self.plan = Some(id);
    }

    /// Sends the next request, which is what `call` does when it is awaited. What was not shown is not sent: there is a line
    /// of the log for each request that was, and without it on disk nothing leaves.
    pub(super) async fn step<T: RequestId>(
        &mut self,
        call: impl Future<Output = impl Explain<T>>,
    ) -> Result<T, ChangeFailure> {
        let request = self.requests.next();
        let request =
            request.ok_or_else(|| self.failed(Fault::new(FaultKind::Other, "more requests than were approved")))?;
        let intended = self.entry(&request);
        self.write(&intended).await.map_err(|fault| self.failed(fault))?;
        let result = call.await.explain(request.operation);
        let mut outcome = Entry { at: chrono::Utc::now(), ..intended };
        match &result {
            Ok(answer) => {
                outcome.phase = Phase::Done;
                outcome.request_id = answer.request_id().map(clean);
            }
            Err(fault) => {
                outcome.phase = Phase::Failed;
                outcome.request_id.clone_from(&fault.request_id);
                outcome.error = Some(fault.to_string());
            }
        }
        if let Err(fault) = self.write(&outcome).await {
            // The change is made: that the log lacks its outcome must not hide it.
            tracing::error!("{fault}");
        }
        match result {
            Ok(answer) => {
                self.done.push(request.operation);
                Ok(answer)
            }
            Err(fault) => Err(self.failed(fault)),
        }
    }

    /// Sends the next request, which is one of KMS, as it was shown.
    pub(super) async fn step_of_kms(&mut self) -> Result<JsonAnswer, ChangeFailure> {
        let kms = self.kms.clone();
        let next = self.requests.as_slice().first().cloned();
        self.step(async move {
            match next {
                Some(request) => kms.call(request.operation, &request.input).await,
                None => Err(Fault::new(FaultKind::Other, "more requests than were approved")),
            }
        })
        .await
    }

    /// Sends the next request, which is one to an engine's own routes.
    pub(super) async fn step_of_engine<T>(
        &mut self,
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, ChangeFailure> {
        self.step(async move { call.await.map(OfEngine) }).await.map(|OfEngine(told)| told)
    }

    /// The id that the last answer told; without a usable one the change has failed, whatever was done.
    pub(super) fn id<T: std::str::FromStr>(&self, told: Option<&str>) -> Result<T, ChangeFailure> {
        let operation = self.done.last().copied().unwrap_or_default();
        let none = || Fault::new(FaultKind::Other, format!("{operation} succeeded but told no usable id"));
        told.and_then(|id| id.parse().ok()).ok_or_else(|| self.failed(none()))
    }

    /// It ends here, with this fault.
    pub(super) fn failed(&self, fault: Fault) -> ChangeFailure {
        ChangeFailure { fault: Box::new(fault), done: self.done.clone() }
    }

    fn entry(&self, request: &Request) -> Entry {
        let mut input = request.input.clone();
        if let (Some(plan), Some(id)) = (&self.plan, input.get_mut("BackupPlanId"))
            && *id == NEW_PLAN_ID
        {
            *id = Value::from(plan.as_str());
        }
        Entry {
            at: chrono::Utc::now(),
            id: uuid::Uuid::new_v4().to_string(),
            phase: Phase::Intended,
            session: Some(self.audit.session().to_owned()),
            who: self.audit.who().to_owned(),
            approval: self.approval.to_owned(),
            context: self.context.clone(),
            account: self.scope.account.clone(),
            region: self.scope.region.clone(),
            operation: request.operation.to_owned(),
            request: Value::Object(input),
            request_id: None,
            error: None,
        }
    }

    /// Appends a line off the async threads: syncing takes as long as the disk takes.
    async fn write(&self, entry: &Entry) -> Result<(), Fault> {
        let (audit, entry) = (self.audit.clone(), entry.clone());
        let written = tokio::task::spawn_blocking(move || audit.append(&entry)).await;
        let failed = |why: String| Fault::new(FaultKind::Other, why);
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }
}

/// What an engine's own route answered: it gives its requests no ids that would be worth keeping.
struct OfEngine<T>(T);

impl<T> RequestId for OfEngine<T> {
    fn request_id(&self) -> Option<&str> {
        None
    }
}

/// Its faults are explained where they arise.
impl<T> Explain<OfEngine<T>> for Result<OfEngine<T>, Fault> {
    fn explain(self, _operation: &'static str) -> Result<OfEngine<T>, Fault> {
        self
    }
}
