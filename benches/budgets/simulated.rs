//! Hourly plans over resources that do not change.

use crate::{Result, head, told};
use std::path::Path;
use std::time::{Duration, Instant};
use vaultdeck::domain::extension::AddResource;
use vaultdeck::domain::plan::{PlanDocument, Rule};
use vaultdeck::domain::selection::SelectionDocument;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{AdvanceTo, Caller, ClockKind, Engine, EngineOptions, RestoreRoots};

/// How many resources each plan backs up.
const RESOURCES: usize = 10;

/// How many plans [`long`] runs.
const PLANS: usize = 10;

/// After so long a file that did not change is known not to have.
const SETTLED: Duration = Duration::from_millis(2100);

/// One plan: what a job costs.
pub fn run(days: i64) -> Result<()> {
    let took = advance(1, days)?;
    let jobs = days * 24 * RESOURCES as i64;
    head("simulated jobs");
    let each = took.as_secs_f64() * 1000.0 / jobs as f64;
    told(&format!("one of {jobs} jobs of an hourly plan, {RESOURCES} resources, nothing changed"), each, 1.5);
    Ok(())
}

/// Ten plans for very long: what all of it takes, in time and memory.
pub fn long(days: i64) -> Result<()> {
    let took = advance(PLANS, days)?;
    let jobs = days * 24 * (PLANS * RESOURCES) as i64;
    head("a long simulation");
    told(
        &format!("{days} days of {PLANS} hourly plans over {} resources, {jobs} jobs", PLANS * RESOURCES),
        took.as_secs_f64() * 1000.0,
        60_000.0,
    );
    println!("peak memory: {} MiB (goal: 256)", peak_memory()? >> 20);
    Ok(())
}

/// The most memory that this process ever had, in bytes.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system tells no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// How long so many days of so many plans take, each over resources of its own.
fn advance(plans: usize, days: i64) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        clock: ClockKind::Simulated,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    let engine = Engine::open(options)?;
    let caller = Caller {
        account: "123456789012".parse()?,
        region: "us-east-1".parse()?,
        user_arn: "arn:aws:iam::123456789012:user/bench".parse()?,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    };
    for plan in 0..plans {
        add_plan(&engine, &caller, folder.path(), plan)?;
    }
    // The first backups read everything, and so do the next ones: a file that is younger than the steps in which file systems
    // keep times may have changed unseen.
    std::thread::sleep(SETTLED);
    engine.advance(AdvanceTo::By(chrono::Duration::hours(2)))?;
    let started = Instant::now();
    engine.advance(AdvanceTo::By(chrono::Duration::days(days)))?;
    let took = started.elapsed();
    engine.shutdown(Duration::from_secs(10));
    Ok(took)
}

/// An hourly plan over resources of its own.
fn add_plan(engine: &Engine, caller: &Caller, folder: &Path, plan: usize) -> Result<()> {
    let mut resources = Vec::new();
    for number in (0..RESOURCES).map(|number| plan * RESOURCES + number) {
        let path = folder.join(format!("source-{number}"));
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
    let document = PlanDocument {
        backup_plan_name: format!("hourly-{plan}"),
        rules: vec![rule],
        advanced_backup_settings: Vec::new(),
    };
    let plan = engine.create_plan(caller, document, std::collections::BTreeMap::new(), None)?;
    let selection = SelectionDocument {
        selection_name: "all".to_owned(),
        iam_role_arn: Arn::default_role(&caller.account).to_string(),
        resources,
        ..SelectionDocument::default()
    };
    engine.create_selection(caller, &plan.id, selection, None)?;
    Ok(())
}
