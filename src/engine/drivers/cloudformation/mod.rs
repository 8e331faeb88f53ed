//! CloudFormation: a resource is a stack of any service that speaks its protocol, or a folder with a template.
//!
//! A stack is made of other resources, its members: those of them that are registered are backed up by their own drivers. What
//! this driver reads is the rest:
//!
//! | in a recovery point | what |
//! | --- | --- |
//! | `/stack/template.json` or `template.yaml` | the template as it was given to CloudFormation |
//! | `/stack/parameters.json` | the values of its parameters, as a list of `ParameterKey` and `ParameterValue`, which is what `aws cloudformation create-stack --parameters file://parameters.json` takes. CloudFormation does not tell a value that is marked `NoEcho`: such a one is `****` |
//! | `/stack/stack.json` | of a stack of a service: its name and id, its state, what it was allowed (`Capabilities`), its tags, and its resources by their logical and their physical ids |
//! | `/stack/members.json` | of a folder: its members |
//! | `/stack/nested/Inner/…` | the same documents of a stack of a service that is nested in it under this logical id, and in `nested/Inner/Deeper/` of one that is nested in that |
//!
//! A **folder** holds a template, `template.json`, `template.yaml` or `template.yml`, and may hold `parameters.json` in the form
//! above, and `members.json`: an object that gives, for each logical id of a member, the ARN of the resource that it is, as `resource
//! list` tells it.
//!
//! A restore makes a change set, which waits for somebody to execute it, of a new stack (`REVIEW_IN_PROGRESS`) or of one that is
//! there; or it writes the files into a new folder. What is nested is made by the outermost template, from where that says that its
//! template lies; the change set can also be of a nested one alone. The members are restored one by one from their own recovery points.

mod answer;
mod client;
mod faults;
mod folder;
mod nested;
mod source;
mod stack;
mod target;
#[cfg(test)]
mod tests;

use crate::domain::types::cloudformation::{CHANGE_SET_KEY, FACTS, STACK_KEY, check_name};
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::location::{Location, Part as At};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::{
    BackupCx, Composite, Driver, Fault, Mark, Member, ProbeCx, Probed, Registered, RestoreAsk, RestoreCx, RestorePlan,
    Source, Target,
};
use crate::repository::Control;
use client::Client;
use serde::{Deserialize, Serialize};
use stack::Stack;
use std::collections::BTreeMap;

/// The driver of stacks.
pub struct CloudFormation;

/// Where a stack lies in a snapshot.
const ROOT: &str = "/stack";

/// Where the stacks lie that are nested in it.
const INNER: &str = "nested";

/// What stands before a stack's name and its unique part in its ARN.
const PREFIX: &str = "stack/";

/// What was seen of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// `StackStatus`.
    #[serde(rename = "StackStatus")]
    status: String,
    /// What tells this stack from a later one of the same name.
    #[serde(rename = "StackId")]
    id: String,
}

impl Driver for CloudFormation {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        if cx.at.path().is_some() {
            return folder::probe(cx);
        }
        let name = stack_of(cx.at);
        check_name(name).map_err(|rule| Invalid::value("Stack", rule))?;
        let endpoint = check_endpoint(endpoint_of(cx.at)).map_err(|rule| Invalid::value("Endpoint", rule))?;
        let location = location(endpoint, name.to_owned());
        let client = Client::open(&location, cx.secret, BRIEF)?;
        let stack = client.describe(name, None)?;
        // What it may describe it need not be allowed to read.
        client.template(None)?;
        client.resources(None)?;
        Ok(Probed { location, mark: Some(seen(&stack)) })
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        mark.told(&[("StackStatus", "StackStatus")])
    }

    /// The name of the stack, and a unique part.
    fn new_id(&self, name: &str, at: &Location) -> Result<String, Fault> {
        let stack = at.part(At::Stack).unwrap_or(name);
        check_name(stack).map_err(|rule| Invalid::value("Name", rule))?;
        Ok(format!("{stack}/{}", uuid::Uuid::new_v4()))
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        if cx.of.resource.location.path().is_some() { folder::source(cx) } else { source::open(cx) }
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = resource.resource().strip_prefix(PREFIX).unwrap_or_else(|| resource.resource());
        let base: String = name.split('/').next().unwrap_or(name).chars().take(110).collect();
        let name = format!("{base}-restored-{}", &unique[..8]);
        [(STACK_KEY, name), (CHANGE_SET_KEY, format!("restore-{}", &unique[..8]))]
            .map(|(key, value)| (key.to_owned(), value))
            .into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        target::plan(ask)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn composite(&self) -> Option<&dyn Composite> {
        Some(self)
    }
}

impl Composite for CloudFormation {
    fn members(&self, of: &Registered, stop: &Control) -> Result<Vec<Member>, Fault> {
        if of.resource.location.path().is_some() { folder::members(of) } else { source::members(of, stop) }
    }
}

/// What to remember of a stack.
fn seen(stack: &Stack) -> Mark {
    Mark::of(&Seen { status: stack.status.clone(), id: stack.id.clone() })
}

fn location(endpoint: String, stack: String) -> Location {
    Location::of([(At::Endpoint, endpoint), (At::Stack, stack)])
}

fn stack_of(location: &Location) -> &str {
    location.part(At::Stack).unwrap_or_default()
}

fn endpoint_of(location: &Location) -> &str {
    location.part(At::Endpoint).unwrap_or_default()
}
