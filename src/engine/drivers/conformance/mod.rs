//! What every driver must do, whatever its service. The tests of each driver run this suite on a [`World`] of its own.

mod folder;
pub(crate) mod memory;
mod memory_log;
mod ports;
mod scene;
mod seam_tests;

use crate::domain::types::Location;
use crate::domain::{Arn, PointDetails, Resource, Secret};
use crate::engine::drivers::Driver;
pub use folder::Folder;
pub use ports::free_port;
use scene::{Scene, Stop};
use std::collections::BTreeMap;

/// What is stored, by the names of the items.
pub type Content = BTreeMap<Vec<u8>, Vec<u8>>;

/// A service with one resource in it, which the suite changes from outside.
pub trait World {
    /// The driver that is tried.
    fn driver(&self) -> &dyn Driver;
    /// The resource, as it would be registered.
    fn resource(&self) -> Resource;
    /// Stores an item.
    fn put(&self, name: &[u8], content: &[u8]);
    /// Removes an item.
    fn remove(&self, name: &[u8]);
    /// Takes the rights to read away; `false` where whoever runs the tests cannot be refused.
    fn deny(&self) -> bool;
    /// Takes the whole resource away.
    fn vanish(&self);
    /// What lies at a location.
    fn content(&self, at: &Location) -> Content;
    /// Takes away what a restore made there.
    fn clear(&self, at: &Location);
    /// Names that this service can have and that others stumble over.
    fn hostile(&self) -> Vec<&'static [u8]>;
    /// What the service asks for; no fault may tell it.
    fn secret(&self) -> Option<Secret>;
}

/// Runs the whole suite, on a new world each time.
pub fn run<W: World>(world: impl Fn() -> W) {
    empty(&mut Scene::new(world()));
    hostile_names(&mut Scene::new(world()));
    shrinking(&mut Scene::new(world()));
    increment_stores_less(&mut Scene::new(world()));
    killed_between_any_two_calls(&world);
    second_restore_merges(&mut Scene::new(world()));
    vanished(&mut Scene::new(world()));
    denied(&mut Scene::new(world()));
    facts_fit(&world());
}

fn empty<W: World>(scene: &mut Scene<W>) {
    scene.back_up().unwrap();
    assert_eq!(scene.restored(), Content::new());
}

fn hostile_names<W: World>(scene: &mut Scene<W>) {
    let mut content = Content::new();
    for (number, name) in scene.world.hostile().into_iter().enumerate() {
        let body = format!("content {number}").into_bytes();
        scene.world.put(name, &body);
        content.insert(name.to_vec(), body);
    }
    scene.back_up().unwrap();
    assert_eq!(scene.restored(), content);
}

/// What was taken away is not in the next point, and still in the one before.
fn shrinking<W: World>(scene: &mut Scene<W>) {
    scene.fill();
    let full = scene.world.content(&scene.world.resource().location);
    let before = scene.back_up().unwrap().snapshot;
    scene.world.remove(b"b");
    scene.world.put(b"large", b"small now");
    scene.back_up().unwrap();
    let restored = scene.restored();
    assert!(!restored.contains_key(&b"b"[..]) && restored[&b"large"[..]] == b"small now");
    scene.snapshot = Some(before);
    assert_eq!(scene.restored(), full);
}

fn increment_stores_less<W: World>(scene: &mut Scene<W>) {
    scene.fill();
    let first = scene.back_up().unwrap();
    scene.world.put(b"c", b"new");
    let second = scene.back_up().unwrap();
    assert!(second.bytes_added < first.bytes_added / 2, "{} after {}", second.bytes_added, first.bytes_added);
    assert_eq!(scene.restored(), scene.world.content(&scene.world.resource().location));
}

/// A process that ends between two calls leaves nothing that the next attempt stumbles over.
fn killed_between_any_two_calls<W: World>(world: &impl Fn() -> W) {
    for stop in [Stop::Opened, Stop::Stored] {
        let mut scene = Scene::new(world());
        scene.fill();
        scene.back_up_until(stop);
        scene.back_up().unwrap();
        assert_eq!(scene.restored(), scene.world.content(&scene.world.resource().location));
    }
    for stop in [Stop::Planned, Stop::Opened, Stop::Begun, Stop::Sunk, Stop::Stored] {
        let mut scene = Scene::new(world());
        scene.fill();
        scene.back_up().unwrap();
        let plan = scene.plan().unwrap();
        let mark = scene.restore_until(&plan, None, stop).unwrap();
        scene.restore_until(&plan, mark.as_ref(), Stop::Finished).unwrap();
        let restored = scene.world.content(&plan.target);
        assert_eq!(restored, scene.world.content(&scene.world.resource().location), "{stop:?}");
    }
}

/// A later attempt writes over what an earlier one wrote, and leaves it otherwise.
fn second_restore_merges<W: World>(scene: &mut Scene<W>) {
    scene.fill();
    scene.back_up().unwrap();
    let plan = scene.plan().unwrap();
    let mark = scene.restore_until(&plan, None, Stop::Finished).unwrap();
    scene.restore_until(&plan, mark.as_ref(), Stop::Finished).unwrap();
    assert_eq!(scene.world.content(&plan.target), scene.world.content(&scene.world.resource().location));
}

fn vanished<W: World>(scene: &mut Scene<W>) {
    scene.fill();
    scene.back_up().unwrap();
    scene.world.vanish();
    scene.refused();
}

fn denied<W: World>(scene: &mut Scene<W>) {
    scene.fill();
    if scene.world.deny() {
        let fault = scene.refused();
        assert!(fault.meaning().is_denied, "{fault}");
    }
}

/// The facts name the resources that the driver makes.
fn facts_fit<W: World>(world: &W) {
    let (driver, resource) = (world.driver(), world.resource());
    let facts = driver.facts();
    assert_eq!(resource.resource_type, facts.resource_type());
    let id = driver.new_id(&resource.name, &resource.location).unwrap();
    let arn: Arn = facts.arn(&resource.scope, &id).unwrap();
    assert!(facts.arns.iter().any(|form| form.fits(&arn)), "{arn}");
    let proposed = driver.proposal(&resource.arn, &PointDetails::new());
    facts.check_keys(&proposed).unwrap();
    facts.refuse_unknown_keys(&proposed).unwrap();
}

#[test]
fn the_driver_in_memory_conforms() {
    run(memory::Store::world);
}
