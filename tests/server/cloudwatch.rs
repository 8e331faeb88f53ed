//! The metrics of AWS Backup, as Amazon CloudWatch tells of them.

use crate::harness::{ACCOUNT, Answer, REGION, ROLE, Server, sign};
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::time::SystemTime;
use vaultdeck::engine::ClockKind;

const TARGET: &str = "GraniteServiceVersion20100801";
/// Seconds since 1970 of 2035-01-10T00:00:00Z, when the days of these tests begin.
const BEGIN: i64 = 2_052_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

async fn ask_as(server: &Server, keys: &Credentials, operation: &str, body: &Value) -> Answer {
    let request = Request::post(format!("{}/", server.url))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("{TARGET}.{operation}"))
        .body(Bytes::from(body.to_string()))
        .unwrap();
    server.send(sign(request, keys, "monitoring", SystemTime::now())).await
}

async fn ask(server: &Server, operation: &str, body: &Value) -> Value {
    let answer = ask_as(server, &server.keys(), operation, body).await;
    assert_eq!(answer.status(), 200, "{body}: {answer:?}");
    answer.json()
}

/// One metric: `NumberOfBackupJobsFailed`, by these dimensions.
fn query(id: &str, name: &str, dimensions: &[(&str, &str)], period: i64, stat: &str) -> Value {
    let dimensions: Vec<Value> =
        dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let metric = json!({ "Namespace": "AWS/Backup", "MetricName": name, "Dimensions": dimensions });
    json!({ "Id": id, "MetricStat": { "Metric": metric, "Period": period, "Stat": stat } })
}

fn within(queries: Vec<Value>, from: i64, until: i64) -> Value {
    json!({ "MetricDataQueries": queries, "StartTime": from, "EndTime": until, "ScanBy": "TimestampAscending" })
}

/// What one metric tells of the tests' days, day by day: `0=2 1=1`.
async fn by_day(server: &Server, name: &str, dimensions: &[(&str, &str)]) -> String {
    let asked = within(vec![query("m", name, dimensions, DAY, "Sum")], BEGIN, BEGIN + 9 * DAY);
    let told = ask(server, "GetMetricData", &asked).await;
    told_of(&told["MetricDataResults"][0], DAY)
}

