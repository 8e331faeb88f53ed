//! Amazon CloudWatch (rpc-v2-cbor, and awsJson1.0), as much of it as there is of [`AWS/Backup`](crate::domain::metric): which metrics
//! there are, and their data.

use super::call::Stamp;
use super::failure::Failure;
use super::members::Members;
use crate::domain::metric::{NAMESPACE, RESOURCE_TYPE, UNIT, VAULT};
use crate::engine::metrics::{DataRequest, ListRequest, Points, Query, Series, Stat};
use crate::engine::{Caller, Engine};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What `X-Amz-Target` begins with, and the service of the CBOR paths.
pub(super) const TARGET: &str = "GraniteServiceVersion20100801";

/// The members whose numbers are times, which CBOR marks.
pub(super) const TIMES: &[&str] = &["Timestamps"];

/// How many queries a call may have.
const QUERIES: usize = 500;
/// How many data points a page may have, and has where nothing is said.
const POINTS: i64 = 100_800;
/// The periods that are no multiple of a minute.
const FINE: [i64; 5] = [1, 5, 10, 20, 30];

/// What `GetMetricData` calls what AWS Backup calls otherwise.
const DATA_NAMES: [(&str, &str); 3] = [
    ("InvalidParameterValueException", "ValidationError"),
    ("MissingParameterValueException", "ValidationError"),
    ("ServiceUnavailableException", "InternalServiceFault"),
];

/// What `ListMetrics` calls it.
const LIST_NAMES: [(&str, &str); 2] = [
    ("MissingParameterValueException", "MissingRequiredParameterException"),
    ("ServiceUnavailableException", "InternalServiceFault"),
];

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, body: Members) -> Result<Value, Failure> {
    match operation {
        "GetMetricData" => get_metric_data(engine, caller, body).map_err(|failure| failure.renamed(&DATA_NAMES)),
        "ListMetrics" => list_metrics(engine, caller, body).map_err(|failure| failure.renamed(&LIST_NAMES)),
        other => Err(Failure::unknown_operation(format!(
            "{other} of Amazon CloudWatch is not supported by this engine: it has the metrics of {NAMESPACE}, which ListMetrics and \
             GetMetricData read"
        ))),
    }
}

