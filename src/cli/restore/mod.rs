//! `vaultdeck restore start` and `vaultdeck restore test`: a restore, followed to its end.

mod test;

use crate::cli::arguments::{PlainFormat, RestoreCommand, RestoreOptions, ScopeOptions};
use crate::cli::context::Reached;
use crate::cli::failure::{Exit, Failure};
use crate::cli::follow::{Follower, Glance, left_alone, say_end, wait};
use crate::cli::host::Purpose;
use crate::cli::{Session, absolute, backup, output, rows};
use crate::client::attributes::restore_job;
use crate::client::audit::Audit;
use crate::client::change::{StartRestore, new_token};
use crate::client::lists::Within;
use crate::client::{Answer, Key, Outcome, Query};
use crate::domain::KnownPoint;
use crate::domain::job::{JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::types::TypeFacts;
use crate::domain::types::cloudformation::PARAMETERS_KEY;
use crate::domain::types::keys::{ITEMS_KEY, TIME_KEYS, is_of_moment};
use crate::domain::{Arn, ResourceType, Scope, restore};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) async fn run(session: &Session, command: RestoreCommand) -> Result<Exit, Failure> {
    let audit = backup::audit(session)?;
    let order = match &command {
        RestoreCommand::Start(options) => &options.order,
        RestoreCommand::Test(options) => &options.order,
    };
    let reached = Reached::open(session, &order.place, &[], order.write, Purpose::Work).await?;
    let ended = match &command {
        RestoreCommand::Start(options) => start(&reached, &audit, options).await,
        RestoreCommand::Test(options) => test::run(&reached, &audit, options).await,
    };
    reached.close().await;
    ended
}

async fn start(reached: &Reached, audit: &Arc<Audit>, options: &RestoreOptions) -> Result<Exit, Failure> {
    let point = point(reached, &options.point, &options.scope).await?;
    let query = Query::RestoreMetadata { vault: point.vault(), recovery_point: point.arn.clone() };
    let Answer::RestoreMetadata(given) = reached.connection.read(Key::scoped(point.scope.clone(), query)).await? else {
        return Err(Failure::failed("the answer is of another question"));
    };
    let resource_type = given.resource_type.clone().unwrap_or_else(|| point.resource_type.clone());
    let metadata = metadata(given.metadata.clone(), options, &resource_type, &point.resource_arn)?;
    restore::validate(&resource_type, &metadata)?;
    let role = options.role.clone().unwrap_or_else(|| Arn::default_role(&point.scope.account));
    let order = StartRestore {
        recovery_point: point.arn.clone(),
        metadata,
        role: Some(role),
        resource_type: Some(resource_type),
        copy_source_tags: options.copy_source_tags,
        idempotency_token: new_token(),
    };
    let Outcome::RestoreJob(id) = reached.connection.order(audit, point.scope.clone(), order).await? else {
        return Err(Failure::failed("the service told no job"));
    };
    if left_alone(reached, &options.order, &id)? {
        return Ok(Exit::Done);
    }
    let job = follow(reached, &point.scope, &id).await?;
    tell(&job, options.order.output)
}

/// The recovery point of an ARN, or of its id: what is behind the last colon, or slash.
pub(in crate::cli) async fn point(
    reached: &Reached,
    text: &str,
    scope: &ScopeOptions,
) -> Result<Arc<KnownPoint>, Failure> {
    let within = Within { account: scope.account.clone(), region: scope.region.clone() };
    if let Ok(arn) = text.parse::<Arn>() {
        return Ok(reached.connection.find_recovery_point(&within, &arn).await?);
    }
    let listed = reached.connection.list_recovery_points(&within, None).await?;
    let found = listed.rows.into_iter().find(|point| point.arn.point_id() == text);
    found.ok_or_else(|| Failure::failed(format!("no recovery point {text}; see vaultdeck points")))
}

/// What the recovery point suggests, changed by the options.
fn metadata(
    mut metadata: BTreeMap<String, String>,
    options: &RestoreOptions,
    resource_type: &ResourceType,
    resource: &Arn,
) -> Result<BTreeMap<String, String>, Failure> {
    let facts = resource_type.facts();
    let unfit = |option: &str| Failure::usage(format!("{option} does not fit {resource_type}; use --metadata"));
    if let Some(place) = &options.to {
        // Of a type that takes both, what has a slash is a folder.
        let is_name = |facts: &TypeFacts| facts.target_key.is_some() && !place.to_string_lossy().contains('/');
        let folders = facts.is_some_and(|facts| facts.restores_into_folders() && !is_name(facts));
        let place = if folders { absolute(place)? } else { place.clone() };
        let place = place.to_str().ok_or_else(|| Failure::usage("--to must be valid UTF-8"))?;
        let keys = facts.and_then(|facts| facts.into_place(place)).ok_or_else(|| unfit("--to"))?;
        for (key, value) in keys {
            set(&mut metadata, key, value);
        }
    }
    if options.into_source {
        let keys = facts.and_then(|facts| facts.into_source(resource)).ok_or_else(|| unfit("--into-source"))?;
        for (key, value) in keys {
            set(&mut metadata, key, value);
        }
    }
    if !options.items.is_empty() {
        let items = serde_json::to_string(&options.items).map_err(|e| Failure::usage(e.to_string()))?;
        set(&mut metadata, ITEMS_KEY, &items);
    }
    if let Some(time) = &options.time {
        let known = |key: &&str| facts.is_some_and(|facts| facts.restore_key(key).is_some());
        let key = TIME_KEYS.into_iter().find(known).ok_or_else(|| unfit("--time"))?;
        metadata.retain(|known, _| !is_of_moment(known));
        set(&mut metadata, key, time);
    }
    for (key, value) in &options.metadata {
        match value.strip_prefix('@').filter(|_| key.eq_ignore_ascii_case(PARAMETERS_KEY)) {
            Some(file) => set(&mut metadata, key, &in_file(key, file)?),
            None => set(&mut metadata, key, value),
        }
    }
    Ok(metadata)
}

/// The value of a key that may be secret: every user of the machine can list the arguments of a command.
fn in_file(key: &str, file: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file);
    text.map_err(|error| Failure::usage(format!("--metadata {key}=@{file}: {error}")))
}

/// Replaces a key whatever the case in which it is written.
fn set(metadata: &mut BTreeMap<String, String>, key: &str, value: &str) {
    metadata.retain(|known, _| !known.eq_ignore_ascii_case(key));
    metadata.insert(key.to_owned(), value.to_owned());
}

async fn follow(reached: &Reached, scope: &Scope, id: &JobId) -> Result<Arc<RestoreJob>, Failure> {
    let mut follower = Follower::new();
    let followed = reached.connection.follow_restore(scope, id, |job| {
        follower.show(&Glance { state: job.state.as_str(), percent: job.percent_done, moved: None });
    });
    let job = wait(reached, followed).await;
    follower.end();
    job
}

fn tell(job: &RestoreJob, format: PlainFormat) -> Result<Exit, Failure> {
    let done = job.state == JobState::Completed;
    if format == PlainFormat::Json {
        output::print_json(&rows::told(job, restore_job::ALL))?;
    } else if let (Some(arn), true) = (&job.created_resource_arn, done) {
        output::write(&format!("{arn}\n"))?;
    }
    if let Some(message) = job.status_message.as_deref().filter(|message| done && !message.is_empty()) {
        output::say(&format!("vaultdeck: {message}"));
    }
    if !done {
        say_end(&job.id, &job.state, job.status_message.as_deref());
    }
    Ok(if done { Exit::Done } else { Exit::Failed })
}
