//! One driver at work on a repository, call by call, as jobs do it.

use super::{Content, World};
use crate::domain::PointDetails;
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::{
    BackupCx, Before, Fault, Inside, Mark, ProbeCx, Registered, RestoreAsk, RestoreCx, RestorePlan, Sink, Source,
};
use crate::repository::{
    BackupOutcome, BackupRequest, ChunkerParameters, Control, Id, ItemPath, LocalStorage, MasterKey, Options,
    Repository, RestoreRequest, Wanted,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// After which call the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    Planned,
    Opened,
    Begun,
    Sunk,
    Stored,
    Finished,
}

/// A world, and a repository to back it up into.
pub(super) struct Scene<W> {
    pub(super) world: W,
    pub(super) snapshot: Option<Id>,
    root: PathBuf,
    details: PointDetails,
    of: Registered,
    repository: Arc<Repository>,
    folder: tempfile::TempDir,
}

impl<W: World> Scene<W> {
    pub(super) fn new(world: W) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Arc::new(LocalStorage::new(folder.path().join("repository")));
        let repository =
            Arc::new(Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap());
        let (resource, secret, data_dir) = (world.resource(), world.secret(), folder.path().join("data"));
        let cx = ProbeCx { at: &resource.location, secret: secret.as_ref(), data_dir: &data_dir };
        let probed = world.driver().probe(&cx).unwrap();
        assert_eq!(probed.location, resource.location, "a location has one spelling");
        let of = Registered { resource, mark: probed.mark, secret };
        Self { world, snapshot: None, root: PathBuf::new(), details: PointDetails::new(), of, repository, folder }
    }

    /// Two small items and one of a few megabytes that do not compress.
    pub(super) fn fill(&self) {
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        let large: Vec<u8> = std::iter::repeat_with(&mut noise).take(3 << 20).collect();
        self.world.put(b"a", b"alpha");
        self.world.put(b"b", b"");
        self.world.put(b"large", &large);
    }

    fn open(&self) -> Result<Box<dyn Source>, Fault> {
        let control = Control::new();
        let before = self.snapshot.map(|snapshot| Before { repository: &self.repository, snapshot, folder: None });
        let opened = self.world.driver().source(&BackupCx {
            of: &self.of,
            options: &std::collections::BTreeMap::new(),
            before,
            line: "tests",
            is_last: false,
            control: &control,
        });
        opened.map_err(|fault| self.told(fault))
    }

    fn request(&self, root: PathBuf) -> BackupRequest {
        BackupRequest {
            paths: vec![root],
            parent: self.snapshot,
            time: "2026-11-23T05:00:00Z".parse().unwrap(),
            started: SystemTime::now(),
            hostname: "world".to_owned(),
            username: "suite".to_owned(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        }
    }

    /// A whole backup.
    pub(super) fn back_up(&mut self) -> Result<BackupOutcome, Fault> {
        let source = self.open()?;
        let root = source.root().to_owned();
        let prepared = self.repository.prepare(source.items(), &self.request(root.clone()), &Control::new());
        let prepared = prepared.map_err(|error| self.told(Fault::Failed(error.to_string())))?;
        let facts = source.finish(prepared.outcome()).map_err(|fault| self.told(fault))?;
        assert_eq!(self.repository.commit(&[&prepared]).unwrap(), [true]);
        let outcome = prepared.outcome().clone();
        (self.root, self.snapshot) = (root, Some(outcome.snapshot));
        self.details = facts.details;
        self.of.mark = facts.mark.or(self.of.mark.take());
        Ok(outcome)
    }

    /// A backup that comes to no end.
    pub(super) fn back_up_until(&self, stop: Stop) {
        let source = self.open().unwrap();
        if stop > Stop::Opened {
            let request = self.request(source.root().to_owned());
            self.repository.prepare(source.items(), &request, &Control::new()).unwrap();
        }
    }

    /// Why no backup can be made now.
    pub(super) fn refused(&mut self) -> Fault {
        match self.back_up() {
            Err(fault) => fault,
            Ok(outcome) => panic!("backed up: {outcome:?}"),
        }
    }

    /// What a restore into a new resource will do.
    pub(super) fn plan(&self) -> Result<RestorePlan, Fault> {
        let (driver, resource) = (self.world.driver(), self.world.resource());
        let ask = RestoreAsk {
            metadata: &driver.proposal(&resource.arn, &self.details),
            resource_arn: &resource.arn,
            details: &self.details,
            is_continuous: false,
            source: Some(&self.of),
            roots: &RestoreRoots::Any,
            data_dir: &self.folder.path().join("data"),
            restored: &|| Ok(self.folder.path().canonicalize().unwrap().join("restored")),
            now: "2026-11-23T06:00:00Z".parse().unwrap(),
        };
        let plan = driver.plan(&ask).map_err(|fault| self.told(fault))?;
        assert!(plan.makes.is_some() && plan.is_whole);
        Ok(plan)
    }

    /// A restore up to a call; what its target wants to be told at the next attempt.
    pub(super) fn restore_until(
        &self,
        plan: &RestorePlan,
        before: Option<&Mark>,
        stop: Stop,
    ) -> Result<Option<Mark>, Fault> {
        if stop == Stop::Planned {
            return Ok(None);
        }
        let (driver, resource) = (self.world.driver(), self.world.resource());
        let root = ItemPath::from_path(&self.root).unwrap();
        let metadata = driver.proposal(&resource.arn, &self.details);
        let cx = RestoreCx {
            scratch: &|| Err(Fault::Failed("none".to_owned())),
            metadata: &metadata,
            target: &plan.target,
            resource_arn: &resource.arn,
            details: &self.details,
            source: None,
            secret: self.of.secret.as_ref(),
            content: &Inside { repository: &self.repository, snapshot: self.snapshot.unwrap(), root: &root },
            makes_new: true,
            moment: None,
            lend: &|_, _| false,
        };
        let mut target = driver.target(&cx)?;
        if stop == Stop::Opened {
            return Ok(None);
        }
        let request = RestoreRequest {
            snapshot: self.snapshot.unwrap(),
            strip: root.clone(),
            items: target.items().to_vec(),
            target: PathBuf::new(),
            merge: before.is_some(),
        };
        let mark = match before {
            Some(before) => {
                target.resume(before)?;
                before.clone()
            }
            None => target.begin(&self.repository.measure(&request, &Control::new()).unwrap())?,
        };
        if stop == Stop::Begun {
            return Ok(Some(mark));
        }
        let outcome = match target.sink()? {
            _ if stop == Stop::Sunk => return Ok(Some(mark)),
            Sink::Folder(into) => self.repository.restore_into(&request, into, &Control::new()),
            Sink::InOrder(sink) => {
                let wanted = Wanted { snapshot: request.snapshot, strip: &request.strip, items: &request.items };
                self.repository.restore_stream(wanted, sink, &Control::new())
            }
            Sink::Own(extraction) => extraction.extract(&Control::new()),
        };
        let outcome = outcome.unwrap();
        assert_eq!(outcome.failed, 0, "{:?}", outcome.failures);
        if stop == Stop::Finished {
            target.finish(&outcome)?;
        }
        Ok(Some(mark))
    }

    /// What a restore of the last backup makes.
    pub(super) fn restored(&self) -> Content {
        let plan = self.plan().unwrap();
        self.restore_until(&plan, None, Stop::Finished).unwrap();
        let restored = self.world.content(&plan.target);
        // The next restore finds its place empty.
        self.world.clear(&plan.target);
        restored
    }

    /// A fault, in which no secret may be.
    fn told(&self, fault: Fault) -> Fault {
        let text = format!("{fault} {fault:?}");
        let tells = self.of.secret.as_ref().is_some_and(|secret| text.contains(secret.reveal()));
        assert!(!tells, "a fault tells the secret");
        fault
    }
}
