//! Amazon CloudWatch: how many backup jobs ended how, for the days that lists of jobs do not reach. AWS lists jobs for thirty days; what
//! AWS Backup publishes in `AWS/Backup` is kept for fifteen months.
//!
//! It is asked over [JSON](crate::client::json_service) and not by `aws-sdk-cloudwatch`: that is another service's operations to compile,
//! for one call of which three members are read.

use crate::client::Fault;
use crate::client::connect::Connection;
use crate::client::explain::Explain as _;
use crate::client::json_service::{JSON_1_0, JsonNames, JsonService};
use crate::client::read::{Question, list};
use crate::domain::job::{JobKind, JobState};
use crate::domain::metric::{self, JobCounts, NAMESPACE, VAULT};
use crate::domain::{Scope, Time};
use chrono::{Duration, DurationRound as _, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const NAMES: JsonNames =
    JsonNames { service: "monitoring", target: "GraniteServiceVersion20100801", content_type: JSON_1_0 };

/// How many days are asked for: as many as the wall shows.
const DAYS: i64 = 60;
/// The states whose counts are asked for: those in which jobs end.
const STATES: [JobState; 5] =
    [JobState::Completed, JobState::Failed, JobState::Expired, JobState::Aborted, JobState::Partial];
/// A call may ask for 500 metrics.
const VAULTS: usize = 500 / STATES.len();
/// A service that gives ever more pages is mistaken.
const MOST_PAGES: usize = 100;

/// So many jobs ended so in the hour that begins then.
type Ended = BTreeMap<(Time, usize), u32>;

impl Connection {
    /// How many backup jobs of a scope ended how in the last two months, hour by hour.
    ///
    /// They are counted by vault, which is the one dimension that AWS is known to publish each metric by, and of the vaults that there
    /// are: a metric that had no data for two weeks is not listed any more, so those of a vault that was deleted cannot be found.
    /// Hours are what CloudWatch keeps that long, and add up to the days of every time zone that is off by whole ones.
    pub(super) async fn job_counts(
        &self,
        scope: &Scope,
        backup: &aws_sdk_backup::Client,
        question: &Question,
    ) -> Result<JobCounts, Fault> {
        let call = backup.list_backup_vaults();
        let vaults =
            list!(question, call, "ListBackupVaults", backup_vault_list, |row| row.backup_vault_name.clone()).await?;
        let service = self.json_service(scope, NAMES).await?;
        let hour = Duration::hours(1);
        let until = Utc::now().duration_trunc(hour).unwrap_or_default() + hour;
        let since = until - Duration::days(DAYS);
        let mut ended = Ended::new();
        for vaults in vaults.chunks(VAULTS) {
            let asked = asked(vaults, since, until);
            read(&service, asked, question, &mut ended).await?;
        }
        let row = |((at, state), number): ((Time, usize), u32)| Some((at, STATES.get(state)?.clone(), number));
        Ok(JobCounts { since, ended: ended.into_iter().filter_map(row).collect() })
    }
}

/// What is asked of these vaults. The id of a query says which state it is of.
fn asked(vaults: &[String], since: Time, until: Time) -> Map<String, Value> {
    let of = |(place, vault): (usize, &String)| {
        let query = |(state, name): (usize, &str)| {
            let metric = json!({ "Namespace": NAMESPACE, "MetricName": name, "Dimensions": [{ "Name": VAULT, "Value": vault }] });
            json!({ "Id": format!("s{state}_{place}"), "MetricStat": { "Metric": metric, "Period": 3600, "Stat": "Sum" } })
        };
        let named =
            STATES.iter().enumerate().filter_map(|(state, of)| Some((state, metric::of_job(JobKind::Backup, of)?)));
        named.map(query).collect::<Vec<_>>()
    };
    let queries: Vec<Value> = vaults.iter().enumerate().flat_map(of).collect();
    Map::from_iter([
        ("MetricDataQueries".to_owned(), json!(queries)),
        ("StartTime".to_owned(), json!(since.timestamp())),
        ("EndTime".to_owned(), json!(until.timestamp())),
    ])
}

/// Reads page by page, and adds up the vaults.
async fn read(
    service: &JsonService,
    mut asked: Map<String, Value>,
    question: &Question,
    ended: &mut Ended,
) -> Result<(), Fault> {
    for _ in 0..MOST_PAGES {
        question.bucket.turn().await;
        let mut answer = service.call("GetMetricData", &asked).await?.body;
        for result in answer["MetricDataResults"].as_array().into_iter().flatten() {
            add(result, ended);
        }
        match answer.get_mut("NextToken").map(Value::take) {
            Some(Value::String(token)) if !token.is_empty() => asked.insert("NextToken".to_owned(), json!(token)),
            _ => return Ok(()),
        };
    }
    Err(Fault::new(crate::client::FaultKind::Other, "GetMetricData: the service gives ever more pages"))
}

/// Adds one result; what it tells that is no time or no number is not counted.
fn add(result: &Value, ended: &mut Ended) {
    let id = result["Id"].as_str().unwrap_or_default();
    let state = id.strip_prefix('s').and_then(|id| id.split_once('_')?.0.parse::<usize>().ok());
    let Some(state) = state.filter(|state| *state < STATES.len()) else { return };
    let list = |name: &str| result[name].as_array().into_iter().flatten();
    for (at, number) in list("Timestamps").zip(list("Values")) {
        let (Some(second), Some(number)) = (at.as_f64(), number.as_f64()) else { continue };
        let Some(at) = Time::from_timestamp(second as i64, 0) else { continue };
        let sum = ended.entry((at, state)).or_default();
        *sum = sum.saturating_add(number.round() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn each_vault_is_asked_for_each_end_of_a_job_and_no_call_for_more_than_the_service_answers() {
        let vaults: Vec<String> = (0..VAULTS).map(|number| format!("v{number}")).collect();
        let asked = asked(&vaults, at(0), at(7200));
        let queries = asked["MetricDataQueries"].as_array().unwrap();
        assert_eq!((queries.len(), &asked["StartTime"], &asked["EndTime"]), (500, &json!(0), &json!(7200)));
        let names: Vec<&str> =
            queries[..5].iter().map(|query| query["MetricStat"]["Metric"]["MetricName"].as_str().unwrap()).collect();
        let words = ["Completed", "Failed", "Expired", "Aborted", "Partial"];
        assert_eq!(names, words.map(|word| format!("NumberOfBackupJobs{word}")));
        assert_eq!(queries[7]["Id"], "s2_1");
        assert_eq!(
            queries[7]["MetricStat"]["Metric"]["Dimensions"],
            json!([{ "Name": "BackupVaultName", "Value": "v1" }])
        );
    }

    #[test]
    fn vaults_are_added_up_and_what_makes_no_sense_is_not_counted() {
        let mut ended = Ended::new();
        for result in [
            json!({ "Id": "s0_0", "Timestamps": [3600.0, 0], "Values": [2.0, 1] }),
            json!({ "Id": "s0_1", "Timestamps": [3600], "Values": [5.0] }),
            json!({ "Id": "s1_0", "Timestamps": [3600, "x", 7200, 1e300], "Values": [1.0, 9.0, "x", 1.0] }),
            json!({ "Id": "s9_0", "Timestamps": [0], "Values": [9.0] }),
            json!({ "Id": "other", "Timestamps": [0], "Values": [9.0] }),
            json!(null),
        ] {
            add(&result, &mut ended);
        }
        let all: Vec<(i64, usize, u32)> =
            ended.into_iter().map(|((at, state), number)| (at.timestamp(), state, number)).collect();
        assert_eq!(all, [(0, 0, 1), (3600, 0, 7), (3600, 1, 1)]);
    }
}
