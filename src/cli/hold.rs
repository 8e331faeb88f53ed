//! `vaultdeck hold`: legal holds.

use super::arguments::{
    CancelOptions, CreateOptions, HoldCommand, PlaceOptions, PlainFormat, ScopeOptions, ShowOptions,
};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output::{self, Column, Row};
use super::problem::count;
use super::{Session, backup, repair, rows};
use crate::client::attributes::hold;
use crate::client::audit::Audit;
use crate::client::change::{CancelHold, CreateHold};
use crate::client::lists::Within;
use crate::client::{Answer, FaultKind, Feature, Key, Mutation, Outcome, Query, Rows};
use crate::domain::legal_hold::{DateRange, HeldPoint, HoldSelection, LegalHold, as_far};
use crate::domain::{Scope, Time};
use crate::tui::text::harmless;
use chrono::Utc;
use serde_json::json;
use std::sync::Arc;

const HOLDS: [Column; 6] = [
    Column::of(&hold::TITLE),
    Column::of(&hold::STATUS),
    Column::of(&hold::CREATED),
    Column::of(&hold::CANCELLED),
    Column::of(&hold::ACCOUNT),
    Column::of(&hold::ID),
];

pub(super) async fn run(session: &Session, command: HoldCommand) -> Result<Exit, Failure> {
    match command {
        HoldCommand::List(options) => super::lists::holds(session, &options, &HOLDS).await,
        HoldCommand::Show(options) => {
            let reached = Reached::open(session, &options.place, &[], false, Purpose::Look).await?;
            let shown = show(&reached, &options).await;
            reached.close().await;
            shown
        }
        HoldCommand::Create(options) => {
            let audit = backup::audit(session)?;
            let reached = changing(session, &options.place).await?;
            let made = create(&reached, &audit, options).await;
            reached.close().await;
            made
        }
        HoldCommand::Cancel(options) => {
            let audit = backup::audit(session)?;
            let reached = changing(session, &options.place).await?;
            let ended = cancel(&reached, &audit, options).await;
            reached.close().await;
            ended
        }
    }
}

async fn changing(session: &Session, options: &PlaceOptions) -> Result<Reached, Failure> {
    Reached::open(session, &options.place, &[], options.write, Purpose::Look).await
}

/// The account and region that are named, else those of the context.
async fn scope(reached: &Reached, named: ScopeOptions) -> Result<Scope, Failure> {
    Ok(named.or(reached.connection.home_scope().await?))
}

/// The service's clock: this machine's, unless an engine lives in simulated time.
async fn now(reached: &Reached) -> Result<Time, Failure> {
    if reached.connection.capabilities().allows(Feature::Status).is_ok()
        && let Answer::Status(status) = reached.connection.read(Key::context(Query::Status)).await?
    {
        return Ok(status.now);
    }
    Ok(Utc::now())
}

async fn create(reached: &Reached, audit: &Arc<Audit>, options: CreateOptions) -> Result<Exit, Failure> {
    let scope = scope(reached, options.scope).await?;
    let now = now(reached).await?;
    let range = options.from.zip(options.to);
    let range = range.map(|(from_date, to)| DateRange { from_date, to_date: as_far(to, now) });
    let change = CreateHold {
        title: options.title,
        description: options.description,
        selection: HoldSelection {
            vault_names: options.vaults,
            resource_identifiers: options.resources,
            date_range: range,
        },
        tags: options.tags.into_iter().collect(),
    };
    let Outcome::LegalHold(id) = reached.connection.order(audit, scope.clone(), change).await? else {
        return Err(Failure::failed("the service told no legal hold"));
    };
    output::write(&format!("{id}\n"))?;
    let points = points(reached, &scope, &id).await?;
    let what = if points.is_empty() { "nothing".to_owned() } else { count(points.len() as u64, "recovery point") };
    output::say(&format!("vaultdeck: the hold is on {what}"));
    Ok(if points.is_empty() { Exit::DoneWithIssues } else { Exit::Done })
}

