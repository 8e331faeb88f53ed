//! Plans that backup policies of the organization make, in the dashboard.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::domain::backup_policy::Policy;

fn opened(policies: &[(&str, &str)]) -> Driver {
    let mut fixture = fixture::organization();
    fixture.plans = vec![fixture::plan(&fixture::home(), "orgs/33333333-3333-4333-8333-333333333333", "nightly", true)];
    fixture.backup_policies = policies
        .iter()
        .map(|(name, content)| Policy {
            id: format!("p-{name:a<8}").parse().unwrap(),
            name: (*name).to_owned(),
            description: String::new(),
            content: (*content).to_owned(),
        })
        .collect();
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("3 enter");
    driver
}

#[test]
fn a_plan_tells_which_policies_make_it() {
    let (of_it, of_another) = ("{\"plans\": {\"NIGHTLY\": {}}}", "{\"plans\": {\"weekly\": {}}}");
    opened(&[("baseline", of_it), ("weekly", of_another)])
        .sees("Made by")
        .sees("backup policy baseline of the organization: read-only here");
    opened(&[("baseline", of_it), ("stricter", of_it)])
        .sees("backup policies baseline, stricter of the organization: read-only here");
    // Whoever may not read them is not told of others.
    opened(&[]).sees("a backup policy of the organization: read-only here");
}

#[test]
fn such_a_plan_is_not_edited_and_not_deleted_and_it_is_said_why() {
    for command in ["edit-plan", "delete-plan"] {
        let mut driver = opened(&[]);
        driver.press(":").write(command).press("enter");
        driver.sees("a backup policy of the organization makes this plan: it is changed there");
    }
}
