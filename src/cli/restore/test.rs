//! `vaultdeck restore test`: a restore that proves a recovery point and keeps nothing.

use super::{follow, point};
use crate::cli::arguments::{PlainFormat, RestoreTestOptions};
use crate::cli::context::Reached;
use crate::cli::failure::{Exit, Failure};
use crate::cli::follow::{left_alone, say_end};
use crate::cli::output;
use crate::client::audit::Audit;
use crate::client::change::{StartRestore, new_token};
use crate::client::{FaultKind, Feature, Outcome};
use crate::domain::job::JobState;
use crate::domain::proof::Proof;
use crate::domain::types::keys::{TIME_KEYS, is_of_moment};
use std::sync::Arc;

pub(super) async fn run(reached: &Reached, audit: &Arc<Audit>, options: &RestoreTestOptions) -> Result<Exit, Failure> {
    let point = point(reached, &options.point, &options.scope).await?;
    reached.connection.capabilities().allows(Feature::Items).map_err(|_| {
        Failure::failed(
            "AWS Backup tests restores by restore testing plans; only an engine of vaultdeck tests one by a command",
        )
    })?;
    let mut order = StartRestore::test(&point, new_token());
    if let Some(time) = &options.time {
        let known = |key: &&str| point.resource_type.facts().is_some_and(|facts| facts.restore_key(key).is_some());
        let unfit = || Failure::usage(format!("--time does not fit {}", point.resource_type));
        let key = TIME_KEYS.into_iter().find(known).ok_or_else(unfit)?;
        order.metadata.retain(|known, _| !is_of_moment(known));
        order.metadata.insert(key.to_owned(), time.clone());
    }
    order.role = options.role.clone().or(order.role);
    let Outcome::RestoreJob(id) = reached.connection.order(audit, point.scope.clone(), order).await? else {
        return Err(Failure::failed("the service told no job"));
    };
    if left_alone(reached, &options.order, &id)? {
        return Ok(Exit::Done);
    }
    let job = follow(reached, &point.scope, &id).await?;
    match reached.connection.restore_proof(&point.scope, &id).await {
        Ok(proof) => tell(&proof, options.order.output),
        Err(fault) if fault.kind == FaultKind::NotFound && job.state != JobState::Completed => {
            say_end(&job.id, &job.state, job.status_message.as_deref());
            Ok(Exit::Failed)
        }
        Err(fault) => Err(fault.into()),
    }
}

fn tell(proof: &Proof, format: PlainFormat) -> Result<Exit, Failure> {
    match format {
        PlainFormat::Json => output::print_json(proof)?,
        PlainFormat::Text => output::write(&text(proof))?,
    }
    Ok(if proof.proven { Exit::Done } else { Exit::Failed })
}

/// A line for each check, and the verdict.
fn text(proof: &Proof) -> String {
    let lines = proof.checks.iter().map(|check| {
        let sign = if check.holds() { "ok    " } else { "FAILED" };
        format!("{sign} {check}\n")
    });
    let verdict = if proof.proven { "proven" } else { "not proven" };
    format!("{}{verdict} in {:.1} s: {}\n", lines.collect::<String>(), proof.seconds, proof.recovery_point_arn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Arn;
    use crate::domain::proof::Check;

    #[test]
    fn people_are_told_each_check_and_the_verdict() {
        let point: Arn = "arn:aws:backup:us-east-1:123456789012:recovery-point:p".parse().unwrap();
        let checks = vec![Check::new("Files", 3, 3), Check::new("Bytes", 9, 8)];
        let told = text(&Proof::of(point, checks, 2.04));
        assert_eq!(
            told,
            "ok     Files: 3\nFAILED Bytes: expected 9, found 8\nnot proven in 2.0 s: \
             arn:aws:backup:us-east-1:123456789012:recovery-point:p\n"
        );
    }
}