fn told_of(result: &Value, period: i64) -> String {
    let times =
        result["Timestamps"].as_array().unwrap().iter().map(|at| (at.as_f64().unwrap() as i64 - BEGIN) / period);
    let values = result["Values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
    times.zip(values).map(|(time, value)| format!("{time}={value}")).collect::<Vec<_>>().join(" ")
}

async fn set_clock(server: &Server, second: i64) {
    let at = chrono::DateTime::from_timestamp(second, 0).unwrap().to_rfc3339();
    let body = json!({ "set": at }).to_string();
    let request = Request::post(format!("{}/_clock", server.url)).body(Bytes::from(body)).unwrap();
    let answer = server.send(request).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
}

async fn start(server: &Server, vault: &str, resource: &str) {
    let backup = server.backup();
    backup.start_backup_job().backup_vault_name(vault).resource_arn(resource).iam_role_arn(ROLE).send().await.unwrap();
}

/// Two days of jobs. On the first three of `a`, at 00:00, 00:00 into the other vault, and 06:00; on the second one of `a` and one of
/// `b`, whose folder is gone.
async fn two_days() -> Server {
    let server = Server::with_clock(ClockKind::Simulated).await;
    set_clock(&server, BEGIN).await;
    let ((a, _), (b, folder)) = (server.file_system("a", &[]), server.file_system("b", &[]));
    server.backup().create_backup_vault().backup_vault_name("other").send().await.unwrap();
    start(&server, "Default", &a).await;
    start(&server, "other", &a).await;
    set_clock(&server, BEGIN + 6 * HOUR).await;
    start(&server, "Default", &a).await;
    set_clock(&server, BEGIN + DAY).await;
    std::fs::remove_dir_all(folder).unwrap();
    start(&server, "Default", &a).await;
    start(&server, "Default", &b).await;
    set_clock(&server, BEGIN + 2 * DAY).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_and_points_are_counted_on_the_day_and_in_the_vault_in_which_they_came_to_be_so() {
    let server = two_days().await;
    let (default, other, files) =
        (("BackupVaultName", "Default"), ("BackupVaultName", "other"), ("ResourceType", "EFS"));
    for (name, dimensions, expected) in [
        ("NumberOfBackupJobsCreated", &[][..], "0=3 1=2"),
        ("NumberOfBackupJobsRunning", &[], "0=3 1=2"),
        ("NumberOfBackupJobsCompleted", &[], "0=3 1=1"),
        ("NumberOfBackupJobsCompleted", &[default], "0=2 1=1"),
        ("NumberOfBackupJobsCompleted", &[other], "0=1"),
        ("NumberOfBackupJobsCompleted", &[files], "0=3 1=1"),
        ("NumberOfBackupJobsCompleted", &[files, default], "0=2 1=1"),
        ("NumberOfBackupJobsCompleted", &[("ResourceType", "S3")], ""),
        ("NumberOfBackupJobsCompleted", &[default, ("Bogus", "x")], ""),
        ("NumberOfBackupJobsFailed", &[default], "1=1"),
        ("NumberOfBackupJobsExpired", &[], ""),
        ("NumberOfRecoveryPointsCompleted", &[], "0=3 1=1"),
        ("NumberOfRecoveryPointsDeleting", &[], ""),
        ("NumberOfCopyJobsCreated", &[], ""),
        ("Bogus", &[], ""),
    ] {
        assert_eq!(by_day(&server, name, dimensions).await, expected, "{name} {dimensions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_and_restores_are_counted_too() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    set_clock(&server, BEGIN).await;
    let (resource, _) = server.file_system("a", &[]);
    start(&server, "Default", &resource).await;
    set_clock(&server, BEGIN + DAY).await;
    let backup = server.backup();
    let points = backup.list_recovery_points_by_backup_vault().backup_vault_name("Default").send().await.unwrap();
    let point = points.recovery_points()[0].recovery_point_arn().unwrap().to_owned();
    let proposed = backup.get_recovery_point_restore_metadata().backup_vault_name("Default").recovery_point_arn(&point);
    let metadata = proposed.send().await.unwrap().restore_metadata().cloned();
    let restore = backup.start_restore_job().recovery_point_arn(&point).iam_role_arn(ROLE).set_metadata(metadata);
    restore.send().await.unwrap();
    set_clock(&server, BEGIN + 2 * DAY).await;
    let delete = backup.delete_recovery_point().backup_vault_name("Default").recovery_point_arn(&point);
    delete.send().await.unwrap();
    set_clock(&server, BEGIN + 3 * DAY).await;
    let vault = &[("BackupVaultName", "Default")];
    assert_eq!(by_day(&server, "NumberOfRestoreJobsCompleted", vault).await, "1=1");
    assert_eq!(by_day(&server, "NumberOfRecoveryPointsDeleting", vault).await, "2=1");
    assert_eq!(by_day(&server, "NumberOfRecoveryPointsCompleted", vault).await, "0=1", "it is gone, and was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_statistic_is_of_the_data_points_of_a_period() {
    let server = two_days().await;
    let stats = ["Sum", "SampleCount", "Average", "Minimum", "Maximum"];
    let asked = |name| stats.map(|stat| query(&stat.to_lowercase(), name, &[], DAY, stat)).to_vec();
    let told = ask(&server, "GetMetricData", &within(asked("NumberOfBackupJobsCreated"), BEGIN, BEGIN + DAY)).await;
    let told: Vec<String> = told["MetricDataResults"].as_array().unwrap().iter().map(|one| told_of(one, DAY)).collect();
    // Two at 00:00 and one at 06:00.
    assert_eq!(told, ["0=3", "0=2", "0=1.5", "0=1", "0=2"]);
    let hours = within(vec![query("h", "NumberOfBackupJobsCreated", &[], HOUR, "Sum")], BEGIN, BEGIN + 2 * DAY);
    let told = ask(&server, "GetMetricData", &hours).await;
    assert_eq!(told_of(&told["MetricDataResults"][0], HOUR), "0=2 6=1 24=2");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_have_their_label_and_come_in_the_order_that_is_asked_for() {
    let server = two_days().await;
    let mut labelled = query("first", "NumberOfBackupJobsCompleted", &[], DAY, "Sum");
    labelled["Label"] = json!("ours");
    let mut hidden = query("hidden", "NumberOfBackupJobsCompleted", &[], DAY, "Sum");
    hidden["ReturnData"] = json!(false);
    let mut bytes = query("bytes", "NumberOfBackupJobsCompleted", &[], DAY, "Sum");
    bytes["MetricStat"]["Unit"] = json!("Bytes");
    let mut foreign = query("foreign", "NumberOfBackupJobsCompleted", &[], DAY, "Sum");
    foreign["MetricStat"]["Metric"]["Namespace"] = json!("AWS/EC2");
    let plain = query("plain", "NumberOfBackupJobsFailed", &[], DAY, "Sum");
    let mut asked = within(vec![labelled, hidden, bytes, foreign, plain], BEGIN, BEGIN + 9 * DAY);
    asked["ScanBy"] = Value::Null;
    asked["LabelOptions"] = json!({ "Timezone": "+0130" });
    let told = ask(&server, "GetMetricData", &asked).await;
    let results = told["MetricDataResults"].as_array().unwrap();
    let of = |one: &Value| format!("{} {} {} {}", one["Id"], one["Label"], one["StatusCode"], told_of(one, DAY));
    assert_eq!(
        results.iter().map(of).collect::<Vec<_>>(),
        [
            r#""first" "ours" "Complete" 1=1 0=3"#,
            r#""bytes" "NumberOfBackupJobsCompleted" "Complete" "#,
            r#""foreign" "NumberOfBackupJobsCompleted" "Complete" "#,
            r#""plain" "NumberOfBackupJobsFailed" "Complete" 1=1"#,
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_together_have_every_data_point_once() {
    let server = two_days().await;
    let queries = || {
        vec![
            query("created", "NumberOfBackupJobsCreated", &[], HOUR, "Sum"),
            query("failed", "NumberOfBackupJobsFailed", &[], HOUR, "Sum"),
            query("running", "NumberOfBackupJobsRunning", &[], DAY, "Sum"),
        ]
    };
    for scan in ["TimestampAscending", "TimestampDescending"] {
        let mut asked = within(queries(), BEGIN, BEGIN + 9 * DAY);
        asked["ScanBy"] = json!(scan);
        let whole = ask(&server, "GetMetricData", &asked).await;
        assert_eq!(whole["NextToken"], Value::Null);
        let flat = |told: &Value| -> Vec<String> {
            let points = |one: &Value| {
                let pairs = one["Timestamps"].as_array().unwrap().iter().zip(one["Values"].as_array().unwrap());
                pairs.map(|(at, value)| format!("{} {at} {value}", one["Id"])).collect::<Vec<_>>()
            };
            told["MetricDataResults"].as_array().unwrap().iter().flat_map(points).collect()
        };
        for most in 1..=3 {
            asked["MaxDatapoints"] = json!(most);
            let (mut seen, mut pages) = (Vec::new(), 0);
            loop {
                let page = ask(&server, "GetMetricData", &asked).await;
                let points = flat(&page);
                assert!(points.len() <= most, "{page}");
                seen.extend(points);
                pages += 1;
                asked["NextToken"] = page["NextToken"].clone();
                if asked["NextToken"].is_null() {
                    break;
                }
            }
            assert_eq!(seen, flat(&whole), "{scan}, {most} a page");
            assert_eq!(seen.len(), 6, "3 hours, 1 hour, 2 days: {seen:?}");
            assert!(pages >= 6 / most, "{pages}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_is_refused_by_the_name_that_cloudwatch_has_for_it() {
    let server = Server::start().await;
    let good = || query("m", "NumberOfBackupJobsCreated", &[], 60, "Sum");
    let with = |path: &str, value: Value| {
        let mut query = good();
        *query.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        within(vec![query], 0, 600)
    };
    let also = |name: &str, value: Value| {
        let mut query = good();
        query[name] = value;
        within(vec![query], 0, 600)
    };
    let asked = |name: &str, value: Value| {
        let mut asked = within(vec![good()], 0, 600);
        asked[name] = value;
        asked
    };
    let twice = json!([{ "Name": "ResourceType", "Value": "EFS" }, { "Name": "ResourceType", "Value": "S3" }]);
    for (body, word) in [
        (within(vec![good()], 600, 600), "The parameter StartTime must not equal parameter EndTime."),
        (within(vec![good()], 601, 600), "The parameter EndTime must be greater than StartTime."),
        (asked("StartTime", Value::Null), "StartTime"),
        (asked("EndTime", Value::Null), "EndTime"),
        (asked("ScanBy", json!("Newest")), "ScanBy"),
        (asked("MaxDatapoints", json!(0)), "MaxDatapoints"),
        (asked("MaxDatapoints", json!(100_801)), "100800"),
        (asked("LabelOptions", json!({ "Timezone": "CET" })), "Timezone"),
        (asked("Bogus", json!(1)), "Bogus"),
        (asked("MetricDataQueries", Value::Null), "MetricDataQueries"),
        (within(Vec::new(), 0, 600), "MetricDataQueries"),
        (within(vec![good(); 501], 0, 600), "500"),
        (within(vec![good(), good()], 0, 600), "not unique"),
        (also("ReturnData", json!(false)), "ReturnData"),
        (also("Expression", json!("SUM(METRICS())")), "Expression"),
        (also("Label", json!("${MAX}")), "Label"),
        (also("Period", json!(60)), "Period"),
        (also("AccountId", json!("210987654321")), "AccountId"),
        (also("MetricStat", Value::Null), "MetricDataQueries[0].MetricStat is required"),
        (with("/Id", json!("Upper")), "^[a-z]"),
        (with("/MetricStat/Period", json!(90)), "multiple of 60"),
        (with("/MetricStat/Period", json!(-60)), "multiple of 60"),
        (with("/MetricStat/Period", Value::Null), "Period"),
        (with("/MetricStat/Stat", json!("p99")), "Stat"),
        (with("/MetricStat/Metric/MetricName", json!("")), "MetricName"),
        (with("/MetricStat/Metric/Dimensions", twice), "more than once"),
    ] {
        let answer = ask_as(&server, &server.keys(), "GetMetricData", &body).await;
        let said = answer.json();
        assert_eq!((answer.status(), said["__type"].as_str().unwrap()), (400, "ValidationError"), "{word}: {said}");
        assert!(said["message"].as_str().unwrap().contains(word), "{word}: {said}");
    }
    let page = |token: Value| asked("NextToken", token);
    for (operation, body, code) in [
        ("GetMetricData", page(json!("bogus")), "InvalidNextToken"),
        ("ListMetrics", json!({ "NextToken": "bogus" }), "InvalidParameterValueException"),
        ("ListMetrics", json!({ "RecentlyActive": "PT1H" }), "InvalidParameterValueException"),
        ("ListMetrics", json!({ "OwningAccount": "210987654321" }), "InvalidParameterValueException"),
        ("ListMetrics", json!({ "Dimensions": [{ "Value": "x" }] }), "MissingRequiredParameterException"),
        ("ListMetrics", json!({ "Bogus": 1 }), "InvalidParameterValueException"),
    ] {
        let answer = ask_as(&server, &server.keys(), operation, &body).await;
        assert_eq!((answer.status(), answer.json()["__type"].as_str().unwrap()), (400, code), "{operation} {body}");
    }
    let other = ask_as(&server, &server.keys(), "PutMetricData", &json!({})).await;
    assert_eq!((other.status(), other.json()["__type"].as_str().unwrap()), (404, "UnknownOperationException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_with_its_own_request_alone() {
    let server = two_days().await;
    let mut asked = within(vec![query("m", "NumberOfBackupJobsCreated", &[], HOUR, "Sum")], BEGIN, BEGIN + 9 * DAY);
    asked["MaxDatapoints"] = json!(1);
    let token = ask(&server, "GetMetricData", &asked).await["NextToken"].clone();
    assert!(token.is_string());
    asked["NextToken"] = token;
    asked["MetricDataQueries"][0]["MetricStat"]["Period"] = json!(60);
    let answer = ask_as(&server, &server.keys(), "GetMetricData", &asked).await;
    assert_eq!(answer.json()["__type"], "InvalidNextToken");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_listed_by_each_combination_of_dimensions_while_they_have_data() {
    let server = two_days().await;
    let list = async |body: Value| -> Vec<String> {
        let told = ask(&server, "ListMetrics", &body).await;
        let one = |metric: &Value| {
            assert_eq!(metric["Namespace"], "AWS/Backup");
            let dimensions = metric["Dimensions"].as_array().unwrap().iter();
            let dimensions =
                dimensions.map(|one| format!("{}={}", one["Name"].as_str().unwrap(), one["Value"].as_str().unwrap()));
            let all: Vec<String> =
                [metric["MetricName"].as_str().unwrap().to_owned()].into_iter().chain(dimensions).collect();
            all.join(" ")
        };
        told["Metrics"].as_array().unwrap().iter().map(one).collect()
    };
    let name = "NumberOfBackupJobsCompleted";
    let expected = [
        "",
        " ResourceType=EFS",
        " BackupVaultName=Default",
        " BackupVaultName=Default ResourceType=EFS",
        " BackupVaultName=other",
        " BackupVaultName=other ResourceType=EFS",
    ];
    let expected = expected.map(|dimensions| format!("{name}{dimensions}"));
    assert_eq!(list(json!({ "Namespace": "AWS/Backup", "MetricName": name })).await, expected);
    let of_other = json!([{ "Name": "BackupVaultName", "Value": "other" }]);
    assert_eq!(list(json!({ "MetricName": name, "Dimensions": of_other })).await, expected[4..]);
    let by_type = json!([{ "Name": "ResourceType" }]);
    assert_eq!(list(json!({ "MetricName": name, "Dimensions": by_type })).await.len(), 3);
    assert_eq!(list(json!({ "Namespace": "AWS/EC2" })).await, [""; 0]);
    assert_eq!(list(json!({ "Dimensions": [{ "Name": "InstanceId" }] })).await, [""; 0]);
    let all = list(json!({})).await;
    assert!(all.iter().any(|one| one.starts_with("NumberOfRecoveryPointsCompleted")), "{all:?}");
    // The last job ended nearly a day ago.
    assert_eq!(list(json!({ "RecentlyActive": "PT3H" })).await, [""; 0]);
    set_clock(&server, BEGIN + 14 * DAY + 12 * HOUR).await;
    let left = list(json!({})).await;
    assert!(
        !left.iter().any(|one| one.contains("other")),
        "what was on the first day alone is not listed any more: {left:?}"
    );
    assert!(left.contains(&format!("{name} BackupVaultName=Default")), "{left:?}");
    set_clock(&server, BEGIN + 16 * DAY).await;
    assert_eq!(list(json!({})).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_a_region_see_their_own_counts_alone() {
    let server = two_days().await;
    let body = json!({ "Email": "m@example.com", "Name": "member" }).to_string();
    let added =
        server.send_as_owner(Request::post("http://engine/_vaultdeck/accounts").body(Bytes::from(body)).unwrap()).await;
    let member = added.json()["AccountId"].as_str().unwrap().to_owned();
    let asked = within(vec![query("m", "NumberOfBackupJobsCreated", &[], DAY, "Sum")], BEGIN, BEGIN + 9 * DAY);
    let theirs = server.keys_of(Some(&member));
    let told = ask_as(&server, &theirs, "GetMetricData", &asked).await.json();
    assert_eq!(told["MetricDataResults"][0]["Values"], json!([]));
    let listed = ask_as(&server, &theirs, "ListMetrics", &json!({})).await.json();
    assert_eq!(listed["Metrics"], json!([]));
    let mut of_theirs = asked.clone();
    of_theirs["MetricDataQueries"][0]["AccountId"] = json!(ACCOUNT);
    assert_eq!(ask_as(&server, &theirs, "GetMetricData", &of_theirs).await.json()["__type"], "ValidationError");
    assert_eq!(by_day(&server, "NumberOfBackupJobsCreated", &[]).await, "0=3 1=2");
    // Without a signature for this service nothing is told.
    let request = Request::post(format!("{}/", server.url))
        .header("x-amz-target", format!("{TARGET}.ListMetrics"))
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    let signed = sign(request.clone(), &server.keys(), "backup", SystemTime::now());
    for refused in [server.send(request).await, server.send(signed).await] {
        assert_eq!(refused.status(), 403, "{REGION}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_marked_in_cbor_and_errors_come_in_it_too() {
    let server = two_days().await;
    let path = |operation: &str| format!("/service/{TARGET}/operation/{operation}");
    let headers = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")];
    // {"StartTime": 1(2052000000), "EndTime": 1(2052086400), "MetricDataQueries": [{"Id": "m", "MetricStat": {"Metric":
    // {"Namespace": "AWS/Backup", "MetricName": "NumberOfBackupJobsCreated"}, "Period": 86400, "Stat": "Sum"}}]}
    let mut body =
        b"\xa3\x69StartTime\xc1\x1a\x7a\x4f\x09\x00\x67EndTime\xc1\x1a\x7a\x50\x5a\x80\x71MetricDataQueries\x81"
            .to_vec();
    body.extend(b"\xa2\x62Id\x61m\x6aMetricStat\xa3\x66Metric\xa2\x69Namespace\x6aAWS/Backup\x6aMetricName");
    body.extend(b"\x78\x19NumberOfBackupJobsCreated\x66Period\x1a\x00\x01\x51\x80\x64Stat\x63Sum");
    let answer = server.send(server.signed("monitoring", "POST", &path("GetMetricData"), &headers, &body)).await;
    assert_eq!((answer.status(), answer.header("smithy-protocol")), (200, "rpc-v2-cbor"), "{answer:?}");
    let has = |wanted: &[u8]| answer.0.body().windows(wanted.len()).any(|window| window == wanted);
    let mut times = b"\x6aTimestamps\x81\xc1\xfb".to_vec();
    times.extend((BEGIN as f64).to_be_bytes());
    assert!(has(&times), "{answer:?}");
    let mut values = b"\x66Values\x81\xfb".to_vec();
    values.extend(3_f64.to_be_bytes());
    assert!(has(&values), "{answer:?}");
    let answer = server.send(server.signed("monitoring", "POST", &path("GetMetricData"), &headers, b"\xa0")).await;
    assert_eq!((answer.status(), answer.header("x-amzn-errortype")), (400, "ValidationError"));
    let answer = server.send(server.signed("tagging", "POST", &path("ListMetrics"), &headers, b"\xa0")).await;
    assert_eq!(answer.status(), 403, "{answer:?}");
}
