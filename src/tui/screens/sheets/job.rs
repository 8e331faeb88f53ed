//! A job: what it is, why it is as it is, and how far it is.

use super::{Sheet, moment, runs, timeline};
use crate::client::{Key, Query};
use crate::domain::denial;
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::{Arn, Scope};
use crate::tui::fmt::{self, resource_name, took};
use crate::tui::screens::details::Detail;
use crate::tui::screens::{pane, status};
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;

const ABSENT: pane::Empty<'_> = &["There is no such job; job records are kept for a limited time."];

/// Where a job is from that the service does not list any more.
const PAST: &str = "this machine, which saw it: the service keeps jobs for 30 days";

/// A backup job.
pub fn backup(scope: &Scope, id: &JobId, world: &World) -> Sheet {
    let job = world.store.find_backup_job(scope, id);
    let children = job.is_some_and(|job| job.is_parent).then_some(Query::BackupJobs);
    // Its rule tells until when it must be done.
    let plan = job.and_then(|job| job.created_by.as_ref()?.backup_plan_id.parse().ok()).map(|id| Query::Plan { id });
    // The service has forgotten what only this machine tells of.
    let single = (!job.is_some_and(|job| world.store.is_past(job))).then(|| Query::BackupJob { id: id.clone() });
    let new_data = job.is_some_and(|job| tells_new_data(job, world)).then(|| Query::NewData { job: Some(id.clone()) });
    let queries = single.into_iter().chain(children).chain(plan).chain(new_data);
    Sheet {
        kind: "Backup job",
        name: job.map_or_else(String::new, |job| resource_name(job.resource_name.as_ref(), &job.resource_arn)),
        keys: queries.map(|query| Key::scoped(scope.clone(), query)).collect(),
        facts: job.map(|job| backup_facts(job, world)),
        absent: ABSENT,
    }
}

/// A restore job.
pub fn restore(scope: &Scope, id: &JobId, world: &World) -> Sheet {
    let job = world.store.find_restore_job(scope, id);
    let source = job.and_then(|job| job.source_resource_arn.as_ref());
    let queries = [Query::RestoreJob { id: id.clone() }, Query::Resources];
    Sheet {
        kind: "Restore job",
        name: source.map_or_else(String::new, |arn| world.resource_name(scope, arn)),
        keys: queries.map(|query| Key::scoped(scope.clone(), query)).into(),
        facts: job.map(|job| restore_facts(job, world)),
        absent: ABSENT,
    }
}

/// A copy job; the list of all tells everything.
pub fn copy(scope: &Scope, id: &JobId, world: &World) -> Sheet {
    let job = world.store.copy_jobs(scope).and_then(|jobs| jobs.iter().find(|job| job.id == *id));
    let of = job.and_then(|job| job.resource_arn.as_ref());
    Sheet {
        kind: "Copy job",
        name: of.map_or_else(String::new, |arn| world.resource_name(scope, arn)),
        keys: vec![Key::scoped(scope.clone(), Query::CopyJobs)],
        facts: job.map(|job| copy_facts(job, world)),
        absent: ABSENT,
    }
}

/// How far a job is that has not ended: a wide bar with its percentage, or its state as long as that says nothing.
fn progress(state: &JobState, percent: Option<f64>) -> Option<Detail> {
    if state.is_final() {
        return None;
    }
    let percent = percent.unwrap_or(0.0);
    let said = if *state == JobState::Running { fmt::percent(percent) } else { state.as_str().to_owned() };
    Some(Detail::progress("Progress", percent / 100.0, said))
}

/// The lines on why a job is as it is.
fn reasons(
    (scope, state, started): (&Scope, &JobState, bool),
    category: Option<&String>,
    message: Option<&String>,
    world: &World,
) -> Vec<Detail> {
    let mut facts = Vec::new();
    facts.extend(Detail::maybe("Message", message.map(|text| denial::shortened(text).unwrap_or_else(|| text.clone()))));
    if let Some(encoded) = message.and_then(|text| denial::encoded(text)) {
        facts.extend(decoded(scope, encoded, world));
    }
    let category = category.map(String::as_str).filter(|category| !category.eq_ignore_ascii_case("success"));
    facts.extend(Detail::maybe("Category", category));
    let meaning = status::meaning(state, started, category, message.map(String::as_str));
    facts.extend(meaning.map(|meaning| Detail::cell("What it means", Cell::new(meaning, Role::Strong))));
    facts
}

