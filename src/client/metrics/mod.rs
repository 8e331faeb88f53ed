//! What a survey found, as numbers that a monitor reads: [`metrics`] gives the families, [`text`] writes them.
//!
//! Names are those that Prometheus' conventions ask for. How many series there are is bounded: what grows with what users
//! register ends at [`MOST_SERIES`], in a stable order, and how much was left out is told. Nothing in it is a secret, but it
//! tells names of accounts, vaults and resources.

pub mod text;

use super::mutes::Mutes;
use super::survey::Survey;
use crate::domain::due::Standing;
use crate::domain::finding::{Facts, Finding};
use crate::domain::job::JobState;
use crate::domain::vault::Vault;
use crate::domain::{ResourceType, Scope, Time};
use chrono::Duration;
use text::{Family, Labels};

/// So many series a family has at most.
pub const MOST_SERIES: usize = 10_000;

/// Jobs count that ended, or were made and have not ended, within so much time.
const RECENT: Duration = Duration::days(1);

/// What is known beside a survey.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// What is known by the survey.
    pub facts: &'a Facts<'a>,
    /// What follows from it.
    pub findings: &'a [Finding],
    /// What the user has muted.
    pub mutes: &'a Mutes,
    /// How often it was refreshed since this process began.
    pub refreshes: u64,
    /// This machine's time.
    pub now: Time,
}

/// The families of a survey, in a fixed order. A number that is not known is not there.
pub fn metrics(survey: &Survey, around: &Around<'_>) -> Vec<Family> {
    let facts = around.facts;
    let mut families = vec![version()];
    families.extend(scopes(survey));
    families.extend([jobs(survey, facts), standings(survey)]);
    families.extend(newest(survey));
    families.extend(vaults(survey, facts));
    families.push(findings(around));
    families.extend(reading(survey, around));
    let mut left_out =
        Family::new("vaultdeck_series_left_out", "How many series a family has beyond those that are told.");
    for family in &mut families {
        let more = family.samples.len().saturating_sub(MOST_SERIES);
        if let Some(first) = family.samples.keys().nth(MOST_SERIES).cloned() {
            drop(family.samples.split_off(&first));
        }
        if family.samples.len() > 1 {
            left_out.add(vec![("family", family.name.to_owned())], more as f64);
        }
    }
    families.push(left_out);
    families
}

fn of_scope(scope: &Scope) -> Labels {
    vec![("account", scope.account.to_string()), ("region", scope.region.to_string())]
}

fn with(scope: &Scope, more: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    of_scope(scope).into_iter().chain(more).collect()
}

fn seconds(time: Time) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}

fn version() -> Family {
    let mut family = Family::new("vaultdeck_build_info", "The program that tells this.");
    family.add(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0);
    family
}

fn scopes(survey: &Survey) -> [Family; 2] {
    let mut up = Family::new("vaultdeck_scope_up", "Whether an account and region told all that they were asked.");
    let mut took =
        Family::new("vaultdeck_scope_read_duration_seconds", "How long it took to ask an account and region.")
            .of_unit("seconds");
    for (scope, _) in &survey.faults {
        up.samples.insert(of_scope(scope), 0.0);
    }
    for (scope, duration) in survey.scopes() {
        up.samples.insert(of_scope(scope), f64::from(u8::from(survey.is_read(scope))));
        took.add(of_scope(scope), duration.as_secs_f64());
    }
    [up, took]
}

/// A job's state and type count where it ended, or is open still.
fn jobs(survey: &Survey, facts: &Facts<'_>) -> Family {
    let help = "Jobs that ended within the last 24 hours, and those that have not ended.";
    let mut family = Family::new("vaultdeck_recent_jobs", help);
    let since = survey.now() - RECENT;
    let mut count = |scope: &Scope, kind: &str, resource_type: &str, state: &JobState, at: Option<Time>| {
        if !state.is_final() || at.is_some_and(|at| at >= since) {
            let more = [
                ("kind", kind.to_owned()),
                ("resource_type", resource_type.to_owned()),
                ("state", state.as_str().to_owned()),
            ];
            family.add(with(scope, more), 1.0);
        }
    };
    for job in &facts.backup_jobs {
        count(&job.scope, "backup", job.resource_type.as_str(), &job.state, Some(job.ended_or_created()));
    }
    for job in &facts.restore_jobs {
        let resource_type = job.resource_type.as_ref().map(ResourceType::as_str).unwrap_or_default();
        count(&job.scope, "restore", resource_type, &job.state, job.completed.or(Some(job.created)));
    }
    for job in survey.copy_jobs() {
        count(&job.scope, "copy", job.resource_type.as_str(), &job.state, job.completed.or(job.created));
    }
    family
}

