//! What a resource that is made of others is made of, as far as that is registered: with what is nested in it, layer by layer.
//!
//! What is nested is called by its logical ids from the outermost resource on: `Inner/Orders`.

use crate::domain::{Arn, Resource};
use crate::engine::Engine;
use crate::engine::drivers::{Fault, Made, Member, Part};
use crate::engine::jobs::composite::NAMES;
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::work::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// How many layers of resources that are made of others there are at most, the outermost counted: AWS Backup's quota.
const MOST_LAYERS: usize = 10;

/// The members of a resource that are registered, and what is not and should be.
#[derive(Default)]
pub(super) struct Found {
    /// By what they are called in it.
    pub(super) members: BTreeMap<String, Resource>,
    /// What this engine could back up and does not, in words: without it the composite is a part only.
    lacks: Vec<String>,
    /// What is made of others itself and could not be looked into, in words.
    closed: Vec<String>,
    /// The resources among the members.
    taken: BTreeSet<Arn>,
}

/// What is looked through for members.
pub(super) struct Looking<'a> {
    /// The engine.
    pub(super) engine: &'a Engine,
    /// The job that looks.
    pub(super) live: &'a LiveJob,
    /// What is registered in its scope.
    pub(super) all: &'a [Resource],
}

/// The resource whose members are looked at, and what it is nested in.
pub(super) struct Within<'a> {
    of: &'a Arn,
    /// What it is called; nothing of the outermost.
    name: Option<&'a str>,
    above: Option<&'a Within<'a>>,
}

impl<'a> Within<'a> {
    /// The outermost resource.
    pub(super) fn outermost(of: &'a Arn) -> Self {
        Self { of, name: None, above: None }
    }

    fn name_of(&self, id: &str) -> String {
        self.name.map_or_else(|| id.to_owned(), |name| format!("{name}/{id}"))
    }

    fn layers(&self) -> usize {
        1 + self.above.map_or(0, Within::layers)
    }

    fn is_in(&self, arn: &Arn) -> bool {
        self.of == arn || self.above.is_some_and(|above| above.is_in(arn))
    }
}

impl<'a> Looking<'a> {
    /// The resource that a stack made.
    fn made(&self, made: &Made) -> Option<&'a Resource> {
        let drivers: Vec<_> = self.engine.drivers.of_stack_type(&made.kind).collect();
        self.all.iter().find(|resource| {
            let mut of_type = drivers.iter().filter(|driver| resource.resource_type == driver.facts().resource_type());
            of_type.any(|driver| driver.is_made(made, resource))
        })
    }
}

impl Found {
    /// Adds members. What no driver of this engine can back up is left out, as AWS does. Of a member that is made of others itself
    /// its own is a member, and so is what it is made of.
    pub(super) fn add(
        &mut self,
        looking: &Looking<'_>,
        members: Vec<Member>,
        within: &Within<'_>,
    ) -> Result<(), Failure> {
        for Member { id, what } in members {
            let id = within.name_of(&id);
            let (resource, words) = match &what {
                Part::Named(arn) => (looking.all.iter().find(|resource| resource.arn == *arn), arn.to_string()),
                Part::Made(made) => {
                    if looking.engine.drivers.of_stack_type(&made.kind).next().is_none() {
                        continue;
                    }
                    (looking.made(made), format!("{} {}", made.kind, made.physical_id))
                }
                Part::Closed(why) => {
                    self.close(&id, why);
                    continue;
                }
            };
            match resource {
                Some(resource) if within.is_in(&resource.arn) => self.close(&id, "It is nested in itself"),
                Some(resource) if self.taken.insert(resource.arn.clone()) => {
                    self.members.insert(id.clone(), resource.clone());
                    let within = Within { of: &resource.arn, name: Some(&id), above: Some(within) };
                    self.look_into(looking, resource, &within)?;
                }
                // Another member is the same resource.
                Some(_) => {}
                None => self.lacks.push(format!("{id} ({words})")),
            }
        }
        Ok(())
    }

    /// Adds what a member is made of. What may be better later fails all of it.
    fn look_into(&mut self, looking: &Looking<'_>, resource: &Resource, within: &Within<'_>) -> Result<(), Failure> {
        let engine = looking.engine;
        let Some(composite) = engine.driver_of(&resource.resource_type)?.composite() else { return Ok(()) };
        let name = within.name.unwrap_or_default();
        if within.layers() > MOST_LAYERS {
            self.close(name, &format!("It is nested deeper than {MOST_LAYERS} layers"));
            return Ok(());
        }
        let registered = engine.catalog.read(|connection| engine.registered(connection, &resource.arn))?;
        let Some(of) = registered else { return Ok(()) };
        match composite.members(&of, &looking.live.control) {
            Ok(members) => self.add(looking, members, within),
            Err(fault @ Fault::Temporary { .. }) => Err(fault.into()),
            Err(fault) => {
                self.close(name, &fault.to_string());
                Ok(())
            }
        }
    }

    fn close(&mut self, id: &str, why: &str) {
        self.closed.push(format!("{id} ({})", why.trim_end_matches('.')));
    }

    /// What the composite will lack, in words.
    pub(super) fn issue(&self) -> Option<String> {
        let lacks = told(&self.lacks, ["member is", "members are"], "not being registered at this engine");
        let closed = told(&self.closed, ["nested stack is", "nested stacks are"], "since it cannot be looked into");
        let all: Vec<String> = lacks.into_iter().chain(closed).collect();
        (!all.is_empty()).then(|| all.join(". "))
    }
}

fn told(all: &[String], [one, many]: [&str; 2], why: &str) -> Option<String> {
    let mut shown: Vec<&str> = all.iter().take(NAMES).map(String::as_str).collect();
    if all.len() > NAMES {
        shown.push("…");
    }
    let what = if all.len() == 1 { one } else { many };
    (!all.is_empty()).then(|| format!("{} {what} not backed up with it, {why}: {}", all.len(), shown.join(", ")))
}
