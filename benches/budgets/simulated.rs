//! An hourly plan over ten resources that do not change.

use crate::{Result, head, told};
use std::time::Instant;
use vaultdeck::domain::extension::AddResource;
use vaultdeck::domain::plan::{PlanDocument, Rule};
use vaultdeck::domain::selection::SelectionDocument;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{AdvanceTo, Caller, ClockKind, Engine, EngineOptions, RestoreRoots};

const RESOURCES: usize = 10;

/// After so long a file that did not change is known not to have.
const SETTLED: std::time::Duration = std::time::Duration::from_millis(2100);

pub fn run(days: i64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        clock: ClockKind::Simulated,
        scheduler: true,
        simulated_rate: None,
    };
    let engine = Engine::open(options)?;
    let caller = Caller {
        account: "123456789012".parse()?,
        region: "us-east-1".parse()?,
        user_arn: "arn:aws:iam::123456789012:user/bench".parse()?,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    };
    let mut resources = Vec::new();
    for number in 0..RESOURCES {
        let path = folder.path().join(format!("source-{number}"));
        std::fs::create_dir(&path)?;
        std::fs::write(path.join("file"), format!("resource {number}"))?;
        let request = AddResource {
            resource_type: "EFS".to_owned(),
            name: format!("resource-{number}"),
            location: vaultdeck::domain::types::Location::at_path(path.to_string_lossy()),
            secret: None,
            tags: std::collections::BTreeMap::new(),
            account_id: None,
            region: None,
        };
        resources.push(engine.add_resource(request)?.resource_arn);
    }
    let rule = Rule {
        rule_name: "hourly".to_owned(),
        target_backup_vault_name: "Default".to_owned(),
        schedule_expression: Some("cron(0 * * * ? *)".to_owned()),
        lifecycle: Some(Lifecycle::delete_after(35)),
        ..Rule::default()
    };
    let document =
        PlanDocument { backup_plan_name: "hourly".to_owned(), rules: vec![rule], advanced_backup_settings: Vec::new() };
    let plan = engine.create_plan(&caller, document, std::collections::BTreeMap::new(), None)?;
    let selection = SelectionDocument {
        selection_name: "all".to_owned(),
        iam_role_arn: Arn::default_role(&caller.account).to_string(),
        resources,
        ..SelectionDocument::default()
    };
    engine.create_selection(&caller, &plan.id, selection, None)?;
    // The first backups read everything, and so do the next ones: a file that is younger than the steps in which file systems
    // keep times may have changed unseen.
    std::thread::sleep(SETTLED);
    engine.advance(AdvanceTo::By(chrono::Duration::hours(2)))?;
    let started = Instant::now();
    engine.advance(AdvanceTo::By(chrono::Duration::days(days)))?;
    let jobs = days * 24 * RESOURCES as i64;
    head("simulated jobs");
    let each = started.elapsed().as_secs_f64() * 1000.0 / jobs as f64;
    told(&format!("one of {jobs} jobs of an hourly plan, {RESOURCES} resources, nothing changed"), each, 1.5);
    engine.shutdown(std::time::Duration::from_secs(10));
    Ok(())
}
