//! Reading a stack of a service, with those that are nested in it.

use super::client::Client;
use super::nested::{Layer, Layers};
use super::stack::HIDDEN;
use super::{INNER, ROOT, seen};
use crate::domain::Consistency;
use crate::domain::types::cloudformation::NESTED;
use crate::engine::drivers::documents::{self, Documents};
use crate::engine::drivers::feed::Feed;
use crate::engine::drivers::http::{LONG, temporary};
use crate::engine::drivers::{BackupCx, Fault, Made, Mark, Member, Part, PointFacts, Registered, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use std::path::Path;

/// A stack that is open for a backup.
struct Open {
    tree: Feed<Documents>,
    layers: Layers,
}

fn layers_of(of: &Registered, stop: &Control) -> Result<Layers, Fault> {
    Layers::of(Client::open(&of.resource.location, of.secret.as_ref(), LONG)?, stop)
}

/// What the stack of a resource is made of, and those that are nested in it.
pub(super) fn members(of: &Registered, stop: &Control) -> Result<Vec<Member>, Fault> {
    let Layers { all, closed } = layers_of(of, stop)?;
    let of_layer = |layer: &Layer| -> Vec<Member> {
        let member = |resource: &super::stack::StackResource| Member {
            id: layer.name_of(resource),
            what: Part::Made(Made {
                kind: resource.resource_type.clone(),
                physical_id: resource.physical_resource_id.clone(),
                endpoint: layer.client.endpoint().to_owned(),
            }),
        };
        layer.resources.iter().filter(|resource| resource.resource_type != NESTED).map(member).collect()
    };
    let closed = closed.into_iter().map(|(id, why)| Member { id, what: Part::Closed(why) });
    Ok(all.iter().flat_map(of_layer).chain(closed).collect())
}

/// Opens the stack of a resource: all of it is read here, since it is little.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let layers = layers_of(cx.of, cx.control)?;
    let mut files = Vec::new();
    for layer in &layers.all {
        let template = layer.client.template(Some(cx.control))?;
        let documents = layer.stack.documents(layer.client.stack(), &template, &layer.resources);
        let folder = if layer.within.is_empty() { String::new() } else { format!("{INNER}/{}/", layer.within) };
        files.extend(documents.into_iter().map(|(name, content)| (format!("{folder}{name}"), content)));
    }
    Ok(Box::new(Open { tree: documents::tree(ROOT, files), layers }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        self.tree.root()
    }

    /// Template, parameters and resources are of one moment if no stack has changed since before the first was read.
    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let Self { tree, layers: Layers { all, closed } } = *self;
        tree.into_files()?;
        documents::whole(outcome)?;
        for Layer { client, stack, .. } in &all {
            let now = client.describe(client.stack(), None)?;
            if (&now.id, &now.status, &now.updated) != (&stack.id, &stack.status, &stack.updated) {
                let (name, endpoint) = (client.stack(), client.endpoint());
                return Err(temporary(format!("The stack {name} at {endpoint} changed while it was read.")));
            }
        }
        let mut details = vec![Consistency::Transaction.detail()];
        let mut mark: Option<Mark> = None;
        if let Some(outermost) = all.first() {
            details.push(("StackStatus".to_owned(), outermost.stack.status.clone()));
            mark = Some(seen(&outermost.stack));
        }
        let mut tell = |name: &str, all: Vec<String>| {
            if !all.is_empty() {
                details.push((name.to_owned(), all.join(", ")));
            }
        };
        tell("NoEchoParameters", all.iter().flat_map(hidden).collect());
        tell("NestedStacks", all.iter().skip(1).map(|layer| layer.within.clone()).collect());
        let lacking: Vec<String> = closed.into_iter().map(|(id, why)| format!("nested stack {id}: {why}")).collect();
        let lacks = (!lacking.is_empty()).then(|| lacking.join(" "));
        Ok(PointFacts { lacks, details: details.into_iter().collect(), mark, ..PointFacts::default() })
    }
}

/// The parameters of a stack whose values CloudFormation does not tell.
fn hidden(layer: &Layer) -> Vec<String> {
    let is_hidden = |parameter: &&super::stack::Parameter| parameter.parameter_value == HIDDEN;
    let within =
        |name: &str| if layer.within.is_empty() { name.to_owned() } else { format!("{}/{name}", layer.within) };
    layer.stack.parameters.iter().filter(is_hidden).map(|one| within(&one.parameter_key)).collect()
}
