//! The calls of CloudFormation that a backup and a restore need, of one stack.

use super::answer::{self, ChangeSet};
use super::faults::{Place, fault};
use super::stack::{Stack, StackResource};
use super::{endpoint_of, stack_of};
use crate::domain::Secret;
use crate::domain::types::location::Location;
use crate::engine::drivers::access_key::AccessKey;
use crate::engine::drivers::http::{Element, Http, Request, patiently, sign};
use crate::engine::drivers::{Fault, endpoint};
use crate::repository::Control;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Where a service that has no regions wants to be.
const USUAL_REGION: &str = "us-east-1";

/// The version of the protocol.
const VERSION: &str = "2010-05-15";

/// More resources than this no stack has.
const MOST_RESOURCES: usize = 1000;

/// A client of one stack.
pub(super) struct Client {
    http: Arc<Http>,
    place: Place,
    key: Option<Arc<AccessKey>>,
    region: String,
    /// How long what fails for the time being is tried.
    patience: Duration,
}

/// The parameters of a call.
pub(super) type Form<'a> = Vec<(String, &'a str)>;

impl Client {
    /// A client for a location. Nothing is called yet.
    pub(super) fn open(at: &Location, secret: Option<&Secret>, patience: Duration) -> Result<Self, Fault> {
        let place = Place { endpoint: endpoint_of(at).to_owned(), stack: stack_of(at).to_owned() };
        let region = endpoint::region_of(&place.endpoint, "cloudformation");
        Ok(Self {
            http: Http::open(&format!("The endpoint {}", place.endpoint))?,
            key: secret.map(AccessKey::read).transpose()?.map(Arc::new),
            region: region.unwrap_or_else(|| USUAL_REGION.to_owned()),
            place,
            patience,
        })
    }

    /// The same of a stack that is nested in this one, by its name or id.
    pub(super) fn nested(&self, stack: &str) -> Self {
        let place = Place { stack: stack.to_owned(), ..self.place.clone() };
        let (http, key, region) = (Arc::clone(&self.http), self.key.clone(), self.region.clone());
        Self { http, place, key, region, patience: self.patience }
    }

    pub(super) fn stack(&self) -> &str {
        &self.place.stack
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.place.endpoint
    }

    /// Calls an operation, again and again where it fails for the time being; its result.
    fn call(&self, operation: &str, form: &Form<'_>, stop: Option<&Control>) -> Result<Element, Fault> {
        patiently(self.patience, stop, || self.call_once(operation, form, stop))
    }

    /// Calls an operation; its result.
    pub(super) fn call_once(&self, operation: &str, form: &Form<'_>, stop: Option<&Control>) -> Result<Element, Fault> {
        let answer = self.http.ask(self.request(operation, form)?, stop)?;
        if !answer.is_good() {
            return Err(fault(operation, &self.place, &answer));
        }
        let body = Element::read(&answer.body).ok();
        let result = body.as_ref().and_then(|body| body.find(&format!("{operation}Result")));
        result.cloned().ok_or_else(|| fault(operation, &self.place, &answer))
    }

    fn request(&self, operation: &str, form: &Form<'_>) -> Result<Request, Fault> {
        let mut body = format!("Action={operation}&Version={VERSION}");
        for (name, value) in form {
            body += &format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let request = http::Request::post(format!("{}/", self.place.endpoint))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(Bytes::from(body));
        let mut request = request.map_err(|error| Fault::Failed(format!("{operation} could not be built: {error}")))?;
        if let Some(key) = &self.key {
            sign(&mut request, key, "cloudformation", &self.region)?;
        }
        Ok(request)
    }

    /// What the service says of a stack.
    pub(super) fn describe(&self, name: &str, stop: Option<&Control>) -> Result<Stack, Fault> {
        let result = self.call("DescribeStacks", &of_stack(name), stop)?;
        answer::stack(&result).ok_or_else(|| self.odd("DescribeStacks"))
    }

    /// The template, as it was given to the service.
    pub(super) fn template(&self, stop: Option<&Control>) -> Result<String, Fault> {
        let mut form = of_stack(self.stack());
        form.push(("TemplateStage".to_owned(), "Original"));
        let result = self.call("GetTemplate", &form, stop)?;
        let body = result.text("TemplateBody").filter(|body| !body.trim().is_empty());
        body.map(str::to_owned).ok_or_else(|| self.odd("GetTemplate"))
    }

    /// The resources of the stack.
    pub(super) fn resources(&self, stop: Option<&Control>) -> Result<Vec<StackResource>, Fault> {
        let (mut all, mut next, mut seen) = (Vec::new(), None::<String>, BTreeSet::new());
        loop {
            let mut form = of_stack(self.stack());
            form.extend(next.as_deref().map(|token| ("NextToken".to_owned(), token)));
            let result = self.call("ListStackResources", &form, stop)?;
            all.extend(answer::resources(&result));
            next = result.text("NextToken").filter(|token| !token.is_empty()).map(str::to_owned);
            let is_new = next.as_ref().is_none_or(|token| seen.insert(token.clone()));
            if !is_new || all.len() > MOST_RESOURCES {
                return Err(self.odd("ListStackResources"));
            }
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// What the service says of a change set of the stack.
    pub(super) fn change_set(&self, name: &str) -> Result<ChangeSet, Fault> {
        let mut form = of_stack(self.stack());
        form.push(("ChangeSetName".to_owned(), name));
        let result = self.call("DescribeChangeSet", &form, None)?;
        answer::change_set(&result).ok_or_else(|| self.odd("DescribeChangeSet"))
    }

    /// An answer that is not CloudFormation's.
    fn odd(&self, operation: &str) -> Fault {
        Fault::Failed(format!("{} answers {operation} in a way that is not CloudFormation's.", self.http.place()))
    }
}

fn of_stack(name: &str) -> Form<'_> {
    vec![("StackName".to_owned(), name)]
}