fn get_metric_data(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let (from, until) = (body.required_time("StartTime")?, body.required_time("EndTime")?);
    if from == until {
        return Err(refused("The parameter StartTime must not equal parameter EndTime."));
    }
    if from > until {
        return Err(refused("The parameter EndTime must be greater than StartTime."));
    }
    let newest_first = match body.string("ScanBy")?.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => {
            return Err(refused(format!(
                "The parameter ScanBy must be TimestampDescending or TimestampAscending, not {other:?}"
            )));
        }
    };
    let most = body.integer("MaxDatapoints")?.unwrap_or(POINTS);
    if !(1..=POINTS).contains(&most) {
        return Err(refused(format!("The parameter MaxDatapoints must be 1 to {POINTS}, not {most}")));
    }
    label_options(&mut body)?;
    let asked = queries(&mut body, caller)?;
    let next_token = body.string("NextToken")?;
    body.finish()?;
    let (shown, queries): (Vec<Shown>, Vec<Query>) = asked.into_iter().unzip();
    let most = usize::try_from(most).unwrap_or_default();
    let request = DataRequest { queries, from, until, newest_first, most, next_token };
    let data = engine.metric_data(caller, &request).map_err(of_token)?;
    let results: Vec<Value> =
        data.results.iter().filter_map(|points| Some(result(shown.get(points.query)?, points))).collect();
    let mut answer = json!({ "MetricDataResults": results, "Messages": [] });
    if let Some(next) = data.next_token {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

/// What a query's result is called.
struct Shown {
    id: String,
    label: String,
}

fn result(shown: &Shown, points: &Points) -> Value {
    let (times, values): (Vec<Stamp>, Vec<f64>) = points.points.iter().map(|(at, value)| (Stamp(*at), *value)).unzip();
    json!({
        "Id": shown.id,
        "Label": shown.label,
        "Timestamps": times,
        "Values": values,
        "StatusCode": if points.complete { "Complete" } else { "PartialData" },
    })
}

/// The time zone is that of times in labels, and no label of this engine has any.
fn label_options(body: &mut Members) -> Result<(), Failure> {
    let Some(mut options) = body.object("LabelOptions")? else { return Ok(()) };
    if let Some(zone) = options.string("Timezone")? {
        let is_offset =
            zone.len() == 5 && zone.starts_with(['+', '-']) && zone[1..].bytes().all(|b| b.is_ascii_digit());
        if !is_offset {
            return Err(refused(format!("The parameter LabelOptions.Timezone must be such as +0130, not {zone:?}")));
        }
    }
    options.finish()
}

/// The queries whose data is wanted, in their order.
fn queries(body: &mut Members, caller: &Caller) -> Result<Vec<(Shown, Query)>, Failure> {
    let members = body.objects("MetricDataQueries")?.ok_or_else(|| Failure::missing("MetricDataQueries"))?;
    if members.is_empty() || members.len() > QUERIES {
        return Err(refused(format!(
            "The parameter MetricDataQueries must have 1 to {QUERIES} members, it has {}",
            members.len()
        )));
    }
    let (mut ids, mut queries) = (BTreeSet::new(), Vec::with_capacity(members.len()));
    for member in members {
        let (wanted, shown, query) = query(member, caller)?;
        if !ids.insert(shown.id.clone()) {
            return Err(refused(format!(
                "The values for parameter id in MetricDataQueries are not unique: {:?}",
                shown.id
            )));
        }
        if wanted {
            queries.push((shown, query));
        }
    }
    if queries.is_empty() {
        return Err(refused("At least one of the MetricDataQueries must have ReturnData true"));
    }
    Ok(queries)
}

fn query(mut members: Members, caller: &Caller) -> Result<(bool, Shown, Query), Failure> {
    let id = members.required_string("Id")?;
    let is_id =
        id.starts_with(|c: char| c.is_ascii_lowercase()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_id || id.len() > 255 {
        return Err(refused(format!(
            "The value {id:?} for parameter {} is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
            members.path_of("Id")
        )));
    }
    if members.string("Expression")?.is_some() {
        return Err(refused(format!(
            "{} is not supported by this engine: it reads metrics, and computes nothing of them",
            members.path_of("Expression")
        )));
    }
    if members.string("AccountId")?.is_some_and(|account| account != caller.account.as_str()) {
        return Err(refused(format!("{} must be the account of the caller", members.path_of("AccountId"))));
    }
    let label = members.string("Label")?;
    if label.as_ref().is_some_and(|label| label.contains("${")) {
        return Err(refused(format!("{} with values in it is not supported by this engine", members.path_of("Label"))));
    }
    let wanted = members.boolean("ReturnData")?.unwrap_or(true);
    if members.integer("Period")?.is_some() {
        return Err(refused(format!(
            "{} is that of an expression; here it stands in MetricStat",
            members.path_of("Period")
        )));
    }
    let path = members.path_of("MetricStat");
    let stat = members.object("MetricStat")?.ok_or_else(|| refused(format!("The parameter {path} is required.")))?;
    members.finish()?;
    let (name, query) = metric_stat(stat)?;
    Ok((wanted, Shown { id, label: label.unwrap_or(name) }, query))
}

/// A metric by its name, and what of it is wanted.
fn metric_stat(mut members: Members) -> Result<(String, Query), Failure> {
    let period = members.integer("Period")?.ok_or_else(|| Failure::missing(&members.path_of("Period")))?;
    if !FINE.contains(&period) && (period < 60 || period % 60 != 0 || period > 86_400 * 365) {
        return Err(refused(format!(
            "The parameter {} must be 1, 5, 10, 20, 30 or a multiple of 60, not {period}",
            members.path_of("Period")
        )));
    }
    let named = members.required_string("Stat")?;
    let Some(stat) = Stat::ALL.into_iter().find(|stat| stat.as_str() == named) else {
        let known = Stat::ALL.map(Stat::as_str).join(", ");
        return Err(refused(format!(
            "The value {named:?} for parameter {} is not one of {known}",
            members.path_of("Stat")
        )));
    };
    let counts = members.string("Unit")?.is_none_or(|unit| unit == UNIT);
    let mut metric = members.required_object("Metric")?;
    members.finish()?;
    let (namespace, name) = (metric.required_string("Namespace")?, metric.required_string("MetricName")?);
    let dimensions = metric.objects("Dimensions")?.unwrap_or_default();
    metric.finish()?;
    let mut series = Series { name: name.clone(), ..Series::default() };
    // What nobody publishes is no mistake, and has no data.
    let mut is_ours = counts && namespace == NAMESPACE;
    for mut dimension in dimensions {
        let path = dimension.path_of("Name");
        let (dimension_name, value) = (dimension.required_string("Name")?, dimension.required_string("Value")?);
        dimension.finish()?;
        let place = match dimension_name.as_str() {
            VAULT => &mut series.vault,
            RESOURCE_TYPE => &mut series.resource_type,
            _ => {
                is_ours = false;
                continue;
            }
        };
        if place.replace(value).is_some() {
            return Err(refused(format!("{path}: {dimension_name} is given more than once")));
        }
    }
    Ok((name, Query { series: is_ours.then_some(series), period, stat }))
}

fn list_metrics(engine: &Engine, caller: &Caller, mut body: Members) -> Result<Value, Failure> {
    let mut request = ListRequest { name: body.string("MetricName")?, ..ListRequest::default() };
    let mut is_ours = body.string("Namespace")?.is_none_or(|namespace| namespace == NAMESPACE);
    for mut filter in body.objects("Dimensions")?.unwrap_or_default() {
        let (name, value) = (filter.required_string("Name")?, filter.string("Value")?);
        filter.finish()?;
        match name.as_str() {
            VAULT => request.vault = Some(value),
            RESOURCE_TYPE => request.resource_type = Some(value),
            _ => is_ours = false,
        }
    }
    request.recent = match body.string("RecentlyActive")?.as_deref() {
        None => false,
        Some("PT3H") => true,
        Some(other) => return Err(Failure::invalid(format!("RecentlyActive must be PT3H, not {other:?}"))),
    };
    if body.string("OwningAccount")?.is_some_and(|account| account != caller.account.as_str()) {
        return Err(Failure::invalid("OwningAccount must be the account of the caller: no accounts are linked here"));
    }
    body.boolean("IncludeLinkedAccounts")?;
    request.next_token = body.string("NextToken")?;
    body.finish()?;
    if !is_ours {
        return Ok(json!({ "Metrics": [] }));
    }
    let page = engine.metrics(caller, &request)?;
    let mut answer = json!({ "Metrics": page.items.iter().map(metric).collect::<Vec<_>>() });
    if let Some(next) = page.next_token {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn metric(series: &Series) -> Value {
    let pair = |name: &str, value: &Option<String>| value.as_ref().map(|value| json!({ "Name": name, "Value": value }));
    let dimensions = [pair(VAULT, &series.vault), pair(RESOURCE_TYPE, &series.resource_type)];
    let dimensions: Vec<Value> = dimensions.into_iter().flatten().collect();
    json!({ "Namespace": NAMESPACE, "MetricName": series.name, "Dimensions": dimensions })
}

/// Of what the engine is asked by then only the token can be wrong.
fn of_token(error: crate::engine::Error) -> Failure {
    Failure::from(error).renamed(&[("InvalidParameterValueException", "InvalidNextToken")])
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "ValidationError", message)
}
