//! What became of a day or a week: a pure function of what a survey knows.
//!
//! The past is worked out from the records that are there now ([`Survey::as_of`]): what came, ended and was missing by its times,
//! and what was found at both ends of the period. Of what left no record (a recovery point that was deleted since, a plan as it
//! was) nothing can be told, and the notes say so.

mod jobs;
mod vaults;

pub use jobs::{JobLine, MissedLine, RestoreLine, Sum};
pub use vaults::{Deletion, Growth};

use super::mutes::Mutes;
use super::survey::Survey;
use crate::domain::finding::{Facts, Finding, findings};
use crate::domain::{Arn, ResourceType, Scope, Time};
use chrono::Duration;
use serde::Serialize;
use std::collections::BTreeSet;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// 24 hours.
    Daily,
    /// Seven times as long.
    Weekly,
}

impl Span {
    /// Its length.
    pub fn length(self) -> Duration {
        match self {
            Self::Daily => Duration::days(1),
            Self::Weekly => Duration::days(7),
        }
    }
}

/// From when to when is told of; the end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Period {
    /// How long it is.
    pub span: Span,
    /// Its beginning.
    pub from: Time,
    /// Its end.
    pub to: Time,
}

impl Period {
    /// The period that ends at `to`.
    pub fn ending(span: Span, to: Time) -> Self {
        Self { span, from: to - span.length(), to }
    }

    fn has(&self, at: Time) -> bool {
        self.from <= at && at < self.to
    }
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Place {
    /// The account's 12 digits.
    pub account_id: String,
    /// The region.
    pub region: String,
}

impl From<&Scope> for Place {
    fn from(scope: &Scope) -> Self {
        Self { account_id: scope.account.to_string(), region: scope.region.to_string() }
    }
}

/// A resource, as lines name it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    /// Its type; empty where it is not known.
    pub resource_type: String,
    /// Its name, or the last part of its ARN.
    pub name: String,
    /// Its ARN; empty where it is not known.
    pub resource_arn: String,
}

impl Named {
    fn of(arn: Option<&Arn>, name: Option<&str>, resource_type: Option<&ResourceType>) -> Self {
        let by_arn = || arn.and_then(ResourceType::of_arn);
        let short = || arn.map(Arn::last_part).unwrap_or_default();
        Self {
            resource_type: resource_type.cloned().or_else(by_arn).map(|found| found.to_string()).unwrap_or_default(),
            name: name.filter(|name| !name.is_empty()).unwrap_or_else(short).to_owned(),
            resource_arn: arn.map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Something that somebody should look at, or need not any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FindingLine {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// How bad it is.
    pub severity: &'static str,
    /// What kind.
    pub kind: &'static str,
    /// When it happened, or was due.
    pub time: Time,
    /// What is wrong with what.
    pub title: String,
    /// Why.
    pub detail: String,
    /// Whether somebody has muted it.
    pub muted: bool,
}

/// A resource that no plan selects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unprotected {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Which.
    #[serde(flatten)]
    pub resource: Named,
}

/// A place that could not be asked all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unread {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Why.
    pub why: String,
}

/// What became of a period. Every list has a fixed order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// The period, in UTC.
    pub period: Period,
    /// The service's time when it was asked.
    pub told_at: Time,
    /// What could not be asked.
    pub unread: Vec<Unread>,
    /// Jobs by account, region, type and kind.
    pub jobs: Vec<Sum>,
    /// The jobs that failed, expired, were stopped or completed with issues.
    pub troubles: Vec<JobLine>,
    /// Runs of plans of which no job came.
    pub missing: Vec<MissedLine>,
    /// What is found at the end of the period and was not at its beginning.
    pub new_findings: Vec<FindingLine>,
    /// What was found at its beginning and is not at its end.
    pub gone_findings: Vec<FindingLine>,
    /// Resources that no plan selects.
    pub unprotected: Vec<Unprotected>,
    /// Recovery points by vault, and what came in the period.
    pub growth: Vec<Growth>,
    /// The jobs that took longest.
    pub longest: Vec<JobLine>,
    /// What was restored, and what restore tests proved.
    pub restores: Vec<RestoreLine>,
    /// Recovery points whose lifecycle ends within as much time as the period has.
    pub deletions: Vec<Deletion>,
    /// What cannot be told.
    pub notes: Vec<&'static str>,
}

/// What a user has muted, and the time of their machine, by which it is muted.
#[derive(Debug, Clone, Copy)]
pub struct Muted<'a> {
    /// The findings.
    pub mutes: &'a Mutes,
    /// This machine's time, whatever the service's is.
    pub now: Time,
}

/// The report of a period that has ended, or ends now.
pub fn report(survey: &Survey, period: Period, muted: &Muted<'_>) -> Report {
    let (before, after) = (survey.as_of(period.from), survey.as_of(period.to));
    let facts = after.facts();
    let restores = jobs::restores(&after, &facts, &period);
    let lines = jobs::lines(&after, &facts, &restores, &period);
    let (old, new) = (open(&before.facts()), open(&facts));
    let without = |these: &[Finding], others: &[Finding]| {
        // Of the jobs that fail again and again the first of the list speaks for all.
        let mut known: BTreeSet<String> = others.iter().map(Finding::key).collect();
        let only = these.iter().filter(|finding| known.insert(finding.key()));
        only.map(|finding| finding_line(finding, muted)).collect::<Vec<_>>()
    };
    let missing = jobs::missing(&after, &period);
    Report {
        period,
        told_at: survey.now(),
        unread: unread(survey),
        jobs: jobs::sums(&lines, &missing),
        troubles: jobs::troubles(&lines),
        new_findings: without(&new, &old),
        gone_findings: without(&old, &new),
        unprotected: unprotected(&facts),
        growth: vaults::growth(&after, &facts, &period),
        longest: jobs::longest(lines),
        restores,
        deletions: vaults::deletions(&facts, &period),
        missing,
        notes: notes(survey, &period),
    }
}

fn open(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = findings(facts);
    findings.retain(Finding::is_open);
    findings
}

fn finding_line(finding: &Finding, muted: &Muted<'_>) -> FindingLine {
    FindingLine {
        place: Place::from(&finding.scope),
        severity: finding.severity.as_str(),
        kind: finding.kind.name(),
        time: finding.at,
        title: finding.title.clone(),
        detail: finding.detail.clone(),
        muted: muted.mutes.of(&finding.key(), muted.now).is_some(),
    }
}

fn unread(survey: &Survey) -> Vec<Unread> {
    let faults = survey.faults.iter();
    let lines: BTreeSet<Unread> =
        faults.map(|(scope, fault)| Unread { place: Place::from(scope), why: fault.to_string() }).collect();
    lines.into_iter().collect()
}

fn unprotected(facts: &Facts<'_>) -> Vec<Unprotected> {
    let mut lines: Vec<Unprotected> = (facts.unprotected.iter())
        .map(|found| Unprotected {
            place: Place::from(found.scope),
            resource: Named::of(Some(found.arn), found.name, None),
        })
        .collect();
    lines.sort();
    lines
}

fn notes(survey: &Survey, period: &Period) -> Vec<&'static str> {
    let mut notes = vec![
        "Jobs are counted by when they ended; one that had not ended is not ended here, whatever became of it later.",
        "Recovery points that were deleted since are not counted.",
    ];
    if period.to < survey.now() {
        notes.push(
            "Plans, selections, vaults, keys and settings are as they are now, whatever they were at the end of the period.",
        );
    }
    notes
}

#[cfg(test)]
mod tests;
