//! What is broken, hostile or silent in the world around the dashboard: it says so in place, in numbers that are true, and goes on.

use crate::driver::{Driver, Start};
use crate::fixture::{self, frankfurt, home, staging};
use vaultdeck::client::{Fault, FaultKind, Key, Query};
use vaultdeck::domain::Scope;

/// A dashboard in which these scopes fail from the first answer on, each in its way.
fn failing(faults: Vec<(Scope, Fault)>) -> Driver {
    let mut fixture = fixture::organization();
    fixture.faults = faults;
    Driver::start(Start { size: (120, 40), fixture, ..Start::default() })
}

fn denied() -> Fault {
    Fault::new(FaultKind::Denied, "not authorized to perform backup:ListBackupJobs")
}

#[test]
fn a_scope_of_which_every_question_fails_is_one_scope() {
    let mut driver = failing(vec![(staging(), denied())]);
    for (key, _) in [("1", "three questions a scope"), ("6", "two"), ("7", "eight")] {
        driver.press(key).rest();
        driver.sees("1 of 3 access denied").sees_no("scopes more").sees_no("scope more");
    }
    // Two that fail in two ways are two that failed.
    let mut driver = failing(vec![(staging(), denied()), (frankfurt(), Fault::new(FaultKind::Network, "refused"))]);
    driver.press("7").rest().sees("2 of 3 failed").sees_no("2 of 3 access denied");
    // The only scope there is needs no number, and no other one is told of.
    let mut fixture = fixture::empty();
    fixture.faults = vec![(home(), denied())];
    let mut driver = Driver::start(Start { size: (120, 40), fixture, ..Start::default() });
    driver.press("7").rest().sees("access denied").sees_no("of 1").sees_no(" more");
}

#[test]
fn where_nothing_is_seen_of_any_scope_the_others_are_counted_each_once() {
    let mut driver = failing([home(), staging(), frankfurt()].map(|scope| (scope, denied())).into());
    driver.press("7").rest();
    driver.sees("3 of 3 access denied").sees("not authorized to perform").sees("and 2 scopes more");
    let asked = driver.wants().iter().filter(|key| key.scope.is_some()).count();
    assert!(asked > 3, "more questions than scopes failed: {asked}");
    assert!(driver.wants().contains(&Key::scoped(home(), Query::Plans)));
}
