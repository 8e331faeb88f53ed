//! A job that failed with an encoded authorization message: who opens it learns what it says, and nobody is asked before.

use crate::driver::Driver;
use crate::driver::Start;
use crate::fixture::{self, Fixture, ago, home};
use serde_json::json;
use std::sync::Arc;
use vaultdeck::client::{Answer, Fault, FaultKind, Key, Query};
use vaultdeck::domain::denial::Denial;
use vaultdeck::domain::job::JobState;

const BLOB: &str = "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj__y9xwhIHk99U_cUq1FIeZnskWDjQ1wSHStVfdCEyZILGoccGpC";

/// One job, which failed with such a message.
fn world() -> Fixture {
    let mut world = fixture::organization();
    let mut job = fixture::job(&home(), 700, "orders", JobState::Failed, ago(1, 0));
    let said = "You are not authorized to perform this operation. Encoded authorization failure message:";
    job.status_message = Some(format!("{said} {BLOB}"));
    world.backups = vec![job];
    world
}

fn asked() -> Key {
    Key::scoped(home(), Query::Denial { message: BLOB.to_owned() })
}

fn start(size: (u16, u16)) -> Driver {
    Driver::start(Start { size, fixture: world(), ..Start::default() })
}

fn denial() -> Denial {
    Denial::of(&json!({
        "explicitDeny": false,
        "context": {
            "principal": {"arn": "arn:aws:sts::123456789012:assumed-role/Backup/x"},
            "action": "ec2:CreateSnapshot", "resource": "arn:aws:ec2:us-east-1:123456789012:volume/vol-1",
            "conditions": {"items": [{"key": "ec2:Region", "values": {"items": [{"value": "us-east-1"}]}}]}
        }
    }))
    .unwrap()
}

#[test]
fn who_opens_the_job_has_it_decoded_and_who_passes_it_asks_for_nothing() {
    let mut driver = start((160, 60));
    driver.press("4").rest();
    driver.sees("oGsbAaIV7wlfj8zUqebH…").sees("not yet: enter opens the job and asks STS.");
    assert!(!driver.wants().contains(&asked()), "the detail beside the list asks for nothing");
    driver.press("enter");
    assert!(driver.wants().contains(&asked()), "{:?}", driver.wants());
    driver.reply(asked(), Ok(Answer::Denial(Arc::new(denial()))));
    driver.rest().sees("assumed-role/Backup/x may not do ec2:CreateSnapshot on").sees("ec2:Region = us-east-1");
    driver.sees("No policy allows it, and none denies it: what lacks is an allow.");
    driver.sees("may not read this.").sees_no("The vault's key cannot be used");
    assert!(driver.screen().replace(['\n', ' ', '┃', '│'], "").contains(BLOB), "the whole message, for other tools");
    // The list knows it from then on.
    driver.press("esc").rest().sees("may not do ec2:CreateSnapshot");
}

#[test]
fn who_may_not_decode_is_told_which_permission_it_takes() {
    let mut driver = start((80, 24));
    driver.press("4 enter");
    let why = "it takes the permission sts:DecodeAuthorizationMessage in the account of the message: no";
    driver.reply(asked(), Err(Fault::new(FaultKind::Denied, why)));
    driver.rest().sees("Not decoded").sees("sts:DecodeAuthorizationMessage").sees("You are not authorized");
}