fn standings(survey: &Survey) -> Family {
    let help = "Resources by whether they are protected as their plans promise.";
    let mut family = Family::new("vaultdeck_resources", help);
    for row in survey.resources() {
        let standing = match row.standing {
            Standing::Within => "protected",
            Standing::Late(_) => "late",
            Standing::Never(_) => "never",
            Standing::NoPlan => "no_plan",
            Standing::Unknown => "unknown",
        };
        family.add(with(&row.scope, [("standing", standing.to_owned())]), 1.0);
    }
    family
}

fn newest(survey: &Survey) -> [Family; 2] {
    let mut at = Family::new(
        "vaultdeck_resource_newest_recovery_point_timestamp_seconds",
        "When the newest good recovery point of a resource was begun, by the service's clock.",
    )
    .of_unit("seconds");
    let mut age = Family::new(
        "vaultdeck_resource_newest_recovery_point_age_seconds",
        "How old the newest good recovery point of a resource is.",
    )
    .of_unit("seconds");
    for row in survey.resources() {
        let Some(newest) = row.newest else { continue };
        let resource_type = ResourceType::of_arn(&row.arn).map(|found| found.as_str().to_owned()).unwrap_or_default();
        let labels = with(
            &row.scope,
            [
                ("resource_type", resource_type),
                ("name", row.name.clone().unwrap_or_default()),
                ("resource", row.arn.to_string()),
            ],
        );
        at.add(labels.clone(), seconds(newest));
        age.add(labels, seconds(survey.now()) - seconds(newest));
    }
    [at, age]
}

fn vaults(survey: &Survey, facts: &Facts<'_>) -> [Family; 2] {
    let mut points = Family::new("vaultdeck_vault_recovery_points", "Recovery points in a vault.");
    let help = "What the recovery points of a vault say that they have, together: what they share is stored once.";
    let mut sizes = Family::new("vaultdeck_vault_recovery_points_size_bytes", help).of_unit("bytes");
    let of = |vault: &Vault| with(&vault.scope, [("vault", vault.name.clone())]);
    for vault in &facts.vaults {
        let is_told = survey.knows_points_of(vault);
        points.add(of(vault), if is_told { 0.0 } else { vault.recovery_points as f64 });
        if is_told || vault.recovery_points == 0 {
            sizes.add(of(vault), 0.0);
        }
    }
    for point in &facts.recovery_points {
        let labels = with(&point.scope, [("vault", point.vault_name.clone())]);
        points.add(labels.clone(), 1.0);
        sizes.add(labels, point.size_bytes.unwrap_or_default() as f64);
    }
    [points, sizes]
}

fn findings(around: &Around<'_>) -> Family {
    let help = "What somebody should look at, by kind and severity; a kind of which there is none is not told.";
    let mut family = Family::new("vaultdeck_findings", help);
    for finding in around.findings.iter().filter(|finding| !finding.recovered) {
        let muted = around.mutes.of(&finding.key(), around.now).is_some();
        let more = [
            ("kind", finding.kind.name().to_owned()),
            ("severity", finding.severity.as_str().to_lowercase()),
            ("muted", muted.to_string()),
        ];
        family.add(with(&finding.scope, more), 1.0);
    }
    family
}

fn reading(survey: &Survey, around: &Around<'_>) -> [Family; 4] {
    let one = |family: Family, number: f64| Family { samples: [(Labels::new(), number)].into(), ..family };
    let service =
        "The service's clock when it was asked; on an engine with a simulated clock another than the monitor's.";
    [
        one(Family::new("vaultdeck_service_timestamp_seconds", service).of_unit("seconds"), seconds(survey.now())),
        one(
            Family::new("vaultdeck_read_timestamp_seconds", "When all this was looked at last.").of_unit("seconds"),
            seconds(around.now),
        ),
        Family::counter(
            "vaultdeck_refreshes",
            "How often all this was asked since the program began.",
            around.refreshes,
        ),
        Family::counter(
            "vaultdeck_questions",
            "Questions to accounts and regions since the program began.",
            survey.questions(),
        ),
    ]
}

#[cfg(test)]
mod tests;
