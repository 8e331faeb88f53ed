//! AWS CloudTrail (awsJson1.1): looking up who asked for which change of this engine.

use super::call::Stamp;
use super::failure::Failure;
use super::members::Members;
use crate::domain::trail::ApiCall;
use crate::engine::trail::CallFilter;
use crate::engine::{Caller, Engine};
use http::StatusCode;
use serde_json::{Value, json};

/// What `X-Amz-Target` begins with.
pub(super) const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

/// The most events of an answer, and how many it has where nothing is said.
const MOST: i64 = 50;

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, operation: &str, mut body: Members) -> Result<Value, Failure> {
    if operation != "LookupEvents" {
        return Err(Failure::unknown_operation(format!(
            "{operation} of AWS CloudTrail is not supported by this engine: it keeps one trail, which LookupEvents reads"
        )));
    }
    let limit = body.integer("MaxResults")?.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(refused("InvalidMaxResultsException", format!("MaxResults must be 1 to {MOST}, not {limit}")));
    }
    let before = body.string("NextToken")?.map(|token| position(&token)).transpose()?;
    // Only those of insights are of a category, and there are none.
    let insights = body.string("EventCategory")?;
    if let Some(category) = insights.as_ref().filter(|category| *category != "insight") {
        let message = format!("EventCategory must be insight, not {category:?}");
        return Err(refused("InvalidEventCategoryException", message));
    }
    let asked = filter(&mut body)?;
    body.finish()?;
    let (Some(filter), None) = (asked, insights) else { return Ok(json!({ "Events": [] })) };
    let page = engine.api_calls(caller, &filter, before, usize::try_from(limit).unwrap_or_default())?;
    let events: Vec<Value> = page.calls.iter().map(event).collect();
    let mut answer = json!({ "Events": events });
    if let Some(next) = page.next {
        answer["NextToken"] = json!(next.to_string());
    }
    Ok(answer)
}

/// What is looked for; none where nothing can be found.
fn filter(body: &mut Members) -> Result<Option<CallFilter>, Failure> {
    let mut filter = CallFilter { from: body.time("StartTime")?, to: body.time("EndTime")?, ..CallFilter::default() };
    if filter.from.zip(filter.to).is_some_and(|(from, to)| from > to) {
        return Err(refused("InvalidTimeRangeException", "StartTime must not lie after EndTime"));
    }
    let mut attributes = body.objects("LookupAttributes")?.unwrap_or_default();
    if attributes.len() > 1 {
        return Err(refused("InvalidLookupAttributesException", "LookupAttributes may have one member"));
    }
    let Some(mut attribute) = attributes.pop() else { return Ok(Some(filter)) };
    let (key, value) = (attribute.required_string("AttributeKey")?, attribute.required_string("AttributeValue")?);
    attribute.finish()?;
    match key.as_str() {
        "EventId" => match value.parse() {
            Ok(id) => filter.id = Some(id),
            Err(_) => return Ok(None),
        },
        "EventName" => filter.name = Some(value),
        "EventSource" => filter.source = Some(value),
        "Username" => filter.username = Some(value),
        "ResourceName" => filter.resource = Some(value),
        // Every call that is kept changed something.
        "ReadOnly" if value == "false" => {}
        "ReadOnly" => return Ok(None),
        "AccessKeyId" | "ResourceType" => {
            let message = format!("this engine does not keep the {key} of a call");
            return Err(refused("InvalidLookupAttributesException", message));
        }
        _ => {
            let message = format!(
                "AttributeKey {key:?} is not one of EventId, EventName, EventSource, ReadOnly, ResourceName, Username"
            );
            return Err(refused("InvalidLookupAttributesException", message));
        }
    }
    Ok(Some(filter))
}

fn position(token: &str) -> Result<i64, Failure> {
    let position = token.parse::<i64>().ok().filter(|position| *position > 0);
    position.ok_or_else(|| refused("InvalidNextTokenException", "NextToken is none that this service gave"))
}

fn event(call: &ApiCall) -> Value {
    let resources: Vec<Value> = call.resources.iter().map(|arn| json!({ "ResourceName": arn })).collect();
    json!({
        "EventId": call.id,
        "EventName": call.name,
        "ReadOnly": "false",
        "EventTime": Stamp(call.at),
        "EventSource": call.source,
        "Username": call.user(),
        "Resources": resources,
        "CloudTrailEvent": call.record().to_string(),
    })
}

fn refused(code: &'static str, message: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, code, message)
}
