//! Restoring a template: a change set of a stack, or the files in a new folder.

use super::answer::ChangeSet;
use super::client::{Client, Form};
use super::stack::{HIDDEN, Kept, PARAMETERS, Parameter, STACK, TEMPLATES};
use super::{INNER, PREFIX, endpoint_of, location};
use crate::domain::types::cloudformation::{CHANGE_SET_KEY, CloudFormationRestore, PARAMETERS_KEY};
use crate::domain::types::keys::ENDPOINT_KEY;
use crate::engine::drivers::http::{LONG, patiently};
use crate::engine::drivers::{
    Fault, Inside, Mark, Registered, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target, endpoint, folder,
};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The largest template that a request takes.
const LARGEST: u64 = 51_200;
/// The largest document that a backup holds.
const LARGEST_DOCUMENT: u64 = 8 << 20;
/// How long a new change set may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(500);
/// How far the clocks of a service and of this machine can be apart: signatures are not taken beyond.
const SKEW_SECONDS: i64 = 15 * 60;

/// What a restore of a template is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = CloudFormationRestore::read(ask.metadata)?;
    let of_folder = |source: &Registered| source.resource.location.path().is_some();
    let into_folder = restore.path.is_some() || (restore.endpoint.is_none() && ask.source.is_some_and(of_folder));
    if into_folder {
        let id = format!("{}/{}", restore.stack, uuid::Uuid::new_v4());
        let name = format!("{}-{}", restore.stack, &id[id.len() - 8..]);
        let target = folder::target::new_folder(ask, restore.path.as_deref(), &name)?;
        return Ok(RestorePlan { target, makes: Some(id), is_whole: true });
    }
    let of_source = ask.source.map(|source| endpoint_of(&source.resource.location)).filter(|url| !url.is_empty());
    let endpoint = endpoint::of_restore(ask, ENDPOINT_KEY, restore.endpoint.as_deref(), of_source)?;
    Ok(RestorePlan { target: location(endpoint, restore.stack), makes: None, is_whole: true })
}

/// Opens nothing yet but the client.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = CloudFormationRestore::read(cx.metadata)?;
    if cx.target.path().is_some() {
        let made = Restored { name: Some(restore.stack), ..Restored::default() };
        return Ok(Box::new(folder::target::open(cx, Vec::new(), made)?));
    }
    let template = Template::of(cx.content, restore.nested.as_deref())?;
    Ok(Box::new(NewChangeSet {
        client: Client::open(cx.target, cx.secret, LONG)?,
        restore,
        template,
        begun: None,
        is_resumed: false,
    }))
}

/// What a recovery point has of a stack.
struct Template {
    body: String,
    parameters: Vec<Parameter>,
    capabilities: Vec<String>,
}

impl Template {
    /// The outermost one, or the one that is called so.
    fn of(content: &Inside<'_>, nested: Option<&str>) -> Result<Self, Fault> {
        let folder = nested.map_or_else(ItemPath::root, |name| {
            name.split('/').fold(ItemPath::root().join(INNER.as_bytes()), |path, part| path.join(part.as_bytes()))
        });
        let path = |name: &str| folder.join(name.as_bytes());
        let named = TEMPLATES.into_iter().map(|name| content.read(&path(name), LARGEST_DOCUMENT).transpose());
        let body = named.flatten().next().transpose()?;
        let of = nested.map(|name| format!(" of a nested stack {name}")).unwrap_or_default();
        let body = body.ok_or_else(|| Fault::Failed(format!("The recovery point has no template{of}.")))?;
        if body.len() as u64 > LARGEST {
            return Err(Fault::Failed(format!(
                "The template has {} bytes, and a request takes {LARGEST} at most: restore it into a folder with vaultdeck:path, \
                 and give it to CloudFormation by way of a bucket.",
                body.len()
            )));
        }
        let body = String::from_utf8(body).map_err(|_| Fault::Failed("The template is not UTF-8.".to_owned()))?;
        let kept: Option<Kept> = document(content, &path(STACK))?;
        let parameters = document(content, &path(PARAMETERS))?.unwrap_or_default();
        Ok(Self { body, parameters, capabilities: kept.unwrap_or_default().capabilities })
    }
}