async fn cancel(reached: &Reached, audit: &Arc<Audit>, options: CancelOptions) -> Result<Exit, Failure> {
    let (scope, hold) = find(reached, options.scope, &options.id).await?;
    let points = points(reached, &scope, &options.id).await?;
    let change = Mutation::from(CancelHold {
        id: options.id,
        title: hold.summary.title.clone(),
        description: options.reason,
        retain_record_in_days: options.retain_record_days,
    });
    if !options.yes {
        let (what, means) = (harmless(&change.summary()).into_owned(), change.consequence());
        let number = count(points.len() as u64, "recovery point");
        output::write(&format!("{what}, which is on {number}.\n{means}\n"))?;
        if !repair::confirmed(repair::SAY_YES)? {
            return Ok(Exit::Failed);
        }
    }
    reached.connection.order(audit, scope, change).await?;
    Ok(Exit::Done)
}

/// A hold by its id: in the account and region that are named, else wherever the context has it.
async fn find(reached: &Reached, named: ScopeOptions, id: &str) -> Result<(Scope, Arc<LegalHold>), Failure> {
    let within = Within { account: named.account, region: named.region };
    let mut fault = None;
    for view in reached.connection.list_scopes(&within).await? {
        match reached.connection.read(Key::scoped(view.scope.clone(), Query::LegalHold { id: id.to_owned() })).await {
            Ok(Answer::LegalHold(hold)) => return Ok((view.scope, hold)),
            Ok(_) => return Err(Failure::failed("the answer is of another question")),
            Err(missing) if missing.kind == FaultKind::NotFound => {}
            Err(other) => fault = Some(other),
        }
    }
    Err(fault
        .map_or_else(|| Failure::failed(format!("there is no legal hold {id}; see vaultdeck hold list")), Into::into))
}

async fn points(reached: &Reached, scope: &Scope, id: &str) -> Result<Rows<HeldPoint>, Failure> {
    let key = Key::scoped(scope.clone(), Query::HeldPoints { hold: id.to_owned() });
    match reached.connection.read(key).await? {
        Answer::HeldPoints(points) => Ok(points),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}

async fn show(reached: &Reached, options: &ShowOptions) -> Result<Exit, Failure> {
    let (scope, hold) = find(reached, options.scope.clone(), &options.id).await?;
    let points = points(reached, &scope, &options.id).await?;
    match options.output {
        PlainFormat::Json => output::print_json(&told(&hold, &points))?,
        PlainFormat::Text => output::write(&text(&hold, &points))?,
    }
    Ok(Exit::Done)
}

/// The hold with AWS's names.
fn told(hold: &LegalHold, points: &Rows<HeldPoint>) -> Row {
    let mut row = rows::told(&hold.summary, hold::ALL);
    row.insert("CancelDescription".to_owned(), json!(hold.cancel_description));
    row.insert("RetainRecordUntil".to_owned(), json!(hold.retain_record_until));
    row.insert("RecoveryPointSelection".to_owned(), json!(hold.selection));
    let points = points.iter().map(|point| {
        json!({
            "RecoveryPointArn": point.arn,
            "ResourceArn": point.resource_arn,
            "ResourceType": point.resource_type,
            "BackupVaultName": point.vault_name,
        })
    });
    row.insert("RecoveryPoints".to_owned(), points.collect());
    row
}

fn text(hold: &LegalHold, points: &Rows<HeldPoint>) -> String {
    let summary = &hold.summary;
    let moment = |time: Option<Time>| time.map_or_else(|| "unknown".to_owned(), |time| time.to_rfc3339());
    let mut lines = vec![
        format!("title:       {}", summary.title),
        format!("status:      {}", summary.status.as_str()),
        format!("description: {}", summary.description),
        format!("created:     {}", moment(summary.created)),
        format!("catches:     {}", hold.selection.describe()),
    ];
    if let Some(cancelled) = summary.cancelled {
        lines.push(format!("released:    {}", moment(Some(cancelled))));
        lines.push(format!("because:     {}", hold.cancel_description.as_deref().unwrap_or("no reason was told")));
        lines.push(format!("record:      kept until {}", moment(hold.retain_record_until)));
    }
    lines.push(format!("on:          {}", count(points.len() as u64, "recovery point")));
    lines.extend(
        points.iter().map(|point| format!("  {} in {} of {}", point.arn, point.vault_name, point.resource_arn)),
    );
    lines.push(String::new());
    lines.iter().map(|line| harmless(line)).collect::<Vec<_>>().join("\n")
}