/// What an encoded authorization message says, once STS was asked, which is where the job is open on a screen of its own.
fn decoded(scope: &Scope, encoded: &str, world: &World) -> Vec<Detail> {
    let slot = world.store.slot(&asked(scope, encoded));
    match (world.store.denial(scope, encoded), &slot.fault) {
        (Some(denial), _) => {
            let mut facts = vec![Detail::cell("Decoded", Cell::new(denial.what(), Role::Strong))];
            facts.push(Detail::new("", denial.why()));
            facts.extend(denial.circumstances().into_iter().map(|line| Detail::cell("", Cell::dim(line))));
            facts
        }
        (None, Some(fault)) => vec![Detail::cell("Not decoded", Cell::new(fault.to_string(), Role::Warning))],
        (None, None) if slot.asking => vec![Detail::cell("Decoded", Cell::dim("STS is asked…"))],
        (None, None) => {
            vec![Detail::cell("Decoded", Cell::dim(world.keymap.fill("not yet: {open} opens the job and asks STS.")))]
        }
    }
}

/// The question what an encoded authorization message says.
fn asked(scope: &Scope, encoded: &str) -> Key {
    Key::scoped(scope.clone(), Query::Denial { message: encoded.to_owned() })
}

/// The same of a job's message, where that carries one.
pub fn asked_of(scope: &Scope, message: Option<&String>) -> Option<Key> {
    message.and_then(|text| denial::encoded(text)).map(|encoded| asked(scope, encoded))
}

/// The encoded message as a whole, for other tools.
fn whole(message: Option<&String>) -> Option<Detail> {
    Detail::maybe("Encoded message", message.and_then(|text| denial::encoded(text)))
}

