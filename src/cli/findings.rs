//! `vaultdeck findings`: what somebody should look at, over every account and region of a context.

use super::Session;
use super::arguments::{FindingsOptions, Kinds};
use super::failure::{Exit, Failure};
use super::lists::{Found, open};
use super::output::{Column, Row, Show};
use super::sieve::Known;
use crate::client::mutes::Mute;
use crate::client::survey::Depth;
use crate::domain::finding::Finding;
use chrono::Utc;
use serde_json::{Value, json};

const COLUMNS: [Column; 6] = [
    Column { title: "SEVERITY", member: "Severity", show: Show::Plain },
    Column { title: "KIND", member: "Kind", show: Show::Plain },
    Column { title: "AT", member: "Time", show: Show::Time },
    Column { title: "ACCOUNT", member: "AccountId", show: Show::Plain },
    Column { title: "WHAT", member: "Title", show: Show::Plain },
    Column { title: "WHY", member: "Detail", show: Show::Plain },
];

/// What else is told of a finding, to programs and to filters.
const MORE: [Column; 5] = [
    Column { title: "REGION", member: "Region", show: Show::Plain },
    Column { title: "SUBJECT", member: "Subject", show: Show::Plain },
    Column { title: "RECOVERED", member: "Recovered", show: Show::Plain },
    Column { title: "MUTED", member: "Muted", show: Show::Plain },
    Column { title: "RULE", member: "Rule", show: Show::Plain },
];

pub(super) async fn run(session: &Session, options: &FindingsOptions) -> Result<Exit, Failure> {
    let list = &options.list;
    let (sieve, reached) = open(session, Known::columns(&COLUMNS).and_columns(&MORE), list).await?;
    let (survey, mutes) = reached.survey(session, &list.within.within(), Depth::Findings).await?;
    let mut findings = survey.findings();
    let muted = |finding: &Finding| mutes.of(&finding.key(), Utc::now());
    findings.retain(|finding| options.all || (finding.is_open() && muted(finding).is_none()));
    let rows: Vec<Row> = findings.iter().map(|finding| row(finding, muted(finding))).collect();
    // What the filter leaves out is not asked for by `--fail-on` either.
    let fails = findings.iter().zip(&rows).any(|(finding, row)| {
        let named = options.fail_on.iter().any(|kinds| *kinds == Kinds::Any || *kinds == Kinds::One(finding.kind));
        named && finding.is_open() && muted(finding).is_none() && sieve.passes(row)
    });
    let told = Found { rows, faults: survey.faults }.tell(&COLUMNS, &sieve, list)?;
    Ok(if fails { Exit::Failed } else { told })
}

fn row(finding: &Finding, mute: Option<&Mute>) -> Row {
    let told = json!({
        "Severity": finding.severity.as_str(),
        "Kind": finding.kind.name(),
        "Time": finding.at,
        "AccountId": finding.scope.account,
        "Region": finding.scope.region,
        "Title": finding.title,
        "Detail": finding.detail,
        "Subject": finding.subject.as_str(),
        "Recovered": finding.recovered,
        "Muted": mute.map(|mute| &mute.note),
        "Rule": finding.kind.rule(),
    });
    match told {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}