fn document<T: DeserializeOwned>(content: &Inside<'_>, path: &ItemPath) -> Result<Option<T>, Fault> {
    let text = content.read(path, LARGEST_DOCUMENT)?;
    let read = text.map(|text| serde_json::from_slice(&text)).transpose();
    read.map_err(|error| Fault::Failed(format!("{path} in the recovery point cannot be read: {error}")))
}

/// A change set that is made.
struct NewChangeSet {
    client: Client,
    restore: CloudFormationRestore,
    template: Template,
    begun: Option<Begun>,
    /// Whether an earlier attempt may have made it.
    is_resumed: bool,
}

/// What is remembered of a target from one attempt to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    stack: String,
    change_set: String,
    /// When, in seconds of the wall clock.
    at: i64,
}

impl NewChangeSet {
    fn name(&self) -> &str {
        &self.restore.change_set
    }

    /// The change set of that name; nothing where there is none, or no such stack.
    fn there(&self) -> Result<Option<ChangeSet>, Fault> {
        match self.client.change_set(self.name()) {
            Ok(found) => Ok(Some(found)),
            Err(Fault::Gone(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the stack is one that is there, with resources.
    fn has_stack(&self) -> Result<bool, Fault> {
        match self.client.describe(self.client.stack(), None) {
            Ok(stack) => Ok(!matches!(stack.status.as_str(), "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE")),
            Err(Fault::Gone(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn in_the_way(&self) -> Fault {
        Fault::Failed(format!(
            "Stack {} at {} has a change set {} already: choose another {CHANGE_SET_KEY}.",
            self.client.stack(),
            self.client.endpoint(),
            self.name()
        ))
    }

    /// The values of the parameters: those that were backed up, and what the restore says of them. A value that was not told is
    /// that of the stack, where it is there.
    fn parameters(&self, has_stack: bool) -> Result<Vec<(String, Option<String>)>, Fault> {
        let backed_up =
            self.template.parameters.iter().map(|one| (one.parameter_key.clone(), one.parameter_value.clone()));
        let mut all: BTreeMap<String, String> = backed_up.collect();
        all.extend(self.restore.parameters.clone());
        let hidden: Vec<&str> = all.iter().filter(|(_, value)| *value == HIDDEN).map(|(key, _)| key.as_str()).collect();
        if !hidden.is_empty() && !has_stack {
            return Err(Fault::Failed(format!(
                "CloudFormation did not tell the values of parameters that are marked NoEcho: give {} with {PARAMETERS_KEY}, \
                 as vaultdeck restore start does with --metadata {PARAMETERS_KEY}=@FILE.",
                hidden.join(", ")
            )));
        }
        Ok(all.into_iter().map(|(key, value)| (key, Some(value).filter(|value| value != HIDDEN))).collect())
    }

    /// Asks for the change set.
    fn ask(&self) -> Result<(), Fault> {
        let has_stack = self.has_stack()?;
        let parameters = self.parameters(has_stack)?;
        let mut form: Form<'_> = [
            ("StackName", self.client.stack()),
            ("ChangeSetName", self.name()),
            ("ChangeSetType", if has_stack { "UPDATE" } else { "CREATE" }),
            ("TemplateBody", self.template.body.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        form.extend(self.restore.description.as_deref().map(|text| ("Description".to_owned(), text)));
        for (number, (key, value)) in (1..).zip(&parameters) {
            let name = |of: &str| format!("Parameters.member.{number}.{of}");
            form.push((name("ParameterKey"), key));
            form.push(match value {
                Some(value) => (name("ParameterValue"), value),
                None => (name("UsePreviousValue"), "true"),
            });
        }
        let capabilities = (1..).zip(&self.template.capabilities);
        form.extend(capabilities.map(|(at, one): (u32, &String)| (format!("Capabilities.member.{at}"), one.as_str())));
        let mut tries = 0;
        patiently(LONG, None, || {
            tries += 1;
            match self.client.call_once("CreateChangeSet", &form, None) {
                // The answer of the attempt before may have been lost on its way.
                Err(_) if tries > 1 && self.there()?.is_some_and(|found| self.is_ours(&found)) => Ok(()),
                made => made.map(drop),
            }
        })
    }

    /// Whether a change set was made since this restore began, when there was none of its name.
    fn is_ours(&self, found: &ChangeSet) -> bool {
        let since = self.begun.as_ref().map_or(i64::MAX, |begun| begun.at - SKEW_SECONDS);
        found.created.is_some_and(|at| at >= since)
    }

    /// Until the change set is there.
    fn wait(&self) -> Result<ChangeSet, Fault> {
        let until = Instant::now() + PATIENCE;
        let (stack, name) = (self.client.stack(), self.name());
        loop {
            let status = match self.there()? {
                Some(found) if found.status == "CREATE_COMPLETE" => return Ok(found),
                Some(found) if found.status == "FAILED" => {
                    // A stack that was made with it has nothing in it yet.
                    let left = if self.has_stack().unwrap_or(true) { "It is" } else { "It and the new stack are" };
                    return Err(Fault::Failed(format!(
                        "The change set {name} of stack {stack} FAILED: {}. {left} left at {}, to be looked at and deleted.",
                        found.reason.trim_end_matches('.'),
                        self.client.endpoint()
                    )));
                }
                Some(found) => found.status,
                None => "not known yet".to_owned(),
            };
            if Instant::now() > until {
                let minutes = PATIENCE.as_secs() / 60;
                return Err(Fault::Failed(format!(
                    "The change set {name} of stack {stack} is {status} and not CREATE_COMPLETE after {minutes} minutes."
                )));
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Target for NewChangeSet {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    /// Looks only: the change set is made when all of the recovery point was read.
    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        if self.there()?.is_some() {
            return Err(self.in_the_way());
        }
        self.parameters(self.has_stack()?)?;
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let begun = Begun { stack: self.client.stack().to_owned(), change_set: self.name().to_owned(), at };
        let mark = Mark::of(&begun);
        self.begun = Some(begun);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let is_this = |begun: &Begun| begun.stack == self.client.stack() && begun.change_set == self.name();
        let other = || Fault::Failed(format!("The change set {} was not begun by this job.", self.name()));
        self.begun = Some(before.read::<Begun>().filter(is_this).ok_or_else(other)?);
        self.is_resumed = true;
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        Ok(Sink::InOrder(self))
    }

    fn finish(self: Box<Self>, _: &RestoreOutcome) -> Result<Restored, Fault> {
        match self.there()? {
            None => self.ask()?,
            Some(found) if self.is_resumed && self.is_ours(&found) => {}
            Some(_) => return Err(self.in_the_way()),
        }
        let made = self.wait()?;
        let resource = made.stack_id.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix(PREFIX));
        let (stack, name) = (self.client.stack(), self.name());
        let note = format!(
            "Change set {name} of stack {stack} was made and waits for its review: nothing changes until somebody executes it."
        );
        let into = resource.filter(|id| id.split('/').count() == 2).map(str::to_owned);
        Ok(Restored { notes: vec![note], into, ..Restored::default() })
    }
}

impl StreamSink for NewChangeSet {
    fn place(&self) -> PathBuf {
        PathBuf::from(self.client.stack())
    }

    /// It was read before, and is sent when all of the recovery point was found to be whole.
    fn put(&self, _: &ItemPath, _: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        io::copy(content, &mut io::sink())?;
        Ok(Put::Written)
    }
}