fn backup_facts(job: &BackupJob, world: &World) -> Vec<Detail> {
    let mut facts: Vec<Detail> = progress(&job.state, job.percent_done).into_iter().collect();
    facts.push(Detail::cell("State", status::backup_job(job, world.glyphs)));
    let is_past = world.store.is_past(job);
    if is_past {
        facts.push(Detail::cell("Told by", Cell::new(PAST, Role::Dim)));
    }
    facts.extend(reasons(
        (&job.scope, &job.state, job.initiated.is_some()),
        job.message_category.as_ref(),
        job.status_message.as_ref(),
        world,
    ));
    facts.push(Detail::new("Resource", resource_name(job.resource_name.as_ref(), &job.resource_arn)));
    facts.push(Detail::new("Into vault", job.vault_name.clone()));
    facts.extend(speed(job, world));
    facts.extend(Detail::maybe("Size", job.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
    facts.extend(Detail::maybe("Moved", job.bytes_transferred.map(|size| fmt::maybe_bytes(Some(size)))));
    facts.extend(Detail::maybe("New data", new_data(job, world)));
    if !is_past {
        let days = job.lifecycle.and_then(|lifecycle| lifecycle.delete_after_days).filter(|days| *days > 0);
        facts.push(Detail::new("Kept", days.map_or_else(|| "for ever".to_owned(), |days| fmt::days(Some(days)))));
    }
    match &job.created_by {
        None => facts.push(Detail::new("Made by", "on demand")),
        Some(creator) => {
            let rule = &creator.backup_rule_name;
            facts.push(Detail::new("Made by", format!("plan {}, rule {rule}", creator.backup_plan_name)));
        }
    }
    facts.extend(timeline::of_backup(job, world));
    facts.extend(runs::last(job, world));
    facts.extend(child_backups(job, world));
    facts.push(Detail::heading("Identity"));
    facts.extend(Detail::maybe("Parent job", job.parent_job_id.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Recovery point", job.recovery_point_arn.as_ref().map(ToString::to_string)));
    facts.push(Detail::new("Job id", job.id.to_string()));
    facts.push(Detail::new("Resource ARN", job.resource_arn.to_string()));
    facts.push(Detail::new("Type", job.resource_type.as_str()));
    facts.extend(Detail::maybe("Role", job.iam_role_arn.as_ref().map(ToString::to_string)));
    facts.push(Detail::new("Account, region", world.scope_name(&job.scope)));
    facts.extend(Detail::maybe("Encryption key", job.encryption_key_arn.clone()));
    facts.extend(job.backup_options.iter().map(|(name, value)| Detail::new(name, value.clone())));
    facts.extend(whole(job.status_message.as_ref()));
    facts
}

/// Whether it can be told what a job stored anew: an engine knows it of what completed and is one resource's.
fn tells_new_data(job: &BackupJob, world: &World) -> bool {
    world.is_engine() && job.state == JobState::Completed && !job.is_parent
}

/// What a job stored anew, how well it compressed, and what is usual.
fn new_data(job: &BackupJob, world: &World) -> Option<String> {
    let told = world.store.new_data(&job.scope, Some(job.id.clone())).filter(|_| tells_new_data(job, world))?;
    told.first()?.told()
}

/// How fast a job moves data that has not ended: now, as its last two answers tell, and all in all.
fn speed(job: &BackupJob, world: &World) -> Option<Detail> {
    let (started, moved) = (job.initiated?, job.bytes_transferred.filter(|moved| *moved > 0)?);
    let seconds = (job.completed.unwrap_or_else(|| world.now()) - started).num_seconds();
    let whole = (seconds > 0).then(|| format!("{}/s on average", fmt::maybe_bytes(Some(moved / seconds))));
    let now = world.store.speed(&job.scope, &job.id).filter(|_| !job.state.is_final());
    let now = now.map(|now| format!("{}/s now", fmt::maybe_bytes(Some(now))));
    let told: Vec<String> = now.into_iter().chain(whole).collect();
    (!told.is_empty()).then(|| Detail::new("Speed", told.join(", ")))
}

/// The jobs that a parent job stands for, as far as the list of jobs has them.
fn child_backups(job: &BackupJob, world: &World) -> Vec<Detail> {
    let listed = world.store.backup_jobs(&job.scope).into_iter().flat_map(|jobs| jobs.iter());
    let children = listed.filter(|child| child.parent_job_id.as_ref() == Some(&job.id)).map(|child| {
        let name = resource_name(child.resource_name.as_ref(), &child.resource_arn);
        let state = status::backup_job(child, world.glyphs);
        child_job(child.resource_type.as_str(), &name, child.status_message.as_deref(), state)
    });
    child_jobs(job.is_parent, children)
}

/// The same of a copy job.
fn child_copies(job: &CopyJob, world: &World) -> Vec<Detail> {
    let listed = world.store.copy_jobs(&job.scope).into_iter().flat_map(|jobs| jobs.iter());
    let children = listed.filter(|child| child.parent_job_id.as_ref() == Some(&job.id)).map(|child| {
        let named = |arn: &Arn| resource_name(child.resource_name.as_ref(), arn);
        let name = child.resource_arn.as_ref().map_or_else(String::new, named);
        let state = status::job(&child.state, None, world.glyphs);
        child_job(child.resource_type.as_str(), &name, child.status_message.as_deref(), state)
    });
    child_jobs(job.is_parent, children)
}

fn child_job(kind: &str, name: &str, why: Option<&str>, state: Cell) -> Detail {
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    Detail::cell(kind, Cell::new(format!("{name} {}{why}", state.text), state.role))
}

fn child_jobs(is_parent: bool, children: impl Iterator<Item = Detail>) -> Vec<Detail> {
    if is_parent { std::iter::once(Detail::heading("Child jobs")).chain(children).collect() } else { Vec::new() }
}

fn restore_facts(job: &RestoreJob, world: &World) -> Vec<Detail> {
    let now = world.now();
    let mut facts: Vec<Detail> = progress(&job.state, job.percent_done).into_iter().collect();
    facts.push(Detail::cell("State", status::job(&job.state, job.percent_done, world.glyphs)));
    facts.extend(reasons((&job.scope, &job.state, true), None, job.status_message.as_ref(), world));
    facts.extend(Detail::maybe(
        "From",
        job.source_resource_arn.as_ref().map(|arn| world.resource_name(&job.scope, arn)),
    ));
    facts.extend(Detail::maybe("Backed up", job.recovery_point_created.map(|at| moment(at, now))));
    facts.extend(Detail::maybe(
        "Restored into",
        job.created_resource_arn.as_ref().map(|arn| restored(arn, &job.scope, world)),
    ));
    if let Some(test) = &job.validation {
        let said =
            |word: &str, why: Option<&String>| why.map_or_else(|| word.to_owned(), |why| format!("{word}: {why}"));
        facts.push(Detail::new("Restore test", said(&test.status, test.message.as_ref())));
        let deletion = test.deletion.as_ref().map(|word| said(word, test.deletion_message.as_ref()));
        facts.extend(Detail::maybe("Deletion", deletion));
    }
    facts.push(Detail::new("Created", moment(job.created, now)));
    facts.extend(Detail::maybe("Ended", job.completed.map(|at| moment(at, now))));
    facts.push(Detail::new("Took", took(Some(job.created), job.completed, now)));
    facts.extend(Detail::maybe("Size", job.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
    facts.push(Detail::heading("Identity"));
    facts.push(Detail::new("Job id", job.id.to_string()));
    facts.extend(Detail::maybe("Recovery point", job.recovery_point_arn.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Source ARN", job.source_resource_arn.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Restored ARN", job.created_resource_arn.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Type", job.resource_type.as_ref().map(|kind| kind.as_str())));
    facts.extend(Detail::maybe("Role", job.iam_role_arn.as_ref().map(ToString::to_string)));
    facts.push(Detail::new("Account, region", world.scope_name(&job.scope)));
    facts.extend(whole(job.status_message.as_ref()));
    facts
}

/// A restored resource with the path of its data, where an engine tells it.
fn restored(arn: &Arn, scope: &Scope, world: &World) -> String {
    let resources = world.store.resources(scope);
    let path =
        resources.and_then(|all| all.iter().find(|one| one.arn == *arn)).and_then(|one| one.path.clone().known());
    path.map_or_else(|| arn.last_part().to_owned(), |path| format!("{path} ({})", arn.last_part().to_owned()))
}

fn copy_facts(job: &CopyJob, world: &World) -> Vec<Detail> {
    let now = world.now();
    let mut facts: Vec<Detail> = progress(&job.state, None).into_iter().collect();
    facts.push(Detail::cell("State", status::job(&job.state, None, world.glyphs)));
    let category = job.message_category.as_ref();
    facts.extend(reasons((&job.scope, &job.state, true), category, job.status_message.as_ref(), world));
    facts.extend(Detail::maybe("Created", job.created.map(|at| moment(at, now))));
    facts.extend(Detail::maybe("Ended", job.completed.map(|at| moment(at, now))));
    facts.extend(Detail::maybe("Size", job.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
    for (label, arn) in [
        ("From vault", &job.source_vault_arn),
        ("From point", &job.source_recovery_point_arn),
        ("To vault", &job.destination_vault_arn),
        ("To point", &job.destination_recovery_point_arn),
        ("Resource", &job.resource_arn),
        ("Role", &job.iam_role_arn),
    ] {
        facts.extend(Detail::maybe(label, arn.as_ref().map(ToString::to_string)));
    }
    facts.push(Detail::new("Job id", job.id.to_string()));
    facts.extend(Detail::maybe("Parent job", job.parent_job_id.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Called", job.member.clone()));
    facts.extend(child_copies(job, world));
    facts.extend(whole(job.status_message.as_ref()));
    facts
}
