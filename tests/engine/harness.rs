//! An engine on a directory of its own that runs no jobs, and callers of several accounts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vaultdeck::domain::extension::{AddAccount, AddResource};
use vaultdeck::domain::plan::{PlanDocument, Rule};
use vaultdeck::domain::selection::{SelectionDocument, TagCondition};
use vaultdeck::domain::{Arn, Lifecycle, Tags};
use vaultdeck::engine::{Caller, ClockKind, Engine, EngineOptions, Error, NewVault, Page, PageRequest, RestoreRoots};

/// The management account.
pub const MANAGEMENT: &str = "123456789012";

/// A member, where a test adds one.
pub const MEMBER: &str = "210987654321";

pub struct Harness {
    pub engine: Arc<Engine>,
    pub folder: tempfile::TempDir,
}

impl Harness {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(options(folder.path().join("data"))).unwrap();
        Self { engine, folder }
    }

    /// Ends the engine for good: what works in the background holds it, and its directory, a moment longer than this does.
    pub fn close(self) -> tempfile::TempDir {
        assert!(self.engine.shutdown(Duration::from_secs(10)), "the engine stops in time");
        let begun = Instant::now();
        while Arc::strong_count(&self.engine) > 1 {
            assert!(begun.elapsed() < Duration::from_secs(30), "somebody holds the engine");
            std::thread::sleep(Duration::from_millis(2));
        }
        self.folder
    }

    /// With a second account.
    pub fn with_member() -> Self {
        let this = Self::new();
        let request = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
        this.engine.add_account(request).unwrap();
        this
    }

    pub fn vault(&self, name: &str) -> Arn {
        self.engine.create_vault(&management(), &name.parse().unwrap(), NewVault::default()).unwrap().arn
    }

    /// A registered folder.
    pub fn resource(&self, name: &str, tags: &[(&str, &str)]) -> Arn {
        self.add(name, name, tags).unwrap()
    }

    pub fn add(&self, name: &str, folder: &str, tags: &[(&str, &str)]) -> Result<Arn, Error> {
        let path = self.folder.path().join(folder);
        std::fs::create_dir_all(&path).unwrap();
        let request = add_request(name, path.to_str().unwrap(), tags);
        self.engine.add_resource(request).map(|added| added.resource_arn.parse().unwrap())
    }
}

pub fn options(data_dir: PathBuf) -> EngineOptions {
    EngineOptions {
        data_dir,
        clock: ClockKind::Simulated,
        scheduler: false,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    }
}

pub fn caller(account: &str, region: &str) -> Caller {
    Caller {
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
        user_arn: format!("arn:aws:iam::{account}:user/test").parse().unwrap(),
        user_id: None,
        restore_roots: RestoreRoots::Any,
    }
}

pub fn management() -> Caller {
    caller(MANAGEMENT, "us-east-1")
}

pub fn member() -> Caller {
    caller(MEMBER, "us-east-1")
}

pub fn add_request(name: &str, path: &str, tags: &[(&str, &str)]) -> AddResource {
    AddResource {
        resource_type: "EFS".to_owned(),
        name: name.to_owned(),
        location: vaultdeck::domain::types::Location::at_path(path),
        secret: None,
        tags: tags_of(tags),
        account_id: None,
        region: None,
    }
}

pub fn tags_of(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A daily rule into `Default`.
pub fn rule(name: &str) -> Rule {
    Rule {
        rule_name: name.to_owned(),
        target_backup_vault_name: "Default".to_owned(),
        lifecycle: Some(Lifecycle::delete_after(35)),
        ..Rule::default()
    }
}

pub fn plan(name: &str, rules: &[&str]) -> PlanDocument {
    PlanDocument {
        backup_plan_name: name.to_owned(),
        rules: rules.iter().map(|name| rule(name)).collect(),
        advanced_backup_settings: Vec::new(),
    }
}

/// A selection of what has the tag `backup=daily`.
pub fn selection(name: &str) -> SelectionDocument {
    SelectionDocument {
        selection_name: name.to_owned(),
        iam_role_arn: Arn::default_role(&MANAGEMENT.parse().unwrap()).to_string(),
        list_of_tags: vec![TagCondition {
            condition_type: "STRINGEQUALS".to_owned(),
            condition_key: "backup".to_owned(),
            condition_value: "daily".to_owned(),
        }],
        ..SelectionDocument::default()
    }
}

/// Walks a list in pages of `size`, and gives all of it.
pub fn walk<T>(size: i64, list: impl Fn(&PageRequest) -> Result<Page<T>, Error>) -> Vec<T> {
    let (mut all, mut next_token) = (Vec::new(), None);
    loop {
        let page = list(&PageRequest { max_results: Some(size), next_token }).unwrap();
        assert!(page.items.len() <= size as usize, "a page is longer than asked");
        all.extend(page.items);
        next_token = page.next_token;
        if next_token.is_none() {
            return all;
        }
    }
}

/// Everything in one page.
pub fn whole() -> PageRequest {
    PageRequest::default()
}
