//! Reading a stack of a service.

use super::client::Client;
use super::stack::{HIDDEN, Stack};
use super::{ROOT, seen};
use crate::domain::Consistency;
use crate::engine::drivers::documents::{self, Documents};
use crate::engine::drivers::feed::Feed;
use crate::engine::drivers::http::{LONG, temporary};
use crate::engine::drivers::{BackupCx, Fault, Made, Member, Part, PointFacts, Registered, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use std::path::Path;

/// A stack that is open for a backup.
struct Open {
    tree: Feed<Documents>,
    client: Client,
    stack: Stack,
}

fn client_of(of: &Registered) -> Result<Client, Fault> {
    Client::open(&of.resource.location, of.secret.as_ref(), LONG)
}

/// The stack, if it can be backed up as it is.
fn settled(client: &Client, stop: &Control) -> Result<Stack, Fault> {
    let stack = client.describe(client.stack(), Some(stop))?;
    if stack.is_unsettled() {
        return Err(Fault::Failed(format!(
            "The stack {} at {} is {}: only one that is in a state of …_COMPLETE can be backed up.",
            client.stack(),
            client.endpoint(),
            stack.status
        )));
    }
    Ok(stack)
}

/// What the stack of a resource is made of.
pub(super) fn members(of: &Registered, stop: &Control) -> Result<Vec<Member>, Fault> {
    let client = client_of(of)?;
    settled(&client, stop)?;
    let there = client.resources(Some(stop))?.into_iter().filter(|resource| resource.status != "DELETE_COMPLETE");
    let member = |resource: super::stack::StackResource| Member {
        id: resource.logical_resource_id,
        what: Part::Made(Made {
            kind: resource.resource_type,
            physical_id: resource.physical_resource_id,
            endpoint: client.endpoint().to_owned(),
        }),
    };
    Ok(there.map(member).collect())
}

/// Opens the stack of a resource: all of it is read here, since it is little.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let (client, stop) = (client_of(cx.of)?, cx.control);
    let stack = settled(&client, stop)?;
    let template = client.template(Some(stop))?;
    let resources = client.resources(Some(stop))?;
    let tree = documents::tree(ROOT, stack.documents(client.stack(), &template, &resources));
    Ok(Box::new(Open { tree, client, stack }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        self.tree.root()
    }

    /// Template, parameters and resources are of one moment if the stack has not changed since before the first was read.
    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let Self { tree, client, stack } = *self;
        tree.into_files()?;
        documents::whole(outcome)?;
        let now = client.describe(client.stack(), None)?;
        if (&now.id, &now.status, &now.updated) != (&stack.id, &stack.status, &stack.updated) {
            let (name, endpoint) = (client.stack(), client.endpoint());
            return Err(temporary(format!("The stack {name} at {endpoint} changed while it was read.")));
        }
        let is_hidden = |parameter: &&super::stack::Parameter| parameter.parameter_value == HIDDEN;
        let hidden: Vec<_> = stack.parameters.iter().filter(is_hidden).map(|one| one.parameter_key.as_str()).collect();
        let hidden = (!hidden.is_empty()).then(|| ("NoEchoParameters".to_owned(), hidden.join(", ")));
        let details = [Consistency::Transaction.detail(), ("StackStatus".to_owned(), stack.status.clone())]
            .into_iter()
            .chain(hidden);
        Ok(PointFacts { details: details.collect(), mark: Some(seen(&stack)), ..PointFacts::default() })
    }
}
