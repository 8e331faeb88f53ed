//! Stacks that are nested in a stack: templates and members of theirs belong to it.
//!
//! What is nested is called by its logical ids from the outermost stack on: `Inner/Orders`.

use super::client::Client;
use super::stack::{Stack, StackResource};
use crate::domain::types::cloudformation::NESTED;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::stopped;
use crate::repository::Control;
use std::collections::BTreeSet;

/// How many layers of stacks there are at most, the outermost counted: AWS Backup's quota.
const MOST_LAYERS: usize = 10;

/// How many stacks are looked into at most, the outermost counted: each takes several calls, and a backup is to end.
const MOST_STACKS: usize = 500;

/// A stack with its resources.
pub(super) struct Layer {
    /// What it is called; nothing of the outermost.
    pub(super) within: String,
    /// A client of it.
    pub(super) client: Client,
    /// What its service says of it.
    pub(super) stack: Stack,
    /// What it is made of and has not been deleted.
    pub(super) resources: Vec<StackResource>,
}

/// A stack, and those that are nested in it.
pub(super) struct Layers {
    /// All that could be looked into, the outermost first.
    pub(super) all: Vec<Layer>,
    /// What the others are called, and why they could not be.
    pub(super) closed: Vec<(String, String)>,
}

impl Layer {
    fn open(within: String, client: Client, stop: &Control) -> Result<Self, Fault> {
        stopped(Some(stop))?;
        let stack = client.describe(client.stack(), Some(stop))?;
        if stack.is_unsettled() {
            return Err(Fault::Failed(format!(
                "The stack {} at {} is {}: only one that is in a state of …_COMPLETE can be backed up.",
                client.stack(),
                client.endpoint(),
                stack.status
            )));
        }
        let mut resources = client.resources(Some(stop))?;
        resources.retain(|resource| resource.status != "DELETE_COMPLETE");
        Ok(Self { within, client, stack, resources })
    }

    /// What a resource of it is called.
    pub(super) fn name_of(&self, resource: &StackResource) -> String {
        let id = &resource.logical_resource_id;
        if self.within.is_empty() { id.clone() } else { format!("{}/{id}", self.within) }
    }
}

impl Layers {
    /// Looks through a stack. One that is nested and cannot be looked into is told; what may be better later fails all of it.
    pub(super) fn of(client: Client, stop: &Control) -> Result<Self, Fault> {
        let outermost = Layer::open(String::new(), client, stop)?;
        let mut seen = BTreeSet::from([outermost.stack.id.clone()]);
        let (mut all, mut closed, mut next) = (vec![outermost], Vec::new(), 0);
        let (mut looked_into, mut left_out) = (1, None);
        while let Some(layer) = all.get(next) {
            next += 1;
            let mut inner = Vec::new();
            for resource in layer.resources.iter().filter(|resource| resource.resource_type == NESTED) {
                let name = layer.name_of(resource);
                if looked_into == MOST_STACKS {
                    left_out.get_or_insert((name, 0)).1 += 1;
                    continue;
                }
                looked_into += 1;
                match look(layer, resource, &name, &seen, stop) {
                    Ok(found) => {
                        seen.insert(found.stack.id.clone());
                        inner.push(found);
                    }
                    Err(fault) if stop.is_cancelled() || matches!(fault, Fault::Temporary { .. }) => return Err(fault),
                    Err(fault) => closed.push((name, fault.to_string())),
                }
            }
            all.extend(inner);
        }
        closed.extend(left_out.map(too_many));
        Ok(Self { all, closed })
    }
}

/// One entry for all that are too many, under the name of the first: a list of them could be as long as anything.
fn too_many((first, count): (String, usize)) -> (String, String) {
    (
        first,
        format!("No more than {MOST_STACKS} stacks are looked into: {count} are left out, of which this is the first."),
    )
}

/// Looks into a nested stack.
fn look(
    within: &Layer,
    resource: &StackResource,
    name: &str,
    seen: &BTreeSet<String>,
    stop: &Control,
) -> Result<Layer, Fault> {
    // It becomes the name of a folder.
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/') || name.ends_with('/') {
        return Err(Fault::Failed(
            "Its logical id is none of CloudFormation's, which has letters and digits.".to_owned(),
        ));
    }
    if name.split('/').count() >= MOST_LAYERS {
        return Err(Fault::Failed(format!("It is nested deeper than {MOST_LAYERS} layers.")));
    }
    let found = Layer::open(name.to_owned(), within.client.nested(&resource.physical_resource_id), stop)?;
    if seen.contains(&found.stack.id) {
        return Err(Fault::Failed(format!(
            "The stack {} is nested in itself, or twice.",
            resource.physical_resource_id
        )));
    }
    Ok(found)
}
