//! What was changed: from this machine, as the audit log of its user has it, and by whomever else, as an engine's trail has it.

mod words;

use crate::client::audit::Logged;
use crate::domain::deed::Deed;
use crate::domain::trail::ApiCall;
use crate::domain::{Scope, Time};
use chrono::Duration;
use std::collections::{HashMap, HashSet};

/// So near to each other are the two records of one request.
const NEAR: Duration = Duration::seconds(5);

/// What the log of this machine and the trail of an engine tell, the newest first. A request that stands in both is told once, as the
/// log has it: that knows the user.
pub fn gather<'a>(logged: &[Logged], calls: impl Iterator<Item = &'a ApiCall>) -> Vec<Deed> {
    let known: HashSet<&str> = logged.iter().filter_map(|one| one.request_id.as_deref()).collect();
    // Some answers tell no id, as those of an engine's own routes: such a request is known by what it was, and when.
    let mut nameless: HashMap<(&str, &Scope), Vec<Time>> = HashMap::new();
    for one in logged.iter().filter(|one| one.request_id.is_none()) {
        nameless.entry((&one.operation, &one.scope)).or_default().push(one.at);
    }
    let is_known = |call: &ApiCall| {
        let sent = nameless.get(&(call.name.as_str(), &call.scope));
        known.contains(call.request_id.as_str())
            || sent.is_some_and(|sent| sent.iter().any(|at| (*at - call.at).abs() < NEAR))
    };
    let others = calls.filter(|call| !is_known(call));
    let mut deeds: Vec<Deed> = logged.iter().map(of_log).chain(others.map(of_trail)).collect();
    deeds.sort_by_key(|deed| std::cmp::Reverse(deed.at));
    deeds
}

fn of_log(logged: &Logged) -> Deed {
    Deed {
        id: logged.id.clone(),
        at: logged.at,
        scope: logged.scope.clone(),
        who: logged.who.clone(),
        by: logged.context.clone(),
        summary: words::summary(&logged.operation, &logged.request),
        operations: logged.operation.clone(),
        outcome: logged.outcome.clone().map(|outcome| outcome.map(|()| String::new())),
        request: words::request(&logged.request),
        caller: String::new(),
    }
}

fn of_trail(call: &ApiCall) -> Deed {
    let outcome = match &call.error {
        None => Ok(String::new()),
        Some((code, message)) => Err(format!("{code}: {message}")),
    };
    Deed {
        id: call.id.clone(),
        at: call.at,
        scope: call.scope.clone(),
        who: call.user().to_owned(),
        by: words::program(&call.agent),
        summary: words::summary(&call.name, &call.request),
        operations: call.name.clone(),
        outcome: Some(outcome),
        request: words::request(&call.request),
        caller: call.user_arn.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Scope {
        Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
    }

    fn logged(id: &str, second: i64, request_id: Option<&str>) -> Logged {
        Logged {
            id: id.to_owned(),
            at: Time::from_timestamp(second, 0).unwrap(),
            session: None,
            who: "ada".to_owned(),
            context: "embedded engine".to_owned(),
            scope: scope(),
            operation: "DeleteBackupVault".to_owned(),
            request: json!({ "BackupVaultName": "orders" }),
            request_id: request_id.map(str::to_owned),
            outcome: Some(Ok(())),
        }
    }

    fn call(id: &str, second: i64) -> ApiCall {
        ApiCall {
            id: id.to_owned(),
            at: Time::from_timestamp(second, 0).unwrap(),
            scope: scope(),
            source: "backup.amazonaws.com".to_owned(),
            name: "StopBackupJob".to_owned(),
            user_arn: "arn:aws:iam::123456789012:user/bob".to_owned(),
            user_id: None,
            from: "127.0.0.1".to_owned(),
            agent: "Boto3/1.40 md/Botocore".to_owned(),
            request_id: format!("r-{id}"),
            resources: Vec::new(),
            request: json!({ "backupJobId": "j-1" }),
            error: Some(("AccessDeniedException".to_owned(), "no".to_owned())),
        }
    }

    #[test]
    fn a_request_that_stands_in_both_is_told_once_and_the_newest_is_the_first() {
        let of_engine = Logged { operation: "AddResource".to_owned(), ..logged("c", 0, None) };
        let log = [logged("a", 3, Some("r-2")), logged("b", 1, None), of_engine];
        let own = ApiCall { name: "AddResource".to_owned(), ..call("3", 1) };
        let calls = [call("1", 2), call("2", 3), own];
        let told = gather(&log, calls.iter());
        let ids: Vec<&str> = told.iter().map(|deed| deed.id.as_str()).collect();
        assert_eq!(ids, ["a", "1", "b", "c"]);
        let (own, other) = (&told[0], &told[1]);
        assert_eq!((&*own.who, &*own.by, &*own.summary), ("ada", "embedded engine", "delete backup vault orders"));
        assert_eq!((&*other.who, &*other.by, &*other.summary), ("bob", "Boto3/1.40", "stop backup job j-1"));
        assert_eq!(other.outcome, Some(Err("AccessDeniedException: no".to_owned())));
    }
}
